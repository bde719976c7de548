"""The feed around a small scripted session: what it carries out, and what it leaves behind."""

from __future__ import annotations

import asyncio

import pytest

from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.market_feed import MarketFeed
from trimaran.venues.wire.rest import RestClient, RestOptions
from trimaran.venues.wire.session_port import (
    Alive,
    Close,
    Closed,
    ControlFrame,
    FetchSnapshot,
    MarkDown,
    NoData,
    Open,
    Opened,
    SendPing,
    SendText,
    SnapshotApplied,
    SnapshotFailed,
)
from trimaran.venues.wire.websocket import WebSocketOptions


class ListSession:
    """Answers what the test has prepared, by the type of the event, and records everything."""

    def __init__(self, start):
        self.begin = start
        self.replies = {}
        self.at_tick = []
        self.answers = []
        self.events = []

    def start(self, now_ns):
        return self.begin

    def on_answer(self, slot, answer, now_ns):
        self.answers.append((slot, answer))
        return self.replies.get(answer, ())

    def on_event(self, event, now_ns):
        self.events.append(event)
        return self.replies.get(type(event), ())

    def on_tick(self, now_ns):
        actions, self.at_tick = self.at_tick, []
        return actions

    def kinds(self):
        return [type(event) for event in self.events]


class Sink:
    """Answers by the first byte: c control, g gap, x raises; anything else is a delta."""

    def __init__(self):
        self.frames = []
        self.snapshots = []
        self.downs = []
        self.down_symbols = []

    def on_frame(self, payload, local_ns):
        frame = bytes(payload)
        self.frames.append(frame)
        if frame == b"x":
            raise ZeroDivisionError
        if frame == b"c":
            return pack(Kind.CONTROL, 0, 0xFFFF)
        return pack(Kind.DEPTH, Flag.NEED_SNAPSHOT if frame == b"g" else 1, 0)

    def on_snapshot(self, symbol, payload, local_ns):
        self.snapshots.append((symbol, payload))
        return pack(Kind.SNAPSHOT, 1, 0)

    def on_down(self, reason, symbols):
        self.downs.append(reason)
        self.down_symbols.append(symbols)


@pytest.fixture
async def stage(venue, until):
    """(session, sink, feed, notices); not started."""
    notices = []
    session, sink = ListSession([Open(1, venue.ws_url + "/ws")]), Sink()
    async with RestClient(SystemClock(), RestOptions(total_s_max=1.0)) as rest:
        options = WebSocketOptions(connect_s_max=0.5, close_s_max=0.2, message_bytes_max=1000)
        feed = MarketFeed(
            session, sink, SystemClock(), rest, websocket=options, on_notice=notices.append, tick_s=0.01
        )
        yield session, sink, feed, notices
        await feed.stop()
        assert feed._runner.is_idle
        await until(lambda: not venue.live)


async def test_frames_go_through_the_sink_into_the_session(venue, until, stage):
    session, sink, feed, _ = stage
    session.replies[Opened] = [SendText(1, "subscribe")]
    await feed.start()
    await until(lambda: venue.peers and venue.peers[0].texts == ["subscribe"])
    for text in ("d", "c", "d"):
        venue.peers[0].say(text)
    await until(lambda: len(sink.frames) == 3)
    assert session.answers == [(1, pack(Kind.DEPTH, 1, 0))] * 2
    assert session.events == [Opened(1), ControlFrame(1, b"c")]
    assert feed.counters.messages == 3


async def test_a_drop_is_reported_and_another_connection_opened(venue, until, stage):
    session, sink, feed, _ = stage
    session.replies[Closed] = [MarkDown("dropped"), Open(2, venue.ws_url)]
    await feed.start()
    await until(lambda: venue.live)
    venue.peers[0].drop()
    await until(lambda: session.kinds() == [Opened, Closed, Opened])
    assert sink.downs == ["dropped"]


@pytest.mark.parametrize("refusal", [b"<html>403</html>"])
async def test_a_refused_connection_is_reported(venue, until, stage, refusal):
    session, _, feed, _ = stage
    venue.refuses_with = refusal
    await feed.start()
    await until(lambda: session.events)
    (closed,) = session.events
    assert isinstance(closed, Closed)
    assert "expected a WebSocket" in closed.reason


async def test_pings_and_pongs_are_signs_of_life(venue, until, stage):
    session, _, feed, _ = stage
    session.replies[Opened] = [SendPing(1)]
    await feed.start()
    await until(lambda: Alive(1) in session.events)
    assert venue.peers[0].pings == 1


async def test_a_closed_slot_brings_nothing_more(venue, until, stage):
    session, sink, feed, _ = stage
    session.replies[pack(Kind.DEPTH, 1, 0)] = [Close(1, "enough")]
    await feed.start()
    await until(lambda: venue.live)
    for _ in range(3):
        venue.peers[0].say("d")
    await until(lambda: not venue.live)
    await asyncio.sleep(0.02)
    assert sink.frames == [b"d"]
    assert session.events == [Opened(1)]  # the session knows that it closed the slot


async def test_a_connection_can_be_given_up_while_it_opens(venue, until, stage):
    session, _, feed, _ = stage
    session.begin = [Open(1, venue.ws_url), Close(1, "changed my mind"), Close(9, "never opened")]
    await feed.start()
    await asyncio.sleep(0.05)
    assert session.events == []
    await until(lambda: not venue.live)


async def test_a_half_open_peer_cannot_hold_a_close_up(venue, until, stage):
    session, _, feed, _ = stage
    await feed.start()
    await until(lambda: venue.live)
    venue.peers[0].answers_close = False
    session.at_tick = [Close(1, "half open")]
    await until(lambda: not venue.live, 2)


async def test_a_snapshot_is_fetched_and_judged(venue, until, stage):
    session, sink, feed, _ = stage
    venue.rest_body = b'{"lastUpdateId":7}'
    session.replies[pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, 0)] = [
        FetchSnapshot("BTCUSDT", venue.rest_url + "/d")
    ]
    await feed.start()
    await until(lambda: venue.live)
    venue.peers[0].say("g")
    await until(lambda: SnapshotApplied("BTCUSDT", pack(Kind.SNAPSHOT, 1, 0)) in session.events)
    assert sink.snapshots == [("BTCUSDT", b'{"lastUpdateId":7}')]


async def test_a_snapshot_that_fails_is_reported_with_the_order_to_stop(venue, until, stage):
    session, sink, feed, _ = stage
    venue.rest_status, venue.rest_headers = 429, {"Retry-After": "3"}
    session.begin = [FetchSnapshot("BTCUSDT", venue.rest_url)]
    await feed.start()
    await until(lambda: session.events)
    (failed,) = session.events
    assert isinstance(failed, SnapshotFailed)
    assert (failed.symbol, failed.retry_after_ns) == ("BTCUSDT", 3_000_000_000)
    assert sink.snapshots == []


async def test_marking_down_drops_the_snapshots_on_their_way(venue, until, stage):
    session, sink, feed, _ = stage
    venue.rest_delay_s = 0.1
    session.begin = [FetchSnapshot("BTCUSDT", venue.rest_url)]
    await feed.start()
    await until(lambda: venue.rest_targets)
    session.at_tick = [MarkDown("lost")]
    await asyncio.sleep(0.2)
    assert sink.snapshots == []
    assert session.events == []
    assert sink.downs == ["lost"]


async def test_marking_some_symbols_down_leaves_the_snapshots_of_others(venue, until, stage):
    session, sink, feed, _ = stage
    venue.rest_delay_s = 0.1
    session.begin = [FetchSnapshot("BTCUSDT", venue.rest_url), FetchSnapshot("ETHUSDT", venue.rest_url)]
    await feed.start()
    await until(lambda: len(venue.rest_targets) == 2)
    session.at_tick = [MarkDown("lost", ("BTCUSDT", "LTCUSDT"))]
    await until(lambda: sink.snapshots)
    await asyncio.sleep(0.1)
    assert sink.snapshots == [("ETHUSDT", b"{}")]
    assert session.events == [SnapshotApplied("ETHUSDT", pack(Kind.SNAPSHOT, 1, 0))]
    assert sink.down_symbols == [("BTCUSDT", "LTCUSDT")]


async def test_notices_are_handed_on(venue, until, stage):
    session, _, feed, notices = stage
    session.at_tick = [NoData("btcusdt@trade", 5)]
    await feed.start()
    await until(lambda: notices == [NoData("btcusdt@trade", 5)])


async def test_a_bug_of_the_sink_stops_the_feed_and_is_raised(venue, until, stage):
    _, sink, feed, _ = stage
    await feed.start()
    await until(lambda: venue.live)
    venue.peers[0].say("x")
    venue.peers[0].say("d")
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(feed.wait(), 2)
    assert sink.frames == [b"x"]
    assert sink.downs == ["stopped"]


async def test_a_bug_of_the_session_stops_the_feed_and_is_raised(stage):
    session, _, feed, _ = stage
    session.at_tick = [SendText(77, "no such slot")]
    await feed.start()
    with pytest.raises(KeyError):
        await asyncio.wait_for(feed.wait(), 2)


async def test_stopping_closes_everything_and_is_idempotent(venue, until, stage):
    session, sink, feed, _ = stage
    venue.rest_delay_s = 1.0
    session.begin = [Open(1, venue.ws_url), Open(2, venue.ws_url), FetchSnapshot("BTCUSDT", venue.rest_url)]
    await feed.start()
    await until(lambda: len(venue.live) == 2 and venue.rest_targets)
    await asyncio.gather(feed.stop(), feed.stop())
    await until(lambda: not venue.live)
    assert sink.downs == ["stopped"]
    assert sink.down_symbols == [()]
    await feed.wait()
