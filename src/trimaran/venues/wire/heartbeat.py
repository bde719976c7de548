"""Whether one connection lives: when to ask, and when silence means that it is half open. Sans-I/O.

Where we ask, a connection on which no frame of any kind has come for `quiet_ns` is pinged; when nothing comes
for another `pong_ns` it is half open. Where the venue asks, it is half open after `listen_ns_max` without any
frame. Each of the two stays below ten seconds.

A venue that asks more seldom than that is asked by us as well, by a WebSocket ping, which RFC 6455 (section
5.5.2) makes it answer; one that has never answered any on this connection is given `server_ping_ns` twice.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.venues.wire.market_spec import MS, SECOND, Heartbeat
from trimaran.venues.wire.session_port import SendPing, SendText, Slot

HALF_OPEN_NS_MAX: Final = 10 * SECOND
TICK_NS_MAX: Final = 250 * MS
NEVER: Final = 0


class PulseTimes(msgspec.Struct, frozen=True):
    """How long to wait for what, in nanoseconds."""

    quiet_ns: int = 4 * SECOND
    pong_ns: int = 4 * SECOND
    listen_ns_max: int = 9_500 * MS  # without any frame, where only the venue pings
    text_ping_every_ns: int = 20 * SECOND  # also while frames come: some venues close what never speaks

    def __post_init__(self) -> None:
        assert self.quiet_ns + self.pong_ns + 2 * TICK_NS_MAX <= HALF_OPEN_NS_MAX
        assert self.listen_ns_max + TICK_NS_MAX < HALF_OPEN_NS_MAX


class Pulse:
    """The heartbeat of one connection. Its owner writes `heard_ns` with every frame."""

    def __init__(self, kind: Heartbeat, text: str, times: PulseTimes, server_ping_ns: int = 0) -> None:
        self.heard_ns = NEVER  # any frame
        self._kind = kind
        self._text = text
        self._times = times
        self._seldom_ns = server_ping_ns if server_ping_ns > times.listen_ns_max else 0
        self._pinged_ns = NEVER
        self._answers = False  # it has answered a ping

    def alive(self, now_ns: int) -> None:
        """A WebSocket ping or pong came in."""
        self.heard_ns = now_ns
        self._answers = self._answers or self._pinged_ns != NEVER

    def half_open(self, now_ns: int) -> str:
        """Why the connection must be given up; "" when it lives."""
        if self._kind is Heartbeat.SERVER_PING and not self._answers:
            listen_ns = 2 * self._seldom_ns or self._times.listen_ns_max
            return "half open: no frame and no ping" if now_ns - self.heard_ns >= listen_ns else ""
        unanswered = self._pinged_ns > self.heard_ns and now_ns - self._pinged_ns >= self._times.pong_ns
        return "half open: no frame after a ping" if unanswered else ""

    def due(self, slot: Slot, sent_ns: int, now_ns: int) -> SendPing | SendText | None:
        """The ping that is due. `sent_ns`: when a text was last sent."""
        if self._kind is Heartbeat.SERVER_PING and not self._seldom_ns:
            return None
        text = self._kind is Heartbeat.TEXT_PING
        mute = text and now_ns - sent_ns >= self._times.text_ping_every_ns
        quiet = now_ns - self.heard_ns >= self._times.quiet_ns and self._pinged_ns <= self.heard_ns
        curious = self._seldom_ns and self._pinged_ns == NEVER
        if not quiet and not mute and not curious:
            return None
        if quiet or curious:
            self._pinged_ns = now_ns
        return SendText(slot, self._text) if text else SendPing(slot)
