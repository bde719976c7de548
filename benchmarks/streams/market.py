"""A market that wanders: levels appear, change and vanish as an exchange could have had them.

The book is never crossed, its best levels are always there, and only levels that exist are removed. Prices
are ticks, sizes are lots; the module of a venue writes them down.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec

Levels = dict[int, int]  # lots by ticks
Changes = list[tuple[int, int]]  # (ticks, lots), the best price first; 0 lots: removed


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How large and how lively a market is."""

    start_ticks: int
    lots_max: int
    changes_min: int  # levels that change in a step, a side
    changes_max: int
    touched: int  # and how many from the top may be among them
    levels: int = 1_000  # a side at the start
    window: int | None = None  # how many of the best the venue tells; None: all


class Market:
    """One market; a pure function of the seed."""

    def __init__(self, seed: int, shape: Shape) -> None:
        self.random = random.Random(seed)
        self.shape = shape
        self.ask_ticks = shape.start_ticks
        start = shape.start_ticks
        self._bids = {start - 1 - depth: self.lots() for depth in range(shape.levels)}
        self._asks = {start + depth: self.lots() for depth in range(shape.levels)}
        self.bids = self._told(self._bids, best_is_high=True)  # what the venue tells of
        self.asks = self._told(self._asks, best_is_high=False)

    def step(self) -> tuple[Changes, Changes]:
        """Moves on; what has changed in the bids and in the asks that the venue tells of."""
        move = self.random.choice((-2, -1, 0, 0, 0, 0, 0, 0, 1, 2))
        self.ask_ticks += move
        changed_bids = self._change(self._bids, self.ask_ticks - 1, -1, move)
        changed_asks = self._change(self._asks, self.ask_ticks, 1, -move)
        if self.shape.window is not None:
            bids, asks = self.bids, self.asks
            self.bids = self._told(self._bids, best_is_high=True)
            self.asks = self._told(self._asks, best_is_high=False)
            changed_bids, changed_asks = differences(bids, self.bids), differences(asks, self.asks)
        return sorted(changed_bids.items(), reverse=True), sorted(changed_asks.items())

    def lots(self) -> int:
        """Some size."""
        return self.random.randint(1, self.shape.lots_max)

    def _told(self, levels: Levels, best_is_high: bool) -> Levels:
        if self.shape.window is None:
            return levels
        return {ticks: levels[ticks] for ticks in sorted(levels, reverse=best_is_high)[: self.shape.window]}

    def _change(self, levels: Levels, best: int, away: int, improved: int) -> Levels:
        """Levels that the move of the market forces, then touches near the top; the best stays filled."""
        passed = (best - away * (step + 1) for step in range(-improved))
        forced = [ticks for ticks in passed if ticks in levels]
        forced += [best + away * step for step in range(improved)]
        forced += [] if best in levels or improved > 0 else [best]
        changes = {ticks: 0 if (ticks - best) * away < 0 else self.lots() for ticks in forced}
        wanted = self.shape.changes_min
        if wanted < self.shape.changes_max:
            wanted = self.random.randint(wanted, self.shape.changes_max)
        while len(changes) < wanted:
            ticks = best + away * self.random.randrange(self.shape.touched)
            if ticks not in changes:
                removed = ticks != best and ticks in levels and self.random.random() < 0.3
                changes[ticks] = 0 if removed else self.lots()
        for ticks, lots in changes.items():
            if lots:
                levels[ticks] = lots
            else:
                levels.pop(ticks, None)
        return changes


def differences(before: Mapping[int, int], after: Mapping[int, int]) -> Levels:
    """What turns one side into the other; 0 lots where a level is gone, or is not told of any more."""
    changes = {ticks: lots for ticks, lots in after.items() if before.get(ticks) != lots}
    changes.update((ticks, 0) for ticks in before if ticks not in after)
    return changes


def decimal_text(steps: int, places: int) -> str:
    """Steps of 10**-places as a decimal with all its places."""
    whole, rest = divmod(steps, 10**places)
    return f"{whole}.{rest:0{places}d}"


def short_text(steps: int, places: int) -> str:
    """The same without zeros at the end."""
    return decimal_text(steps, places).rstrip("0").rstrip(".")
