"""When to arm and to disarm a venue's dead-man switch: the law of one switch, in time alone. Pure.

    something is open           -> arm, and again a third of the timeout after the last arming that held
    nothing is open for a while -> disarm; the same at the end of a run
    an arming fails             -> again soon; the one before still counts until its time is over
    its time is over            -> it has fired, as far as we know: `Lapse`, then arm anew

The venue counts from when the request came, we count from when it left: ours is always over first. A request
whose fate is not known may have armed it, and is disarmed as if it had.
"""

from __future__ import annotations

from typing import Final

import msgspec

SECOND: Final = 1_000_000_000
BEATS: Final = 3  # armings in one timeout
LINGER_NS: Final = 20 * SECOND  # without an open order, until it is disarmed
RETRY_NS: Final = SECOND
RETRY_NS_MAX: Final = 5 * SECOND
NEVER: Final = -1


class Arm(msgspec.Struct, frozen=True):
    """Arm it now, for so long."""

    timeout_ns: int


class Disarm(msgspec.Struct, frozen=True):
    """Disarm it now."""


class Lapse(msgspec.Struct, frozen=True):
    """We were silent for longer than the timeout while something was open: it has fired, or is about to."""

    fires_ns: int  # monotonic: not before that
    silent_ns: int  # since the last arming that held left


Action = Arm | Disarm | Lapse


class DeadManSwitch:
    """One switch. `step` says what to do, `armed`, `disarmed` and `failed` what came of it.

    Times are of the monotonic clock. One request is under way at a time.
    """

    def __init__(self, timeout_ns: int, linger_ns: int = LINGER_NS) -> None:
        assert timeout_ns > 0, timeout_ns
        self.timeout_ns = timeout_ns
        self.failures = 0  # requests in a row that failed
        self._linger_ns = linger_ns
        self._held_ns = NEVER  # when the last arming left that holds
        self._maybe_ns = NEVER  # when the first one left after it of which we do not know
        self._last_ns = NEVER  # when the last one left, whatever became of it
        self._open_ns = NEVER  # when something was open last
        self._was_open = False  # at the last look
        self._next_ns = 0
        self._asked: Arm | Disarm | None = None  # under way
        self._asked_ns = NEVER
        self._lapsed = False  # told since the last arming that held

    def is_armed(self, now_ns: int) -> bool:
        """Whether the venue would cancel if nothing came from us any more."""
        return self._held_ns != NEVER and now_ns < self._held_ns + self.timeout_ns

    def step(self, now_ns: int, something_open: bool) -> tuple[Action, ...]:
        """What is to be done now."""
        lapse = self._lapse(now_ns, something_open)
        self._was_open = something_open
        if something_open:
            self._open_ns = now_ns
        wish = self._wish(now_ns)
        if wish is None or self._asked is not None:
            return lapse
        if now_ns < self._next_ns and (self.failures or isinstance(wish, Arm)):
            return lapse
        self._asked, self._asked_ns = wish, now_ns
        if isinstance(wish, Arm):
            self._last_ns = now_ns
        else:  # from now on it may be off
            self._maybe_ns, self._held_ns = self._stands_ns, NEVER
        return (*lapse, wish)

    def close(self) -> Disarm | None:
        """The run ends: what to do about it. Whatever is under way counts as perhaps done."""
        return Disarm() if self._stands_ns != NEVER or self._asked is not None else None

    def armed(self, sent_ns: int) -> None:
        """The venue has taken an arming that left at `sent_ns`."""
        self._held_ns, self._maybe_ns, self._lapsed = sent_ns, NEVER, False
        self._answered(sent_ns + self.timeout_ns // BEATS)

    def disarmed(self, now_ns: int) -> None:
        """The venue has taken the end of it."""
        self._held_ns, self._maybe_ns, self._lapsed = NEVER, NEVER, False
        self._answered(now_ns)

    def failed(self, now_ns: int, nothing_done: bool) -> None:
        """The venue did not take it, or did not say."""
        if not nothing_done and self._maybe_ns == NEVER:
            self._maybe_ns = self._asked_ns
        failures = self.failures + 1
        pause_ns = min(RETRY_NS << min(self.failures, 8), RETRY_NS_MAX, self.timeout_ns // BEATS)
        self._answered(now_ns + pause_ns)
        self.failures = failures

    @property
    def _stands_ns(self) -> int:
        """When the first arming left that the venue may go by."""
        return self._held_ns if self._held_ns != NEVER else self._maybe_ns

    def _lapse(self, now_ns: int, something_open: bool) -> tuple[Action, ...]:
        """Its time is over: told once, when something was open; what was at the last look may be gone."""
        over = self._stands_ns != NEVER and now_ns >= self._stands_ns + self.timeout_ns
        if not over or self._lapsed:
            return ()
        if not (something_open or self._was_open):
            last_over = now_ns >= self._last_ns + self.timeout_ns
            if last_over and self._asked is None and not self._wanted(now_ns):
                self._held_ns = self._maybe_ns = NEVER  # it fired on nothing
            return ()
        self._lapsed = True
        if self._asked is None:
            self._next_ns = min(self._next_ns, now_ns)
        return (Lapse(self._stands_ns + self.timeout_ns, now_ns - self._stands_ns),)

    def _wish(self, now_ns: int) -> Arm | Disarm | None:
        if self._wanted(now_ns):
            return Arm(self.timeout_ns)
        return Disarm() if self._stands_ns != NEVER else None

    def _wanted(self, now_ns: int) -> bool:
        return self._open_ns != NEVER and now_ns - self._open_ns < self._linger_ns

    def _answered(self, next_ns: int) -> None:
        self._asked, self._next_ns, self.failures = None, next_ns, 0
