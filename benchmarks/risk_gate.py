"""Rows `risk_gate`: what all rules of risk cost together, with a desk as it is on a busy day.

`rules` is one call of the core from Python: all rules, none of which refuses. `order` is the whole judgement:
an order and a quote in, an approval out. `life` is what risk does with an approved order from its record to
its end. The peer is the twin in plain Python, which keeps the same sums and asks the same rules.
"""

from __future__ import annotations

import functools
from pathlib import Path

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, percentiles_text
from benchmarks.sides import OURS, Figures, Sides, in_turns

NAME = "risk_gate"
UNIT = "us/order, median"
TWIN = "plain Python twin"
INSTRUMENTS = 60
OPEN_ORDERS = 200
TWIN_SHARE = 20  # it judges so many times fewer
KINDS = {
    "core": ("rules", "RiskCore.judge: every rule in one call, none refuses"),
    "desk": ("order", "RiskDesk.judge: OrderRequest and Quote in, Approved out"),
    "life": ("life", "RiskDesk.open and the end of the order"),
}


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row a kind of call."""
    return [row(sides, plan, what) for what in KINDS]


def row(sides: Sides, plan: Plan, what: str) -> Row:
    """Medians of the rounds; the percentiles are in the conditions."""
    figures = in_turns((OURS, TWIN), plan.rounds, functools.partial(turn, sides, plan, what))
    ours, theirs = figures[OURS], figures[TWIN]
    name, about = KINDS[what]
    conditions = joined(
        f"ours: {percentiles_text(ours)} us",
        f"peer: {percentiles_text(theirs)} us",
        f"{INSTRUMENTS} instruments of six markets, {OPEN_ORDERS} open orders, limits at every scope",
        about,
        f"{len(ours)} interleaved rounds, medians, cost of the clock taken off, gc on",
        sides.about(OURS).partition(":")[0],
    )
    return lower_is_better(
        f"{NAME} {name}", median_of(ours, "p50"), UNIT, TWIN, median_of(theirs, "p50"), conditions
    )


def turn(sides: Sides, plan: Plan, what: str, name: str) -> Figures:
    """One measurement; both live in our own process."""
    twin = name == TWIN
    count = plan.judgements // (TWIN_SHARE if twin else 1)
    return sides.process(OURS).ask(
        task=NAME, what=what, instruments=INSTRUMENTS, open_orders=OPEN_ORDERS, count=count, twin=twin
    )
