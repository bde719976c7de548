"""REST of the simulated Binance: every endpoint behind its security, its weight and the venue's bad days.

Every request has its documented weight; the used weight of the running minute is in the headers, and above
the limit answers are 429 with `Retry-After`, after too many of those 418. Windows are aligned to the clock.
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-api-information
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import web

from trimaran.venues.binance.simulator.auth import (
    allow,
    check_rest_signature,
    check_time,
    key_of,
    rest_params,
)
from trimaran.venues.binance.simulator.endpoints import Call, Endpoint, Security
from trimaran.venues.binance.simulator.limits import Weights
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts
from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.binance.simulator.refusals import ApiError, gate_error, too_many
from trimaran.venues.sim.gate import BAD_GATEWAY, Verdict
from trimaran.venues.sim.server_stage import Stage, html_page, page
from trimaran.venues.sim.trading import ApiKey, Permission

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_PERMISSIONS: Final = {Security.READ: Permission.READ, Security.TRADE: Permission.TRADE}


class RestMarket:
    """The endpoints of one market over REST."""

    def __init__(
        self, accounts: MarketAccounts, weights: Weights, stage: Stage, flush: Callable[[], None]
    ) -> None:
        """`flush` sends what the accounts have to be told."""
        self._accounts = accounts
        self._weights = weights
        self._stage = stage
        self._flush = flush
        self._faults = stage.faults[accounts.market]

    def routes(self, endpoints: Iterable[Endpoint]) -> list[web.RouteDef]:
        """Every endpoint that has a path."""
        return [
            web.route(each.verb, each.path, self._handler(each), allow_head=False)
            if each.verb == "GET"
            else web.route(each.verb, each.path, self._handler(each))
            for each in endpoints
            if each.path
        ]

    def _handler(self, endpoint: Endpoint) -> Handler:
        request_of = endpoint.request

        async def handle(request: web.Request) -> web.StreamResponse:
            if self._stage.maintained(self._accounts.market):
                return html_page(503)
            if self._faults.take_html():
                return html_page()
            body = (await request.read()).decode("utf-8", "replace") if request.can_read_body else ""
            verdict = self._stage.gate.judge(self._accounts.market, request_of)
            answer = self._answer(endpoint, request, body, verdict)
            asyncio.get_running_loop().call_soon(self._flush)
            if verdict.delay_s > 0:
                await asyncio.sleep(verdict.delay_s)
            if not verdict.answered and request.transport is not None:
                request.transport.abort()
            return answer

        return handle

    def _answer(self, endpoint: Endpoint, request: web.Request, body: str, verdict: Verdict) -> web.Response:
        """Counts, checks, does, and writes."""
        now_ms, weights = self._stage.server_ms(), self._weights
        headers = {"Server": "nginx"}
        key: ApiKey | None = None
        try:
            query = request.raw_path.partition("?")[2]
            values = rest_params(query, body)
            params = Params(values)
            weight = endpoint.weigh(params)
            status, wait_s = weights.charge(weight, now_ms)
            headers["X-MBX-USED-WEIGHT-1M"] = str(weights.used)
            if status != 200:
                raise too_many(status, now_ms, wait_s)
            if verdict.status is not None and not verdict.processed:
                raise gate_error(verdict, self._accounts.spot, now_ms)
            if not verdict.processed:
                return web.Response(status=500)  # never seen: the connection ends
            key = self._secured(endpoint, request, query, body, values, now_ms)
            text = endpoint.answer(Call(params, key, now_ms, self._stage.trading_ns()))
            if endpoint.orders and self._accounts.spot:
                weights.give_back(weight)
                headers["X-MBX-USED-WEIGHT-1M"] = str(weights.used)
            if verdict.status is not None:
                raise gate_error(verdict, self._accounts.spot, now_ms)
        except ApiError as error:
            if error.status == BAD_GATEWAY:
                return html_page(BAD_GATEWAY)
            if error.data is not None and "retryAfter" in error.data:
                wait_ms = error.data["retryAfter"] - now_ms
                headers["Retry-After"] = str(max(1, (wait_ms + 999) // 1000))
                error = ApiError(error.status, error.code, error.text)
            self._count_headers(endpoint, key, headers, now_ms)
            return page(error.body(), error.status, headers)
        self._count_headers(endpoint, key, headers, now_ms)
        return page(text, 200, headers)

    def _secured(
        self, endpoint: Endpoint, request: web.Request, query: str, body: str, values: dict[str, str],
        now_ms: int,
    ) -> ApiKey | None:  # fmt: skip
        """The key, once the request has brought what it must."""
        security = endpoint.security
        if security is Security.NONE:
            return None
        key = key_of(request.headers.get("X-MBX-APIKEY", ""), self._accounts.exchange.key)
        if security is Security.KEY:
            return key
        check_rest_signature(key, query, body)
        check_time(values, now_ms)
        allow(key, _PERMISSIONS[security])
        return key

    def _count_headers(
        self, endpoint: Endpoint, key: ApiKey | None, headers: dict[str, str], now_ms: int
    ) -> None:
        if endpoint.orders and key is not None:
            headers.update(self._accounts.counts(key.account_id).headers(now_ms))
