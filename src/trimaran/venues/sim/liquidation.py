"""Liquidation: what a venue does when a position is not secured any more.

Isolated: the position's own margin and profit are below its maintenance margin. Cross: the same of all cross
positions of the wallet together; then its orders go first, and positions follow, the largest loss first,
until the rest is secured. A position is sold as an order that takes what is there down to its bankruptcy
price, where nothing would be left of its margin; the venue takes the remainder over at that price, without
a public trade (trade id 0), and pays what a wallet lacks in the end from its own pocket.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.base.limits import PRICE_TICKS_MAX
from trimaran.venues.sim.accounts import Account
from trimaran.venues.sim.order_desk import OrderDesk
from trimaran.venues.sim.positions import Position
from trimaran.venues.sim.tradable import Tradable
from trimaran.venues.sim.trading import (
    BUY,
    SELL,
    BalanceCause,
    EndReason,
    OrderSpec,
    OrderTypeSim,
    Tif,
)
from trimaran.venues.sim.units import ceil_div
from trimaran.venues.sim.wallets import MARGIN_ASSET, Wallet

MARK: Final = {"liquidation": True}  # in `extra` of such an order


class Liquidation:
    """Looks after the positions of all accounts."""

    def __init__(self, desk: OrderDesk) -> None:
        self._desk = desk

    def turn(self, now_ns: int) -> None:
        """Closes what is not secured."""
        for account in self._desk.accounts.by_id.values():
            for wallet in account.own_wallets:
                held = [
                    position
                    for position in wallet.positions.values()
                    if position.lots and position.tradable.book.rules.trading
                ]
                if held:
                    self._look(account, wallet, held, now_ns)

    def _look(self, account: Account, wallet: Wallet, held: list[Position], now_ns: int) -> None:
        cross = [position for position in held if not position.isolated]
        for position in held:
            if (
                position.isolated
                and position.isolated_margin + position.unrealised() < position.maintenance_margin()
            ):
                self._cancel_orders(account, [position], now_ns)
                self._close(account, wallet, position, now_ns)
        if _secured(wallet, cross):
            return
        self._cancel_orders(account, cross, now_ns)
        for position in sorted(cross, key=Position.unrealised):
            if not _secured(wallet, [each for each in cross if each.lots]) and position.lots:
                self._close(account, wallet, position, now_ns)

    def _cancel_orders(self, account: Account, positions: list[Position], now_ns: int) -> None:
        for position in positions:
            tradable = position.tradable
            for order in list(account.shelves[tradable.market].open.values()):
                if order.symbol == tradable.symbol:
                    self._desk.cancel(tradable, order, EndReason.LIQUIDATION, now_ns)

    def _close(self, account: Account, wallet: Wallet, position: Position, now_ns: int) -> None:
        tradable = position.tradable
        ticks = bankruptcy_ticks(wallet, position)
        side, lots = (SELL, position.lots) if position.lots > 0 else (BUY, -position.lots)
        order = self._desk.force(account, tradable, _spec(tradable, side), lots, ticks, now_ns)
        order.end_reason = EndReason.LIQUIDATION
        if order.status.open:
            self._desk.fill_outside(account, tradable, order, ticks, order.lots - order.filled_lots, now_ns)
        missing = -wallet.totals.get(MARGIN_ASSET, 0)
        if missing > 0:
            wallet.add(MARGIN_ASSET, missing)
            self._desk.settlement.house -= missing
        self._desk.settlement.touch(
            account, tradable, BalanceCause.LIQUIDATION, (MARGIN_ASSET,), tradable.symbol, max(0, missing)
        )


def bankruptcy_ticks(wallet: Wallet, position: Position) -> int:
    """The price at which the position costs all that secures it, rounded in favour of the wallet."""
    cross = wallet.cross_equity() - position.unrealised()
    secured = position.isolated_margin if position.isolated else cross
    lots, value_unit = abs(position.lots), position.tradable.value_unit
    if position.lots > 0:
        ticks = ceil_div(position.cost - secured, lots * value_unit)
    else:
        ticks = (position.cost + secured) // (lots * value_unit)
    return max(1, min(ticks, PRICE_TICKS_MAX))


def _secured(wallet: Wallet, cross: list[Position]) -> bool:
    if not cross:
        return True
    return wallet.cross_equity() >= sum(position.maintenance_margin() for position in cross)


def _spec(tradable: Tradable, side: int) -> OrderSpec:
    return OrderSpec(
        market=tradable.market,
        symbol=tradable.symbol,
        side=side,
        type=OrderTypeSim.MARKET,
        tif=Tif.IOC,
        size=Decimal(1),
        extra=dict(MARK),
    )
