"""The machine's clock behind the port `domain.ports.Clock`. Only runners and I/O shells hold one.

Wall time is told as `wall at start + (monotonic now - monotonic at start)`, so that it never steps back:
events keep their order, and what waits for a time (a paper order under way, a pause, a rate window)
is not frozen until an old time comes again. When the system's wall clock has run ahead of that by more
than a millisecond (it was set forwards, or the machine slept), wall time jumps forwards with it. When it
was set backwards, wall time stays ahead of it for the life of the process: a stamp that is late by the
correction is the lesser evil. The system is asked for wall time before monotonic time, so that a pause
between the two readings makes the told time a little late, never early.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

AHEAD_NS_MAX: Final = 1_000_000  # the system's wall clock may be so far ahead before it is followed


class SystemClock:
    """Reads the operating system's clocks, or those that are given: functions that return nanoseconds."""

    def __init__(
        self,
        read_wall_ns: Callable[[], int] = time.time_ns,
        read_monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._read_wall_ns = read_wall_ns
        self._read_monotonic_ns = read_monotonic_ns
        self._offset_ns = read_wall_ns() - read_monotonic_ns()

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch; never less than before, may jump forwards."""
        system_ns = self._read_wall_ns()
        monotonic_ns = self._read_monotonic_ns()
        if system_ns - monotonic_ns - self._offset_ns > AHEAD_NS_MAX:
            self._offset_ns = system_ns - monotonic_ns
        return monotonic_ns + self._offset_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never jumps; its origin means nothing."""
        return self._read_monotonic_ns()
