"""When to stop sending orders to a market that does not say what became of them. Pure.

    closed --LOST_MAX orders in a row without a definitive answer--> open
    open   --its pause is over--> on trial: an answer closes it, a loss opens it for twice as long

Each order without an answer (5xx, garbage, silence, a lost line) is a reservation that nobody can release
and a question to the venue, so a market that fails must not collect them. While it is open, the account is
uncertain for the engine: risk refuses what is new there, cancels and questions go on. What ends the doubt is
a whole round of reconciliation after the pause (`rounds.py`), so a venue that answers nothing stays closed to
new orders by itself. Times are of the monotonic clock.
"""

from __future__ import annotations

from typing import Final

SECOND: Final = 1_000_000_000
LOST_MAX: Final = 3
WINDOW_NS: Final = 30 * SECOND  # a loss is forgotten after it
PAUSE_NS: Final = SECOND
PAUSE_NS_MAX: Final = 4 * SECOND


class Breaker:
    """The breaker of one market's orders."""

    def __init__(self) -> None:
        self.opened = 0  # times that it opened
        self._lost: list[int] = []  # in a row
        self._pause_ns = PAUSE_NS  # of the next time that it opens
        self._open_until_ns = 0  # 0: it is closed, or on trial
        self._on_trial = False

    @property
    def is_open(self) -> bool:
        """Whether nothing new may leave."""
        return self._open_until_ns > 0

    def lost(self, now_ns: int) -> bool:
        """An order met no definitive answer. True when the breaker opens by it."""
        if self.is_open:
            return False  # it left before
        self._lost = [at_ns for at_ns in self._lost if now_ns - at_ns < WINDOW_NS]
        self._lost.append(now_ns)
        if len(self._lost) < LOST_MAX and not self._on_trial:
            return False
        self.opened += 1
        self._open_until_ns, self._on_trial = now_ns + self._pause_ns, False
        self._pause_ns = min(2 * self._pause_ns, PAUSE_NS_MAX)
        self._lost.clear()
        return True

    def answered(self) -> None:
        """An order met a definitive answer of the venue. One that left before it opened closes nothing."""
        if not self.is_open:
            self._lost.clear()
            self._pause_ns, self._on_trial = PAUSE_NS, False

    def ends(self, now_ns: int) -> bool:
        """Time has passed. True when the pause has just ended: orders are on trial."""
        if not self.is_open or now_ns < self._open_until_ns:
            return False
        self._open_until_ns, self._on_trial = 0, True
        return True
