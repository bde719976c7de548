"""Public REST of the simulated HTX: what both markets have in common around their answers.

Spot answers errors with status 200 and `"status":"error"`, in maintenance too; swaps are behind a gateway
that answers 503 in maintenance. Above the limit of requests both answer 429.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from trimaran.domain.instrument import MarketName
from trimaran.venues.htx.simulator.answers import Query
from trimaran.venues.htx.simulator.refusals import HtxError
from trimaran.venues.sim.markets import HTX_SPOT
from trimaran.venues.sim.server_stage import Stage, html_page, page
from trimaran.venues.sim.sliding import SlidingWindow

Answers = Mapping[str, Callable[[Query], str]]


def rest_routes(market: MarketName, answers: Answers, stage: Stage, per_s: int) -> list[web.RouteDef]:
    """Every path of one market; above `per_s` requests a second they are refused."""
    spot = market == HTX_SPOT
    window = SlidingWindow(1.0)

    def handler(answer: Callable[[Query], str]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            if stage.maintained(market) and not request.path.endswith("market-status"):
                closed = HtxError("system-maintenance", "System is in maintenance!")
                return _error(closed, stage.server_ms()) if spot else html_page(503)
            if stage.faults[market].take_html():
                return html_page()
            if stage.options.limits and not window.take(stage.monotonic_s(), per_s):
                return _error(HtxError("too-many-request", "too many request"), stage.server_ms(), 429)
            try:
                return page(answer(request.query))
            except HtxError as error:
                return _error(error, stage.server_ms())

        return handle

    return [web.get(path, handler(answer)) for path, answer in answers.items()]


def _error(error: HtxError, time_ms: int, status: int = 200) -> web.Response:
    """Errors of contract data have a number and underscores, all others words and hyphens."""
    numbered = isinstance(error.code, int)
    keys = ("err_code", "err_msg") if numbered else ("err-code", "err-msg")
    nothing = {} if numbered else {"data": None}
    answer = {"status": "error", keys[0]: error.code, keys[1]: error.text, "ts": time_ms, **nothing}
    return page(msgspec.json.encode(answer).decode(), status)
