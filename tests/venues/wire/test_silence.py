"""Streams of books that fall silent one by one: down, subscribed anew, and never in a storm. Virtual time."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.htx_driver import HtxDriver
from tests.support.okx_driver import OkxDriver
from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.htx import spec as htx
from trimaran.venues.okx import spec as okx
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.session_port import Close, MarkDown, NoData, SendText

SECOND = 1_000_000_000
OKX_SYMBOLS = ["BTC-USDT", "ETH-USDT", "SOL-USDT"]
HTX_SYMBOLS = ["btcusdt", "ethusdt", "solusdt"]
MBP = "market.ethusdt.mbp.150"
OKX_DEAD_S, HTX_DEAD_S = 75, 10


def saying(run, *books):
    """All streams of `books` speak where they are subscribed, and no others."""

    def speak(slot):
        on_feed = not run.open[slot].endswith("/ws")
        kinds = (Kind.DEPTH,) if on_feed else (Kind.TICKER, Kind.TRADE)
        if isinstance(run, OkxDriver):
            kinds = (Kind.DEPTH, Kind.TICKER, Kind.TRADE)
        return [pack(kind, Flag.APPLIED, book) for kind in kinds for book in books]

    return speak


@pytest.fixture
def okx_run():
    run = OkxDriver(okx.SPOT, OKX_SYMBOLS)
    run.speaks = saying(run, 0, 1, 2)
    run.start().run(5)
    run.forget()
    return run


@pytest.fixture
def htx_run():
    run = HtxDriver(htx.SPOT, HTX_SYMBOLS)
    run.speaks = saying(run, 0, 1, 2)
    run.start().run(5)
    run.forget()
    return run


def test_what_each_venue_promises():
    promised = {name: entry.spec.session.streams[0].dead_ns for name, entry in MARKETS.items()}
    assert promised == {
        "binance.spot": 0,
        "binance.usdm": 0,
        "okx.spot": OKX_DEAD_S * SECOND,
        "okx.swap": OKX_DEAD_S * SECOND,
        "htx.spot": HTX_DEAD_S * SECOND,
        "htx.swap": 0,
    }


def test_a_silent_book_of_okx_goes_down_alone_and_comes_back(okx_run):
    run = okx_run
    run.speaks = saying(run, 0, 2)
    run.run(OKX_DEAD_S - 1)
    assert run.of(MarkDown) == run.requests("unsubscribe") == []
    run.run(2)
    assert run.of(MarkDown) == [MarkDown("no data on books:ETH-USDT for 75 s", ("ETH-USDT",))]
    assert run.requests("unsubscribe") == run.requests("subscribe") == [["books:ETH-USDT"]]
    assert [alarm.stream for alarm in run.of(NoData)] == ["books:ETH-USDT"]
    assert run.snapshots == 4  # the new subscription brought a whole book
    run.speaks = saying(run, 0, 1, 2)
    run.forget()
    run.run(300)
    assert run.of(MarkDown) == run.requests("unsubscribe") == run.of(Close) == []
    assert run.counters.books_silent == 1


def test_a_silent_book_of_htx_goes_down_alone_is_subscribed_anew_and_asked_for(htx_run):
    run = htx_run
    run.speaks = saying(run, 0, 2)
    run.run(HTX_DEAD_S + 1)
    assert run.of(MarkDown) == [MarkDown(f"no data on {MBP} for 10 s", ("ethusdt",))]
    assert run.requests("unsub") == run.requests("sub") == [MBP]
    assert run.requests("req") == []
    assert [alarm.stream for alarm in run.of(NoData)] == [MBP]
    run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, 1))
    assert run.requests("req") == [MBP]
    run.speaks = saying(run, 0, 1, 2)
    run.forget()
    run.run(60)
    assert run.of(MarkDown) == run.requests("unsub") == run.of(Close) == []


def test_a_stream_that_stays_dead_is_asked_for_ever_more_rarely(htx_run):
    run = htx_run
    run.speaks = saying(run, 0, 2)
    run.run(3_600)
    times = [at for at, each in run.log if isinstance(each, SendText) and '"unsub"' in each.text]
    pauses = [round((later - earlier) / SECOND) for earlier, later in itertools.pairwise(times)]
    assert pauses[:4] == [20, 40, 80, 160]
    assert set(pauses[4:]) == {160}
    assert len(run.of(MarkDown)) == 1
    assert [alarm.stream for alarm in run.of(NoData)].count(MBP) == 1
    assert run.of(Close) == []


def test_whole_books_alone_are_down_again_after_the_same_silence(okx_run):
    """Every subscription brings a whole book and nothing behind it: it is not shown for longer than that."""
    run = okx_run
    run.speaks = saying(run, 0, 2)
    run.run(3_600)
    downs = run.times_of(MarkDown)
    asked = [at for at, each in run.log if isinstance(each, SendText) and '"unsubscribe"' in each.text]
    assert [down - at for down, at in zip(downs[1:], asked, strict=True)] == [75 * SECOND] * len(asked)
    assert 5 <= len(asked) <= 8
    assert len(run.of(SendText)) - run.texts().count("ping") <= 16
    assert run.of(Close) == []


def test_what_was_refused_or_waits_is_not_silent():
    run = OkxDriver(okx.SPOT, OKX_SYMBOLS)
    run.gone = {"books:ETH-USDT"}
    run.speaks = saying(run, 0, 2)
    run.start().run(400)
    assert run.of(MarkDown) == run.requests("unsubscribe") == []


def test_a_subscription_that_never_brings_its_book_is_begun_anew():
    run = OkxDriver(okx.SPOT, OKX_SYMBOLS)
    run.mute = {"books:ETH-USDT"}
    run.speaks = saying(run, 0, 2)
    run.start().run(OKX_DEAD_S - 1)
    assert run.requests("unsubscribe") == []
    run.mute = set()
    run.run(3)
    assert run.requests("unsubscribe") == [["books:ETH-USDT"]]
    assert run.snapshots == 3


def test_silent_books_are_resubscribed_within_the_limits_of_the_venue():
    symbols = [f"a{index}usdt" for index in range(30)]
    run = HtxDriver(htx.SPOT, symbols)
    run.speaks = saying(run, *range(30))
    run.start().run(5)
    run.forget()
    run.speaks = saying(run, 0)
    run.run(HTX_DEAD_S + 8)
    assert len(run.of(MarkDown)) == 29
    assert sorted(run.requests("unsub")) == sorted(run.requests("sub"))
    assert len(run.requests("sub")) == 29
    times = [at for at, each in run.log if isinstance(each, SendText) and "pong" not in each.text]
    for index, at_ns in enumerate(times):
        assert len([other for other in times[index:] if other - at_ns < SECOND]) <= 20


def test_while_a_replacement_delivers_the_book_is_well(okx_run):
    run = okx_run
    run.speaks = lambda slot: saying(run, 0, 2)(slot) if slot == 1 else saying(run, 1)(slot)
    run.mute = {f"books:{symbol}" for symbol in OKX_SYMBOLS}
    run.control(1, '{"event":"notice","code":"64008","msg":"...","connId":"a4d3ae55"}')
    run.run(OKX_DEAD_S + 20)
    assert sorted(run.open) == [1, 2]
    assert run.of(MarkDown) == []


# A connection whose deltas have died


def test_answers_to_requests_do_not_keep_a_connection_of_htx(htx_run):
    """Whole books come when they are asked for; the stream itself is dead."""
    run = htx_run
    run.speaks = lambda slot: ()
    for _ in range(24):
        run.run(1)
        for book in range(3):
            run.answer(1, pack(Kind.SNAPSHOT, Flag.DUPLICATE, book))
    assert run.of(Close) == []
    run.run(8)
    assert "no book data, though pings are answered" in {close.reason for close in run.of(Close)}


def test_whole_books_do_not_keep_a_connection_of_okx(okx_run):
    run = okx_run
    run.speaks = lambda slot: ()
    for _ in range(OKX_DEAD_S + 2):
        run.run(1)
        for book in range(3):
            run.answer(max(run.open, default=0), pack(Kind.SNAPSHOT, Flag.DUPLICATE, book))
    assert {close.reason for close in run.of(Close)} == {"no book data, though pings are answered"}


def test_a_venue_that_promises_nothing_is_left_in_peace():
    session = replace(
        htx.SPOT.session, streams=tuple(replace(each, dead_ns=0) for each in htx.SPOT.session.streams)
    )
    run = HtxDriver(replace(htx.SPOT, session=session), HTX_SYMBOLS)
    run.speaks = saying(run, 0, 2)
    run.start().run(300)
    assert run.of(MarkDown) == run.requests("unsub") == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from("sebkdnqr"), max_size=20))
def test_after_any_history_every_stream_is_subscribed_once_and_nothing_is_silent(seed, history):
    """s: a book falls silent, e: the venue ends it, b: both, k: refused, d: dropped, n: notice, q: all is
    quiet, r: as it should be."""
    run = OkxDriver(okx.SPOT, OKX_SYMBOLS, seed=seed)
    names = [f"{channel}:{symbol}" for channel in ("books", "bbo-tbt", "trades") for symbol in OKX_SYMBOLS]
    argument = {"channel": "books", "instId": "ETH-USDT"}
    over = msgspec.json.encode({"event": "unsubscribe", "arg": argument, "connId": "a4"})
    run.speaks = saying(run, 0, 1, 2)
    run.start().run(3)
    for letter in history:
        slot = min(run.open, default=0)
        if letter in "eb" and "books:ETH-USDT" in run.subscribed.get(slot, ()):
            run.subscribed[slot].remove("books:ETH-USDT")
            run.control(slot, over)
        match letter:
            case "s" | "b":
                run.speaks = saying(run, 0, 2)
            case "k":
                run.gone = {"books:ETH-USDT"}
            case "q":
                run.speaks = lambda slot: ()
            case "r":
                run.gone, run.speaks = set(), saying(run, 0, 1, 2)
            case "d" if slot:
                run.drop(slot)
            case "n" if slot:
                run.control(slot, '{"event":"notice","code":"64008","msg":"...","connId":"a4d3ae55"}')
        run.run(20)
    run.gone, run.speaks = set(), saying(run, 0, 1, 2)
    run.run(260)
    (slot,) = run.open
    assert sorted(run.subscribed[slot]) == sorted(names)
    run.forget()
    run.run(200)
    assert [text for text in run.texts() if text != "ping"] == run.of(MarkDown) == []
