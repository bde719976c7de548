"""How far a market's data lags behind the best it has been; the twin of `lag.hpp`.

The least (local - venue) time of the last two to four minutes is the clocks' difference, what exceeds it is
delay: a frame that waited in a buffer is not fresh because it was read just now. Two windows, so that a
drifting clock does not look like a delay for ever; a delay that never changes counts as none after them. A
venue time that is far too early is believed only when others repeat it: one wrong stamp ages no quote.
"""

from __future__ import annotations

from trimaran.base.limits import OFFSET_STEP_NS, OFFSET_STEP_RUN, OFFSET_WINDOW_NS


class Lag:
    """The delay of one market; all times in nanoseconds."""

    def __init__(self) -> None:
        self.last_ns = 0  # of the latest event that told its time
        self._first: int | None = None
        self._begin_ns: int | None = None
        self._least = self._previous = 0
        self._early_run = 0

    def update(self, venue_ns: int, local_ns: int) -> int:
        """The delay of an event."""
        offset = local_ns - venue_ns
        if self._begin_ns is None:
            repeated = self._first is not None and abs(offset - self._first) <= OFFSET_STEP_NS
            self._first = min(offset, self._first) if repeated and self._first is not None else offset
            if not repeated:
                return 0
            self._start(self._first, self._first, local_ns)
        elif offset < min(self._least, self._previous) - OFFSET_STEP_NS:
            self._early_run += 1
            if self._early_run < OFFSET_STEP_RUN:
                return 0
            self._start(offset, offset, local_ns)
        elif local_ns - self._begin_ns > OFFSET_WINDOW_NS or local_ns < self._begin_ns:
            self._start(offset, self._least, local_ns)
        self._least = min(self._least, offset)
        self.last_ns = offset - min(self._least, self._previous)
        return self.last_ns

    def _start(self, least: int, previous: int, local_ns: int) -> None:
        self._least, self._previous, self._begin_ns = least, previous, local_ns
        self._early_run = 0
