"""The session as OKX needs it, in virtual time: acknowledgements, text pings, planned switches."""

from __future__ import annotations

import itertools

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.okx_driver import ALL, GAP, NOTICE, SECOND, SYMBOLS, OkxDriver, refusal
from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.okx.spec import SPOT, SWAP
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.link import LinkConfig
from trimaran.venues.wire.session import SessionConfig
from trimaran.venues.wire.session_port import (
    Close,
    MarkDown,
    NoData,
    Open,
    SendPing,
    SendText,
    SnapshotTrouble,
    SubscriptionRefused,
    Switched,
)

# Subscribing


def test_one_connection_one_request_and_every_stream(driver):
    run = driver(SWAP, ["BTC-USDT-SWAP"]).start()
    assert list(run.open.values()) == ["wss://ws.okx.com:8443/ws/v5/public"]
    channels = ["books", "bbo-tbt", "trades", "mark-price", "funding-rate"]
    assert run.requests("subscribe") == [[f"{channel}:BTC-USDT-SWAP" for channel in channels]]
    assert '"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT-SWAP"},' in run.texts()[0]
    assert run.counters.control_unknown == 0


def test_a_request_is_settled_when_every_argument_is(driver):
    run = driver()
    run.replies = False
    run.start()
    for channel in ("books", "trades"):
        run.control(
            1, f'{{"id":"1","event":"subscribe","arg":{{"channel":"{channel}","instId":"BTC-USDT"}}}}'
        )
    run.run(9)
    assert run.of(Close) == []
    run.run(1.5)
    assert [close.reason for close in run.of(Close)] == ["a subscription was not answered"]


def test_acknowledgements_without_id_count_too(driver):
    run = driver()
    run.replies = False
    run.start()
    for channel in ("books", "trades", "bbo-tbt"):
        run.control(1, f'{{"event":"subscribe","arg":{{"channel":"{channel}","instId":"BTC-USDT"}}}}')
    run.run(20)
    assert run.of(Close) == []


def test_a_partial_refusal_leaves_the_others_alone_and_alarms_once(driver):
    run = driver(SPOT, SYMBOLS)
    run.gone = {f"{channel}:SOL-USDT" for channel in ("books", "bbo-tbt", "trades")}
    run.speaks = lambda slot: [pack(kind, 1, book) for kind in ALL for book in (0, 1)]
    run.start().run(600)
    alarms = run.of(SubscriptionRefused)
    assert {(alarm.code, alarm.streams) for alarm in alarms} == {("60018", (name,)) for name in run.gone}
    assert len(alarms) == 3
    assert run.of(Close) == run.of(MarkDown) == []
    assert sorted(run.subscribed[1]) == sorted(
        f"{channel}:{symbol}" for channel in ("books", "bbo-tbt", "trades") for symbol in SYMBOLS[:2]
    )
    assert run.counters.subscriptions_refused > 9  # tried again and again
    run.gone = set()
    run.run(120)
    assert len(run.subscribed[1]) == 9
    run.gone = {"books:SOL-USDT"}
    run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, 2))
    run.run(1)
    assert len(run.of(SubscriptionRefused)) == 4  # new trouble, new alarm


def test_a_refusal_that_names_nothing_is_narrowed_down(driver):
    """Halves and halves again, until the one bad stream stands alone."""
    run = driver(SPOT, SYMBOLS, SessionConfig(link=LinkConfig(resubscribe=Backoff(SECOND, SECOND))))
    bad = {"channel": "books", "instId": "SOL-USDT"}

    def obey(slot, text):
        if text == "ping":
            return run.control(slot, "pong")
        request = msgspec.json.decode(text)
        if bad in request["args"]:
            return run.control(slot, refusal(request["id"], "60012", "Invalid request: {}"))
        for argument in request["args"]:
            run.control(
                slot, msgspec.json.encode({"id": request["id"], "event": "subscribe", "arg": argument})
            )
            run.hold(slot, f"{argument['channel']}:{argument['instId']}")
        return None

    run.obey = obey
    run.start().run(20)
    assert len(run.subscribed[1]) == 8
    assert run.requests("subscribe")[-1] == ["books:SOL-USDT"]
    assert run.of(Close) == []


def test_an_acknowledgement_behind_a_refusal_of_the_whole_is_believed(driver):
    run = driver()
    run.replies = False
    run.start()
    run.control(1, refusal("1", "60012", "Invalid request"))
    run.control(1, '{"id":"1","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}}')
    run.replies = True
    run.run(3)
    assert run.requests("subscribe")[1:] == [["bbo-tbt:BTC-USDT", "trades:BTC-USDT"]]


def test_depth_channels_are_sharded_and_attempts_kept_below_the_limit(driver):
    symbols = [f"A{index}-USDT" for index in range(100)]
    run = driver(SPOT, symbols).start().run(30)
    assert len(run.open) == 4
    for names in run.subscribed.values():
        assert len([name for name in names if name.startswith("books:")]) < 30
        channels = {}
        for name in names:
            channel, _, symbol = name.partition(":")
            channels.setdefault(symbol, set()).add(channel)
        assert all(len(each) == 3 for each in channels.values())
    opens = run.times_of(Open)
    assert all(later - earlier >= SECOND for earlier, later in itertools.pairwise(opens))
    assert all(len(text) <= 64 * 1024 for text in run.texts())


# Heartbeat


def test_a_quiet_connection_is_asked_in_text_and_kept(driver):
    run = driver()
    run.speaks = lambda slot: [pack(Kind.DEPTH, 1, 0)] if run.now_ns % (25 * SECOND) == 0 else ()
    run.start().run(300)
    assert run.of(SendPing) == []
    assert run.texts().count("ping") > 40
    assert run.of(Close) == []
    assert run.counters.control_unknown == 0


def test_a_busy_connection_speaks_at_least_every_thirty_seconds(driver, chat):
    run = driver()
    run.speaks = chat(*ALL)
    run.start().run(300)
    times = run.times_of(SendText)
    assert all(later - earlier < 30 * SECOND for earlier, later in itertools.pairwise(times))
    assert run.texts().count("ping") in range(10, 16)


def test_half_open_is_found_within_ten_seconds(driver, chat):
    run = driver()
    run.speaks = chat(*ALL)
    run.start().run(7)
    run.pongs = False
    run.speaks = lambda slot: ()
    silent_from_ns = run.now_ns - run.begin_ns
    run.run(9.8)
    (closed_ns,) = run.times_of(Close)
    assert closed_ns - silent_from_ns < 10 * SECOND
    assert run.counters.half_open == 1
    assert len(run.of(MarkDown)) == 1


def test_a_book_that_repeats_itself_once_a_minute_has_not_stalled(driver):
    run = driver()
    run.speaks = lambda slot: [pack(Kind.DEPTH, 1, 0)] if run.now_ns % (60 * SECOND) == 0 else ()
    run.start().run(600)
    assert run.of(Close) == []
    assert not [alarm for alarm in run.of(NoData) if alarm.stream.startswith("books")]
    run.speaks = lambda slot: ()
    run.run(80)
    assert [close.reason for close in run.of(Close)] == ["no book data, though pings are answered"]


# Planned replacement


def test_a_service_upgrade_is_followed_without_a_break(driver, chat):
    run = driver(SWAP, ["BTC-USDT-SWAP"])
    run.speaks = chat(*ALL, Kind.MARK)  # the funding rate is silent for minutes
    run.start().run(5)
    run.control(1, NOTICE)
    run.control(1, NOTICE)
    run.run(30)
    assert run.of(Switched) == [Switched(1, 2, "server shutdown")]
    assert run.of(MarkDown) == []
    assert list(run.open) == [2]
    assert run.snapshots == 2


def test_other_notices_are_not_shutdowns(driver):
    run = driver().start()
    run.control(1, '{"event":"notice","code":"64000","msg":"?","connId":"a"}')
    run.run(3)
    assert len(run.open) == 1
    assert run.counters.control_unknown == 1


def test_a_gap_during_the_switch_is_healed(driver, chat):
    run = driver()
    run.speaks = lambda slot: chat(*ALL)(slot) if slot == 1 else chat(Kind.DEPTH)(slot)
    run.start().run(5)
    run.control(1, NOTICE)
    run.run(1)
    run.answer(2, GAP)
    assert run.snapshots == 3
    run.drop(1)
    run.run(2)
    assert run.of(MarkDown) == []
    run.answer(2, GAP)
    run.run(3)
    assert run.snapshots == 4


# Losing connections


def test_a_lost_connection_forgets_its_resubscriptions(driver, chat):
    run = driver(SPOT, SYMBOLS)
    run.speaks = chat(*ALL, books=3)
    run.start().run(5)
    run.mute = {"books:BTC-USDT"}
    run.answer(1, GAP)
    run.mute = set()
    run.drop(1)
    assert run.of(MarkDown) == [MarkDown("dropped", ())]
    run.forget()
    run.run(30)
    assert run.requests("unsubscribe") == []
    assert run.requests("subscribe") == [
        [f"{channel}:{symbol}" for symbol in SYMBOLS for channel in ("books", "bbo-tbt", "trades")]
    ]
    assert run.of(SnapshotTrouble) == []


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=120) | st.sampled_from([b'{"event":"error"}', b'{"event":"subscribe"}', b"ping"]))
def test_garbage_in_control_frames_changes_nothing(payload):
    run = OkxDriver().start()
    run.forget()
    run.control(1, payload)
    run.run(1)
    assert [each for each in run.log if not isinstance(each[1], SubscriptionRefused)] == []


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from("gkmrdn"), max_size=25))
@example(0, ["k", "g"])
def test_after_any_history_every_book_is_subscribed_once(seed, history):
    """g: gap, k: refused, m: mute, r: no replies for a while, d: dropped, n: notice."""
    link = replace(LinkConfig(), resubscribe=Backoff(SECOND, SECOND))
    run = OkxDriver(SPOT, SYMBOLS, SessionConfig(link=link), seed)
    run.speaks = lambda slot: [pack(kind, 1, book) for kind in ALL for book in range(3)]
    run.start()
    for letter in history:
        slot = min(run.open, default=0)
        match letter:
            case "g":
                run.answer(slot, GAP)
            case "k":
                run.gone = {"books:BTC-USDT"}
            case "m":
                run.mute = {"books:BTC-USDT"}
            case "r":
                run.replies = False
            case "d" if slot:
                run.drop(slot)
            case "n" if slot:
                run.control(slot, NOTICE)
        run.run(1)
    run.gone, run.mute, run.replies = set(), set(), True
    run.run(260)
    assert len(run.open) == 1
    (slot,) = run.open
    names = [f"{channel}:{symbol}" for channel in ("books", "bbo-tbt", "trades") for symbol in SYMBOLS]
    assert sorted(run.subscribed[slot]) == sorted(names)
    run.forget()
    run.run(30)
    assert [text for text in run.texts() if text != "ping"] == []
