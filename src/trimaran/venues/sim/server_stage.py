"""What the server shares with the venues it serves: clocks, faults, maintenance, connections.

The base class of connections is here too: a connection registers itself with the stage, and the stage's
handles work on every connection, whatever protocol it speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

import msgspec
from aiohttp import web
from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)

from trimaran.domain.instrument import MarketName, Symbol
from trimaran.domain.ports import Clock
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.faults import Faults
from trimaran.venues.sim.feed import Feed, Moment
from trimaran.venues.sim.gate import Gate
from trimaran.venues.sim.options import ServerOptions
from trimaran.venues.sim.world import World

NS_PER_S: Final = 1_000_000_000
STRIDE_MAX_NS: Final = 50_000_000  # simulated time of one step
BEHIND_MAX_NS: Final = 250_000_000  # then simulated time gives up catching up
WRITE_BUFFER_MAX: Final = 32 * 1024 * 1024  # a client that reads slower is disconnected
HTML: Final = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"


class Stage:
    """The surroundings of every simulated venue."""

    def __init__(
        self,
        options: ServerOptions,
        world: World,
        faults: Mapping[MarketName, Faults],
        gate: Gate,
        exchanges: Mapping[str, Exchange],
        clock: Clock,
    ) -> None:
        self.options = options
        self.clock = clock
        self.world = world
        self.faults = faults
        self.gate = gate
        self.connections: dict[Connection, None] = {}  # ordered, so that a seed says who is served first
        self.lost_ns = 0  # wall time that the market did not live through
        self.paused_ns: int | None = None  # wall time at which the market was stopped
        self.set_clock(options.clock_offset_ms, 0)
        self.events = 0
        self._exchanges = exchanges
        self._advancing = False
        self._maintained_until_s: dict[MarketName, float] = {}

    def set_clock(self, offset_ms: int, drift_ppm: int) -> None:
        """Sets the server's clock against this machine's; from now on it gains so many us every second."""
        self._offset = offset_ms, drift_ppm, self.clock.monotonic_ns()

    @property
    def clock_offset_ms(self) -> int:
        """How far the server's clock is ahead of this machine's."""
        offset_ms, drift_ppm, since_ns = self._offset
        return offset_ms + drift_ppm * (self.clock.monotonic_ns() - since_ns) // NS_PER_S // 1_000

    def server_ms(self) -> int:
        """The server's clock."""
        return self.clock.wall_ns() // 1_000_000 + self.clock_offset_ms

    def server_us(self) -> int:
        """The same, in microseconds."""
        return self.clock.wall_ns() // 1_000 + self.clock_offset_ms * 1_000

    def monotonic_s(self) -> float:
        """Seconds of a clock that never jumps."""
        return self.clock.monotonic_ns() / NS_PER_S

    def exchange(self, venue: str) -> Exchange:
        """The accounts of a venue."""
        return self._exchanges[venue]

    def trading_ns(self) -> int:
        """Simulated time of now, for orders; the market has lived up to it when this returns.

        `Moment.venue_ms` makes milliseconds of the server's clock of it.
        """
        self.advance()
        return self.world.now_ns

    def advance(self) -> None:
        """Lets the market live up to the clock, as far as it can catch up in one step.

        Orders and the server's turns both call it. From within an event it does nothing.
        """
        if self.paused_ns is not None or self._advancing or self._telling():
            return
        behind_ns = self.clock.wall_ns() - self.lost_ns - self.world.now_ns
        if behind_ns > BEHIND_MAX_NS or behind_ns < 0:
            self.lost_ns += behind_ns - min(max(behind_ns, 0), STRIDE_MAX_NS)
        self._advancing = True
        try:
            self.events += self.world.advance(self.world.now_ns + min(max(behind_ns, 0), STRIDE_MAX_NS))
        finally:
            self._advancing = False

    def _telling(self) -> bool:
        return any(exchange.telling for exchange in self._exchanges.values())

    def moment(self) -> Moment:
        """Now, in every clock there is."""
        offset_ns = self.clock_offset_ms * 1_000_000
        return Moment(self.clock.wall_ns(), self.server_ms(), self.lost_ns + offset_ns)

    def maintain(self, market: MarketName, seconds: float) -> None:
        """Closes a market for a while; its REST answers that it is closed, its sockets refuse."""
        self._maintained_until_s[market] = self.monotonic_s() + seconds

    def maintained(self, market: MarketName) -> bool:
        """Whether the market is closed for maintenance."""
        until_s = self._maintained_until_s.get(market)
        return until_s is not None and self.monotonic_s() < until_s

    def connections_of(self, market: str) -> list[Connection]:
        """The connections that carry a market now; "" means all."""
        return [each for each in self.connections if market == "" or market in each.markets()]


class Connection(WSListener):  # type: ignore[misc, unused-ignore]
    """A client of a simulated venue. `frozen` is the half-open fault: nothing is sent, no ping answered."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.frozen = False
        self.private = False  # carries the private side of an account; the protocol says so
        self.born_s = stage.monotonic_s()
        self.transport: WSTransport | None = None

    def markets(self) -> Collection[str]:
        """The markets that the connection carries now."""
        raise NotImplementedError

    def notice(self, moment: Moment) -> None:
        """Says in the venue's words that the server will close; nothing where the venue says nothing."""
        raise NotImplementedError

    def tend(self, now_s: float) -> None:
        """Heartbeats and the ends of connections that are dead; called some twenty times a second."""
        raise NotImplementedError

    def heard(self, kind: WSMsgType, payload: bytes) -> None:
        """Takes what the client said. Goodbyes are answered already; a frozen connection hears nothing."""
        raise NotImplementedError

    def key_revoked(self, name: str) -> None:
        """A key is no more: connections that speak for its account in its name say or do what venues do."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Registers."""
        self.transport = transport
        self.stage.connections[self] = None

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Is forgotten."""
        self.stage.connections.pop(self, None)
        self.transport = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answers a goodbye with the same, and lets the venue hear all else."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif not self.frozen:
            self.heard(frame.msg_type, frame.get_payload_as_bytes())

    def pong(self, payload: bytes) -> None:
        """Answers a ping of the protocol."""
        if self.transport is not None:
            self.transport.send_pong(payload)

    def deliver(self, kind: WSMsgType, payload: bytes, fraction: float = 1.0) -> None:
        """Sends a message, cut when `fraction` is below 1."""
        if not self.frozen and self.transport is not None:
            self.transport.send(kind, payload if fraction >= 1 else payload[: int(len(payload) * fraction)])

    def too_slow(self) -> bool:
        """Whether the client reads so slowly that it is better let go."""
        if self.transport is None:
            return False
        return self.transport.underlying_transport.get_write_buffer_size() > WRITE_BUFFER_MAX

    def close(self, code: WSCloseCode | int = WSCloseCode.GOING_AWAY, reason: bytes | None = None) -> None:
        """Says goodbye and hangs up."""
        if self.transport is not None:
            self.transport.send_close(code, reason)  # type: ignore[arg-type, unused-ignore]
            self.transport.disconnect()

    def abort(self) -> None:
        """Hangs up without a word."""
        if self.transport is not None:
            self.transport.disconnect(graceful=False)


Accept = Callable[[WSUpgradeRequest], Connection | None]


class Sockets(msgspec.Struct, frozen=True):
    """A WebSocket listener of a venue at a fixed distance from the port base. None is answered with 404."""

    offset: int
    markets: tuple[MarketName, ...]
    accept: Accept


class Pages(msgspec.Struct, frozen=True):
    """REST of a venue at a fixed distance from the port base."""

    offset: int
    routes: Sequence[web.RouteDef]


class SimulatedVenue(Protocol):
    """A protocol over the market; everything else is the server's."""

    @property
    def feeds(self) -> Mapping[tuple[MarketName, Symbol], Feed]:
        """Every book with what its venue makes of it."""

    def listeners(self) -> list[Sockets | Pages]:
        """Where the venue listens."""

    def pump(self, moment: Moment) -> None:
        """Sends everything that is due."""

    def urls(self, hosts: Mapping[int, str]) -> dict[str, Any]:
        """Base URLs by market; `hosts` maps each offset of a listener to its host and port."""


def as_text(value: object) -> str:
    """A value of a client's request as it stands in an error: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def refusal(status: HTTPStatus, body: bytes) -> WSUpgradeResponseWithListener:
    """An answer to the request for a WebSocket that is not one."""
    return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status, body), None)


def page(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A REST answer in JSON."""
    return web.Response(text=text, status=status, content_type="application/json", headers=headers)


def html_page(status: int = 200) -> web.Response:
    """What a gateway in front of a venue answers instead of it."""
    return web.Response(text=HTML, status=status, content_type="text/html")
