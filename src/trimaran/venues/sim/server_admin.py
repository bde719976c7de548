"""Handles that no real venue has: faults on demand, and the simulator's own books to compare with.

    GET  /admin/status           seed, venues, symbols, counters
    GET  /admin/faults           the plans in force and what was committed
    POST /admin/faults           a plan; fields left out go back to nothing
    POST /admin/shutdown-notice  the venue's notice now, close after `seconds` (query, default 1)
    POST /admin/disconnect       hang up on everybody without a word (query: private=1: the private ones)
    POST /admin/clock            the server's clock against this machine's (query: offset_ms, drift_ppm)
    POST /admin/maintenance      REST says closed, sockets close and refuse, for `seconds` (default 1);
                                 markets that share a host close together
    POST /admin/reset            book streams start their numbers again (query: market, symbol; OKX)
    POST /admin/delist           an instrument disappears (query: market, symbol)
    POST /admin/rules            state and grids of an instrument (query: market, symbol, state, tick_factor,
                                 lot_factor); what is left out goes back to what it was at the start
    POST /admin/pause, /resume   stop the market; streams send what is pending, then books stand still
    GET  /admin/book             the full book with its id (query: market, symbol)
    GET  /admin/history          tops with their update ids (query: market, symbol, since)

`market` names any of the six; in the query of a POST it restricts it to that one. Accounts have handles of
their own: `server_accounts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec
from aiohttp import web

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import MarketName
from trimaran.venues.sim.book_rules import BookRules
from trimaran.venues.sim.faults import FaultCounts, FaultPlan, Faults
from trimaran.venues.sim.feed import Feed
from trimaran.venues.sim.gate import MarketGate, TradingCounts
from trimaran.venues.sim.unreadable import UNREADABLE

SINCE_DIGITS_MAX: Final = 20
OFFSET_DIGITS_MAX: Final = 12


class Controls(Protocol):
    """What the handles turn: see `Simulator`."""

    @property
    def faults(self) -> Mapping[MarketName, Faults]:
        """The faults of each market."""

    def status(self) -> dict[str, Any]:
        """What is running, with counters."""

    def feed_of(self, market: str, symbol: str) -> Feed | None:
        """The feed of one book."""

    def set_faults(self, plan: FaultPlan, market: str) -> None:
        """Puts a plan in force; an empty market means all of them."""

    @property
    def gates(self) -> Mapping[MarketName, MarketGate]:
        """The private side's faults of each market."""

    def end_connections(self, market: str, notice_s: float | None, private_only: bool = False) -> int:
        """Closes connections, at once or after a notice; how many."""

    def set_clock_offset(self, offset_ms: int, drift_ppm: int) -> None:
        """Sets the server's clock against this machine's, and how fast they part."""

    def maintain(self, market: str, seconds: float) -> int:
        """Closes markets for some seconds; how many connections ended."""

    def reset_sequences(self, market: str, symbol: str) -> int:
        """Starts the numbers of book streams again; how many."""

    def delist(self, market: str, symbol: str) -> int:
        """Lets instruments disappear; how many."""

    def set_rules(self, market: str, symbol: str, rules: BookRules) -> BookRules:
        """State and grids of an instrument. Raises ConfigError."""

    def set_paused(self, paused: bool) -> None:
        """Stops or continues the market."""


class Admin:
    """The handlers."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def routes(self) -> list[web.RouteDef]:
        """Every path."""
        return [
            web.get("/admin/status", self._status),
            web.get("/admin/faults", self._get_faults),
            web.post("/admin/faults", self._post_faults),
            web.post("/admin/shutdown-notice", self._shutdown_notice),
            web.post("/admin/disconnect", self._disconnect),
            web.post("/admin/clock", self._clock),
            web.post("/admin/maintenance", self._maintenance),
            web.post("/admin/reset", self._reset),
            web.post("/admin/delist", self._delist),
            web.post("/admin/rules", self._rules),
            web.post("/admin/pause", self._pause),
            web.post("/admin/resume", self._resume),
            web.get("/admin/book", self._book),
            web.get("/admin/history", self._history),
        ]

    async def _status(self, request: web.Request) -> web.Response:
        return _json(self._controls.status())

    async def _get_faults(self, request: web.Request) -> web.Response:
        """The plan of the market asked for, or of the first; counts of that market, or of all together."""
        market = self._market(request)
        chosen = [each for name, each in self._controls.faults.items() if market in ("", name)]
        counts = sum((each.counts for each in chosen), FaultCounts())
        gates = [each for name, each in self._controls.gates.items() if market in ("", name)]
        trading = sum((each.counts for each in gates), TradingCounts())
        return _json({"plan": chosen[0].plan, "counts": counts, "trading_counts": trading})

    async def _post_faults(self, request: web.Request) -> web.Response:
        try:
            plan = msgspec.json.decode(await request.read() or b"{}", type=FaultPlan)
        except (*UNREADABLE, ConfigError) as error:
            return _json({"error": str(error)}, 400)
        self._controls.set_faults(plan, self._market(request))
        return await self._get_faults(request)

    async def _shutdown_notice(self, request: web.Request) -> web.Response:
        notice_s = _seconds(request)
        return _json({"connections": self._controls.end_connections(self._market(request), notice_s)})

    async def _disconnect(self, request: web.Request) -> web.Response:
        private = request.query.get("private", "") not in ("", "0")
        ended = self._controls.end_connections(self._market(request), None, private)
        return _json({"connections": ended})

    async def _clock(self, request: web.Request) -> web.Response:
        found = {}
        for name in ("offset_ms", "drift_ppm"):
            text = request.query.get(name, "0")
            digits = text.removeprefix("-")
            if not (digits.isascii() and digits.isdecimal() and len(text) <= OFFSET_DIGITS_MAX):
                return _json({"error": f"{name}: expected a whole number, found {text!r}"}, 400)
            found[name] = int(text)
        self._controls.set_clock_offset(**found)
        return _json(found)

    async def _maintenance(self, request: web.Request) -> web.Response:
        seconds = _seconds(request)
        return _json({"connections": self._controls.maintain(self._market(request), seconds)})

    async def _reset(self, request: web.Request) -> web.Response:
        symbol = request.query.get("symbol", "")
        if symbol and self._feed(request) is None:
            return _unknown()
        return _json({"books": self._controls.reset_sequences(self._market(request), symbol)})

    async def _delist(self, request: web.Request) -> web.Response:
        if self._feed(request) is None:
            return _unknown()
        return _json({"books": self._controls.delist(self._market(request), request.query["symbol"])})

    async def _rules(self, request: web.Request) -> web.Response:
        feed = self._feed(request)
        if feed is None:
            return _unknown()
        asked = {name: value for name, value in request.query.items() if name not in ("market", "symbol")}
        try:
            rules = msgspec.convert(asked, type=BookRules, strict=False)
            self._controls.set_rules(request.query["market"], request.query["symbol"], rules)
        except (msgspec.ValidationError, ConfigError) as error:
            return _json({"error": str(error)}, 400)
        tick, lot = f"{feed.book.tick():f}", f"{feed.book.lot():f}"
        return _json({"state": rules.state, "tick": tick, "lot": lot})

    async def _pause(self, request: web.Request) -> web.Response:
        self._controls.set_paused(True)
        return _json({"paused": True})

    async def _resume(self, request: web.Request) -> web.Response:
        self._controls.set_paused(False)
        return _json({"paused": False})

    async def _book(self, request: web.Request) -> web.Response:
        feed = self._feed(request)
        if feed is None:
            return _unknown()
        book = feed.book
        bids, asks = (
            [
                [feed.price(ticks), feed.size(lots)]
                for ticks, lots in book.engine.depth(side, book.engine.level_count(side))
            ]
            for side in (0, 1)
        )
        update_id, state = feed.wire_id(book.last_update_id), f"{book.engine.state_hash():016x}"
        return _json({"update_id": update_id, "hash": state, "bids": bids, "asks": asks})

    async def _history(self, request: web.Request) -> web.Response:
        feed = self._feed(request)
        since = request.query.get("since", "0")
        if feed is None:
            return _unknown()
        if not (since.isascii() and since.isdigit() and len(since) <= SINCE_DIGITS_MAX):
            return _json({"error": f"since: expected an id, found {since!r}"}, 400)
        price, size = feed.price, feed.size
        rows = [
            [update_id, price(best[0]), size(best[1]), price(best[2]), size(best[3])]
            for top in feed.book.recent_tops
            for update_id, best in ((feed.wire_id(top.update_id), top.best),)
            if update_id >= int(since)
        ]
        return _json(rows)

    def _market(self, request: web.Request) -> str:
        market = request.query.get("market", "")
        if market and market not in self._controls.faults:
            raise web.HTTPNotFound(text='{"error":"unknown market"}', content_type="application/json")
        return market

    def _feed(self, request: web.Request) -> Feed | None:
        return self._controls.feed_of(request.query.get("market", ""), request.query.get("symbol", ""))


def _seconds(request: web.Request) -> float:
    text = request.query.get("seconds", "1")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise web.HTTPBadRequest(
            text='{"error":"seconds: expected 0..86400"}', content_type="application/json"
        )
    return seconds


def _unknown() -> web.Response:
    return _json({"error": "unknown market or symbol"}, 404)


def _json(answer: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, text=msgspec.json.encode(answer).decode(), content_type="application/json"
    )
