"""What the private sockets of the simulated HTX have in common: who they speak for, heartbeats, order entry.

An order over a socket is the same call as over REST, with the same limits and the same faults of the gate.
What differs between spot and contracts is the framing and the words: see `spot_socket` and `swap_socket`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec
from picows import WSCloseCode, WSMsgType, WSTransport

from trimaran.domain.instrument import MarketName
from trimaran.venues.htx.simulator.auth import Denied, KeyOf, ParameterNames, check, first_lines
from trimaran.venues.htx.simulator.calls import Call, Endpoint
from trimaran.venues.htx.simulator.cancels import Cancels
from trimaran.venues.htx.simulator.limits import Windows
from trimaran.venues.htx.simulator.private_rest import denied, too_fast
from trimaran.venues.htx.simulator.push_hub import PushHub, Subscription
from trimaran.venues.htx.simulator.refusals import HtxError
from trimaran.venues.sim.gate import Verdict
from trimaran.venues.sim.server_stage import Connection, Stage
from trimaran.venues.sim.trading import ApiKey

REQUESTS_PER_S: Final = 50


class SocketRules(msgspec.Struct, frozen=True):
    """What a market demands of its private connections."""

    ping_every_s: float
    misses_max: int


class PrivateSide(msgspec.Struct, frozen=True):
    """The private side of a market, as its sockets need it."""

    market: MarketName
    stage: Stage
    key_of: KeyOf
    hub: PushHub
    windows: Windows
    cancels: Cancels
    hosts: Callable[[], tuple[str, ...]]  # the names of the market, besides the one the client used


class PrivateSocket(Connection):
    """A connection that may speak for an account."""

    names: ParameterNames

    def __init__(self, side: PrivateSide, host: str, path: str, rules: SocketRules) -> None:
        """`host` is the one the client named."""
        super().__init__(side.stage)
        self.private = True
        self.side = side
        self.key: ApiKey | None = None
        self._host, self._path, self._rules = host.lower(), path, rules
        self.topics: dict[str, Subscription] = {}
        self._pinged_s = self.born_s
        self._misses = 0
        self.ping: str | None = None  # not answered yet
        self._second, self._requests = 0, 0

    def markets(self) -> tuple[str, ...]:
        """Its market."""
        return (self.side.market,)

    def subscriptions(self) -> Collection[Subscription]:
        """What it listens to."""
        return self.topics.values()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Speaks for nobody any more."""
        super().on_ws_disconnected(transport)
        self.topics.clear()
        if self.key is not None:
            self.side.hub.leave(self.key.account_id, self)

    def heard(self, kind: WSMsgType, payload: bytes) -> None:
        """Requests and heartbeats of the client."""
        if kind == WSMsgType.PING:
            self.pong(payload)
        elif kind in (WSMsgType.TEXT, WSMsgType.BINARY):
            self.request(payload)

    def request(self, payload: bytes) -> None:
        """Takes a message of the client."""
        raise NotImplementedError

    def push(self, payload: bytes) -> None:
        """Sends a push."""
        raise NotImplementedError

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends a message."""
        raise NotImplementedError

    def say_ping(self, time_ms: int) -> str:
        """Sends a heartbeat; what the client has to give back."""
        raise NotImplementedError

    def notice(self, moment: object) -> None:
        """HTX says nothing before it closes, unless the market has a word for it."""

    def tend(self, now_s: float) -> None:
        """Pings, and ends connections that are dead or too slow."""
        if self.too_slow():
            self.close(WSCloseCode.POLICY_VIOLATION)
        elif now_s - self._pinged_s >= self._rules.ping_every_s:
            self._misses = 0 if self.ping is None else self._misses + 1
            if self._misses >= self._rules.misses_max:
                self.close(WSCloseCode.OK, b"ping timeout")
                return
            self._pinged_s = now_s
            self.ping = self.say_ping(self.stage.server_ms())

    def key_revoked(self, name: str) -> None:
        """Hangs up on who has logged in with it."""
        if self.key is not None and self.key.key == name:
            self.close(WSCloseCode.POLICY_VIOLATION)

    def login(self, parameters: Mapping[str, str]) -> Denied | None:
        """Speaks for the owner of the key from now on, or why it does not."""
        hosts = dict.fromkeys((self._host, *self.side.hosts(), self._host.partition(":")[0]))
        # Clients that cut `wss://host` from their URL sign the whole URL where there is no TLS.
        paths = (self._path, f"ws://{self._host}{self._path}")
        lines = [line for path in paths for line in first_lines("GET", tuple(hosts), path)]
        key = check(parameters, self.names, lines, self.side.key_of, self.stage.server_ms())
        if isinstance(key, Denied):
            return key
        if self.key is not None:
            self.side.hub.leave(self.key.account_id, self)
        self.key = key
        self.side.hub.join(key.account_id, self)
        return None

    def too_many(self) -> bool:
        """Whether this request is one too many within the second."""
        second = int(self.stage.monotonic_s())
        if second != self._second:
            self._second, self._requests = second, 0
        self._requests += 1
        return self.stage.options.limits and self._requests > REQUESTS_PER_S

    def enter(
        self,
        endpoint: Endpoint,
        body: bytes,
        answered: Callable[[object], None],
        refused: Callable[[HtxError], None],
    ) -> None:
        """Does what an endpoint does, for the account of the connection."""
        verdict = self.stage.gate.judge(self.side.market, endpoint.request)
        try:
            outcome: object = self._outcome(endpoint, body) if verdict.processed else None
        except HtxError as error:
            outcome = error
        if not verdict.answered:
            return
        if verdict.delay_s:
            asyncio.get_running_loop().call_later(
                verdict.delay_s, self._tell, endpoint, verdict, outcome, answered, refused
            )
        else:
            self._tell(endpoint, verdict, outcome, answered, refused)

    def _tell(
        self,
        endpoint: Endpoint,
        verdict: Verdict,
        outcome: object,
        answered: Callable[[object], None],
        refused: Callable[[HtxError], None],
    ) -> None:
        if verdict.status is not None:
            busy = HtxError("gateway-internal-error", "Failed to load data. Try again later.")
            refused(too_fast(endpoint.family) if verdict.status < 500 else busy)
        elif isinstance(outcome, HtxError):
            refused(outcome)
        else:
            answered(outcome)

    def _outcome(self, endpoint: Endpoint, body: bytes) -> object:
        if self.key is None:
            raise denied(endpoint.family, Denied.MISSING)
        if endpoint.permission not in self.key.permissions:
            raise denied(endpoint.family, Denied.PERMISSION)
        if self.stage.options.limits:
            window = self.key.account_id, endpoint.limit.group or endpoint.path
            if not self.side.windows.take(
                window, endpoint.limit, self.stage.clock.monotonic_ns() // 1_000_000
            ).allowed:
                raise too_fast(endpoint.family)
        now_ns = self.stage.trading_ns()
        return endpoint.answer(Call(self.key, {}, body, now_ns, self.stage.server_ms()))
