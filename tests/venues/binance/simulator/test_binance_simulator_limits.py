"""Limits of the simulated Binance: weights, bans, order counts; windows aligned to the clock."""

from __future__ import annotations

import pytest

from trimaran.venues.binance.simulator.limits import OrderCounts, Weights, order_rates
from trimaran.venues.binance.simulator.refusals import ApiError

MINUTE = 60_000


def test_weight_is_counted_by_the_minute() -> None:
    weights = Weights(10, True)
    assert weights.charge(6, 59_000) == (200, 0)
    assert weights.charge(6, 59_500) == (429, 1)
    assert weights.charge(10, 60_000) == (200, 0)
    weights.give_back(4)
    assert weights.used == 6


def test_who_goes_on_is_banned_for_a_while() -> None:
    weights = Weights(1, True)
    answers = [weights.charge(1, 1_000)[0] for _ in range(23)]
    assert answers == [200] + [429] * 20 + [418, 418]
    assert weights.charge(1, MINUTE + 1_000)[0] == 418
    assert weights.charge(1, 3 * MINUTE + 2_000)[0] == 200


def test_nobody_is_refused_when_limits_are_off_and_raw_requests_count_too() -> None:
    assert Weights(1, False).charge(100, 0) == (200, 0)
    weights = Weights(1_000, True, raw_limit=2)
    assert [weights.charge(1, 0)[0] for _ in range(3)] == [200, 200, 429]
    assert weights.charge(1, 5 * MINUTE)[0] == 200


def test_fills_give_back_to_the_count_of_orders() -> None:
    """-1 for a taker, -5 for a maker, never below nothing."""
    counts = OrderCounts(order_rates(True), True)
    counts.add(1_000, 7)
    counts.credit(1_000, False)
    assert counts.counts(1_000) == [6, 6]
    counts.credit(1_000, True)
    counts.credit(1_000, True)
    assert counts.counts(1_000) == [0, 0]
    counts.add(1_000, 100)
    with pytest.raises(ApiError, match="-1015") as refused:
        counts.check(1_000)
    assert refused.value.data == {"serverTime": 1_000, "retryAfter": 10_000}
    counts.check(10_000)
    assert counts.headers(10_000) == {"X-MBX-ORDER-COUNT-10S": "0", "X-MBX-ORDER-COUNT-1D": "100"}
    OrderCounts(order_rates(True), False).check(0)


def test_usdm_counts_by_ten_seconds_and_by_the_minute() -> None:
    counts = OrderCounts(order_rates(False), True)
    counts.add(0, 300)
    with pytest.raises(ApiError, match="300 orders per 10 SECOND"):
        counts.check(9_999)
    for second in (10, 20, 30):
        counts.check(second * 1_000)
        counts.add(second * 1_000, 300)
    with pytest.raises(ApiError, match="1200 orders per 1 MINUTE"):
        counts.check(40_000)
    counts.check(MINUTE)
