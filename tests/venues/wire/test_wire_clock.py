"""Wall time that never steps back, whatever happens to the machine's clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.venues.wire.clock import AHEAD_NS_MAX, SystemClock

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


class Machine:
    """A machine whose clocks are moved by hand."""

    def __init__(self):
        self.wall_ns = 1_700_000_000 * SECOND
        self.monotonic_ns = 5 * SECOND
        self.clock = SystemClock(lambda: self.wall_ns, lambda: self.monotonic_ns)

    def passes(self, ns):
        self.wall_ns += ns
        self.monotonic_ns += ns


@pytest.fixture
def machine():
    return Machine()


def test_time_passes_as_on_the_machine(machine):
    assert (machine.clock.wall_ns(), machine.clock.monotonic_ns()) == (machine.wall_ns, machine.monotonic_ns)
    machine.passes(7)
    assert (machine.clock.wall_ns(), machine.clock.monotonic_ns()) == (machine.wall_ns, machine.monotonic_ns)


def test_a_step_back_is_not_followed(machine):
    before_ns = machine.clock.wall_ns()
    machine.wall_ns -= HOUR
    assert machine.clock.wall_ns() == before_ns
    machine.passes(SECOND)
    assert machine.clock.wall_ns() == before_ns + SECOND  # time goes on, nothing waits for the old time
    machine.wall_ns += HOUR
    assert machine.clock.wall_ns() == before_ns + SECOND == machine.wall_ns


def test_a_step_forwards_is_followed_beyond_a_millisecond(machine):
    before_ns = machine.clock.wall_ns()
    machine.wall_ns += AHEAD_NS_MAX
    assert machine.clock.wall_ns() == before_ns
    machine.wall_ns += 1
    assert machine.clock.wall_ns() == machine.wall_ns
    machine.passes(SECOND)
    assert machine.clock.wall_ns() == machine.wall_ns


def test_a_pause_between_the_first_two_readings_is_made_good(machine):
    def slow_monotonic_ns():
        machine.passes(50_000_000)
        return machine.monotonic_ns

    clock = SystemClock(lambda: machine.wall_ns, slow_monotonic_ns)
    clock._read_monotonic_ns = lambda: machine.monotonic_ns
    assert clock.wall_ns() == machine.wall_ns


@given(
    st.lists(st.tuples(st.sampled_from(["passes", "jumps"]), st.integers(-HOUR, HOUR)), max_size=30),
)
def test_never_back_and_never_far_behind(moves):
    machine = Machine()
    last_ns = machine.clock.wall_ns()
    for kind, ns in moves:
        if kind == "passes":
            machine.passes(abs(ns))
        else:
            machine.wall_ns += ns
        now_ns = machine.clock.wall_ns()
        assert now_ns >= last_ns
        assert now_ns >= machine.wall_ns - AHEAD_NS_MAX
        last_ns = now_ns


def test_the_real_clocks():
    clock = SystemClock()
    first_ns, second_ns = clock.wall_ns(), clock.wall_ns()
    assert 1_600_000_000 * SECOND < first_ns <= second_ns
    assert clock.monotonic_ns() <= clock.monotonic_ns()
