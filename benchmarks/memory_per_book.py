"""Row `memory_per_book`: growth of the resident set for each book of 1000 + 1000 levels.

A fresh process for every measurement: memory that another task freed would otherwise hide the growth.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, without_peer
from benchmarks.sides import OURS, Figures, Sides, in_turns
from benchmarks.streams.binance import LEVELS, depth_stream
from benchmarks.streams.capture import write_capture

NAME = "memory_per_book"
UNIT = "kB/book"
KEY = "bytes_per_book"
RIVAL = "ccxt"
FRAMES = 100  # lived through by each book before it is weighed


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row."""
    path = write_capture(folder / "snapshot.txt", depth_stream(plan.seed, FRAMES))
    reason = sides.missing(RIVAL)
    names = [OURS] if reason else [OURS, RIVAL]
    figures = in_turns(names, plan.memory_rounds, lambda name: grown(sides, name, path, plan.books))
    value = median_of(figures[OURS], KEY) / 1e3
    shape = (
        f"{plan.books} books of {LEVELS}+{LEVELS} levels, each from a REST snapshot and {FRAMES} depth frames"
    )
    how = f"{plan.memory_rounds} interleaved rounds in fresh processes, medians"
    if reason:
        return [without_peer(NAME, value, UNIT, reason, joined(shape, how, sides.about(OURS)))]
    conditions = joined(shape, how, sides.about(OURS), sides.about(RIVAL))
    return [lower_is_better(NAME, value, UNIT, RIVAL, median_of(figures[RIVAL], KEY) / 1e3, conditions)]


def grown(sides: Sides, name: str, path: Path, books: int) -> Figures:
    """One measurement in a process of its own."""
    process = sides.start(name)
    try:
        return process.ask(task="memory", path=str(path), books=books)
    finally:
        process.close()
