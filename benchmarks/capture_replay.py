"""Row `capture_replay`: a recorded quarter of an hour of Binance spot, decoded and applied, frames a second.

Depth, best bid and offer, and trades as they came; lines are in memory before the clock starts.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from benchmarks.conditions import joined
from benchmarks.plan import Plan, recorded_capture
from benchmarks.rows import Row, Skipped, higher_is_better, median_of, without_peer
from benchmarks.sides import OURS, Figures, Sides

NAME = "capture_replay"
UNIT = "frames/s"
RIVALS = ("cryptofeed", "ccxt")


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row | Skipped]:
    """One row a rival, or a note where the capture is not on this machine."""
    capture = recorded_capture()
    if not capture.exists():
        return [Skipped(NAME, f"no {capture.name}; set TRIMARAN_DATA to the folder of recorded data")]
    path = folder / "recorded.txt"
    with gzip.open(capture) as packed, path.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    present = [OURS, *(name for name in RIVALS if not sides.missing(name))]
    figures = sides.interleaved(present, "throughput", path)
    return [row(sides, figures, name, capture.name) for name in RIVALS]


def row(sides: Sides, figures: dict[str, list[Figures]], rival: str, capture: str) -> Row:
    """Medians of the rounds of both sides."""
    ours = figures[OURS]
    value = median_of(ours, "frames_per_second")
    shape = f"{capture}: {ours[0]['frames']} frames of {ours[0]['frame_bytes']:.0f} B in memory"
    how = f"{len(ours)} interleaved rounds, medians, gc on"
    own = f"ours: cpu {median_of(ours, 'cpu_us'):.2f} us/frame"
    reason = sides.missing(rival)
    if reason:
        return without_peer(NAME, value, UNIT, reason, joined(own, shape, how, sides.about(OURS)))
    theirs = figures[rival]
    peer = f"peer: cpu {median_of(theirs, 'cpu_us'):.2f} us/frame"
    conditions = joined(own, peer, shape, how, sides.about(OURS), sides.about(rival))
    return higher_is_better(NAME, value, UNIT, rival, median_of(theirs, "frames_per_second"), conditions)
