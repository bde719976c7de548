"""One budget of a venue, counted so that the venue never counts more than we do.

The venue counts a request when it arrives, some time between its departure and its answer; neither its clock
nor the way there is known exactly. So a charge weighs from its departure until it is proved that it cannot
stand in one window with anything that is sent from now on. There are two proofs, and either will do:

 - it was answered a whole window ago (any window, wherever it begins);
 - windows are aligned, and the one that the answer lies in is over, by the latest that the answer can have
   been and the earliest that it can be now (the bounds of the estimated clock).

Whatever the alignment, the delays and the offset within its bound, no window of the venue then holds more
than the limit. `limiter.WindowBudget` counts departures alone: right for what one connection carries.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from trimaran.venues.wire.clock_offset import VenueTime
from trimaran.venues.wire.private_spec import LimitSpec

NEVER: Final = 2**63 - 1
GRAIN_NS: Final = 1_000_000  # what is settled within it weighs until the last of it need not any more


class _Past(msgspec.Struct, frozen=True, gc=False):
    """Units that the venue has counted by `settled_ns`, and the end of the window in which it did."""

    settled_ns: int  # local
    window_ends_ns: int  # the venue's clock
    units: int


class Budget:
    """What was spent of one budget. Times must not run backwards."""

    def __init__(self, spec: LimitSpec) -> None:
        assert 0 <= spec.reserved < spec.units, spec
        self.spec = spec
        self._under_way = 0
        self._past: deque[_Past] = deque()  # in the order of settling
        self._past_units = 0
        self._newest_ns = 0  # when the last of them was begun
        self._others: deque[_Past] = deque()  # seen in headers; units falling, so the first is the most

    @property
    def idle(self) -> bool:
        """Whether nothing weighs any more, so that the record can go."""
        return not (self._under_way or self._past or self._others)

    def used(self, now: VenueTime) -> int:
        """Units that weigh now: ours, and those of others that a header has told of."""
        self._forget(now)
        return self._own() + (self._others[0].units if self._others else 0)

    def fits(self, units: int, urgent: bool, now: VenueTime) -> bool:
        """Whether `units` may be spent now; the reserved share only for what is urgent."""
        return self.used(now) + units <= self.ceiling(urgent)

    def has_room(self, units: int, most: int, now: VenueTime) -> bool:
        """The same against a ceiling. What was not forgotten yet weighs too much, so most calls end early."""
        weight = self._under_way + self._past_units + units
        if not self._others and weight <= most:
            return True
        return self.used(now) + units <= most

    def ceiling(self, urgent: bool) -> int:
        """How much may weigh at once."""
        return self.spec.units - (0 if urgent else self.spec.reserved)

    def take(self, units: int) -> None:
        """A request leaves."""
        self._under_way += units

    def settle(self, units: int, now: VenueTime) -> None:
        """It was answered, or given up: the venue has counted it by now, or never will."""
        assert units <= self._under_way
        self._under_way -= units
        self._past_units += units
        if self._past and now.local_ns - self._newest_ns < GRAIN_NS:
            units += self._past.pop().units
        else:
            self._newest_ns = now.local_ns
            self._forget(now)
        self._past.append(self._past_at(units, now))

    def give_back(self, units: int) -> None:
        """It never left."""
        assert units <= self._under_way
        self._under_way -= units

    def told(self, used: int, now: VenueTime) -> None:
        """The venue says that `used` units are spent. Less than our own count is old news."""
        self._forget(now)
        others = used - self._own()
        if others <= 0:
            return
        while self._others and self._others[-1].units <= others:
            self._others.pop()
        self._others.append(self._past_at(others, now))

    def in_one_window(self, earlier: VenueTime, later: VenueTime) -> bool:
        """Whether all between two moments surely lies in one window. Sliding ones have no ends."""
        window_ns = self.spec.window_ns
        first = (earlier.venue_ns - earlier.error_ns) // window_ns
        return not self.spec.aligned or first == (later.venue_ns + later.error_ns) // window_ns

    def next_release_ns(self, now: VenueTime) -> int:
        """The local time at which something may stop to weigh; `NEVER` when only answers can tell."""
        times = [self._release_ns(queue[0], now) for queue in (self._past, self._others) if queue]
        return min(times, default=NEVER)

    def _own(self) -> int:
        return self._under_way + self._past_units

    def _past_at(self, units: int, now: VenueTime) -> _Past:
        window_ns = self.spec.window_ns
        latest_ns = now.venue_ns + now.error_ns
        return _Past(now.local_ns, (latest_ns // window_ns + 1) * window_ns, units)

    def _release_ns(self, past: _Past, now: VenueTime) -> int:
        release_ns = past.settled_ns + self.spec.window_ns
        if self.spec.aligned:
            earliest_ns = now.venue_ns - now.error_ns
            release_ns = min(release_ns, now.local_ns + past.window_ends_ns - earliest_ns)
        return release_ns

    def _forget(self, now: VenueTime) -> None:
        while self._past and self._release_ns(self._past[0], now) <= now.local_ns:
            self._past_units -= self._past.popleft().units
        while self._others and self._release_ns(self._others[0], now) <= now.local_ns:
            self._others.popleft()
