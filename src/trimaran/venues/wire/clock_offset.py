"""The venue's clock as we know it: an interval that holds the difference to ours, and nothing guessed.

A question that left at `sent_ns`, came back at `heard_ns` and brought the time `venue_ns` proves that

    venue_ns - heard_ns  <=  venue clock - local clock  <=  venue_ns + GRAIN_NS - sent_ns

whatever the two ways took each. Intervals of several samples intersect, after each was widened by the most
that the clocks can have drifted apart since. So the quickest answers decide, their weight fades with their
age, and the middle of what is left is the offset, half its width the error bound. This is the interval method
of NTP (RFC 5905, section 11.2.1) with one server.

A sample that has nothing in common with what was known means that one of the clocks was set: it stands alone
from then on, so a step larger than the round trips heals with the next sample. A smaller one hides inside of
the bound until a sample contradicts. The local clock should be the monotonic one, which is never set.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from trimaran.base.limits import TIME_MS_MAX
from trimaran.venues.wire.message import Stamp

MS: Final = 1_000_000
GRAIN_NS: Final = MS  # venues tell whole milliseconds, cut off
DRIFT_PPM: Final = 200  # of one clock against the other; a machine's own is below 100
ROUND_TRIP_NS_MAX: Final = 5_000_000_000  # a slower answer says too little
VENUE_NS_MIN: Final = 1_500_000_000_000_000_000  # 2017; no venue of ours is older
VENUE_NS_MAX: Final = TIME_MS_MAX * MS
GUESS_ERROR_NS: Final = 60 * 60 * 1_000_000_000  # of a machine's wall clock that nobody has compared


class Sampled(enum.Enum):
    """What became of a sample."""

    TAKEN = "taken"
    STEPPED = "a clock was set: the sample replaced what was known"
    TOO_SLOW = "the answer took too long"
    NONSENSE = "not a time, or an answer before its question"


class VenueTime(msgspec.Struct, frozen=True, gc=False):
    """One moment in both clocks. The true venue time lies within `error_ns` of `venue_ns`."""

    local_ns: int
    venue_ns: int
    error_ns: int


class VenueClock:
    """The estimate for one venue. Local times are of one clock that does not run backwards."""

    def __init__(self, local_ns: int, wall_ns: int) -> None:
        """Begins with this machine's wall time as a guess, until a sample has come."""
        self.samples = 0  # taken
        self.steps = 0
        self.refused = 0
        self._at_ns = local_ns
        self._low_ns = wall_ns - local_ns - GUESS_ERROR_NS
        self._high_ns = wall_ns - local_ns + GUESS_ERROR_NS

    @property
    def synced(self) -> bool:
        """Whether the venue has told its time at all."""
        return self.samples > 0

    def add(self, sent_ns: int, venue_ns: int, heard_ns: int) -> Sampled:
        """Learns from an answer: local time of the question and of the answer, and the time in it."""
        if heard_ns < sent_ns or not VENUE_NS_MIN <= venue_ns <= VENUE_NS_MAX:
            self.refused += 1
            return Sampled.NONSENSE
        if heard_ns - sent_ns > ROUND_TRIP_NS_MAX:
            self.refused += 1
            return Sampled.TOO_SLOW
        apart_ns = _apart_ns(heard_ns - sent_ns)  # they drift on the way as well
        low_ns, high_ns = venue_ns - heard_ns - apart_ns, venue_ns + GRAIN_NS - sent_ns + apart_ns
        known_low_ns, known_high_ns = self._interval(heard_ns)
        stepped = high_ns < known_low_ns or low_ns > known_high_ns
        if not stepped:
            low_ns, high_ns = max(low_ns, known_low_ns), min(high_ns, known_high_ns)
        self._low_ns, self._high_ns, self._at_ns = low_ns, high_ns, max(heard_ns, self._at_ns)
        news = stepped and self.synced  # a wrong guess is not a step
        self.samples += 1
        self.steps += news
        return Sampled.STEPPED if news else Sampled.TAKEN

    def at(self, local_ns: int) -> VenueTime:
        """The venue's time at a local time."""
        low_ns, high_ns = self._interval(local_ns)
        error_ns = -((low_ns - high_ns) // 2)
        return VenueTime(local_ns, local_ns + (low_ns + high_ns) // 2, max(error_ns, GRAIN_NS))

    def stamp(self, local_ns: int, valid_ns: int) -> Stamp:
        """The stamp of a request that is signed now and may be taken for `valid_ns`."""
        return Stamp(self.at(local_ns).venue_ns, valid_ns)

    def stale(self, local_ns: int, error_ns_max: int) -> bool:
        """Whether the venue should be asked for its time again."""
        return not self.synced or self.at(local_ns).error_ns > error_ns_max

    def _interval(self, local_ns: int) -> tuple[int, int]:
        """What the difference of the clocks can be by now."""
        apart_ns = _apart_ns(max(local_ns - self._at_ns, 0))
        return self._low_ns - apart_ns, self._high_ns + apart_ns


def _apart_ns(past_ns: int) -> int:
    """The most that two clocks can have drifted apart in a time."""
    return past_ns * DRIFT_PPM // 1_000_000 + 1
