"""Sliding windows: how venues count what somebody has used within the last seconds."""

from __future__ import annotations

from collections import deque


class SlidingWindow:
    """What was used within a span of time. Span and times are in one unit, by a clock that never jumps."""

    __slots__ = ("_span", "_times", "used")

    def __init__(self, span: float) -> None:
        self.used = 0  # when it was looked at last
        self._span = span
        self._times: deque[tuple[float, int]] = deque()

    def take(self, now: float, most: int, count: int = 1) -> bool:
        """Whether `count` more are allowed now; what is not allowed does not count."""
        self.forget(now)
        if self.used + count > most:
            return False
        self.used += count
        self._times.append((now, count))
        return True

    def forget(self, now: float) -> None:
        """Lets go of what is too old."""
        times, before = self._times, now - self._span
        while times and times[0][0] <= before:
            self.used -= times.popleft()[1]

    def reset_after(self, now: float) -> float:
        """How long until the oldest is forgotten; the whole span where nothing was used."""
        return self._times[0][0] + self._span - now if self._times else self._span
