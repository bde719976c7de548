"""Rows `orders_per_second`: sustained through intent, risk, journal, venue and acknowledgement, over sockets.

The desk is all of `trimaran run` with `fast`, in one process; a strategy keeps a window of IOC orders under
way, and asks for the next one when the end of one is known. Two venues: a scripted one that answers at once,
so that the desk is what is measured; and a simulator with its limits off, which matches, books and pushes.
Both are other processes. The time of an order is from the decision to its known end.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.conditions import joined
from benchmarks.desks import FAST, SCRIPTED, TRADED, scripted_venue, sound, trading_desk
from benchmarks.order_entry import own_version
from benchmarks.plan import Plan
from benchmarks.rows import Row, higher_is_better, median_of, percentiles_text
from benchmarks.sides import Figures, Sides, in_turns
from benchmarks.simulated import simulator

NAME = "orders_per_second"
UNIT = "orders/s"
BOUND, ORDERS_A_SECOND = "the bound of the project", 10_000.0
WINDOW = 24  # orders under way: 2.4 ms each at the rate of the bound
AT_ONCE, SIMULATED = "scripted venue", "simulated venue"


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row a venue."""
    numbers = itertools.count()
    with simulator(("binance",), ("BTC",)) as behind, scripted_venue(behind.told) as venue:
        addresses: dict[str, Mapping[str, Any]] = {AT_ONCE: venue.addresses, SIMULATED: behind.told}

        def turn(name: str) -> Figures:
            place = folder / f"{NAME}-{next(numbers)}"
            return flooded(plan, place, addresses[name], SCRIPTED if name == AT_ONCE else (TRADED,))

        figures = in_turns(tuple(addresses), plan.order_rounds, turn, warm_up=0)  # each desk warms up
    return [row(sides, name, figures[name]) for name in addresses]


def flooded(plan: Plan, folder: Path, addresses: Mapping[str, Any], markets: Sequence[str]) -> Figures:
    """A fresh desk for some seconds."""
    with trading_desk(folder, addresses, markets, FAST) as desk:
        return sound(desk.ask(task="flood", seconds=plan.flood_seconds, window=WINDOW))


def row(sides: Sides, name: str, figures: list[Figures]) -> Row:
    """Medians of the rounds."""
    conditions = joined(
        f"decision to known end: {percentiles_text(figures)} us",
        f"processor time of the desk: {median_of(figures, 'cpu_us'):.0f} us an order, "
        f"{median_of(figures, 'cpu_percent'):.0f} % of a core",
        f"{WINDOW} IOC orders under way, {figures[0]['orders']} orders a round, {len(figures)} fresh desks",
        "risk, journal, Knight check, kill flags on; fast; loopback, uvloop",
        f"{own_version(sides)}: RunDesk",
    )
    rate = median_of(figures, "rate")
    return higher_is_better(f"{NAME} {name}", rate, UNIT, BOUND, ORDERS_A_SECOND, conditions)
