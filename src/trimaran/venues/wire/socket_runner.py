"""Runs the connections, timers and tasks of a session: what every feed on WebSockets shares.

The feed (`market_feed`, `line_feed`) holds a pure session and knows what a message is; the runner opens,
speaks, pings and closes by slot, calls back, and ends everything together. A payload is borrowed and never
kept here.

Errors from outside end up in the session as events. An exception in a callback is a bug: it stops everything,
and `wait` raises it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Protocol

from trimaran.base.errors import VenueError
from trimaran.domain.ports import Clock
from trimaran.venues.wire.session_port import (
    Alive,
    Close,
    Closed,
    Open,
    Opened,
    SendPing,
    SendText,
    Slot,
)
from trimaran.venues.wire.tasks import Tasks
from trimaran.venues.wire.websocket import WebSocket, WebSocketCounters, WebSocketOptions, open_websocket

SocketAction = Open | SendText | SendPing | Close


class SocketUser(Protocol):
    """The feed, as the runner calls it: from the event loop, never after it was stopped."""

    def on_message(self, slot: Slot, payload: memoryview, local_ns: int, /) -> None:
        """One message of a connection that was not given up; borrowed until this returns."""

    def on_connection(self, event: Opened | Closed | Alive, /) -> None:
        """What happened to a connection that was not given up."""

    def on_tick(self) -> None:
        """Time has passed."""

    def on_stopped(self) -> None:
        """Everything is closed; called once, also after a failure."""


class SocketRunner:
    """One feed's connections. `start`, then `wait` or `stop`; not to be started again."""

    def __init__(self, user: SocketUser, clock: Clock, options: WebSocketOptions, tick_s: float) -> None:
        self.counters = WebSocketCounters()
        self._user = user
        self._clock = clock
        self._options = options
        self._tick_s = tick_s
        self._connections: dict[Slot, _Connection] = {}
        self._tasks = Tasks(self.fail)
        self._running = False
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None
        self._stopping: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and neither stopped nor failed."""
        return self._running

    @property
    def is_idle(self) -> bool:
        """Whether no task is left."""
        return self._tasks.is_idle

    def start(self) -> None:
        """Begins to tick; returns at once."""
        assert not self._running
        assert not self._ended.is_set(), "a feed is started once"
        self._running = True
        self.spawn(self._tick())

    async def wait(self) -> None:
        """Returns when it has been stopped; raises what made it fail."""
        await self._ended.wait()
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Closes every connection and ends every task."""
        await asyncio.shield(self._begin_stop())

    def carry_out(self, action: SocketAction) -> None:
        """Does to a connection what the session has decided."""
        match action:
            case SendText(slot, text):
                self._connections[slot].send_text(text)
            case SendPing(slot):
                self._connections[slot].send_ping()
            case Open(slot, url):
                connection = _Connection(self, slot)
                self._connections[slot] = connection
                connection.opened_by(self.spawn(self._open(connection, url)))
            case Close(slot, _):
                given_up = self._connections.pop(slot, None)
                if given_up is not None:  # None: it was not opened yet, or has just ended by itself
                    given_up.give_up()
                    self.spawn(given_up.close())

    def is_clogged(self, slot: Slot) -> bool:
        """Whether what is sent on a connection would wait here, behind what waits already."""
        connection = self._connections.get(slot)
        return connection is not None and connection.is_clogged

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """A task that ends with the feed; its exception is a failure of the feed."""
        return self._tasks.spawn(work)

    def deliver(self, slot: Slot, payload: memoryview, local_ns: int) -> None:
        """One message of a connection."""
        try:
            self._user.on_message(slot, payload, local_ns)
        except Exception as error:
            self.fail(error)

    def report(self, event: Opened | Closed | Alive) -> None:
        """What happened to a connection."""
        if not self._running:
            return
        try:
            self._user.on_connection(event)
        except Exception as error:
            self.fail(error)

    def forget(self, slot: Slot) -> None:
        """A connection has ended by itself."""
        self._connections.pop(slot, None)

    def fail(self, error: BaseException) -> None:
        """A bug: the first one is kept for `wait`, and the user hears nothing more."""
        if self._failure is None:
            self._failure = error
            self._begin_stop()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            self._user.on_tick()

    async def _open(self, connection: _Connection, url: str) -> None:
        try:
            await open_websocket(url, connection, self._clock, self._options, self.counters)
        except VenueError as error:
            connection.on_closed(str(error))

    def _begin_stop(self) -> asyncio.Task[None]:
        if self._stopping is None:
            was_running, self._running = self._running, False
            for connection in self._connections.values():
                connection.give_up()
            self._stopping = asyncio.get_running_loop().create_task(self._stop(was_running))
        return self._stopping

    async def _stop(self, was_running: bool) -> None:
        goodbyes = [connection.close() for connection in self._connections.values()]
        await asyncio.gather(self._tasks.end(), *goodbyes, return_exceptions=True)
        if was_running:
            self._user.on_stopped()
        self._ended.set()


class _Connection:
    """One slot's connection: forwards what it brings until it is given up."""

    def __init__(self, runner: SocketRunner, slot: Slot) -> None:
        self._opening: asyncio.Task[None] | None = None
        self._runner = runner
        self._slot = slot
        self._socket: WebSocket | None = None
        self._given_up = False

    def opened_by(self, task: asyncio.Task[None]) -> None:
        """The task that opens it, to be cancelled when the connection is given up before."""
        self._opening = task

    @property
    def is_clogged(self) -> bool:
        """Whether something that was sent has not left this process."""
        return self._socket is not None and self._socket.is_clogged

    def send_text(self, text: str) -> None:
        """Sends one text message on an open connection."""
        assert self._socket is not None
        self._socket.send_text(text)

    def send_ping(self) -> None:
        """Sends one ping on an open connection."""
        assert self._socket is not None
        self._socket.send_ping()

    def give_up(self) -> None:
        """From now on what the connection brings is dropped."""
        self._given_up = True

    async def close(self) -> None:
        """Closes a connection that was given up, or stops opening it."""
        assert self._given_up
        if self._socket is not None:
            await self._socket.close()
        elif self._opening is not None:
            self._opening.cancel()

    def on_opened(self, socket: WebSocket) -> None:
        """See `websocket.MessageHandler`, as the next three."""
        self._socket = socket
        if self._given_up:
            socket.abort()
        else:
            self._runner.report(Opened(self._slot))

    def on_message(self, payload: memoryview, local_ns: int) -> None:
        if not self._given_up:
            self._runner.deliver(self._slot, payload, local_ns)

    def on_alive(self) -> None:
        if not self._given_up:
            self._runner.report(Alive(self._slot))

    def on_closed(self, reason: str) -> None:
        if not self._given_up:
            self._given_up = True
            self._runner.forget(self._slot)
            self._runner.report(Closed(self._slot, reason))
