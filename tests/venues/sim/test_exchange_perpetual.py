"""Perpetuals on a simulated exchange: margin, profit, funding, liquidation, reduce-only; tables of money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.exchange_room import BTC, IOC, USDT, Room
from trimaran.domain.instrument import Symbol
from trimaran.venues.sim.codes import OrderKind
from trimaran.venues.sim.trading import (
    BUY,
    SELL,
    BalanceCause,
    BalanceChanged,
    EndReason,
    FundingCharged,
    OrderHappened,
    Refusal,
    SimPosition,
    Status,
    Why,
)

SYMBOL = Symbol("BTCUSDT")
D = Decimal


@pytest.fixture
def room() -> Room:
    room = Room("binance", quote=D(10_000))
    quote(room, "60000", "60000.2")
    return room


def quote(room: Room, bid: str, ask: str) -> None:
    for market in room.markets:
        room.quotes(market, bid, ask, "100")


def position(room: Room) -> SimPosition:
    (found,) = room.exchange.positions(1, room.perpetual)
    return found


def leverage(room: Room, value: int, isolated: bool = False) -> None:
    if isolated:
        assert room.exchange.set_isolated(1, room.perpetual, SYMBOL, True, room.tick()) is None
    assert room.exchange.set_leverage(1, room.perpetual, SYMBOL, value, room.tick()) is None


@pytest.mark.parametrize(
    ("fills", "lots", "entry", "realised", "wallet"),
    [
        # (side, price, size) of takers at 5 bps; wallet starts with 10,000
        ([(BUY, "60000", "0.1")], 100, "60000", "0", "9997"),
        ([(BUY, "60000", "0.1"), (BUY, "61000", "0.1")], 200, "60500", "0", "9993.95"),
        ([(BUY, "60000", "0.1"), (SELL, "61000", "0.05")], 50, "60000", "50", "10045.475"),
        ([(BUY, "60000", "0.1"), (SELL, "61000", "0.1")], 0, "0", "100", "10093.95"),
        ([(BUY, "60000", "0.1"), (SELL, "61000", "0.15")], -50, "61000", "0", "10092.425"),
        ([(SELL, "60000", "0.1"), (BUY, "61000", "0.1")], 0, "0", "-100", "9893.95"),
    ],
)
def test_profit_and_entry_price(
    room: Room, fills: list[tuple[int, str, str]], lots: int, entry: str, realised: str, wallet: str
) -> None:
    for side, price, size in fills:
        quote(room, price, str(D(price) + D("0.2")))
        if side == BUY:
            room.quotes(room.perpetual, str(D(price) - D("0.2")), price, "100")
        order = room.place(room.perpetual, side, price=price, size=size, tif=IOC)
        assert order.status is Status.FILLED
    found = position(room)
    assert (found.lots, found.entry_price, found.realised) == (lots, D(entry), D(realised))
    assert room.total(room.perpetual, USDT) == D(wallet)
    fills_sum = sum(fill.realised - fill.fee for fill in room.exchange.fills(1, room.perpetual))
    assert 10_000 + fills_sum == D(wallet)


def test_an_average_that_has_no_finite_decimal_loses_nothing(room: Room) -> None:
    for price, size in (("60000", "0.002"), ("60000.1", "0.004")):
        room.quotes(room.perpetual, "59999", price, "100")
        room.place(room.perpetual, BUY, price=price, size=size, tif=IOC)
    assert position(room).entry_price == D("60000.06666667")
    quote(room, "60000", "60000.2")
    for _ in range(3):
        room.place(room.perpetual, SELL, price="60000", size="0.002", tif=IOC)
    assert sum(fill.realised for fill in room.exchange.fills(1, room.perpetual)) == D("-0.0004")


def test_margin_of_orders_and_positions(room: Room) -> None:
    leverage(room, 10)
    buy = room.place(room.perpetual, BUY, price="59000", size="0.1")
    assert room.exchange.margin(1, room.perpetual).order_margin == D(590)
    room.place(room.perpetual, SELL, price="61000", size="0.05")
    assert room.exchange.margin(1, room.perpetual).order_margin == D(590)  # the larger side counts
    room.place(room.perpetual, SELL, price="60000", size="0.2", tif=IOC)
    view = room.exchange.margin(1, room.perpetual)
    assert view.position_margin == D("1200.002")  # at the mark price 60,000.1
    assert view.order_margin == D(305)  # the buy would only close
    assert view.unrealised == D("-0.02")
    assert view.wallet == D(9_994)
    assert view.available == D(9_994) - D("0.02") - D("1200.002") - D(305)
    assert position(room).maintenance_margin == D("60.0001")
    room.exchange.cancel(1, buy, room.tick())
    balance = room.exchange.balances(1, room.perpetual)[0]
    assert balance.total == balance.free + balance.locked == D(9_994)


def test_margin_is_checked(room: Room) -> None:
    leverage(room, 2)
    assert room.refused(room.perpetual, BUY, price="60000", size="0.334").why is Why.NO_MARGIN
    assert room.refused(room.perpetual, BUY, size="0.334").why is Why.NO_MARGIN
    room.place(room.perpetual, BUY, price="60000", size="0.333")
    answer = room.exchange.set_leverage(1, room.perpetual, SYMBOL, 1, room.tick())
    assert isinstance(answer, Refusal)
    assert answer.why is Why.NO_MARGIN
    for value in (0, 126):
        answer = room.exchange.set_leverage(1, room.perpetual, SYMBOL, value, room.tick())
        assert isinstance(answer, Refusal)
        assert answer.why is Why.LEVERAGE_RANGE
    assert room.exchange.leverage(1, room.perpetual, SYMBOL) == (2, False)


def test_margin_mode_changes_only_without_position_or_order(room: Room) -> None:
    order = room.place(room.perpetual, BUY, price="59000", size="0.1")
    for isolated, why in ((False, Why.NOTHING_TO_CHANGE), (True, Why.HAS_POSITION)):
        answer = room.exchange.set_isolated(1, room.perpetual, SYMBOL, isolated, room.tick())
        assert isinstance(answer, Refusal)
        assert answer.why is why
    room.exchange.cancel(1, order, room.tick())
    assert room.exchange.set_isolated(1, room.perpetual, SYMBOL, True, room.tick()) is None
    assert isinstance(room.events[-1], BalanceChanged)
    assert room.events[-1].cause is BalanceCause.SETTINGS


def test_isolated_margin_is_set_aside_and_released_in_proportion(room: Room) -> None:
    leverage(room, 10, isolated=True)
    room.place(room.perpetual, BUY, size="0.1")
    assert position(room).isolated_margin == D("600.002")
    available = room.exchange.margin(1, room.perpetual).available
    quote(room, "50000", "50000.2")  # its loss does not touch what is free
    assert room.exchange.margin(1, room.perpetual).available == available
    quote(room, "60000", "60000.2")
    room.place(room.perpetual, SELL, size="0.05")
    assert position(room).isolated_margin == D("300.001")
    room.place(room.perpetual, SELL, size="0.05")
    assert position(room).isolated_margin == 0


class TestReduceOnly:
    def test_refused_without_a_position_to_close(self, room: Room) -> None:
        assert room.refused(room.perpetual, SELL, size="0.1", reduce_only=True).why is Why.REDUCE_ONLY
        room.place(room.perpetual, BUY, size="0.1")
        assert room.refused(room.perpetual, BUY, size="0.1", reduce_only=True).why is Why.REDUCE_ONLY

    def test_takes_no_more_than_the_position(self, room: Room) -> None:
        room.place(room.perpetual, BUY, size="0.1")
        order = room.place(room.perpetual, SELL, size="0.3", reduce_only=True)
        assert (order.status, order.end_reason, order.filled_lots) == (
            Status.EXPIRED,
            EndReason.REDUCE_ONLY,
            100,
        )
        assert position(room).lots == 0

    def test_shrinks_and_ends_with_the_position(self, room: Room) -> None:
        room.place(room.perpetual, BUY, size="0.3")
        order = room.place(room.perpetual, SELL, price="61000", size="0.3", reduce_only=True)
        room.place(room.perpetual, SELL, size="0.1")
        assert (order.resting_lots, order.lots, order.status) == (200, 300, Status.NEW)
        room.crowd(room.perpetual, BUY, "61000", "100", OrderKind.IOC)
        room.crowd(room.perpetual, BUY, "61000", "0.1", OrderKind.IOC)
        assert order.filled_lots > 0
        room.place(room.perpetual, SELL, price="59000", size="0.3", tif=IOC)
        assert order.status is Status.EXPIRED
        assert order.end_reason is EndReason.REDUCE_ONLY

    def test_needs_no_margin(self, room: Room) -> None:
        leverage(room, 1)
        room.place(room.perpetual, BUY, size="0.16")
        order = room.place(room.perpetual, SELL, price="61000", size="0.16", reduce_only=True)
        assert room.exchange.margin(1, room.perpetual).order_margin == 0
        assert order.status is Status.NEW


def test_funding_moves_money_from_longs_to_shorts(room: Room) -> None:
    room.place(room.perpetual, BUY, size="0.1")
    room.place(room.perpetual, SELL, account=room.other, size="0.1")
    room.quotes(room.spot, "59994", "59994.01", "100")  # the mark is 6.1 above the index: rate 0.001016 %
    before = room.total(room.perpetual, USDT), room.total(room.perpetual, USDT, room.other)
    room.exchange.funding.set_period(60 * 10**9, room.now_ns)
    room.turn()
    room.turn(60 * 10**9)
    charged = [event for event in room.events if isinstance(event, FundingCharged)]
    assert [(each.account_id, each.amount) for each in charged] == [
        (1, D("0.06096010")),
        (2, D("-0.06096010")),
    ]
    assert charged[0].rate == D("0.00001016")
    assert charged[0].time_ns % (60 * 10**9) == 0
    assert room.total(room.perpetual, USDT) == before[0] - D("0.06096010")
    assert room.total(room.perpetual, USDT, room.other) == before[1] + D("0.06096010")
    told = [event for event in room.events if isinstance(event, BalanceChanged)][-2:]
    assert [(each.cause, each.change) for each in told] == [
        (BalanceCause.FUNDING, D("-0.06096010")),
        (BalanceCause.FUNDING, D("0.06096010")),
    ]


def test_isolated_position_is_liquidated_in_the_market(room: Room) -> None:
    leverage(room, 20, isolated=True)
    room.place(room.perpetual, BUY, price="60000.2", size="0.2", tif=IOC)
    resting = room.place(room.perpetual, BUY, price="55000", size="0.01")
    wallet, limit = room.total(room.perpetual, USDT), position(room).liquidation_price
    assert limit == D("57286.62311558")  # (12,000.04 - 600.002) / (0.2 * 0.995)
    quote(room, "57286.6", "57286.8")
    room.turn()
    assert position(room).lots == 200
    quote(room, "57286.4", "57286.6")
    room.turn()
    assert (position(room).lots, resting.end_reason) == (0, EndReason.LIQUIDATION)
    order = room.exchange.ended_orders(1, room.perpetual)[-1]
    assert (order.status, order.end_reason, order.extra) == (
        Status.FILLED,
        EndReason.LIQUIDATION,
        {"liquidation": True},
    )
    loss = D("0.2") * (D("60000.2") - D("57286.4"))
    fee = D("0.2") * D("57286.4") * D("0.0005")
    assert room.total(room.perpetual, USDT) == wallet - loss - fee
    assert any(
        isinstance(each, BalanceChanged) and each.cause is BalanceCause.LIQUIDATION for each in room.events
    )


def test_what_nobody_takes_is_taken_over_at_the_bankruptcy_price(room: Room) -> None:
    leverage(room, 20, isolated=True)
    room.place(room.perpetual, SELL, price="60000", size="0.2", tif=IOC)
    wallet = room.total(room.perpetual, USDT)
    quote(room, "66000", "66000.2")  # past the bankruptcy price
    room.turn()
    order = room.exchange.ended_orders(1, room.perpetual)[-1]
    assert [(fill.trade_id, fill.price_ticks, fill.lots, fill.fee) for fill in order.fills] == [
        (0, 630_000, 200, 0)
    ]
    assert position(room).lots == 0
    assert room.total(room.perpetual, USDT) == wallet - 600


def test_cross_positions_are_liquidated_together_the_worst_first() -> None:
    room = Room("binance", quote=D(2_000), bases=("BTC", "ETH"))
    for market in room.markets:
        room.quotes(market, "60000", "60000.2", "100")
        room.quotes(market, "2999.99", "3000.01", "1000", base="ETH")
    leverage(room, 100)
    room.place(room.perpetual, BUY, price="60000.2", size="0.5", tif=IOC)
    room.place(room.perpetual, BUY, base="ETH", price="3000.01", size="1", tif=IOC)
    order = room.place(room.perpetual, BUY, price="55000", size="0.01")
    room.quotes(room.perpetual, "56300", "56300.2", "100")
    room.turn()
    lots = {each.symbol: each.lots for each in room.exchange.positions(1, room.perpetual)}
    assert lots == {"BTCUSDT": 0, "ETHUSDT": 1000}
    assert order.end_reason is EndReason.LIQUIDATION
    assert room.total(room.perpetual, USDT) >= 0
    room.turn()
    assert len([each for each in room.events if isinstance(each, OrderHappened) and each.order.extra]) == 2


@pytest.mark.parametrize(
    ("bid", "ask", "left"), [("30000", "30000.2", "0.0999"), ("59030.4", "59030.6", "0")]
)
def test_a_wallet_never_ends_below_zero(bid: str, ask: str, left: str) -> None:
    room = Room("binance", quote=D(1_000))
    for market in room.markets:
        room.quotes(market, "60000", "60000.2", "100")
    leverage(room, 125)
    room.place(room.perpetual, BUY, price="60000.2", size="1", tif=IOC)
    room.quotes(room.perpetual, bid, ask, "100")
    room.turn()
    assert room.total(room.perpetual, USDT) == D(left)
    assert position(room).lots == 0


def test_one_wallet_secures_swaps_with_what_spot_leaves() -> None:
    room = Room("okx", quote=D(10_000))
    for market in room.markets:
        room.quotes(market, "60000", "60000.2", "1000")
    room.place(room.spot, BUY, price="59000", size="0.1")
    margin = room.exchange.margin(1, room.perpetual)
    assert margin.available == D(4_100)
    room.place(
        room.perpetual, BUY, price="60000.2", size="100", tif=IOC
    )  # contracts of 0.01 BTC: 3,000 at 20
    assert room.refused(room.spot, BUY, price="59000", size="0.02").why is Why.NO_FUNDS
    assert room.exchange.balances(1, room.spot) == room.exchange.balances(1, room.perpetual)
    assert room.total(room.spot, BTC) == 1
