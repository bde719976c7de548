"""What becomes of an order whose answer did not come: proof, a new attempt, release, a freeze."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.desk import names, only
from tests.support.instruments import SPOT
from tests.support.order_desk import BUY, LAW, LAWS, SELL, OrderDesk, states
from trimaran.domain.account import (
    OrderAcked,
    OrderDone,
    OrderLost,
    OrderRejected,
    ProbeAbsent,
    ProbeFailed,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId, next_attempt
from trimaran.domain.commands import CancelOrder, ProbeOrder, SendOrder
from trimaran.domain.decision import KillState
from trimaran.domain.events import CancelRequested, KillRequested
from trimaran.domain.facts import GroupClosed, InstrumentFrozen, InstrumentReleased
from trimaran.domain.kill import KillScope
from trimaran.domain.orders import OrderState, TimeInForce
from trimaran.domain.records import Heard, OrderReissued
from trimaran.domain.venue_law import SECOND

LONG_NS = 10**18


def lose(desk: OrderDesk, *legs: Any) -> ClientOrderId:
    """Sends one order, or more, and loses the first."""
    order = desk.send(*(legs or (BUY,)))[0]
    desk.play(OrderLost(order.client_order_id, "timeout", desk.now_ns))
    return order.client_order_id


def resolve(desk: OrderDesk, answer: str = "absent", span_ns: int = 20 * SECOND) -> list[Any]:
    """Answers every question; the commands since."""
    before = len(desk.takes.commands)
    end_ns = desk.now_ns + span_ns
    while desk.now_ns < end_ns:
        asked = len(desk.takes.commands)
        desk.pass_ns(100_000_000)
        for command in desk.takes.commands[asked:]:
            if isinstance(command, ProbeOrder):
                if answer == "absent":
                    desk.play(ProbeAbsent(command.client_order_id, desk.now_ns, desk.now_ns))
                else:
                    desk.play(ProbeFailed(command.client_order_id, "HTTP 503", desk.now_ns))
    return desk.takes.commands[before:]


def entry(desk: OrderDesk, number: ClientOrderId) -> Any:
    return desk.desk.durable.orders[number]


def test_an_order_that_is_proved_absent_is_released() -> None:
    desk = OrderDesk()
    desk.ready()
    number = lose(desk)
    assert entry(desk, number).state is OrderState.UNKNOWN
    commands = resolve(desk)
    assert entry(desk, number).state is OrderState.NOT_PLACED
    assert {type(each) for each in commands} == {ProbeOrder}
    assert len(desk.asked.closed) == 1
    assert desk.desk.durable.working == {}


def test_errors_leave_it_unknown_for_ever() -> None:
    desk = OrderDesk()
    desk.ready()
    number = lose(desk)
    resolve(desk, "failed", 60 * SECOND)
    assert entry(desk, number).state is OrderState.UNKNOWN


def test_a_valid_intent_is_sent_anew_under_the_next_id_and_its_group_goes_on() -> None:
    desk = OrderDesk()
    desk.ready()
    number = lose(desk, replace(BUY, valid_until_ns=LONG_NS), SELL)
    others = [each for each in desk.desk.durable.working if each != number]
    desk.play(OrderAcked(others[0], VenueOrderId("1"), 0, desk.now_ns))
    (sent,) = [each for each in resolve(desk, span_ns=5 * SECOND) if isinstance(each, SendOrder)]
    order = sent.approved.order
    assert order.client_order_id == next_attempt(number)
    earlier = entry(desk, number).order
    assert (order.intent_id, order.group) == (earlier.intent_id, earlier.group)
    assert entry(desk, number).state is OrderState.NOT_PLACED
    assert entry(desk, order.client_order_id).state is OrderState.SENDING
    assert only(desk.facts, GroupClosed) == []
    (record,) = [each for each in desk.takes.records if isinstance(each, OrderReissued)]
    assert (record.replaces, record.order) == (number, order)
    desk.play(OrderRejected(order.client_order_id, "-1", "no", 0, desk.now_ns))
    assert only(desk.facts, GroupClosed) == []
    desk.play(OrderDone(others[0], OrderState.EXPIRED, "", 0, desk.now_ns))
    (closed,) = only(desk.facts, GroupClosed)
    assert [leg.client_order_id for leg in closed.legs] == [order.client_order_id, *others]


def not_valid(desk: OrderDesk) -> None:
    pass


def killed(desk: OrderDesk) -> None:
    desk.play(KillRequested(KillScope.parse("venue:binance"), KillState.KILLED, "me", "drill", desk.now_ns))


def cancelled(desk: OrderDesk) -> None:
    desk.play(CancelRequested(None, None, "me", desk.now_ns))


@pytest.mark.parametrize(
    ("until_ns", "before", "laws"),
    [
        (0, not_valid, LAWS),
        (1_003 * SECOND, not_valid, LAWS),
        (LONG_NS, killed, LAWS),
        (LONG_NS, cancelled, LAWS),
        (LONG_NS, not_valid, {SPOT.market: replace(LAW, reissue=False)}),
    ],
    ids=["never", "too late", "killed", "cancelled", "no reissue"],
)
def test_what_is_not_sent_anew(until_ns: int, before: Any, laws: Any) -> None:
    desk = OrderDesk(laws=laws)
    desk.ready()
    number = lose(desk, replace(BUY, valid_until_ns=until_ns))
    before(desk)
    assert not any(isinstance(each, SendOrder) for each in resolve(desk))
    assert entry(desk, number).state is OrderState.NOT_PLACED
    assert isinstance(desk.takes.records[-1], Heard)


def test_attempts_end() -> None:
    desk = OrderDesk()
    desk.ready()
    first = lose(desk, replace(BUY, valid_until_ns=LONG_NS))
    sent = []
    for _ in range(20):
        commands = resolve(desk, span_ns=8 * SECOND)
        again = [each.approved.order for each in commands if isinstance(each, SendOrder)]
        sent += again
        for order in again:
            desk.play(OrderLost(order.client_order_id, "timeout", desk.now_ns))
    assert len(sent) == 15
    assert len({first, *(order.client_order_id for order in sent)}) == 16
    assert len(only(desk.facts, GroupClosed)) == 1


def test_where_nothing_is_sent_anew_the_instrument_is_frozen_while_a_fate_is_not_known() -> None:
    desk = OrderDesk(laws={SPOT.market: replace(LAW, reissue=False)})
    desk.ready()
    number = lose(desk)
    assert only(desk.facts, InstrumentFrozen)[0].instrument_key == SPOT.key
    assert desk.desk.halted(SPOT.key, desk.asked.name)
    assert desk.send(BUY) == []
    assert len(desk.asked.refusals) == 1
    facts = desk.play(OrderAcked(number, VenueOrderId("1"), 0, desk.now_ns))
    assert [f.actor for f in only(facts, InstrumentReleased)] == ["resolver"]
    assert desk.send(BUY) != []


def test_a_contradiction_stays_frozen_when_the_fate_is_known() -> None:
    desk = OrderDesk(laws={SPOT.market: replace(LAW, reissue=False)})
    desk.ready()
    one = lose(desk)
    desk.play(OrderAcked(one, VenueOrderId("1"), 0, desk.now_ns))
    facts = desk.play(OrderRejected(one, "-1", "late", 0, desk.now_ns))
    assert names(facts) == ["InstrumentFrozen"]
    desk.pass_ns(SECOND)
    assert desk.desk.halted(SPOT.key, desk.asked.name)


def test_what_is_found_open_and_is_not_wanted_any_more_is_cancelled() -> None:
    desk = OrderDesk()
    desk.ready()
    number = lose(desk, replace(BUY, tif=TimeInForce.GTC))
    cancelled(desk)
    before = len(desk.takes.commands)
    desk.play(OrderAcked(number, VenueOrderId("1"), 0, desk.now_ns))
    assert [type(each) for each in desk.takes.commands[before:]] == [CancelOrder]


def test_what_is_found_open_under_a_kill_switch_is_cancelled() -> None:
    desk = OrderDesk()
    desk.ready()
    number = lose(desk, replace(BUY, tif=TimeInForce.GTC))
    killed(desk)
    desk.play(OrderAcked(number, VenueOrderId("1"), 0, desk.now_ns))
    assert isinstance(desk.takes.commands[-1], CancelOrder)


def test_a_fate_that_a_fill_tells_needs_no_proof() -> None:
    desk = OrderDesk()
    desk.ready()
    number = lose(desk)
    facts = desk.play(OrderRejected(number, "-1", "late", 0, desk.now_ns))
    assert states(facts) == []
    facts = desk.play(OrderAcked(number, VenueOrderId("1"), 0, desk.now_ns))
    assert states(facts) == ["ACKED"]
    assert not any(isinstance(each, ProbeOrder) for each in resolve(desk))
