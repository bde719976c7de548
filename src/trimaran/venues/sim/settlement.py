"""Fills become money: the one place that moves wallets, positions and locks.

Spot: the fee comes out of the asset received. Linear perpetual: fee and realised profit go to the margin
asset. What changed is collected, and told once an operation.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.instrument import Asset, MarketName, Symbol
from trimaran.venues.sim.accounts import Account
from trimaran.venues.sim.clearing import Clearing
from trimaran.venues.sim.tradable import Tradable
from trimaran.venues.sim.trading import (
    BUY,
    BalanceCause,
    BalanceChanged,
    ExchangeEvent,
    SimFill,
    SimOrder,
    Status,
)
from trimaran.venues.sim.units import WIDE, money

ZERO: Final = Decimal(0)
_STRENGTH: Final = {
    BalanceCause.ORDER: 0,
    BalanceCause.SETTINGS: 1,
    BalanceCause.TRADE: 2,
    BalanceCause.TRANSFER: 3,
    BalanceCause.FUNDING: 4,
    BalanceCause.LIQUIDATION: 5,
}


class _Touched(msgspec.Struct):
    cause: BalanceCause
    assets: dict[Asset, None]
    positions: dict[Symbol, None]
    change: int


class Settlement:
    """Moves money and remembers what to tell."""

    def __init__(self, fee_quantum: int, emit: Callable[[ExchangeEvent], None], clearing: Clearing) -> None:
        self._fee_quantum = fee_quantum
        self._clearing = clearing
        self._emit = emit
        self._executions = 0
        self._touched: dict[tuple[int, MarketName], _Touched] = {}
        self._moved: dict[tuple[int, Tradable], Account] = {}
        self.fees: dict[Asset, int] = {}  # paid by all accounts so far, units
        self.house = 0  # units that came from the venue's own pocket: funding, insurance

    def fill(
        self,
        account: Account,
        tradable: Tradable,
        order: SimOrder,
        price_ticks: int,
        lots: int,
        maker: bool,
        trade_id: int,
        now_ns: int,
    ) -> SimFill:
        """Books one execution of an order and answers its record. Trade id 0 is no public one and free."""
        side = order.side
        fee_asset = tradable.base if side == BUY and not tradable.perpetual else tradable.quote
        fee = tradable.fee(side, price_ticks, lots, maker, self._fee_quantum) if trade_id else 0
        realised = ZERO
        if tradable.perpetual:
            realised = money(self._trade(account, tradable, order, price_ticks, lots, fee, now_ns))
            order.realised = WIDE.add(order.realised, realised)
        else:
            self._exchange(account, tradable, side, price_ticks, lots, fee_asset, fee, now_ns)
        self.fees[fee_asset] = self.fees.get(fee_asset, 0) + fee
        self._executions += 1
        paid = money(fee)
        fill = SimFill(
            trade_id=trade_id,
            execution_id=self._executions,
            order_id=order.order_id,
            account_id=order.account_id,
            market=order.market,
            symbol=order.symbol,
            side=side,
            price_ticks=price_ticks,
            lots=lots,
            maker=maker,
            fee=paid,
            fee_asset=fee_asset,
            realised=realised,
            time_ns=now_ns,
            number=len(order.fills) + 1,
        )
        order.fees[fee_asset] = WIDE.add(order.fees[fee_asset], paid) if order.fees else paid
        order.filled_lots += lots
        order.filled_value += price_ticks * lots
        order.fills.append(fill)
        order.last_fill = fill
        order.updated_ns = now_ns
        order.status = Status.PARTIALLY_FILLED
        account.shelves[tradable.market].fills.append(fill)
        return fill

    def _trade(
        self, account: Account, tradable: Tradable, order: SimOrder, price_ticks: int, lots: int, fee: int,
        now_ns: int,
    ) -> int:  # fmt: skip
        """A perpetual changes its position; the profit."""
        wallet, asset = account.wallets[tradable.market], tradable.quote
        position, late = wallet.position(tradable), self._clearing.late(tradable.market)
        bound = position.initial_margin() if late else 0
        profit = position.trade(order.side, price_ticks, lots, now_ns)
        if late:
            self._clearing.hold(account, tradable, asset, bound - position.initial_margin(), now_ns)
        wallet.add(asset, profit - fee)
        self.touch(account, tradable, BalanceCause.TRADE, (asset,), tradable.symbol)
        self._moved[account.account_id, tradable] = account
        return profit

    def _exchange(
        self, account: Account, tradable: Tradable, side: int, price_ticks: int, lots: int, fee_asset: Asset,
        fee: int, now_ns: int,
    ) -> None:  # fmt: skip
        """Spot gives one asset for the other."""
        wallet, sign = account.wallets[tradable.market], 1 if side == BUY else -1
        size, value = lots * tradable.size_unit, price_ticks * lots * tradable.value_unit
        wallet.add(tradable.base, sign * size)
        wallet.add(tradable.quote, -sign * value)
        wallet.add(fee_asset, -fee)
        if self._clearing.late(tradable.market):
            self._clearing.hold(account, tradable, fee_asset, (size if side == BUY else value) - fee, now_ns)
        self.touch(account, tradable, BalanceCause.TRADE, (tradable.base, tradable.quote))

    def rest(self, account: Account, tradable: Tradable, order: SimOrder, lots: int) -> None:
        """Lots of an order rest now and bind money, or (below zero) no longer."""
        self.bind(account, tradable, order, lots)
        if not order.reduce_only:
            asset = tradable.quote if tradable.perpetual or order.side == BUY else tradable.base
            self.touch(account, tradable, BalanceCause.ORDER, (asset,))

    @staticmethod
    def bind(account: Account, tradable: Tradable, order: SimOrder, lots: int) -> None:
        """The same, and nobody is told."""
        order.resting_lots += lots
        wallet = account.wallets[tradable.market]
        if tradable.perpetual and order.reduce_only:
            wallet.position(tradable).note_reducing(order)
        elif tradable.perpetual:
            wallet.position(tradable).rest(order.side, order.price_ticks, lots)
        elif order.side == BUY:
            wallet.lock(tradable.quote, order.price_ticks * lots * tradable.value_unit)
        else:
            wallet.lock(tradable.base, lots * tradable.size_unit)

    def take_moved(self) -> list[tuple[Account, Tradable]]:
        """The positions that fills have moved since the last call."""
        if not self._moved:
            return []
        moved, self._moved = self._moved, {}
        return [(account, tradable) for (_, tradable), account in moved.items()]

    def touch(
        self,
        account: Account,
        tradable: Tradable,
        cause: BalanceCause,
        assets: tuple[Asset, ...],
        symbol: Symbol | None = None,
        change: int = 0,
    ) -> None:
        """Remembers what to tell of an account; of several causes the strongest is told."""
        key = account.account_id, tradable.market
        touched = self._touched.get(key)
        if touched is None:
            touched = self._touched[key] = _Touched(cause, {}, {}, 0)
        elif _STRENGTH[cause] > _STRENGTH[touched.cause]:
            touched.cause = cause
        for asset in assets:
            touched.assets[asset] = None
        if symbol is not None:
            touched.positions[symbol] = None
        touched.change += change

    def clear(self, now_ns: int) -> None:
        """Frees what fills have brought and is cleared now."""
        for account, tradable, asset in self._clearing.turn(now_ns):
            self.touch(account, tradable, BalanceCause.ORDER, (asset,))

    def flush(self, now_ns: int) -> None:
        """Tells what was collected."""
        if not self._touched:
            return
        collected, self._touched = self._touched, {}
        for (account_id, market), touched in collected.items():
            assets, positions = tuple(touched.assets), tuple(touched.positions)
            change = money(touched.change)
            self._emit(BalanceChanged(account_id, market, touched.cause, assets, positions, change, now_ns))
