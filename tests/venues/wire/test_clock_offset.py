"""The estimated clock of a venue against simulated clocks: drift, uneven ways, steps, nonsense."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trimaran.venues.wire.clock_offset import (
    GRAIN_NS,
    MS,
    ROUND_TRIP_NS_MAX,
    Sampled,
    VenueClock,
    VenueTime,
)
from trimaran.venues.wire.message import Stamp

SECOND = 1_000_000_000
EPOCH_NS = 1_780_000_000 * SECOND


class Venue:
    """A clock that is off by `offset_ns` and drifts; it tells whole milliseconds, or finer."""

    def __init__(self, offset_ns: int, drift_ppm: int = 0, grain_ns: int = MS) -> None:
        self.offset_ns = offset_ns
        self.drift_ppm = drift_ppm
        self.grain_ns = grain_ns

    def at(self, local_ns: int) -> int:
        return EPOCH_NS + local_ns + self.offset_ns + local_ns * self.drift_ppm // 1_000_000

    def told(self, local_ns: int) -> int:
        return self.at(local_ns) // self.grain_ns * self.grain_ns


def ask(clock: VenueClock, venue: Venue, at_ns: int, there_ns: int, back_ns: int) -> Sampled:
    return clock.add(at_ns, venue.told(at_ns + there_ns), at_ns + there_ns + back_ns)


def off_by(clock: VenueClock, venue: Venue, local_ns: int) -> int:
    return abs(clock.at(local_ns).venue_ns - venue.at(local_ns))


delays = st.integers(0, 2_000 * MS)


@given(
    st.integers(-3600 * SECOND, 3600 * SECOND),
    st.integers(-190, 190),
    st.sampled_from([1, 1000, MS]),
    st.lists(st.tuples(st.integers(MS, 120 * SECOND), delays, delays), min_size=1, max_size=40),
    st.integers(0, 600 * SECOND),
)
@example(0, 116, MS, [(3_014_467_114, 0, 1_579_386_335)], 0)  # clocks drift during a round trip too
def test_the_true_time_is_always_within_the_bound(offset_ns, drift_ppm, grain_ns, rounds, later_ns):
    venue, clock = Venue(offset_ns, drift_ppm, grain_ns), VenueClock(0, EPOCH_NS)
    now_ns = 0
    for pause_ns, there_ns, back_ns in rounds:
        now_ns += pause_ns
        assert ask(clock, venue, now_ns, there_ns, back_ns) is Sampled.TAKEN
        now_ns += there_ns + back_ns
        assert off_by(clock, venue, now_ns) <= clock.at(now_ns).error_ns
    assert clock.steps == 0
    now_ns += later_ns
    assert off_by(clock, venue, now_ns) <= clock.at(now_ns).error_ns


def test_the_quickest_answers_decide():
    venue, clock, rng = Venue(-1_234 * MS, 30), VenueClock(0, EPOCH_NS), random.Random(1)
    for n in range(1, 200):
        slow = n % 5
        there_ns = rng.randrange(150, 900) * MS if slow else 4 * MS
        ask(clock, venue, n * 10 * SECOND, there_ns, (rng.randrange(20, 60) if slow else 4) * MS)
    now_ns = 2_000 * SECOND
    assert off_by(clock, venue, now_ns) <= clock.at(now_ns).error_ns < 20 * MS


@given(st.integers(1_100, 7_200_000).flatmap(lambda ms: st.sampled_from([ms, -ms])), st.data())
def test_a_step_heals_with_the_next_sample(step_ms, data):
    venue, clock = Venue(50 * MS), VenueClock(0, EPOCH_NS)
    for n in range(1, 6):
        ask(clock, venue, n * SECOND, 20 * MS, 20 * MS)
    venue.offset_ns += step_ms * MS
    there_ns = data.draw(st.integers(0, 500 * MS))
    assert ask(clock, venue, 10 * SECOND, there_ns, 20 * MS) is Sampled.STEPPED
    assert off_by(clock, venue, 11 * SECOND) <= clock.at(11 * SECOND).error_ns <= 300 * MS
    assert clock.steps == 1


def test_a_jump_of_two_seconds_and_back():
    venue, clock = Venue(0), VenueClock(0, EPOCH_NS)
    for n in range(1, 100):
        venue.offset_ns = 2 * SECOND if 30 <= n < 60 else 0
        ask(clock, venue, n * SECOND, 30 * MS, 10 * MS)
        assert off_by(clock, venue, (n + 1) * SECOND) <= 25 * MS
    assert clock.steps == 2


def test_a_small_step_is_found_when_a_sample_contradicts():
    venue, clock, rng = Venue(0), VenueClock(0, EPOCH_NS), random.Random(2)
    for n in range(1, 400):
        if n == 100:
            venue.offset_ns += 30 * MS
        ask(clock, venue, n * SECOND, rng.randrange(5, 40) * MS, rng.randrange(5, 40) * MS)
    assert off_by(clock, venue, 400 * SECOND) <= clock.at(400 * SECOND).error_ns


@pytest.mark.parametrize(
    ("sent_ns", "venue_ns", "heard_ns", "verdict"),
    [
        (10, EPOCH_NS, 9, Sampled.NONSENSE),
        (10, 0, 20, Sampled.NONSENSE),
        (10, -5, 20, Sampled.NONSENSE),
        (10, EPOCH_NS // 1000, 20, Sampled.NONSENSE),
        (10, EPOCH_NS * 1000, 20, Sampled.NONSENSE),
        (10, EPOCH_NS, 11 + ROUND_TRIP_NS_MAX, Sampled.TOO_SLOW),
    ],
)
def test_nonsense_changes_nothing(sent_ns, venue_ns, heard_ns, verdict):
    clock = VenueClock(0, EPOCH_NS)
    before = clock.at(SECOND)
    assert clock.add(sent_ns, venue_ns, heard_ns) is verdict
    assert (clock.at(SECOND), clock.synced, clock.refused) == (before, False, 1)


def test_before_the_first_sample_the_wall_clock_is_a_guess():
    clock = VenueClock(7, EPOCH_NS)
    assert clock.at(7) == VenueTime(7, EPOCH_NS, 3600 * SECOND + 1)
    assert clock.stale(7, 3601 * SECOND)
    assert clock.stamp(8, 5) == Stamp(EPOCH_NS + 1, 5)
    venue = Venue(7_200 * SECOND)  # a wrong wall clock is no step of the venue's
    assert ask(clock, venue, SECOND, MS, MS) is Sampled.TAKEN
    assert (clock.synced, clock.steps) == (True, 0)


def test_the_bound_grows_until_the_venue_is_asked_again():
    venue, clock = Venue(0, grain_ns=1), VenueClock(0, EPOCH_NS)
    ask(clock, venue, SECOND, MS, MS)
    assert not clock.stale(2 * SECOND, 5 * MS)
    assert clock.stale(60 * SECOND, 5 * MS)
    assert clock.at(SECOND).error_ns >= GRAIN_NS
