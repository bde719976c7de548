"""Runs a market data session on real sockets: the shell around any venue's pure session.

    socket -> sink.on_frame -> answer -> session -> actions -> sockets, REST, sink

A frame goes from the socket's callback into the sink and back without a task switch. The feed knows
nothing of any venue: what to open, say and fetch is the session's decision. A payload is borrowed and
never kept; only control frames, which are rare, are copied for the session.

Errors from outside end up in the session as events. An exception of the sink or the session is a bug:
it stops the feed, and `wait` raises it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, Protocol

from trimaran.base.errors import VenueError
from trimaran.domain.answer import Kind
from trimaran.domain.instrument import Symbol
from trimaran.domain.ports import Clock
from trimaran.venues.wire.connection import Connection
from trimaran.venues.wire.rest import RestClient, RestError
from trimaran.venues.wire.session_port import (
    Action,
    Actions,
    Close,
    ControlFrame,
    Event,
    FetchSnapshot,
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
from trimaran.venues.wire.websocket import WebSocketCounters, WebSocketOptions, open_websocket

TICK_S_DEFAULT: Final = 0.2


class FrameSink(Protocol):
    """Where frames go: the hot state, or something that records on the way to it."""

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        """Takes one frame, borrowed until this returns; the packed answer (`domain.answer`)."""

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        """Takes one REST snapshot; the packed answer."""

    def on_down(self, reason: str, symbols: Sequence[Symbol]) -> None:
        """The books of `symbols` have lost their feed and are not live any more; empty: all books."""


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
        self.counters = WebSocketCounters()
        self._session = session
        self._sink = sink
        self._clock = clock
        self._rest = rest
        self._options = websocket if websocket is not None else WebSocketOptions()
        self._on_notice = on_notice
        self._tick_s = tick_s
        self._connections: dict[Slot, Connection] = {}
        self._snapshots: dict[Symbol, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None
        self._stopping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to connect; returns at once."""
        assert not self._running
        assert not self._ended.is_set(), "a feed is started once"
        self._running = True
        self._spawn(self._tick())
        self._run(self._session.start(self._clock.monotonic_ns()))

    async def wait(self) -> None:
        """Returns when the feed has been stopped; raises what made it fail."""
        await self._ended.wait()
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Closes every connection, ends every task, and marks the books down."""
        await asyncio.shield(self._begin_stop())

    def deliver(self, slot: Slot, payload: memoryview, local_ns: int) -> None:
        """One message of a connection: into the sink, and its answer into the session."""
        try:
            answer = self._sink.on_frame(payload, local_ns)
            now_ns = self._clock.monotonic_ns()
            if answer & 0xF == Kind.CONTROL:
                actions = self._session.on_event(ControlFrame(slot, bytes(payload)), now_ns)
            else:
                actions = self._session.on_answer(slot, answer, now_ns)
            if actions:
                self._run(actions)
        except Exception as error:
            self._fail(error)

    def report(self, event: Event) -> None:
        """Tells the session, and carries out its answer."""
        if not self._running:
            return
        try:
            self._run(self._session.on_event(event, self._clock.monotonic_ns()))
        except Exception as error:
            self._fail(error)

    def forget(self, slot: Slot) -> None:
        """A connection has ended by itself."""
        self._connections.pop(slot, None)

    def _run(self, actions: Actions) -> None:
        for action in actions:
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        match action:
            case SendText(slot, text):
                self._connections[slot].send_text(text)
            case SendPing(slot):
                self._connections[slot].send_ping()
            case Open(slot, url):
                connection = Connection(self, slot)
                self._connections[slot] = connection
                connection.opened_by(self._spawn(self._open(connection, url)))
            case Close(slot, _):
                given_up = self._connections.pop(slot, None)
                if given_up is not None:  # None: it was not opened yet, or has just ended by itself
                    given_up.give_up()
                    self._spawn(given_up.close())
            case FetchSnapshot(symbol, url):
                self._snapshots[symbol] = self._spawn(self._fetch(symbol, url))
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

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            self._run(self._session.on_tick(self._clock.monotonic_ns()))

    async def _open(self, connection: Connection, url: str) -> None:
        try:
            await open_websocket(url, connection, self._clock, self._options, self.counters)
        except VenueError as error:
            connection.on_closed(str(error))

    async def _fetch(self, symbol: Symbol, url: str) -> None:
        try:
            reply = await self._rest.get(url)
        except RestError as error:
            self.report(SnapshotFailed(symbol, str(error), error.retry_after_ns))
            return
        answer = self._sink.on_snapshot(symbol, reply.body, self._clock.wall_ns())
        self.report(SnapshotApplied(symbol, answer))

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """A bug: the first one is kept for `wait`, and nothing more reaches the sink."""
        if self._failure is None:
            self._failure = error
            self._begin_stop()

    def _begin_stop(self) -> asyncio.Task[None]:
        if self._stopping is None:
            was_running, self._running = self._running, False
            for connection in self._connections.values():
                connection.give_up()
            self._stopping = asyncio.get_running_loop().create_task(self._stop(was_running))
        return self._stopping

    async def _stop(self, was_running: bool) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        goodbyes = [connection.close() for connection in self._connections.values()]
        await asyncio.gather(*tasks, *goodbyes, return_exceptions=True)
        if was_running:
            self._sink.on_down("stopped", ())
        self._ended.set()
