"""What people ask of a desk: kill switches, cancels, the release of what was frozen; all of it on record."""

from __future__ import annotations

from trimaran.base.errors import ConfigError
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.commands import CancelOrder
from trimaran.domain.decision import KillState
from trimaran.domain.events import CancelRequested, KillRequested, LimitsRequested, ReleaseRequested
from trimaran.domain.kill import market_in
from trimaran.domain.records import CancelOpened, FreezeMoved, KillMoved, LimitsSet
from trimaran.engine import approval
from trimaran.engine.orders import OrderEntry
from trimaran.engine.turn import Turn


def kill(turn: Turn, event: KillRequested) -> None:
    """Moves a switch; open orders that the switches do not allow any more are cancelled."""
    turn.record(KillMoved(event.scope, event.state, event.actor, event.reason, event.local_ns))
    cancel_forbidden(turn, f"kill switch {event.scope.text}")


def cancel_forbidden(turn: Turn, reason: str) -> None:
    """Cancels what may not be open under the switches as they are."""
    for entry in list(turn.desk.durable.working.values()):
        if is_forbidden(turn, entry):
            cancel_order(turn, entry, reason)


def is_forbidden(turn: Turn, entry: OrderEntry) -> bool:
    """Whether the switches do not allow an order that is open."""
    order = entry.order
    state = turn.desk.durable.kill.effective(market_in(order.instrument_key), order.strategy)
    return state is KillState.KILLED or (state is KillState.REDUCE_ONLY and not order.reduce_only)


def cancel(turn: Turn, event: CancelRequested) -> None:
    """Cancels one order, those of a market, or all."""
    for client_order_id, entry in list(turn.desk.durable.working.items()):
        if _meant(event, client_order_id, entry):
            cancel_order(turn, entry, f"asked by {event.actor}")


def cancel_order(turn: Turn, entry: OrderEntry, reason: str) -> None:
    """Asks the venue to cancel an order, once; `engine/resolver.py` asks again while it stays open."""
    if entry.cancel_ns or entry.ending is not None:
        return
    order = entry.order
    turn.desk.resolver.cancelled(order.client_order_id)
    turn.record(CancelOpened(order.client_order_id, reason, turn.desk.now_ns))
    turn.commands.append(CancelOrder(order.client_order_id, order.instrument_key, reason))


def release(turn: Turn, event: ReleaseRequested) -> None:
    """Releases a frozen instrument."""
    if event.instrument_key in turn.desk.durable.frozen:
        turn.record(FreezeMoved(event.instrument_key, "", event.actor, event.local_ns))


def limits(turn: Turn, event: LimitsRequested) -> None:
    """Puts other limits in force, all of them; a text that is not valid here changes nothing."""
    try:
        book = approval.limits_of(turn.desk, event.text)
    except ConfigError:
        return  # whoever asked was told: the shell asks the same function first
    turn.record(LimitsSet(book.version, book.digest, event.text, event.actor, event.local_ns))
    turn.desk.risk.set_limits(book)


def _meant(event: CancelRequested, client_order_id: ClientOrderId, entry: OrderEntry) -> bool:
    if event.client_order_id is not None:
        return client_order_id == event.client_order_id
    return event.market is None or market_in(entry.order.instrument_key) == event.market
