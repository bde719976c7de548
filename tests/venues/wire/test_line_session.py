"""A private line in virtual time: logging in, staying alive, replacement without a break, gaps, halts."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.line_driver import BALANCE, EPOCH_NS, SPEC, TICK_NS, Line, Words, fault
from trimaran.domain.reports import BalanceReport
from trimaran.venues.wire.asks import TokenAction
from trimaran.venues.wire.fault import FaultKind
from trimaran.venues.wire.line_port import (
    AskForTime,
    Gap,
    LineConfig,
    LineDown,
    LineHalted,
    LineSwitched,
    LineUp,
    RepliesLost,
    TimeKnown,
    TokenFailed,
)
from trimaran.venues.wire.line_session import connects_of
from trimaran.venues.wire.lines import (
    LineEnded,
    LinePing,
    LinePong,
    LineReply,
    LineShutdown,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    Stale,
    SubscriptionRefused,
    SubscriptionTaken,
)
from trimaran.venues.wire.market_spec import HOUR, MINUTE, MS, SECOND, Heartbeat
from trimaran.venues.wire.message import HttpReply
from trimaran.venues.wire.session_port import Closed, Open, Opened, SendText, Slot


def test_up_only_when_all_is_acknowledged():
    line = Line()
    line.good = False
    line.start()
    assert line.log == [Open(Slot(1), "wss://venue.test/ws")]
    line.event(Opened(Slot(1)))
    assert line.log[1:] == [SendText(Slot(1), "login")]
    assert line.words.stamps[0].venue_ns // MS == (EPOCH_NS + SECOND) // MS
    line.say(Slot(1), LoggedIn())
    assert line.log[2:] == [SendText(Slot(1), "subscribe orders"), SendText(Slot(1), "subscribe balances")]
    line.say(Slot(1), SubscriptionTaken("balances"), BALANCE)
    assert line.log[4:] == [BALANCE]
    assert not line.session.is_up
    line.say(Slot(1), SubscriptionTaken(""))
    assert line.session.is_up
    assert [type(action) for action in line.log[5:]] == [LineUp]


def test_a_line_that_needs_nothing_is_up_when_it_is_open():
    line = Line(words=Words(login=False, names=())).start()
    assert line.session.is_up
    assert line.of(SendText) == []


@pytest.mark.parametrize("step", ["login", "subscription"])
def test_an_answer_that_does_not_come(step):
    line = Line()
    line.good = False
    line.start()
    line.event(Opened(Slot(1)))
    if step == "subscription":
        line.say(Slot(1), LoggedIn(), SubscriptionTaken("orders"))
    line.good = True
    waited_ns = line.wait(MINUTE, lambda: line.session.is_up)
    assert 10 * SECOND <= waited_ns <= 12 * SECOND
    assert line.session.counters.unanswered == 1


def test_half_open_is_found_below_ten_seconds_and_leaves_a_gap():
    line = Line().start()
    line.wait(30 * SECOND)
    assert line.session.counters.half_open == 0
    heard_ns = line.now_ns
    line.say(line.slot, BALANCE)
    line.deaf.add(line.slot)
    waited_ns = line.wait(MINUTE, lambda: line.of(LineDown))
    assert waited_ns < 10 * SECOND
    line.wait(MINUTE, lambda: line.session.is_up)
    (gap,) = line.of(Gap)
    assert gap.since_ns <= EPOCH_NS + heard_ns
    assert gap.until_ns >= EPOCH_NS + line.now_ns
    assert line.session.counters.gaps == 1


@pytest.mark.parametrize(
    ("server_ping_s", "answers", "longest_s"), [(5, False, 10), (20, True, 10), (20, False, 41)]
)
def test_half_open_where_the_server_asks(server_ping_s, answers, longest_s):
    spec = msgspec.structs.replace(
        SPEC, heartbeat=Heartbeat.SERVER_PING, server_ping_ns=server_ping_s * SECOND
    )
    line = Line(spec)
    line.deaf = set() if answers else set(map(Slot, range(100)))
    line.start()
    for n in range(60):
        line.wait(SECOND)
        if n % server_ping_s == 0:
            line.say(line.slot, LinePing("pong"))
            assert line.log[-1] == SendText(line.slot, "pong")
    assert (line.session.counters.half_open, line.session.counters.opens) == (0, 1)
    line.deaf = set(map(Slot, range(100)))
    assert line.wait(2 * MINUTE, lambda: line.of(LineDown)) <= longest_s * SECOND


def test_text_pings_go_out_also_while_frames_come():
    spec = msgspec.structs.replace(SPEC, heartbeat=Heartbeat.TEXT_PING, heartbeat_text="ping")
    line = Line(spec).start()
    for _ in range(60):
        line.wait(SECOND)
        line.say(line.slot, BALANCE)
    assert 2 <= line.of(SendText).count(SendText(Slot(1), "ping")) <= 4
    line.wait(5 * SECOND, lambda: line.log[-1] == SendText(Slot(1), "ping"))
    line.say(Slot(1), LinePong())
    line.wait(5 * SECOND)
    assert line.session.is_up


def test_make_before_break_at_the_age_limit():
    line = Line().start()
    age_ns = line.wait(25 * HOUR, lambda: len(line.open) == 2)
    assert 23 * HOUR + 40 * MINUTE < age_ns < 24 * HOUR
    old, new = line.open
    assert line.of(LineSwitched) == [LineSwitched(old, new, "age")]
    for slot in (old, new):  # both are listened to
        line.say(slot, BALANCE)
    assert line.of(BalanceReport) == [BALANCE, BALANCE]
    line.wait(10 * SECOND)
    assert list(line.open) == [new]
    assert line.of(LineDown, Gap) == []
    assert len(line.of(LineUp)) == 1


def test_the_old_link_stays_until_the_new_one_is_up_and_its_orders_are_answered():
    line = Line().start()
    line.run([line.session.send_order("buy", 7, line.now_ns)])
    line.good = False
    line.say(Slot(1), LineShutdown())
    line.say(Slot(1), LineShutdown())
    assert list(line.open) == [Slot(1), Slot(2)]
    line.event(Opened(Slot(2)))
    line.wait(5 * SECOND)
    assert line.session.is_up
    line.say(Slot(2), LoggedIn())
    line.say(Slot(2), SubscriptionTaken("orders"), SubscriptionTaken("balances"))
    line.wait(5 * SECOND)
    assert Slot(1) in line.open
    assert line.session.send_order("buy", 8, line.now_ns) == SendText(Slot(2), "buy")
    line.say(Slot(1), LineReply(7, HttpReply(200, b"{}")))
    line.wait(SECOND)
    assert list(line.open) == [Slot(2)]
    assert line.of(LineReply) == [LineReply(7, HttpReply(200, b"{}"))]
    assert line.of(LineDown, Gap, RepliesLost) == []


def test_a_replacement_that_fails_is_tried_again_and_the_old_link_goes_on():
    line = Line().start()
    line.good = False
    line.say(Slot(1), LineShutdown())
    for n in range(2, 5):
        line.event(Closed(Slot(n), "refused"))
        line.open.pop(Slot(n))
        line.wait(40 * SECOND, lambda: len(line.open) == 2)
    line.good = True
    line.event(Opened(next(slot for slot in line.open if slot != Slot(1))))
    assert line.session.counters.switches == 1
    assert line.session.counters.switches_failed == 3
    assert line.of(LineDown, Gap) == []


def test_when_the_old_link_dies_before_the_new_one_is_up_there_is_a_gap():
    line = Line().start()
    line.good = False
    line.say(Slot(1), LineShutdown())
    line.event(Closed(Slot(1), "gone"))
    assert line.of(LineDown) == [LineDown("gone")]
    line.good = True
    line.event(Opened(Slot(2)))
    assert [type(action) for action in line.log[-2:]] == [LineUp, Gap]
    assert len(line.of(Open)) == 2


def test_a_replacement_may_overtake_a_link_that_is_not_up():
    line = Line()
    line.good = False
    line.start()
    line.event(Opened(Slot(1)))
    line.say(Slot(1), LineShutdown())
    line.good = True
    line.event(Opened(Slot(2)))
    assert line.session.is_up
    assert list(line.open) == [Slot(2)]
    assert len(line.of(LineUp)) == 1
    assert line.of(LineSwitched) == []


def test_replies_that_will_not_come_are_told():
    line = Line().start()
    for number in (3, 4, 5):
        assert line.session.send_order("x", number, line.now_ns) is not None
    line.say(Slot(1), LineReply(4, HttpReply(200, b"")))
    line.event(Closed(Slot(1), "reset"))
    assert line.of(RepliesLost) == [RepliesLost((3, 5), "reset")]
    assert line.session.send_order("x", 6, line.now_ns) is None


def test_messages_per_second_are_kept_and_pongs_are_not_held():
    spec = msgspec.structs.replace(SPEC, messages_per_s_max=5, heartbeat=Heartbeat.SERVER_PING)
    line = Line(spec, Words(names=[f"n{n}" for n in range(10)]))
    sent_ns: list[int] = []
    line.start()
    while not line.session.is_up:
        before = len(line.of(SendText))
        line.wait(TICK_NS)
        sent_ns += [line.now_ns] * (len(line.of(SendText)) - before)
    for at_ns in sent_ns:
        assert sum(1 for other in sent_ns if at_ns <= other < at_ns + SECOND) <= 3
    assert line.session.send_order("a", 1, line.now_ns + SECOND) is not None
    assert line.session.send_order("b", 2, line.now_ns + SECOND) is not None
    assert line.session.send_order("c", 3, line.now_ns + SECOND) is not None
    assert line.session.send_order("d", 4, line.now_ns + SECOND) is None
    line.say(line.slot, LinePing("pong"))
    assert line.log[-1] == SendText(line.slot, "pong")


@pytest.mark.parametrize(
    "kind", [FaultKind.KEY, FaultKind.SIGNATURE, FaultKind.PERMISSION, FaultKind.ACCOUNT]
)
@pytest.mark.parametrize("what", ["login", "subscription", "ended", "token"])
def test_a_key_that_is_refused_halts_the_line(kind, what):
    spec = msgspec.structs.replace(SPEC, needs_token=what == "token", token_keep_ns=30 * MINUTE)
    line = Line(spec)
    line.good = False
    line.start()
    refused = fault(kind)
    if what == "token":
        line.event(TokenFailed(TokenAction.START, "refused", refused))
    else:
        line.event(Opened(Slot(1)))
        said = {
            "login": LoginRefused(refused),
            "subscription": SubscriptionRefused("orders", refused),
            "ended": LineEnded("revoked", refused),
        }[what]
        line.say(Slot(1), said)
    assert line.of(LineHalted) == [LineHalted(refused)]
    assert line.session.is_halted
    count = len(line.log)
    line.wait(HOUR)
    assert len(line.log) == count, "no hammering"
    line.good = True
    line.run(line.session.resume(line.now_ns))
    line.wait(SECOND)
    assert line.session.is_up


def test_a_refused_replacement_leaves_the_active_link_alone():
    line = Line().start()
    line.good = False
    line.say(Slot(1), LineShutdown())
    line.event(Opened(Slot(2)))
    line.say(Slot(2), LoginRefused(fault(FaultKind.KEY)))
    line.wait(HOUR)
    assert line.session.is_up
    assert len(line.of(LineHalted)) == 1
    assert list(line.open) == [Slot(1)]
    line.event(Closed(Slot(1), "gone"))
    line.wait(HOUR)
    assert len(line.of(Open)) == 2


def test_a_login_out_of_time_asks_for_the_time_first():
    line = Line()
    line.good = False
    line.start()
    line.event(Opened(Slot(1)))
    line.say(Slot(1), LoginRefused(fault(FaultKind.CLOCK)))
    assert len(line.of(AskForTime)) == 1
    line.wait(2 * SECOND)
    assert len(line.of(Open)) == 1
    line.event(TimeKnown())
    assert len(line.of(Open)) == 2
    line.event(Opened(Slot(2)))
    line.say(Slot(2), LoginRefused(fault(FaultKind.CLOCK)))
    line.good = True
    assert line.wait(MINUTE, lambda: line.session.is_up) <= 6 * SECOND  # the answer never came


def test_an_order_to_wait_is_obeyed():
    line = Line()
    line.good = False
    line.start()
    line.event(Opened(Slot(1)))
    line.say(Slot(1), LoginRefused(fault(FaultKind.RATE_LIMITED, retry_after_ns=MINUTE)))
    line.good = True
    assert line.wait(HOUR, lambda: line.session.is_up) >= MINUTE


def test_refusals_back_off_and_the_venues_limit_on_connections_is_kept():
    spec = msgspec.structs.replace(SPEC, connects_max=10, connects_window_ns=5 * MINUTE)
    line = Line(spec)
    line.good = False
    line.start()
    opened_ns: list[int] = []
    for _ in range(30 * 60 * 5):
        for slot in list(line.open):
            opened_ns.append(line.now_ns)
            line.event(Opened(slot))
            line.say(slot, LoginRefused(fault(FaultKind.UNAVAILABLE)))
            assert slot not in line.open
        line.wait(TICK_NS)
    for at_ns in opened_ns:
        assert sum(1 for other in opened_ns if at_ns <= other < at_ns + 5 * MINUTE) <= 8
    assert len(opened_ns) > 20
    assert line.of(LineHalted) == []


def test_a_hole_that_the_venue_tells_of():
    line = Line().start()
    line.wait(20 * SECOND)
    line.say(Slot(1), Stale("too slow"))
    (gap,) = line.of(Gap)
    assert gap.reason == "too slow"
    assert gap.since_ns <= EPOCH_NS + SECOND
    assert gap.until_ns >= EPOCH_NS + line.now_ns


def test_lines_to_one_host_share_its_limit_on_connections():
    spec = msgspec.structs.replace(SPEC, connects_max=3, connects_window_ns=SECOND)
    shared = connects_of(spec, LineConfig())
    first, second = (Line(spec, connects=shared).start() for _ in range(2))
    assert first.session.is_up
    assert not second.session.is_up
    second.wait(2 * SECOND, lambda: second.session.is_up)


def test_a_line_for_orders_alone_has_no_gaps():
    spec = msgspec.structs.replace(SPEC, pushes=False)
    line = Line(spec, Words(names=())).start()
    line.event(Closed(Slot(1), "gone"))
    line.wait(MINUTE, lambda: line.session.is_up)
    assert line.of(Gap) == []
    assert len(line.of(LineUp)) == 2


def test_what_is_not_understood_is_counted():
    line = Line().start()
    line.say(Slot(1), LineUnknown(b"?"))
    line.say(Slot(9), BALANCE)  # a slot that was given up
    assert line.session.counters.unknown == 1
    assert line.of(BalanceReport) == []
    assert line.of(Gap) == []


def test_what_cannot_be_read_at_all_is_a_hole():
    line = Line().start()
    line.say(Slot(1), LineUnknown(b"?", unreadable=True))
    assert line.session.counters.unknown == 1
    assert len(line.of(Gap)) == 1
