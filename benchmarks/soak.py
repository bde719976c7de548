"""Rows `soak`: whether the memory of a desk grows while orders flow, and whether its p99 stays.

A desk sends hundreds of orders a second to a scripted venue for ten minutes, in segments of the smallest size
and with snapshots as often as the settings allow. The slope is that of a straight line through the resident
sets after the first quarter, by least squares: until then what is remembered for a time fills up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

from benchmarks.conditions import joined
from benchmarks.desks import FAST, SCRIPTED, scripted_venue, sound, trading_desk
from benchmarks.order_entry import own_version
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better
from benchmarks.sides import Figures, Sides
from benchmarks.simulated import simulator

NAME = "soak"
BOUND, MEGABYTES_A_MINUTE = "the bound of the project", 1.0
LEAST = 0.001  # a slope that is less, or falls, counts as this
PER_TICK = 50  # ten times a second
PARTS = 20  # the memory is read so often
MINUTES = 10  # that the p99 is told of
OPTIONS = "segment_mib = 1\nsnapshot_every_s = 10\nsnapshot_days = 0\nsegments_max = 64"
FIRST = 4  # of the parts: a quarter, and one more where they do not divide


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """The slope, and the largest p99 of a part beside the median one."""
    part_s = plan.soak_seconds / PARTS
    with (
        simulator(("binance",), ("BTC",)) as behind,
        scripted_venue(behind.told) as venue,
        trading_desk(folder / NAME, venue.addresses, SCRIPTED, FAST, options=OPTIONS) as desk,
    ):
        parts = [sound(desk.ask(task="pace", seconds=part_s, per_tick=PER_TICK)) for _ in range(PARTS)]
    return rows_of(sides, parts, part_s)


def rows_of(sides: Sides, parts: Sequence[Figures], part_s: float) -> list[Row]:
    """Two rows."""
    kept = list(parts[PARTS // FIRST :])
    megabytes = [float(part["megabytes"]) for part in kept]
    growth = slope([part_s / 60 * number for number in range(len(kept))], megabytes)
    costs = [float(part["p99"]) for part in kept]
    shape = (
        f"{PER_TICK * 10} orders/s for {part_s * PARTS:g} s against a scripted venue, journal up to segment "
        f"{parts[-1]['segment']} with snapshots every 10 s"
    )
    about = f"{own_version(sides)}: RunDesk, fast, uvloop"
    resident = f"resident {megabytes[0]:.1f} MB at first, {megabytes[-1]:.1f} MB at last"
    slopes = joined(f"{growth:+.3f} MB/min", resident, shape, about)
    by_part = " ".join(f"{cost:.0f}" for cost in costs)
    flat = joined(
        f"p99 by part: {by_part} us, of bursts of {PER_TICK}", "peer: the median part", shape, about
    )
    return [
        lower_is_better(
            f"{NAME} memory", max(growth, LEAST), "MB a minute", BOUND, MEGABYTES_A_MINUTE, slopes
        ),
        lower_is_better(f"{NAME} p99", max(costs), "us, worst part", "the median part", median(costs), flat),
    ]


def slope(places: Sequence[float], values: Sequence[float]) -> float:
    """Of the straight line that fits best."""
    middle, level = fmean(places), fmean(values)
    over = sum((place - middle) * (value - level) for place, value in zip(places, values, strict=True))
    return over / sum((place - middle) ** 2 for place in places)
