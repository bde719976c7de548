"""A budget that is spent in a sliding window: message rates, connection attempts, request weights.

Venues count in windows aligned to their clock, which we do not know exactly. A sliding window of
the same length never spends more than the limit in any window, however that one is aligned.
"""

from __future__ import annotations

from collections import deque


class WindowBudget:
    """At most `limit` units in any `window_ns`. Time is an argument and must not run backwards."""

    def __init__(self, limit: int, window_ns: int) -> None:
        assert limit > 0
        assert window_ns > 0
        self.limit = limit
        self.window_ns = window_ns
        self._spent: deque[tuple[int, int]] = deque()  # (time, units), times ascending
        self._sum = 0

    def room(self, now_ns: int) -> int:
        """The units that can be spent now."""
        while self._spent and self._spent[0][0] + self.window_ns <= now_ns:
            self._sum -= self._spent.popleft()[1]
        return self.limit - self._sum

    def take(self, units: int, now_ns: int) -> bool:
        """Spends `units` if there is room for them now; spends nothing otherwise."""
        assert 0 < units <= self.limit, "a request that can never fit"
        if units > self.room(now_ns):
            return False
        self._spent.append((now_ns, units))
        self._sum += units
        return True
