"""The desk of snapshots, by hand: what is asked for, when, and what an answer means."""

from __future__ import annotations

import random

import pytest

from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.session_port import SendText, SessionCounters, SnapshotTrouble
from trimaran.venues.wire.snapshots import SnapshotDesk

SECOND = 1_000_000_000
GOOD = pack(Kind.SNAPSHOT, Flag.APPLIED | Flag.WENT_LIVE, 0)
DUPLICATE = pack(Kind.SNAPSHOT, Flag.DUPLICATE, 0)
TOO_OLD = pack(Kind.SNAPSHOT, Flag.NEED_SNAPSHOT, 0)


class Asker:
    """Says yes while `ready`, and keeps what it was asked for."""

    def __init__(self):
        self.ready = True
        self.asked = []

    def __call__(self, symbol, now_ns):
        if not self.ready:
            return None
        self.asked.append((symbol, now_ns))
        return [SendText(1, symbol)]


@pytest.fixture
def stage():
    asker, counters = Asker(), SessionCounters()
    desk = SnapshotDesk(asker, 3 * SECOND, Backoff(SECOND, 8 * SECOND), random.Random(1), counters)
    return asker, desk, counters


def test_what_cannot_be_asked_for_now_stays_due(stage):
    asker, desk, counters = stage
    asker.ready = False
    assert desk.need("A", 0) == []
    assert desk.need("B", 0) == []
    assert (counters.resyncs, counters.snapshot_fetches) == (2, 0)
    asker.ready = True
    assert desk.on_tick(SECOND) == [SendText(1, "A"), SendText(1, "B")]
    assert desk.need("A", SECOND) == ()


def test_a_snapshot_that_comes_by_itself_ends_the_waiting(stage):
    asker, desk, counters = stage
    asker.ready = False
    desk.need("A", 0)
    assert desk.came("A", GOOD, 0) == ()
    asker.ready = True
    assert desk.on_tick(60 * SECOND) == []
    assert desk.came("B", DUPLICATE, 0) == ()
    assert asker.asked == []
    assert counters.snapshots_too_old == 0


def test_one_of_no_use_that_nobody_asked_for_asks_for_another(stage):
    _, desk, counters = stage
    assert desk.came("A", TOO_OLD, 0) == [SendText(1, "A")]
    assert counters.resyncs == 1


def test_an_answer_that_does_not_come_is_trouble_and_is_asked_for_again(stage):
    asker, desk, counters = stage
    desk.need("A", 0)
    assert desk.on_tick(3 * SECOND - 1) == []
    (trouble,) = desk.on_tick(3 * SECOND)
    assert trouble == SnapshotTrouble("A", "no answer in 3 s")
    desk.on_tick(5 * SECOND)
    assert len(asker.asked) == 2
    assert counters.snapshot_errors == 1


def test_what_was_forgotten_is_neither_due_nor_judged(stage):
    _, desk, counters = stage
    desk.need("A", 0)
    desk.reset(["A"])
    assert desk.applied("A", TOO_OLD, 0) == ()
    assert desk.on_tick(60 * SECOND) == []
    assert counters.snapshots_too_old == 0
