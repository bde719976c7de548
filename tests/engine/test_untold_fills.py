"""Lots that the venue has traded and not told yet: they count until their fills come, and not for ever."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.desk import only
from tests.support.instruments import SPOT
from tests.support.order_desk import BUY, USDT, OrderDesk
from trimaran.domain.account import (
    Fill,
    FillId,
    Liquidity,
    OrderAcked,
    OrderDone,
    OrderLost,
    VenueOrderId,
)
from trimaran.domain.commands import CancelOrder, ProbeOrder
from trimaran.domain.events import CancelRequested
from trimaran.domain.facts import Discrepancy, GroupClosed, OrderTermsChanged
from trimaran.domain.orders import OrderRequest, OrderState
from trimaran.domain.venue_law import SECOND
from trimaran.engine.recovery import recovered
from trimaran.engine.resolver import UNTOLD_NS


def fill(desk: OrderDesk, order: OrderRequest, lots: int) -> None:
    desk.play(
        Fill(
            FillId(f"{desk.now_ns}-{lots}"), order.client_order_id, order.instrument_key, order.side,
            order.price_ticks, lots, Liquidity.TAKER, Decimal(0), USDT, desk.now_ns, desk.now_ns,
        )
    )  # fmt: skip


def end(desk: OrderDesk, order: OrderRequest, filled_lots: int) -> None:
    number = order.client_order_id
    desk.play(OrderDone(number, OrderState.EXPIRED, "", desk.now_ns, desk.now_ns, filled_lots))


def begun(filled_lots: int) -> tuple[OrderDesk, OrderRequest]:
    """An order of 1,000 lots that has ended with so many filled, of which none was told."""
    desk = OrderDesk()
    desk.ready()
    (order,) = desk.send(BUY)
    desk.play(OrderAcked(order.client_order_id, VenueOrderId("1"), desk.now_ns, desk.now_ns))
    end(desk, order, filled_lots)
    return desk, order


def untold(desk: OrderDesk) -> list[Discrepancy]:
    return [each for each in only(desk.facts, Discrepancy) if each.kind == "fills untold"]


def open_lots(desk: OrderDesk, order: OrderRequest) -> int:
    """What risk counts as open."""
    known = desk.desk.risk.open_orders.get(order.client_order_id)
    return 0 if known is None else known.order.lots - known.filled_lots


def test_untold_lots_count_until_their_fills_come() -> None:
    desk, order = begun(400)
    assert desk.desk.durable.working
    assert open_lots(desk, order) == 400
    assert only(desk.facts, GroupClosed) == []
    fill(desk, order, 300)
    assert open_lots(desk, order) == 100
    fill(desk, order, 100)
    assert open_lots(desk, order) == 0
    assert desk.desk.durable.orders[order.client_order_id].state is OrderState.EXPIRED
    (closed,) = only(desk.facts, GroupClosed)
    assert closed.legs[0].filled_lots == 400
    assert untold(desk) == []


@pytest.mark.parametrize("filled_lots", [0, 400])
def test_an_end_that_says_no_more_than_is_known_is_an_end(filled_lots: int) -> None:
    desk = OrderDesk()
    desk.ready()
    (order,) = desk.send(BUY)
    fill(desk, order, 400)
    end(desk, order, filled_lots)
    assert desk.desk.durable.orders[order.client_order_id].state is OrderState.EXPIRED


def test_what_all_fills_complete_is_filled() -> None:
    desk, order = begun(1_000)
    fill(desk, order, 1_000)
    assert desk.desk.durable.orders[order.client_order_id].state is OrderState.FILLED
    assert desk.desk.durable.frozen == {}


def test_fills_that_never_come_are_told_and_release_their_order() -> None:
    desk, order = begun(400)
    desk.pass_ns(UNTOLD_NS - SECOND)
    assert open_lots(desk, order) == 400
    desk.pass_ns(2 * SECOND)
    assert open_lots(desk, order) == 0
    assert desk.desk.durable.working == {}
    (told,) = untold(desk)
    assert (told.ours, told.theirs, told.done) == ("filled 0", "filled 400", "released")
    fill(desk, order, 400)
    assert desk.desk.durable.frozen == {}
    assert desk.desk.durable.ledger.positions[SPOT.key].lots == 400


def test_an_order_whose_answer_was_lost_counts_what_its_end_says() -> None:
    desk = OrderDesk()
    desk.ready()
    (order,) = desk.send(BUY)
    desk.play(OrderLost(order.client_order_id, "timeout", desk.now_ns))
    end(desk, order, 250)
    assert open_lots(desk, order) == 250
    desk.pass_ns(UNTOLD_NS // 2)
    assert desk.desk.durable.frozen == {}


def test_nothing_is_asked_of_an_order_that_has_ended() -> None:
    desk, _ = begun(400)
    before = len(desk.takes.commands)
    desk.play(CancelRequested(None, None, "me", desk.now_ns))
    desk.pass_ns(UNTOLD_NS // 2)
    since = desk.takes.commands[before:]
    assert [each for each in since if isinstance(each, CancelOrder | ProbeOrder)] == []


def test_a_later_word_may_say_more_and_never_less() -> None:
    desk, order = begun(400)
    end(desk, order, 300)
    assert open_lots(desk, order) == 400
    end(desk, order, 600)
    assert open_lots(desk, order) == 600
    assert [each.lots for each in only(desk.facts, OrderTermsChanged)] == [400, 600]


def test_a_restart_remembers_them() -> None:
    desk, order = begun(400)
    again = OrderDesk(past=recovered(None, desk.takes.records))
    assert again.desk.durable.orders[order.client_order_id].ending is not None
    assert open_lots(again, order) == 400
    fill(again, order, 400)
    assert again.desk.durable.working == {}
