"""Heartbeat, silence and planned replacement of connections, in virtual time."""

from __future__ import annotations

import pytest

from trimaran.domain.answer import Kind, pack
from trimaran.venues.binance.spec import SPOT, USDM
from trimaran.venues.wire.session import SessionConfig
from trimaran.venues.wire.session_port import Close, MarkDown, NoData, Open, SendPing, SendText, Switched

SECOND = 1_000_000_000
HOUR_S = 3600
ALL = (Kind.DEPTH, Kind.TICKER, Kind.TRADE, Kind.AGG_TRADE)
SHUTDOWN_RAW = '{"e":"serverShutdown","E":1770123456789}'
SHUTDOWN_COMBINED = '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'


# Heartbeat and silence


def test_half_open_is_found_within_ten_seconds(driver, chat):
    run = driver()
    run.pongs = False
    run.speaks = chat(*ALL)
    run.start().run(20)
    assert run.of(SendPing) == []
    run.speaks = lambda slot: ()
    run.forget()
    silent_from_ns = run.now_ns - run.begin_ns
    run.run(9.6)
    assert len(run.of(SendPing)) == 1
    (closed_ns,) = run.times_of(Close)
    assert closed_ns - silent_from_ns < 10 * SECOND
    assert run.counters.half_open == 1
    assert len(run.of(MarkDown)) == 1
    assert len(run.of(Open)) == 1


def test_a_quiet_connection_without_books_that_answers_pings_is_kept(driver, chat):
    run = driver(USDM)
    run.speaks = lambda slot: chat(Kind.DEPTH)(slot) if "/public" in run.open[slot] else ()
    run.start().run(120)
    assert run.of(Close) == []
    assert len(run.of(SendPing)) > 20


def test_books_that_stall_behind_answered_pings_are_given_up(driver, chat):
    run = driver()
    run.speaks = chat(*ALL)
    run.start().run(5)
    run.speaks = lambda slot: ()
    run.run(32)
    assert [close.reason for close in run.of(Close)] == ["no book data, though pings are answered"]


def test_books_that_never_come_behind_answered_pings_are_given_up(driver, chat):
    """Subscriptions are acknowledged, pings answered, tickers delivered: everything but deltas."""
    run = driver(USDM)
    run.speaks = lambda slot: chat(Kind.TICKER)(slot) if "/public" in run.open[slot] else ()
    run.start().run(29)
    assert run.of(Close) == []
    run.run(2)
    (close,) = run.of(Close)
    assert close.reason == "no book data, though pings are answered"
    assert len(run.of(MarkDown)) == 1
    assert run.counters.half_open == 1
    run.run(1)
    assert len(run.of(Open)) == 3  # two routes, and another one for the books
    run.speaks = lambda slot: chat(Kind.DEPTH)(slot) if "/public" in run.open[slot] else ()
    run.run(100)
    assert len(run.of(Close)) == 1


def test_a_replacement_without_book_data_is_itself_replaced(driver, chat):
    run = driver()
    run.speaks = lambda slot: chat(*ALL)(slot) if slot != 2 else chat(Kind.TICKER)(slot)
    run.start().run(5)
    run.control(1, SHUTDOWN_RAW)
    run.run(29)
    assert run.of(Switched) == []
    run.run(4)
    assert run.of(Switched) == [Switched(1, 3, "server shutdown")]
    assert run.of(MarkDown) == []


def test_silence_of_a_stream_class_is_an_alarm_once(driver, chat):
    """USD-M trades on the wrong route: acknowledged, then silent."""
    run = driver(USDM, ["BTCUSDT", "ETHUSDT"])
    run.speaks = chat(Kind.DEPTH, Kind.TICKER, books=2)
    run.start().run(70)
    assert [alarm.stream for alarm in run.of(NoData)] == ["*@aggTrade"]
    assert run.of(NoData)[0].silent_ns >= 60 * SECOND
    assert run.counters.no_data_alarms == 1
    run.speaks = chat(*ALL, books=2)
    run.run(5)
    run.speaks = chat(Kind.DEPTH, Kind.TICKER, books=2)
    run.run(70)
    assert len(run.of(NoData)) == 2  # a new silence


def test_one_silent_stream_among_many_is_an_alarm(driver):
    run = driver(SPOT, ["BTCUSDT", "NOSUCHUSDT"])
    run.speaks = lambda slot: [pack(kind, 1, 0) for kind in ALL]
    run.start().run(70)
    assert {alarm.stream for alarm in run.of(NoData)} == {"nosuchusdt@depth@100ms", "nosuchusdt@bookTicker"}


# Planned replacement


def test_a_connection_is_replaced_before_its_age_limit_without_a_break(driver, chat):
    run = driver(config=SessionConfig(age_margin_ns=(24 * HOUR_S - 100) * SECOND))
    run.speaks = chat(*ALL)
    run.start().run(99)
    assert list(run.open) == [1]
    run.forget()
    run.run(3)
    kinds = [type(action) for _, action in run.log]
    assert kinds == [Open, SendText, Close, Switched]
    assert run.of(Switched) == [Switched(1, 2, "age")]
    assert list(run.open) == [2]
    assert run.counters.switches == 1


def test_the_default_age_is_ten_minutes_below_a_day(driver, chat):
    run = driver()
    run.speaks = chat(*ALL)
    run.start().run(5)
    run.now_ns += 23 * HOUR_S * SECOND + 49 * 60 * SECOND
    for slot in run.open:
        run.answer(slot, pack(Kind.DEPTH, 1, 0))
    run.run(30)
    assert len(run.of(Open)) == 1
    run.run(40)
    assert len(run.of(Switched)) == 1
    assert run.of(MarkDown) == []


@pytest.mark.parametrize("notice", [SHUTDOWN_RAW, SHUTDOWN_COMBINED])
def test_a_server_shutdown_replaces_only_that_connection(driver, chat, notice):
    run = driver(USDM)
    run.speaks = chat(*ALL)
    run.start().run(5)
    run.control(1, notice)
    run.control(1, notice)  # repeated
    run.run(3)
    assert run.of(Switched) == [Switched(1, 3, "server shutdown")]
    assert run.of(MarkDown) == []
    assert sorted(run.open) == [2, 3]


def test_the_old_connection_stays_until_every_class_is_delivered(driver, chat):
    run = driver()
    run.speaks = lambda slot: chat(*ALL)(slot) if slot == 1 else chat(Kind.DEPTH, Kind.TICKER)(slot)
    run.start().run(5)
    run.control(1, SHUTDOWN_RAW)
    run.run(120)
    assert run.of(Switched) == []
    assert sorted(run.open) == [1, 2]
    run.run(120)  # the replacement is given up, another one is tried
    assert run.counters.switches_failed == 1
    assert 1 in run.open
    run.speaks = chat(*ALL)
    run.run(2)
    assert len(run.of(Switched)) == 1
    assert run.of(MarkDown) == []


def test_a_class_that_is_silent_on_both_is_not_waited_for_forever(driver, chat):
    run = driver()
    run.speaks = chat(Kind.DEPTH, Kind.TICKER)
    run.start().run(5)
    run.control(1, SHUTDOWN_RAW)
    run.run(50)
    assert run.of(Switched) == []
    run.run(20)
    assert len(run.of(Switched)) == 1


def test_a_replacement_that_cannot_be_opened_leaves_the_old_one_alone(driver, chat):
    run = driver()
    run.speaks = chat(*ALL)
    run.start().run(5)
    run.accepts = False
    run.control(1, SHUTDOWN_RAW)
    run.run(20)
    assert list(run.open) == [1]
    assert run.of(MarkDown) == []
    assert run.counters.switches_failed > 1
    run.accepts = True
    run.run(40)
    assert len(run.of(Switched)) == 1


def test_a_replacement_whose_server_shuts_down_too_is_replaced(driver, chat):
    run = driver()
    run.speaks = lambda slot: chat(*ALL)(slot) if slot != 2 else ()
    run.start().run(5)
    run.control(1, SHUTDOWN_RAW)
    run.run(1)
    run.control(2, SHUTDOWN_RAW)
    run.run(3)
    assert run.of(Switched) == [Switched(1, 3, "server shutdown")]


@pytest.mark.parametrize(("delivers", "downs"), [(True, 0), (False, 1)])
def test_the_old_connection_breaks_during_the_switch(driver, chat, delivers, downs):
    run = driver()
    run.speaks = lambda slot: chat(*ALL)(slot) if slot == 1 else chat(Kind.DEPTH)(slot) if delivers else ()
    run.start().run(5)
    run.control(1, SHUTDOWN_RAW)
    run.run(2)
    run.drop(1)
    assert len(run.of(MarkDown)) == downs
    run.run(2)
    assert list(run.open) == [2]  # promoted; nothing else is opened
