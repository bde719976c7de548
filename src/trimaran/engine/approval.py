"""Stage 6 of the step: what risk looks at, and its answer for the orders of one decision."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved, KillState, Refused
from trimaran.domain.exact import ZERO
from trimaran.domain.instrument import Asset, ContractKind, Instrument
from trimaran.domain.orders import OrderRequest
from trimaran.engine.desk import Desk, underlying_of
from trimaran.ledger.position import Position
from trimaran.risk.context import OpenOrder, RiskContext
from trimaran.risk.gate import Leg, gate_group
from trimaran.signals.fair_price import fair_price


def judge(
    desk: Desk, orders: Sequence[OrderRequest], instead_of: ClientOrderId | None = None
) -> tuple[Approved, ...] | Refused:
    """All of the orders together, or the first refusal.

    `instead_of` names an order that is open and counted, and that the one in `orders` replaces: an earlier
    attempt that is proved absent, or the same order with other terms.
    """
    for order in orders:
        refused = _unfit(desk, order)
        if refused is not None:
            return refused
    limits = desk.setup.limits
    return gate_group(
        [Leg(order, _context(desk, order, instead_of), limits[order.instrument_key]) for order in orders]
    )


def _unfit(desk: Desk, order: OrderRequest) -> Refused | None:
    """What stands in the way of any order, whatever its numbers."""
    if not desk.takes_risk:
        return Refused(order, "record", "room", "none", "record: expected room for new intents, found none")
    text = desk.not_ready(order.instrument_key)
    if text is not None:
        return Refused(order, "readiness", "ready", "not ready", f"readiness: expected ready, found {text}")
    return None


def _context(desk: Desk, order: OrderRequest, instead_of: ClientOrderId | None) -> RiskContext:
    instrument = desk.instruments[order.instrument_key]
    limits = desk.setup.limits[order.instrument_key]
    book = desk.books[order.instrument_key]
    bid_ticks, _, ask_ticks, _, _, _, quote_local_ns = desk.hot.top(book)
    durable = desk.durable
    desk.forget_recent(desk.now_ns - max(limits.rate_window_ns, limits.duplicate_window_ns))
    position = durable.ledger.positions.get(instrument.key)
    halted = desk.frozen_by(instrument.key) is not None
    return RiskContext(
        instrument=instrument,
        book_status=BookStatus(desk.hot.status(book)),
        bid_ticks=bid_ticks or None,
        ask_ticks=ask_ticks or None,
        quote_local_ns=quote_local_ns,
        fair_price=fair_price(desk.live_tops(underlying_of(instrument))),
        now_ns=desk.now_ns,
        position_lots=0 if position is None else position.lots,
        exposure_base=durable.ledger.exposure_base(instrument.base),
        balances=_balances(desk, instrument),
        open_orders=open_orders(desk, instead_of),
        recent_orders=tuple(each for each in desk.recent if each.client_order_id != instead_of),
        kill=KillState.KILLED if halted else durable.kill.effective(instrument.market, order.strategy),
    )


def open_orders(desk: Desk, instead_of: ClientOrderId | None = None) -> tuple[OpenOrder, ...]:
    """Every order that may still fill, with the worst terms that it may have."""
    return tuple(
        OpenOrder(entry.worst, desk.durable.instruments[entry.order.instrument_key], left)
        for client_order_id, entry in desk.durable.working.items()
        if client_order_id != instead_of and (left := entry.lots_max - entry.filled_lots) > 0
    )


def _balances(desk: Desk, instrument: Instrument) -> dict[Asset, Decimal]:
    """Free balances; of a margin account, without what its open positions hold and have lost."""
    wallet = desk.durable.ledger.balances
    free = {
        asset: wallet.get((instrument.market, asset), ZERO) for asset in (instrument.base, instrument.quote)
    }
    if instrument.kind is ContractKind.PERPETUAL:
        free[instrument.quote] -= _margin_held(desk, instrument)
    return free


def _margin_held(desk: Desk, instrument: Instrument) -> Decimal:
    leverage = desk.setup.limits[instrument.key].leverage_max
    held = ZERO
    for key, position in desk.durable.ledger.positions.items():
        other = desk.durable.instruments[key]
        margined = other.kind is ContractKind.PERPETUAL and other.market == instrument.market
        if margined and other.quote == instrument.quote:
            held += abs(position.cost) / leverage + _loss(desk, other, position)
    return held


def _loss(desk: Desk, instrument: Instrument, position: Position) -> Decimal:
    """Unrealised loss at the mid; none is counted while the book has no top, when nothing is sent either."""
    if instrument.key not in desk.books:
        return ZERO
    bid_ticks, ask_ticks = desk.top_ticks(instrument.key)
    if not bid_ticks or not ask_ticks:
        return ZERO
    mid = (instrument.price(bid_ticks) + instrument.price(ask_ticks)) / 2
    return max(ZERO, position.cost - instrument.size(position.lots) * mid)
