"""One WebSocket connection to the simulated Binance: control messages, heartbeats, limits.

Rules (https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams): at most 5 messages a
second from the client (10 on USD-M), pings and pongs included; 1,024 streams; a server ping every 20 s
that must be answered within 60 s (3 min and 10 min on USD-M); 24 h of life. Control errors are
`{"code":..,"msg":..}`; a subscription to nothing that exists is acknowledged.
"""

from __future__ import annotations

import re
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from picows import WSCloseCode, WSMsgType, WSTransport

from trimaran.domain.instrument import MarketName
from trimaran.venues.binance.simulator.streams import Subscriber
from trimaran.venues.binance.simulator.text import server_shutdown
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.server_stage import Connection, Stage
from trimaran.venues.sim.sliding import SlidingWindow
from trimaran.venues.sim.unreadable import UNREADABLE

STREAMS_MAX: Final = 1_024
SHUTDOWN_STREAM: Final = "!serverShutdown"
_METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")  # letters and digits, and what a UUID has between them
_encode = msgspec.json.encode


class ConnectionRules(msgspec.Struct, frozen=True):
    """What a market demands of its connections."""

    messages_per_s: int
    ping_every_s: float
    pong_within_s: float
    age_max_s: float = 86_400.0


class Heartbeat:
    """Pings of the server and the pongs that must follow."""

    def __init__(self, rules: ConnectionRules, born_s: float) -> None:
        self._rules = rules
        self._born_s = self._pinged_s = self._ponged_s = born_s

    def ponged(self, now_s: float) -> None:
        """The client has answered."""
        self._ponged_s = now_s

    def tend(self, connection: Connection, now_s: float) -> None:
        """Pings when it is time, and ends a connection that is dead, too old or too slow."""
        if connection.transport is None:
            return
        rules, waits = self._rules, self._ponged_s < self._pinged_s
        if now_s - self._born_s > rules.age_max_s or connection.too_slow():
            connection.close(WSCloseCode.POLICY_VIOLATION)
        elif waits and now_s - self._pinged_s > rules.pong_within_s:
            connection.close(WSCloseCode.POLICY_VIOLATION, b"Pong timeout")
        elif not waits and now_s - self._pinged_s >= rules.ping_every_s:
            self._pinged_s = now_s
            connection.transport.send_ping(str(int(now_s * 1000)).encode())


class Target(msgspec.Struct, frozen=True):
    """What the URL of a connection asks for."""

    route: str  # "public", "market", "private", or "" for spot and for the retired undecorated base
    combined: bool
    streams: tuple[str, ...]


def parse_target(path: str, spot: bool) -> Target | None:
    """Reads a request target; None where the venue answers 404."""
    parts = urlsplit(path)
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    route = ""
    if not spot and segments and segments[0] in ("public", "market", "private"):
        route = segments.pop(0)
    if route == "private" and "listenKey=" in parts.query and segments in (["ws"], ["stream"]):
        query = parse_qs(parts.query)
        name = "@".join(query[each][0] for each in ("listenKey", "events") if each in query)
        return Target(route, segments == ["stream"], (name,))
    if segments[:1] == ["ws"]:
        return Target(route, False, tuple(segments[1:]))
    if segments == ["stream"]:
        listed = parse_qs(parts.query).get("streams", [""])[0]
        return Target(route, True, tuple(name for name in listed.split("/") if name))
    return None


class Streams(Protocol):
    """Where streams are joined: the books of a market, or the user data of its accounts."""

    def join(self, name: str, route: str, subscriber: Subscriber, now_ns: int) -> Any:
        """Subscribes; None where the venue acknowledges and stays silent."""

    def leave(self, channel: Any, subscriber: Subscriber) -> None:
        """Unsubscribes from what `join` gave."""


class BinanceConnection(Connection):
    """A subscriber of one market."""

    def __init__(
        self, stage: Stage, market: MarketName, target: Target, rules: ConnectionRules, feed: Streams
    ) -> None:
        super().__init__(stage)
        self.private = target.route == "private"
        self._heartbeat = Heartbeat(rules, self.born_s)
        self._market = market
        self._target = target
        self._rules = rules
        self._feed = feed
        self._combined = target.combined
        self._names: dict[str, Any] = {}
        self._heard = SlidingWindow(1.0)

    def markets(self) -> tuple[str, ...]:
        """Its market."""
        return (self._market,)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Takes the streams of the URL."""
        super().on_ws_connected(transport)
        if len(self._target.streams) > STREAMS_MAX:
            self.close(WSCloseCode.POLICY_VIOLATION)
            return
        for name in self._target.streams:
            self._subscribe(name)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leaves every channel."""
        super().on_ws_disconnected(transport)
        for channel in self._names.values():
            if channel is not None:
                self._feed.leave(channel, self)
        self._names.clear()

    def heard(self, kind: WSMsgType, payload: bytes) -> None:
        """Control messages and heartbeats of the client."""
        now_s = self.stage.monotonic_s()
        if not self._heard.take(now_s, self._rules.messages_per_s):
            self.close(WSCloseCode.POLICY_VIOLATION, b"Too many requests")
        elif kind == WSMsgType.PING:
            self.pong(payload)
        elif kind == WSMsgType.PONG:
            self._heartbeat.ponged(now_s)
        elif kind == WSMsgType.TEXT:
            self.deliver(WSMsgType.TEXT, _encode(self._answer(payload)))

    def send_text(self, stream: str, payload: str, fraction: float) -> None:
        """Sends a payload, wrapped when the connection is combined, cut when `fraction` is below 1."""
        text = f'{{"stream":"{stream}","data":{payload}}}' if self._combined else payload
        self.deliver(WSMsgType.TEXT, text.encode(), fraction)

    def notice(self, moment: Moment) -> None:
        """The notice before a restart of the server."""
        self.send_text(SHUTDOWN_STREAM, server_shutdown(moment.server_ms), 1.0)

    def tend(self, now_s: float) -> None:
        """Pings, and ends connections that are dead, too old or too slow."""
        self._heartbeat.tend(self, now_s)

    def _answer(self, message: bytes) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(message)
        except UNREADABLE as error:
            return _error(3, f"Invalid JSON: {error}", None)
        if not isinstance(request, dict) or "method" not in request:
            return _error(2, "Invalid request: missing field `method`", None)
        request_id = request.get("id")
        if not _legal_id(request_id):
            return _error(2, "Invalid request: request ID must be an unsigned integer", None)
        method, params = request["method"], request.get("params")
        if method not in _METHODS:
            listed = ", ".join(f"`{each}`" for each in _METHODS)
            return _error(
                2, f"Invalid request: unknown variant `{method}`, expected one of {listed}", request_id
            )
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": list(self._names), "id": request_id}
        if method in ("SET_PROPERTY", "GET_PROPERTY"):
            return self._property(method, params, request_id)
        if not isinstance(params, list) or not all(isinstance(name, str) for name in params):
            return _error(2, "Invalid request: missing field `params`", request_id)
        if method == "SUBSCRIBE" and len(self._names.keys() | set(params)) > STREAMS_MAX:
            return _error(2, "Invalid request: too many parameters", request_id)
        for name in params:
            if method == "SUBSCRIBE":
                self._subscribe(name)
            else:
                self._unsubscribe(name)
        return {"result": None, "id": request_id}

    def _property(self, method: str, params: object, request_id: object) -> dict[str, Any]:
        if not isinstance(params, list) or not params or not isinstance(params[0], str):
            return _error(2, "Invalid request: property name must be a string", request_id)
        if params[0] != "combined":
            return _error(0, "Unknown property", request_id)
        if method == "GET_PROPERTY":
            return {"result": self._combined, "id": request_id}
        if len(params) != 2:
            return _error(2, "Invalid request: too many parameters", request_id)
        if not isinstance(params[1], bool):
            return _error(1, "Invalid value type: expected Boolean", request_id)
        self._combined = params[1]
        return {"result": None, "id": request_id}

    def _subscribe(self, name: str) -> None:
        if name not in self._names:
            self._names[name] = self._feed.join(name, self._target.route, self, self.stage.clock.wall_ns())

    def _unsubscribe(self, name: str) -> None:
        channel = self._names.pop(name, None)
        if channel is not None:
            self._feed.leave(channel, self)


def _legal_id(request_id: object) -> bool:
    if request_id is None:
        return True
    if isinstance(request_id, str):
        return _ID.fullmatch(request_id) is not None
    return isinstance(request_id, int) and not isinstance(request_id, bool) and abs(request_id) < 2**63


def _error(code: int, text: str, request_id: object) -> dict[str, Any]:
    return {"code": code, "msg": text, "id": request_id}
