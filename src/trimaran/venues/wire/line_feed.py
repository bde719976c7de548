"""Runs the session of a private line on real sockets: the shell around `line_session.LineSession`.

    socket -> (inflate) -> session -> actions -> sockets; tokens and time over REST; all else to `on_action`

A private message is small and rare next to market data, so it is copied for the session. Frames that are
gzip members are inflated within bounds; what cannot be read at all is told to the session as a hole. How it
opens, ticks, fails and stops: `socket_runner.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from trimaran.base.errors import DecodeError
from trimaran.domain.ports import Clock
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport, PositionReport, Report
from trimaran.venues.wire.inflate import inflate
from trimaran.venues.wire.line_port import (
    AskForTime,
    AskForToken,
    LineAction,
    LineEvent,
    LineNotice,
    LineSwitched,
    LineUp,
    RepliesLost,
)
from trimaran.venues.wire.line_session import LineSession
from trimaran.venues.wire.lines import LineReply
from trimaran.venues.wire.session_port import Alive, Close, Closed, Open, Opened, SendPing, SendText, Slot
from trimaran.venues.wire.socket_runner import SocketRunner
from trimaran.venues.wire.websocket import WebSocketCounters, WebSocketOptions

TICK_S_DEFAULT: Final = 0.1

LineOutput = Report | LineReply | RepliesLost | LineNotice
OUTPUTS: Final = (LineReply, OrderReport, FillReport, BalanceReport, PositionReport)


class LineFeed:
    """One private line on its sockets. `start`, then `wait` or `stop`; not to be started again.

    `on_output` is called from the event loop, must not block, and its exception ends the feed. `answer` asks
    over REST for a token or the time and returns what the session is to be told; it does not raise.
    """

    def __init__(
        self,
        session: LineSession,
        clock: Clock,
        answer: Callable[[AskForToken | AskForTime], Awaitable[LineEvent]],
        on_output: Callable[[LineOutput], None],
        *,
        websocket: WebSocketOptions | None = None,
        tick_s: float = TICK_S_DEFAULT,
    ) -> None:
        self.session = session
        self.slot: Slot | None = None  # the connection that was the active one last
        self._clock = clock
        self._answer = answer
        self._on_output = on_output
        options = websocket if websocket is not None else WebSocketOptions()
        self._runner = SocketRunner(self, clock, options, tick_s)

    @property
    def counters(self) -> WebSocketCounters:
        """What came over the connections."""
        return self._runner.counters

    async def start(self) -> None:
        """Begins to connect; returns at once."""
        self._runner.start()
        self._run(self.session.start(self._clock.monotonic_ns()))

    async def wait(self) -> None:
        """Returns when the feed has been stopped; raises what made it fail."""
        await self._runner.wait()

    async def stop(self) -> None:
        """Closes every connection and ends every task."""
        await self._runner.stop()

    def resume(self) -> None:
        """Tries again after `LineHalted`."""
        self._run(self.session.resume(self._clock.monotonic_ns()))

    def send_order(self, text: str, request_id: int) -> bool:
        """Sends an order's text once; False when nothing was sent, for the line is not up or must wait.

        An order never waits in our own buffers: it could leave long after it was looked at.
        """
        slot = self.slot
        if not self._runner.is_running or slot is None or self._runner.is_clogged(slot):
            return False
        action = self.session.send_order(text, request_id, self._clock.monotonic_ns())
        if action is None:
            return False
        self._runner.carry_out(action)
        return True

    def on_message(self, slot: Slot, payload: memoryview, local_ns: int) -> None:
        """One message of a connection, for the runner."""
        now_ns = self._clock.monotonic_ns()
        try:
            text = inflate(payload) if self.session.spec.compressed else bytes(payload)
        except DecodeError:
            self._run(self.session.on_unreadable(slot, now_ns))
            return
        self._run(self.session.on_frame(slot, text, local_ns, now_ns))

    def on_connection(self, event: Opened | Closed | Alive) -> None:
        """What happened to a connection, for the runner."""
        self._run(self.session.on_event(event, self._clock.monotonic_ns()))

    def on_tick(self) -> None:
        """Lets the session run its timers, for the runner."""
        self._run(self.session.on_tick(self._clock.monotonic_ns()))

    def on_stopped(self) -> None:
        """Nothing is to be told: who stops it knows."""

    def _run(self, actions: Iterable[LineAction]) -> None:
        for action in actions:
            if isinstance(action, OUTPUTS):  # first, for nearly all are
                self._on_output(action)
                continue
            match action:
                case Open() | SendText() | SendPing() | Close():
                    self._runner.carry_out(action)
                case AskForToken() | AskForTime():
                    self._runner.spawn(self._ask(action))
                case _:
                    if isinstance(action, LineUp):
                        self.slot = action.slot
                    elif isinstance(action, LineSwitched):
                        self.slot = action.new
                    self._on_output(action)

    async def _ask(self, question: AskForToken | AskForTime) -> None:
        event = await self._answer(question)
        if self._runner.is_running:
            self._run(self.session.on_event(event, self._clock.monotonic_ns()))
