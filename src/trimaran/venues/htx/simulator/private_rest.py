"""Private REST of the simulated HTX: who asks, may they, are they too fast, and then the endpoint's answer.

The gate's faults stand around it: a request may get lost before or after it was done, and an answer may come
late, wrong or never. All refusals of the venue come with status 200 but for those of limits (429).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from trimaran.domain.instrument import MarketName
from trimaran.venues.htx.simulator.auth import REST_NAMES, Denied, KeyOf, check, first_lines, read_query
from trimaran.venues.htx.simulator.calls import (
    Call,
    Endpoint,
    Family,
    encoded,
    envelope,
    error_envelope,
)
from trimaran.venues.htx.simulator.limits import Windows, headers_of
from trimaran.venues.htx.simulator.refusals import HtxError, denied_on_spot, denied_on_swap
from trimaran.venues.sim.gate import TOO_MANY, Verdict
from trimaran.venues.sim.markets import HTX_SPOT
from trimaran.venues.sim.server_stage import Stage, html_page, page
from trimaran.venues.sim.trading import ApiKey

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PrivatePages:
    """The private endpoints of one market."""

    def __init__(self, stage: Stage, market: MarketName, key_of: KeyOf, windows: Windows) -> None:
        """`windows` are those of the sockets for orders too."""
        self._stage = stage
        self._market = market
        self._key_of = key_of
        self._windows = windows

    def routes(self, endpoints: Sequence[Endpoint]) -> list[web.RouteDef]:
        """Every path."""
        return [web.route(each.method, each.path, self._handler(each)) for each in endpoints]

    def _handler(self, endpoint: Endpoint) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            stage = self._stage
            if stage.maintained(self._market):
                return self._closed(endpoint)
            if stage.faults[self._market].take_html():
                return html_page()
            verdict = stage.gate.judge(self._market, endpoint.request)
            body = await request.read()
            answer = self._answer(endpoint, request, body) if verdict.processed else None
            if verdict.delay_s:
                await asyncio.sleep(verdict.delay_s)
            if not verdict.answered:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=500)
            if verdict.status is not None or answer is None:
                return _broken(endpoint, verdict, stage.server_ms())
            return answer

        return handle

    def _answer(self, endpoint: Endpoint, request: web.Request, body: bytes) -> web.Response:
        time_ms, headers = self._stage.server_ms(), None
        status = 200
        try:
            key, query = self._sender(endpoint, request, time_ms)
            if self._stage.options.limits:
                taken = self._windows.take(
                    (key.account_id, endpoint.limit.group or endpoint.path),
                    endpoint.limit,
                    self._stage.clock.monotonic_ns() // 1_000_000,
                )
                headers = headers_of(endpoint.family, endpoint.limit, taken)
                if not taken.allowed:
                    status = TOO_MANY
                    raise too_fast(endpoint.family)
            path_id = request.match_info.get("id", "")
            call = Call(key, query, body, self._stage.trading_ns(), time_ms, path_id)
            answer = envelope(endpoint.family, endpoint.answer(call), time_ms)
        except HtxError as error:
            answer = error_envelope(endpoint.family, error, time_ms)
        return page(encoded(answer), status, headers)

    def _sender(
        self, endpoint: Endpoint, request: web.Request, time_ms: int
    ) -> tuple[ApiKey, dict[str, str]]:
        """Whose request it is, and its query. Raises HtxError."""
        path, _, raw_query = request.raw_path.partition("?")
        query = read_query(raw_query)
        host = request.headers.get("Host", "").lower()
        lines = first_lines(request.method, (host, host.partition(":")[0]), path)
        key = Denied.SIGNATURE if query is None else check(query, REST_NAMES, lines, self._key_of, time_ms)
        if isinstance(key, ApiKey) and endpoint.permission not in key.permissions:
            key = Denied.PERMISSION
        if isinstance(key, Denied) or query is None:
            raise denied(endpoint.family, key if isinstance(key, Denied) else Denied.SIGNATURE)
        return key, query

    def _closed(self, endpoint: Endpoint) -> web.Response:
        if self._market != HTX_SPOT:
            return html_page(503)
        error = HtxError("system-maintenance", "System is in maintenance!")
        return page(encoded(error_envelope(endpoint.family, error, self._stage.server_ms())))


def denied(family: Family, why: Denied) -> HtxError:
    """Who is not believed, in the words of the family."""
    if family is Family.SPOT:
        return denied_on_spot(why)
    return denied_on_swap(why, v5=family in (Family.SPOT_V2, Family.V5))


def too_fast(family: Family) -> HtxError:
    """Above the limit, in the words of the family."""
    if family is Family.SPOT:
        return HtxError("too-many-request", "too many request")
    return HtxError(
        429 if family in (Family.SPOT_V2, Family.V5) else 1032, "The number of access exceeded the limit."
    )


def _broken(endpoint: Endpoint, verdict: Verdict, time_ms: int) -> web.Response:
    """What a fault makes of an answer: a page of the gateway, or too many requests."""
    status = verdict.status or 502
    if status < 500:
        text = encoded(error_envelope(endpoint.family, too_fast(endpoint.family), time_ms))
        return page(text, status, {"Retry-After": str(verdict.retry_after_s)})
    return html_page(status)
