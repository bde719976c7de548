"""What a group leaves behind, and what is owed when a fill comes late."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.desk import only
from tests.support.instruments import PERPETUAL, SPOT
from tests.support.order_desk import BUY, NAME, SELL, USDT, OrderDesk
from trimaran.domain.account import Fill, FillId, Liquidity, OrderDone
from trimaran.domain.facts import GroupClosed, Purpose
from trimaran.domain.instrument import Asset
from trimaran.domain.orders import OrderRequest, OrderState


def fill(desk: OrderDesk, order: OrderRequest, lots: int, fee: str = "0", asset: Asset = USDT) -> None:
    desk.play(
        Fill(
            FillId(f"{desk.now_ns}-{lots}"), order.client_order_id, order.instrument_key, order.side,
            order.price_ticks, lots, Liquidity.TAKER, Decimal(fee), asset, desk.now_ns, desk.now_ns,
        )
    )  # fmt: skip


def end(desk: OrderDesk, order: OrderRequest) -> None:
    desk.play(OrderDone(order.client_order_id, OrderState.CANCELED, "", desk.now_ns, desk.now_ns))


@pytest.mark.parametrize(
    ("bought", "sold", "fee", "owed"),
    [
        (1_000, 10, "0", {}),
        (1_000, 0, "0", {SPOT.key: Decimal("0.01")}),
        (0, 10, "0", {PERPETUAL.key: Decimal("-0.01")}),
        (500, 10, "0", {PERPETUAL.key: Decimal("-0.005")}),
        (1_000, 10, "0.00001", {PERPETUAL.key: Decimal("-0.00001")}),
        (0, 0, "0", {}),
    ],
)
def test_what_one_side_filled_more_is_owed_on_its_instrument(
    bought: int, sold: int, fee: str, owed: dict[str, Decimal]
) -> None:
    desk = OrderDesk()
    desk.ready()
    buy, sell = desk.send(BUY, SELL)
    if bought:
        fill(desk, buy, bought, fee, SPOT.base)
    if sold:
        fill(desk, sell, sold)
    for order in (buy, sell):
        end(desk, order)
    (closed,) = only(desk.facts, GroupClosed)
    assert desk.desk.owed(NAME) == owed
    assert closed.residual == sum(owed.values())
    assert desk.desk.durable.groups_closed == 1


def test_a_group_that_trades_for_its_own_sake_owes_nothing() -> None:
    desk = OrderDesk()
    desk.ready()
    (order,) = desk.send(BUY, purpose=Purpose.EXECUTE)
    fill(desk, order, 400)
    end(desk, order)
    fill(desk, order, 300)
    (closed,) = only(desk.facts, GroupClosed)
    assert closed.residual == Decimal("0.004")
    assert desk.desk.owed(NAME) == {}


def test_a_fill_that_is_heard_after_the_end_is_owed() -> None:
    desk = OrderDesk()
    desk.ready()
    (order,) = desk.send(BUY)
    end(desk, order)
    assert desk.desk.owed(NAME) == {}
    fill(desk, order, 400, "0.0001", SPOT.base)
    assert desk.desk.owed(NAME) == {SPOT.key: Decimal("0.0039")}
    assert len(only(desk.facts, GroupClosed)) == 1
    fill(desk, order, 600)
    assert desk.desk.owed(NAME) == {SPOT.key: Decimal("0.0099")}
    assert desk.desk.durable.orders[order.client_order_id].state is OrderState.FILLED
