"""Stage 3 of the step: account events move orders in the state table and money in the ledger."""

from __future__ import annotations

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
from trimaran.domain.facts import Fact, FillBooked
from trimaran.domain.orders import OrderEvent, OrderState, end_event
from trimaran.engine.desk import Desk


def apply(desk: Desk, event: AccountEvent) -> list[Fact]:
    """Applies one account event. Raises IllegalTransition when it contradicts the state table."""
    if isinstance(event, Transfer | FundingPaid):
        return list(desk.durable.ledger.apply(event))
    if isinstance(event, Fill):
        return _fill(desk, event)
    facts: list[Fact] = []
    if event.client_order_id not in desk.durable.orders:
        return facts  # not ours; reconciliation looks after it
    move, reason = _move_of(event)
    changed = desk.durable.move(event.client_order_id, move, reason, event.local_ns)
    if changed is not None:
        facts.append(changed)
    return facts + _closed(desk, event.client_order_id, event.local_ns)


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
    event = desk.durable.add_fill(fill.client_order_id, fill.lots)
    changed = desk.durable.move(fill.client_order_id, event, str(fill.fill_id), fill.local_ns)
    if changed is not None:
        facts.append(changed)
    return facts + _closed(desk, fill.client_order_id, fill.local_ns)


def _closed(desk: Desk, client_order_id: ClientOrderId, local_ns: int) -> list[Fact]:
    closed = desk.durable.closed_group(client_order_id, local_ns)
    return [] if closed is None else [closed]
