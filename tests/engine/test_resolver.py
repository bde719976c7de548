"""The law of the resolver, number by number, and as a property of any sequence of answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.instruments import SPOT
from tests.support.order_desk import an_order
from trimaran.domain.account import OrderAbsent, OrderLost, ProbeAbsent, ProbeFailed
from trimaran.domain.commands import CancelOrder, ProbeOrder
from trimaran.domain.orders import OrderState
from trimaran.domain.venue_law import SECOND, VenueLaw
from trimaran.engine.orders import OrderEntry
from trimaran.engine.resolver import ANSWER_NS_MAX, STEP_NS_MAX, Resolver

LAW = VenueLaw(SPOT.market, validity_ns=3 * SECOND, visibility_lag_ns=SECOND)
PROVABLE_NS = LAW.provable_ns(0)
TICK_NS = SECOND // 10
ORDER = an_order()
NUMBER = ORDER.client_order_id


class Case:
    """One order and a resolver that has begun."""

    def __init__(self, state: OrderState, law: VenueLaw = LAW, before_start: bool = False) -> None:
        self.entry = OrderEntry(ORDER, state, 0)
        self.working = {NUMBER: self.entry}
        self.resolver = Resolver({law.market: law})
        self.now_ns = 50 * SECOND
        if not before_start:
            self.resolver.tick({}, self.now_ns)

    def tick(self, span_ns: int = TICK_NS) -> list[Any]:
        said: list[Any] = []
        for _ in range(span_ns // TICK_NS):
            self.now_ns += TICK_NS
            for verdict in self.resolver.tick(self.working, self.now_ns):
                said.append(verdict)
                if isinstance(verdict, OrderLost):
                    self.entry.state = OrderState.UNKNOWN
        return said

    def absent(self) -> OrderAbsent | None:
        return self.resolver.answered(ProbeAbsent(NUMBER, self.now_ns, self.now_ns), self.working)

    def failed(self) -> OrderAbsent | None:
        return self.resolver.answered(ProbeFailed(NUMBER, "HTTP 503", self.now_ns), self.working)


def kinds(said: Sequence[Any]) -> list[str]:
    return [type(each).__name__ for each in said]


def test_law_1_an_order_that_is_sending_is_lost_when_no_answer_can_come() -> None:
    case = Case(OrderState.SENDING)
    assert case.tick(PROVABLE_NS - TICK_NS) == []
    assert kinds(case.tick(3 * TICK_NS)) == ["OrderLost", "ProbeOrder"]


def test_law_1_what_was_sending_before_the_start_is_lost_at_once() -> None:
    case = Case(OrderState.SENDING, before_start=True)
    lost, probe = case.tick()
    assert isinstance(lost, OrderLost)
    assert probe == ProbeOrder(NUMBER, SPOT.key, ORDER.created_ns)


def test_law_2_a_not_found_proves_nothing_too_early() -> None:
    case = Case(OrderState.UNKNOWN)
    asked = 0
    while (asked < 10 and case.resolver.inquiries.get(NUMBER) is None) or asked < 2:
        asked += len(case.tick())
        assert case.absent() is None
    assert case.resolver.inquiries[NUMBER].proofs == 0


def prove(case: Case) -> OrderAbsent | None:
    """Answers every question with not-found until there is a proof."""
    for _ in range(10_000):
        if case.tick():
            proof = case.absent()
            if proof is not None:
                return proof
    return None


def test_law_3_proofs_come_late_and_apart() -> None:
    case = Case(OrderState.UNKNOWN)
    began_ns = case.now_ns
    proof = prove(case)
    assert proof == OrderAbsent(NUMBER, LAW.proofs, case.now_ns)
    assert case.now_ns >= began_ns + PROVABLE_NS + (LAW.proofs - 1) * LAW.proof_pause_ns
    assert case.resolver.inquiries == {}


def test_law_4_an_error_is_never_a_not_found() -> None:
    case = Case(OrderState.UNKNOWN)
    for _ in range(3_000):
        if case.tick():
            assert case.failed() is None
    assert case.resolver.inquiries[NUMBER].proofs == 0
    case.tick(LAW.probe_retry_ns + TICK_NS)
    assert case.absent() is None
    case.tick(LAW.proof_pause_ns + TICK_NS)
    assert case.failed() is None
    assert case.resolver.inquiries[NUMBER].proofs == 1  # it takes nothing back either
    assert prove(case) is not None


def test_law_6_an_open_order_that_is_missing_is_asked_about() -> None:
    case = Case(OrderState.ACKED)
    assert case.tick(SECOND) == []
    case.resolver.miss(NUMBER, SPOT.market)
    assert case.resolver.asks(SPOT.market) == 1
    assert prove(case) is not None
    assert case.resolver.asks(SPOT.market) == 0


def test_law_7_a_cancel_is_asked_for_again_while_the_order_is_open() -> None:
    case = Case(OrderState.ACKED)
    case.entry.cancel_ns = case.now_ns
    assert case.tick(LAW.probe_retry_ns * 5) == [CancelOrder(NUMBER, SPOT.key, "still open")] * 3
    case.entry.state = OrderState.UNKNOWN
    assert CancelOrder not in map(type, case.tick(9 * SECOND))


def test_a_question_without_any_answer_is_asked_again() -> None:
    case = Case(OrderState.UNKNOWN)
    assert kinds(case.tick(ANSWER_NS_MAX)) == ["ProbeOrder"]
    assert kinds(case.tick(SECOND)) == ["ProbeOrder"]


def test_events_that_come_in_another_order_make_no_time() -> None:
    case = Case(OrderState.SENDING)
    for _ in range(60):  # six seconds, and each tick is followed by an event of 90 ms before
        assert not any(isinstance(each, OrderLost) for each in case.tick()) or case.now_ns >= (
            50 * SECOND + PROVABLE_NS
        )
        case.resolver.tick(case.working, case.now_ns - 90_000_000)


def test_law_3_a_late_answer_to_an_earlier_question_proves_nothing() -> None:
    case = Case(OrderState.UNKNOWN)
    case.tick()
    early_ns = case.now_ns  # asked before anything could be proved
    while not any(isinstance(each, ProbeOrder) for each in case.tick()):
        pass
    assert case.resolver.answered(ProbeAbsent(NUMBER, early_ns, case.now_ns), case.working) is None
    assert case.resolver.inquiries[NUMBER].proofs == 0
    assert case.absent() is None
    assert case.resolver.inquiries[NUMBER].proofs == 1


@pytest.mark.parametrize("jump_ns", [3 * SECOND, -3 * SECOND, 10**18])
def test_a_clock_that_jumps_proves_nothing_early(jump_ns: int) -> None:
    case = Case(OrderState.UNKNOWN)
    case.tick(SECOND)
    case.now_ns += jump_ns
    began_ns = case.now_ns
    assert prove(case) is not None
    assert case.now_ns - began_ns >= PROVABLE_NS - SECOND - STEP_NS_MAX


def test_what_is_found_ends_the_inquiry() -> None:
    case = Case(OrderState.UNKNOWN)
    case.tick()
    case.entry.state = OrderState.ACKED
    case.tick()
    assert case.resolver.inquiries == {}
    assert case.absent() is None  # it was asked before, and answers late


def test_a_market_without_a_law_is_left_alone() -> None:
    case = Case(OrderState.UNKNOWN, replace(LAW, market="elsewhere"))
    assert case.tick(99 * SECOND) == []


ANSWERS = st.lists(st.sampled_from(["absent", "failed", "silence", "late"]), max_size=60)


@settings(max_examples=200, deadline=None)
@given(ANSWERS, st.lists(st.integers(-2 * SECOND, 5 * SECOND), min_size=1, max_size=40))
def test_no_answers_prove_an_order_absent_before_its_time(answers: list[str], steps: list[int]) -> None:
    """However the clock moves: k proofs, each to a question of after the time, and a pause apart."""
    case = Case(OrderState.UNKNOWN)
    counted_ns, since_ns, seen_ns = 0, 0, case.now_ns
    good: list[int] = []
    waiting = list(answers)
    for number in range(400):
        step_ns = steps[number % len(steps)]
        case.now_ns += step_ns
        passed_ns = case.now_ns - seen_ns
        if passed_ns > 0 or passed_ns < -STEP_NS_MAX:  # a little back is no time, nor is the way forth again
            counted_ns += min(max(passed_ns, 0), STEP_NS_MAX)
            seen_ns = case.now_ns
        if number == 0:
            since_ns = counted_ns
        if not case.resolver.tick(case.working, case.now_ns):
            continue
        answer = waiting.pop(0) if waiting else "absent"
        if answer == "failed":
            assert case.failed() is None
        elif answer != "silence":
            if counted_ns >= since_ns + PROVABLE_NS:
                good.append(counted_ns)
            proof = case.absent()
            assert (proof is not None) == (len(good) == LAW.proofs)
            if proof is not None:
                break
    assert all(later - one >= LAW.proof_pause_ns for one, later in pairwise(good))
