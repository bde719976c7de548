"""Stage 3 of the step: account events move orders in the state table and money in the ledger."""

from __future__ import annotations

from trimaran.base.errors import IllegalTransition
from trimaran.domain.account import (
    AccountEvent,
    Fill,
    FundingPaid,
    OrderAbsent,
    OrderAcked,
    OrderDone,
    OrderLost,
    OrderRejected,
    Transfer,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.facts import Fact, FillBooked, InstrumentFrozen
from trimaran.domain.orders import OrderEvent, OrderState, end_event
from trimaran.engine.desk import Desk


def apply(desk: Desk, event: AccountEvent) -> list[Fact]:
    """Applies one account event.

    One that contradicts the state table freezes its instrument; a fill is booked all the same, because money
    has moved (`domain/orders.py`, law 6).
    """
    if isinstance(event, Transfer | FundingPaid):
        return list(desk.durable.ledger.apply(event))
    if isinstance(event, Fill):
        return _fill(desk, event)
    facts: list[Fact] = []
    if event.client_order_id not in desk.durable.orders:
        return facts  # not ours; reconciliation looks after it
    move, reason = _move_of(event)
    return facts + _moved(desk, event.client_order_id, move, reason, event.local_ns)


def _move_of(
    event: OrderAcked | OrderRejected | OrderLost | OrderAbsent | OrderDone,
) -> tuple[OrderEvent, str]:
    if isinstance(event, OrderAcked):
        return OrderEvent.ACK, event.venue_order_id
    if isinstance(event, OrderRejected):
        return OrderEvent.REJECT, f"{event.code}: {event.text}"
    if isinstance(event, OrderLost):
        return OrderEvent.LOSE, event.cause
    if isinstance(event, OrderAbsent):
        return OrderEvent.PROVE_ABSENT, f"{event.proofs} proofs"
    if event.state is OrderState.FILLED:
        return OrderEvent.ACK, "filled, fills still to come"  # the fills themselves complete the order
    return end_event(event.state), event.reason


def _fill(desk: Desk, fill: Fill) -> list[Fact]:
    facts: list[Fact] = list(desk.durable.ledger.apply(fill))
    is_new = any(isinstance(fact, FillBooked) for fact in facts)
    if not is_new or fill.client_order_id not in desk.durable.orders:
        return facts
    text = desk.durable.overfill(fill)
    if text is not None:
        facts += _freeze(desk, fill.client_order_id, text, fill.local_ns)
    move = desk.durable.add_fill(fill)
    return facts + _moved(desk, fill.client_order_id, move, str(fill.fill_id), fill.local_ns)


def _moved(
    desk: Desk, client_order_id: ClientOrderId, event: OrderEvent, reason: str, local_ns: int
) -> list[Fact]:
    try:
        changed = desk.durable.move(client_order_id, event, reason, local_ns)
    except IllegalTransition as error:
        return _freeze(desk, client_order_id, str(error), local_ns)
    closed = desk.durable.closed_group(client_order_id, local_ns)
    return [fact for fact in (changed, closed) if fact is not None]


def _freeze(desk: Desk, client_order_id: ClientOrderId, text: str, local_ns: int) -> list[Fact]:
    """Stops new orders on the instrument of an order; told once, the first cause is kept."""
    key = desk.durable.orders[client_order_id].order.instrument_key
    if key in desk.durable.frozen:
        return []
    desk.durable.frozen[key] = text
    return [InstrumentFrozen(key, text, local_ns)]
