"""One connection of a private line: logging in, subscribing, heartbeat, and the requests on it. Sans-I/O.

    WAITING --due--> OPENING --opened--> LOGGING_IN --logged in--> SUBSCRIBING --all taken--> UP
       (every state --lost--> forgotten; the session opens another link)

A state that has nothing to do is passed at once: a line that its URL opens is UP when it is opened. Login and
subscriptions must be answered within `reply_ns_max` each. Everything that we send counts against the venue's
message rate; what does not fit waits, but for pings and pongs, for which a share is kept.
"""

from __future__ import annotations

import enum
from collections import deque
from typing import Final

from trimaran.venues.wire.clock_offset import VenueClock
from trimaran.venues.wire.heartbeat import NEVER, Pulse, PulseTimes
from trimaran.venues.wire.limiter import WindowBudget
from trimaran.venues.wire.line_port import LineAction, LineCounters
from trimaran.venues.wire.lines import LineDialogue, LineSpec
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.session_port import SendText, Slot

MESSAGES_KEPT: Final = 2  # of the message rate, for a pong and for the heartbeat's ping
LOGIN_VALID_NS: Final = 5 * SECOND  # of a login, where the venue can refuse one that is too old
REQUESTS_MAX: Final = 4_096  # requests without an answer that are remembered


class LineState(enum.Enum):
    """Life of a link."""

    WAITING = "waiting"
    OPENING = "opening"
    LOGGING_IN = "logging in"
    SUBSCRIBING = "subscribing"
    UP = "up"


class LineLink:
    """State of one connection. The session owns it and forgets it as soon as it is lost."""

    def __init__(
        self,
        slot: Slot,
        due_ns: int,
        spec: LineSpec,
        dialogue: LineDialogue,
        clock: VenueClock,
        reply_ns_max: int,
        counters: LineCounters,
    ) -> None:
        self.slot = slot
        self.due_ns = due_ns
        self.state = LineState.WAITING
        self.opened_ns = NEVER
        self.up_ns = NEVER
        self.requests: dict[int, int] = {}  # order requests without an answer -> when they were sent
        quiet_ns = min(spec.quiet_ns, 5 * SECOND)
        pong_ns = min(4 * SECOND, 9 * SECOND - quiet_ns)
        times = PulseTimes(quiet_ns, pong_ns)
        self.pulse = Pulse(spec.heartbeat, spec.heartbeat_text, times, spec.server_ping_ns)
        self._spec = spec
        self._dialogue = dialogue
        self._clock = clock
        self._reply_ns_max = reply_ns_max
        self._counters = counters
        per_s = spec.messages_per_s_max
        self._messages = WindowBudget(max(1, per_s - MESSAGES_KEPT), SECOND) if per_s else None
        self._unsent: deque[str] = deque()
        self._untaken: list[str] = []  # subscriptions without an answer
        self._asked_ns = NEVER  # when the login or the subscriptions began
        self._sent_ns = NEVER

    def opened(self, first_id: int, now_ns: int) -> list[LineAction]:
        """The handshake is done: the login goes out, or what comes after it."""
        assert self.state is LineState.OPENING
        self.opened_ns = self.pulse.heard_ns = self._sent_ns = now_ns
        self.state = LineState.LOGGING_IN
        self._asked_ns = now_ns
        text = self._dialogue.login(first_id, self._clock.stamp(now_ns, LOGIN_VALID_NS))
        if text is None:
            return self.logged_in(first_id, now_ns)
        self._unsent.append(text)
        return self._flush(now_ns)

    def logged_in(self, first_id: int, now_ns: int) -> list[LineAction]:
        """The login was accepted: the subscriptions go out."""
        if self.state is not LineState.LOGGING_IN:
            return []
        self.state = LineState.SUBSCRIBING
        self._asked_ns = now_ns
        stamp = self._clock.stamp(now_ns, LOGIN_VALID_NS)
        for name, text in self._dialogue.subscriptions(first_id, stamp):
            self._untaken.append(name)
            self._unsent.append(text)
        self._settle(now_ns)
        return self._flush(now_ns)

    def subscribed(self, name: str, now_ns: int) -> None:
        """A subscription was taken; without a name it is the oldest that waits."""
        if not self._untaken or (name and name not in self._untaken):
            return
        self._untaken.remove(name or self._untaken[0])
        self._settle(now_ns)

    def send_request(self, text: str, request_id: int, now_ns: int) -> SendText | None:
        """An order's text, at once; None when the message rate or the answers that are missing forbid it."""
        assert self.state is LineState.UP
        if len(self.requests) >= REQUESTS_MAX or not self._may_send(now_ns):
            return None
        self.requests[request_id] = now_ns
        self._sent_ns = now_ns
        return SendText(self.slot, text)

    def on_tick(self, now_ns: int) -> tuple[list[LineAction], str]:
        """Actions that are due, and why the connection must be given up ("" when it need not)."""
        if self.state in (LineState.WAITING, LineState.OPENING):
            return [], ""
        fault = self.pulse.half_open(now_ns)
        if fault:
            self._counters.half_open += 1
            return [], fault
        if self.state is not LineState.UP and now_ns - self._asked_ns >= self._reply_ns_max:
            self._counters.unanswered += 1
            return [], f"no answer while {self.state.value}"
        actions = self._flush(now_ns)
        ping = self.pulse.due(self.slot, self._sent_ns, now_ns)
        if ping is not None:
            self._sent_ns = now_ns
            actions.append(ping)
        return actions, ""

    def _settle(self, now_ns: int) -> None:
        if not self._untaken:
            self.state = LineState.UP
            self.up_ns = now_ns

    def _may_send(self, now_ns: int) -> bool:
        return self._messages is None or self._messages.take(1, now_ns)

    def _flush(self, now_ns: int) -> list[LineAction]:
        actions: list[LineAction] = []
        while self._unsent and self._may_send(now_ns):
            actions.append(SendText(self.slot, self._unsent.popleft()))
            self._sent_ns = now_ns
        return actions
