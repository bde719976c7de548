"""What each strategy has traded: a fold of the fills of its orders, and part of the durable state.

Lots are bought less sold, through an instrument. What was paid for them is kept in ticks times lots, which
are integers; fees, and what was paid on a grid that is not in force any more, as exact amounts by asset. So
what a strategy has made is known at any price, over any number of restarts. What the venue adjusts, and fills
whose order is not known any more, belong to no strategy.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_UP, Decimal

import msgspec

from trimaran.domain.account import Fill
from trimaran.domain.exact import EXACT, ROUNDING, ZERO
from trimaran.domain.instrument import Asset, Instrument, InstrumentKey, Side
from trimaran.domain.orders import StrategyName

BUY = Side.BUY


class Traded(msgspec.Struct, gc=False):
    """One strategy on one instrument; both are positive for what was bought."""

    lots: int = 0
    tick_lots: int = 0


class TradedImage(msgspec.Struct, frozen=True, order=True):
    """One strategy on one instrument."""

    strategy: StrategyName
    instrument_key: InstrumentKey
    lots: int
    tick_lots: int


class PaidImage(msgspec.Struct, frozen=True, order=True):
    """What a strategy has paid of an asset beside what `Traded` says."""

    strategy: StrategyName
    asset: Asset
    amount: Decimal


class Trades:
    """All strategies. Only `engine/durable.py` and `engine/accounts.py` change it."""

    def __init__(self) -> None:
        self.traded: dict[StrategyName, dict[InstrumentKey, Traded]] = {}
        self.paid: dict[StrategyName, dict[Asset, Decimal]] = {}

    def take(self, strategy: StrategyName, fill: Fill) -> None:
        """A fill that was booked."""
        by_key = self.traded.get(strategy)
        if by_key is None:
            by_key = self.traded[strategy] = {}
        known = by_key.get(fill.instrument_key)
        if known is None:
            known = by_key[fill.instrument_key] = Traded()
        lots = fill.lots if fill.side is BUY else -fill.lots
        known.lots += lots
        known.tick_lots += lots * fill.price_ticks
        if fill.fee:
            self._pay(strategy, fill.fee_asset, fill.fee)

    def restate(self, before: Instrument, after: Instrument) -> None:
        """Another grid. Lots that are no whole number of the new ones are rounded away from zero."""
        sizes = before.size(1), after.size(1)
        if sizes[0] == sizes[1] and (before.price_grid, before.quote) == (after.price_grid, after.quote):
            return
        ratio = ROUNDING.divide(*sizes)
        for strategy, by_key in self.traded.items():
            known = by_key.pop(before.key, None)
            if known is None:
                continue
            lots = int(ROUNDING.multiply(ratio, known.lots).to_integral_value(ROUND_UP))
            by_key[after.key] = Traded(lots)
            self._pay(strategy, before.quote, EXACT.multiply(before.notional(1, 1), Decimal(known.tick_lots)))

    def images(self) -> tuple[tuple[TradedImage, ...], tuple[PaidImage, ...]]:
        """Both tables, in one order, without what is nothing."""
        traded = [
            TradedImage(strategy, key, each.lots, each.tick_lots)
            for strategy, by_key in self.traded.items()
            for key, each in by_key.items()
            if each.lots or each.tick_lots
        ]
        paid = [
            PaidImage(strategy, asset, amount)
            for strategy, amounts in self.paid.items()
            for asset, amount in amounts.items()
        ]
        return tuple(sorted(traded)), tuple(sorted(paid))

    def restore(self, traded: Iterable[TradedImage], paid: Iterable[PaidImage]) -> None:
        """Makes an empty one what its images say."""
        for each in traded:
            by_key = self.traded.setdefault(each.strategy, {})
            by_key[each.instrument_key] = Traded(each.lots, each.tick_lots)
        for amount in paid:
            self.paid.setdefault(amount.strategy, {})[amount.asset] = amount.amount

    def _pay(self, strategy: StrategyName, asset: Asset, amount: Decimal) -> None:
        amounts = self.paid.get(strategy)
        if amounts is None:
            amounts = self.paid[strategy] = {}
        total = EXACT.add(amounts.pop(asset, ZERO), amount)
        if total:
            amounts[asset] = total
