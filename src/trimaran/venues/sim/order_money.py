"""An order before the engine is asked: what to ask for, and whether the wallet can carry it."""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.venues.sim.accounts import Account
from trimaran.venues.sim.codes import OrderKind, SelfTrade
from trimaran.venues.sim.depth_walk import walk
from trimaran.venues.sim.tradable import MARKET_BUY_TICKS, MARKET_SELL_TICKS, Tradable
from trimaran.venues.sim.trading import BUY, Refusal, SimOrder, Tif, Why
from trimaran.venues.sim.units import units_floor

_KINDS: Final = {
    Tif.GTC: OrderKind.LIMIT,
    Tif.IOC: OrderKind.IOC,
    Tif.FOK: OrderKind.FOK,
    Tif.POST_ONLY: OrderKind.POST_ONLY,
}


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """A question to the engine. An order by value is complete where the book holds all that it pays for."""

    lots: int
    kind: OrderKind
    limit_ticks: int
    complete: bool


def wanted_of(account: Account, tradable: Tradable, order: SimOrder) -> Wanted | Refusal:
    """What the engine is to be asked for."""
    if order.quote_left is not None:
        own, value = own_shown(account, tradable, order), units_floor(order.quote_left)
        walked = walk(tradable, order.side, 0, value, own)
        lots = walked.lots - walked.lots % tradable.book.rules.lot_factor
        if lots == 0 and walked.worst_ticks:
            return Refusal(Why.NOTIONAL_TOO_SMALL)
        return Wanted(lots, OrderKind.IOC, walked.worst_ticks, walked.complete)
    lots = order.lots - order.filled_lots
    if order.reduce_only:
        lots = min(lots, reducible_lots(account, tradable, order.side))
        if lots == 0:
            return Refusal(Why.REDUCE_ONLY)
    if order.price_ticks:
        return Wanted(lots, _KINDS[order.tif], order.price_ticks, True)
    if order.tif is Tif.FOK:
        bound = MARKET_BUY_TICKS if order.side == BUY else MARKET_SELL_TICKS
        return Wanted(lots, OrderKind.FOK, bound, True)
    return Wanted(lots, OrderKind.MARKET, 0, True)


def money_refusal(account: Account, tradable: Tradable, order: SimOrder, lots: int) -> Refusal | None:
    """Whether the wallet cannot carry `lots` of the order."""
    wallet = account.wallets[tradable.market]
    price_ticks = order.price_ticks
    if price_ticks == 0 and (tradable.perpetual or order.side == BUY):
        walked = walk(tradable, order.side, lots, None, own_shown(account, tradable, order))
        if walked.lots == 0:
            return None  # it ends without a trade
        if not tradable.perpetual:
            needed = walked.ticks_lots * tradable.value_unit
            return None if needed <= wallet.free(tradable.quote) else Refusal(Why.NO_FUNDS)
        price_ticks = walked.worst_ticks
    if tradable.perpetual:
        if order.reduce_only:
            return None
        position = wallet.position(tradable)
        needed = position.order_margin(order.side, price_ticks, lots) - position.order_margin()
        return None if needed <= max(0, wallet.margin_available()) else Refusal(Why.NO_MARGIN)
    if order.side == BUY:
        needed = price_ticks * lots * tradable.value_unit
        return None if needed <= wallet.free(tradable.quote) else Refusal(Why.NO_FUNDS)
    return None if lots * tradable.size_unit <= wallet.free(tradable.base) else Refusal(Why.NO_FUNDS)


def own_shown(account: Account, tradable: Tradable, order: SimOrder) -> dict[int, int]:
    """Shown lots on the other side that self-trade prevention would take away instead of trading."""
    own: dict[int, int] = {}
    if order.self_trade == SelfTrade.EXPIRE_MAKER:
        for each in tradable.resting.values():
            if each.account_id == account.account_id and each.side != order.side:
                shown = tradable.book.engine.shown(each.engine_id)
                own[each.resting_ticks] = own.get(each.resting_ticks, 0) + shown
    return own


def reducible_lots(account: Account, tradable: Tradable, side: int) -> int:
    """Lots that an order of that side could close."""
    held = account.wallets[tradable.market].position(tradable).lots
    return max(0, -held if side == BUY else held)


def takes_now(tradable: Tradable, order: SimOrder) -> bool:
    """Whether an order would meet the best of the other side."""
    best, price_ticks = tradable.book.best[2 if order.side == BUY else 0], order.price_ticks
    if best == 0 or price_ticks == 0:
        return best != 0
    return price_ticks >= best if order.side == BUY else price_ticks <= best
