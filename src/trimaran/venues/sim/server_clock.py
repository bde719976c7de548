"""The clock of the simulated venues' servers: this machine's, or one that a simulation drives.

The simulators share no code with the adapters, so they have their own small implementation of the port
`domain.ports.Clock`. Wall time here may step as the machine's does: a venue's clock is a clock.
"""

from __future__ import annotations

import time


class MachineClock:
    """The operating system's clocks."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never jumps."""
        return time.monotonic_ns()
