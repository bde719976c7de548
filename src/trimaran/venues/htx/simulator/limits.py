"""Limits of private requests of the simulated HTX: sliding windows of a user, and headers that tell them.

Spot counts each endpoint by itself, contracts trading and reading, each in one window for all endpoints.
https://www.htx.com/en-us/opend/newApiPages/?id=419
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final

import msgspec

from trimaran.venues.htx.simulator.calls import Family, Limit
from trimaran.venues.sim.sliding import SlidingWindow

SPOT_TRADE: Final = Limit(100, 2)
SPOT_BATCH: Final = Limit(50, 2)
SPOT_READ: Final = Limit(50, 2)
SWAP_TRADE: Final = Limit(72, 3, "trade")
SWAP_READ: Final = Limit(72, 3, "read")


class Taken(msgspec.Struct, frozen=True):
    """Whether one more request was allowed, how many are left, and when the oldest is forgotten."""

    allowed: bool
    remaining: int
    reset_ms: int


class Windows:
    """The windows of all users. A request that is not allowed does not count."""

    def __init__(self) -> None:
        self._used: dict[Hashable, SlidingWindow] = {}

    def take(self, key: Hashable, limit: Limit, now_ms: int) -> Taken:
        """Takes one request at a time by a clock that never jumps."""
        used = self._used.get(key)
        if used is None:
            used = self._used[key] = SlidingWindow(limit.seconds * 1000)
        allowed = used.take(now_ms, limit.requests)
        return Taken(allowed, limit.requests - used.used, int(used.reset_after(now_ms)))


def headers_of(family: Family, limit: Limit, taken: Taken) -> Mapping[str, str]:
    """What an answer tells about its window."""
    if family in (Family.SPOT, Family.SPOT_V2):
        return {
            "X-HB-RateLimit-Requests-Remain": str(taken.remaining),
            "X-HB-RateLimit-Requests-Expire": str(taken.reset_ms),
        }
    return {
        "ratelimit-limit": str(limit.requests),
        "ratelimit-interval": str(limit.seconds * 1000),
        "ratelimit-remaining": str(taken.remaining),
        "ratelimit-reset": str(taken.reset_ms),
    }
