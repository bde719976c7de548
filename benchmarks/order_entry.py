"""Rows `order_entry`: what an order costs to write and to sign, for each market and each way that it can go.

Ours is `MarketDialect.write_order` for the order line and `write` for REST, from an approved order to the
text or the request that a shell sends. The peer is ccxt's own path for the same order, from the arguments of
`create_order` on. Instruments and keys are made once; every order has another price, size and id.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, percentiles_text, without_peer
from benchmarks.sides import OURS, Figures, Sides, in_turns, title
from benchmarks.simulated import simulator

NAME = "order_entry"
UNIT = "us/order, median"
RIVAL = "ccxt"
MARKETS = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap", "htx.spot", "htx.swap")
NO_LINE = "ccxt has no orders over HTX's WebSockets"
NO_LOGIN = "ccxt signs each request of Binance's WebSocket API, and logs no connection in"
SIGNED = {"binance": "each request is signed (HMAC)"}
LOGGED_IN = "the line has logged in"


class Way(msgspec.Struct, frozen=True):
    """One market and one transport."""

    market: str
    name: str  # line, login (a line that has logged in with an Ed25519 key) or rest
    absent: str | None = None  # why the peer has no such thing

    @property
    def text(self) -> str:
        """How requests are signed here."""
        if self.name == "rest":
            return "REST request, signed (HMAC)"
        if self.name == "login":
            return f"text of the order line, {LOGGED_IN} (Ed25519)"
        return f"text of the order line, {SIGNED.get(self.market.partition('.')[0], LOGGED_IN)}"


def ways() -> tuple[Way, ...]:
    """Every row."""
    lines = [Way(market, "line", NO_LINE if market.startswith("htx.") else None) for market in MARKETS]
    return (*lines, Way("binance.spot", "login", NO_LOGIN), *(Way(market, "rest") for market in MARKETS))


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row a market and way."""
    reason = sides.missing(RIVAL)
    with simulator(("binance", "okx", "htx"), ("BTC",)) as venue:
        return [row(sides, plan, venue.told, way, way.absent or reason) for way in ways()]


def row(sides: Sides, plan: Plan, told: Mapping[str, Any], way: Way, reason: str | None) -> Row:
    """Medians of the rounds; the percentiles are in the conditions."""
    names = [OURS] if reason else [OURS, RIVAL]
    figures = in_turns(names, plan.rounds, functools.partial(turn, sides, plan, told, way))
    ours = figures[OURS]
    name, value = f"{NAME} {way.market} {way.name}", median_of(ours, "p50")
    own = f"ours: {percentiles_text(ours)} us"
    orders = f"{ours[0]['orders']} limit orders, each of another price, size and id"
    shape = f"{orders}, {ours[0]['bytes']} B, {way.text}"
    how = f"{len(ours)} interleaved rounds, medians, cost of the clock taken off, gc on"
    if reason:
        return without_peer(name, value, UNIT, reason, joined(own, shape, how, about(sides, way)))
    theirs = figures[RIVAL]
    peer = f"peer: {percentiles_text(theirs)} us, {theirs[0]['bytes']} B"
    conditions = joined(own, peer, shape, how, about(sides, way), their_path(sides, way))
    return lower_is_better(name, value, UNIT, title(RIVAL), median_of(theirs, "p50"), conditions)


def turn(sides: Sides, plan: Plan, told: Mapping[str, Any], way: Way, name: str) -> Figures:
    """One measurement of one side."""
    request = {"told": told, "market": way.market, "way": way.name, "count": plan.orders}
    return sides.process(name).ask(task=NAME, **request)


def about(sides: Sides, way: Way) -> str:
    """What ours runs."""
    call = "write" if way.name == "rest" else "write_order"
    return f"{own_version(sides)}: MarketDialect.{call}(PlaceOrder)"


def their_path(sides: Sides, way: Way) -> str:
    """What the peer runs."""
    path = "create_order_request + sign" if way.name == "rest" else "create_order_ws up to the JSON it sends"
    return f"{sides.about(RIVAL).partition(':')[0]}: {path}"


def own_version(sides: Sides) -> str:
    """Versions of ours."""
    return sides.about(OURS).partition(":")[0]
