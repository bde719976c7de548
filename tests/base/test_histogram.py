"""The histogram of durations against a sorted list: every percentile is right within one bucket."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.base.histogram import Histogram

durations_ns = st.one_of(st.integers(0, 200), st.integers(0, 10**6), st.integers(0, 2**47))
SHARES = [0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0]


def recorded(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


def test_empty_has_no_percentile() -> None:
    assert Histogram().percentile(0.5) is None
    assert (Histogram().count, Histogram().largest) == (0, 0)


@settings(max_examples=200, deadline=None)
@given(st.lists(durations_ns, min_size=1, max_size=60), st.sampled_from(SHARES))
def test_percentiles_are_right_within_a_thirtysecond(values: list[int], share: float) -> None:
    ranked = sorted(values)
    exact = ranked[max(ceil(share * len(values)), 1) - 1]
    found = recorded(values).percentile(share)
    assert found is not None
    assert exact <= found <= exact + exact // 32
    assert found <= ranked[-1]


@given(st.lists(st.integers(0, 31), min_size=1, max_size=40), st.sampled_from(SHARES))
def test_small_values_are_exact(values: list[int], share: float) -> None:
    exact = sorted(values)[max(ceil(share * len(values)), 1) - 1]
    assert recorded(values).percentile(share) == exact


@given(st.lists(durations_ns, min_size=1, max_size=40))
def test_percentiles_never_fall(values: list[int]) -> None:
    found = [recorded(values).percentile(share) for share in SHARES]
    assert all(low <= high for low, high in pairwise(found) if low is not None and high is not None)
    assert found[-1] == max(values)


@pytest.mark.parametrize("power", range(48))
def test_borders_of_buckets(power: int) -> None:
    for value in (2**power - 1, 2**power, 2**power + 1):
        histogram = recorded([value, 2**50])
        assert histogram.percentile(0.5) is not None
        assert value <= (histogram.percentile(0.5) or 0) <= value + value // 32


def test_a_clock_that_jumped_back_counts_as_zero() -> None:
    histogram = recorded([-5, -(2**70)])
    assert (histogram.count, histogram.largest, histogram.percentile(1.0)) == (2, 0, 0)


def test_what_is_longer_than_the_histogram_is_the_largest() -> None:
    assert recorded([2**80]).percentile(0.5) is not None
    assert recorded([1, 2**80]).largest == 2**80
    assert recorded([1, 2**80]).percentile(0.5) == 1
