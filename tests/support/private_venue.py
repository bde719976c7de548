"""A private venue on loopback without a wording: real sockets, scripted answers.

Requests and messages name entries of a table in memory, so that tests of the shared shells say what a venue
means and not how any venue spells it. `ToyDialect` and `ToyDialogue` are the wording.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from aiohttp import WSMsgType, web

from trimaran.domain.instrument import MarketName
from trimaran.venues.wire.asks import Ask, ServerTime
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.fault import Effect, Fault, FaultKind, VenueFault
from trimaran.venues.wire.lines import (
    LineMessage,
    LineReply,
    LineUnknown,
    LoggedIn,
    SubscriptionTaken,
)
from trimaran.venues.wire.message import Charge, HttpReply, HttpRequest, Stamp

HANG = object()  # an answer that never comes
DROP = object()  # the connection is dropped instead
BUSY = Fault(FaultKind.OVERLOADED, Effect.REFUSED, "busy", "nothing scripted")


class PrivateVenue:
    """Answers asks by name: with a value, a Fault, an HttpReply, HANG, DROP, or what a callable gives."""

    def __init__(self) -> None:
        self.objects: list[object] = []
        self.answers: dict[str, list[object]] = defaultdict(list)  # the last one stays
        self.asked: list[tuple[str, object, int]] = []  # name, ask, stamp of every request that arrived
        self.lines: list[web.WebSocketResponse] = []
        self.texts: list[str] = []  # that came over lines
        self.paths: list[str] = []
        self.on_text: Callable[[web.WebSocketResponse, str], object] | None = None
        self.offset_ns = 0
        self.login: LineMessage = LoggedIn()
        self.compressed = False

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        application = web.Application()
        application.router.add_post("/ask/{name}", self._ask)
        application.router.add_get("/ws{rest:.*}", self._line)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls).start()
        authority = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self.bases = {"rest": f"http://{authority}", "ws_private": f"ws://{authority}"}

    async def stop(self) -> None:
        for line in self.lines:
            self.drop(line)
        await self._runner.cleanup()

    def now_ns(self) -> int:
        return time.time_ns() + self.offset_ns

    def put(self, thing: object) -> int:
        self.objects.append(thing)
        return len(self.objects) - 1

    def count(self, name: str) -> int:
        return sum(1 for asked, _, _ in self.asked if asked == name)

    async def say(self, *messages: object, line: web.WebSocketResponse | None = None) -> None:
        payload = b" ".join(b"%d" % self.put(message) for message in messages)
        target = line if line is not None else self.lines[-1]
        await target.send_bytes(gzip.compress(payload) if self.compressed else payload)

    def drop(self, line: web.WebSocketResponse) -> None:
        transport = line._req.transport if line._req is not None else None
        if transport is not None:
            transport.abort()

    def answer_of(self, name: str, ask: object, stamp_ns: int) -> object:
        self.asked.append((name, ask, stamp_ns))
        scripted = self.answers[name]
        answer = scripted.pop(0) if len(scripted) > 1 else scripted[0] if scripted else None
        if callable(answer):
            answer = answer(ask)
        if answer is None:
            answer = self.now_ns() if name == "ServerTime" else () if name in EMPTY else BUSY
        return answer

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        number, stamp_ns = map(int, (await request.read()).split())
        answer = self.answer_of(request.match_info["name"], self.objects[number], stamp_ns)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer is HANG:
            await asyncio.sleep(30)
        if answer is DROP:
            request.transport.abort()
        if isinstance(answer, HttpReply):
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return web.Response(body=b"%d" % self.put(answer))

    async def _line(self, request: web.Request) -> web.StreamResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        self.lines.append(line)
        self.paths.append(request.path)
        async for message in line:
            if message.type is WSMsgType.TEXT:
                self.texts.append(message.data)
                await self._on_text(line, message.data)
        return line

    async def _on_text(self, line: web.WebSocketResponse, text: str) -> None:
        word, _, rest = text.partition(" ")
        if word == "login":
            await self.say(self.login, line=line)
        elif word == "subscribe":
            await self.say(SubscriptionTaken(rest), line=line)
        elif word == "order":
            request_id, name, number, stamp_ns = rest.split()
            answer = self.answer_of(f"line {name}", self.objects[int(number)], int(stamp_ns))
            if answer is DROP:
                self.drop(line)
            elif answer is not HANG:
                reply = HttpReply(200, b"%d" % self.put(answer))
                await self.say(LineReply(int(request_id), reply), line=line)


EMPTY = ("OpenOrders", "FillHistory", "Balances", "Positions")


class ToyDialect:
    """The wording of `PrivateVenue`."""

    market = MarketName("toy.spot")

    def __init__(self, venue: PrivateVenue, unsupported: Sequence[str] = ()) -> None:
        self.venue = venue
        self.unsupported = unsupported
        self.capabilities = {}
        self.urgent = ("CancelOrder",)

    def write(self, ask: Ask[object], stamp: Stamp) -> HttpRequest | Unsupported:
        name = type(ask).__name__
        if name in self.unsupported:
            return Unsupported(Capability.STOP, "not here")
        body = b"%d %d" % (self.venue.put(ask), stamp.venue_ns)
        url = f"{self.venue.bases['rest']}/ask/{name}"
        charges = () if isinstance(ask, ServerTime) else (Charge("weight"),)
        return HttpRequest("POST", url, body=body, charges=charges, urgent=name in self.urgent)

    def read(self, ask: Ask[object], reply: HttpReply, local_ns: int) -> object:
        if not reply.body.isdigit():
            raise VenueFault(Fault(FaultKind.UNKNOWN, Effect.UNKNOWN, str(reply.status), repr(reply.body)))
        answer = self.venue.objects[int(reply.body)]
        if isinstance(answer, Fault):
            raise VenueFault(answer)
        return answer

    def write_order(self, ask: Ask[object], request_id: int, stamp: Stamp) -> str | Unsupported:
        name = type(ask).__name__
        if f"line {name}" in self.unsupported:
            return Unsupported(Capability.ORDERS_OVER_WEBSOCKET, "not here")
        return f"order {request_id} {name} {self.venue.put(ask)} {stamp.venue_ns}"


class ToyDialogue:
    """The wording of its lines."""

    def __init__(self, venue: PrivateVenue, names: Sequence[str] = ("orders",)) -> None:
        self.venue = venue
        self.names = names

    def login(self, request_id: int, stamp: Stamp) -> str | None:
        return f"login {stamp.venue_ns}"

    def subscriptions(self, first_id: int, stamp: Stamp) -> Sequence[tuple[str, str]]:
        return [(name, f"subscribe {name}") for name in self.names]

    def read(self, payload: bytes, local_ns: int) -> Sequence[LineMessage]:
        if not payload.replace(b" ", b"").isdigit():
            return [LineUnknown(payload[:20])]
        return [self.venue.objects[int(number)] for number in payload.split()]
