"""OKX's adapter against the simulated OKX over sockets: two readings of one documentation, written apart."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from itertools import count
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from tests.support.okx_desk import approved
from tests.support.simulated import Client, simulated
from trimaran.base.secret import Secret
from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientIdParts, pack_client_id
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Fees, Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport, PositionReport
from trimaran.venues.okx.dialect import OkxDialect
from trimaran.venues.okx.instruments import read_instruments, read_symbol_codes
from trimaran.venues.okx.private import OkxLine
from trimaran.venues.okx.spec import ALGO_LINE, PRIVATE_LINE, SPOT, SWAP
from trimaran.venues.wire.asks import (
    AccountFees,
    AmendOrder,
    ArmDeadMan,
    Armed,
    Ask,
    CancelOrder,
    CancelTaken,
    FillHistory,
    FundingNow,
    Interval,
    Klines,
    OpenOrders,
    OrderHistory,
    OrderRef,
    Placed,
    PlaceOrder,
    Positions,
    QueryOrder,
    ReadKeyPermissions,
    RecentTrades,
    ServerTime,
    SetLeverage,
    Tickers,
)
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault
from trimaran.venues.wire.instrument_list import FeeTable
from trimaran.venues.wire.lines import LinePong, LineReply, LoggedIn, SubscriptionTaken
from trimaran.venues.wire.market_spec import MarketSpec
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

MARKET_IOC = {"order_type": OrderType.MARKET, "tif": TimeInForce.IOC}


class Desk:
    """One market of the simulator, and the adapter on it."""

    def __init__(self, client: Client, spec: MarketSpec, setup: AccountSetup) -> None:
        self.client = client
        self.dialect = OkxDialect(spec, setup)
        self.setup = setup
        self.spec = spec
        self.symbol = Symbol("BTC-USDT" if spec is SPOT else "BTC-USDT-SWAP")
        self.instrument = setup.instruments[self.symbol]
        self.lots = 100 * self.instrument.order_lots_min if spec is SPOT else self.instrument.order_step
        self.heard: list[Any] = []
        self._ids = count(1)

    @staticmethod
    def stamp() -> Stamp:
        return Stamp(time.time_ns())

    async def ask(self, ask: Ask[Any]) -> Any:
        """An answer over REST."""
        request = self.dialect.write(ask, self.stamp())
        assert isinstance(request, HttpRequest), request
        sent = self.client.http.request(
            request.method, request.url, headers=dict(request.headers), data=request.body or None
        )
        async with sent as answer:
            reply = HttpReply(answer.status, await answer.read())
        return self.dialect.read(ask, reply, time.time_ns())

    async def refused(self, ask: Ask[Any]) -> FaultKind:
        """Why an ask is refused."""
        with pytest.raises(VenueFault) as caught:
            await self.ask(ask)
        assert caught.value.fault.effect is Effect.REFUSED
        return caught.value.fault.kind

    async def order(self, factor: str = "1", **changes: Any) -> Approved:
        """An order of ours at the last price times a factor."""
        (ticker,) = await self.ask(Tickers(self.symbol))
        ticks = self.instrument.price_grid.steps_floor(ticker.last * Decimal(factor))
        client_id = pack_client_id(ClientIdParts(1, 1, 1, next(self._ids)))
        given = {"client_order_id": client_id, "price_ticks": ticks, "lots": self.lots, **changes}
        return approved(self.instrument, **given)

    def ref(self, order: Approved, triggered: bool = False) -> OrderRef:
        return OrderRef(self.symbol, order.order.client_order_id, triggered=triggered)

    async def until(self, condition: Callable[[], object]) -> None:
        await self.client.until(condition)

    async def state(self, order: Approved, state: OrderState) -> OrderReport:
        """Waits until the line tells a state of an order."""

        def found() -> list[OrderReport]:
            mine = (each for each in self.heard if isinstance(each, OrderReport))
            return [
                each
                for each in mine
                if each.client_order_id == order.order.client_order_id and each.state is state
            ]

        await self.until(found)
        return found()[0]

    def fills(self, order: Approved) -> list[FillReport]:
        mine = (each for each in self.heard if isinstance(each, FillReport))
        return [each for each in mine if each.client_order_id == order.order.client_order_id]


@contextlib.asynccontextmanager
async def desk_of(spec: MarketSpec) -> AsyncIterator[Desk]:
    async with simulated(venues=("okx",)) as client:
        kind = "spot" if spec is SPOT else "swap"
        rest = client.base(f"okx.{kind}", "rest")
        async with client.http.get(rest + spec.instruments_path) as answer:
            body = await answer.read()
        known = {each.symbol: each for each in read_instruments(body, spec, FeeTable(spec.default_fees))}
        account = client.simulator.urls()["accounts"]["okx"]
        key = Credentials(account["key"], Secret(account["secret"]), Secret(account["passphrase"]))
        yield Desk(client, spec, AccountSetup(rest, known, key, symbol_codes=read_symbol_codes(body)))


@contextlib.asynccontextmanager
async def listening(desk: Desk, spec: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A private line, logged in and subscribed."""
    dialogue = OkxLine(desk.spec, desk.setup, spec)
    kind = "spot" if desk.spec is SPOT else "swap"
    url = desk.client.base(f"okx.{kind}", spec.base) + spec.path
    async with desk.client.ws(url) as socket:

        async def pump() -> None:
            async for message in socket:
                desk.heard += dialogue.read(message.data.encode(), time.time_ns())

        reading = asyncio.create_task(pump())
        login = dialogue.login(1, desk.stamp())
        assert login is not None
        await socket.send_str(login)
        await desk.until(lambda: LoggedIn() in desk.heard)
        texts = dialogue.subscriptions(2, desk.stamp())
        for _, text in texts:
            await socket.send_str(text)
        await socket.send_str(spec.heartbeat_text)
        await desk.until(lambda: all(SubscriptionTaken(name) in desk.heard for name, _ in texts))
        await desk.until(lambda: LinePong() in desk.heard)
        try:
            yield socket
        finally:
            await socket.close()
            await reading


@pytest.fixture(params=[SPOT, SWAP], ids=["spot", "swap"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with desk_of(request.param) as running:
        yield running


async def test_questions_are_answered(desk: Desk) -> None:
    await desk.client.traded()
    assert abs(await desk.ask(ServerTime()) - time.time_ns()) < 10**9
    assert (await desk.ask(RecentTrades(desk.symbol, 5)))[0].lots > 0
    assert {each.instrument_key for each in await desk.ask(Tickers())} >= {desk.instrument.key}
    assert isinstance(await desk.ask(Klines(desk.symbol, Interval.MINUTE_1, limit=3)), tuple)
    permissions = await desk.ask(ReadKeyPermissions())
    assert (permissions.may_trade, permissions.may_withdraw) == (True, False)
    assert await desk.ask(AccountFees(desk.symbol)) == (
        Fees(80_000, 100_000) if desk.spec is SPOT else Fees(20_000, 50_000)
    )
    assert isinstance(await desk.ask(ArmDeadMan(10 * 10**9)), Armed)
    for ask in (
        OpenOrders(None),
        OpenOrders(None, True),
        OrderHistory(desk.symbol),
        FillHistory(desk.symbol),
    ):
        assert await desk.ask(ask) == ()
    if desk.spec is SWAP:
        assert (await desk.ask(FundingNow(desk.symbol))).next_ns > time.time_ns()
        assert await desk.ask(SetLeverage(desk.symbol, 5)) == 5
        assert await desk.ask(Positions()) == ()


async def test_the_life_of_an_order_over_rest(desk: Desk) -> None:
    async with listening(desk, PRIVATE_LINE):
        order = await desk.order("0.95")
        placed = await desk.ask(PlaceOrder(order))
        assert isinstance(placed, Placed)
        resting = await desk.state(order, OrderState.ACKED)
        assert (resting.venue_order_id, resting.lots) == (placed.venue_order_id, desk.lots)
        asked = await desk.ask(QueryOrder(desk.ref(order)))
        assert replace(asked, local_ns=0) == replace(resting, local_ns=0)
        assert await desk.refused(PlaceOrder(order)) is FaultKind.DUPLICATE_ID
        larger = Approved(replace(order.order, lots=2 * desk.lots))
        assert await desk.ask(AmendOrder(larger)) == Placed(
            order.order.client_order_id, placed.venue_order_id
        )
        await desk.until(lambda: any(getattr(each, "lots", 0) == 2 * desk.lots for each in desk.heard))
        (listed,) = await desk.ask(OpenOrders(None))
        assert (listed.lots, listed.venue_order_id) == (2 * desk.lots, placed.venue_order_id)
        assert await desk.ask(CancelOrder(desk.ref(order))) == CancelTaken()
        assert (await desk.state(order, OrderState.CANCELED)).reason == "cancelled by the user"
        assert await desk.refused(CancelOrder(desk.ref(order))) is FaultKind.ORDER_ENDED
        assert await desk.refused(AmendOrder(order)) is FaultKind.ORDER_ENDED
        never = await desk.order()
        assert await desk.refused(QueryOrder(desk.ref(never))) is FaultKind.NO_SUCH_ORDER


async def test_fills_are_the_same_on_every_channel(desk: Desk) -> None:
    async with listening(desk, PRIVATE_LINE):
        order = await desk.order(**MARKET_IOC)
        await desk.ask(PlaceOrder(order))
        last = await desk.state(order, OrderState.FILLED)
        fills = desk.fills(order)
        assert sum(fill.lots for fill in fills) == last.filled_lots == desk.lots
        told = await desk.ask(FillHistory(desk.symbol, ref=desk.ref(order)))
        assert {replace(each, local_ns=0) for each in told} == {replace(each, local_ns=0) for each in fills}
        assert all(fill.fee is not None and fill.fee > 0 for fill in fills)
        kind = BalanceReport if desk.spec is SPOT else PositionReport
        await desk.until(lambda: any(isinstance(each, kind) for each in desk.heard))
        if desk.spec is SWAP:
            (position,) = await desk.ask(Positions())
            assert position.lots == desk.lots
        (ended,) = await desk.ask(OrderHistory(desk.symbol))
        assert ended.state is OrderState.FILLED


@pytest.mark.parametrize(
    ("tif", "factor", "reason"),
    [
        (TimeInForce.IOC, "0.95", "remainder of immediate-or-cancel"),
        (TimeInForce.FOK, "0.95", "fill-or-kill could not be filled"),
        (TimeInForce.POST_ONLY, "1.02", "post-only would take"),
    ],
)
async def test_orders_that_the_venue_ends(tif: TimeInForce, factor: str, reason: str) -> None:
    async with desk_of(SPOT) as desk, listening(desk, PRIVATE_LINE):
        order = await desk.order(factor, tif=tif)
        await desk.ask(PlaceOrder(order))
        assert (await desk.state(order, OrderState.EXPIRED)).reason == reason


async def test_the_life_of_an_order_over_the_line(desk: Desk) -> None:
    async with listening(desk, PRIVATE_LINE) as socket:
        order = await desk.order("0.95")
        lower = Approved(replace(order.order, price_ticks=order.order.price_ticks - 1))
        asks: list[Any] = [
            PlaceOrder(order), PlaceOrder(order), AmendOrder(lower), CancelOrder(desk.ref(order)),
            CancelOrder(desk.ref(order)),
        ]  # fmt: skip
        answers: list[Any] = []
        for number, ask in enumerate(asks, start=100):
            text = desk.dialect.write_order(ask, number, desk.stamp())
            assert isinstance(text, str)
            await socket.send_str(text)

            def replies(number: int = number) -> list[LineReply]:
                told = (each for each in desk.heard if isinstance(each, LineReply))
                return [each for each in told if each.request_id == number]

            await desk.until(replies)
            try:
                answers.append(type(desk.dialect.read(ask, replies()[0].reply, 1)))
            except VenueFault as error:
                answers.append(error.fault.kind)
        assert answers == [Placed, FaultKind.DUPLICATE_ID, Placed, CancelTaken, FaultKind.ORDER_ENDED]
        await desk.state(order, OrderState.CANCELED)


async def test_the_life_of_a_stop(desk: Desk) -> None:
    async with listening(desk, ALGO_LINE), listening(desk, PRIVATE_LINE):
        plain = await desk.order(order_type=OrderType.STOP_MARKET, tif=TimeInForce.IOC, side=Side.SELL)
        last_ticks = plain.order.price_ticks
        stop = Approved(replace(plain.order, trigger_ticks=last_ticks * 9 // 10))
        placed = await desk.ask(PlaceOrder(stop))
        assert placed.venue_order_id.startswith("algo:")
        waiting = await desk.state(stop, OrderState.ACKED)
        assert (waiting.order_type, waiting.trigger_ticks) == (
            OrderType.STOP_MARKET,
            stop.order.trigger_ticks,
        )
        (listed,) = await desk.ask(OpenOrders(None, triggered=True))
        assert listed.venue_order_id == placed.venue_order_id
        assert await desk.ask(OpenOrders(None)) == ()
        by_venue = OrderRef(desk.symbol, None, VenueOrderId(placed.venue_order_id))
        assert (await desk.ask(QueryOrder(by_venue))).state is OrderState.ACKED
        assert await desk.ask(CancelOrder(desk.ref(stop, triggered=True))) == CancelTaken()
        await desk.state(stop, OrderState.CANCELED)
        crossed = Approved(replace(stop.order, trigger_ticks=last_ticks * 11 // 10, client_order_id=77 << 4))
        assert await desk.refused(PlaceOrder(crossed)) is FaultKind.WOULD_TRIGGER


async def test_a_stop_that_is_triggered_trades_under_our_id(desk: Desk) -> None:
    async with listening(desk, ALGO_LINE), listening(desk, PRIVATE_LINE):
        stops = [await near_stop(desk, side) for side in (Side.BUY, Side.SELL)]
        await desk.until(lambda: any(desk.fills(stop) for stop in stops))
        stop = next(stop for stop in stops if desk.fills(stop))
        ended = await desk.state(stop, OrderState.FILLED)
        assert not ended.venue_order_id.startswith("algo:")
        asked = await desk.ask(QueryOrder(desk.ref(stop, triggered=True)))
        assert asked.venue_order_id == ended.venue_order_id
        own = OrderRef(desk.symbol, stop.order.client_order_id, ended.venue_order_id)
        assert (await desk.ask(QueryOrder(own))).state is OrderState.FILLED
        assert [fill.fill_id for fill in await desk.ask(FillHistory(desk.symbol, ref=own))] == [
            fill.fill_id for fill in desk.fills(stop)
        ]


async def near_stop(desk: Desk, side: Side) -> Approved:
    """A stop that a small move of the market triggers; where one was passed already, it is placed farther."""
    for ticks in count(5, 20):
        order = await desk.order(order_type=OrderType.STOP_MARKET, tif=TimeInForce.IOC, side=side)
        stop = replace(order.order, trigger_ticks=order.order.price_ticks + side.sign * ticks)
        with contextlib.suppress(VenueFault):
            await desk.ask(PlaceOrder(Approved(stop)))
            return Approved(stop)
    raise AssertionError
