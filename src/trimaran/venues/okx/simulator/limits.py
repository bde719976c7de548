"""Rate limits of an account: sliding windows, one for each endpoint, for orders one for each instrument too.

REST and WebSocket share them. Beside them, new orders and amendments of an account are at most 1,000 within
two seconds (50061). https://www.okx.com/docs-v5/en/#overview-rate-limits
"""

from __future__ import annotations

from typing import Final

from trimaran.venues.sim.sliding import SlidingWindow

WINDOW_S: Final = 2.0
ORDERS_MAX: Final = 1_000  # new and amended ones of an account in a window
KEYS_MAX: Final = 10_000  # windows that are remembered; then the empty ones go


class Limits:
    """What was used of every limit."""

    def __init__(self, enforced: bool) -> None:
        self._enforced = enforced
        self._used: dict[tuple[object, ...], SlidingWindow] = {}

    def take(self, key: tuple[object, ...], most: int, now_s: float, count: int = 1) -> bool:
        """Whether `count` more are allowed now; what is not allowed does not count."""
        if not self._enforced:
            return True
        used = self._used.get(key)
        if used is None:
            if len(self._used) >= KEYS_MAX:
                self._tidy(now_s)
            used = self._used[key] = SlidingWindow(WINDOW_S)
        return used.take(now_s, most, count)

    def _tidy(self, now_s: float) -> None:
        for key, used in tuple(self._used.items()):
            used.forget(now_s)
            if not used.used:
                del self._used[key]
