"""When a connection is asked whether it lives, and when it is half open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.venues.wire.heartbeat import HALF_OPEN_NS_MAX, TICK_NS_MAX, Pulse, PulseTimes
from trimaran.venues.wire.market_spec import MS, SECOND, Heartbeat
from trimaran.venues.wire.session_port import SendPing, SendText, Slot

SLOT = Slot(1)


def lived(pulse: Pulse, silent_from_ns: int, answers: bool, end_ns: int) -> int:
    """When the connection was found to be half open; 0 when it never was. Frames come each second before."""
    now_ns = SECOND
    pulse.heard_ns = now_ns
    while now_ns < end_ns:
        now_ns += TICK_NS_MAX
        if now_ns < silent_from_ns and now_ns % SECOND < TICK_NS_MAX:
            pulse.heard_ns = now_ns
        if pulse.half_open(now_ns):
            return now_ns
        if isinstance(pulse.due(SLOT, now_ns, now_ns), SendPing) and answers:
            pulse.alive(now_ns)
    return 0


@given(
    st.sampled_from([Heartbeat.WEBSOCKET_PING, Heartbeat.SERVER_PING]),
    st.integers(2 * SECOND, 60 * SECOND),
    st.integers(1 * SECOND, 5 * SECOND),
)
def test_silence_is_found_below_ten_seconds(kind, silent_from_ns, quiet_ns):
    pulse = Pulse(kind, "", PulseTimes(quiet_ns, 9 * SECOND - quiet_ns), 5 * SECOND)
    found_ns = lived(pulse, silent_from_ns, False, silent_from_ns + 60 * SECOND)
    assert 0 < found_ns - silent_from_ns <= HALF_OPEN_NS_MAX


@pytest.mark.parametrize("kind", [Heartbeat.WEBSOCKET_PING, Heartbeat.SERVER_PING])
def test_who_answers_pings_lives(kind):
    assert lived(Pulse(kind, "", PulseTimes(), 20 * SECOND), 0, True, 600 * SECOND) == 0


def test_a_server_that_asks_seldom_and_answers_no_ping_is_given_time():
    found_ns = lived(
        Pulse(Heartbeat.SERVER_PING, "", PulseTimes(), 20 * SECOND), 30 * SECOND, False, 200 * SECOND
    )
    assert 68 * SECOND <= found_ns <= 71 * SECOND


def test_a_text_is_sent_when_nothing_else_was_for_a_while():
    pulse = Pulse(Heartbeat.TEXT_PING, "ping", PulseTimes())
    pulse.heard_ns = 100 * SECOND
    assert pulse.due(SLOT, 90 * SECOND, 101 * SECOND) is None
    assert pulse.due(SLOT, 81 * SECOND, 101 * SECOND) == SendText(SLOT, "ping")
    assert pulse.half_open(200 * SECOND) == "", "that one was no question"


@pytest.mark.parametrize("times", [(8 * SECOND, 4 * SECOND), (6 * SECOND, 3_600 * MS)])
def test_times_that_would_find_it_too_late_are_refused(times):
    with pytest.raises(AssertionError):
        PulseTimes(*times)
