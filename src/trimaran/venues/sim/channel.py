"""One topic with those who listen to it, and when it speaks next."""

from __future__ import annotations

from typing import Final, Protocol

from trimaran.venues.sim.faults import WHOLE

NEVER_NS: Final = 0


class Subscriber(Protocol):
    """A connection as channels see it."""

    def send(self, payload: bytes, fraction: float) -> None:
        """Sends a message in the connection's framing; `fraction` below 1 cuts it."""


class Channel:
    """A topic that speaks at most once per interval."""

    def __init__(self, name: str, interval_ms: int) -> None:
        self.name = name
        self.subscribers: list[Subscriber] = []
        self.sent_ns = NEVER_NS  # when it spoke last, by the clock of the machine
        self._interval_ns = interval_ms * 1_000_000
        self._due_ns = NEVER_NS

    def due(self, now_ns: int) -> bool:
        """Whether somebody listens and the interval is over; then the next one begins."""
        if not self.subscribers or now_ns < self._due_ns:
            return False
        self._due_ns = next_due_ns(self._due_ns, self._interval_ns, now_ns)
        return True

    def silent_for(self, now_ns: int, seconds: float) -> bool:
        """Whether nothing was sent for so long."""
        return now_ns - self.sent_ns >= seconds * 1e9

    def send(self, now_ns: int, payload: bytes, fraction: float = WHOLE) -> None:
        """Sends to everybody who listens."""
        self.sent_ns = now_ns
        for subscriber in tuple(self.subscribers):  # sending may end a connection
            subscriber.send(payload, fraction)

    def leave(self, subscriber: Subscriber) -> None:
        """Removes a listener, should it be one."""
        if subscriber in self.subscribers:
            self.subscribers.remove(subscriber)


def next_due_ns(due_ns: int, interval_ns: int, now_ns: int) -> int:
    """When the next interval is over: on the old beat, or on a new one when that was missed."""
    return due_ns + interval_ns if due_ns + interval_ns > now_ns else now_ns + interval_ns
