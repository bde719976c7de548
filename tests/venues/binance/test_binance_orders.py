"""Orders as Binance is told them, over REST and over the order line, and what no order may become."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.binance_account import (
    ED25519,
    HMAC,
    KEY,
    OURS_TEXT,
    STAMP,
    approved,
    approved_in,
    dialect,
    query_of,
    ref,
)
from tests.support.instruments import PERPETUAL, SPOT
from trimaran.base.errors import ConfigError
from trimaran.books.decimal_text import steps_of
from trimaran.domain.account import VenueOrderId
from trimaran.domain.instrument import Grid, InstrumentKey, Side, Symbol
from trimaran.domain.orders import OrderType, SelfTrade, TimeInForce
from trimaran.venues.binance.fields import grid_text
from trimaran.venues.binance.signing import signer_of, sorted_text
from trimaran.venues.wire.asks import (
    AmendOrder,
    ArmDeadMan,
    Ask,
    Balances,
    CancelAll,
    CancelOrder,
    FillHistory,
    OpenOrders,
    OrderHistory,
    PlaceOrder,
    QueryOrder,
)
from trimaran.venues.wire.capability import Capability, Supported, Unsupported
from trimaran.venues.wire.message import Charge, HttpRequest, Stamp

T, F, S = OrderType, TimeInForce, Symbol("BTCUSDT")
COMMON = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01", "newClientOrderId": OURS_TEXT}
TIMED = {"recvWindow", "timestamp", "signature"}

SPOT_ORDERS: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"type": "LIMIT", "timeInForce": "GTC", "price": "50000"}),
    ({"tif": F.IOC}, {"type": "LIMIT", "timeInForce": "IOC", "price": "50000"}),
    ({"tif": F.FOK}, {"type": "LIMIT", "timeInForce": "FOK", "price": "50000"}),
    ({"tif": F.POST_ONLY}, {"type": "LIMIT_MAKER", "price": "50000"}),
    ({"order_type": T.MARKET, "tif": F.IOC}, {"type": "MARKET"}),
    ({"display_lots": 100}, {"type": "LIMIT", "timeInForce": "GTC", "price": "50000", "icebergQty": "0.001"}),
    (
        {"order_type": T.STOP_MARKET, "trigger_ticks": 5_100_050, "tif": F.IOC},
        {"type": "STOP_LOSS", "stopPrice": "51000.5"},
    ),
    (
        {"order_type": T.STOP_LIMIT, "trigger_ticks": 5_100_050},
        {"type": "STOP_LOSS_LIMIT", "stopPrice": "51000.5", "timeInForce": "GTC", "price": "50000"},
    ),
    (
        {"order_type": T.TAKE_PROFIT_MARKET, "trigger_ticks": 4_900_000, "tif": F.IOC},
        {"type": "TAKE_PROFIT", "stopPrice": "49000"},
    ),
    (
        {"order_type": T.TAKE_PROFIT_LIMIT, "trigger_ticks": 4_900_000, "tif": F.IOC},
        {"type": "TAKE_PROFIT_LIMIT", "stopPrice": "49000", "timeInForce": "IOC", "price": "50000"},
    ),
    (
        {"self_trade": SelfTrade.CANCEL_BOTH},
        {"type": "LIMIT", "timeInForce": "GTC", "price": "50000", "selfTradePreventionMode": "EXPIRE_BOTH"},
    ),
]  # fmt: skip
USDM_ORDERS: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"type": "LIMIT", "timeInForce": "GTC", "price": "50000", "newOrderRespType": "ACK"}),
    (
        {"tif": F.POST_ONLY, "reduce_only": True},
        {
            "type": "LIMIT", "timeInForce": "GTX", "price": "50000", "newOrderRespType": "ACK",
            "reduceOnly": "true",
        },
    ),
    ({"tif": F.IOC}, {"type": "LIMIT", "timeInForce": "IOC", "price": "50000", "newOrderRespType": "RESULT"}),
    ({"order_type": T.MARKET, "tif": F.IOC}, {"type": "MARKET", "newOrderRespType": "RESULT"}),
    (
        {"self_trade": SelfTrade.CANCEL_TAKER},
        {
            "type": "LIMIT", "timeInForce": "GTC", "price": "50000", "newOrderRespType": "ACK",
            "selfTradePreventionMode": "EXPIRE_TAKER",
        },
    ),
]  # fmt: skip
CONDITIONAL: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"order_type": T.STOP_MARKET, "tif": F.IOC}, {"type": "STOP_MARKET"}),
    ({"order_type": T.STOP_LIMIT}, {"type": "STOP", "timeInForce": "GTC", "price": "50000"}),
    ({"order_type": T.TAKE_PROFIT_MARKET, "tif": F.IOC}, {"type": "TAKE_PROFIT_MARKET"}),
    (
        {"order_type": T.TAKE_PROFIT_LIMIT, "tif": F.POST_ONLY, "reduce_only": True},
        {"type": "TAKE_PROFIT", "timeInForce": "GTX", "price": "50000", "reduceOnly": "true"},
    ),
]


def written(ask: Ask[Any], market: str = "spot") -> tuple[str, dict[str, str]]:
    """Method with path, and the parameters without those of time and signature."""
    request = dialect(market).write(ask, STAMP)
    assert isinstance(request, HttpRequest), request
    parameters = {name: unquote(value) for name, value in query_of(request).items() if name not in TIMED}
    host = "https://api.binance.com" if market == "spot" else "https://fapi.binance.com"
    return f"{request.method} {request.url.partition('?')[0].removeprefix(host)}", parameters


@pytest.mark.parametrize(("changes", "expected"), SPOT_ORDERS)
def test_spot_orders(changes: dict[str, Any], expected: dict[str, str]) -> None:
    route, parameters = written(PlaceOrder(approved(**changes)))
    assert route == "POST /api/v3/order"
    assert parameters == COMMON | {"newOrderRespType": "FULL"} | expected


@pytest.mark.parametrize(("changes", "expected"), USDM_ORDERS)
def test_usdm_orders(changes: dict[str, Any], expected: dict[str, str]) -> None:
    route, parameters = written(PlaceOrder(approved("usdm", **changes)), "usdm")
    assert route == "POST /fapi/v1/order"
    assert parameters == COMMON | expected


@pytest.mark.parametrize(("changes", "expected"), CONDITIONAL)
def test_usdm_orders_that_wait_go_to_a_service_of_their_own(
    changes: dict[str, Any], expected: dict[str, str]
) -> None:
    order = approved("usdm", trigger_ticks=510_005, **changes)
    route, parameters = written(PlaceOrder(order), "usdm")
    assert route == "POST /fapi/v1/algoOrder"
    assert parameters == expected | {
        "algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01",
        "triggerPrice": "51000.5", "clientAlgoId": OURS_TEXT,
    }  # fmt: skip


REFUSED = [
    ("spot", {"order_type": T.MARKET, "tif": F.FOK}, Capability.FOK),
    ("spot", {"order_type": T.MARKET, "tif": F.POST_ONLY}, Capability.POST_ONLY),
    ("spot", {"order_type": T.STOP_LIMIT, "tif": F.POST_ONLY, "trigger_ticks": 1}, Capability.POST_ONLY),
    ("spot", {"display_lots": 1, "tif": F.IOC}, Capability.ICEBERG),
    ("spot", {"reduce_only": True}, Capability.REDUCE_ONLY),
    ("spot", {"display_lots": 1, "order_type": T.MARKET, "tif": F.IOC}, Capability.ICEBERG),
    ("usdm", {"display_lots": 1}, Capability.ICEBERG),
    ("usdm", {"order_type": T.MARKET, "tif": F.POST_ONLY}, Capability.POST_ONLY),
]


@pytest.mark.parametrize(("market", "changes", "capability"), REFUSED)
def test_what_the_venue_cannot_take_is_not_sent(
    market: str, changes: dict[str, Any], capability: Capability
) -> None:
    ask, desk = PlaceOrder(approved(market, **changes)), dialect(market)
    for outcome in (desk.write(ask, STAMP), desk.write_order(ask, 1, STAMP)):
        assert isinstance(outcome, Unsupported)
        assert outcome.capability is capability
        assert outcome.reason


OURS_FOUND = {"symbol": "BTCUSDT", "origClientOrderId": OURS_TEXT}
QUESTIONS: list[tuple[str, Ask[Any], str, dict[str, str]]] = [
    ("spot", CancelOrder(ref()), "DELETE /api/v3/order", OURS_FOUND),
    ("spot", CancelOrder(ref(number="77")), "DELETE /api/v3/order", {"symbol": "BTCUSDT", "orderId": "77"}),
    ("spot", CancelAll(S), "DELETE /api/v3/openOrders", {"symbol": "BTCUSDT"}),
    ("spot", QueryOrder(ref()), "GET /api/v3/order", OURS_FOUND),
    ("spot", QueryOrder(ref(triggered=True)), "GET /api/v3/order", OURS_FOUND),
    ("spot", OpenOrders(None), "GET /api/v3/openOrders", {}),
    ("spot", OpenOrders(S, triggered=True), "GET /api/v3/openOrders", {"symbol": "BTCUSDT"}),
    ("spot", OrderHistory(S, 5_000_000_000, 9999), "GET /api/v3/allOrders",
     {"symbol": "BTCUSDT", "startTime": "5000", "limit": "1000"}),
    ("spot", FillHistory(S), "GET /api/v3/myTrades", {"symbol": "BTCUSDT", "limit": "100"}),
    ("spot", FillHistory(S, ref=ref(number="77")), "GET /api/v3/myTrades",
     {"symbol": "BTCUSDT", "limit": "1000", "orderId": "77"}),  # all of them: there is no second page
    ("spot", FillHistory(S, 5_000_000_000, until_ns=86_405_000_000_000), "GET /api/v3/myTrades",
     {"symbol": "BTCUSDT", "limit": "100", "startTime": "5000", "endTime": "86405000"}),
    ("usdm", CancelOrder(ref()), "DELETE /fapi/v1/order", OURS_FOUND),
    ("usdm", CancelOrder(ref(triggered=True)), "DELETE /fapi/v1/algoOrder", {"clientAlgoId": OURS_TEXT}),
    ("usdm", CancelOrder(ref(number="algo:8")), "DELETE /fapi/v1/algoOrder", {"algoId": "8"}),
    ("usdm", QueryOrder(ref(number="algo:8")), "GET /fapi/v1/algoOrder", {"algoId": "8"}),
    ("usdm", QueryOrder(ref(number="8", triggered=True)), "GET /fapi/v1/order",  # it is an ordinary one now
     {"symbol": "BTCUSDT", "orderId": "8"}),
    ("usdm", CancelAll(S), "DELETE /fapi/v1/allOpenOrders", {"symbol": "BTCUSDT"}),
    ("usdm", CancelAll(S, triggered=True), "DELETE /fapi/v1/algoOpenOrders", {"symbol": "BTCUSDT"}),
    ("usdm", QueryOrder(ref(triggered=True)), "GET /fapi/v1/algoOrder", {"clientAlgoId": OURS_TEXT}),
    ("usdm", OpenOrders(S), "GET /fapi/v1/openOrders", {"symbol": "BTCUSDT"}),
    ("usdm", OpenOrders(None, triggered=True), "GET /fapi/v1/openAlgoOrders", {}),
    ("usdm", OrderHistory(S), "GET /fapi/v1/allOrders", {"symbol": "BTCUSDT", "limit": "100"}),
    ("usdm", FillHistory(S), "GET /fapi/v1/userTrades", {"symbol": "BTCUSDT", "limit": "100"}),
    ("usdm", ArmDeadMan(60_000_000_000, S), "POST /fapi/v1/countdownCancelAll",
     {"symbol": "BTCUSDT", "countdownTime": "60000"}),
    ("usdm", ArmDeadMan(0, S), "POST /fapi/v1/countdownCancelAll",
     {"symbol": "BTCUSDT", "countdownTime": "0"}),
]  # fmt: skip


@pytest.mark.parametrize(("market", "ask", "route", "parameters"), QUESTIONS)
def test_questions_about_orders(market: str, ask: Ask[Any], route: str, parameters: dict[str, str]) -> None:
    assert written(ask, market) == (route, parameters)


def test_amendments() -> None:
    smaller = approved(lots=SPOT.size_grid.steps(Decimal("0.004")))
    assert written(AmendOrder(smaller)) == (
        "PUT /api/v3/order/amend/keepPriority",
        {
            "symbol": "BTCUSDT", "origClientOrderId": OURS_TEXT, "newQty": "0.004",
            "newClientOrderId": OURS_TEXT,  # else the venue would give it another id
        },
    )  # fmt: skip
    now = smaller.order.price_ticks, smaller.order.lots + 1
    assert written(AmendOrder(smaller, None, now)) == written(AmendOrder(smaller))
    for known, capability in (
        ((now[0] + 1, now[1]), Capability.AMEND_PRICE),
        ((now[0], now[1] - 2), Capability.AMEND_SIZE),
    ):
        for refused in (
            dialect("spot").write(AmendOrder(smaller, None, known), STAMP),
            dialect("spot").write_order(AmendOrder(smaller, None, known), 1, STAMP),
        ):
            assert isinstance(refused, Unsupported)
            assert refused.capability is capability
    moved = approved("usdm", price_ticks=499_995, side=Side.SELL)
    assert written(AmendOrder(moved, VenueOrderId("9")), "usdm") == (
        "PUT /fapi/v1/order",
        {"symbol": "BTCUSDT", "orderId": "9", "side": "SELL", "quantity": "0.01", "price": "49999.5"},
    )
    waiting = AmendOrder(approved("usdm", order_type=T.STOP_LIMIT, trigger_ticks=1))
    assert isinstance(dialect("usdm").write(waiting, STAMP), Unsupported)


@pytest.mark.parametrize(
    ("market", "ask"),
    [
        ("spot", CancelAll(None)),
        ("usdm", CancelAll(None)),
        ("spot", ArmDeadMan(1, S)),
        ("usdm", ArmDeadMan(1)),
        ("spot", FillHistory(S, ref=ref())),
        ("usdm", FillHistory(S, ref=ref(number="algo:8"))),
    ],
)
def test_what_cannot_be_asked_says_why(market: str, ask: Ask[Any]) -> None:
    outcome = dialect(market).write(ask, STAMP)
    assert isinstance(outcome, Unsupported)
    assert outcome.reason


def test_a_request_is_signed_as_it_stands_on_the_wire() -> None:
    for credentials in (HMAC, ED25519):
        request = dialect("spot", credentials).write(PlaceOrder(approved()), STAMP)
        assert isinstance(request, HttpRequest)
        query = request.url.partition("?")[2]
        text, _, signature = query.rpartition("&signature=")
        assert unquote(signature) == signer_of(credentials).sign(text.encode())
        assert f"&recvWindow=2000&timestamp={STAMP.ms}" in text
        assert request.headers == {"X-MBX-APIKEY": KEY}
        assert request.body == b""
        assert KEY not in repr(request)


@pytest.mark.parametrize(
    ("valid_ns", "window"), [(0, "1"), (1_500_000, "1"), (250_000_000, "250"), (10**12, "60000")]
)
def test_a_request_lives_as_long_as_its_stamp_says(valid_ns: int, window: str) -> None:
    request = dialect().write(Balances(), Stamp(STAMP.venue_ns, valid_ns))
    assert query_of(request)["recvWindow"] == window


CHARGES: list[tuple[str, Ask[Any], tuple[Charge, ...], bool]] = [
    ("spot", PlaceOrder(approved()),
     (Charge("spot_weight"), Charge("spot_orders_10s"), Charge("spot_orders_1d")), False),
    ("spot", CancelOrder(ref()), (Charge("spot_weight"),), True),
    ("spot", CancelAll(S), (Charge("spot_weight"),), True),
    ("spot", QueryOrder(ref()), (Charge("spot_weight", 4),), False),
    ("spot", OpenOrders(S), (Charge("spot_weight", 6),), False),
    ("spot", OpenOrders(None), (Charge("spot_weight", 80),), False),
    ("spot", FillHistory(S, ref=ref(number="1")), (Charge("spot_weight", 5),), False),
    ("usdm", PlaceOrder(approved("usdm")), (Charge("usdm_orders_10s"), Charge("usdm_orders_1m")), False),
    ("usdm", CancelOrder(ref()), (Charge("usdm_weight"),), True),
    ("usdm", OpenOrders(None), (Charge("usdm_weight", 40),), False),
    ("usdm", ArmDeadMan(1, S), (Charge("usdm_weight", 10),), True),
]  # fmt: skip


@pytest.mark.parametrize(("market", "ask", "charges", "urgent"), CHARGES)
def test_what_a_request_costs(market: str, ask: Ask[Any], charges: tuple[Charge, ...], urgent: bool) -> None:
    request = dialect(market).write(ask, STAMP)
    assert isinstance(request, HttpRequest)
    assert (request.charges, request.urgent) == (charges, urgent)


LINE_ORDERS: list[tuple[str, Ask[Any], str]] = [
    ("spot", PlaceOrder(approved()), "order.place"),
    ("spot", AmendOrder(approved()), "order.amend.keepPriority"),
    ("spot", CancelOrder(ref()), "order.cancel"),
    ("spot", CancelAll(S), "openOrders.cancelAll"),
    ("usdm", PlaceOrder(approved("usdm")), "order.place"),
    ("usdm", PlaceOrder(approved("usdm", order_type=T.STOP_LIMIT, trigger_ticks=9)), "algoOrder.place"),
    ("usdm", AmendOrder(approved("usdm")), "order.modify"),
    ("usdm", CancelOrder(ref()), "order.cancel"),
    ("usdm", CancelOrder(ref(triggered=True)), "algoOrder.cancel"),
]


@pytest.mark.parametrize(("market", "ask", "method"), LINE_ORDERS)
def test_the_line_carries_what_rest_would(market: str, ask: Ask[Any], method: str) -> None:
    text = dialect(market).write_order(ask, 42, STAMP)
    assert isinstance(text, str)
    request = msgspec.json.decode(text)
    parameters = request["params"]
    signature = parameters.pop("signature")
    assert request == {"id": 42, "method": method, "params": parameters}
    assert signature == signer_of(HMAC).sign(sorted_text(parameters).encode())
    assert parameters.pop("apiKey") == KEY
    assert parameters.pop("timestamp") == STAMP.ms
    assert parameters.pop("recvWindow") == 2000
    assert {name: str(value) for name, value in parameters.items()} == written(ask, market)[1]


def test_a_line_that_logged_in_needs_no_signature() -> None:
    text = dialect("spot", ED25519).write_order(PlaceOrder(approved()), 1, STAMP)
    assert isinstance(text, str)
    parameters = msgspec.json.decode(text)["params"]
    assert not {"apiKey", "signature"} & set(parameters)
    assert parameters["timestamp"] == STAMP.ms


@pytest.mark.parametrize(
    ("market", "ask"), [("usdm", CancelAll(S)), ("spot", QueryOrder(ref())), ("spot", Balances())]
)
def test_not_everything_goes_over_the_line(market: str, ask: Ask[Any]) -> None:
    outcome = dialect(market).write_order(ask, 1, STAMP)
    assert isinstance(outcome, Unsupported)
    assert outcome.capability is Capability.ORDERS_OVER_WEBSOCKET


def test_what_is_missing_is_the_users_to_mend() -> None:
    stranger = PlaceOrder(approved(instrument_key=InstrumentKey("binance.spot:ETHUSDT")))
    with pytest.raises(ConfigError, match="ETHUSDT"):
        dialect().write(stranger, STAMP)
    with pytest.raises(ConfigError, match="ETHUSDT"):
        dialect().write(CancelOrder(ref("ETHUSDT")), STAMP)
    for ask in (Balances(), PlaceOrder(approved())):
        with pytest.raises(ConfigError, match="credentials"):
            dialect(credentials=None).write(ask, STAMP)
    with pytest.raises(ConfigError, match="credentials"):
        dialect(credentials=None).write_order(PlaceOrder(approved()), 1, STAMP)


def test_capabilities_and_refusals_agree() -> None:
    assert isinstance(dialect("spot").capabilities[Capability.ICEBERG], Supported)
    assert isinstance(dialect("usdm").capabilities[Capability.ICEBERG], Unsupported)
    assert isinstance(dialect("spot").capabilities[Capability.AMEND_PRICE], Unsupported)
    assert dialect("spot").market == "binance.spot"
    assert dialect("usdm").market == "binance.usdm"


grids = st.builds(Grid, st.integers(1, 1000), st.integers(-18, 9))


@given(grids, st.integers(1, 2**50))
def test_a_number_reads_back_as_it_was_written(grid: Grid, steps: int) -> None:
    text = grid_text(steps, grid)
    assert steps_of(text, grid, 2**62, "text") == steps
    assert Decimal(text) == grid.decimal(steps)
    assert "e" not in text.lower()
    assert not text.startswith(".")
    if "." in text:
        assert text[-1] not in "0."


@given(grids, grids, st.integers(1, 2**50), st.integers(1, 2**50), st.sampled_from(["spot", "usdm"]))
def test_an_order_reads_back_as_it_was_written(
    prices: Grid, sizes: Grid, ticks: int, lots: int, market: str
) -> None:
    one = replace(SPOT if market == "spot" else PERPETUAL, price_grid=prices, size_grid=sizes)
    desk = dialect(market, instruments={S: one})
    ask = PlaceOrder(approved_in(one, price_ticks=ticks, lots=lots, tif=F.POST_ONLY))
    line = msgspec.json.decode(str(desk.write_order(ask, 1, STAMP)))["params"]
    query = query_of(desk.write(ask, STAMP))
    for parameters in (line, query):
        assert steps_of(parameters["price"], prices, 2**62, "price") == ticks
        assert steps_of(parameters["quantity"], sizes, 2**62, "quantity") == lots
    assert line["newClientOrderId"] == OURS_TEXT
