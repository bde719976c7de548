"""Positions of perpetuals in one-way mode, and the margin that they and their orders need.

Linear contracts, average entry price. What a reduction takes out of the entry cost is rounded to 1e-8, as
wallets are; the last lot takes the rest, so that nothing is lost. Initial margin is notional / leverage, of
positions at the mark price, of orders at their own. Orders of one side need margin only beyond the position
that they would close, and of the two sides the larger need counts
(https://www.binance.com/en/support/faq/detail/87fa7ee33b574f7084d42bd2ce2e463b).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.venues.sim.tradable import Tradable
from trimaran.venues.sim.trading import BUY, SimOrder, SimPosition
from trimaran.venues.sim.units import ONE, WALLET_QUANTUM, WIDE, ceil_div, money

LEVERAGE_MAX: Final = 125
LEVERAGE_START: Final = 20
MAINTENANCE_DIVISOR: Final = 200  # the smallest margin that keeps a position: 0.5 % of its value


class Position:
    """A position of an account, and the sums over the orders that could change it."""

    __slots__ = (
        "_reducing", "buy_lots", "buy_value", "cost", "isolated", "isolated_margin", "leverage", "lots",
        "realised", "sell_lots", "sell_value", "tradable", "traded", "updated_ns",
    )  # fmt: skip

    def __init__(self, tradable: Tradable) -> None:
        self.tradable = tradable
        self.lots = 0  # signed
        self.cost = 0  # units, of the open lots at their entry prices
        self.leverage = LEVERAGE_START
        self.isolated = False
        self.isolated_margin = 0
        self.realised = 0  # units, since it was opened
        self.buy_lots = self.buy_value = 0  # of resting orders that are not reduce-only; value: ticks * lots
        self.sell_lots = self.sell_value = 0
        self._reducing: dict[int, SimOrder] = {}  # reduce-only orders that rest
        self.traded = False
        self.updated_ns = 0

    def trade(self, side: int, price_ticks: int, lots: int, now_ns: int) -> int:
        """Books a fill; the profit that the wallet gets, in units."""
        held, lot_value = self.lots, price_ticks * self.tradable.value_unit
        closed = min(abs(held), lots) if held and (held > 0) != (side == BUY) else 0
        opened = lots - closed
        profit = 0
        if held == 0:
            self.realised = 0
        if closed:
            released = self._release(closed)
            profit = closed * lot_value - released if held > 0 else released - closed * lot_value
            self.realised = 0 if opened else self.realised + profit
        if opened:
            self.cost += opened * lot_value
            if self.isolated:
                self.isolated_margin += ceil_div(opened * lot_value, self.leverage)
        self.lots = held + lots if side == BUY else held - lots
        self.traded = True
        self.updated_ns = now_ns
        return profit

    def _release(self, closed: int) -> int:
        """Takes lots out of the position; their entry cost."""
        held = abs(self.lots)
        if closed == held:
            released, self.cost, self.isolated_margin = self.cost, 0, 0
            return released
        released = round_half_even(self.cost * closed, held * WALLET_QUANTUM) * WALLET_QUANTUM
        self.cost -= released
        self.isolated_margin -= self.isolated_margin * closed // held
        return released

    def rest(self, side: int, price_ticks: int, lots: int) -> None:
        """An order's lots rest now, or (below zero) no longer."""
        if side == BUY:
            self.buy_lots += lots
            self.buy_value += price_ticks * lots
        else:
            self.sell_lots += lots
            self.sell_value += price_ticks * lots

    def note_reducing(self, order: SimOrder) -> None:
        """A reduce-only order has changed what rests of it."""
        if order.resting_lots:
            self._reducing[order.order_id] = order
        else:
            self._reducing.pop(order.order_id, None)

    def reducing(self) -> list[SimOrder]:
        """The reduce-only orders that rest."""
        return list(self._reducing.values())

    def order_margin(self, side: int = BUY, price_ticks: int = 0, lots: int = 0) -> int:
        """Margin of the resting orders, and of one more order."""
        buy_lots, buy_value, sell_lots, sell_value = (
            self.buy_lots,
            self.buy_value,
            self.sell_lots,
            self.sell_value,
        )
        if side == BUY:
            buy_lots += lots
            buy_value += price_ticks * lots
        else:
            sell_lots += lots
            sell_value += price_ticks * lots
        held = self.lots
        buys = _beyond(buy_lots, buy_value, -held if held < 0 else 0)
        sells = _beyond(sell_lots, sell_value, held if held > 0 else 0)
        return ceil_div(max(buys, sells) * self.tradable.value_unit, self.leverage)

    def mark_value(self) -> int:
        """The value of the position at the mark price, never negative."""
        return abs(self.lots) * self.tradable.mark_ticks() * self.tradable.value_unit

    def unrealised(self) -> int:
        """Profit at the mark price."""
        if self.lots == 0:
            return 0
        value = self.mark_value()
        return value - self.cost if self.lots > 0 else self.cost - value

    def initial_margin(self) -> int:
        """What the position binds: its own margin when isolated."""
        if self.lots == 0:
            return 0
        return self.isolated_margin if self.isolated else ceil_div(self.mark_value(), self.leverage)

    def maintenance_margin(self) -> int:
        """Below it the position is liquidated."""
        return ceil_div(self.mark_value(), MAINTENANCE_DIVISOR) if self.lots else 0

    def view(self, secured: int) -> SimPosition:
        """The record. `secured` is the money that stands behind the position, its profit left out."""
        tradable = self.tradable
        instrument = tradable.book.listing.instrument
        return SimPosition(
            market=tradable.market,
            symbol=tradable.symbol,
            lots=self.lots,
            entry_price=price_of(self.cost, abs(self.lots) * tradable.size_unit),
            mark_price=instrument.price(tradable.mark_ticks()),
            unrealised=money(self.unrealised()),
            realised=money(self.realised),
            initial_margin=money(self.initial_margin()),
            maintenance_margin=money(self.maintenance_margin()),
            leverage=self.leverage,
            isolated=self.isolated,
            isolated_margin=money(self.isolated_margin),
            liquidation_price=self.liquidation_price(secured),
            updated_ns=self.updated_ns,
        )

    def liquidation_price(self, secured: int) -> Decimal | None:
        """Where `secured` and the unrealised profit equal the maintenance margin; None: nowhere above zero.

        Long: secured + size * p - cost = size * p / D, short: secured + cost - size * p = size * p / D.
        """
        size = abs(self.lots) * self.tradable.size_unit
        if size == 0:
            return None
        if self.lots > 0:
            needed, divisor = (self.cost - secured) * MAINTENANCE_DIVISOR, size * (MAINTENANCE_DIVISOR - 1)
        else:
            needed, divisor = (self.cost + secured) * MAINTENANCE_DIVISOR, size * (MAINTENANCE_DIVISOR + 1)
        return price_of(needed, divisor) if needed > 0 else None


def _beyond(lots: int, value: int, closing: int) -> int:
    """The part of a side's value that would open; `closing` lots close the position that there is."""
    if lots <= closing:
        return 0
    return value * (lots - closing) // lots if closing else value


def price_of(value_units: int, size_units: int) -> Decimal:
    """value / size with eight places, half to even; 0 without a size."""
    if size_units == 0:
        return Decimal(0)
    return money(round_half_even(value_units * ONE, size_units * WALLET_QUANTUM) * WALLET_QUANTUM)


def round_half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator as a whole number; the denominator is positive."""
    whole, rest = divmod(numerator, denominator)
    double = 2 * rest
    return whole + (1 if double > denominator or (double == denominator and whole % 2) else 0)


assert WIDE.prec > 2 * 18  # a price of an average is computed from two amounts in units
