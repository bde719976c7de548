"""Planned switches and losses with a replacement under way, book by book, in virtual time."""

from __future__ import annotations

import msgspec
import pytest

from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.okx.spec import SPOT
from trimaran.venues.wire.session_port import Close, MarkDown, SubscriptionEnded, Switched

SECOND = 1_000_000_000
ALL = (Kind.DEPTH, Kind.TICKER, Kind.TRADE)
NOTICE = '{"event":"notice","code":"64008","msg":"...","connId":"a4d3ae55"}'
SYMBOLS = [f"A{index}-USDT" for index in range(29)]
PATIENCE_S = 20  # a third of the minute that a notice gives


def speaking(run, slots, books):
    """On `slots` the streams of `books` speak, and no others."""
    answers = [pack(kind, Flag.APPLIED, book) for kind in ALL for book in books]
    return lambda slot: answers if slot in slots else ()


@pytest.fixture
def switching(driver):
    """29 books on one connection, and a replacement whose snapshots do not come; all speak on the old one."""
    run = driver(SPOT, SYMBOLS)
    run.speaks = speaking(run, (1,), range(29))
    run.start().run(5)
    run.mute = {f"books:{symbol}" for symbol in SYMBOLS}
    run.control(1, NOTICE)
    run.run(1)
    assert sorted(run.open) == [1, 2]
    return run


def test_the_old_connection_waits_for_every_book(switching):
    for kind in ALL:
        switching.answer(2, pack(kind, Flag.APPLIED, 0))
    switching.run(3)
    assert switching.of(Switched) == []
    for book in range(1, 29):
        switching.answer(2, pack(Kind.DEPTH, Flag.APPLIED, book))
        assert switching.of(Switched) == []
    switching.run(0.2)
    assert switching.of(Switched) == [Switched(1, 2, "server shutdown")]
    assert switching.of(MarkDown) == []


def test_a_book_that_speaks_on_the_old_one_alone_is_waited_for_beyond_patience(switching):
    switching.speaks = lambda slot: (
        speaking(switching, (1,), range(29))(slot)
        or [pack(kind, Flag.APPLIED, book) for kind in ALL for book in range(28)]
    )
    switching.run(PATIENCE_S + 5)
    assert switching.of(Switched) == []
    switching.answer(2, pack(Kind.DEPTH, Flag.APPLIED, 28))
    switching.run(0.2)
    assert len(switching.of(Switched)) == 1


def test_a_book_that_is_silent_on_both_is_waited_for_with_patience_only(driver):
    run = driver(SPOT, SYMBOLS)
    run.mute = {f"books:{symbol}" for symbol in SYMBOLS}
    run.speaks = speaking(run, (1, 2), range(28))
    run.start().run(5)
    run.answer(1, pack(Kind.DEPTH, Flag.APPLIED, 28))  # before the new one could hear it
    run.run(0.2)
    run.control(1, NOTICE)
    run.run(PATIENCE_S - 2)
    assert run.of(Switched) == []
    run.run(3)
    assert run.of(Switched) == [Switched(1, 2, "server shutdown")]


def test_a_loss_marks_only_those_books_down_that_the_replacement_has_not_delivered(switching):
    for book in range(26):
        switching.answer(2, pack(Kind.DEPTH, Flag.APPLIED, book))
    switching.drop(1)
    assert switching.of(MarkDown) == [MarkDown("dropped", tuple(SYMBOLS[26:]))]
    assert list(switching.open) == [2]
    switching.run(1)
    assert list(switching.open) == [2]


def test_a_loss_before_the_replacement_delivers_anything_marks_every_book_down(switching):
    switching.drop(1)
    assert switching.of(MarkDown) == [MarkDown("dropped", ())]


def test_a_snapshot_counts_as_delivered(switching):
    switching.answer(2, pack(Kind.SNAPSHOT, Flag.DUPLICATE, 3))
    switching.drop(1)
    assert switching.of(MarkDown) == [MarkDown("dropped", (*SYMBOLS[:3], *SYMBOLS[4:]))]


def test_a_refused_book_is_not_delivered_by_the_replacement(driver):
    run = driver(SPOT, SYMBOLS[:3])
    run.speaks = speaking(run, (1,), range(3))
    run.start().run(5)
    run.gone = {"books:A1-USDT"}
    run.control(1, NOTICE)
    for _ in range(15):
        run.run(2)
        for book in (0, 2):
            for kind in ALL:
                run.answer(2, pack(kind, Flag.APPLIED, book))
    assert run.of(Switched) == []
    run.drop(1)
    assert run.of(MarkDown) == [MarkDown("dropped", ("A1-USDT",))]


def test_a_quiet_book_that_the_replacement_was_refused_is_waited_for_beyond_patience(driver):
    """Silence on both is no proof that it is delivered."""
    run = driver(SPOT, SYMBOLS[:3])
    run.speaks = speaking(run, (1,), range(3))
    run.start().run(5)
    run.gone = {"books:A1-USDT"}
    run.speaks = speaking(run, (1, 2), (0, 2))
    run.control(1, NOTICE)
    run.run(PATIENCE_S + 10)
    assert run.of(Switched) == []
    run.drop(1)
    assert run.of(MarkDown) == [MarkDown("dropped", ("A1-USDT",))]


def test_a_book_that_is_refused_on_both_is_not_waited_for(driver):
    """It was subscribed once, and is gone since: the old connection has no more of it than the new one."""
    run = driver(SPOT, SYMBOLS[:3])
    run.speaks = lambda slot: [pack(kind, Flag.APPLIED, book) for kind in ALL for book in (0, 2)]
    run.start().run(5)
    run.gone = {"books:A1-USDT"}
    run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, 1))
    run.run(1)
    run.control(1, NOTICE)
    run.run(3)
    assert run.of(Switched) == [Switched(1, 2, "server shutdown")]
    assert run.of(MarkDown) == []


def test_a_book_that_was_delivered_and_then_refused_is_not_delivered(driver):
    run = driver(SPOT, SYMBOLS[:3])
    run.speaks = lambda slot: ()
    run.start().run(1)
    run.gone = {"trades:A2-USDT"}  # the replacement stays a replacement
    run.control(1, NOTICE)
    run.run(1)
    assert sorted(run.open) == [1, 2]
    run.gone |= {"books:A0-USDT"}
    run.session._links[2][0].requests.resubscribe(run.session._feeding["A0-USDT"].fed["A0-USDT"], run.now_ns)
    run.run(1)
    run.control(2, ended("books", "A1-USDT"))
    assert run.of(MarkDown) == []  # the old one delivers it
    run.drop(1)
    assert run.of(MarkDown) == [MarkDown("dropped", ("A0-USDT", "A1-USDT"))]


# Subscriptions that the venue ends


def ended(channel, symbol):
    frame = {"event": "unsubscribe", "arg": {"channel": channel, "instId": symbol}, "connId": "a4d3ae55"}
    return msgspec.json.encode(frame)


def test_an_ended_subscription_takes_that_book_down_and_is_begun_again(driver):
    run = driver(SPOT, SYMBOLS[:3])
    run.speaks = speaking(run, (1,), range(3))
    run.start().run(5)
    run.forget()
    run.control(1, ended("books", "A1-USDT"))
    assert run.of(MarkDown) == [MarkDown("the venue ended books:A1-USDT", ("A1-USDT",))]
    assert run.of(SubscriptionEnded) == [SubscriptionEnded(1, "books:A1-USDT")]
    run.run(2)
    assert run.requests("subscribe") == [["books:A1-USDT"]]
    assert run.requests("unsubscribe") == run.of(Close) == []
    assert run.snapshots == 4
    assert run.counters.subscriptions_ended == 1


def test_an_ended_ticker_is_begun_again_and_no_book_suffers(driver):
    run = driver(SPOT, SYMBOLS[:2])
    run.speaks = speaking(run, (1,), range(2))
    run.start().run(5)
    run.forget()
    run.control(1, ended("bbo-tbt", "A1-USDT"))
    run.run(2)
    assert run.requests("subscribe") == [["bbo-tbt:A1-USDT"]]
    assert run.of(MarkDown) == []
    assert len(run.of(SubscriptionEnded)) == 1


def test_what_the_venue_ends_again_and_again_is_asked_for_ever_more_rarely(driver):
    run = driver(SPOT, SYMBOLS[:2])
    run.speaks = speaking(run, (1,), [0])
    run.start().run(5)
    run.forget()
    for _ in range(1_800):
        if "books:A1-USDT" in run.subscribed[1]:
            run.subscribed[1].remove("books:A1-USDT")
            run.control(1, ended("books", "A1-USDT"))
        run.run(0.2)
    times = [at for at, text in run.log if "A1-USDT" in getattr(text, "text", "")]
    assert 8 <= len(times) <= 40
    assert len(run.of(SubscriptionEnded)) == 1
    assert run.of(Close) == []


def test_a_request_that_is_answered_by_the_end_of_the_subscription_is_repeated_later(driver):
    run = driver(SPOT, SYMBOLS[:1])
    run.replies = False
    run.start()
    run.control(1, ended("books", "A0-USDT"))
    assert len(run.requests("subscribe")) == 1
    run.replies = True
    run.run(2)
    assert run.requests("subscribe")[1:] == [["books:A0-USDT"]]


def test_the_end_of_what_is_not_subscribed_is_nothing(driver):
    run = driver(SPOT, SYMBOLS[:1])
    run.speaks = speaking(run, (1,), [0])
    run.start().run(1)
    run.forget()
    run.control(1, ended("books", "NOPE-USDT"))
    run.run(5)
    assert run.log == []
