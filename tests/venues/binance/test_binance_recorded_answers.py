"""Recorded answers of Binance's REST endpoints: every route that the adapter uses is read.

Recorded orders have ids of others. Where an answer must name the order that was placed, the recorded id is
replaced by ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.support.binance_account import (
    NOW_NS,
    OURS,
    OURS_TEXT,
    STAMP,
    approved_in,
    dialect,
    instrument,
    ref,
)
from tests.support.instruments import PERPETUAL, SPOT
from tests.support.jkorf import RestFixture, rest_fixtures
from trimaran.domain.account import Liquidity
from trimaran.domain.instrument import Fees, Instrument, Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import MarginMode
from trimaran.venues.wire.asks import (
    AccountFees,
    AmendOrder,
    ArmDeadMan,
    Armed,
    Ask,
    Balances,
    CancelAll,
    CancelledAll,
    CancelOrder,
    FillHistory,
    FundingNow,
    Interval,
    KeyPermissions,
    Klines,
    OpenOrders,
    OrderHistory,
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
from trimaran.venues.wire.message import HttpReply, HttpRequest

MS: Final = 1_000_000
# Symbols of the recordings, on grids that hold their numbers.
SPOTS: Final = {
    Symbol("BTCUSDT"): instrument(SPOT, "BTCUSDT", "BTC", "USDT", -8, -8),
    Symbol("LTCBTC"): instrument(SPOT, "LTCBTC", "LTC", "BTC", -8, -8),
    Symbol("BNBBTC"): instrument(SPOT, "BNBBTC", "BNB", "BTC", -8, -8),
}
PERPETUALS: Final = {
    Symbol("BTCUSDT"): instrument(PERPETUAL, "BTCUSDT", "BTC", "USDT", -8, -3),
    Symbol("BNBUSDT"): instrument(PERPETUAL, "BNBUSDT", "BNB", "USDT", -3, -2),
}
BTC: Final = Symbol("BTCUSDT")
SPOT_BTC, USDM_BTC, USDM_BNB = SPOTS[BTC], PERPETUALS[BTC], PERPETUALS[Symbol("BNBUSDT")]


@pytest.fixture(scope="module")
def recorded() -> Mapping[str, RestFixture]:
    return rest_fixtures("binnet")


def place(one: Instrument, **changes: Any) -> PlaceOrder:
    return PlaceOrder(approved_in(one, **changes))


# name of the recording, the ask that it answers
SPOT_ASKS: Final[dict[str, Ask[Any]]] = {
    "Spot/Trading/PlaceOrder": place(SPOT_BTC),
    "Spot/Trading/AmendOrder": AmendOrder(approved_in(SPOT_BTC)),
    "Spot/Trading/CancelOrder": CancelOrder(ref("LTCBTC", "4")),
    "Spot/Trading/CancelAllOrders": CancelAll(BTC),
    "Spot/Trading/GetOrder": QueryOrder(ref("LTCBTC", "1")),
    "Spot/Trading/GetOpenOrders": OpenOrders(None),
    "Spot/Trading/GetOrders": OrderHistory(Symbol("LTCBTC")),
    "Spot/Trading/GetUserTrades": FillHistory(Symbol("BNBBTC")),
    "Spot/Account/GetAccountInfo": Balances(),
    "Spot/Account/GetCommissionRates": AccountFees(BTC),
    "Spot/Account/GetAPIKeyPermissions": ReadKeyPermissions(),
    "Spot/ExchangeData/GetServerTime": ServerTime(),
    "Spot/ExchangeData/GetKlines": Klines(BTC, Interval.MINUTE_1),
    "Spot/ExchangeData/GetRecentTrades": RecentTrades(BTC),
    "Spot/ExchangeData/GetTicker": Tickers(Symbol("BNBBTC")),
}
USDM_ASKS: Final[dict[str, Ask[Any]]] = {
    "UsdFutures/Trading/PlaceOrder": place(USDM_BTC),
    "UsdFutures/Trading/EditOrder": AmendOrder(approved_in(USDM_BTC)),
    "UsdFutures/Trading/CancelOrder": CancelOrder(ref("BTCUSDT", "283194212")),
    "UsdFutures/Trading/CancelAllOrders": CancelAll(BTC),
    "UsdFutures/Trading/GetOrder": QueryOrder(ref("BTCUSDT", "1917641")),
    "UsdFutures/Trading/GetOpenOrders": OpenOrders(BTC),
    "UsdFutures/Trading/GetOrders": OrderHistory(BTC),
    "UsdFutures/Trading/GetUserTrades": FillHistory(BTC),
    "UsdFutures/Trading/GetPositions": Positions(),
    "UsdFutures/Trading/CancelAllOrdersAfterTimeout": ArmDeadMan(100_000_000_000, BTC),
    "UsdFutures/Trading/PlaceConditionalOrder": place(
        USDM_BNB, order_type=OrderType.TAKE_PROFIT_LIMIT, trigger_ticks=750_000
    ),
    "UsdFutures/Trading/CancelConditionalOrder": CancelOrder(ref("BTCUSDT", "algo:3000000000003505")),
    "UsdFutures/Trading/CancelAllConditionalOrders": CancelAll(BTC, True),
    "UsdFutures/Trading/GetConditionalOrder": QueryOrder(ref("BTCUSDT", "algo:1000001270850379")),
    "UsdFutures/Trading/GetOpenConditionalOrders": OpenOrders(None, True),
    "UsdFutures/Account/GetBalances": Balances(),
    "UsdFutures/Account/GetUserCommissionRate": AccountFees(BTC),
    "UsdFutures/Account/ChangeInitialLeverage": SetLeverage(BTC, 21),
    "UsdFutures/Account/ChangeMarginType": SetMarginMode(BTC, MarginMode.ISOLATED),
    "UsdFutures/Account/StartUserStream": StreamToken(TokenAction.START),
    "UsdFutures/Account/KeepAliveUserStream": StreamToken(TokenAction.KEEP, "abc"),
    "UsdFutures/Account/StopUserStream": StreamToken(TokenAction.END, "abc"),
    "UsdFutures/ExchangeData/GetServerTime": ServerTime(),
    "UsdFutures/ExchangeData/GetKlines": Klines(BTC, Interval.HOUR_1),
    "UsdFutures/ExchangeData/GetRecentTrades": RecentTrades(BTC),
    "UsdFutures/ExchangeData/GetTicker": Tickers(BTC),
    "UsdFutures/ExchangeData/GetMarkPrice": FundingNow(BTC),
}
ASKS: Final = SPOT_ASKS | USDM_ASKS
RECORDED_IDS: Final = (
    b"6gCrw2kRUAF9CvJDGP16IP",
    b"4d96324ff9d44481926157",
    b"testOrder",
    b"LJ9R4QZDihCaS8UAOOLpgW",
    b"6B2I9XVcJpCjqPAJ4YoFX7",
)


def answer(recorded: Mapping[str, RestFixture], name: str) -> Any:
    """The answer in a recording, to the ask that it belongs to."""
    body = recorded[name].body
    for other in RECORDED_IDS:
        body = body.replace(other, OURS_TEXT.encode())
    market, instruments = ("spot", SPOTS) if name in SPOT_ASKS else ("usdm", PERPETUALS)
    return dialect(market, instruments=instruments).read(ASKS[name], HttpReply(200, body), NOW_NS)


def test_every_recorded_route_is_asked_and_read(recorded: Mapping[str, RestFixture]) -> None:
    read = 0
    for name, ask in ASKS.items():
        fixture = recorded[name]
        market, instruments = ("spot", SPOTS) if name in SPOT_ASKS else ("usdm", PERPETUALS)
        request = dialect(market, instruments=instruments).write(ask, STAMP)
        assert isinstance(request, HttpRequest)
        assert (request.method, urlsplit(request.url).path) == (fixture.method, fixture.path), name
        assert ("signature=" in request.url) == fixture.signed, name
        assert answer(recorded, name) is not None
        read += 1
    print(f"{read} recorded answers read")
    assert read == len(SPOT_ASKS) + len(USDM_ASKS) == 42


def test_a_placed_spot_order_comes_with_its_fills(recorded: Mapping[str, RestFixture]) -> None:
    placed = answer(recorded, "Spot/Trading/PlaceOrder")
    assert (placed.client_order_id, placed.venue_order_id) == (OURS, "28")
    report = placed.report
    assert (report.state, report.side, report.order_type) == (OrderState.FILLED, Side.SELL, OrderType.LIMIT)
    assert (report.lots, report.filled_lots) == (10 * 10**8, 10 * 10**8)
    assert report.average_price == 1  # as recorded: 10 for 10, whatever the fills say
    assert report.venue_ns == 1507725176595 * MS
    assert [fill.fill_id for fill in placed.fills] == ["56", "57", "58", "59", "60"]
    assert sum(fill.lots for fill in placed.fills) == report.lots
    fees = [fill.fee for fill in placed.fills if fill.fee is not None]
    assert sum(fees, Decimal(0)) == Decimal("39.98300000")
    first = placed.fills[0]
    assert (first.price_ticks, first.fee_asset, first.liquidity) == (4000 * 10**8, "USDT", Liquidity.TAKER)
    assert (first.client_order_id, first.side, first.venue_order_id) == (OURS, Side.SELL, "28")


def test_spot_orders(recorded: Mapping[str, RestFixture]) -> None:
    amended = answer(recorded, "Spot/Trading/AmendOrder").report
    assert (amended.price_ticks, amended.lots) == (2341610000000, 847000)
    assert amended.venue_ns == 1660801717945 * MS
    cancelled = answer(recorded, "Spot/Trading/CancelOrder").report
    assert (cancelled.state, cancelled.client_text) == (OrderState.CANCELED, "myOrder1")
    assert cancelled.client_order_id is None
    assert answer(recorded, "Spot/Trading/CancelAllOrders") == CancelledAll(2)
    found = answer(recorded, "Spot/Trading/GetOrder")
    assert (found.state, found.price_ticks, found.lots) == (OrderState.ACKED, 10_000_000, 100_000_000)
    assert (found.average_price, found.trigger_ticks) == (None, 0)
    assert (found.tif, found.created_ns) == (TimeInForce.GTC, 1499827319559 * MS)
    assert len(answer(recorded, "Spot/Trading/GetOpenOrders")) == 1
    assert answer(recorded, "Spot/Trading/GetOrders") == ()  # the one that is recorded is still open
    (fill,) = answer(recorded, "Spot/Trading/GetUserTrades")
    assert (fill.fill_id, fill.venue_order_id, fill.side) == ("28457", "100234", Side.BUY)
    assert (fill.price_ticks, fill.lots) == (400_000_100, 1_200_000_000)
    assert (fill.fee, fill.fee_asset, fill.liquidity) == (Decimal("10.1"), "BNB", Liquidity.TAKER)


def test_the_spot_account(recorded: Mapping[str, RestFixture]) -> None:
    btc, ltc = answer(recorded, "Spot/Account/GetAccountInfo")
    assert (btc.asset, btc.total, btc.free) == (
        "BTC",
        Decimal("4723846.89208129"),
        Decimal("4723846.89208129"),
    )
    assert (ltc.asset, ltc.venue_ns) == ("LTC", 123456789 * MS)
    # in 1e-8: standard 10 and 20, tax 112 and 114; a buyer pays 30 + 118 more, a seller 40 + 116
    assert answer(recorded, "Spot/Account/GetCommissionRates") == Fees(10 + 112 + 156, 20 + 114 + 156)
    assert answer(recorded, "Spot/Account/GetAPIKeyPermissions") == KeyPermissions(True, False, False)


def test_usdm_orders(recorded: Mapping[str, RestFixture]) -> None:
    placed = answer(recorded, "UsdFutures/Trading/PlaceOrder")
    assert (placed.venue_order_id, placed.fills) == ("22542179", ())
    assert placed.report.lots == 10_000
    assert placed.report.trigger_ticks == 9300 * 10**8
    assert placed.report.tif is None  # GTD, which we do not have
    edited = answer(recorded, "UsdFutures/Trading/EditOrder").report
    assert (edited.price_ticks, edited.lots, edited.state) == (30005 * 10**8, 1000, OrderState.ACKED)
    cancelled = answer(recorded, "UsdFutures/Trading/CancelOrder").report
    assert (cancelled.state, cancelled.lots) == (OrderState.CANCELED, 11_000)
    assert answer(recorded, "UsdFutures/Trading/CancelAllOrders") == CancelledAll(None)
    assert answer(recorded, "UsdFutures/Trading/GetOrder").lots == 400
    assert len(answer(recorded, "UsdFutures/Trading/GetOpenOrders")) == 1
    assert answer(recorded, "UsdFutures/Trading/GetOrders") == ()
    (fill,) = answer(recorded, "UsdFutures/Trading/GetUserTrades")
    assert (fill.fee, fill.fee_asset, fill.side) == (Decimal("-0.07819010"), "USDT", Side.SELL)
    assert (fill.price_ticks, fill.lots, fill.liquidity) == (781_901_000_000, 2, Liquidity.TAKER)
    assert answer(recorded, "UsdFutures/Trading/CancelAllOrdersAfterTimeout") == Armed(0)


def test_usdm_orders_that_wait(recorded: Mapping[str, RestFixture]) -> None:
    placed = answer(recorded, "UsdFutures/Trading/PlaceConditionalOrder")
    assert placed.venue_order_id == "algo:2146760"
    report = placed.report
    assert (report.order_type, report.state) == (OrderType.TAKE_PROFIT_LIMIT, OrderState.ACKED)
    assert (report.trigger_ticks, report.price_ticks, report.lots) == (750_000, 750_000, 1)
    cancelled = answer(recorded, "UsdFutures/Trading/CancelConditionalOrder").report
    assert (cancelled.state, cancelled.price_ticks) == (OrderState.CANCELED, 160_000 * 10**8)
    assert answer(recorded, "UsdFutures/Trading/CancelAllConditionalOrders") == CancelledAll(None)
    finished = answer(recorded, "UsdFutures/Trading/GetConditionalOrder")
    assert (finished.state, finished.order_type) == (OrderState.FILLED, OrderType.STOP_MARKET)
    assert (finished.filled_lots, finished.average_price) == (2, Decimal("69067.60000"))
    assert finished.reduce_only
    assert finished.venue_order_id == "974828356187"  # of the order that came of it
    (waiting,) = answer(recorded, "UsdFutures/Trading/GetOpenConditionalOrders")
    assert (waiting.venue_order_id, waiting.client_order_id) == ("algo:2148627", None)


def test_the_usdm_account(recorded: Mapping[str, RestFixture]) -> None:
    (balance,) = answer(recorded, "UsdFutures/Account/GetBalances")
    assert (balance.total, balance.free) == (Decimal("122607.35137903"), Decimal("23.72469206"))
    assert (balance.asset, balance.market) == ("USDT", "binance.usdm")
    (position,) = answer(recorded, "UsdFutures/Trading/GetPositions")  # the short side is empty
    assert (position.lots, position.entry_price) == (1, Decimal("22185.2"))
    assert (position.mark_price, position.unrealised) == (Decimal("21123.05052574"), Decimal("-1.06214947"))
    assert (position.liquidation_price, position.leverage) == (Decimal("19731.45529116"), 4)
    assert position.margin_mode is MarginMode.CROSS
    assert answer(recorded, "UsdFutures/Account/GetUserCommissionRate") == Fees(20_000, 40_000)
    assert answer(recorded, "UsdFutures/Account/ChangeInitialLeverage") == 21
    assert answer(recorded, "UsdFutures/Account/ChangeMarginType") is MarginMode.ISOLATED
    assert answer(recorded, "UsdFutures/Account/StartUserStream").startswith("pqia91ma19a5s61cv6a81va65sdf")
    assert answer(recorded, "UsdFutures/Account/KeepAliveUserStream") == "abc"
    assert answer(recorded, "UsdFutures/Account/StopUserStream") == "abc"


def test_market_data(recorded: Mapping[str, RestFixture]) -> None:
    for market in ("Spot", "UsdFutures"):
        assert answer(recorded, f"{market}/ExchangeData/GetServerTime") == 1499827319559 * MS
        (bar,) = answer(recorded, f"{market}/ExchangeData/GetKlines")
        assert (bar.open_ns, bar.open, bar.high) == (1499040000000 * MS, Decimal("0.0163479"), Decimal("0.8"))
        assert (bar.low, bar.close) == (Decimal("0.015758"), Decimal("0.015771"))
        assert (bar.base_volume, bar.quote_volume) == (Decimal("148976.11427815"), Decimal("2434.19055334"))
        assert bar.closed
        (trade,) = answer(recorded, f"{market}/ExchangeData/GetRecentTrades")
        assert (trade.trade_id, trade.side, trade.price_ticks) == ("28457", Side.SELL, 400_000_100)
    (spot,) = answer(recorded, "Spot/ExchangeData/GetTicker")
    assert (spot.last, spot.bid, spot.ask) == (Decimal("4.000002"), Decimal(4), Decimal("4.000002"))
    (usdm,) = answer(recorded, "UsdFutures/ExchangeData/GetTicker")
    assert (usdm.last, usdm.bid, usdm.ask) == (Decimal("4.000002"), None, None)
    assert (usdm.base_volume, usdm.venue_ns) == (Decimal("8913.3"), 1499869899040 * MS)
    funding = answer(recorded, "UsdFutures/ExchangeData/GetMarkPrice")
    assert (funding.rate, funding.next_ns) == (Decimal("0.00038246"), 1597392000000 * MS)
    assert (funding.mark_price, funding.index_price) == (Decimal("11793.63104562"), Decimal("11781.80495970"))
