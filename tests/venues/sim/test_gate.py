"""Faults of the private side: what the dice decide, that they are seeded, and that they are counted."""

from __future__ import annotations

import random

import pytest

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import MarketName
from trimaran.venues.sim.gate import (
    BAD_GATEWAY,
    BANNED,
    PASS,
    TOO_MANY,
    UNAVAILABLE,
    Gate,
    MarketGate,
    Request,
    TradingCounts,
    TradingFaults,
    Verdict,
)


def gate(**faults: object) -> MarketGate:
    return MarketGate(random.Random(3), TradingFaults(**faults))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("faults", "verdict", "counted"),
    [
        ({}, PASS, ""),
        ({"lost_request": 1.0}, Verdict(False, False), "lost_requests"),
        ({"lost_answer": 1.0}, Verdict(True, False), "lost_answers"),
        ({"error_before": 1.0}, Verdict(False, True, BAD_GATEWAY), "errors_before"),
        ({"error_after": 1.0}, Verdict(True, True, UNAVAILABLE), "errors_after"),
        ({"too_many": 1.0}, Verdict(False, True, TOO_MANY, 0.0, 1), "too_many"),
        ({"ban": 1.0, "ban_s": 2.0}, Verdict(False, True, BANNED, 0.0, 3), "bans"),
        ({"answer_ms": 20}, Verdict(delay_s=0.02), ""),
        ({"push_first": 1.0, "push_first_ms": 30}, Verdict(delay_s=0.03), "answers_held"),
        ({"lost_answer": 1.0, "answer_ms": 20}, Verdict(True, False, None, 0.02), "lost_answers"),
    ],
)
def test_verdicts(faults: dict[str, object], verdict: Verdict, counted: str) -> None:
    market = gate(**faults)
    assert market.judge(Request.ORDER, 0.0) == verdict
    expected = TradingCounts(**{counted: 1}) if counted else TradingCounts()
    assert market.counts == expected


def test_only_the_requests_of_the_plan_are_hit() -> None:
    market = gate(lost_request=1.0, requests=(Request.CANCEL,))
    assert market.judge(Request.ORDER, 0.0) is PASS
    assert market.judge(Request.CANCEL, 0.0) == Verdict(False, False)
    assert gate(lost_request=1.0).judge(Request.QUERY, 0.0) is PASS


def test_a_ban_hits_every_request_until_it_ends() -> None:
    market = gate(ban=1.0, ban_s=2.0)
    market.judge(Request.ORDER, 10.0)
    assert market.judge(Request.QUERY, 11.5) == Verdict(False, True, BANNED, 0.0, 1)
    assert market.judge(Request.QUERY, 12.0) is PASS
    market.judge(Request.ORDER, 20.0)
    market.set(TradingFaults())
    assert market.judge(Request.ORDER, 20.1) is PASS


def test_shares_of_mixed_faults_and_the_seed() -> None:
    def run() -> TradingCounts:
        market = gate(lost_request=0.1, lost_answer=0.2, error_after=0.3, answer_jitter_ms=10)
        for _ in range(2_000):
            market.judge(Request.ORDER, 0.0)
        return market.counts

    counts = run()
    assert counts == run()
    assert 150 < counts.lost_requests < 250
    assert 330 < counts.lost_answers < 470
    assert 520 < counts.errors_after < 680


def test_pushes() -> None:
    assert gate().pushes(1, "a") == [("a", 0.0)]
    assert gate(push_drop=1.0).pushes(1, "a") == []
    assert gate(push_duplicate=1.0).pushes(1, "a") == [("a", 0.0), ("a", 0.0)]
    assert gate(push_delay=1.0, push_delay_ms=50).pushes(1, "a") == [("a", 0.05)]
    assert gate(private_half_open=True).pushes(1, "a") == []


def test_a_reordered_push_comes_after_the_next_one_of_its_account() -> None:
    market = gate(push_reorder=1.0)
    assert market.pushes(1, "a") == []
    assert market.pushes(2, "x") == []
    assert market.pushes(1, "b") == [("b", 0.0), ("a", 0.0)]
    market.set(TradingFaults())
    assert market.pushes(2, "y") == [("y", 0.0), ("x", 0.0)]
    assert market.counts.pushes_reordered == 2


def test_faults_of_orders() -> None:
    market = gate(reject=1.0, partial=1.0, hidden_ms=3)
    assert market.rejects()
    assert 1 <= market.takes(10) < 10
    assert market.takes(1) == 1
    assert market.hides_ns() == 3_000_000
    assert market.counts == TradingCounts(rejects=1, partials=1, hidden=1)


@pytest.mark.parametrize(
    "faults",
    [{"lost_request": 1.5}, {"lost_request": 0.6, "ban": 0.6}, {"push_drop": -0.1}, {"answer_ms": -1}],
)
def test_impossible_plans(faults: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        gate(**faults)


def test_markets_have_dice_of_their_own_and_one_clock() -> None:
    spot, swap = MarketName("okx.spot"), MarketName("okx.swap")
    now_s = [5.0]
    both = Gate({spot: gate(ban=1.0, ban_s=1.0), swap: gate()}, lambda: now_s[0])
    assert both.judge(spot, Request.ORDER).status == BANNED
    assert both.judge(swap, Request.ORDER) is PASS
    now_s[0] = 6.5
    assert both.judge(spot, Request.QUERY) is PASS
    assert both.pushes(swap, 1, b"p") == [(b"p", 0.0)]
    counts = both.markets[spot].counts + both.markets[swap].counts
    assert counts == TradingCounts(bans=1)
