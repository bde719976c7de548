"""Handles that no real venue has: faults on demand, and the simulator's own books to compare with.

    GET  /admin/status           seed, symbols, counters
    GET  /admin/faults           the plan in force and what was committed
    POST /admin/faults           a plan; fields left out go back to nothing
    POST /admin/shutdown-notice  serverShutdown now, close after `seconds` (query, default 1)
    POST /admin/disconnect       hang up on everybody without a word
    POST /admin/pause, /resume   stop the market; streams send what is pending, then books stand still
    GET  /admin/book             the full book with its id (query: market, symbol)
    GET  /admin/history          tops with their update ids (query: market, symbol, since)

`market` in the query of a POST restricts it to one market.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from aiohttp import web

from trimaran.base.errors import ConfigError
from trimaran.venues.binance.simulator_streams import BookFeed
from trimaran.venues.sim.faults import FaultPlan, Faults


class Controls(Protocol):
    """What the handles turn."""

    faults: Faults

    def status(self) -> dict[str, Any]:
        """What is running, with counters."""

    def feed_of(self, market: str, symbol: str) -> BookFeed | None:
        """The feed of one book."""

    def set_faults(self, plan: FaultPlan, market: str) -> None:
        """Puts a plan in force; an empty market means all of them."""

    def end_connections(self, market: str, notice_s: float | None) -> int:
        """Closes connections, at once or after a notice; how many."""

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
            web.post("/admin/pause", self._pause),
            web.post("/admin/resume", self._resume),
            web.get("/admin/book", self._book),
            web.get("/admin/history", self._history),
        ]

    async def _status(self, request: web.Request) -> web.Response:
        return _json(self._controls.status())

    async def _get_faults(self, request: web.Request) -> web.Response:
        faults = self._controls.faults
        return _json({"plan": faults.plan, "counts": faults.counts})

    async def _post_faults(self, request: web.Request) -> web.Response:
        try:
            plan = msgspec.json.decode(await request.read() or b"{}", type=FaultPlan)
        except (msgspec.DecodeError, ConfigError) as error:
            return _json({"error": str(error)}, 400)
        self._controls.set_faults(plan, request.query.get("market", ""))
        return await self._get_faults(request)

    async def _shutdown_notice(self, request: web.Request) -> web.Response:
        try:
            notice_s = float(request.query.get("seconds", "1"))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return _json(
            {"connections": self._controls.end_connections(request.query.get("market", ""), notice_s)}
        )

    async def _disconnect(self, request: web.Request) -> web.Response:
        return _json({"connections": self._controls.end_connections(request.query.get("market", ""), None)})

    async def _pause(self, request: web.Request) -> web.Response:
        self._controls.set_paused(True)
        return _json({"paused": True})

    async def _resume(self, request: web.Request) -> web.Response:
        self._controls.set_paused(False)
        return _json({"paused": False})

    async def _book(self, request: web.Request) -> web.Response:
        feed = self._feed(request)
        if feed is None:
            return _json({"error": "unknown market or symbol"}, 404)
        engine, text = feed.book.engine, feed.text
        bids, asks = (
            [
                [text.price(ticks), text.size(lots)]
                for ticks, lots in engine.depth(side, engine.level_count(side))
            ]
            for side in (0, 1)
        )
        update_id, state = feed.book.last_update_id, f"{engine.state_hash():016x}"
        return _json({"update_id": update_id, "hash": state, "bids": bids, "asks": asks})

    async def _history(self, request: web.Request) -> web.Response:
        feed = self._feed(request)
        since = request.query.get("since", "0")
        if feed is None or not since.isdigit():
            return _json({"error": "unknown market or symbol, or bad since"}, 404)
        text = feed.text
        rows = [
            [top.update_id, text.price(best[0]), text.size(best[1]), text.price(best[2]), text.size(best[3])]
            for top in feed.book.recent_tops
            if top.update_id >= int(since)
            for best in (top.best,)
        ]
        return _json(rows)

    def _feed(self, request: web.Request) -> BookFeed | None:
        return self._controls.feed_of(request.query.get("market", ""), request.query.get("symbol", ""))


def _json(answer: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, text=msgspec.json.encode(answer).decode(), content_type="application/json"
    )
