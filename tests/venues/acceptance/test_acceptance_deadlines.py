"""The acceptance numbers of every market in virtual time: nothing depends on the speed of a machine.

The session is that of the registry with the settings of the live exchange, the hot state is the native one
and its twin, the venue answers after 80 ms. `docs/add_a_venue.md` has the list; `test_acceptance_sockets.py`
has the same numbers on real sockets. After every single event a book that is live equals the venue's own at
its id, and one that is not live shows no top (`tests/support/virtual_desk.py`).
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.support.virtual_desk import SECOND, VirtualDesk
from trimaran.domain.answer import Kind, flags_of, kind_of
from trimaran.venues.wire.market_spec import Heartbeat
from trimaran.venues.wire.session_port import (
    Close,
    ConnectionLost,
    NoData,
    Open,
    SendPing,
    SendText,
    SubscriptionRefused,
    Switched,
)

LIVE_S = 1.5  # from the first connection: handshake, subscriptions, books
RESYNC_S = 1.0
HALF_OPEN_S = 10.0
RECONNECT_S = 2.0  # the first attempt after a connection that worked: 0.5 s of back-off, and a tick
BACKOFF_S = 30.0
QUIET_S = 25.0
SILENCE_S = 130.0  # until a stream that says nothing has been reported
SELDOM = 10  # turns from one word of the venue to the next
CALM_S = 10.0  # a book that lasted so long asks for its snapshot at once


@pytest.fixture
def desk(entry, make_hot):
    """All books are live."""
    made = VirtualDesk(entry, make_hot())
    made.until(made.live, LIVE_S)
    made.run(1.0)
    made.forget()
    return made


def test_1_connect(entry, make_hot):
    """1: every connection is opened once, every stream is asked for, nothing is refused or unknown."""
    desk = VirtualDesk(entry, make_hot())
    desk.until(desk.live, LIVE_S)
    desk.run(2.0)
    assert len(desk.of(Open)) == len(desk.open)
    said = [name for names in desk.venue.subscribed.values() for name in names]
    streams = entry.spec.session.streams
    assert sorted(said) == sorted(stream.name(symbol) for stream in streams for symbol in desk.symbols)
    counters = desk.counters
    assert (counters.subscriptions_refused, counters.control_unknown, counters.decode_errors) == (0, 0, 0)


def test_2_snapshot_and_delta(desk):
    """2: a whole book and the deltas after it give the venue's book at every id, and it stays live."""
    before = [desk.hot.last_id(book) for book in desk.books.values()]
    desk.run(20.0)
    after = [desk.hot.last_id(book) for book in desk.books.values()]
    assert [last - first for last, first in zip(after, before, strict=True)] == [200] * 3
    assert desk.left_live == []
    assert desk.counters.resyncs <= len(desk.symbols)


def test_3_gap(desk):
    """3: the first delta behind a lost one takes the book out of live; no top is shown until it is whole."""
    whose, *others = desk.symbols
    desk.venue.loses.add(whose)
    desk.until(lambda: not desk.venue.loses, 0.2)
    known = desk.deltas[whose]
    desk.until(lambda: bool(desk.left_live), 0.3)
    assert desk.deltas[whose] == known + 1
    assert desk.left_live == [(desk.at_ns, whose)]
    assert desk.hot.top(desk.books[whose])[:4] == (0, 0, 0, 0)
    assert desk.hot.counters(desk.books[whose])[2] == 1
    desk.until(desk.live, RESYNC_S)
    assert desk.live(*others)
    assert [symbol for _, symbol in desk.left_live] == [whose]


def test_4_resync(desk):
    """4: a book is live again within one second of its gap, also when the next gap comes soon after."""
    whose = desk.symbols[1]
    for _ in range(3):
        desk.venue.loses.add(whose)
        desk.until(lambda: not desk.live(whose), 0.5)
        desk.until(desk.live, RESYNC_S)
        desk.run(1.3)
    assert desk.hot.counters(desk.books[whose])[2] == 3
    assert len(desk.left_live) == 3


def test_5_heartbeat(desk, entry):
    """5: a venue that has nothing to tell is asked whether it lives, or asks us; both are answered."""
    pings = desk.venue.pings
    desk.rest(QUIET_S)
    assert desk.of(ConnectionLost) == []
    assert desk.live()
    assert desk.left_live == []
    slots = len(desk.open)
    heartbeat = entry.spec.session.heartbeat
    if heartbeat is Heartbeat.SERVER_PING:
        asked = range(pings + 1, desk.venue.pings)  # the last one may be under way
        assert {(slot, number) for slot in desk.open for number in asked} <= set(desk.venue.pongs)
        assert len(asked) >= 4
    elif heartbeat is Heartbeat.TEXT_PING:
        sent = [action.text for action in desk.of(SendText)]
        assert sent.count(entry.spec.session.heartbeat_text) >= 4 * slots
    else:
        assert len(desk.of(SendPing)) >= 4 * slots
    desk.run(1.0)
    assert desk.live()


def test_6_half_open(desk):
    """6: a connection that is open and dead is noticed below ten seconds; its books are not live any more."""
    frozen = set(desk.open)
    desk.venue.frozen |= frozen
    desk.until(lambda: len(desk.of(ConnectionLost)) == len(frozen), HALF_OPEN_S)
    assert {lost.slot for lost in desk.of(ConnectionLost)} == frozen
    assert len(desk.left_live) == len(desk.symbols)
    assert desk.counters.half_open == len(frozen)
    desk.until(desk.live, RECONNECT_S)
    assert not frozen & desk.open


def test_7_reconnect(desk):
    """7: a drop takes the books down within that event; they are live again after one short back-off."""
    desk.drop(desk.slot_of_books())
    assert [at_ns for at_ns, _ in desk.left_live] == [desk.at_ns] * len(desk.symbols)
    desk.until(desk.live, RECONNECT_S)


def test_7_reconnect_backs_off_within_bounds(desk, entry):
    """7: a venue that refuses is tried again and again, never faster than it allows, every 30 s at least."""
    desk.venue.accepts = False
    shards = len(desk.open)
    for slot in sorted(desk.open):
        desk.drop(slot)
    desk.run(240.0)
    times = desk.times_of(Open)
    assert 5 * shards <= len(times) <= 60 * shards
    session = entry.spec.session
    for index, at_ns in enumerate(times[session.connects_max :]):
        assert at_ns - times[index] >= session.connects_window_ns
    for shard in {action.url for action in desk.of(Open)}:
        opened = [at_ns for at_ns, action in desk.log if isinstance(action, Open) and action.url == shard]
        pauses = [later - earlier for earlier, later in pairwise(opened)]
        assert max(pauses) <= (BACKOFF_S + 0.5) * SECOND
    desk.venue.accepts = True
    desk.until(desk.live, BACKOFF_S + LIVE_S)


def test_8_planned_disconnect(desk):
    """8: after a notice the replacement feeds the books before the old connection goes: none leaves live.

    A venue that gives no notice closes: the books are down at once, and live again after one short back-off.
    """
    speaker, old = desk.venue.speaker, set(desk.open)
    if speaker.has_notice:
        for slot in sorted(old):
            desk.deliver(slot, speaker.notice())
        desk.until(lambda: len(desk.of(Switched)) == len(old), 5.0)
        assert {action.slot for action in desk.of(Close)} == old
        desk.run(5.0)
        assert desk.left_live == []
        assert desk.of(ConnectionLost) == []
    else:
        for slot in sorted(old):
            desk.drop(slot)
        assert len(desk.left_live) == len(desk.symbols)
        desk.until(desk.live, RECONNECT_S)
    assert not old & desk.open
    assert desk.live()


def test_9_garbage_is_counted_and_survived(desk):
    """9: frames that cannot be read raise nothing, are counted by kind, and cost at most one resync each."""
    speaker, whose = desk.venue.speaker, desk.symbols[0]
    slot = desk.slot_of_books()
    kinds = set()
    for name, frame in speaker.unreadable(whose).items():
        before = desk.hot.faults(desk.market)
        answer = desk.deliver(slot, frame)
        after = desk.hot.faults(desk.market)
        assert kind_of(answer) == Kind.ERROR, name
        assert sum(after) == sum(before) + 1, name
        kinds |= {kind for kind, count in enumerate(after) if count > before[kind]}
        desk.until(desk.live, RESYNC_S)
        desk.rest(CALM_S)
        assert slot in desk.open, name
    assert len(kinds) >= 5
    assert desk.counters.decode_errors == sum(desk.hot.faults(desk.market))
    assert desk.of(ConnectionLost) == []


def test_9_unknown_channel(desk):
    """9: a frame of a channel that nobody asked for changes nothing."""
    answer = desk.deliver(desk.slot_of_books(), desk.venue.speaker.strange(desk.symbols[0]))
    assert kind_of(answer) == Kind.IGNORED
    assert flags_of(answer) == 0
    desk.run(2.0)
    assert desk.left_live == []
    assert sum(desk.hot.faults(desk.market)) == 0


def test_9_refused_subscription(entry, make_hot):
    """9: an instrument that does not exist is reported and asked for again; the others never wait for it."""
    desk = VirtualDesk(entry, make_hot())
    gone, *others = desk.symbols
    desk.venue.gone.add(gone)
    desk.until(lambda: desk.live(*others), LIVE_S)
    desk.venue.pace = SELDOM
    desk.run(SILENCE_S)
    assert desk.left_live == []
    assert not desk.live(gone)
    told = desk.of(SubscriptionRefused) + desk.of(NoData)
    assert any(gone.lower() in str(notice).lower() for notice in told)
    if desk.venue.speaker.refuses_strangers:
        streams = len(entry.spec.session.streams)
        assert desk.counters.subscriptions_refused == desk.venue.refused > streams
        desk.venue.gone.clear()
        desk.until(desk.live, 65.0)  # asked again at least every minute


def test_9_rate_limit(entry, make_hot):
    """9: a venue that says "too many" is asked more slowly, and the books come."""
    desk = VirtualDesk(entry, make_hot())
    desk.venue.slow_downs = 2
    desk.until(desk.live, 15.0)
    assert desk.venue.slow_downs == 0
    assert desk.counters.subscriptions_refused + desk.counters.snapshot_errors >= 2


def test_9_an_instrument_disappears(desk):
    """9: one that disappears while it is subscribed is reported; the others stay live all the while."""
    gone, *others = desk.symbols
    desk.venue.gone.add(gone)
    desk.venue.pace = SELDOM
    desk.run(SILENCE_S)
    assert desk.live(*others)
    assert {symbol for _, symbol in desk.left_live} <= {gone}
    assert any(gone.lower() in notice.stream.lower() for notice in desk.of(NoData))
    assert desk.of(ConnectionLost) == []


def test_9_a_gap_in_an_instrument_that_disappears(desk):
    """9: one that is broken and then gone is not live any more, and asking for it disturbs nobody."""
    gone, *others = desk.symbols
    desk.venue.loses.add(gone)
    desk.until(lambda: not desk.live(gone), 0.5)
    desk.venue.gone.add(gone)
    desk.venue.pace = SELDOM
    desk.run(30.0)
    assert desk.live(*others)
    assert {symbol for _, symbol in desk.left_live} == {gone}
