"""Markets that share one wallet: what one has under way, or has missed, moves the money of the other."""

from __future__ import annotations

from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from tests.support.order_desk import LAW, SELL, USDT, OrderDesk
from trimaran.domain.account import Adjusted, OrderDone, OrderLost
from trimaran.domain.events import AccountUncertain
from trimaran.domain.orders import OrderState
from trimaran.domain.records import Heard
from trimaran.domain.venue_law import SECOND


def shared() -> OrderDesk:
    """A desk whose two markets have one wallet, with 100,000 in it."""
    desk = OrderDesk()
    both = frozenset((SPOT.market, PERPETUAL.market))
    desk.desk.setup = replace(desk.desk.setup, wallets=dict.fromkeys(both, both))
    desk.ready()
    return desk


def adjusted(desk: OrderDesk) -> list[Adjusted]:
    events = [each.event for each in desk.takes.records if isinstance(each, Heard)]
    return [each for each in events if isinstance(each, Adjusted)]


def compare_both(desk: OrderDesk, amount: str) -> None:
    for market in (SPOT.market, PERPETUAL.market):
        desk.play(desk.snapshot(market, {USDT: amount}))


def test_money_is_not_made_up_while_an_order_of_the_other_market_is_on_its_way() -> None:
    desk = shared()
    (order,) = desk.send(SELL)
    desk.pass_ns(LAW.quiet_ns + SECOND // 10)
    desk.play(desk.snapshot(SPOT.market, {USDT: "100007"}))
    assert adjusted(desk) == []
    assert desk.desk.readiness.missing(SPOT.market) is not None
    desk.play(OrderDone(order.client_order_id, OrderState.EXPIRED, "", 0, desk.now_ns))
    desk.pass_ns(LAW.quiet_ns + SECOND)
    compare_both(desk, "100007")
    assert [each.amount for each in adjusted(desk)] == [7]
    desk.ready("100007")


def test_money_is_not_made_up_while_the_fate_of_an_order_of_the_other_market_is_not_known() -> None:
    desk = shared()
    (order,) = desk.send(SELL)
    desk.play(OrderLost(order.client_order_id, "timeout", desk.now_ns))
    for _ in range(4):
        desk.pass_ns(LAW.quiet_ns + SECOND)
        desk.play(desk.snapshot(SPOT.market, {USDT: "100007"}))
    assert adjusted(desk) == []


def test_money_is_not_made_up_while_the_other_market_has_missed_something() -> None:
    desk = shared()
    desk.play(AccountUncertain(PERPETUAL.market, "the line was lost", desk.now_ns))
    desk.pass_ns(LAW.quiet_ns + SECOND)
    desk.play(desk.snapshot(SPOT.market, {USDT: "100007"}))
    assert adjusted(desk) == []
    desk.pass_ns(LAW.quiet_ns + SECOND)
    desk.play(desk.snapshot(PERPETUAL.market, {USDT: "100007"}))
    assert [each.amount for each in adjusted(desk)] == [7]
    desk.ready("100007")


def test_nothing_new_goes_to_a_wallet_that_waits_until_it_is_quiet() -> None:
    desk = shared()
    desk.send(SELL)
    desk.play(desk.snapshot(SPOT.market, {USDT: "100007"}))
    assert desk.send(SELL) == []
