"""Rows `kill_storm`: a kill in the middle of five hundred orders a second, by wall clock.

A desk in one process trades at simulated venues in another; this process writes the request file, as
`trimaran kill` does. Every figure counts from before the file is written: to the last order that went to a
socket, to the end of the last order as its venue told it, and to the proof that nothing is open, which waits
for as long as a venue may show an order late. The peer of each is the bound that the project has set itself.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.conditions import joined
from benchmarks.order_entry import own_version
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better
from benchmarks.sides import Figures, SideFailedError, SideProcess, Sides
from benchmarks.simulated import simulator
from trimaran.live.kill_files import KillFiles, KillRequest

NAME = "kill_storm"
BOUND = "the bound of the project"
MARKETS = ("binance.usdm", "okx.swap", "htx.swap")
ROUNDS_EACH = 10  # of each of the plan's rounds
STORM_S = 2.4
KILL_AFTER_S = 1.2
MS_IN_NS = 1_000_000
LEAST_MS = 0.001  # an order that left before the kill counts as this
LAST_MS, CANCELLED_MS = 100.0, 2_000.0
EPOCH = 9_000


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """Three rows: the last order, the last cancel, the proof."""
    state = folder / NAME
    state.mkdir()
    desk = SideProcess(Path(sys.executable), "kill_storm_desk.py")
    try:
        with simulator(("binance", "okx", "htx"), ("BTC",)) as venue:
            desk.ask(task="ready", told=venue.told, markets=MARKETS, folder=str(state), epoch=EPOCH)
            killed(desk, state, -1)  # warms up
            rounds = [killed(desk, state, number) for number in range(plan.order_rounds * ROUNDS_EACH)]
    finally:
        desk.close()
    return rows_of(sides, rounds)


def killed(desk: SideProcess, state: Path, number: int) -> Figures:
    """One storm and one kill; times in milliseconds after the beginning of the request.

    Raises:
        SideFailedError: something was open at the end, or left although it should not have.
    """
    desk.ask(task="prepare", seconds=STORM_S)
    desk.tell(task="storm", seconds=STORM_S)
    time.sleep(KILL_AFTER_S + random.random() / 10)
    began_ns = time.time_ns()
    request = KillRequest(actor="benchmark", reason="in the storm", local_ns=began_ns)
    KillFiles(state).drop(f"{number + 1:06d}", request)
    figures = desk.answer()
    if not figures["proved"] or figures["breaches"]:
        raise SideFailedError(f"expected that all is cancelled and no breach, found {figures}")
    return {
        name: max((figures[f"{name}_ns"] - began_ns) / MS_IN_NS, LEAST_MS)
        for name in ("committed", "last_order", "ended", "proved")
    } | {"orders": figures["orders"]}


def rows_of(sides: Sides, rounds: Sequence[Figures]) -> list[Row]:
    """The 99th percentile of each figure, beside its bound."""
    orders = median(each["orders"] for each in rounds)
    shape = (
        f"{len(rounds)} kills by file, each {KILL_AFTER_S} s into a storm of 500 orders/s of four strategies "
        f"on {', '.join(MARKETS)} ({orders:,.0f} orders a round), venues in another process with limits off"
    )
    about = f"{own_version(sides)}: uvloop; from before the request file is written; file polled every 20 ms"
    flag = f"the flag stood after {text_of(rounds, 'committed')} ms"
    lag = "the proof waits 1 s, for as long as a venue may show an order late"
    rows = []
    for name, key, bound, more in (
        ("last order", "last_order", LAST_MS, flag),
        ("all cancelled", "ended", CANCELLED_MS, "as the venues told it"),
        ("proved", "proved", CANCELLED_MS, lag),
    ):
        conditions = joined(f"{text_of(rounds, key)} ms", more, shape, about)
        value = percentile([each[key] for each in rounds], 0.99)
        rows.append(lower_is_better(f"{NAME} {name}", value, "ms, p99", BOUND, bound, conditions))
    return rows


def text_of(rounds: Sequence[Figures], key: str) -> str:
    """Percentiles of one figure."""
    values = [each[key] for each in rounds]
    return f"p50 {percentile(values, 0.5):.2f} p99 {percentile(values, 0.99):.2f} max {max(values):.2f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
