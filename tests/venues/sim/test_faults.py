"""Faults are committed as planned, counted, and the same for the same seed."""

from __future__ import annotations

import itertools
import random
import zlib

import msgspec
import pytest

from trimaran.base.errors import ConfigError
from trimaran.venues.sim.compress import BOMB_MEMBER, GARBAGE_MEMBER, GARBAGE_TEXT
from trimaran.venues.sim.faults import FaultCounts, FaultPlan, Faults


def sent(plan: FaultPlan, count: int = 400, seed: int = 1) -> tuple[list[str], Faults]:
    faults = Faults(random.Random(seed), plan)
    frames = [frame for index in range(count) for frame in faults.frames("a", str(index))]
    return [payload for payload, _ in frames], faults


def test_without_a_plan_nothing_happens() -> None:
    payloads, faults = sent(FaultPlan())
    assert payloads == [str(index) for index in range(400)]
    assert faults.take_stale() is False
    assert faults.take_html() is False


def test_drop_duplicate_reorder() -> None:
    payloads, faults = sent(FaultPlan(drop=0.1, duplicate=0.1, reorder=0.1))
    counts = faults.counts
    assert min(counts.dropped, counts.duplicated, counts.reordered) > 10
    assert len(set(payloads)) in (400 - counts.dropped, 399 - counts.dropped)  # one may still be held back
    assert sum(left == right for left, right in itertools.pairwise(payloads)) >= counts.duplicated
    assert sum(int(left) > int(right) for left, right in itertools.pairwise(payloads)) > 10
    assert sent(FaultPlan(drop=0.1, duplicate=0.1, reorder=0.1))[0] == payloads


def test_what_is_held_back_of_a_stream_that_ended_is_forgotten() -> None:
    faults = Faults(random.Random(1), FaultPlan(reorder=1.0))
    assert faults.frames("a", "1") == faults.frames("b", "2") == []
    faults.forget("a")
    faults.set(FaultPlan())
    assert [payload for payload, _ in faults.frames("a", "3")] == ["3"]
    assert [payload for payload, _ in faults.frames("b", "4")] == ["4", "2"]
    faults.forget("never heard of")


def test_truncate() -> None:
    faults = Faults(random.Random(1), FaultPlan(truncate=1.0))
    ((payload, fraction),) = faults.frames("a", "payload")
    assert payload == "payload"
    assert 0 < fraction < 1


def test_garbage_and_bombs() -> None:
    faults = Faults(random.Random(1), FaultPlan(garbage=0.5, bomb=0.5))
    texts = {payload for _ in range(50) for payload, _ in faults.frames("a", "text")}
    assert texts == {GARBAGE_TEXT, "text"}  # text does not inflate
    members = {payload for _ in range(50) for payload, _ in faults.frames("b", b"member")}
    assert members == {GARBAGE_MEMBER, BOMB_MEMBER}
    assert len(BOMB_MEMBER) < 100_000 < 2**22 < len(zlib.decompress(BOMB_MEMBER, 31))
    both = faults.counts + FaultCounts(garbage=1)
    assert both.garbage == faults.counts.garbage + 1


def test_counted_faults_run_out() -> None:
    faults = Faults(random.Random(1), FaultPlan(stale_snapshots=2, html_answers=1))
    assert [faults.take_stale() for _ in range(3)] == [True, True, False]
    assert [faults.take_html() for _ in range(2)] == [True, False]
    faults.set(FaultPlan(html_answers=1))
    assert faults.take_html()
    assert faults.counts.html_answers == 2


@pytest.mark.parametrize(
    "text", ['{"drop":2}', '{"drop":0.6,"reorder":0.6}', '{"stale_snapshots":-1}', '{"x":1}']
)
def test_bad_plans(text: str) -> None:
    with pytest.raises((ConfigError, msgspec.ValidationError)):
        msgspec.json.decode(text, type=FaultPlan)
