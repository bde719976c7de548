"""The session as HTX needs it, in virtual time: pings in the data, one topic a request, books by REQ."""

from __future__ import annotations

import gzip
import itertools

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.htx_driver import HtxDriver
from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.htx.spec import SPOT, SWAP
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.link import LinkConfig
from trimaran.venues.wire.session import SessionConfig
from trimaran.venues.wire.session_port import (
    Close,
    FetchSnapshot,
    MarkDown,
    Open,
    SendPing,
    SendText,
    SnapshotTrouble,
    SubscriptionRefused,
)

SECOND = 1_000_000_000
FIRST = pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, 0)
GAP = pack(Kind.DEPTH, Flag.NEED_SNAPSHOT | Flag.WENT_STALE, 0)
TOO_OLD = pack(Kind.SNAPSHOT, Flag.NEED_SNAPSHOT, 0)
SYMBOLS = ["btcusdt", "ethusdt", "solusdt"]
CONTRACTS = ["BTC-USDT", "ETH-USDT", "SOL-USDT"]
MBP = "market.btcusdt.mbp.150"
DEPTH = "market.BTC-USDT.depth.size_150.high_freq"


def talk(run, *kinds, books=1):
    """Every stream of `kinds` that is subscribed on a connection speaks at every tick."""
    part = {Kind.DEPTH: (".mbp.", ".depth."), Kind.TICKER: (".bbo",), Kind.TRADE: (".trade.",)}

    def speak(slot):
        topics = run.subscribed.get(slot, [])
        return [
            pack(kind, Flag.APPLIED, book)
            for kind in kinds or tuple(part)
            for book in range(books)
            if any(f".{run.symbols[book]}{each}" in topic for topic in topics for each in part[kind])
        ]

    return speak


# Subscribing


def test_spot_has_two_connections_and_one_topic_a_request(driver):
    run = driver(SPOT, SYMBOLS[:2]).start()
    run.run(1)
    assert {run.open[slot]: names for slot, names in run.subscribed.items()} == {
        "wss://api.huobi.pro/feed": ["market.btcusdt.mbp.150", "market.ethusdt.mbp.150"],
        "wss://api.huobi.pro/ws": [
            "market.btcusdt.bbo",
            "market.btcusdt.trade.detail",
            "market.ethusdt.bbo",
            "market.ethusdt.trade.detail",
        ],
    }
    assert run.texts()[0] == '{"sub":"market.btcusdt.mbp.150","id":"1"}'
    assert len(run.of(SendText)) == 6


def test_swaps_ask_for_increments(driver):
    run = driver(SWAP, CONTRACTS[:1]).start()
    assert list(run.open.values()) == ["wss://api.hbdm.com/linear-swap-ws"]
    assert run.texts()[0] == f'{{"sub":"{DEPTH}","id":"1","data_type":"incremental"}}'
    assert '"data_type"' not in "".join(run.texts()[1:])


@pytest.mark.parametrize(("spec", "symbols"), [(SPOT, SYMBOLS), (SWAP, CONTRACTS)], ids=["spot", "swap"])
def test_a_refused_topic_leaves_the_others_alone_and_alarms_once(driver, spec, symbols):
    topic = spec.session.streams[0].name(symbols[2])
    run = driver(spec, symbols)
    run.gone = {topic}
    run.speaks = talk(run, books=2)
    run.start().run(300)
    assert [(alarm.code, alarm.streams) for alarm in run.of(SubscriptionRefused)] == [
        ("bad-request", (topic,))
    ]
    assert run.of(Close) == run.of(MarkDown) == []
    assert 5 < run.counters.subscriptions_refused < 60
    run.gone = set()
    run.run(61)
    assert sum(map(len, run.subscribed.values())) == 9


def test_many_topics_keep_to_the_message_rate(driver):
    run = driver(SWAP, [f"A{index}-USDT" for index in range(70)]).start().run(10)
    assert sum(map(len, run.subscribed.values())) == 210
    assert len(run.open) == 3
    for slot in run.open:
        times = [at for at, each in run.log if isinstance(each, SendText) and each.slot == slot]
        for index, at_ns in enumerate(times):
            assert len([other for other in times[index:] if other - at_ns < SECOND]) <= 20


# Heartbeat


@pytest.mark.parametrize("packed", [True, False])
def test_a_ping_is_answered_in_the_same_call(driver, packed):
    run = driver().start()
    run.forget()
    text = b'{"ping":1786563068868}'
    run.control(1, gzip.compress(text) if packed else text)
    assert [each for _, each in run.log] == [SendText(1, '{"pong":1786563068868}')]
    assert run.counters.pings_answered == 1


def test_a_connection_whose_pings_come_is_kept_and_we_never_ping(driver):
    run = driver()
    run.speaks = lambda slot: talk(run, Kind.DEPTH)(slot) if run.now_ns % (25 * SECOND) == 0 else ()
    run.start().run(300)
    assert run.of(Close) == run.of(SendPing) == []
    assert run.counters.pings_answered == run.pings == 120
    assert len(run.requests("pong")) == 120


def test_half_open_is_found_within_ten_seconds(driver):
    run = driver()
    run.speaks = talk(run)
    run.start().run(12)
    run.pongs = False
    run.speaks = lambda slot: ()
    silent_from_ns = run.now_ns - run.begin_ns
    run.run(9.2)
    assert run.of(Close) == []
    run.run(0.7)
    assert len(run.of(Close)) == 2
    assert all(at_ns - silent_from_ns < 10 * SECOND for at_ns in run.times_of(Close))
    assert len(run.of(MarkDown)) == 1
    assert run.counters.half_open == 2


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=120)
    | st.binary(max_size=60).map(gzip.compress)
    | st.sampled_from(
        [
            b'{"ping":"x"}',
            b'{"ping":' + b"9" * 5000 + b"}",
            b'{"ping":1e999}',
            b'{"status":"ok"}',
            gzip.compress(b'{"ping":1}')[:-3],
            gzip.compress(b'{"ping":1}') + b"x",
            gzip.compress(bytes(5_000_000)),
        ]
    )
)
def test_garbage_in_control_frames_changes_nothing(payload):
    run = HtxDriver().start()
    run.forget()
    run.control(1, payload)
    said = [each for _, each in run.log if not isinstance(each, SubscriptionRefused)]
    assert said == []
    assert run.counters.control_unknown + run.counters.subscriptions_refused == 1


# Books by request (spot)


def test_the_first_increment_asks_for_the_book_on_its_connection(driver):
    run = driver().start()
    run.mute = {MBP}
    for _ in range(9):
        run.answer(1, FIRST)
    assert run.texts(1)[-1] == f'{{"req":"{MBP}","id":"2"}}'
    assert run.requests("req") == [MBP]
    assert run.requests("unsub") == run.of(FetchSnapshot) == []
    run.whole_book(1, "btcusdt")
    run.run(2)
    assert run.requests("req") == [MBP]
    assert (run.counters.resyncs, run.counters.snapshot_fetches) == (1, 1)


def test_a_book_is_not_asked_for_before_its_topic_is_acknowledged(driver):
    run = driver()
    run.replies = False
    run.start()
    run.answer(1, FIRST)
    assert run.requests("req") == []
    run.pack(1, {"id": "1", "status": "ok", "subbed": MBP, "ts": 1})
    run.run(0.2)
    assert run.requests("req") == [MBP]


def test_a_book_that_is_too_old_is_asked_for_again(driver):
    run = driver().start()
    run.mute = {MBP}
    run.answer(1, FIRST)
    for asked in range(1, 6):
        assert len(run.requests("req")) == asked
        run.answer(1, TOO_OLD)
        while len(run.requests("req")) == asked:
            run.run(0.2)
    assert run.counters.snapshots_too_old == 5


def test_one_request_in_a_hundred_milliseconds_a_connection(driver):
    symbols = [f"a{index}usdt" for index in range(20)]
    run = driver(SPOT, symbols)
    run.speaks = talk(run, books=20)
    run.start().run(3)
    for book in range(20):
        run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, book))
    run.run(8)
    times = [at for at, each in run.log if isinstance(each, SendText) and '"req"' in each.text]
    assert len(times) == run.snapshots == 20
    assert all(later - earlier >= SECOND // 10 for earlier, later in itertools.pairwise(times))


def test_a_request_without_answer_is_repeated_with_growing_backoff(driver):
    waits = []
    for seed in range(20):
        config = SessionConfig(snapshot_retry=Backoff(base_ns=SECOND, cap_ns=8 * SECOND))
        run = driver(config=config, seed=seed)
        run.speaks = talk(run)
        run.mute = {MBP}
        run.start().run(1)
        run.answer(1, FIRST)
        run.run(60)
        times = [at for at, each in run.log if isinstance(each, SendText) and '"req"' in each.text]
        waits.append([later - earlier for earlier, later in itertools.pairwise(times)])
        assert run.of(SnapshotTrouble)[0].reason == "no answer in 3 s"
        assert run.of(Close) == []
    for attempt, ceiling_s in enumerate((1, 2, 4, 8)):
        drawn = [each[attempt] for each in waits]
        assert min(drawn) >= 3 * SECOND
        assert (3 + ceiling_s / 2) * SECOND < max(drawn) <= (3 + ceiling_s + 0.4) * SECOND


def test_a_refused_request_is_repeated_and_told(driver):
    run = driver()
    run.speaks = talk(run)
    run.start().run(1)
    run.refuses_books = "symbol trade not open now"
    run.answer(1, GAP)
    run.run(30)
    assert {trouble.reason for trouble in run.of(SnapshotTrouble)} == {
        "bad-request: symbol trade not open now"
    }
    assert 3 < len(run.requests("req")) < 30
    assert run.of(SubscriptionRefused) == run.of(Close) == []
    run.refuses_books = ""
    run.run(21)
    assert run.snapshots == 1


def test_too_many_requests_hold_the_connection(driver):
    run = driver(SPOT, SYMBOLS)
    run.speaks = talk(run, books=3)
    run.start().run(1)
    run.refuses_books = "429 too many request"
    run.answer(1, GAP)
    for book in (1, 2):
        run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, book))
    run.run(20)
    times = [at for at, each in run.log if isinstance(each, SendText) and '"req"' in each.text]
    assert all(later - earlier >= SECOND for earlier, later in itertools.pairwise(times))
    run.refuses_books = ""
    run.run(60)
    assert run.snapshots == 3


def test_a_lost_connection_of_books_marks_down_and_is_asked_anew(driver):
    run = driver(SPOT, SYMBOLS)
    run.mute = {MBP}
    run.start().run(1)
    run.answer(1, FIRST)
    run.drop(2)
    assert run.of(MarkDown) == []  # only tickers and trades came from there
    run.drop(1)
    assert run.of(MarkDown) == [MarkDown("dropped", ())]
    run.run(2)
    assert len(run.requests("req")) == 1
    (feed,) = (slot for slot, url in run.open.items() if url.endswith("/feed"))
    run.answer(feed, FIRST)
    assert len(run.requests("req")) == 2


# Books by a new subscription (swaps)


def test_a_gap_of_a_swap_resubscribes_that_topic(driver):
    run = driver(SWAP, CONTRACTS)
    run.speaks = talk(run, books=3)
    run.start().run(2)
    run.forget()
    run.answer(1, GAP)
    assert [msgspec.json.decode(text) for text in run.texts()] == [
        {"unsub": DEPTH, "id": "10", "data_type": "incremental"},
        {"sub": DEPTH, "id": "11", "data_type": "incremental"},
    ]
    assert run.snapshots == 4
    assert run.of(MarkDown) == []


def test_a_contract_that_disappears_alarms_once(driver):
    run = driver(SWAP, CONTRACTS)
    run.speaks = lambda slot: [pack(Kind.DEPTH, Flag.APPLIED, book) for book in (1, 2)]
    run.start().run(2)
    run.gone = {DEPTH}
    run.answer(1, GAP)
    run.run(300)
    assert [alarm.streams for alarm in run.of(SubscriptionRefused)] == [(DEPTH,)]
    assert run.of(Close) == run.of(MarkDown) == []
    assert len(run.of(Open)) == 1


@settings(max_examples=20, deadline=None)
@given(st.booleans(), st.integers(0, 2**32), st.lists(st.sampled_from("gkmrde"), max_size=20))
@example(True, 0, ["k", "g"])
@example(False, 0, ["k", "g"])
def test_after_any_history_every_topic_is_subscribed_once_and_no_book_waits(swap, seed, history):
    """g: gap, k: refused, m: mute, r: no replies for a while, d: dropped, e: REQ refused."""
    link = replace(LinkConfig(), resubscribe=Backoff(SECOND, SECOND))
    spec, symbols = (SWAP, CONTRACTS) if swap else (SPOT, SYMBOLS)
    topic = spec.session.streams[0].name(symbols[0])
    run = HtxDriver(spec, symbols, SessionConfig(link=link), seed)
    run.speaks = talk(run, books=3)
    run.start()
    for letter in history:
        feed = min((slot for slot, url in run.open.items() if not url.endswith("/ws")), default=0)
        match letter:
            case "g":
                run.answer(feed, GAP)
            case "k":
                run.gone = {topic}
            case "m":
                run.mute = {topic}
            case "r":
                run.replies = False
            case "e":
                run.refuses_books = "429 too many request"
            case "d" if feed:
                run.drop(feed)
        run.run(1)
    run.gone, run.mute, run.replies, run.refuses_books = set(), set(), True, ""
    run.run(120)
    wanted = sorted(stream.name(symbol) for stream in spec.session.streams for symbol in symbols)
    assert sorted(name for slot in run.open for name in run.subscribed[slot]) == wanted
    run.forget()
    run.run(30)
    assert run.requests("sub") == run.requests("unsub") == run.requests("req") == []
