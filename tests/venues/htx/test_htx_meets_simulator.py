"""The adapter and the simulator, written apart from the same pages, understand each other: REST and lines."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace
from yarl import URL

from tests.support.htx_account import approved
from tests.support.htx_client import Trader, trading
from trimaran.base.secret import Secret
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Instrument, Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport, PositionReport
from trimaran.venues.htx import spec
from trimaran.venues.htx.dialect import HtxSpotDialect, HtxSwapDialect
from trimaran.venues.htx.instruments import read_instruments
from trimaran.venues.htx.private import HtxSpotLine
from trimaran.venues.htx.swap_private import HtxSwapLine
from trimaran.venues.wire import asks
from trimaran.venues.wire.asks import Ask, OrderRef
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup, MarketDialect
from trimaran.venues.wire.fault import FaultKind, VenueFault
from trimaran.venues.wire.instrument_list import FeeTable
from trimaran.venues.wire.lines import LinePing, LineReply, LineUnknown, LoggedIn, SubscriptionTaken
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

SECONDS_MAX = 20.0
MARKETS = ("htx.spot", "htx.swap")


def now() -> Stamp:
    return Stamp(time.time_ns())


class Account:
    """An account of the simulator as the adapter sees it: one dialect, two lines."""

    def __init__(self, trader: Trader, market: str, instruments: Mapping[Symbol, Instrument]) -> None:
        self.trader, self.market = trader, market
        self.is_spot = market == "htx.spot"
        self.symbol = Symbol("btcusdt" if self.is_spot else "BTC-USDT")
        self.instrument = instruments[self.symbol]
        key = Credentials(trader.key, Secret(trader.secret))
        leverage = {self.symbol: 5}
        self.setup = AccountSetup(trader.base(market, "rest"), instruments, key, leverage=leverage)
        self.heard: dict[str, list[Any]] = {}
        self._ids = ClientIdCounter(1, 2, 3)

    @property
    def dialect(self) -> MarketDialect:
        return HtxSpotDialect(self.setup) if self.is_spot else HtxSwapDialect(self.setup)

    async def ask(self, ask: Ask[Any]) -> Any:
        request = self.dialect.write(ask, now())
        assert isinstance(request, HttpRequest), request
        url = URL(request.url, encoded=True)
        call = self.trader.http.request(
            request.method, url, data=request.body or None, headers=request.headers
        )
        async with call as got:
            reply = HttpReply(got.status, await got.read())
        return self.dialect.read(ask, reply, time.time_ns())

    async def refused(self, ask: Ask[Any]) -> FaultKind:
        with pytest.raises(VenueFault) as caught:
            await self.ask(ask)
        return caught.value.fault.kind

    async def order(self, share: str, **changes: Any) -> Approved:
        """An order at a share of the last price, with an id of its own."""
        (row,) = await self.ask(asks.Tickers(self.symbol))
        client_order_id, self._ids = self._ids.take()
        ticks = int(row.last * Decimal(share) / self.instrument.price_grid.step)
        lots = 1_000 * self.instrument.order_step if self.is_spot else 10
        order = {"client_order_id": client_order_id, "price_ticks": ticks, "lots": lots, **changes}
        return approved(self.instrument, **order)

    def ref(self, order: Approved) -> OrderRef:
        return OrderRef(self.symbol, order.order.client_order_id)

    async def until(self, line: str, count: int, kind: type) -> list[Any]:
        """The first `count` messages of a kind that a line told."""
        async with asyncio.timeout(SECONDS_MAX):
            while len(found := [each for each in self.heard[line] if isinstance(each, kind)]) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return found


async def _listen(socket: aiohttp.ClientWebSocketResponse, line: Any, heard: list[Any]) -> None:
    async for message in socket:
        payload = message.data if isinstance(message.data, bytes) else message.data.encode()
        for each in line.read(payload, time.time_ns()):
            if isinstance(each, LinePing):
                await socket.send_str(each.reply_text)
            heard.append(each)


@contextlib.asynccontextmanager
async def _account(market: str) -> AsyncIterator[Account]:
    market_spec = spec.SPOT if market == "htx.spot" else spec.SWAP
    async with trading() as trader:
        async with trader.http.get(trader.base(market, "rest") + market_spec.instruments_path) as got:
            listed = read_instruments(await got.read(), market_spec, FeeTable(market_spec.default_fees))
        account = Account(trader, market, {each.symbol: each for each in listed})
        if account.is_spot:
            ids = {
                "account_id": await account.ask(asks.AccountId()),
                "user_id": await account.ask(asks.UserId()),
            }
            account.setup = replace(account.setup, **ids)
        yield account


@contextlib.asynccontextmanager
async def _lines(account: Account) -> AsyncIterator[Mapping[str, aiohttp.ClientWebSocketResponse]]:
    """Both lines, logged in and subscribed."""
    private = spec.SPOT_PRIVATE if account.is_spot else spec.SWAP_PRIVATE
    make = HtxSpotLine if account.is_spot else HtxSwapLine
    sockets, listeners = {}, []
    for line_spec in private.lines:
        base = account.trader.base(account.market, line_spec.base)
        line = make(line_spec, base, account.setup)
        socket = await account.trader.http.ws_connect(base + line_spec.path)
        sockets[line_spec.name] = socket
        heard = account.heard.setdefault(line_spec.name, [])
        listeners.append(asyncio.create_task(_listen(socket, line, heard)))
        text = line.login(1, now())
        assert text is not None
        await socket.send_str(text)
        await account.until(line_spec.name, 1, LoggedIn)
        topics = line.subscriptions(2, now())
        for _, subscription in topics:
            await socket.send_str(subscription)
        await account.until(line_spec.name, len(topics), SubscriptionTaken)
    yield sockets
    for socket in sockets.values():
        await socket.close()
    await asyncio.gather(*listeners)


@pytest.mark.parametrize("market", MARKETS)
async def test_orders_over_rest(market: str) -> None:
    async with _account(market) as account:
        order = await account.order("0.97")
        placed = await account.ask(asks.PlaceOrder(order))
        report = await account.ask(asks.QueryOrder(account.ref(order)))
        assert (report.state, report.venue_order_id) == (OrderState.ACKED, placed.venue_order_id)
        assert (report.price_ticks, report.lots) == (order.order.price_ticks, order.order.lots)
        (listed,) = await account.ask(asks.OpenOrders(account.symbol))
        assert listed.client_order_id == order.order.client_order_id
        assert await account.refused(asks.PlaceOrder(order)) is FaultKind.DUPLICATE_ID
        await account.ask(asks.CancelOrder(account.ref(order)))
        by_venue = replace(account.ref(order), venue_order_id=placed.venue_order_id)
        assert (await account.ask(asks.QueryOrder(by_venue))).state is OrderState.CANCELED
        assert await account.refused(asks.CancelOrder(account.ref(order))) is FaultKind.ORDER_ENDED
        nobody = account.ref(await account.order("1"))
        assert await account.refused(asks.QueryOrder(nobody)) is FaultKind.NO_SUCH_ORDER
        assert await account.refused(asks.CancelOrder(nobody)) is FaultKind.NO_SUCH_ORDER
        (ended,) = await account.ask(asks.OrderHistory(account.symbol))
        assert ended.venue_order_id == placed.venue_order_id
        assert await account.ask(asks.CancelAll(account.symbol)) == asks.CancelledAll(0)


@pytest.mark.parametrize("market", MARKETS)
async def test_fills_and_the_account(market: str) -> None:
    async with _account(market) as account:
        market_order = {"order_type": OrderType.MARKET, "tif": TimeInForce.IOC}
        orders = [
            await account.order("1.02", tif=TimeInForce.IOC),
            await account.order("1.02", **market_order),
            await account.order("0.98", **market_order, side=Side.SELL),
        ]
        for order in orders:
            placed = await account.ask(asks.PlaceOrder(order))
            ref = replace(account.ref(order), venue_order_id=placed.venue_order_id)
            report = await account.ask(asks.QueryOrder(ref))
            fills: Sequence[FillReport] = await account.ask(asks.FillHistory(account.symbol, ref=ref))
            assert report.state is OrderState.FILLED
            assert sum(fill.lots for fill in fills) == report.filled_lots == order.order.lots
            assert all(fill.fee is not None and fill.fee > 0 for fill in fills)
        everything = await account.ask(asks.FillHistory(account.symbol, since_ns=time.time_ns() - 10**12))
        assert len(everything) >= 3
        assert await account.ask(asks.Balances())
        fees = await account.ask(asks.AccountFees(account.symbol))
        assert fees.taker_e8 == account.instrument.fees.taker_e8
        if account.is_spot:
            assert (await account.ask(asks.ReadKeyPermissions())).may_trade
        else:
            (position,) = await account.ask(asks.Positions())
            assert position.lots == 10
            assert await account.ask(asks.SetLeverage(account.symbol, 5)) == 5


@pytest.mark.parametrize("market", MARKETS)
async def test_a_forgotten_desk_is_cancelled(market: str) -> None:
    async with _account(market) as account:
        armed = await account.ask(asks.ArmDeadMan(10 * 10**9))
        assert isinstance(armed, asks.Armed)
        assert abs(armed.fires_ns - time.time_ns() - 10 * 10**9) < 5 * 10**9
        assert await account.ask(asks.ArmDeadMan(0)) == asks.Disarmed()
        assert await account.ask(asks.ServerTime()) > 0


@pytest.mark.parametrize("market", MARKETS)
async def test_both_lines(market: str) -> None:
    """An order over the line, and everything that becomes of it as pushes; nothing that is not understood."""
    async with _account(market) as account, _lines(account) as sockets:
        placed = asks.PlaceOrder(await account.order("1.02", tif=TimeInForce.IOC))
        text = account.dialect.write_order(placed, 41, now())
        assert isinstance(text, str)
        await sockets["orders"].send_str(text)
        (reply,) = await account.until("orders", 1, LineReply)
        assert reply.request_id == 41
        order_id = account.dialect.read(placed, reply.reply, 0).venue_order_id
        fills = await account.until("private", 1, FillReport)
        orders = await account.until("private", 2, OrderReport)
        assert {each.venue_order_id for each in (*fills, *orders)} == {order_id}
        assert orders[-1].state is OrderState.FILLED
        assert fills[0].fee is not None
        assert fills[0].client_order_id == placed.approved.order.client_order_id
        await account.until("private", 2, BalanceReport)
        if not account.is_spot:
            assert (await account.until("private", 1, PositionReport))[0].lots == 10
        await sockets["orders"].send_str(
            str(account.dialect.write_order(asks.CancelAll(account.symbol), 42, now()))
        )
        reply = (await account.until("orders", 2, LineReply))[-1]
        cancelled = account.dialect.read(asks.CancelAll(account.symbol), reply.reply, 0)
        assert cancelled == asks.CancelledAll(0)
        assert not [
            each for heard in account.heard.values() for each in heard if isinstance(each, LineUnknown)
        ]
