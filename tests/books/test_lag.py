"""The delay of a market's data, apart from the difference of the clocks."""

from __future__ import annotations

from trimaran.base.limits import OFFSET_STEP_NS, OFFSET_STEP_RUN, OFFSET_WINDOW_NS
from trimaran.books.lag import Lag

SECOND = 1_000_000_000
AHEAD = -1_270_000_000  # the venue's clock is ahead of ours


def known_lag() -> Lag:
    """The clocks agree; it takes two stamps to know."""
    lag = Lag()
    assert [lag.update(0, 0), lag.update(0, 0)] == [0, 0]
    return lag


def test_the_difference_of_the_clocks_is_no_delay() -> None:
    lag = Lag()
    for n in range(10):
        assert lag.update(n * SECOND - AHEAD, n * SECOND) == 0


def test_what_waited_is_late_until_the_queue_is_empty() -> None:
    lag = known_lag()
    assert [lag.update(n * SECOND, 10 * SECOND) for n in range(1, 11)] == [
        n * SECOND for n in range(9, -1, -1)
    ]


def test_one_stamp_from_the_future_ages_nothing() -> None:
    lag = known_lag()
    assert lag.update(3_600 * SECOND, SECOND) == 0
    assert lag.update(2 * SECOND, 2 * SECOND) == 0
    assert lag.last_ns == 0


def test_a_wrong_stamp_comes_first() -> None:
    lag = Lag()
    assert [lag.update(3_600 * SECOND, 0), lag.update(0, 0), lag.update(0, 0), lag.update(0, 7)] == [
        0,
        0,
        0,
        7,
    ]


def test_a_late_stream_beside_a_fresh_one_is_found_out() -> None:
    lag = Lag()
    delays = []
    for n in range(2, 60):
        delays.append(lag.update((n - 10) * SECOND, n * SECOND))
        delays.append(lag.update((n - 10) * SECOND, n * SECOND))
        lag.update(n * SECOND, n * SECOND)
    assert delays[0] == 0
    assert delays[-1] == 10 * SECOND


def test_a_venue_that_sets_its_clock_is_believed_after_a_run() -> None:
    lag = known_lag()
    step = 10 * OFFSET_STEP_NS
    for n in range(1, OFFSET_STEP_RUN + 1):
        assert lag.update(n * SECOND + step, n * SECOND) == 0
    assert lag.update(100 * SECOND + step, 100 * SECOND + 5) == 5


def test_a_clock_that_was_set_is_forgotten_after_two_windows() -> None:
    lag = known_lag()
    ours, late = SECOND, 60 * SECOND
    delays = []
    while ours < 4 * OFFSET_WINDOW_NS:
        delays.append(lag.update(ours - late, ours))
        ours += SECOND
    assert delays[0] == late
    assert delays[-1] == 0
    assert delays.index(0) * SECOND <= 2 * OFFSET_WINDOW_NS + 2 * SECOND
