"""The acceptance numbers of every market on real sockets: registry -> session -> shell -> native books.

The other end is the simulator of the venue. Nothing here depends on the speed of the machine: the deadlines
are proved in virtual time by `test_acceptance_deadlines.py`, and what is waited for here may take long.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.support.market_stage import staged
from tests.support.simulator_rules import IDLE_S, PING_EVERY_S
from tests.support.speakers import speaker_of
from trimaran.domain.answer import BookStatus
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.wire.market_spec import Heartbeat
from trimaran.venues.wire.session_port import SubscriptionRefused, Switched

NOTICE_S = 1.2


@pytest.fixture
async def stage(entry, simulate):
    """A simulator of the market's venue with two instruments, and all books live."""
    async with simulate(entry) as simulator, staged(simulator, entry) as made:
        await made.until(made.sink.live)
        yield made


async def test_1_connect_and_2_books(stage, entry):
    """1, 2: every stream is subscribed, no answer is unknown, and each level is that of the venue."""
    await asyncio.sleep(0.4)
    await stage.books_agree()
    counters = stage.session.counters
    assert (counters.decode_errors, counters.control_unknown, counters.subscriptions_refused) == (0, 0, 0)
    assert counters.reconnects == counters.half_open == 0
    assert stage.notices == []
    hot = stage.sink.hot
    assert all(hot.counters(book)[2:4] == (0, 0) for book in stage.sink.index.values())  # gaps, crossings


async def test_3_gaps_and_4_resync(stage):
    """3, 4: lost, repeated, reordered and cut frames: no book is wrong, all come back."""
    hot, books = stage.sink.hot, stage.sink.index.values()
    plan = FaultPlan(drop=0.1, duplicate=0.1, reorder=0.1, truncate=0.05)
    stage.simulator.set_faults(plan, stage.entry.name)
    await stage.until(lambda: sum(hot.counters(book)[2] for book in books) >= 2, 20.0)
    await stage.recovered()
    await stage.books_agree()
    assert stage.sink.downs == []


async def test_5_heartbeat(stage, entry):
    """5: a venue that closes what does not answer its pings, or never speaks, keeps this connection."""
    counters, shell = stage.session.counters, stage.feed.counters
    before = counters.pings_answered + shell.pings
    await asyncio.sleep(IDLE_S + PING_EVERY_S)
    asked = counters.pings_answered + shell.pings - before
    assert asked >= 2 or entry.spec.session.heartbeat is Heartbeat.TEXT_PING
    assert counters.reconnects == 0
    assert stage.sink.downs == []


async def test_6_half_open(stage):
    """6: connections that say nothing more are replaced."""
    stage.simulator.set_faults(FaultPlan(half_open=True), stage.entry.name)
    await stage.until(lambda: stage.sink.downs)
    assert stage.sink.downs[0].startswith("half open")
    await stage.until(stage.sink.live)
    assert stage.session.counters.half_open >= 1
    await stage.books_agree()


async def test_7_reconnect(stage):
    """7: a drop marks the books down at once, again and again, and they come back."""
    for count in (1, 2):
        stage.simulator.end_connections(stage.entry.name)
        await stage.until(lambda n=count: len(stage.sink.downs) == n)
        await stage.until(stage.sink.live)
    assert stage.session.counters.reconnects >= 2
    await stage.books_agree()


async def test_7_maintenance(stage):
    """7: a venue that closes for maintenance and refuses connections is tried until it is back."""
    stage.simulator.maintain(stage.entry.name, 0.5)
    await stage.until(lambda: stage.sink.downs)
    await asyncio.sleep(0.3)
    assert not stage.sink.live()
    await stage.until(stage.sink.live)
    assert len(stage.sink.downs) == 1
    await stage.books_agree()


async def test_8_planned_disconnect(stage, entry):
    """8: after a notice no book ever leaves live; without one the venue hangs up, and the books return."""
    with_notice = speaker_of(entry.name, entry.dialect).has_notice
    statuses = set()
    stage.simulator.end_connections(entry.name, NOTICE_S if with_notice else 0.1)
    for _ in range(150 if with_notice else 40):
        await asyncio.sleep(0.01)
        statuses |= {stage.sink.hot.status(book) for book in stage.sink.index.values()}
    await stage.until(stage.sink.live)
    switched = [notice for notice in stage.notices if isinstance(notice, Switched)]
    assert bool(switched) is with_notice
    assert (statuses == {BookStatus.LIVE}) is with_notice
    assert (stage.sink.downs == []) is with_notice
    await stage.books_agree()


async def test_9_garbage(stage, entry):
    """9: garbage and gzip bombs in the stream are counted by kind, and no connection is given up for them."""
    plan = FaultPlan(garbage=0.2, bomb=0.1, truncate=0.2)
    stage.simulator.set_faults(plan, entry.name)
    hot, market = stage.sink.hot, stage.sink.market
    await stage.until(lambda: sum(hot.faults(market)) >= 5, 20.0)
    await stage.recovered()
    await stage.books_agree()
    counts = stage.simulator.faults[entry.name].counts
    assert stage.session.counters.decode_errors == sum(hot.faults(market))
    assert sum(hot.faults(market)) <= counts.garbage + counts.bombs + counts.truncated
    assert stage.session.counters.reconnects == 0


async def test_9_an_instrument_disappears(stage, entry):
    """9: what disappears while it is subscribed, and is asked for again, takes nobody else with it."""
    gone, *others = stage.sink.index
    hot = stage.sink.hot
    assert stage.simulator.delist(entry.name, gone) == 1
    before = hot.last_id(stage.sink.index[others[0]])
    await asyncio.sleep(0.3)
    assert stage.sink.live(*others)
    assert stage.sink.downs == []
    stage.simulator.end_connections(entry.name)  # a new one asks for it again, in vain
    await stage.until(lambda: stage.sink.downs)
    await stage.until(lambda: stage.sink.live(*others))
    await asyncio.sleep(0.3)
    assert stage.sink.live(*others)
    assert not stage.sink.live(gone)
    assert hot.last_id(stage.sink.index[others[0]]) != before
    refused = [notice for notice in stage.notices if isinstance(notice, SubscriptionRefused)]
    assert bool(refused) is speaker_of(entry.name, entry.dialect).refuses_strangers
