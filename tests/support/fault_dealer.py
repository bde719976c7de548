"""The strategy of the tests with real processes: both ways, every kind of order, changes and cancels.

It is quiet while a file called `quiet` is in its folder: nothing new, and its open orders are cancelled.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from trimaran.domain.facts import Purpose
from trimaran.domain.instrument import Instrument, InstrumentKey, Side
from trimaran.domain.orders import OrderState, StrategyName, TimeInForce
from trimaran.strategies.port import AmendDraft, CancelDraft, DeskView, LegDraft, Proposal, Skipped, Wish

QUIET: Final = "quiet"
UNIT: Final = Decimal("0.01")  # base asset
OPEN_MAX: Final = 5  # of one strategy: then they are cancelled
VALID_NS: Final = 20_000_000_000
PASSING: Final = (TimeInForce.IOC, TimeInForce.FOK)
LASTING: Final = (TimeInForce.GTC, TimeInForce.POST_ONLY, TimeInForce.GTC)


class FaultDealer:
    """See the module. `per_tick` is the chance of doing something, each tenth of a second and instrument."""

    def __init__(
        self, name: str, keys: Sequence[str], seed: str, per_tick: float, folder: Path, *, rests: bool
    ) -> None:
        self.name = StrategyName(name)
        self._keys = [InstrumentKey(key) for key in keys]
        self._rng = random.Random(seed)
        self._per_tick = per_tick
        self._quiet = folder / QUIET
        self._kinds = (*PASSING, *LASTING) if rests else PASSING

    def on_opportunity(self, opportunity: Any, desk: DeskView) -> Skipped:
        """Not its business."""
        return Skipped(opportunity.pair, "a dealer deals")

    def on_group_closed(self, closed: Any, desk: DeskView) -> Wish | None:
        """Nothing follows."""
        return None

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """Told to whoever reads the output."""
        print(f"refused {rule}", flush=True)

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Wish]:
        """Orders, changes, cancels."""
        own = desk.own_orders(self.name)
        resting = [each for each in own if each.state is OrderState.ACKED and not each.cancelling]
        if self._quiet.exists():
            return [CancelDraft(each.order.client_order_id, "quiet") for each in resting]
        wishes: list[Wish] = []
        for each in resting:
            chance = self._rng.random()
            if chance < 0.05 or (len(own) > OPEN_MAX and chance < 0.5):
                wishes.append(CancelDraft(each.order.client_order_id, "enough"))
            elif chance < 0.12 and not each.changing:
                order = each.order
                price = order.price_ticks - order.side.sign * max(1, order.price_ticks // 20_000)
                wishes.append(AmendDraft(order.client_order_id, price, order.lots))
        for key in self._keys:
            bid, ask = desk.top_ticks(key)
            if self._rng.random() < self._per_tick and bid and ask and not desk.halted(key, self.name):
                draft = self._draft(desk.instrument(key), bid, ask, now_ns)
                wishes.append(Proposal(self.name, Purpose.EXECUTE, (draft,), None))
        return wishes

    def _draft(self, instrument: Instrument, bid: int, ask: int, now_ns: int) -> LegDraft:
        rng = self._rng
        side, tif = rng.choice((Side.BUY, Side.SELL)), rng.choice(self._kinds)
        units = rng.choice((1, 1, 2))
        near, far = (bid, ask) if side is Side.BUY else (ask, bid)
        away = max(1, near // 20_000)
        if tif in PASSING:
            price = far + side.sign * away * rng.choice((0, 1, 4))
        else:
            price = near - side.sign * away * rng.choice((0, 0, 1, 4))
        return LegDraft(
            instrument_key=instrument.key,
            side=side,
            price_ticks=max(price, 1),
            lots=instrument.size_grid.steps(units * UNIT / instrument.contract_size),
            tif=tif,
            valid_until_ns=now_ns + VALID_NS if rng.random() < 0.5 else 0,
        )
