"""The strategies of the simulations: a dealer who trades both ways for no reason, and one that trades pairs.

The dealer uses every kind of order, changes what rests and takes it back. The other one buys on one market
what it sells on another, and gives back what one of them filled more.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from trimaran.domain.facts import GroupClosed, Purpose
from trimaran.domain.instrument import Instrument, InstrumentKey, Side
from trimaran.domain.opportunity import Opportunity
from trimaran.domain.orders import StrategyName, TimeInForce
from trimaran.strategies.port import AmendDraft, CancelDraft, DeskView, LegDraft, Proposal, Skipped, Wish

NAME: Final = StrategyName("dealer")
PAIRS: Final = StrategyName("pairs")
UNIT: Final = Decimal("0.01")  # base asset
VALID_NS: Final = 45_000_000_000  # longer than it takes to prove that an order is absent
PASSING: Final = (TimeInForce.IOC, TimeInForce.FOK)
LASTING: Final = (TimeInForce.GTC, TimeInForce.POST_ONLY)
CHANGES: Final = 0.4  # changes of mind for each order


def lots_of(instrument: Instrument, units: int) -> int:
    """Lots of so many units of size."""
    return instrument.size_grid.steps(units * UNIT / instrument.contract_size)


class Dealer:
    """See the module. `resting` is whether it places orders that rest."""

    name: StrategyName = NAME

    def __init__(
        self,
        instruments: Sequence[Instrument],
        rng: random.Random,
        per_tick: float,
        resting: bool,
        heaps: bool = False,
    ) -> None:
        """`heaps`: what rests is far away, and stays."""
        self.dealing = True
        self.refusals: Counter[str] = Counter()
        self._instruments = {each.key: each for each in instruments}
        self._keys = tuple(self._instruments)
        self._rng = rng
        self._per_tick = per_tick
        self._full: dict[InstrumentKey, Side] = {}  # on which side no more is allowed
        self._kinds: tuple[TimeInForce, ...] = PASSING
        if resting:
            self._kinds = (*PASSING, *LASTING, TimeInForce.GTC)
        self._heaps = heaps and resting
        if self._heaps:
            self._kinds = (*LASTING, TimeInForce.IOC)

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Skipped:
        """Not its business."""
        return Skipped(opportunity.pair, "a dealer deals")

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> None:
        """Nothing follows."""

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """Counts."""
        self.refusals[rule] += 1
        if rule == "max_position":
            leg = proposal.legs[0]
            self._full[leg.instrument_key] = leg.side

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Wish]:
        """Now and then an order, and another mind about one that rests."""
        if not self.dealing:
            return ()
        rng, wishes = self._rng, list[Wish]()
        if rng.random() < self._per_tick:
            instrument = self._instruments[rng.choice(self._keys)]
            bid, ask = desk.top_ticks(instrument.key)
            if not bid or not ask or desk.halted(instrument.key, self.name):
                self.refusals["no market"] += 1
            else:
                draft = self._draft(instrument, bid, ask, now_ns)
                wishes.append(Proposal(self.name, Purpose.EXECUTE, (draft,), None))
        if TimeInForce.GTC in self._kinds and rng.random() < self._per_tick * CHANGES:
            wishes += self._other_mind(desk)
        return wishes

    def _other_mind(self, desk: DeskView) -> Sequence[Wish]:
        rng = self._rng
        own = [each for each in desk.own_orders(self.name) if each.order.tif in LASTING]
        if not own:
            return ()
        chosen = rng.choice(own)
        order = chosen.order
        if rng.random() < 0.2:
            return (CancelDraft(order.client_order_id, "another mind"),)
        instrument = self._instruments[order.instrument_key]
        away = max(1, order.price_ticks // 20_000)
        price = order.price_ticks - order.side.sign * away * rng.choice((-2, -1, 0, 1, 3))
        lots = lots_of(instrument, rng.choice((1, 2, 5)))
        return (AmendDraft(order.client_order_id, max(price, 1), rng.choice((order.lots, lots))),)

    def _draft(self, instrument: Instrument, bid: int, ask: int, now_ns: int) -> LegDraft:
        rng = self._rng
        side, tif = rng.choice((Side.BUY, Side.SELL)), rng.choice(self._kinds)
        full = self._full.pop(instrument.key, None)
        if full is not None:
            side = full.opposite
        units = rng.choice((1, 1, 2, 5))
        near, far = (bid, ask) if side is Side.BUY else (ask, bid)
        away = max(1, near // 20_000)  # half a basis point
        if self._heaps and tif in LASTING:
            price = near - side.sign * away * rng.choice((10, 20, 40))
        elif tif in PASSING:
            price = far + side.sign * away * rng.choice((0, 1, 4))
        elif tif is TimeInForce.POST_ONLY:
            price = near - side.sign * away * rng.choice((0, 0, 1, 4))
        else:
            price = near - side.sign * away * rng.choice((-2, 0, 0, 1, 4))
        return LegDraft(
            instrument_key=instrument.key,
            side=side,
            price_ticks=max(price, 1),
            lots=lots_of(instrument, units),
            tif=tif,
            valid_until_ns=now_ns + VALID_NS if rng.random() < 0.5 else 0,
        )


class Pairs:
    """See the module. `dealing` is whether it begins pairs; what is owed it gives back in any case."""

    name: StrategyName = PAIRS

    def __init__(self, instruments: Sequence[Instrument], rng: random.Random, per_tick: float) -> None:
        self.dealing = True
        self.refusals: Counter[str] = Counter()
        self._instruments = tuple(instruments)
        self._rng = rng
        self._per_tick = per_tick

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Skipped:
        """Prices do not matter to it."""
        return Skipped(opportunity.pair, "whatever it costs")

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> Wish | None:
        """What one leg filled more goes back at once."""
        return next(iter(self._returns(desk)), None) if closed.residual else None

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """Counts."""
        self.refusals[rule] += 1

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Wish]:
        """Now and then a pair, and a part of what is owed."""
        rng = self._rng
        if not self.dealing or rng.random() >= self._per_tick:
            return ()
        if rng.random() < 0.5:
            return self._returns(desk)
        units, one = rng.choice((1, 2, 3)), rng.randrange(2)
        buys, sells = self._instruments[one], self._instruments[1 - one]
        legs = (self._leg(desk, buys, Side.BUY, units), self._leg(desk, sells, Side.SELL, units))
        if legs[0] is None or legs[1] is None:
            return ()
        return (Proposal(self.name, Purpose.OPEN, (legs[0], legs[1]), None),)

    def _leg(self, desk: DeskView, instrument: Instrument, side: Side, units: int) -> LegDraft | None:
        bid, ask = desk.top_ticks(instrument.key)
        if not bid or not ask or desk.halted(instrument.key, self.name):
            return None
        far = ask if side is Side.BUY else bid
        price = far + side.sign * max(1, far // 20_000) * self._rng.choice((-2, 0, 1, 4))
        return LegDraft(instrument.key, side, price, lots_of(instrument, units))

    def _returns(self, desk: DeskView) -> list[Wish]:
        if desk.own_orders(self.name):
            return []
        found: list[Wish] = []
        owed = desk.owed(self.name)
        for instrument in self._instruments:
            size = owed.get(instrument.key)
            if not size:
                continue
            lots = instrument.size_grid.steps_floor(abs(size) / instrument.contract_size)
            lots -= lots % instrument.order_step
            leg = self._leg(desk, instrument, Side.SELL if size > 0 else Side.BUY, 1)
            if leg is not None and lots >= lots_of(instrument, 1):
                found.append(Proposal(self.name, Purpose.UNWIND, (replace(leg, lots=lots),), None))
        return found
