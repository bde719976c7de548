"""Rows `simulator_throughput`: requests a second that a simulated venue matches and acknowledges on the wire.

The clients are bare connections with prepared texts, several in flight on each, so that the simulator's own
process is what there is to wait for. Four orders of seven match at once, the others rest and are cancelled.
"""

from __future__ import annotations

import functools
import itertools
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.conditions import joined
from benchmarks.order_entry import own_version
from benchmarks.plan import Plan
from benchmarks.rows import Row, median_of, percentiles_text, without_peer
from benchmarks.sides import OURS, Figures, Sides, in_turns
from benchmarks.simulated import Simulated, simulator

NAME = "simulator_throughput"
UNIT = "requests acknowledged/s"
MARKETS = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap", "htx.spot", "htx.swap")
CONNECTIONS, WINDOW = 4, 8
NO_PEER = "no peer: none of the other libraries has a simulator that speaks the venues' protocols"
RATE = 0.1  # of the market's usual rate: somebody has to trade with


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row a market."""
    epochs = itertools.count(1, CONNECTIONS)  # client ids: each connection has its own
    rows = []
    with simulator(("binance", "okx", "htx"), ("BTC",), RATE) as venue:
        for market in MARKETS:
            turn = functools.partial(one_load, sides, plan, venue, epochs)
            rows.append(row(sides, market, in_turns([market], plan.order_rounds, turn)[market]))
    return rows


def one_load(sides: Sides, plan: Plan, venue: Simulated, epochs: Iterator[int], market: str) -> Figures:
    """One load, with what the simulator's process used for it, and what it matched.

    Raises:
        ValueError: nothing was matched, so the load was not what it says.
    """
    fills, began_s = fills_of(venue, market), venue.cpu_s()
    request = {"told": venue.told, "market": market, "connections": CONNECTIONS, "window": WINDOW}
    numbers = {"count": plan.load_orders, "epoch": next(epochs)}
    figures = sides.process(OURS).ask(task="load", **request, **numbers)
    used_s = venue.cpu_s() - began_s
    fills = fills_of(venue, market) - fills
    if not fills:
        raise ValueError(f"{market}: expected orders that match, found none")
    return figures | {"server_cpu_us": used_s / figures["requests"] * 1e6, "fills": fills}


def fills_of(venue: Simulated, market: str) -> int:
    """How often the demo account has traded, by the simulator's own books."""
    url = f"{venue.told['admin']}/account?venue={market.partition('.')[0]}&fills=10000000"
    with urllib.request.urlopen(url) as answer:
        books: dict[str, Any] = json.load(answer)
    return len(books[market]["fills"])


def row(sides: Sides, market: str, turns: list[Figures]) -> Row:
    """Medians of the rounds."""
    first = turns[0]
    conditions = joined(
        f"acknowledgements: {percentiles_text(turns)} us",
        f"{first['requests']} requests: {first['orders']} orders, of which four of seven match at once "
        f"({first['fills']} fills), the others rest and are cancelled",
        f"{CONNECTIONS} connections with {WINDOW} in flight each, prepared and signed texts, bare picows",
        f"cpu of the simulator {median_of(turns, 'server_cpu_us'):.0f} us/request, of the client "
        f"{median_of(turns, 'client_cpu_us'):.0f} us/request, each a process; limits off",
        f"{len(turns)} rounds, medians; {own_version(sides)}: trimaran simulate",
    )
    value = median_of(turns, "per_second")
    return without_peer(f"{NAME} {market}", value, UNIT, NO_PEER, conditions)
