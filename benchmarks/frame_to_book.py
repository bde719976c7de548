"""Row `frame_to_book`: what one Binance depth frame costs, from bytes to an up-to-date book, from Python.

Beside ccxt.pro, and beside FLOX's C++ book under its Python binding.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.conditions import joined
from benchmarks.frames import LEVELS, depth_stream, write_capture
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, percentiles_text, without_peer
from benchmarks.sides import OURS, Figures, Sides

NAME = "frame_to_book"
UNIT = "us/frame, median"
RIVALS = ("ccxt", "flox")


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row a rival."""
    path = write_capture(folder / "depth.txt", depth_stream(plan.seed, plan.depth_frames))
    present = [OURS, *(name for name in RIVALS if not sides.missing(name))]
    figures = sides.interleaved(present, "latency", path)
    return [row(sides, figures, name) for name in RIVALS]


def row(sides: Sides, figures: dict[str, list[Figures]], rival: str) -> Row:
    """Medians of the rounds of both sides; the percentiles are in the conditions."""
    ours = figures[OURS]
    value = median_of(ours, "p50")
    shape = f"{ours[0]['frames']} frames of {ours[0]['frame_bytes']:.0f} B, {LEVELS}+{LEVELS} levels at start"
    how = f"{len(ours)} interleaved rounds, medians, cost of the clock taken off, gc on"
    own = f"ours: {text(ours)}"
    reason = sides.missing(rival)
    if reason:
        return without_peer(NAME, value, UNIT, reason, joined(own, shape, how, sides.about(OURS)))
    theirs = figures[rival]
    conditions = joined(own, f"peer: {text(theirs)}", shape, how, sides.about(OURS), sides.about(rival))
    return lower_is_better(NAME, value, UNIT, rival, median_of(theirs, "p50"), conditions)


def text(repeats: list[Figures]) -> str:
    """Percentiles, and processor time a frame over a loop without the clock."""
    return f"{percentiles_text(repeats)} us, cpu {median_of(repeats, 'cpu_us'):.2f} us/frame"
