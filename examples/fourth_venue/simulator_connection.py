"""One WebSocket connection to the simulated Bybit. https://bybit-exchange.github.io/docs/v5/ws/connect

A request has one answer; one topic that does not exist refuses all of it. A connection that says nothing for
`idle_s` is closed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import msgspec
from picows import WSMsgType, WSTransport

from examples.fourth_venue.simulator_feed import BybitFeed
from trimaran.domain.instrument import MarketName
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.server_stage import Connection, Stage

SPOT: Final = MarketName("bybit.spot")


class _Request(msgspec.Struct):
    op: str
    req_id: str = ""
    args: list[str] = []


class BybitConnection(Connection):
    """A client."""

    def __init__(self, stage: Stage, feeds: Mapping[str, BybitFeed], idle_s: float) -> None:
        super().__init__(stage)
        self._feeds = feeds
        self._idle_s = idle_s
        self._heard_s = self.born_s
        self._topics: set[str] = set()

    def markets(self) -> set[str]:
        """There is one."""
        return {SPOT}

    def notice(self, moment: Moment) -> None:
        """Bybit gives no notice."""

    def tend(self, now_s: float) -> None:
        """Ends connections that are idle or too slow."""
        if now_s - self._heard_s > self._idle_s or self.too_slow():
            self.close()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leaves every topic."""
        super().on_ws_disconnected(transport)
        for topic in self._topics:
            name, _, symbol = topic.rpartition(".")
            self._feeds[symbol].channels[name].leave(self)

    def send(self, payload: bytes, fraction: float) -> None:
        """Sends a text message."""
        self.deliver(WSMsgType.TEXT, payload, fraction)

    def heard(self, kind: WSMsgType, payload: bytes) -> None:
        """Requests and heartbeats."""
        self._heard_s = time.monotonic()
        if kind == WSMsgType.PING:
            self.pong(payload)
            return
        try:
            request = msgspec.json.decode(payload, type=_Request)
        except msgspec.DecodeError:
            self.close()
            return
        if request.op == "ping":
            self._answer(request, True, "pong")
        elif request.op == "unsubscribe":
            for topic in self._topics & set(request.args):
                self._topics.discard(topic)
                name, _, symbol = topic.rpartition(".")
                self._feeds[symbol].channels[name].leave(self)
            self._answer(request, True, "")
        else:
            self._subscribe(request)

    def _subscribe(self, request: _Request) -> None:
        for topic in request.args:
            name, _, symbol = topic.rpartition(".")
            feed = self._feeds.get(symbol)
            if feed is None or not feed.listed or name not in feed.channels or topic in self._topics:
                text = "already subscribed" if topic in self._topics else "handler not found"
                self._answer(request, False, f"error:{text},topic:{topic}")
                return
        self._answer(request, True, "subscribe")
        for topic in request.args:
            name, _, symbol = topic.rpartition(".")
            self._topics.add(topic)
            self._feeds[symbol].join(name, self)

    def _answer(self, request: _Request, success: bool, text: str) -> None:
        said = {
            "success": success, "ret_msg": text, "conn_id": "1", "req_id": request.req_id, "op": request.op
        }  # fmt: skip
        self.send(msgspec.json.encode(said), 1.0)
