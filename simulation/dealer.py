"""The strategy of the simulations: a dealer who trades both ways for no reason, with every kind of order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from trimaran.domain.facts import GroupClosed, Purpose
from trimaran.domain.instrument import Instrument, Side
from trimaran.domain.opportunity import Opportunity
from trimaran.domain.orders import StrategyName, TimeInForce
from trimaran.strategies.port import DeskView, LegDraft, Proposal, Skipped

NAME: Final = StrategyName("dealer")
UNIT: Final = Decimal("0.01")  # base asset
VALID_NS: Final = 20_000_000_000
PASSING: Final = (TimeInForce.IOC, TimeInForce.FOK)
LASTING: Final = (TimeInForce.GTC, TimeInForce.POST_ONLY)


class Dealer:
    """See the module. `resting` is whether it places orders that rest."""

    def __init__(self, instrument: Instrument, rng: random.Random, per_tick: float, resting: bool) -> None:
        self.name = NAME
        self.dealing = True
        self.refusals: Counter[str] = Counter()
        self._instrument = instrument
        self._rng = rng
        self._per_tick = per_tick
        self._full: Side | None = None  # on which side no more is allowed
        self._kinds = (*PASSING, *LASTING, TimeInForce.GTC) if resting else PASSING

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Skipped:
        """Not its business."""
        return Skipped(opportunity.pair, "a dealer deals")

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> None:
        """Nothing follows."""

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """Counts."""
        self.refusals[rule] += 1
        if rule == "max_position":
            self._full = proposal.legs[0].side

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Proposal]:
        """Now and then an order."""
        rng = self._rng
        if not self.dealing or rng.random() >= self._per_tick:
            return ()
        key = self._instrument.key
        bid, ask = desk.top_ticks(key)
        if not bid or not ask or desk.halted(key, self.name):
            self.refusals["no market"] += 1
            return ()
        draft = self._draft(bid, ask, now_ns)
        return (Proposal(self.name, Purpose.EXECUTE, (draft,), None),)

    def lots(self, units: int) -> int:
        """Lots of so many units of size."""
        return self._instrument.size_grid.steps(units * UNIT / self._instrument.contract_size)

    def _draft(self, bid: int, ask: int, now_ns: int) -> LegDraft:
        rng, instrument = self._rng, self._instrument
        side, tif = rng.choice((Side.BUY, Side.SELL)), rng.choice(self._kinds)
        if self._full is not None:
            side, self._full = self._full.opposite, None
        units = rng.choice((1, 1, 2, 5))
        near, far = (bid, ask) if side is Side.BUY else (ask, bid)
        away = max(1, near // 20_000)  # half a basis point
        if tif in PASSING:
            price = far + side.sign * away * rng.choice((0, 1, 4))
        elif tif is TimeInForce.POST_ONLY:
            price = near - side.sign * away * rng.choice((0, 0, 1, 4))
        else:
            price = near - side.sign * away * rng.choice((-2, 0, 0, 1, 4))
        return LegDraft(
            instrument_key=instrument.key,
            side=side,
            price_ticks=max(price, 1),
            lots=self.lots(units),
            tif=tif,
            valid_until_ns=now_ns + VALID_NS if rng.random() < 0.5 else 0,
        )
