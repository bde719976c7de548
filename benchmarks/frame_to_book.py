"""Rows `frame_to_book`: what one frame of a channel costs, from bytes to an up-to-date book, from Python.

One row for each channel and peer: ccxt.pro, cryptofeed, and for Binance depth FLOX's C++ book under its
Python binding. A channel that a peer does not take has a row that says so.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.channels import CHANNELS, Channel
from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, percentiles_text, without_peer
from benchmarks.sides import OURS, Figures, Sides
from benchmarks.streams.capture import write_capture

NAME = "frame_to_book"
UNIT = "us/frame, median"
RIVALS = ("ccxt", "cryptofeed")
FLOX_CHANNEL = "binance.spot depth"


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row a channel and rival."""
    rows: list[Row] = []
    for channel in CHANNELS:
        path = folder / "channel.txt"
        stream = channel.stream(plan.seed, plan.channel_frames)
        write_capture(path, stream, channel.market, channel.step_ns)
        rivals = (*RIVALS, "flox") if channel.key == FLOX_CHANNEL else RIVALS
        reasons = {name: channel.absent.get(name) or sides.missing(name) for name in rivals}
        present = [OURS, *(name for name in rivals if not reasons[name])]
        figures = sides.interleaved(present, "latency", path, channel.key)
        rows += [row(sides, channel, figures, name, reasons[name]) for name in rivals]
        path.unlink()
    return rows


def row(
    sides: Sides, channel: Channel, figures: dict[str, list[Figures]], rival: str, reason: str | None
) -> Row:
    """Medians of the rounds of both sides; the percentiles are in the conditions."""
    name = f"{NAME} {channel.key}"
    ours = figures[OURS]
    value = median_of(ours, "p50")
    shape = f"{ours[0]['frames']} frames of {ours[0]['frame_bytes']:.0f} B, {channel.levels}"
    how = f"{len(ours)} interleaved rounds, medians, cost of the clock taken off, gc on"
    own = f"ours: {text(ours)}, with a scan of 2 books"
    about = sides.about(OURS, channel.key)
    if reason:
        return without_peer(name, value, UNIT, reason, joined(own, shape, how, about))
    theirs = figures[rival]
    peer = f"peer: {text(theirs)}"
    conditions = joined(own, peer, shape, how, about, sides.about(rival, channel.key))
    return lower_is_better(name, value, UNIT, rival, median_of(theirs, "p50"), conditions)


def text(repeats: list[Figures]) -> str:
    """Percentiles, and processor time a frame over a loop without the clock."""
    return f"{percentiles_text(repeats)} us, cpu {median_of(repeats, 'cpu_us'):.2f} us/frame"
