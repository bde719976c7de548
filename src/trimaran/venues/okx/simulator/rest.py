"""REST of the simulated OKX, under `/api/v5`: routes, signatures, limits, faults, envelopes.

    public     windows of two seconds for each path
    private    signature -> permission -> window of the account -> answer
    orders     the same, through `Operations`, which WebSocket orders share

Answers come in the venue's envelope; errors mostly with status 200 and a code (51001: no such instrument),
those of the signature with 401, above a limit 429 with code 50011. Missing parameters are 50014 with status
400. https://www.okx.com/docs-v5/en/#overview-rest-authentication
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from trimaran.domain.instrument import MarketName
from trimaran.venues.okx.simulator.account_endpoints import AccountEndpoints, Body
from trimaran.venues.okx.simulator.algo_entry import AlgoEntry
from trimaran.venues.okx.simulator.auth import authenticated, permitted
from trimaran.venues.okx.simulator.limits import WINDOW_S, Limits
from trimaran.venues.okx.simulator.operations import BATCH_MAX, Operations, Outcome, outcome
from trimaran.venues.okx.simulator.order_args import AlgoArgs, CancelAlgoArgs
from trimaran.venues.okx.simulator.order_queries import OrderQueries
from trimaran.venues.okx.simulator.public_data import PublicData, Query
from trimaran.venues.okx.simulator.refusals import OkxError
from trimaran.venues.okx.simulator.text import envelope, envelope_of
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.gate import PASS, Request, Verdict
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP
from trimaran.venues.sim.server_stage import Stage, html_page, page
from trimaran.venues.sim.sliding import SlidingWindow
from trimaran.venues.sim.trading import ApiKey, Permission
from trimaran.venues.sim.unreadable import UNREADABLE

BASE: Final = "/api/v5/"
OPERATIONS: Final = {
    "trade/order": "order",
    "trade/batch-orders": "batch-orders",
    "trade/cancel-order": "cancel-order",
    "trade/cancel-batch-orders": "batch-cancel-orders",
    "trade/amend-order": "amend-order",
    "trade/amend-batch-orders": "batch-amend-orders",
}
BUSY: Final = OkxError("50001", "Service temporarily unavailable. Try again later", 503)
TOO_MANY: Final = OkxError("50011", "Too Many Requests", 429)
NO_BODY: Final = OkxError("50000", "Body for POST request cannot be empty.", 400)
NO_JSON: Final = OkxError("50002", "JSON syntax error", 400)
NO_TYPE: Final = OkxError("50006", 'Invalid Content-Type. Please use "application/JSON".', 400)
UNKNOWN_OUTCOME: Final = OkxError(
    "50004",
    "API endpoint request timeout. (does not mean that the request was successful or failed, please check "
    "the request result).",
    503,
)

Answer = Callable[[ApiKey, Query], str]
Act = Callable[[ApiKey, Body], str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Desk(msgspec.Struct, frozen=True):
    """What private endpoints ask."""

    exchange: Exchange
    operations: Operations
    algos: AlgoEntry
    queries: OrderQueries
    account: AccountEndpoints
    limits: Limits


class OkxRest:
    """The endpoints of both markets."""

    def __init__(self, public: PublicData, desk: Desk, stage: Stage, limited: bool) -> None:
        """`limited` says whether requests above the limits are refused."""
        self._public = public
        self._desk = desk
        self._stage = stage
        self._limited = limited

    def routes(self) -> list[web.RouteDef]:
        """Every path."""
        known = [
            *(
                web.get(BASE + path, self._open(limit, answer))
                for path, limit, answer in self._public.table()
            ),
            *(
                web.get(BASE + path, self._asked(path, limit, answer))
                for path, limit, answer in self._questions()
            ),
            *(web.post(BASE + path, self._acted(path, limit, act)) for path, limit, act in self._acts()),
            *(web.post(BASE + path, self._ordered(name)) for path, name in OPERATIONS.items()),
            web.post(f"{BASE}trade/order-algo", self._algo),
            web.post(f"{BASE}trade/cancel-algos", self._cancel_algos),
        ]
        paths = {route.path for route in known}

        async def unknown(request: web.Request) -> web.StreamResponse:
            if request.path in paths:
                return _error(OkxError("50115", "Invalid request method.", 405))
            return _error(OkxError("404", "Invalid request path", 404))

        return [*known, web.route("*", "/{path:.*}", unknown)]

    def _questions(self) -> list[tuple[str, int, Answer]]:
        """Private GETs with their requests in two seconds, of an account."""
        queries, account = self._desk.queries, self._desk.account

        def of(question: Callable[[int, Query], str]) -> Answer:
            return lambda key, query: question(key.account_id, query)

        return [
            ("trade/order", 60, of(queries.order)),
            ("trade/orders-pending", 60, of(queries.pending)),
            ("trade/orders-history", 40, of(queries.history)),
            ("trade/orders-history-archive", 20, of(queries.history)),
            ("trade/fills", 60, of(queries.fills)),
            ("trade/fills-history", 10, of(queries.fills_history)),
            ("trade/order-algo", 20, of(queries.algo)),
            ("trade/orders-algo-pending", 20, of(queries.algos_pending)),
            ("trade/orders-algo-history", 20, of(queries.algos_history)),
            ("account/balance", 10, account.balance),
            ("account/positions", 10, account.positions),
            ("account/account-position-risk", 10, account.risk),
            ("account/config", 5, account.configuration),
            ("account/leverage-info", 20, account.leverage),
            ("account/trade-fee", 5, account.fee),
            ("account/max-size", 20, account.max_size),
            ("account/max-avail-size", 20, account.available),
            ("account/bills", 5, account.bills),
            ("account/bills-archive", 5, account.bills),
            ("account/instruments", 20, account.instruments),
            ("asset/balances", 12, account.funds),
            ("asset/currencies", 12, account.currencies),
        ]

    def _acts(self) -> list[tuple[str, int, Act]]:
        """Private POSTs that are no orders, with their requests in two seconds, of an account."""
        account = self._desk.account
        return [
            ("account/set-leverage", 40, account.set_leverage),
            ("account/set-position-mode", 5, account.set_position_mode),
            ("trade/cancel-all-after", 2, account.cancel_all_after),
            ("trade/close-position", 20, account.close_position),
            ("trade/mass-cancel", 5, account.mass_cancel),
        ]

    def _open(self, limit: int, answer: Callable[[Query], str]) -> Handler:
        window = SlidingWindow(WINDOW_S)

        async def handle(request: web.Request) -> web.StreamResponse:
            gone = self._gone(_market(request.query))
            if gone is not None:
                return gone
            if self._limited and not window.take(self._stage.monotonic_s(), limit):
                return _error(TOO_MANY)
            try:
                return page(envelope(answer(request.query)))
            except OkxError as error:
                return _error(error)

        return handle

    def _asked(self, path: str, limit: int, answer: Answer) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                key = await self._key(request, path, limit, Permission.READ)
                verdict = self._stage.gate.judge(_market(request.query), Request.QUERY)
                return await self._judged(
                    request, verdict, lambda: page(envelope(answer(key, request.query)))
                )
            except OkxError as error:
                return _error(error)

        return self._guarded(handle)

    def _acted(self, path: str, limit: int, act: Act) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                key = await self._key(request, path, limit, Permission.TRADE)
                body = await _body(request, dict[str, Any])
                verdict = self._stage.gate.judge(_market_of(body), Request.OTHER)
                return await self._judged(request, verdict, lambda: page(envelope(act(key, body))))
            except OkxError as error:
                return _error(error)

        return self._guarded(handle)

    def _ordered(self, name: str) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            began_us = self._stage.server_us()
            try:
                key = await self._key(request, name, 0, Permission.TRADE)
                payload = await _body(request, msgspec.Raw)
                try:
                    prepared = self._desk.operations.prepare(
                        name, payload, False, request.headers.get("expTime", "")
                    )
                except OkxError as error:
                    raise NO_JSON if error.code == "60013" else error from None
                verdict = self._stage.gate.judge(prepared.market, prepared.kind.request)

                def run() -> web.Response:
                    return self._page(self._desk.operations.run(key.account_id, prepared), began_us)

                return await self._judged(request, verdict, run)
            except OkxError as error:
                return _error(error)

        return self._guarded(handle)

    async def _algo(self, request: web.Request) -> web.StreamResponse:
        return await self._algorithmic(request, "order-algo", AlgoArgs)

    async def _cancel_algos(self, request: web.Request) -> web.StreamResponse:
        return await self._algorithmic(request, "cancel-algos", list[CancelAlgoArgs])

    async def _algorithmic(self, request: web.Request, path: str, kind: Any) -> web.StreamResponse:
        gone = self._gone(OKX_SPOT)
        if gone is not None:
            return gone
        began_us = self._stage.server_us()
        try:
            key = await self._key(request, path, 20, Permission.TRADE)
            args = await _body(request, kind)
            many = args if isinstance(args, list) else [args]
            if not 0 < len(many) <= BATCH_MAX // 2:
                raise OkxError("51000", "Parameter algoId error", 400)
            market = OKX_SWAP if str(many[0].inst_id).endswith("SWAP") else OKX_SPOT
            cancels = isinstance(args, list)
            verdict = self._stage.gate.judge(market, Request.CANCEL if cancels else Request.ORDER)
            algos = self._desk.algos
            work: Callable[[int, Any], tuple[bool, str]] = algos.cancel if cancels else algos.place

            def run() -> web.Response:
                return self._page(outcome([work(key.account_id, each) for each in many]), began_us)

            return await self._judged(request, verdict, run)
        except OkxError as error:
            return _error(error)

    def _guarded(self, handle: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            return self._gone(_market(request.query)) or await handle(request)

        return guarded

    def _gone(self, market: MarketName) -> web.Response | None:
        """An answer that has nothing to do with the request."""
        if self._stage.maintained(market):
            return _error(BUSY)
        return html_page() if self._stage.faults[market].take_html() else None

    async def _key(self, request: web.Request, path: str, limit: int, permission: Permission) -> ApiKey:
        """Who asks, if he may and has not asked too often. Raises OkxError."""
        key = authenticated(
            self._desk.exchange.key, request.headers, request.method, request.raw_path, await request.read(),
            self._stage.server_ms(),
        )  # fmt: skip
        permitted(key, permission)
        where = (key.account_id, request.method, path)
        if limit and not self._desk.limits.take(where, limit, self._stage.monotonic_s()):
            raise TOO_MANY
        return key

    async def _judged(
        self, request: web.Request, verdict: Verdict, run: Callable[[], web.Response]
    ) -> web.StreamResponse:
        """Answers, or fails as the gate says."""
        if verdict is PASS:
            return run()
        answer = _broken(verdict)
        if verdict.processed:
            try:
                answer = run() if verdict.status is None else answer
                if verdict.status is not None:
                    run()
            except OkxError as error:
                answer = _error(error)
        await asyncio.sleep(verdict.delay_s)
        if not verdict.answered and request.transport is not None:
            request.transport.abort()
        return answer

    def _page(self, done: Outcome, began_us: int) -> web.Response:
        return page(envelope_of(done.code, done.text, done.rows, began_us, self._stage.server_us()))


def _broken(verdict: Verdict) -> web.Response:
    """What stands in front of a venue that has a bad day."""
    if verdict.status is None:
        return _error(UNKNOWN_OUTCOME)
    if verdict.processed:
        return _error(OkxError(UNKNOWN_OUTCOME.code, UNKNOWN_OUTCOME.text, verdict.status))
    if verdict.retry_after_s:
        text = msgspec.json.encode({"code": "50011", "msg": "Too Many Requests", "data": []}).decode()
        return page(text, verdict.status, {"Retry-After": str(verdict.retry_after_s)})
    return html_page(verdict.status)


async def _body(request: web.Request, kind: Any) -> Any:
    """The body of a POST. Raises OkxError."""
    payload = await request.read()
    if not payload:
        raise NO_BODY
    if request.content_type != "application/json":
        raise NO_TYPE
    try:
        return msgspec.json.decode(payload, type=kind)
    except UNREADABLE:
        raise NO_JSON from None


def _market(query: Query) -> MarketName:
    named = query.get("instId", query.get("instType", ""))
    return OKX_SWAP if named.endswith("SWAP") else OKX_SPOT


def _market_of(body: Body) -> MarketName:
    return OKX_SWAP if str(body.get("instId", "")).endswith("SWAP") else OKX_SPOT


def _error(error: OkxError) -> web.Response:
    answer = {"code": error.code, "msg": error.text, "data": []}
    return page(msgspec.json.encode(answer).decode(), error.status)
