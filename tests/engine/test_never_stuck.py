"""A market comes to be ready again, and an order to its end, whatever the venue forgets or shows late."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.engine.test_reconcile import MINE, report
from tests.support.desk import only
from tests.support.instruments import PERPETUAL, SPOT
from tests.support.order_desk import BUY, LAW, USDT, OrderDesk
from trimaran.domain.account import (
    Adjusted,
    AmendLost,
    Fill,
    FillId,
    Liquidity,
    OrderAcked,
    OrderDone,
    ProbeAbsent,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.commands import CompareAccount, ProbeOrder
from trimaran.domain.events import AccountUncertain
from trimaran.domain.facts import GroupClosed, InstrumentFrozen
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderState, TimeInForce
from trimaran.domain.records import Heard, RunOpened
from trimaran.domain.venue_law import SECOND
from trimaran.engine.recovery import recovered
from trimaran.strategies.port import AmendDraft

RESTING = replace(BUY, tif=TimeInForce.GTC)


def fill(desk: OrderDesk, number: ClientOrderId, identity: str, lots: int) -> Fill:
    return Fill(
        FillId(identity), number, SPOT.key, Side.BUY, 6_000_000, lots, Liquidity.MAKER, Decimal(0), USDT,
        desk.now_ns, desk.now_ns,
    )  # fmt: skip


def rests(desk: OrderDesk) -> ClientOrderId:
    """An order that the venue has, for long enough to be in every list."""
    (order,) = desk.send(RESTING)
    desk.play(OrderAcked(order.client_order_id, VenueOrderId("1"), desk.now_ns, desk.now_ns))
    desk.pass_ns(20 * SECOND)
    return order.client_order_id


def missed(desk: OrderDesk) -> ClientOrderId:
    """The same, and the venue does not list it."""
    number = rests(desk)
    for _ in range(3):
        desk.play(desk.snapshot(SPOT.market, {USDT: "100000"}))
        desk.pass_ns(3 * SECOND)
    assert desk.desk.readiness.missing(SPOT.market) is not None
    return number


def probed(desk: OrderDesk, answer: Any, span_ns: int) -> None:
    """Answers every question about an order."""
    end_ns = desk.now_ns + span_ns
    while desk.now_ns < end_ns:
        before = len(desk.takes.commands)
        desk.pass_ns(100_000_000)
        for command in desk.takes.commands[before:]:
            if isinstance(command, ProbeOrder):
                desk.play(answer(command.client_order_id))


def test_an_order_that_was_not_listed_and_is_found_open_is_missing_no_more() -> None:
    desk = OrderDesk()
    desk.ready()
    number = missed(desk)
    probed(desk, lambda each: OrderAcked(each, VenueOrderId("1"), desk.now_ns, desk.now_ns), 60 * SECOND)
    assert desk.desk.durable.orders[number].state is OrderState.ACKED
    row = report(number, desk.now_ns, venue_order_id=VenueOrderId("1"))
    desk.play(desk.snapshot(SPOT.market, {USDT: "100000"}, [row]))
    assert desk.desk.readiness.missing(SPOT.market) is None


def test_an_open_order_that_the_venue_has_forgotten_ends_and_its_instrument_is_frozen() -> None:
    desk = OrderDesk()
    desk.ready()
    number = missed(desk)
    probed(desk, lambda each: ProbeAbsent(each, desk.now_ns, desk.now_ns), 60 * SECOND)
    assert len(only(desk.facts, InstrumentFrozen)) == 1
    assert desk.desk.durable.orders[number].state is OrderState.CANCELED
    assert desk.desk.durable.working == {}
    assert len(only(desk.facts, GroupClosed)) == 1
    desk.ready()


def test_a_lost_change_of_an_order_that_the_venue_has_forgotten_ends_with_it() -> None:
    desk = OrderDesk()
    desk.ready()
    number = rests(desk)
    assert desk.wish(AmendDraft(number, 5_990_000, 1_000)) != []
    desk.play(AmendLost(number, "timeout", desk.now_ns))
    desk.pass_ns(20 * SECOND)
    for _ in range(3):
        desk.play(desk.snapshot(SPOT.market, {USDT: "100000"}))
        probed(desk, lambda each: ProbeAbsent(each, desk.now_ns, desk.now_ns), 20 * SECOND)
    probed(desk, lambda each: ProbeAbsent(each, desk.now_ns, desk.now_ns), 60 * SECOND)
    assert desk.desk.durable.working == {}
    desk.ready()


def test_fills_that_come_before_their_order_is_adopted_count_for_it() -> None:
    past = recovered(None, [RunOpened(3, 7, 1, "earlier", "1", 1)])
    desk = OrderDesk(past=past)
    desk.play(fill(desk, MINE, "1", 400))
    row = report(MINE, desk.now_ns, filled_lots=400, state=OrderState.PARTIALLY_FILLED)
    desk.play(desk.snapshot(SPOT.market, {USDT: "0"}, [row]))
    assert desk.desk.durable.working[MINE].filled_lots == 400
    desk.play(fill(desk, MINE, "2", 600))
    desk.play(OrderDone(MINE, OrderState.FILLED, "", desk.now_ns, desk.now_ns))
    assert desk.desk.durable.orders[MINE].state is OrderState.FILLED


def test_a_line_that_was_lost_without_a_word_stops_new_orders_too() -> None:
    desk = OrderDesk()
    desk.ready()
    desk.play(AccountUncertain(SPOT.market, "", desk.now_ns))
    assert desk.desk.readiness.missing(SPOT.market) is not None
    assert desk.send(BUY) == []


def test_a_clock_that_was_set_back_keeps_no_market_waiting() -> None:
    desk = OrderDesk()
    desk.ready()
    (order,) = desk.send(BUY)
    desk.play(OrderDone(order.client_order_id, OrderState.EXPIRED, "", 0, desk.now_ns))
    desk.play(desk.snapshot(SPOT.market, {USDT: "7"}))
    assert desk.desk.readiness.missing(SPOT.market) is not None
    desk.now_ns -= 900 * SECOND
    for _ in range(5):
        before = len(desk.takes.commands)
        desk.pass_ns(LAW.quiet_ns + 6 * SECOND)
        if any(isinstance(each, CompareAccount) for each in desk.takes.commands[before:]):
            desk.play(desk.snapshot(SPOT.market, {USDT: "7"}))
    assert desk.desk.readiness.missing(SPOT.market) is None


@pytest.mark.parametrize("ahead_s", [600, -600])
def test_a_local_clock_that_is_wrong_makes_no_difference_wait_nor_hurry(ahead_s: int) -> None:
    desk = OrderDesk()
    desk.ready()
    number = rests(desk)
    ahead_ns = ahead_s * SECOND
    made_ns = desk.now_ns - 19 * SECOND - ahead_ns
    row = report(number, desk.now_ns, venue_order_id=VenueOrderId("1"), created_ns=made_ns, venue_ns=made_ns)
    booked: list[int] = []
    for _ in range(4):
        desk.pass_ns(LAW.quiet_ns + 2 * SECOND)
        seen = desk.snapshot(SPOT.market, {USDT: "100007"}, [row])
        rows = tuple([replace(each, venue_ns=0) for each in seen.balances])  # as old as the list
        venue_ns = seen.venue_ns - ahead_ns
        ended_ns = seen.local_ns - ahead_ns
        desk.play(replace(seen, balances=rows, venue_ns=venue_ns, ended_venue_ns=ended_ns))
        events = [each.event for each in desk.takes.records if isinstance(each, Heard)]
        booked.append(sum(isinstance(each, Adjusted) for each in events))
    assert only(desk.facts, InstrumentFrozen) == []
    assert booked[0] == 0
    assert booked[-1] == 1
    assert desk.desk.readiness.missing(SPOT.market) is None


def test_markets_that_are_ready_stay_ready() -> None:
    desk = OrderDesk()
    desk.ready()
    desk.pass_ns(30 * SECOND)
    assert desk.desk.readiness.missing(PERPETUAL.market) is None
