"""One WebSocket connection to the simulated HTX: gzip frames, heartbeats in the data, subscriptions.

The server sends `{"ping":ms}` every 5 s and wants the same number back; two misses in a row end a connection
to spot, five one to swaps. A wrong number is a miss. Requests are `sub`, `unsub` (a topic, or an array of
topics of one kind) and `req`, at most one every 100 ms; answers echo the `id`. Errors are `bad-request` with
the venue's words. Clients may write plain text or gzip.
https://www.htx.com/en-us/opend/newApiPages/?id=7ec53241-7773-11ed-9966-0242ac110003
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from picows import WSCloseCode, WSMsgType, WSTransport

from trimaran.domain.instrument import MarketName
from trimaran.venues.htx.simulator.streams import HtxFeed, parse_topic
from trimaran.venues.sim.compress import gzip_member
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.server_stage import Connection, Stage, as_text
from trimaran.venues.sim.unreadable import UNREADABLE

GZIP_BITS: Final = 31
REQUEST_BYTES_MAX: Final = 64 * 1024
_encode = msgspec.json.encode


class ConnectionRules(msgspec.Struct, frozen=True):
    """What a market demands of its connections."""

    misses_max: int
    ping_every_s: float = 5.0
    request_every_s: float = 0.1


class Endpoint(msgspec.Struct, frozen=True):
    """What is served on one path."""

    market: MarketName
    feeds: Mapping[str, HtxFeed]
    serves: Callable[[HtxFeed, str], bool]
    answer: Callable[[HtxFeed, str, Mapping[str, Any]], str | None]  # to a request; what follows `"rep"`


class HtxConnection(Connection):
    """A client of one market."""

    def __init__(self, stage: Stage, endpoint: Endpoint, rules: ConnectionRules, number: int) -> None:
        """`number` is the connection's, as answers to requests carry it."""
        super().__init__(stage)
        self._number = number
        self._endpoint = endpoint
        self._rules = rules
        self._topics: dict[str, tuple[HtxFeed, str]] = {}
        self._asked_s = -rules.request_every_s
        self._pinged_s = self.born_s
        self._ping: int | None = None  # not answered yet
        self._misses = 0

    def markets(self) -> tuple[str, ...]:
        """Its market."""
        return (self._endpoint.market,)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leaves every topic."""
        super().on_ws_disconnected(transport)
        for feed, kind in self._topics.values():
            feed.leave(kind, self)
        self._topics.clear()

    def heard(self, kind: WSMsgType, payload: bytes) -> None:
        """Requests and heartbeats of the client."""
        if kind == WSMsgType.PING:
            self.pong(payload)
        elif kind in (WSMsgType.TEXT, WSMsgType.BINARY):
            self._request(payload)

    def send(self, payload: bytes, fraction: float) -> None:
        """Sends a frame that is compressed already."""
        self.deliver(WSMsgType.BINARY, payload, fraction)

    def notice(self, moment: Moment) -> None:
        """HTX says nothing before it closes."""

    def tend(self, now_s: float) -> None:
        """Pings, and ends connections that are dead or too slow."""
        if self.too_slow():
            self.close(WSCloseCode.POLICY_VIOLATION)
        elif now_s - self._pinged_s >= self._rules.ping_every_s:
            self._misses = 0 if self._ping is None else self._misses + 1
            if self._misses >= self._rules.misses_max:
                self.close(WSCloseCode.OK, b"ping timeout")
                return
            self._pinged_s = now_s
            self._ping = self.stage.server_ms()
            self._say({"ping": self._ping})

    def _say(self, answer: Mapping[str, Any]) -> None:
        self.send(gzip_member(_encode(answer)), 1.0)

    def _refuse(self, text: str, named: Mapping[str, Any]) -> None:
        error = {"status": "error", "ts": self.stage.server_ms(), "err-code": "bad-request", "err-msg": text}
        self._say({**named, **error})

    def _request(self, payload: bytes) -> None:
        try:
            if payload[:2] == b"\x1f\x8b":
                payload = zlib.decompressobj(GZIP_BITS).decompress(payload, REQUEST_BYTES_MAX)
            request = msgspec.json.decode(payload)
        except (*UNREADABLE, zlib.error):
            request = None
        if not isinstance(request, dict):
            self._refuse("not json string", {})
        elif "pong" in request:
            if request["pong"] == self._ping:
                self._ping = None
        else:
            self._operate(request)

    def _operate(self, request: Mapping[str, Any]) -> None:
        named = {"id": request["id"]} if "id" in request else {}
        operation = next((name for name in ("sub", "unsub", "req") if name in request), None)
        if operation is None:
            self._refuse("invalid command", named)
            return
        asked = request[operation]
        topics = asked if isinstance(asked, list) and operation != "req" else [asked]
        found: list[tuple[str, HtxFeed, str]] = []
        for topic in topics:
            known = self._find(topic)
            if isinstance(known, str):
                self._refuse(known, named)
                return
            found.append((topic, *known))
        if len({kind for _, _, kind in found}) != 1:
            self._refuse(f"invalid topic {as_text(asked)}", named)
        elif operation == "req":
            self._answer(found[0], request, named)
        elif operation == "sub":
            self._subscribe(found, asked, request, named)
        else:
            self._unsubscribe(found, asked, named)

    def _find(self, topic: object) -> tuple[HtxFeed, str] | str:
        """The feed and the kind of a topic, or what is wrong with it."""
        parsed = parse_topic(topic) if isinstance(topic, str) else None
        if parsed is None:
            return f"invalid topic {as_text(topic)}"
        symbol, kind = parsed
        feed = self._endpoint.feeds.get(symbol)
        if feed is None:
            return f"invalid symbol {symbol}"
        if not self._endpoint.serves(feed, kind):
            return f"invalid topic {topic}"
        return (feed, kind) if feed.listed else "symbol trade not open now"

    def _subscribe(
        self, found: list[tuple[str, HtxFeed, str]], asked: object, request: Mapping[str, Any], named: Any
    ) -> None:
        self._say({**named, "status": "ok", "subbed": asked, "ts": self.stage.server_ms()})
        whole = request.get("data_type", "snapshot") != "incremental"
        for topic, feed, kind in found:
            if topic not in self._topics:
                self._topics[topic] = feed, kind
                feed.join(kind, self, whole)

    def _unsubscribe(self, found: list[tuple[str, HtxFeed, str]], asked: object, named: Any) -> None:
        missing = [topic for topic, _, _ in found if topic not in self._topics]
        if missing:
            self._refuse(f"unsub with not subbed topic {missing[0]}", named)
            return
        for topic, feed, kind in found:
            del self._topics[topic]
            feed.leave(kind, self)
        self._say({**named, "status": "ok", "unsubbed": asked, "ts": self.stage.server_ms()})

    def _answer(self, found: tuple[str, HtxFeed, str], request: Mapping[str, Any], named: Any) -> None:
        topic, feed, kind = found
        now_s = self.stage.monotonic_s()
        if self.stage.options.limits and now_s - self._asked_s < self._rules.request_every_s:
            self._refuse("429 too many request", named)
            return
        self._asked_s = now_s
        data = self._endpoint.answer(feed, kind, request)
        if data is None:
            self._refuse(f"invalid topic {topic}", named)
            return
        told = {"rep": topic, "status": "ok", "ts": self.stage.server_ms(), "wsid": self._number}
        head = _encode({**named, **told}).decode()
        self.send(gzip_member(f'{head[:-1]},"data":{data}}}'.encode()), 1.0)
