"""Rows `watch_books`: processor time and memory of watching live books, beside those who watch the same ones.

Simulators of all venues run in one process. Each side is a fresh process that connects to them, is measured
alone from the moment when all of its books are live, and is asked for its processor time, its resident set
and the messages that have changed a book: as many a second for every side, as the conditions show.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, without_peer
from benchmarks.sides import OURS, Figures, SideProcess, Sides, in_turns, interpreter, not_built, title
from benchmarks.simulated import simulator

NAME = "watch_books"
ASSETS = ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "LTC", "AVAX", "LINK")
SIX = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap", "htx.spot", "htx.swap")
NOT_HTX = SIX[:4]
RATE = 1.0  # of the simulated market


class Case(msgspec.Struct, frozen=True):
    """Who watches what."""

    rival: str
    markets: tuple[str, ...]
    books_only: bool
    why: str

    def text(self, plan: Plan) -> str:
        """What the rows are called."""
        channels = "books" if self.books_only else "books with tops and trades"
        return f"{NAME} {len(self.markets) * plan.watched_assets} {channels}"


CASES = (
    Case("ccxt", SIX, True, "all three venues, spot and perpetuals"),
    Case(
        "ccxt", SIX, False, "all three venues, spot and perpetuals; best bid and offer, and trades, as well"
    ),
    Case("nautilus", NOT_HTX, True, "Binance and OKX, spot and perpetuals: NautilusTrader has no HTX"),
)
UNITS = (("cpu", "cpu_percent", "% of a core"), ("memory", "megabytes", "MB resident"))


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """Two rows a case."""
    rows: list[Row] = []
    with simulator(("binance", "okx", "htx"), ASSETS[: plan.watched_assets], RATE) as venue:
        for case in CASES:
            built = interpreter(case.rival).exists()
            names = [OURS, case.rival] if built else [OURS]
            turn = functools.partial(watched, plan, venue.told, case)
            figures = in_turns(names, plan.watch_rounds, turn, warm_up=0)
            rows += [
                row(plan, case, figures, None if built else not_built(case.rival), *unit) for unit in UNITS
            ]
    return rows


def watched(plan: Plan, told: Mapping[str, Any], case: Case, name: str) -> Figures:
    """One measurement in a process of its own."""
    process = SideProcess(interpreter(name), f"watch_{name}.py")
    try:
        return process.ask(
            told=told,
            markets=case.markets,
            assets=ASSETS[: plan.watched_assets],
            seconds=plan.watch_seconds,
            books_only=case.books_only,
        )
    finally:
        process.close()


def row(
    plan: Plan,
    case: Case,
    figures: Mapping[str, list[Figures]],
    reason: str | None,
    what: str,
    key: str,
    unit: str,
) -> Row:
    """Medians of the rounds."""
    name, value = f"{case.text(plan)} {what}", median_of(figures[OURS], key)
    how = (
        f"{plan.watch_seconds:g} s from when all books are live, each side in {len(figures[OURS])} fresh "
        "process(es), alone; the venues are simulators in one other process, on loopback"
    )
    parts = [f"ours: {seen(figures[OURS])}", case.why, how, str(figures[OURS][0]["about"])]
    if reason:
        return without_peer(name, value, unit, reason, joined(*parts))
    theirs = figures[case.rival]
    parts.insert(1, f"peer: {seen(theirs)}")
    conditions = joined(*parts, str(theirs[0]["about"]))
    return lower_is_better(name, value, unit, title(case.rival), median_of(theirs, key), conditions)


def seen(turns: list[Figures]) -> str:
    """What a side has used, and what it saw for it."""
    return (
        f"{median_of(turns, 'cpu_percent'):.2f} % of a core, {median_of(turns, 'megabytes'):.0f} MB, "
        f"{median_of(turns, 'updates_per_second'):.0f} changes of books/s, "
        f"{turns[0]['live']} books live at the end"
    )
