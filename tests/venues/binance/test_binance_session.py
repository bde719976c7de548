"""The session in virtual time: no sockets, every timer by hand."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from trimaran.domain.answer import NO_BOOK, Flag, Kind, pack
from trimaran.venues.binance.spec import SPOT, USDM
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.session import SessionConfig
from trimaran.venues.wire.session_port import (
    Close,
    Closed,
    FetchSnapshot,
    MarkDown,
    Open,
    SendPing,
    SendText,
    SnapshotApplied,
    SnapshotFailed,
    SubscriptionRefused,
)

SECOND = 1_000_000_000
ALL = (Kind.DEPTH, Kind.TICKER, Kind.TRADE, Kind.AGG_TRADE)
GAP = pack(Kind.DEPTH, Flag.NEED_SNAPSHOT | Flag.WENT_STALE, 0)
FINE = pack(Kind.SNAPSHOT, Flag.APPLIED | Flag.WENT_LIVE, 0)
TOO_OLD = pack(Kind.SNAPSHOT, Flag.NEED_SNAPSHOT, 0)
SHUTDOWN_RAW = '{"e":"serverShutdown","E":1770123456789}'


# Subscribing


def test_usdm_streams_are_routed_by_class(driver):
    run = driver(USDM, ["BTCUSDT", "ETHUSDT"]).start()
    assert {run.open[slot]: names for slot, names in run.subscribed.items()} == {
        "wss://fstream.binance.com/public/ws": [
            "btcusdt@depth@100ms",
            "btcusdt@bookTicker",
            "ethusdt@depth@100ms",
            "ethusdt@bookTicker",
        ],
        "wss://fstream.binance.com/market/ws": ["btcusdt@aggTrade", "ethusdt@aggTrade"],
    }


def test_spot_needs_one_connection(driver):
    combined = msgspec.structs.replace(SPOT.session, book_path="/stream", trade_path="/stream")
    run = driver(msgspec.structs.replace(SPOT, session=combined), ["BTCUSDT"]).start()
    assert list(run.open.values()) == ["wss://stream.binance.com:9443/stream"]
    assert run.subscribed[1] == ["btcusdt@depth@100ms", "btcusdt@bookTicker", "btcusdt@trade"]


@pytest.mark.parametrize("spec", [SPOT, USDM])
def test_many_symbols_are_sharded_and_subscribed_within_the_message_rate(driver, spec):
    symbols = [f"A{index}USDT" for index in range(700)]
    run = driver(spec, symbols).start().run(15)
    names = [name for per_slot in run.subscribed.values() for name in per_slot]
    assert len(names) == len(set(names)) == 700 * 3
    assert max(map(len, run.subscribed.values())) <= spec.session.streams_per_connection_max
    for slot in run.open:
        sent = [
            at_ns
            for at_ns, action in run.log
            if isinstance(action, SendText | SendPing) and action.slot == slot
        ]
        for index, at_ns in enumerate(sent):
            in_a_second = [other for other in sent[index:] if other - at_ns < SECOND]
            assert len(in_a_second) <= spec.session.messages_per_s_max - 1  # one is left for a pong
    assert all(len(msgspec.json.decode(text.text)["params"]) <= 50 for text in run.of(SendText))


@pytest.mark.parametrize(
    "reply",
    [
        '{"code":2,"msg":"Invalid request: too many parameters","id":1}',
        '{"error":{"code":2,"msg":"Invalid request: too many parameters"},"id":1}',
    ],
)
def test_a_refused_subscription_is_surfaced_and_tried_again(driver, reply):
    run = driver()
    run.replies = False
    run.start()
    run.control(1, reply)
    assert run.of(SubscriptionRefused) == [
        SubscriptionRefused(1, 2, "Invalid request: too many parameters", tuple(run.subscribed[1]))
    ]
    assert run.counters.subscriptions_refused == 1
    run.replies = True
    run.run(2)
    assert len(run.of(SendText)) == 2
    assert not run.of(Close)


def test_an_error_without_id_is_surfaced(driver):
    run = driver().start()
    run.control(1, '{"code":3,"msg":"Invalid JSON: expected value"}')
    assert run.of(SubscriptionRefused) == [SubscriptionRefused(1, 3, "Invalid JSON: expected value", ())]


def test_an_unanswered_subscription_gives_the_connection_up(driver):
    run = driver()
    run.replies = False
    run.start().run(10.5)
    assert [close.reason for close in run.of(Close)] == ["a subscription was not answered"]
    assert run.counters.subscriptions_unanswered == 1
    assert len(run.of(Open)) == 2


@pytest.mark.parametrize(
    "payload", ["", "{", "[1]", '{"id":"x"}', '{"data":[1]}', '{"foo":1}', "\u0000", "[" * 5000]
)
def test_unknown_control_frames_are_counted(driver, payload):
    run = driver().start()
    run.forget()
    run.control(1, payload)
    assert run.counters.control_unknown == 1
    assert run.log == []


# Snapshots


def test_a_gap_fetches_one_snapshot(driver):
    run = driver().start()
    for _ in range(5):
        run.answer(1, GAP)
    url = "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000"
    assert run.of(FetchSnapshot) == [FetchSnapshot("BTCUSDT", url)]
    run.event(SnapshotApplied("BTCUSDT", FINE))
    run.run(30)
    assert len(run.of(FetchSnapshot)) == 1
    assert (run.counters.resyncs, run.counters.snapshot_fetches) == (1, 1)


def test_an_error_frame_can_ask_for_a_snapshot(driver):
    run = driver().start()
    run.answer(1, pack(Kind.ERROR, Flag.NEED_SNAPSHOT | Flag.WENT_STALE, 0, error=2))
    run.answer(1, pack(Kind.ERROR, 0, NO_BOOK, error=1))
    assert len(run.of(FetchSnapshot)) == 1
    assert run.counters.decode_errors == 2


@pytest.mark.parametrize("bad", [TOO_OLD, pack(Kind.ERROR, Flag.NEED_SNAPSHOT, 0, error=2)])
def test_a_snapshot_that_is_too_old_or_unreadable_is_fetched_again_with_backoff(driver, bad):
    waits = []
    retry = Backoff(base_ns=SECOND, cap_ns=8 * SECOND)
    for seed in range(30):
        run = driver(config=SessionConfig(snapshot_retry=retry), seed=seed).start()
        run.answer(1, GAP)
        for _ in range(6):
            fetches = len(run.of(FetchSnapshot))
            run.event(SnapshotApplied("BTCUSDT", bad))
            while len(run.of(FetchSnapshot)) == fetches:
                run.run(0.2)
        times = run.times_of(FetchSnapshot)
        waits.append([later - earlier for earlier, later in itertools.pairwise(times)])
    for attempt, ceiling_s in enumerate((1, 2, 4, 8, 8, 8)):
        drawn = [each[attempt] for each in waits]
        assert max(drawn) <= (ceiling_s + 0.2) * SECOND
        assert max(drawn) > ceiling_s * SECOND / 2
        assert len(set(drawn)) > 2


def test_an_order_to_stop_holds_every_symbol(driver):
    run = driver(SPOT, ["BTCUSDT", "ETHUSDT"]).start()
    run.speaks = lambda slot: [pack(Kind.DEPTH, 1, 0)]
    run.answer(1, GAP)
    run.event(SnapshotFailed("BTCUSDT", "429", 30 * SECOND))
    run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, 1))
    run.run(29)
    assert len(run.of(FetchSnapshot)) == 1
    run.run(2)
    assert {fetch.symbol for fetch in run.of(FetchSnapshot)[1:]} == {"BTCUSDT", "ETHUSDT"}


def test_the_weight_budget_is_shared(driver):
    symbols = [f"A{index}USDT" for index in range(40)]
    run = driver(SPOT, symbols, SessionConfig(snapshot_levels=5000)).start().run(1)
    for book in range(40):
        run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, book))
    assert len(run.of(FetchSnapshot)) == 12  # of weight 250, in half of 6000 a minute
    assert all(fetch.url.endswith("&limit=5000") for fetch in run.of(FetchSnapshot))
    run.speaks = lambda slot: [pack(Kind.DEPTH, 1, 0)]
    run.run(61)
    assert len(run.of(FetchSnapshot)) == 24
    asked = [fetch.symbol for fetch in run.of(FetchSnapshot)]
    assert asked == symbols[:24]


def test_fifty_books_are_asked_for_at_once(driver):
    run = driver(SPOT, [f"A{index}USDT" for index in range(50)]).start().run(1)
    for book in range(50):
        run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, book))
    assert len(run.of(FetchSnapshot)) == 50


def test_a_book_that_breaks_again_at_once_does_not_hammer(driver):
    retry = Backoff(base_ns=4 * SECOND, cap_ns=60 * SECOND)
    run = driver(config=SessionConfig(snapshot_retry=retry)).start()
    for _ in range(20):
        run.answer(1, GAP)
        run.event(SnapshotApplied("BTCUSDT", FINE))
        run.run(0.2)
    assert len(run.of(FetchSnapshot)) <= 5


def test_a_lost_connection_drops_the_snapshots_on_their_way(driver):
    run = driver().start()
    run.answer(1, GAP)
    run.drop(1)
    assert run.of(MarkDown) == [MarkDown("dropped", ())]
    run.event(SnapshotApplied("BTCUSDT", TOO_OLD))  # it arrives behind the loss
    run.run(2)
    assert len(run.of(FetchSnapshot)) == 1
    run.answer(2, GAP)
    assert len(run.of(FetchSnapshot)) == 2


def test_a_lost_shard_takes_down_its_own_books_only(driver):
    symbols = ["AUSDT", "BUSDT", "CUSDT"]
    run = driver(SPOT, symbols, SessionConfig(streams_per_connection=6)).start()
    assert len(run.open) == 2  # two symbols of three streams on the first
    for book in range(3):
        run.answer(1 if book < 2 else 2, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, book))
    run.drop(1)
    assert run.of(MarkDown) == [MarkDown("dropped", ("AUSDT", "BUSDT"))]
    run.event(SnapshotApplied("CUSDT", TOO_OLD))  # still on its way: judged, and asked for again
    assert run.counters.snapshots_too_old == 1
    run.event(SnapshotApplied("AUSDT", TOO_OLD))  # arrives behind the loss
    assert run.counters.snapshots_too_old == 1
    run.run(2)
    assert [fetch.symbol for fetch in run.of(FetchSnapshot)] == [*symbols, "CUSDT"]
    (second,) = (slot for slot in run.open if slot != 2)
    run.answer(second, GAP)
    assert run.of(FetchSnapshot)[-1].symbol == "AUSDT"
    run.drop(2)
    assert run.of(MarkDown)[-1] == MarkDown("dropped", ("CUSDT",))


# Reconnecting


def test_backoff_grows_with_full_jitter_up_to_its_cap(driver):
    firsts = []
    for seed in range(40):
        run = driver(seed=seed)
        run.accepts = False
        run.start().run(300)
        times = run.times_of(Open)
        waits = [later - earlier for earlier, later in itertools.pairwise(times)]
        for attempt, wait_ns in enumerate(waits):
            assert wait_ns <= min(30 * SECOND, SECOND // 2 << attempt) + SECOND // 5
        firsts.append(waits[3])
        assert run.of(MarkDown) == []  # nothing was ever up
    assert max(firsts) > 2 * SECOND
    assert min(firsts) < SECOND


def test_connection_attempts_stay_within_the_limit_of_the_address(driver):
    config = SessionConfig(reconnect=Backoff(base_ns=1, cap_ns=1))
    run = driver(config=config)
    run.accepts = False
    run.start().run(600)
    times = run.times_of(Open)
    assert len([at_ns for at_ns in times if at_ns < 300 * SECOND]) == 240  # 80 % of 300
    for index, at_ns in enumerate(times[240:]):
        assert at_ns - times[index] >= 300 * SECOND


def test_a_stable_connection_resets_the_backoff(driver, chat):
    run = driver()
    run.speaks = chat(*ALL)
    run.accepts = False
    run.start().run(60)
    run.accepts = True
    run.run(100)
    (slot,) = run.open
    run.forget()
    run.drop(slot)
    run.run(0.8)
    assert len(run.of(Open)) == 1


def test_losing_the_trades_of_usdm_does_not_mark_the_books_down(driver):
    run = driver(USDM).start()
    market = next(slot for slot, url in run.open.items() if "/market" in url)
    public = next(slot for slot, url in run.open.items() if "/public" in url)
    run.drop(market)
    assert run.of(MarkDown) == []
    run.drop(public)
    assert len(run.of(MarkDown)) == 1


def test_events_of_a_forgotten_slot_are_ignored(driver):
    run = driver().start()
    run.drop(1)
    run.forget()
    run.answer(1, GAP)
    run.event(Closed(1, "again"))
    run.control(1, SHUTDOWN_RAW)
    assert run.log == []
