"""What a market order would find: the exact lots and value, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from trimaran.venues.sim.tradable import Tradable

LEVELS_FIRST: Final = 16  # levels read at once; four times as many while it could take more


class Walked(msgspec.Struct, frozen=True, gc=False):
    """What stands there for an order. `ticks_lots` is the sum of price times size."""

    lots: int
    ticks_lots: int
    worst_ticks: int  # 0: nothing there
    complete: bool  # false: the book ends before the order does


def walk(
    tradable: Tradable,
    side: int,
    lots_wanted: int,
    value_max: int | None = None,
    own: Mapping[int, int] | None = None,
) -> Walked:
    """Walks the other side: at most so many lots, or (`value_max`, units) as many as that much money buys.

    `own` are lots at prices that the order would expire instead of meeting.
    """
    own = own or {}
    count = LEVELS_FIRST
    while True:
        levels = tradable.book.engine.depth(1 - side, count)
        walked = _walk(levels, tradable.value_unit, lots_wanted, value_max, own)
        if walked.complete or len(levels) < count:
            return walked
        count *= 4


def _walk(
    levels: list[tuple[int, int]],
    value_unit: int,
    lots_wanted: int,
    value_max: int | None,
    own: Mapping[int, int],
) -> Walked:
    lots = ticks_lots = worst = 0
    for ticks, displayed in levels:
        there = max(0, displayed - own.get(ticks, 0))
        take = there
        if value_max is None:
            take = min(take, lots_wanted - lots)
        else:
            take = min(take, (value_max // value_unit - ticks_lots) // ticks)
        if take > 0:
            lots += take
            ticks_lots += take * ticks
            worst = ticks
        if take < there or (value_max is None and lots == lots_wanted):
            return Walked(lots, ticks_lots, worst or ticks, True)
    return Walked(lots, ticks_lots, worst, False)
