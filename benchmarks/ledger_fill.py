"""Rows `ledger_fill`: what the ledger takes for a fill, on spot and on a perpetual.

Ours is `Ledger.apply(fill)`: identity, double entry in exact decimals, position at average cost, facts.
Beside it the same sums and nothing else: two dictionaries and an average cost in plain `Decimal`, no
identity, no facts, rounding where it happens. The difference is what it costs that no fill is booked twice.
"""

from __future__ import annotations

import functools
from pathlib import Path

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, percentiles_text
from benchmarks.sides import OURS, Figures, Sides, in_turns

NAME = "ledger_fill"
UNIT = "us/fill, median"
BARE = "the bare sums"
KINDS = ("spot", "perpetual")


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row a kind of instrument."""
    return [row(sides, plan, kind) for kind in KINDS]


def row(sides: Sides, plan: Plan, kind: str) -> Row:
    """Medians of the rounds; the percentiles are in the conditions."""
    figures = in_turns((OURS, BARE), plan.rounds, functools.partial(turn, sides, plan, kind))
    ours, theirs = figures[OURS], figures[BARE]
    conditions = joined(
        f"ours: {percentiles_text(ours)} us",
        f"peer: {percentiles_text(theirs)} us",
        f"{ours[0]['fills']} fills of one {kind} instrument, each with a fee, in runs of three a side; "
        "a third of them close lots",
        f"{len(ours)} interleaved rounds, medians, cost of the clock taken off, gc on",
        f"{sides.about(OURS).partition(':')[0]}: Ledger.apply(Fill)",
    )
    return lower_is_better(
        f"{NAME} {kind}", median_of(ours, "p50"), UNIT, BARE, median_of(theirs, "p50"), conditions
    )


def turn(sides: Sides, plan: Plan, kind: str, name: str) -> Figures:
    """One measurement; both live in our own process."""
    return sides.process(OURS).ask(task=NAME, kind=kind, count=plan.fills, bare=name == BARE)
