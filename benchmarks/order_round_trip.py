"""Rows `order_round_trip`: from `send_now` to the acknowledgement, over the line of a simulated venue.

Ours is the whole way of production: governor, signature, line, socket, reading, the fold of the account,
until `OrderAcked` is told. In the same turn go an order by the patient way (`place`, a task and a future), a
prepared text of the same order over a bare connection, which shows the venue's own share, and an echo of as
many bytes from a bare server, which shows the kernel's.
One request is in flight at a time; every order is cancelled before the next one, which is not timed.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.conditions import joined
from benchmarks.order_entry import own_version
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, percentiles_text, ratio, without_peer
from benchmarks.sides import OURS, Figures, SideProcess, Sides, in_turns, title
from benchmarks.simulated import simulator

NAME = "order_round_trip"
UNIT = "us to the acknowledgement, median"
BARE = "bare picows echo"
RIVAL = "ccxt"
MARKETS = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap", "htx.spot", "htx.swap")
CCXT_MARKETS = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap")
EPOCHS_A_TURN = 2  # client ids: orders of ours, and prepared ones


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """Two rows a market: beside the echo, and beside ccxt where it has orders over WebSocket."""
    missing = sides.missing(RIVAL)
    epochs = itertools.count(1, EPOCHS_A_TURN)
    rows: list[Row] = []
    echo = SideProcess(Path(sys.executable), "echo_server.py")
    try:
        url = f"ws://127.0.0.1:{echo.answer()['port']}/"
        with simulator(("binance", "okx", "htx"), ("BTC",)) as venue:
            for market in MARKETS:
                reason = missing if market in CCXT_MARKETS else "ccxt has no orders over HTX's WebSockets"
                names = [OURS] if reason else [OURS, RIVAL]
                turn = Turn(sides, plan, venue.told, market, url, epochs)
                figures = in_turns(names, plan.order_rounds, turn)
                rows += market_rows(sides, market, figures, reason)
    finally:
        echo.close()
    return rows


class Turn:
    """One measurement of one side."""

    def __init__(
        self,
        sides: Sides,
        plan: Plan,
        told: Mapping[str, Any],
        market: str,
        echo: str,
        epochs: Iterator[int],
    ) -> None:
        self._sides = sides
        self._request = {"told": told, "market": market, "count": plan.order_trips}
        self._echo = echo
        self._epochs = epochs

    def __call__(self, name: str) -> Figures:
        """Asks it."""
        own = {"echo": self._echo, "epoch": next(self._epochs)} if name == OURS else {}
        return self._sides.process(name).ask(task="round_trip", **self._request, **own)


def market_rows(
    sides: Sides, market: str, figures: Mapping[str, list[Figures]], reason: str | None
) -> list[Row]:
    """Medians of the rounds; the percentiles are in the conditions."""
    ours = figures[OURS]
    name, value, bare = f"{NAME} {market}", median_of(ours, "p50"), median_of(ours, "p50_bare")
    own = f"ours: {percentiles_text(ours)} us"
    venue = f"the same order prepared, over bare picows: {percentiles_text(ours, '_raw')} us"
    patient = f"by the patient way: {percentiles_text(ours, '_patient')} us"
    cpu_us = f"{median_of(ours, 'cpu_us'):.0f} us"
    cpu = f"processor time of an order and its cancel, with pushes and sockets: {cpu_us}"
    echo = f"bare echo: {percentiles_text(ours, '_bare')} us"
    shape = (
        f"{ours[0]['orders']} orders of {ours[0]['bytes']} B after a warm-up, one in flight, each cancelled "
        "before the next; the venue is a simulator in another process, its market all but still"
    )
    how = f"{len(ours)} interleaved rounds, medians; uvloop"
    about = f"{own_version(sides)}: AccountClient.send_now until OrderAcked is told, private lines subscribed"
    first = joined(own, patient, cpu, venue, echo, shape, how, about)
    beside_echo = Row(name, value, UNIT, BARE, bare, ratio(bare, value), first)
    if reason:
        return [beside_echo, without_peer(name, value, UNIT, reason, joined(own, venue, shape, how, about))]
    theirs = figures[RIVAL]
    peer = (
        f"peer: {percentiles_text(theirs)} us with orders and balances watched, "
        f"{percentiles_text(theirs, '_unwatched')} us with nothing else to do"
    )
    path = f"{sides.about(RIVAL).partition(':')[0]}: await create_order_ws, asyncio"
    conditions = joined(own, peer, venue, shape, how, about, path)
    rival = lower_is_better(name, value, UNIT, title(RIVAL), median_of(theirs, "p50"), conditions)
    return [beside_echo, rival]
