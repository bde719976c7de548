"""Lines that a token opens, in virtual time, and any line under any trouble."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.line_driver import BALANCE, SPEC, TICK_NS, Line, Words, fault
from trimaran.venues.wire.asks import TokenAction
from trimaran.venues.wire.fault import FaultKind
from trimaran.venues.wire.line_port import (
    AskForToken,
    Gap,
    LineDown,
    LineSwitched,
    LineTrouble,
    LineUp,
    TokenFailed,
    TokenGot,
)
from trimaran.venues.wire.lines import (
    LineEnded,
    LineShutdown,
    LineUnknown,
    LoginRefused,
    Stale,
)
from trimaran.venues.wire.market_spec import MINUTE, SECOND
from trimaran.venues.wire.session_port import Closed, Open, Slot

TOKEN_SPEC = msgspec.structs.replace(SPEC, needs_token=True, token_keep_ns=30 * MINUTE, path="/ws/{token}")


def test_a_token_is_asked_for_first_and_kept():
    line = Line(TOKEN_SPEC, Words(login=False, names=())).start()
    assert line.log[:2] == [AskForToken(TokenAction.START), Open(Slot(1), "wss://venue.test/ws/token%2F1")]
    line.wait(31 * MINUTE)
    assert line.of(AskForToken)[1:] == [AskForToken(TokenAction.KEEP, "token/1")]
    line.event(TokenGot(TokenAction.KEEP, ""))
    line.wait(30 * MINUTE + SECOND)
    assert len(line.of(AskForToken)) == 3
    assert line.session.is_up


def test_a_token_that_cannot_be_had_is_asked_for_again():
    line = Line(TOKEN_SPEC)
    line.good = False
    line.start()
    line.event(TokenFailed(TokenAction.START, "timeout"))
    line.wait(2 * SECOND)
    assert len(line.of(AskForToken)) == 2
    assert line.of(LineTrouble) == [LineTrouble("timeout")]
    assert line.of(Open) == []


def test_keeping_fails_for_a_moment():
    line = Line(TOKEN_SPEC).start()
    line.wait(31 * MINUTE, lambda: len(line.of(AskForToken)) == 2)
    line.event(TokenFailed(TokenAction.KEEP, "busy", fault(FaultKind.OVERLOADED)))
    line.wait(MINUTE + SECOND)
    assert line.of(AskForToken)[-1] == AskForToken(TokenAction.KEEP, "token/1")
    assert len(line.of(AskForToken)) == 3


def test_a_token_that_the_venue_forgot_is_replaced_without_a_break():
    line = Line(TOKEN_SPEC).start()
    line.wait(31 * MINUTE, lambda: len(line.of(AskForToken)) == 2)
    line.event(TokenFailed(TokenAction.KEEP, "unknown", fault(FaultKind.LOGIN)))
    line.wait(5 * SECOND)
    assert line.of(LineSwitched) == [LineSwitched(Slot(1), Slot(2), "another token")]
    assert line.open == {Slot(2): "wss://venue.test/ws/token%2F2"}
    assert line.of(LineDown, Gap) == []


def test_a_token_that_expired_under_the_stream():
    line = Line(TOKEN_SPEC).start()
    line.say(Slot(1), LineEnded("listenKeyExpired"))
    line.wait(5 * SECOND)
    assert line.session.is_up
    assert line.open == {Slot(2): "wss://venue.test/ws/token%2F2"}
    assert len(line.of(Gap)) == 1


def test_a_keep_that_is_answered_after_the_token_was_dropped():
    line = Line(TOKEN_SPEC).start()
    line.wait(31 * MINUTE, lambda: len(line.of(AskForToken)) == 2)
    line.say(Slot(1), LineEnded("listenKeyExpired"))
    line.event(TokenGot(TokenAction.KEEP, ""))
    line.wait(5 * SECOND)
    assert line.session.is_up


events = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(
            ["close", "deaf", "shutdown", "ended", "refuse", "stale", "report", "unknown", "good", "bad"]
        ),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(events, st.booleans())
def test_whatever_happens_it_heals_and_every_break_has_its_gap(script, token):
    line = Line(TOKEN_SPEC if token else SPEC).start()
    for ticks, what in script:
        line.wait(ticks * TICK_NS)
        for slot in list(line.open)[:1]:
            match what:
                case "close":
                    line.open.pop(slot)
                    line.event(Closed(slot, "gone"))
                case "deaf":
                    line.deaf.add(slot)
                case "shutdown":
                    line.say(slot, LineShutdown())
                case "ended":
                    line.say(slot, LineEnded("over"))
                case "refuse":
                    line.say(slot, LoginRefused(fault(FaultKind.INTERNAL)))
                case "stale":
                    line.say(slot, Stale("?"))
                case "report":
                    line.say(slot, BALANCE)
                case "unknown":
                    line.say(slot, LineUnknown())
        if what in ("good", "bad"):
            line.good = what == "good"
    line.good = True
    for slot in list(line.open):  # what was never answered runs into its deadline, or is refused
        if line.session._links[slot].state.value == "opening":
            line.open.pop(slot)
            line.event(Closed(slot, "refused"))
    for _ in range(3):
        if token and not line.session.is_up and not line.session._token.token:
            line.event(TokenFailed(TokenAction.START, "lost"))
        line.wait(2 * MINUTE)
    assert line.session.is_up
    assert len(line.open) == 1
    kinds = [
        type(action) for action in line.of(LineUp, LineDown, Gap) if getattr(action, "reason", "") != "?"
    ]
    while kinds:
        assert kinds.pop(0) is LineUp
        if kinds:
            assert kinds.pop(0) is LineDown
            assert kinds[:2] == [LineUp, Gap]
            del kinds[1]
