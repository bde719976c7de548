"""The order of record and command: nothing leaves before its record is as safe as it must be."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.support.desk import only
from tests.support.order_desk import BUY, SELL, OrderDesk
from trimaran.domain.account import OrderAcked, VenueOrderId
from trimaran.domain.commands import AmendOrder, CancelOrder, SendOrder
from trimaran.domain.events import CancelRequested
from trimaran.domain.facts import OrderRefused
from trimaran.domain.orders import OrderState, TimeInForce
from trimaran.domain.records import CancelOpened, Durability, GroupOpened
from trimaran.domain.venue_law import SECOND
from trimaran.strategies.port import AmendDraft


def kinds(done: list[object]) -> list[str]:
    return [each.name if isinstance(each, Durability) else type(each).__name__ for each in done]


@pytest.mark.parametrize("durability", Durability)
def test_the_record_comes_before_the_order(durability: Durability) -> None:
    desk = OrderDesk(durability=durability)
    desk.ready()
    desk.takes.done.clear()
    sent = desk.send(BUY, SELL)
    assert kinds(desk.takes.done) == ["GroupOpened", durability.name, "SendOrder", "SendOrder"]
    (record,) = desk.takes.records
    assert isinstance(record, GroupOpened)
    assert list(record.orders) == sent
    assert {command.durability for command in desk.takes.commands} == {durability}


def test_an_order_waits_for_its_sync_and_a_cancel_for_nothing() -> None:
    desk = OrderDesk()
    desk.ready()
    desk.takes.slow = True
    desk.takes.done.clear()
    assert desk.send(replace(BUY, tif=TimeInForce.GTC)) == []
    (entry,) = desk.desk.durable.working.values()
    number = entry.order.client_order_id
    desk.play(CancelRequested(number, None, "me", desk.now_ns))
    assert kinds(desk.takes.done) == ["GroupOpened", "DURABLE", "CancelOpened", "CancelOrder", "NoneType"]
    (synced,) = desk.takes.synced
    synced()
    assert not any(isinstance(each, SendOrder) for each in desk.takes.commands)
    desk.pass_ns(100_000_000)
    assert entry.state is OrderState.REJECTED
    assert not desk.desk.durable.working
    desk.pass_ns(10 * SECOND)
    assert not any(isinstance(each, SendOrder) for each in desk.takes.commands)


def test_a_change_does_not_leave_after_the_cancel_of_its_order() -> None:
    desk = OrderDesk()
    desk.ready()
    (order,) = desk.send(replace(BUY, tif=TimeInForce.GTC))
    desk.play(OrderAcked(order.client_order_id, VenueOrderId("1"), 0, desk.now_ns))
    desk.takes.slow = True
    assert desk.wish(AmendDraft(order.client_order_id, 5_990_000, 1_000)) == []
    desk.play(CancelRequested(order.client_order_id, None, "me", desk.now_ns))
    (synced,) = desk.takes.synced
    synced()
    desk.pass_ns(100_000_000)
    assert not any(isinstance(each, AmendOrder) for each in desk.takes.commands)
    entry = desk.desk.durable.working[order.client_order_id]
    assert entry.amendment is None
    assert entry.state is OrderState.ACKED


def test_an_order_that_rests_is_never_fast() -> None:
    desk = OrderDesk(durability=Durability.FAST)
    desk.ready()
    with pytest.raises(AssertionError):
        desk.send(replace(BUY, tif=TimeInForce.GTC))


def test_a_full_record_refuses_new_orders_and_takes_cancels() -> None:
    desk = OrderDesk()
    desk.ready()
    (resting,) = desk.send(replace(BUY, tif=TimeInForce.GTC))
    desk.play(OrderAcked(resting.client_order_id, VenueOrderId("1"), 0, desk.now_ns))
    desk.takes.takes_risk = False
    desk.pass_ns(100_000_000)
    assert desk.send(BUY) == []
    assert only(desk.facts, OrderRefused)[-1].refused.rule == desk.asked.refusals[-1]
    desk.play(CancelRequested(None, None, "me", desk.now_ns))
    assert isinstance(desk.takes.records[-1], CancelOpened)
    assert isinstance(desk.takes.commands[-1], CancelOrder)


@pytest.mark.parametrize("change", [False, True])
def test_what_was_given_up_while_it_waited_for_its_sync_does_not_leave(change: bool) -> None:
    desk = OrderDesk()
    desk.ready()
    if change:
        (order,) = desk.send(replace(BUY, tif=TimeInForce.GTC))
        desk.play(OrderAcked(order.client_order_id, VenueOrderId("1"), 0, desk.now_ns))
    desk.takes.slow = True
    if change:
        assert desk.wish(AmendDraft(order.client_order_id, 5_990_000, 1_000)) == []
    else:
        assert desk.send(BUY) == []
    desk.pass_ns(10 * SECOND)  # the disk stalls
    (synced,) = desk.takes.synced
    before = len(desk.takes.commands)
    synced()
    assert not any(isinstance(each, SendOrder | AmendOrder) for each in desk.takes.commands[before:])
