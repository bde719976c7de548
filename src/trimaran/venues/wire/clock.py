"""The machine's clock behind the port `domain.ports.Clock`. Only runners and I/O shells hold one."""

from __future__ import annotations

import time


class SystemClock:
    """Reads the operating system's clocks."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch; may jump when the machine's time is set."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never jumps; its origin means nothing."""
        return time.monotonic_ns()
