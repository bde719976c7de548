"""What the resolver says is carried out: losses and proofs are heard, questions asked, intents sent anew.

An intent whose attempt is proved absent is sent under the next attempt's id only while it is valid, where the
market's law allows it, and if risk lets it pass again; otherwise its reservation is released.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from trimaran.domain.account import (
    AccountEvent,
    AmendLost,
    OrderAbsent,
    OrderAcked,
    OrderDone,
    OrderLost,
    ProbeAnswer,
)
from trimaran.domain.client_id import ATTEMPT_BITS, encode_client_id, next_attempt, unpack_client_id
from trimaran.domain.commands import CancelOrder, SendOrder
from trimaran.domain.decision import Refused
from trimaran.domain.facts import (
    Discrepancy,
    InstrumentFrozen,
    InstrumentReleased,
    OrderApproved,
    OrderRefused,
)
from trimaran.domain.instrument import InstrumentKey
from trimaran.domain.kill import market_in
from trimaran.domain.orders import OrderRequest, OrderState
from trimaran.domain.records import Durability, Heard, OrderReissued
from trimaran.engine import approval, intents, operator
from trimaran.engine.orders import OrderEntry
from trimaran.engine.turn import Turn

ATTEMPTS_MAX: Final = 1 << ATTEMPT_BITS
RESOLVER: Final = "resolver"
FORGOTTEN: Final = "the venue does not know it any more"


def tick(turn: Turn) -> None:
    """Time has passed: what was lost is lost, and what is unknown is asked for."""
    desk = turn.desk
    for verdict in desk.resolver.tick(desk.durable.working, desk.now_ns):
        if isinstance(verdict, OrderLost | AmendLost):
            turn.record(Heard(verdict))
        elif isinstance(verdict, OrderDone):
            _release_untold(turn, verdict)
        else:
            turn.commands.append(verdict)
    hold(turn)


def _release_untold(turn: Turn, done: OrderDone) -> None:
    """The fills of an order that has ended never came: it does not count any more, and that is told."""
    entry = turn.desk.durable.working[done.client_order_id]
    assert entry.ending is not None, entry
    key, name = entry.order.instrument_key, encode_client_id(done.client_order_id)
    ours, theirs = f"filled {entry.filled_lots}", f"filled {entry.ending.filled_lots}"
    turn.tell(Discrepancy("fills untold", market_in(key), name, ours, theirs, "released", done.local_ns))
    intents.react(turn, turn.record(Heard(done)))


def answered(turn: Turn, answer: ProbeAnswer) -> None:
    """A question was answered with not-found or an error."""
    absent = turn.desk.resolver.answered(answer, turn.desk.durable.working)
    if absent is not None:
        prove_absent(turn, absent)


def prove_absent(turn: Turn, absent: OrderAbsent) -> None:
    """An order was never placed: its intent is sent anew, or its reservation is released.

    One that was open contradicts that, which freezes its instrument; it is over all the same. What it filled
    and nobody told is found by the comparison of money.
    """
    entry = turn.desk.durable.orders.get(absent.client_order_id)
    if entry is None:
        return
    if entry.state is not OrderState.UNKNOWN or not _reissued(turn, entry):
        intents.react(turn, turn.record(Heard(absent)))
        if entry.is_open:
            gone = OrderDone(absent.client_order_id, OrderState.CANCELED, FORGOTTEN, 0, absent.local_ns)
            intents.react(turn, turn.record(Heard(gone)))
    hold(turn)


def after(turn: Turn, event: AccountEvent) -> None:
    """What an event of a market that is real may change beside the ledger."""
    if isinstance(event, OrderAcked):
        entry = turn.desk.durable.working.get(event.client_order_id)
        if entry is not None:
            _acked(turn, entry)
    if turn.desk.held or type(event) is OrderLost:
        hold(turn)


def hold(turn: Turn) -> None:
    """Where nothing can be sent anew, an instrument is frozen while an order there is UNKNOWN, no longer."""
    desk = turn.desk
    if not desk.holding:
        return
    held: dict[InstrumentKey, str] = {}
    for client_order_id, entry in desk.durable.working.items():
        key = entry.order.instrument_key
        if entry.state is OrderState.UNKNOWN and market_in(key) in desk.holding:
            held.setdefault(key, f"order {client_order_id}: its fate is not known, and nothing replaces it")
    for key in held.keys() - desk.held.keys():
        turn.tell(InstrumentFrozen(key, held[key], desk.now_ns))
    for key in desk.held.keys() - held.keys():
        if key not in desk.durable.frozen:
            turn.tell(InstrumentReleased(key, RESOLVER, desk.now_ns))
    desk.held = held


def _acked(turn: Turn, entry: OrderEntry) -> None:
    """The venue has an order that may be unwanted by now: asked to be cancelled, or under a kill switch."""
    order = entry.order
    if not entry.is_open:
        return
    if entry.cancel_ns:
        turn.desk.resolver.cancelled(order.client_order_id)
        turn.commands.append(CancelOrder(order.client_order_id, order.instrument_key, "open by now"))
    elif operator.is_forbidden(turn, entry):
        operator.cancel_order(turn, entry, "kill switch")


def _reissued(turn: Turn, entry: OrderEntry) -> bool:
    """Sends the next attempt of an intent, if everything allows it."""
    desk, order = turn.desk, entry.order
    law = desk.setup.laws.get(market_in(order.instrument_key))
    attempt = unpack_client_id(order.client_order_id).attempt
    valid = desk.now_ns < order.valid_until_ns and not entry.cancel_ns and attempt + 1 < ATTEMPTS_MAX
    if law is None or not law.reissue or not valid or order.instrument_key not in desk.books:
        return False
    anew = _next(order, desk.now_ns)
    decision = approval.judge(desk, (anew,), order.client_order_id)
    if isinstance(decision, Refused):
        turn.tell(OrderRefused(decision, desk.now_ns))
        return False
    turn.tell(OrderApproved(decision[0], desk.now_ns))
    turn.record(OrderReissued(anew, order.client_order_id, desk.now_ns))
    turn.commands.append(
        SendOrder(decision[0], desk.setup.durability.get(order.strategy, Durability.DURABLE))
    )
    return True


def _next(order: OrderRequest, now_ns: int) -> OrderRequest:
    later = next_attempt(order.client_order_id)
    return replace(order, client_order_id=later, created_ns=now_ns)
