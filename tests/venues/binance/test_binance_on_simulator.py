"""Binance's adapter against the simulated Binance over sockets: two readings of one documentation."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.binance_desk import BTC, Desk, changed, desk_of
from trimaran.base.secret import KeyKind
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderState, OrderType, SelfTrade, TimeInForce
from trimaran.domain.reports import BalanceReport, FillReport, MarginMode, OrderReport, PositionReport
from trimaran.venues.wire.asks import (
    AccountFees,
    AmendOrder,
    ArmDeadMan,
    Armed,
    Balances,
    CancelAll,
    CancelledAll,
    CancelOrder,
    Disarmed,
    FillHistory,
    FundingNow,
    Interval,
    Klines,
    OpenOrders,
    OrderHistory,
    OrderRef,
    PlaceOrder,
    Positions,
    QueryOrder,
    ReadKeyPermissions,
    RecentTrades,
    ServerTime,
    SetLeverage,
    SetMarginMode,
    StreamToken,
    Tickers,
    TokenAction,
)
from trimaran.venues.wire.fault import FaultKind, VenueFault
from trimaran.venues.wire.lines import LineUnknown

MARKET_IOC: dict[str, Any] = {"order_type": OrderType.MARKET, "tif": TimeInForce.IOC}
STOP_MARKET: dict[str, Any] = {"order_type": OrderType.STOP_MARKET, "tif": TimeInForce.IOC}
ORDERS = {"spot": "private", "usdm": "orders"}


@pytest.fixture(params=["spot", "usdm"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with desk_of(request.param) as running:
        yield running
        assert not [each for each in running.heard if isinstance(each, LineUnknown)]


async def test_questions_are_answered(desk: Desk) -> None:
    await desk.client.traded()
    assert abs(await desk.ask(ServerTime()) - time.time_ns()) < 10**9
    trades = await desk.ask(RecentTrades(BTC, 5))
    assert [each.venue_ns for each in trades] == sorted(each.venue_ns for each in trades)
    assert {each.instrument_key for each in await desk.ask(Tickers())} >= {desk.instrument.key}
    assert isinstance(await desk.ask(Klines(BTC, Interval.MINUTE_1, limit=3)), tuple)
    permissions = await desk.ask(ReadKeyPermissions())
    assert permissions.may_trade
    assert permissions.may_withdraw is (False if desk.market == "spot" else None)
    assert (await desk.ask(AccountFees(BTC))).taker_e8 > 0
    assert {each.asset for each in await desk.ask(Balances())} >= {"USDT"}
    for ask in (OpenOrders(None), OpenOrders(BTC, True), OrderHistory(BTC), FillHistory(BTC)):
        assert await desk.ask(ask) == ()
    assert (await desk.ask(CancelAll(BTC))).count in (0, None)


async def test_questions_of_a_perpetual_are_answered() -> None:
    async with desk_of("usdm") as desk:
        assert (await desk.ask(FundingNow(BTC))).next_ns > time.time_ns()
        assert await desk.ask(SetLeverage(BTC, 5)) == 5
        for mode in (MarginMode.ISOLATED, MarginMode.ISOLATED, MarginMode.CROSS):
            assert await desk.ask(SetMarginMode(BTC, mode)) is mode
        assert await desk.ask(Positions()) == ()
        assert isinstance(await desk.ask(ArmDeadMan(10**10, BTC)), Armed)
        assert isinstance(await desk.ask(ArmDeadMan(0, BTC)), Disarmed)
        token = await desk.ask(StreamToken(TokenAction.START))
        assert await desk.ask(StreamToken(TokenAction.KEEP, token)) == token
        assert await desk.ask(StreamToken(TokenAction.END, token)) == token
        assert await desk.ask(CancelAll(BTC, True)) == CancelledAll(None)


async def test_the_life_of_an_order_over_rest(desk: Desk) -> None:
    async with desk.listening("private"):
        order = await desk.order("0.97", self_trade=SelfTrade.CANCEL_TAKER)
        placed = await desk.ask(PlaceOrder(order))
        resting = await desk.state(order, OrderState.ACKED)
        assert (resting.venue_order_id, resting.lots) == (placed.venue_order_id, desk.lots)
        asked = await desk.ask(QueryOrder(desk.ref(order)))
        assert terms(asked) == terms(resting) == terms(placed.report)
        assert await desk.refused(PlaceOrder(order)) is FaultKind.DUPLICATE_ID
        smaller = changed(order, lots=desk.lots // 2)
        amended = await desk.ask(AmendOrder(smaller))
        assert (amended.venue_order_id, amended.report.lots) == (placed.venue_order_id, desk.lots // 2)
        await desk.until(lambda: any(getattr(each, "lots", 0) == desk.lots // 2 for each in desk.heard))
        (listed,) = await desk.ask(OpenOrders(None))
        assert (listed.lots, listed.client_order_id) == (desk.lots // 2, order.order.client_order_id)
        taken = await desk.ask(CancelOrder(OrderRef(BTC, None, placed.venue_order_id)))
        assert (taken.report.state, taken.report.client_order_id) == (
            OrderState.CANCELED,
            order.order.client_order_id,
        )
        assert (await desk.state(order, OrderState.CANCELED)).venue_order_id == placed.venue_order_id
        assert await desk.refused(CancelOrder(desk.ref(order))) is FaultKind.NO_SUCH_ORDER
        (ended,) = await desk.ask(OrderHistory(BTC))
        assert ended.state is OrderState.CANCELED
        never = await desk.order()
        assert await desk.refused(QueryOrder(desk.ref(never))) is FaultKind.NO_SUCH_ORDER


@pytest.mark.parametrize("kind", list(KeyKind))
@pytest.mark.parametrize("market", ["spot", "usdm"])
async def test_the_life_of_an_order_over_the_line(market: str, kind: KeyKind) -> None:
    async with desk_of(market, kind) as desk, desk.listening(ORDERS[market]) as socket:
        order = await desk.order("0.97")
        placed = await desk.ask_line(socket, PlaceOrder(order))
        assert placed.client_order_id == order.order.client_order_id
        assert await desk.refused(PlaceOrder(order), socket) is FaultKind.DUPLICATE_ID
        amended = await desk.ask_line(socket, AmendOrder(changed(order, lots=desk.lots // 2)))
        assert amended.report.lots == desk.lots // 2
        cancelled = await desk.ask_line(socket, CancelOrder(desk.ref(order)))
        assert cancelled.report.state is OrderState.CANCELED
        assert await desk.refused(CancelOrder(desk.ref(order)), socket) is FaultKind.NO_SUCH_ORDER
        if market == "spot":
            await desk.ask_line(socket, PlaceOrder(await desk.order("0.96")))
            assert await desk.ask_line(socket, CancelAll(BTC)) == CancelledAll(1)
            await desk.state(order, OrderState.CANCELED)


async def test_fills_are_the_same_on_every_channel(desk: Desk) -> None:
    async with desk.listening("private"):
        order = await desk.order(**MARKET_IOC)
        placed = await desk.ask(PlaceOrder(order))
        last = await desk.state(order, OrderState.FILLED)
        await desk.until(lambda: sum(fill.lots for fill in desk.fills(order)) == desk.lots)
        assert last.filled_lots == desk.lots
        fills = desk.fills(order)
        assert all(fill.fee is not None and fill.fee > 0 for fill in fills)
        asked = FillHistory(BTC, ref=OrderRef(BTC, order.order.client_order_id, placed.venue_order_id))
        for told in (await desk.ask(asked), placed.fills):
            assert {replace(each, local_ns=0) for each in told} <= {
                replace(each, local_ns=0) for each in fills
            }
        assert len(await desk.ask(FillHistory(BTC))) == len(fills)
        assert placed.report.state is OrderState.FILLED
        assert len(placed.fills) == (len(fills) if desk.market == "spot" else 0)
        kind = BalanceReport if desk.market == "spot" else PositionReport
        await desk.until(lambda: any(isinstance(each, kind) for each in desk.heard))
        if desk.market == "usdm":
            (position,) = await desk.ask(Positions())
            assert position.lots == desk.lots
            assert position.entry_price is not None
            lite = desk.fills(order, fees=False)
            assert {fill.fill_id for fill in lite} <= {fill.fill_id for fill in fills}


async def test_orders_that_the_venue_ends_or_refuses(desk: Desk) -> None:
    async with desk.listening("private"):
        order = await desk.order("0.97", tif=TimeInForce.IOC)
        assert (await desk.ask(PlaceOrder(order))).report.state is OrderState.EXPIRED
        await desk.state(order, OrderState.EXPIRED)
        crossing = await desk.order("1.02", tif=TimeInForce.POST_ONLY)
        assert await desk.refused(PlaceOrder(crossing)) is FaultKind.WOULD_TAKE
        tiny = await desk.order("0.97", lots=desk.instrument.order_lots_min)
        assert await desk.refused(PlaceOrder(tiny)) is FaultKind.TOO_SMALL
        huge = await desk.order("0.97", lots=10**5 * desk.lots)
        assert await desk.refused(PlaceOrder(huge)) in (
            FaultKind.INSUFFICIENT_FUNDS,
            FaultKind.TOO_LARGE,
            FaultKind.FILTER,
            FaultKind.POSITION_LIMIT,
        )


async def test_the_life_of_a_stop(desk: Desk) -> None:
    async with desk.listening("private"):
        plain = await desk.order(**STOP_MARKET)
        above = plain.order.price_ticks * 11 // 10
        stop = changed(plain, trigger_ticks=above)
        placed = await desk.ask(PlaceOrder(stop))
        waiting = await desk.state(stop, OrderState.ACKED)
        assert waiting.order_type is OrderType.STOP_MARKET
        assert (waiting.trigger_ticks, waiting.venue_order_id) == (above, placed.venue_order_id)
        (listed,) = await desk.ask(OpenOrders(None, triggered=True))
        assert listed.venue_order_id == placed.venue_order_id
        if desk.market == "usdm":
            assert await desk.ask(OpenOrders(None)) == ()
        by_venue = OrderRef(BTC, None, placed.venue_order_id)
        assert (await desk.ask(QueryOrder(by_venue))).state is OrderState.ACKED
        assert (
            await desk.ask(QueryOrder(desk.ref(stop, True)))
        ).client_order_id == stop.order.client_order_id
        await desk.ask(CancelOrder(desk.ref(stop, triggered=True)))
        await desk.state(stop, OrderState.CANCELED)
        crossed = await desk.order(trigger_ticks=plain.order.price_ticks * 9 // 10, **STOP_MARKET)
        assert await desk.refused(PlaceOrder(crossed)) is FaultKind.WOULD_TRIGGER


async def test_a_stop_that_is_triggered_trades(desk: Desk) -> None:
    async with desk.listening("private"):
        stops = [await near_stop(desk, side) for side in (Side.BUY, Side.SELL)]

        def ended() -> list[Approved]:
            ids = {stop.order.client_order_id: stop for stop in stops}
            return [
                ids[each.client_order_id]
                for each in desk.heard
                if getattr(each, "state", None) is OrderState.FILLED and each.client_order_id in ids
            ]

        await desk.until(ended)
        stop = ended()[0]
        report = await desk.state(stop, OrderState.FILLED)
        assert not report.venue_order_id.startswith("algo:")
        own = OrderRef(BTC, stop.order.client_order_id, report.venue_order_id)
        assert (await desk.ask(QueryOrder(own))).state is OrderState.FILLED
        fills = await desk.ask(FillHistory(BTC, ref=own))
        assert sum(fill.lots for fill in fills) == desk.lots


async def near_stop(desk: Desk, side: Side) -> Approved:
    """A stop that a small move of the market triggers; where one was passed already, it is placed farther."""
    for ticks in (5, 10, 20, 40, 80):
        plain = await desk.order(side=side, **STOP_MARKET)
        stop = changed(plain, trigger_ticks=plain.order.price_ticks + side.sign * ticks)
        with contextlib.suppress(VenueFault):
            await desk.ask(PlaceOrder(stop))
            return stop
    raise AssertionError("the market ran away")


def terms(report: OrderReport) -> tuple[object, ...]:
    """What every channel says alike of an order."""
    return (
        report.instrument_key, report.venue_order_id, report.client_order_id, report.state, report.side,
        report.order_type, report.tif, report.price_ticks, report.lots, report.filled_lots,
        report.trigger_ticks,
    )  # fmt: skip


def alike(fills: Iterable[FillReport]) -> set[FillReport]:
    """Fills without the time at which we heard of them."""
    return {replace(fill, local_ns=0) for fill in fills}
