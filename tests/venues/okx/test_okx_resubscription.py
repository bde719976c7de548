"""Books of OKX come with a subscription: resubscribing, refusals, rates and budgets, in virtual time."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from tests.support.okx_driver import ALL, GAP, NEEDED, SECOND, SYMBOLS, refusal
from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.okx.spec import SPOT
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.link import LinkConfig
from trimaran.venues.wire.session import SessionConfig
from trimaran.venues.wire.session_port import (
    Close,
    ConnectionLost,
    FetchSnapshot,
    MarkDown,
    SendText,
    SnapshotTrouble,
    SubscriptionRefused,
    Switched,
)

# Snapshots by a new subscription


def test_the_first_subscription_brings_the_snapshot_and_nobody_asks(driver, chat):
    run = driver(SPOT, SYMBOLS)
    run.speaks = chat(*ALL, books=3)
    run.start().run(30)
    assert run.snapshots == 3
    assert run.requests("unsubscribe") == []
    assert (run.counters.resyncs, run.counters.snapshot_fetches) == (0, 0)


def test_a_gap_resubscribes_that_stream_alone(driver, chat):
    run = driver(SPOT, SYMBOLS)
    run.speaks = chat(*ALL, books=3)
    run.start().run(5)
    run.forget()
    run.answer(1, GAP)
    assert run.requests("unsubscribe") == [["books:BTC-USDT"]]
    assert run.requests("subscribe") == [["books:BTC-USDT"]]
    assert run.snapshots == 4
    assert run.of(FetchSnapshot) == run.of(MarkDown) == run.of(Close) == []
    assert (run.counters.resyncs, run.counters.snapshot_fetches) == (1, 1)
    run.run(30)
    assert len(run.of(SendText)) - run.texts().count("ping") == 2


def test_nothing_is_said_while_a_resubscription_is_under_way(driver):
    run = driver().start()
    run.replies = False
    for _ in range(50):
        run.answer(1, NEEDED)
        run.run(0.2)
    assert run.requests("unsubscribe") == [["books:BTC-USDT"]]


def test_a_snapshot_that_does_not_come_is_asked_for_again_with_growing_backoff(driver):
    waits = []
    for seed in range(25):
        config = SessionConfig(snapshot_retry=Backoff(base_ns=SECOND, cap_ns=8 * SECOND))
        run = driver(config=config, seed=seed)
        run.speaks = lambda slot: [NEEDED]
        run.start()
        run.mute = {"books:BTC-USDT"}
        run.answer(1, GAP)
        run.run(60)
        times = [at for at, each in run.log if isinstance(each, SendText) and '"unsubscribe"' in each.text]
        waits.append([later - earlier for earlier, later in itertools.pairwise(times)])
        troubles = run.of(SnapshotTrouble)
        assert troubles
        assert troubles[0].reason == "no answer in 3 s"
        run.mute = set()
        run.run(12)
        snapshots = run.snapshots
        run.speaks = lambda slot: [pack(Kind.DEPTH, Flag.APPLIED, 0)]
        run.run(30)
        assert run.snapshots <= snapshots + 1
    for attempt, ceiling_s in enumerate((1, 2, 4, 8, 8)):
        drawn = [each[attempt] for each in waits if len(each) > attempt]
        assert min(drawn) >= 3 * SECOND
        assert max(drawn) <= (3 + ceiling_s + 0.4) * SECOND
        assert max(drawn) > (3 + ceiling_s / 2) * SECOND


def test_a_snapshot_of_no_use_is_asked_for_again(driver):
    run = driver().start()
    run.answer(1, pack(Kind.SNAPSHOT, Flag.NEED_SNAPSHOT, 0))  # it came by itself, and cannot be used
    assert run.requests("unsubscribe") == [["books:BTC-USDT"]]
    run.run(5)
    assert run.counters.snapshots_too_old == 0
    assert len(run.requests("unsubscribe")) == 1


def test_an_instrument_that_disappears_alarms_once_and_leaves_the_others_alone(driver):
    run = driver(SPOT, SYMBOLS)
    run.speaks = lambda slot: [pack(kind, 1, book) for kind in ALL for book in (1, 2)]
    run.start().run(5)
    run.gone = {"books:BTC-USDT"}
    run.answer(1, GAP)
    run.run(400)
    assert [alarm.streams for alarm in run.of(SubscriptionRefused)] == [("books:BTC-USDT",)]
    assert run.of(Close) == run.of(MarkDown) == run.of(Switched) == []
    retries = run.requests("subscribe")[1:]
    assert set(map(tuple, retries)) == {("books:BTC-USDT",)}
    assert 5 < len(retries) < 80
    run.gone = set()
    run.run(61)
    assert "books:BTC-USDT" in run.subscribed[1]
    assert run.snapshots == 4


def test_a_refused_end_of_a_subscription_begins_it_anew(driver):
    run = driver().start()
    run.replies = False
    run.answer(1, GAP)
    run.control(1, refusal("2", "60018", "channel:books,instId:BTC-USDT doesn't exist"))
    assert run.requests("subscribe")[1:] == [["books:BTC-USDT"]]
    assert run.of(SubscriptionRefused) == []


@pytest.mark.parametrize("code", ["60014", "50011"])
def test_a_refusal_for_the_rate_holds_every_request_and_grows(driver, code):
    run = driver(SPOT, SYMBOLS).start()
    run.speaks = lambda slot: [pack(Kind.DEPTH, Flag.APPLIED, 2)]
    run.forget()
    run.obey = lambda slot, text: run.control(
        slot, "pong" if text == "ping" else refusal(msgspec.json.decode(text)["id"], code, "x")
    )
    run.answer(1, GAP)
    run.run(1)
    run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, 1))
    run.run(200)
    times = [at for at, each in run.log if isinstance(each, SendText) and each.text != "ping"]
    assert times[0] < SECOND
    assert all(later - earlier >= SECOND or later == earlier for earlier, later in itertools.pairwise(times))
    assert len(times) < 40
    assert len(run.of(SubscriptionRefused)) == 1
    assert run.of(Close) == []


def test_a_refusal_for_the_rate_without_id_is_of_the_last_request(driver):
    run = driver()
    run.replies = False
    run.start()
    run.control(1, refusal(None, "60014", "Requests too frequent"))
    run.replies = True
    run.run(3)
    assert len(run.subscribed[1]) == 3
    assert len(run.requests("subscribe")) == 2


def test_books_that_break_together_are_resubscribed_together(driver):
    symbols = [f"A{index}-USDT" for index in range(29)]
    run = driver(SPOT, symbols).start()
    run.run(2)
    run.forget()
    for book in range(29):
        run.answer(1, pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, book))
    run.run(3)
    assert run.snapshots == 58
    assert len(run.of(SendText)) < 29


# Budgets


def test_four_hundred_and_eighty_requests_an_hour_and_then_another_connection(driver, chat):
    run = driver()
    run.speaks = chat(*ALL)
    run.start().run(2)
    for _ in range(700):
        run.answer(min(run.open), GAP)
        run.run(0.4)
        run.session._snapshots._attempts.clear()  # a patient market would take days
    by_slot = {}
    for sent in run.of(SendText):
        by_slot[sent.slot] = by_slot.get(sent.slot, 0) + (sent.text != "ping")
    assert max(by_slot.values()) <= 480
    assert max(by_slot.values()) > 400
    assert {notice.reason for notice in run.of(Switched)} == {"its requests are used up"}
    assert run.of(MarkDown) == run.of(ConnectionLost) == []


def test_what_is_always_refused_leaves_half_of_the_budget(driver, chat):
    config = SessionConfig(link=LinkConfig(resubscribe=Backoff(base_ns=SECOND, cap_ns=SECOND)))
    run = driver(SPOT, SYMBOLS, config)
    run.gone = {"trades:SOL-USDT"}
    run.speaks = chat(*ALL, books=3)
    run.start().run(1200)
    sent = [text for text in run.texts() if text != "ping"]
    assert 235 <= len(sent) <= 241
    run.answer(1, GAP)
    assert run.snapshots == 4
    assert list(run.open) == [1]
