"""Full-jitter exponential back-off: the delay is uniform in [0, min(cap, base * 2**attempt)].

Jitter over the full range keeps many clients, or the many connections of one client, from coming
back in step after a venue's restart (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
Blog, 2015).
"""

from __future__ import annotations

import msgspec

from trimaran.domain.ports import Rng

_DOUBLINGS_MAX = 30  # beyond this every cap in use has long been reached


class Backoff(msgspec.Struct, frozen=True):
    """Bounds of a back-off, in nanoseconds."""

    base_ns: int
    cap_ns: int

    def ceiling_ns(self, attempt: int) -> int:
        """The largest delay before retry number `attempt`, counted from 0."""
        return min(self.cap_ns, self.base_ns << min(attempt, _DOUBLINGS_MAX))

    def delay_ns(self, attempt: int, rng: Rng) -> int:
        """A drawn delay before retry number `attempt`, counted from 0."""
        return int(rng.random() * self.ceiling_ns(attempt))
