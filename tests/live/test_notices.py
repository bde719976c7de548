"""Notices are all kept and counted, and told no more often than a terminal can bear."""

from __future__ import annotations

import pytest

from trimaran.domain.instrument import Symbol
from trimaran.live.notices import LINES_MAX, RECENT_MAX, TEXT_MAX, WINDOW_NS, Notices, describe, shortened
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.session_port import (
    ConnectionLost,
    NoData,
    Notice,
    Slot,
    SnapshotTrouble,
    SubscriptionEnded,
    SubscriptionRefused,
    Switched,
)


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ns = 1_700_000_000_000_000_000

    def wall_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns


@pytest.mark.parametrize(
    ("notice", "kind", "part"),
    [
        (NoData("btcusdt@depth", 31_000_000_000), "no_data", "btcusdt@depth for 31 s"),
        (SubscriptionRefused(Slot(1), 2, "bad", ("a", "b")), "subscription_refused", "(2): bad a b"),
        (SubscriptionEnded(Slot(1), "books:A-B"), "subscription_ended", "ended books:A-B"),
        (Switched(Slot(1), Slot(2), "age"), "switched", "replaced: age"),
        (ConnectionLost(Slot(1), "silent"), "connection_lost", "lost: silent"),
        (SnapshotTrouble(Symbol("BTCUSDT"), "HTTP 503"), "snapshot_trouble", "BTCUSDT: HTTP 503"),
    ],
)
def test_every_kind_has_words(notice: Notice, kind: str, part: str) -> None:
    found, text = describe(notice)
    assert found == kind
    assert part in text


def test_all_are_counted_and_the_last_are_kept() -> None:
    notices = Notices(HandClock(), lambda line: None)
    for number in range(50):
        notices.take("a.spot", ConnectionLost(Slot(number), f"reason {number}"))
    notices.take("b.spot", NoData("x", 1))
    assert notices.counts_of("a.spot") == {"connection_lost": 50}
    assert notices.counts_of("b.spot") == {"no_data": 1}
    assert notices.counts_of("c.spot") == {}
    assert len(notices.recent) == RECENT_MAX
    last = notices.recent[-1]
    assert (last.number, last.market, last.kind, last.alarm) == (51, "b.spot", "no_data", True)
    assert notices.recent[-2].text == "connection lost: reason 49"
    assert notices.recent[-2].alarm is False


def test_a_flood_is_told_a_few_times_and_then_how_much_was_left_out() -> None:
    told: list[str] = []
    clock = HandClock()
    notices = Notices(clock, told.append)
    for _ in range(LINES_MAX + 30):
        notices.take("a.spot", ConnectionLost(Slot(1), "no"))
    assert len(told) == LINES_MAX
    clock.now_ns += WINDOW_NS
    notices.take("a.spot", ConnectionLost(Slot(1), "no"))
    assert len(told) == LINES_MAX + 1
    assert "30 notices before it were not shown" in told[-1]


def test_text_from_outside_is_one_printable_line() -> None:
    text = shortened("\x1b[2Jgone\r\nnext" + "x" * 10_000)
    assert len(text) == TEXT_MAX
    assert text.isprintable()


def test_a_kill_is_told_whatever_else_was_told() -> None:
    told: list[str] = []
    notices = Notices(SystemClock(), told.append)
    for number in range(100):
        notices.say("okx.spot", "chatter", str(number))
    notices.say("all", "kill", "kill: all is KILLED")
    assert told[-1].endswith("all: kill: all is KILLED")
    assert notices.recent[-1].alarm
