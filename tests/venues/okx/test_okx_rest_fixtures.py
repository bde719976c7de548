"""Recorded answers of OKX's REST endpoints: one for every route of the adapter, checked by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import pytest
from msgspec.structs import replace

from tests.support.jkorf import RestFixture, rest_fixtures
from tests.support.okx_desk import (
    BTC,
    BTC_SWAP,
    CLIENT_ID,
    CLIENT_TEXT,
    CREDENTIALS,
    LOCAL_NS,
    STAMP,
    approved,
    instrument,
)
from tools.tidy.files import ROOT
from trimaran.domain.account import Liquidity, VenueOrderId
from trimaran.domain.instrument import Fees, Grid, Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.venues.okx.dialect import OkxDialect
from trimaran.venues.okx.spec import SPOT, SWAP
from trimaran.venues.wire.asks import (
    AccountFees,
    AccountId,
    AmendOrder,
    ArmDeadMan,
    Armed,
    Balances,
    CancelOrder,
    CancelTaken,
    FillHistory,
    FundingNow,
    Interval,
    KeyPermissions,
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
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import Effect, VenueFault
from trimaran.venues.wire.message import HttpReply, HttpRequest

SYMBOL, SWAP_SYMBOL = Symbol("BTC-USDT"), Symbol("BTC-USDT-SWAP")
FUTURE = replace(BTC_SWAP, symbol=Symbol("ETH-USD-210430"))  # what the recorded position is of
INVERSE = replace(BTC_SWAP, symbol=Symbol("BTC-USD-SWAP"))
DOGE = instrument(SPOT, "DOGE", "USDT", Grid(1, -4), Grid(1, -4))
KNOWN = {each.symbol: each for each in (BTC, BTC_SWAP, FUTURE, INVERSE, DOGE)}
FILLED = VenueOrderId("680800019749904384")
PLACED = "UnifiedApi/Trading/PlaceOrder"
STOP = approved(order_type=OrderType.STOP_MARKET, trigger_ticks=1)
Check = Callable[[Any], object]


def is_filled_order(order: Any) -> bool:
    """100 USDT of bitcoin, bought at the market."""
    return (
        (order.state, order.order_type, order.tif) == (OrderState.FILLED, OrderType.MARKET, TimeInForce.IOC)
        and (order.lots, order.filled_lots, order.price_ticks) == (0, 192_834, 0)
        and (order.average_price, order.side) == (Decimal(51858), Side.BUY)
        and order.venue_ns == 1_708_587_373_362_000_000
    )


def is_the_fill(fill: Any) -> bool:
    return (
        (fill.fill_id, fill.venue_order_id, fill.client_order_id) == ("744876980", FILLED, None)
        and (fill.price_ticks, fill.lots, fill.liquidity) == (518_580, 192_834, Liquidity.TAKER)
        and (fill.fee, fill.fee_asset) == (Decimal("0.00000192834"), "BTC")
    )


def is_waiting(order: Any) -> bool:
    return (
        order.venue_order_id == "algo:681096944655273984"
        and (order.state, order.order_type) == (OrderState.ACKED, OrderType.STOP_MARKET)
        and (order.trigger_ticks, order.lots) == (1_000, 1_000_000_000)
    )


def is_the_position(position: Any) -> bool:
    return (
        (position.lots, position.entry_price) == (1_000_000, Decimal("2566.31"))
        and (position.leverage, position.liquidation_price) == (10, Decimal("2352.8496681818233"))
        and position.unrealised == Decimal("-0.0000009932766034")
    )


def is_the_balance(balance: Any) -> bool:
    return (
        (balance.asset, balance.total) == ("USDT", Decimal("4850.435693622894"))
        and balance.free == Decimal("4834.317093622894")
        and balance.venue_ns == 1_705_449_605_015_000_000
    )


# name of the recording, market, what is asked, what is true of the answer
CASES: list[tuple[str, Any, Any, Check]] = [
    ("Trading/AmendOrder", SPOT, AmendOrder(approved()),
     lambda found: found == Placed(CLIENT_ID, VenueOrderId("12344"))),
    ("Trading/CancelOrder", SPOT, CancelOrder(OrderRef(SYMBOL, CLIENT_ID)),
     lambda found: found == CancelTaken()),
    ("Trading/PlaceAlgoOrder", SPOT, PlaceOrder(STOP),
     lambda found: found == Placed(CLIENT_ID, VenueOrderId("algo:12345689"))),
    ("Trading/CancelAlgoOrder", SPOT, CancelOrder(OrderRef(SYMBOL, CLIENT_ID, triggered=True)),
     lambda found: found == CancelTaken()),
    ("Trading/GetOrderDetails", SPOT, QueryOrder(OrderRef(SYMBOL, None, FILLED)), is_filled_order),
    ("Trading/GetOrders", SPOT, OpenOrders(SYMBOL),
     lambda found: [(each.state, each.price_ticks, each.lots, each.tif) for each in found]
     == [(OrderState.ACKED, 592_000, 100_000_000, TimeInForce.GTC)]),
    ("Trading/GetOrderHistory", SPOT, OrderHistory(SYMBOL), lambda found: is_filled_order(*found)),
    ("Trading/GetUserTrades", SPOT, FillHistory(SYMBOL), lambda found: is_the_fill(*found)),
    ("Trading/GetAlgoOrder", SPOT,
     QueryOrder(OrderRef(SYMBOL, None, VenueOrderId("algo:681187161907138560"))),
     lambda found: (found.state, found.venue_order_id) == (OrderState.ACKED, "algo:681187161907138560")),
    ("Trading/GetAlgoOrderList", SPOT, OpenOrders(None, triggered=True), lambda found: is_waiting(*found)),
    ("Trading/CancelAllAfter", SPOT, ArmDeadMan(60 * 10**9),
     lambda found: found == Armed(1_587_971_460_000_000_000)),
    ("Account/GetAccountBalance", SPOT, Balances(), lambda found: is_the_balance(*found)),
    ("Account/GetAccountPositions", SWAP, Positions(), lambda found: is_the_position(*found)),
    ("Account/GetFeeRates", SPOT, AccountFees(SYMBOL), lambda found: found == Fees(80_000, 100_000)),
    ("Account/SetAccountLeverage", SWAP, SetLeverage(SWAP_SYMBOL, 30), lambda found: found == 30),
    ("Account/GetAccountConfiguration", SPOT, ReadKeyPermissions(),
     lambda found: found == KeyPermissions(
         True, True, True, ("120.255.24.182", "49.245.196.13"), "44705892343619584")),
    ("Account/GetAccountConfiguration", SPOT, AccountId(), lambda found: found == "44705892343619584"),
    ("ExchangeData/GetServerTime", SPOT, ServerTime(), lambda found: found == 1_597_026_383_085_000_000),
    ("ExchangeData/GetKlines", SPOT, Klines(SYMBOL, Interval.MINUTE_1),
     lambda found: [(each.open, each.base_volume, each.quote_volume, each.closed) for each in found]
     == [(Decimal("3.731"), 24912403, Decimal("37632347.24399722"), False),
         (Decimal("3.721"), 8422410, Decimal("12698348.04828491"), False)]),
    ("ExchangeData/GetKlineHistory", SWAP,
     Klines(SWAP_SYMBOL, Interval.MINUTE_1, since_ns=1_597_026_383_085_000_000),
     lambda found: [each.base_volume for each in found]
     == [Decimal("67632347.24399722"), Decimal("22698348.04828491")]),
    ("ExchangeData/GetRecentTrades", SPOT, RecentTrades(SYMBOL),
     lambda found: [(each.trade_id, each.price_ticks, each.lots, each.side) for each in found]
     == [("242720719", 299_641, 1_000, Side.SELL), ("242720720", 299_632, 1_000, Side.SELL)]),
    ("ExchangeData/GetTickers", SWAP, Tickers(),
     lambda found: [(each.instrument_key, each.last, each.bid, each.base_volume) for each in found]
     == [("okx.swap:BTC-USD-SWAP", Decimal("9999.99"), Decimal("8888.88"), 2222)]),
    ("ExchangeData/GetTicker", SWAP, Tickers(INVERSE.symbol),
     lambda found: [(each.last, each.ask, each.quote_volume) for each in found]
     == [(Decimal("9999.99"), Decimal("9999.99"), None)]),
    ("ExchangeData/GetFundingRates", SWAP, FundingNow(SWAP_SYMBOL),
     lambda found: (found.rate, found.next_ns)
     == (Decimal("0.0000792386885340"), 1_703_088_000_000_000_000)),
]  # fmt: skip


@pytest.fixture(scope="module")
def recorded() -> Mapping[str, RestFixture]:
    return rest_fixtures("okxnet")


def dialect_of(spec: Any) -> OkxDialect:
    return OkxDialect(spec, AccountSetup("", KNOWN, CREDENTIALS))


@pytest.mark.parametrize(("name", "spec", "ask", "check"), CASES, ids=[case[0] for case in CASES])
def test_a_recorded_answer_is_read_right(
    recorded: Mapping[str, RestFixture], name: str, spec: Any, ask: Any, check: Check
) -> None:
    fixture = recorded[f"UnifiedApi/{name}"]
    found = dialect_of(spec).read(ask, HttpReply(200, fixture.body), LOCAL_NS)
    assert check(found), found


@pytest.mark.parametrize(("name", "spec", "ask", "check"), CASES, ids=[case[0] for case in CASES])
def test_the_request_goes_to_the_route_of_the_recording(
    recorded: Mapping[str, RestFixture], name: str, spec: Any, ask: Any, check: Check
) -> None:
    fixture, request = recorded[f"UnifiedApi/{name}"], dialect_of(spec).write(ask, STAMP)
    assert isinstance(request, HttpRequest)
    assert (request.method, request.url.partition("?")[0]) == (fixture.method, fixture.path)
    assert ("OK-ACCESS-SIGN" in request.headers) == fixture.signed


def test_a_recorded_answer_to_somebody_elses_order_is_not_taken_for_ours(
    recorded: Mapping[str, RestFixture],
) -> None:
    fixture = recorded[PLACED]
    with pytest.raises(VenueFault, match="SCHEMA: clOrdId") as caught:
        dialect_of(SPOT).read(PlaceOrder(approved()), HttpReply(200, fixture.body), LOCAL_NS)
    assert caught.value.fault.effect is Effect.UNKNOWN
    mine = HttpReply(200, fixture.body.replace(b"oktswap6", CLIENT_TEXT.encode()))
    placed = dialect_of(SPOT).read(PlaceOrder(approved()), mine, LOCAL_NS)
    assert placed == Placed(CLIENT_ID, VenueOrderId("312269865356374016"))


UNRECORDED: Final = {"/api/v5/trade/cancel-batch-orders"}  # its rows are those of cancel-order


def test_no_route_of_the_adapter_is_without_a_recording(recorded: Mapping[str, RestFixture]) -> None:
    names = ["orders.py", "account.py", "market_data.py"]
    sources = [(ROOT / "src/trimaran/venues/okx" / name).read_text(encoding="utf-8") for name in names]
    routes = set(re.findall(r'"(/api/v5/[a-z0-9/-]+)"', "".join(sources)))
    used = {PLACED, *(f"UnifiedApi/{name}" for name, *_ in CASES)}
    assert routes - UNRECORDED == {recorded[name].path for name in used}
    print(f"{len(used)} recorded answers of {len(routes)} routes")
