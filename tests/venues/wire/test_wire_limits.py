"""Back-off bounds and window budgets."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.limiter import WindowBudget


@given(st.integers(0, 2**32), st.integers(0, 200), st.integers(1, 10**9), st.integers(1, 10**12))
def test_a_delay_lies_within_the_full_jitter_range(seed, attempt, base_ns, cap_ns):
    delay_ns = Backoff(base_ns, cap_ns).delay_ns(attempt, random.Random(seed))
    assert 0 <= delay_ns <= min(cap_ns, base_ns * 2**attempt)


def test_a_seed_draws_the_same_delays():
    backoff = Backoff(100, 10_000)
    first, second = random.Random(7), random.Random(7)
    assert [backoff.delay_ns(n, first) for n in range(9)] == [backoff.delay_ns(n, second) for n in range(9)]


@given(
    st.integers(1, 20),
    st.integers(1, 1000),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 20)), max_size=200),
)
def test_no_window_however_aligned_holds_more_than_the_limit(limit, window_ns, requests):
    budget = WindowBudget(limit, window_ns)
    now_ns, spent = 0, []
    for step_ns, units in requests:
        now_ns += step_ns
        fits = sum(u for at_ns, u in spent if at_ns > now_ns - window_ns) + units <= limit
        assert budget.room(now_ns) == limit - sum(u for at_ns, u in spent if at_ns > now_ns - window_ns)
        if units <= limit:
            assert budget.take(units, now_ns) is fits
            if fits:
                spent.append((now_ns, units))
    for start_ns, _ in spent:
        assert sum(u for at_ns, u in spent if start_ns <= at_ns < start_ns + window_ns) <= limit
