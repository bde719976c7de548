"""Recorded answers of HTX, one for every route that the adapter uses, read to values checked by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.htx_account import (
    BTC,
    FUTURE,
    LOCAL_NS,
    SPOT_DIALECT,
    SPOT_SETUP,
    SPOTS,
    SWAP,
    SWAP_DIALECT,
    approved,
    path_of,
    spot,
    written,
)
from tests.support.jkorf import RestFixture, rest_fixtures
from trimaran.domain.account import Liquidity, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Fees, Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport, PositionReport
from trimaran.venues.htx.dialect import HtxSpotDialect
from trimaran.venues.wire import asks
from trimaran.venues.wire.asks import Ask, Interval, OrderRef
from trimaran.venues.wire.dialect import MarketDialect
from trimaran.venues.wire.message import HttpReply

MS = 1_000_000
ADA, POLY = SPOTS[Symbol("adausdt")], SPOTS[Symbol("polyusdt")]
ADA_REF = OrderRef(ADA.symbol, ClientOrderId(16), VenueOrderId("1"))
ADA_BY_CLIENT = OrderRef(ADA.symbol, ClientOrderId(16))
SWAP_ORDER = "770334322963152896"
SWAP_REF = OrderRef(SWAP.symbol, None, VenueOrderId(SWAP_ORDER))
# The recording's key is hidden, so the account's is hidden alike.
HIDDEN_KEY = HtxSpotDialect(
    replace(SPOT_SETUP, credentials=replace(SPOT_SETUP.credentials, key="REDACTED"))  # type: ignore[type-var]
)
SMT_ALONE = HtxSpotDialect(replace(SPOT_SETUP, instruments={Symbol("smtusdt"): spot("SMT", 6, 4)}))
ONE_ACCOUNT = HtxSpotDialect(replace(SPOT_SETUP, account_id="1"))

Check = Callable[[Any], bool]
Case = tuple[MarketDialect, Ask[Any], Check]


def _spot_order(report: OrderReport) -> bool:
    return (
        (report.venue_order_id, report.client_text, report.client_order_id)
        == ("357632718898331", "23456", None)
        and (report.side, report.order_type, report.tif) == (Side.BUY, OrderType.LIMIT, TimeInForce.POST_ONLY)
        and (report.state, report.price_ticks, report.lots) == (OrderState.ACKED, 1_000_000, 500_000_000)
        and report.filled_lots == 0
        and report.created_ns == report.venue_ns == 1630649406687 * MS
    )


def _market_buy(reports: tuple[OrderReport, ...]) -> bool:
    (report,) = reports
    return (
        (report.state, report.order_type, report.side, report.lots, report.price_ticks)
        == (OrderState.FILLED, OrderType.MARKET, Side.BUY, 0, 0)
        and report.filled_lots == 14_792_899_408  # 147.928994082840236, cut to the grid
        and report.average_price is not None
        and round(report.average_price, 9) == Decimal("0.338000000")
        and report.venue_ns == 1629443051838 * MS
    )


def _spot_fill(fills: tuple[FillReport, ...]) -> bool:
    (fill,) = fills
    return fill == FillReport(
        fill_id="1085",  # type: ignore[arg-type]
        instrument_key=POLY.key,
        venue_order_id=VenueOrderId("345487249132375"),
        client_order_id=None,
        side=Side.BUY,
        price_ticks=3_380,
        lots=14_792_899_408,
        rest=Decimal("0.2840236"),  # bought by value: fractions of a lot from whoever sold
        liquidity=Liquidity.TAKER,
        fee=Decimal("0.1"),  # in points: the fee itself was 0
        fee_asset="HBPOINT",  # type: ignore[arg-type]
        venue_ns=1629443051839 * MS,
        local_ns=LOCAL_NS,
    )


def _spot_balances(reports: tuple[BalanceReport, ...]) -> bool:
    assert {(each.asset, each.total, each.free) for each in reports} == {
        ("USDT", Decimal("97.010043797676510318"), Decimal("91.850043797676510303")),
        ("POLY", Decimal("147.928994082840236"), Decimal("147.928994082840236")),
    }
    return True


def _swap_order(report: OrderReport) -> bool:
    return (
        (report.venue_order_id, report.client_text) == (SWAP_ORDER, "57012021045")
        and (report.state, report.side, report.order_type, report.tif)
        == (OrderState.FILLED, Side.SELL, OrderType.LIMIT, None)
        and (report.lots, report.filled_lots, report.price_ticks) == (1, 1, 130_598)
        and report.average_price == Decimal("13059.8")
        and report.reason == "timeout-canceled-order"
    )


def _swap_open(reports: tuple[OrderReport, ...]) -> bool:
    (report,) = reports
    return (
        (report.venue_order_id, report.client_order_id) == ("918814943964184578", None)
        and (report.tif, report.state) == (TimeInForce.POST_ONLY, OrderState.ACKED)
        and (report.price_ticks, report.average_price) == (660_000, None)
        and report.venue_ns == 1639104153425 * MS
    )


def _swap_fill(fills: tuple[FillReport, ...]) -> bool:
    (fill,) = fills
    return (
        (fill.fill_id, fill.venue_order_id) == ("2902136-918800256249405440-1", "918800256249405440")
        and (fill.price_ticks, fill.lots, fill.liquidity) == (485_556, 100, Liquidity.TAKER)
        and (fill.fee, fill.fee_asset) == (Decimal("2.42778"), "USDT")  # negative there: paid
    )


def _swap_detail(fills: tuple[FillReport, ...]) -> bool:
    (fill,) = fills
    return (fill.fill_id, fill.fee, fill.client_order_id) == (
        f"131560927-{SWAP_ORDER}-1",
        Decimal("0.00522392"),
        ClientOrderId(57012021045),
    )


def _position(reports: tuple[PositionReport, ...]) -> bool:
    perpetual, future = reports
    assert future.instrument_key == FUTURE.key
    return (
        (perpetual.lots, perpetual.entry_price, perpetual.leverage) == (1, Decimal("48945.9"), Decimal(5))
        and perpetual.unrealised == Decimal("-0.0038")
        and perpetual.venue_ns == 1638758525147 * MS
    )


def _bars_of_spot(bars: tuple[asks.Kline, ...]) -> bool:
    first, last = bars
    return (
        first.open_ns == 1629768900 * 1_000 * MS
        and (first.base_volume, first.quote_volume)
        == (Decimal("30.72223099519689"), Decimal("1505870.732227976"))
        and (first.closed, last.closed, last.close) == (True, False, Decimal("49025.51"))
    )


def _bars_of_swaps(bars: tuple[asks.Kline, ...]) -> bool:
    (bar,) = bars
    return (bar.base_volume, bar.quote_volume, bar.closed) == (Decimal("0.004"), Decimal("52.3072"), False)


def _trades_of_spot(trades: tuple[asks.PublicTrade, ...]) -> bool:
    assert [trade.trade_id for trade in trades] == ["102517381180", "102517381181", "102517381182"]
    last = trades[-1]
    return (last.price_ticks, last.lots, last.side) == (4_965_640, 12_400, Side.BUY)


def _ticker_of_swaps(rows: tuple[asks.TickerRow, ...]) -> bool:
    (row,) = rows
    return (row.last, row.bid, row.ask, row.base_volume, row.quote_volume) == (
        Decimal("39736.6"),
        Decimal("39736.5"),
        Decimal("39736.6"),
        Decimal("6891.566"),
        Decimal("273472535.834"),
    )


CASES: Mapping[str, Case] = {
    "Spot/Account/GetAccounts": (SPOT_DIALECT, asks.AccountId(), lambda found: found == "10000001"),
    "Spot/Account/GetUserId": (SPOT_DIALECT, asks.UserId(), lambda found: found == "63628520"),
    "Spot/Account/GetApiKeyInfo": (
        HIDDEN_KEY,
        asks.ReadKeyPermissions(),
        lambda found: found
        == asks.KeyPermissions(True, True, False, ("192.168.0.1", "192.168.1.1"), "63628520"),
    ),
    "Spot/Account/GetBalances": (ONE_ACCOUNT, asks.Balances(), _spot_balances),
    "Spot/Account/GetTradingFees": (
        SPOT_DIALECT, asks.AccountFees(BTC.symbol), lambda found: found == Fees(200_000, 200_000)
    ),
    "Spot/ExchangeData/GetKlines": (SPOT_DIALECT, asks.Klines(BTC.symbol, Interval.MINUTE_5), _bars_of_spot),
    "Spot/ExchangeData/GetTradeHistory": (SPOT_DIALECT, asks.RecentTrades(BTC.symbol), _trades_of_spot),
    "Spot/ExchangeData/GetTicker": (
        SPOT_DIALECT,
        asks.Tickers(BTC.symbol),
        lambda found: (found[0].bid, found[0].ask, found[0].quote_volume)
        == (Decimal("49819.48"), Decimal("49819.49"), Decimal("598561868.5709001")),
    ),
    "Spot/ExchangeData/GetTickers": (
        SMT_ALONE,
        asks.Tickers(),
        lambda found: [(each.instrument_key, each.last, each.bid, each.base_volume) for each in found]
        == [("htx.spot:smtusdt", Decimal("0.00468"), Decimal("0.004651"), Decimal("36551302.17544405"))],
    ),
    "Spot/Trading/PlaceOrder": (
        SPOT_DIALECT, asks.PlaceOrder(approved(BTC)), lambda found: found.venue_order_id == "356501383558845"
    ),
    "Spot/Trading/CancelOrder": (
        SPOT_DIALECT, asks.CancelOrder(ADA_REF), lambda found: found == asks.CancelTaken()
    ),
    "Spot/Trading/CancelOrderByClientOrderId": (
        SPOT_DIALECT, asks.CancelOrder(ADA_BY_CLIENT), lambda found: found == asks.CancelTaken()
    ),
    "Spot/Trading/CancelOrdersByCriteria": (
        SPOT_DIALECT,
        asks.CancelAll(None),
        lambda found: found == asks.CancelledAll(2, ("more from order 5454600",)),
    ),
    "Spot/Trading/GetOrder": (SPOT_DIALECT, asks.QueryOrder(ADA_REF), _spot_order),
    "Spot/Trading/GetOrderByClientOrderId": (SPOT_DIALECT, asks.QueryOrder(ADA_BY_CLIENT), _spot_order),
    "Spot/Trading/GetOpenOrders": (
        SPOT_DIALECT,
        asks.OpenOrders(None),
        lambda found: [(each.price_ticks, each.lots, each.side) for each in found]
        == [(1_555_550, 57_233_000_000, Side.SELL)],
    ),
    "Spot/Trading/GetClosedOrders": (SPOT_DIALECT, asks.OrderHistory(POLY.symbol), _market_buy),
    "Spot/Trading/GetUserTrades": (SPOT_DIALECT, asks.FillHistory(POLY.symbol), _spot_fill),
    "Spot/Trading/GetOrderTrades": (
        SPOT_DIALECT, asks.FillHistory(POLY.symbol, ref=replace(ADA_REF, symbol=POLY.symbol)), _spot_fill
    ),
    "UsdtMarginSwap/Account/GetCrossMarginAccountInfo": (
        SWAP_DIALECT,
        asks.Balances(),
        lambda found: [(each.asset, each.total, each.free) for each in found] == [("USDT", 10_000, 10_000)],
    ),
    "UsdtMarginSwap/Account/GetCrossMarginPositions": (SWAP_DIALECT, asks.Positions(), _position),
    "UsdtMarginSwap/Account/GetTradingFees": (
        SWAP_DIALECT, asks.AccountFees(SWAP.symbol), lambda found: found == Fees(20_000, 40_000)
    ),
    "UsdtMarginSwap/ExchangeData/GetFundingRate": (
        SWAP_DIALECT,
        asks.FundingNow(SWAP.symbol),
        lambda found: (found.rate, found.next_ns) == (Decimal("0.0001"), 1603699200000 * MS),
    ),
    "UsdtMarginSwap/ExchangeData/GetKlines": (
        SWAP_DIALECT, asks.Klines(SWAP.symbol, Interval.MINUTE_1), _bars_of_swaps
    ),
    "UsdtMarginSwap/ExchangeData/GetRecentTrades": (
        SWAP_DIALECT,
        asks.RecentTrades(SWAP.symbol),
        lambda found: [(each.trade_id, each.price_ticks, each.lots) for each in found]
        == [("1314767870000", 130_813, 2)],
    ),
    "UsdtMarginSwap/ExchangeData/GetTicker": (
        SWAP_DIALECT,
        asks.Tickers(SWAP.symbol),
        lambda found: [(each.last, each.bid, each.base_volume, each.quote_volume) for each in found]
        == [(Decimal("13076.8"), Decimal("13082.9"), Decimal("12.526"), Decimal("163247.3982"))],
    ),
    "UsdtMarginSwap/ExchangeData/GetTickers": (SWAP_DIALECT, asks.Tickers(), _ticker_of_swaps),
    "UsdtMarginSwap/Trading/PlaceCrossMarginOrder": (
        SWAP_DIALECT,
        asks.PlaceOrder(approved(SWAP)),
        lambda found: found.venue_order_id == "784017187857760256",
    ),
    "UsdtMarginSwap/Trading/CancelCrossMarginOrder": (  # among the failed and the cancelled at once
        SWAP_DIALECT, asks.CancelOrder(SWAP_REF), lambda found: found == asks.CancelTaken()
    ),
    "UsdtMarginSwap/Trading/CancelAllCrossMarginOrders": (
        SWAP_DIALECT, asks.CancelAll(SWAP.symbol), lambda found: found == asks.CancelledAll(2)
    ),
    "UsdtMarginSwap/Trading/CancelOrdersAfter": (
        SWAP_DIALECT, asks.ArmDeadMan(10**10), lambda found: found == asks.Armed(1566899973811 * MS)
    ),
    "UsdtMarginSwap/Trading/GetCrossMarginOrder": (SWAP_DIALECT, asks.QueryOrder(SWAP_REF), _swap_order),
    "UsdtMarginSwap/Trading/GetCrossMarginOpenOrders": (SWAP_DIALECT, asks.OpenOrders(None), _swap_open),
    "UsdtMarginSwap/Trading/GetCrossMarginClosedOrders": (
        SWAP_DIALECT,
        asks.OrderHistory(SWAP.symbol),
        lambda found: (
            [(each.venue_order_id, each.tif) for each in found]
            == [("770336866451992576", TimeInForce.POST_ONLY)]
        ),
    ),
    "UsdtMarginSwap/Trading/GetCrossMarginUserTrades": (
        SWAP_DIALECT, asks.FillHistory(FUTURE.symbol), _swap_fill
    ),
    "UsdtMarginSwap/Trading/GetCrossMarginOrderDetails": (
        SWAP_DIALECT, asks.FillHistory(SWAP.symbol, ref=SWAP_REF), _swap_detail
    ),
    "UsdtMarginSwap/Trading/SetCrossMarginLeverage": (
        SWAP_DIALECT, asks.SetLeverage(SWAP.symbol, 2), lambda found: found == Decimal(2)
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def fixtures() -> Mapping[str, RestFixture]:
    return rest_fixtures("htxnet")


@pytest.mark.parametrize("name", CASES)
def test_what_was_recorded(fixtures: Mapping[str, RestFixture], name: str) -> None:
    dialect, ask, check = CASES[name]
    fixture = fixtures[name]
    request = written(dialect, ask)
    assert request.method == fixture.method
    assert _shape(path_of(request)) == _shape(fixture.path)
    assert ("Signature=" in request.url) == fixture.signed
    found = dialect.read(ask, HttpReply(200, fixture.body), LOCAL_NS)
    assert check(found), found


def test_every_ask_was_met(fixtures: Mapping[str, RestFixture]) -> None:
    """The clock and spot's switch were not recorded; everything else that the adapter asks for was."""
    met = {(dialect.market, type(ask)) for dialect, ask, _ in CASES.values()}
    routes = {(each.market, ask) for each in (SPOT_DIALECT, SWAP_DIALECT) for ask in each._wording.routes}  # type: ignore[attr-defined]
    print(f"{len(CASES)} of {len(fixtures)} recorded endpoints read by HTX's adapter")
    assert routes - met == {
        ("htx.spot", asks.ServerTime),
        ("htx.swap", asks.ServerTime),
        ("htx.spot", asks.ArmDeadMan),
    }


def _shape(path: str) -> str:
    """A path without the ids in it."""
    return re.sub(r"/\d+", "/1", path)
