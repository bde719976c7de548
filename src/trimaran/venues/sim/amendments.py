"""Changes of orders that are open: smaller ones keep their place in the queue, others lose it."""

from __future__ import annotations

from decimal import Decimal

from trimaran.venues.sim.accounts import Account
from trimaran.venues.sim.filters import MARKET_TYPES, band_refusal, limits_refusal, lots_of, price_of
from trimaran.venues.sim.order_desk import OrderDesk
from trimaran.venues.sim.order_money import money_refusal, takes_now
from trimaran.venues.sim.tradable import Tradable
from trimaran.venues.sim.trading import (
    EndReason,
    Happening,
    Refusal,
    SimOrder,
    Status,
    Tif,
    Why,
)


def amend(
    desk: OrderDesk, account: Account, tradable: Tradable, order: SimOrder,
    price: Decimal | None, size: Decimal | None, now_ns: int,
) -> SimOrder | Refusal:  # fmt: skip
    """Changes price and total size; None leaves it as it is. Refused, nothing has changed."""
    ticks = order.price_ticks if price is None else price_of(tradable, price)
    lots = order.lots if size is None else lots_of(tradable, size)
    if isinstance(ticks, Refusal):
        return ticks
    if isinstance(lots, Refusal):
        return lots
    refusal = _refusal(desk, account, tradable, order, ticks, lots)
    if refusal is not None:
        return refusal
    _change(desk, account, tradable, order, ticks, lots, now_ns)
    desk.conclude(now_ns)
    return order


def _refusal(
    desk: OrderDesk, account: Account, tradable: Tradable, order: SimOrder, price_ticks: int, lots: int
) -> Refusal | None:
    if (price_ticks, lots) == (order.price_ticks, order.lots):
        return Refusal(Why.NOTHING_TO_CHANGE, "", order)
    if order.type in MARKET_TYPES and price_ticks:
        return Refusal(Why.UNSUPPORTED, "", order)
    if lots <= order.filled_lots:
        return None
    refusal = limits_refusal(tradable, price_ticks or order.trigger_ticks, lots, order.reduce_only)
    if refusal is not None or order.status is Status.WAITING:
        return refusal
    return band_refusal(tradable, order.side, price_ticks, desk.rules) or _as_new_refusal(
        desk, account, tradable, order, price_ticks, lots
    )


def _as_new_refusal(
    desk: OrderDesk, account: Account, tradable: Tradable, order: SimOrder, price_ticks: int, lots: int
) -> Refusal | None:
    """Judges the order as it would be. The money that it binds now counts as free."""
    bound, kept = order.resting_lots, order.price_ticks
    desk.settlement.bind(account, tradable, order, -bound)
    order.price_ticks = price_ticks
    refusal = money_refusal(account, tradable, order, lots - order.filled_lots)
    if refusal is None and order.tif is Tif.POST_ONLY and takes_now(tradable, order):
        refusal = Refusal(Why.WOULD_TAKE, "", order)
    order.price_ticks = kept
    desk.settlement.bind(account, tradable, order, bound)
    return refusal


def _change(
    desk: OrderDesk, account: Account, tradable: Tradable, order: SimOrder,
    price_ticks: int, lots: int, now_ns: int,
) -> None:  # fmt: skip
    order.amend_count += 1
    order.updated_ns = now_ns
    fewer, same_price = order.lots - lots, price_ticks == order.price_ticks
    if lots <= order.filled_lots:
        desk.cancel(tradable, order, EndReason.AMENDED_AWAY, now_ns)
    elif order.status is Status.WAITING:
        order.price_ticks, order.lots = price_ticks, lots
        desk.tell(Happening.AMENDED, order, now_ns)
    elif same_price and 0 < fewer < order.resting_lots:
        left = tradable.book.reduce(now_ns, order.engine_id, fewer)
        assert left == order.resting_lots - fewer, left
        order.lots = lots
        desk.settlement.rest(account, tradable, order, -fewer)
        desk.tell(Happening.AMENDED, order, now_ns)
    else:
        desk.withdraw(tradable, order, now_ns)
        order.price_ticks, order.lots = price_ticks, lots
        desk.tell(Happening.AMENDED, order, now_ns)
        if desk.work(account, tradable, order, now_ns, new=False) is not None:
            desk.end(account, tradable, order, EndReason.TRIGGER_FAILED, now_ns)
