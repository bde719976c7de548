"""Rows `desk_60`: processor time and memory of a desk that watches and trades sixty instruments.

Ten assets in six markets of simulated venues; the desk is all of `trimaran run`, with books, tickers and
trades of every instrument and ten IOC orders a second over all of them. NautilusTrader has no HTX, and its
private side reaches no simulator of ours whole, so it watches the books of the forty instruments of Binance
and OKX, and trades nothing; beside it our desk watches and trades the same forty.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.conditions import joined
from benchmarks.desks import FAST, trading_desk
from benchmarks.order_entry import own_version
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, without_peer
from benchmarks.sides import OURS, Figures, Sides, in_turns, interpreter, not_built, title
from benchmarks.simulated import simulator
from benchmarks.watch_books import ASSETS, NOT_HTX, RATE, SIX, Case, seen, watched

NAME = "desk_60"
RIVAL = "nautilus"
NO_PEER = "no peer trades against these simulators whole"
PER_TICK = 1  # order, ten times a second
UNITS = (("cpu", "cpu_percent", "% of a core"), ("memory", "megabytes", "MB resident"))
WATCHED = Case(RIVAL, NOT_HTX, True, "Binance and OKX, spot and perpetuals")


class Watched(msgspec.Struct, frozen=True):
    """How many instruments, and who else."""

    markets: tuple[str, ...]
    rival: str | None


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """Two rows for all markets, and two for those that the peer has."""
    numbers = itertools.count()
    rows: list[Row] = []
    with simulator(("binance", "okx", "htx"), ASSETS[: plan.watched_assets], RATE) as venue:
        for case in (Watched(SIX, None), Watched(NOT_HTX, RIVAL)):
            built = case.rival is not None and interpreter(case.rival).exists()

            def turn(name: str, case: Watched = case) -> Figures:
                if name == OURS:
                    return traded(plan, folder / f"{NAME}-{next(numbers)}", venue.told, case.markets)
                return watched(plan, venue.told, WATCHED, name)

            names = [OURS, RIVAL] if built else [OURS]
            figures = in_turns(names, plan.watch_rounds, turn, warm_up=0)
            reason = NO_PEER if case.rival is None else None if built else not_built(case.rival)
            rows += [row(sides, plan, case, figures, reason, *unit) for unit in UNITS]
    return rows


def traded(plan: Plan, folder: Path, told: Mapping[str, Any], markets: Sequence[str]) -> Figures:
    """One fresh desk."""
    assets = ASSETS[: plan.watched_assets]
    with trading_desk(folder, told, markets, FAST, assets, markets) as desk:
        figures = desk.ask(task="pace", seconds=plan.watch_seconds, per_tick=PER_TICK)
        return figures | {"live": len(assets) * len(markets)}


def row(
    sides: Sides,
    plan: Plan,
    case: Watched,
    figures: Mapping[str, list[Figures]],
    reason: str | None,
    what: str,
    key: str,
    unit: str,
) -> Row:
    """Medians of the rounds."""
    ours = figures[OURS]
    name = f"{NAME} {len(case.markets) * plan.watched_assets} instruments {what}"
    value = median_of(ours, key)
    parts = [
        f"ours: {seen(ours)}, {median_of(ours, 'rate'):.1f} orders/s",
        f"{plan.watch_seconds:g} s from when every market takes orders; books, tickers and trades of all",
        "the venues are simulators in one other process, on loopback",
        f"{own_version(sides)}: RunDesk, fast, risk and journal on",
    ]
    if reason is not None:
        return without_peer(name, value, unit, reason, joined(*parts))
    theirs = figures[RIVAL]
    parts.insert(1, f"peer, books alone and no orders: {seen(theirs)}")
    conditions = joined(*parts, str(theirs[0]["about"]))
    return lower_is_better(name, value, unit, title(RIVAL), median_of(theirs, key), conditions)
