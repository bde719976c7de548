"""Runs a market data session on real sockets: the shell around any venue's pure session.

    socket -> sink.on_frame -> answer -> session -> actions -> sockets, REST, sink

A frame goes from the socket's callback into the sink and back without a task switch. The feed knows
nothing of any venue: what to open, say and fetch is the session's decision. A payload is borrowed and
never kept; only control frames, which are rare, are copied for the session.
How it opens, ticks, fails and stops: `socket_runner.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import Symbol
from trimaran.domain.ports import Clock
from trimaran.venues.wire.rest import RestClient, RestError
from trimaran.venues.wire.session_port import (
    Actions,
    Close,
    ControlFrame,
    Event,
    FetchSnapshot,
    FrameSink,
    MarkDown,
    MarketSession,
    Notice,
    Open,
    SendPing,
    SendText,
    Slot,
    SnapshotApplied,
    SnapshotFailed,
)
from trimaran.venues.wire.socket_runner import SocketRunner
from trimaran.venues.wire.websocket import WebSocketCounters, WebSocketOptions

TICK_S_DEFAULT: Final = 0.2


class MarketFeed:
    """One session on its sockets. `start`, then `wait` or `stop`; not to be started again.

    `on_notice` receives alarms and notices as they happen; they are counted by the session anyway.
    """

    def __init__(
        self,
        session: MarketSession,
        sink: FrameSink,
        clock: Clock,
        rest: RestClient,
        *,
        websocket: WebSocketOptions | None = None,
        on_notice: Callable[[Notice], None] | None = None,
        tick_s: float = TICK_S_DEFAULT,
    ) -> None:
        self._session = session
        self._sink = sink
        self._clock = clock
        self._rest = rest
        self._on_notice = on_notice
        options = websocket if websocket is not None else WebSocketOptions()
        self._runner = SocketRunner(self, clock, options, tick_s)
        self._snapshots: dict[Symbol, asyncio.Task[None]] = {}

    @property
    def counters(self) -> WebSocketCounters:
        """What came over the connections."""
        return self._runner.counters

    async def start(self) -> None:
        """Begins to connect; returns at once."""
        self._runner.start()
        self._run(self._session.start(self._clock.monotonic_ns()))

    async def wait(self) -> None:
        """Returns when the feed has been stopped; raises what made it fail."""
        await self._runner.wait()

    async def stop(self) -> None:
        """Closes every connection, ends every task, and marks the books down."""
        await self._runner.stop()

    def on_message(self, slot: Slot, payload: memoryview, local_ns: int) -> None:
        """One message of a connection: into the sink, and its answer into the session."""
        answer = self._sink.on_frame(payload, local_ns)
        now_ns = self._clock.monotonic_ns()
        if answer & 0xF == Kind.CONTROL:
            actions = self._session.on_event(ControlFrame(slot, bytes(payload)), now_ns)
        else:
            actions = self._session.on_answer(slot, answer, now_ns)
        if actions:
            self._run(actions)

    def on_connection(self, event: Event) -> None:
        """Tells the session, and carries out its answer."""
        self._run(self._session.on_event(event, self._clock.monotonic_ns()))

    def on_tick(self) -> None:
        """Lets the session run its timers."""
        self._run(self._session.on_tick(self._clock.monotonic_ns()))

    def on_stopped(self) -> None:
        """The books have lost their feed for good."""
        self._sink.on_down("stopped", ())

    def _run(self, actions: Actions) -> None:
        for action in actions:
            match action:
                case Open() | SendText() | SendPing() | Close():
                    self._runner.carry_out(action)
                case FetchSnapshot(symbol, url):
                    self._snapshots[symbol] = self._runner.spawn(self._fetch(symbol, url))
                case MarkDown(reason, symbols):
                    self._mark_down(reason, symbols)
                case _:
                    if self._on_notice is not None:
                        self._on_notice(action)

    def _mark_down(self, reason: str, symbols: Sequence[Symbol]) -> None:
        for symbol in symbols or tuple(self._snapshots):
            task = self._snapshots.pop(symbol, None)
            if task is not None:
                task.cancel()
        self._sink.on_down(reason, symbols)

    async def _fetch(self, symbol: Symbol, url: str) -> None:
        try:
            reply = await self._rest.get(url)
        except RestError as error:
            if self._runner.is_running:
                self.on_connection(SnapshotFailed(symbol, str(error), error.retry_after_ns))
            return
        if self._runner.is_running:
            answer = self._sink.on_snapshot(symbol, reply.body, self._clock.wall_ns())
            self.on_connection(SnapshotApplied(symbol, answer))
