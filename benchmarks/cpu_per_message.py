"""Row `cpu_per_message`: processor time a message over a mix of tickers, trades and depth frames.

The mix has the proportions of a recorded hour but is generated, so that it exists on every machine.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, without_peer
from benchmarks.sides import OURS, Sides
from benchmarks.streams.binance import MIX, mixed_stream
from benchmarks.streams.capture import write_capture

NAME = "cpu_per_message"
UNIT = "us cpu/message"
RIVAL = "ccxt"


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row."""
    path = write_capture(folder / "mixed.txt", mixed_stream(plan.seed, plan.mixed_frames))
    reason = sides.missing(RIVAL)
    figures = sides.interleaved([OURS] if reason else [OURS, RIVAL], "throughput", path)
    ours = figures[OURS]
    value = median_of(ours, "cpu_us")
    shares = ", ".join(f"{MIX.count(kind) / len(MIX):.0%} {kind}" for kind in dict.fromkeys(MIX))
    shape = f"{ours[0]['frames']} messages of {ours[0]['frame_bytes']:.0f} B ({shares})"
    how = f"process time of a tight loop, {len(ours)} interleaved rounds, medians, gc on"
    if reason:
        return [without_peer(NAME, value, UNIT, reason, joined(shape, how, sides.about(OURS)))]
    conditions = joined(shape, how, sides.about(OURS), sides.about(RIVAL))
    return [lower_is_better(NAME, value, UNIT, RIVAL, median_of(figures[RIVAL], "cpu_us"), conditions)]
