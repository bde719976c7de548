"""OKX's orders over REST: what is written for each kind of order, and what the answers are read as."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.okx_desk import (
    BTC,
    BTC_SWAP,
    CLIENT_ID,
    CLIENT_TEXT,
    STAMP,
    approved,
    content,
    dialect,
    target,
)
from trimaran.base.errors import ConfigError
from trimaran.domain.account import VenueOrderId
from trimaran.domain.instrument import Side, Symbol
from trimaran.domain.orders import OrderType, SelfTrade, TimeInForce
from trimaran.venues.okx.spec import SPOT, SWAP
from trimaran.venues.wire.asks import (
    AmendOrder,
    CancelAll,
    CancelMany,
    CancelOrder,
    FillHistory,
    OpenOrders,
    OrderHistory,
    OrderRef,
    PlaceOrder,
    QueryOrder,
)
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.message import Charge, HttpRequest

SYMBOL = Symbol("BTC-USDT")
SWAP_SYMBOL = Symbol("BTC-USDT-SWAP")
MINE = OrderRef(SYMBOL, CLIENT_ID)
THEIRS = OrderRef(SYMBOL, CLIENT_ID, VenueOrderId("312269865356374016"))
ALGO = OrderRef(SYMBOL, CLIENT_ID, VenueOrderId("algo:681096944655273984"))
WAITING = OrderRef(SYMBOL, CLIENT_ID, triggered=True)
SPOT_LIMIT = {
    "instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "sz": "0.015", "clOrdId": CLIENT_TEXT,
    "ordType": "limit", "px": "60400.5",
}  # fmt: skip
SWAP_LIMIT = {**SPOT_LIMIT, "instId": "BTC-USDT-SWAP", "tdMode": "cross", "sz": "1.5"}
MARKET = {"order_type": OrderType.MARKET, "tif": TimeInForce.IOC}
LIMITS: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (BTC, {}, {}),
    (BTC, {"side": Side.SELL}, {"side": "sell"}),
    (BTC, {"tif": TimeInForce.IOC}, {"ordType": "ioc"}),
    (BTC, {"tif": TimeInForce.FOK}, {"ordType": "fok"}),
    (BTC, {"tif": TimeInForce.POST_ONLY}, {"ordType": "post_only"}),
    (BTC, {"self_trade": SelfTrade.CANCEL_TAKER}, {"stpMode": "cancel_taker"}),
    (BTC, {"self_trade": SelfTrade.CANCEL_MAKER}, {"stpMode": "cancel_maker"}),
    (BTC, {"self_trade": SelfTrade.CANCEL_BOTH}, {"stpMode": "cancel_both"}),
    (BTC, {"lots": 1, "price_ticks": 600_000}, {"sz": "0.00000001", "px": "60000"}),
    (BTC_SWAP, {}, {}),
    (BTC_SWAP, {"reduce_only": True}, {"reduceOnly": True}),
    (BTC_SWAP, {"lots": 2_000_000_000}, {"sz": "2000"}),
    (BTC_SWAP, {"lots": 10_000}, {"sz": "0.01"}),
]


@pytest.mark.parametrize(("of", "order", "changes"), LIMITS)
def test_limit_orders(of: Any, order: dict[str, Any], changes: dict[str, Any]) -> None:
    spec = SPOT if of is BTC else SWAP
    request = dialect(spec).write(PlaceOrder(approved(of, **order)), STAMP)
    assert target(request) == ("POST", "/api/v5/trade/order")
    assert content(request) == {**(SPOT_LIMIT if of is BTC else SWAP_LIMIT), **changes}


def test_market_orders_of_spot_are_sized_in_base_asset() -> None:
    for side, text in ((Side.BUY, "buy"), (Side.SELL, "sell")):
        written = content(dialect().write(PlaceOrder(approved(side=side, **MARKET)), STAMP))
        assert written == {
            "instId": "BTC-USDT", "tdMode": "cash", "side": text, "sz": "0.015", "clOrdId": CLIENT_TEXT,
            "ordType": "market", "tgtCcy": "base_ccy",
        }  # fmt: skip


def test_market_orders_of_swaps_are_contracts_and_have_no_target() -> None:
    written = content(dialect(SWAP).write(PlaceOrder(approved(BTC_SWAP, **MARKET)), STAMP))
    assert (written["ordType"], written["sz"]) == ("market", "1.5")
    assert "tgtCcy" not in written
    assert "px" not in written


@pytest.mark.parametrize(
    ("order_type", "said"),
    [
        (OrderType.STOP_MARKET, {"slTriggerPx": "61000", "slTriggerPxType": "last", "slOrdPx": "-1"}),
        (OrderType.STOP_LIMIT, {"slTriggerPx": "61000", "slTriggerPxType": "last", "slOrdPx": "60400.5"}),
        (OrderType.TAKE_PROFIT_MARKET, {"tpTriggerPx": "61000", "tpTriggerPxType": "last", "tpOrdPx": "-1"}),
        (
            OrderType.TAKE_PROFIT_LIMIT,
            {"tpTriggerPx": "61000", "tpTriggerPxType": "last", "tpOrdPx": "60400.5"},
        ),
    ],
)
def test_orders_that_wait_for_a_trigger_are_algo_orders(order_type: OrderType, said: dict[str, str]) -> None:
    order = {"order_type": order_type, "trigger_ticks": 610_000}
    common = {"side": "buy", "ordType": "conditional", "algoClOrdId": CLIENT_TEXT}
    swap = dialect(SWAP).write(PlaceOrder(approved(BTC_SWAP, reduce_only=True, **order)), STAMP)
    assert target(swap) == ("POST", "/api/v5/trade/order-algo")
    assert content(swap) == {
        "instId": "BTC-USDT-SWAP", "tdMode": "cross", "sz": "1.5", "reduceOnly": True, **common, **said,
    }  # fmt: skip
    spot = content(dialect().write(PlaceOrder(approved(**order)), STAMP))
    market = {} if order_type.has_venue_price else {"tgtCcy": "base_ccy"}
    assert spot == {"instId": "BTC-USDT", "tdMode": "cash", "sz": "0.015", **common, **said, **market}


@pytest.mark.parametrize(
    ("spec", "order", "capability"),
    [
        (SPOT, {"display_lots": 5}, Capability.ICEBERG),
        (SPOT, {"reduce_only": True}, Capability.REDUCE_ONLY),
        (SPOT, {**MARKET, "tif": TimeInForce.FOK}, Capability.FOK),
        (SWAP, {**MARKET, "tif": TimeInForce.POST_ONLY}, Capability.POST_ONLY),
        (SPOT, {"tif": TimeInForce.FOK, "self_trade": SelfTrade.CANCEL_BOTH}, Capability.SELF_TRADE),
        (SPOT, {"order_type": OrderType.STOP_LIMIT, "tif": TimeInForce.IOC}, Capability.STOP),
        (
            SWAP,
            {"order_type": OrderType.TAKE_PROFIT_LIMIT, "tif": TimeInForce.POST_ONLY},
            Capability.TAKE_PROFIT,
        ),
        (SWAP, {"order_type": OrderType.STOP_MARKET, "self_trade": SelfTrade.CANCEL_BOTH},
         Capability.SELF_TRADE),
        (SPOT, {"order_type": OrderType.STOP_MARKET, "reduce_only": True}, Capability.REDUCE_ONLY),
    ],
)  # fmt: skip
def test_what_okx_does_not_offer_has_a_reason(spec: Any, order: dict[str, Any], capability: Any) -> None:
    of = BTC if spec is SPOT else BTC_SWAP
    answer = dialect(spec).write(PlaceOrder(approved(of, **order)), STAMP)
    assert isinstance(answer, Unsupported)
    assert answer.capability is capability
    assert answer.reason


def test_an_amendment_says_price_and_whole_size() -> None:
    by_ours = dialect().write(AmendOrder(approved()), STAMP)
    assert target(by_ours) == ("POST", "/api/v5/trade/amend-order")
    said = {"instId": "BTC-USDT", "newSz": "0.015", "newPx": "60400.5"}
    assert content(by_ours) == {**said, "clOrdId": CLIENT_TEXT}
    by_theirs = dialect().write(AmendOrder(approved(), THEIRS.venue_order_id), STAMP)
    assert content(by_theirs) == {**said, "ordId": "312269865356374016"}
    stop = AmendOrder(approved(order_type=OrderType.STOP_LIMIT, trigger_ticks=1))
    assert isinstance(dialect().write(stop, STAMP), Unsupported)


@pytest.mark.parametrize(
    ("ref", "path", "body"),
    [
        (MINE, "cancel-order", {"instId": "BTC-USDT", "clOrdId": CLIENT_TEXT}),
        (THEIRS, "cancel-order", {"instId": "BTC-USDT", "ordId": "312269865356374016"}),
        (ALGO, "cancel-algos", [{"instId": "BTC-USDT", "algoId": "681096944655273984"}]),
        (WAITING, "cancel-algos", [{"instId": "BTC-USDT", "algoClOrdId": CLIENT_TEXT}]),
    ],
)
def test_cancels_go_to_where_the_order_is(ref: OrderRef, path: str, body: object) -> None:
    request = dialect().write(CancelOrder(ref), STAMP)
    assert target(request) == ("POST", f"/api/v5/trade/{path}")
    assert content(request) == body
    assert isinstance(request, HttpRequest)
    assert request.urgent


@pytest.mark.parametrize(
    ("spec", "ask", "expected"),
    [
        (SPOT, QueryOrder(MINE), f"order?instId=BTC-USDT&clOrdId={CLIENT_TEXT}"),
        (SPOT, QueryOrder(THEIRS), "order?instId=BTC-USDT&ordId=312269865356374016"),
        (SPOT, QueryOrder(ALGO), "order-algo?algoId=681096944655273984"),
        (SPOT, QueryOrder(WAITING), f"order-algo?algoClOrdId={CLIENT_TEXT}"),
        (SPOT, OpenOrders(None), "orders-pending?instType=SPOT&limit=100"),
        (SWAP, OpenOrders(SWAP_SYMBOL), "orders-pending?instType=SWAP&instId=BTC-USDT-SWAP&limit=100"),
        (SPOT, OpenOrders(SYMBOL, page=2, behind=VenueOrderId("17")),
         "orders-pending?instType=SPOT&instId=BTC-USDT&after=17&limit=100"),
        (SPOT, OpenOrders(SYMBOL, True, 2, VenueOrderId("algo:17")),
         "orders-algo-pending?ordType=conditional&instType=SPOT&instId=BTC-USDT&after=17&limit=100"),
        (SWAP, OpenOrders(None, triggered=True),
         "orders-algo-pending?ordType=conditional&instType=SWAP&limit=100"),
        (SPOT, OrderHistory(SYMBOL), "orders-history?instType=SPOT&instId=BTC-USDT&limit=100"),
        (SPOT, OrderHistory(SYMBOL, 1_607_418_537_715_000_001, 5),
         "orders-history?instType=SPOT&instId=BTC-USDT&begin=1607418537715&limit=5"),
        (SPOT, FillHistory(SYMBOL, limit=500), "fills?instType=SPOT&instId=BTC-USDT&limit=100"),
        (
            SPOT,
            FillHistory(SYMBOL, 1_607_418_537_715_000_001, 9, None, 1_607_418_537_815_000_001),
            "fills?instType=SPOT&instId=BTC-USDT&begin=1607418537715&end=1607418537817&limit=9",
        ),
        (SPOT, FillHistory(SYMBOL, ref=THEIRS),
         "fills?instType=SPOT&instId=BTC-USDT&ordId=312269865356374016&limit=100"),
        (SPOT, FillHistory(SYMBOL, ref=MINE), "fills?instType=SPOT&instId=BTC-USDT&limit=100"),
    ],
)  # fmt: skip
def test_questions(spec: Any, ask: Any, expected: str) -> None:
    assert target(dialect(spec).write(ask, STAMP)) == ("GET", f"/api/v5/trade/{expected}")


@pytest.mark.parametrize(
    ("refs", "path", "body", "charge"),
    [
        (
            (MINE, THEIRS),
            "cancel-batch-orders",
            [
                {"instId": "BTC-USDT", "clOrdId": CLIENT_TEXT},
                {"instId": "BTC-USDT", "ordId": "312269865356374016"},
            ],
            Charge("cancel-batch:BTC-USDT", 2),
        ),
        (
            (ALGO, WAITING),
            "cancel-algos",
            [
                {"instId": "BTC-USDT", "algoId": "681096944655273984"},
                {"instId": "BTC-USDT", "algoClOrdId": CLIENT_TEXT},
            ],
            Charge("algo-cancel:BTC-USDT", 2),
        ),
    ],
)
def test_many_orders_are_cancelled_at_once(refs: Any, path: str, body: object, charge: Charge) -> None:
    request = dialect().write(CancelMany(refs), STAMP)
    assert target(request) == ("POST", f"/api/v5/trade/{path}")
    assert content(request) == body
    assert isinstance(request, HttpRequest)
    assert (request.charges, request.urgent) == ((charge,), True)


def test_there_is_no_single_call_that_cancels_everything() -> None:
    answer = dialect().write(CancelAll(None), STAMP)
    assert isinstance(answer, Unsupported)
    assert answer.capability is Capability.CANCEL_ALL
    assert "AccountClient.cancel_all" in answer.reason


def test_an_instrument_that_the_setup_does_not_have_is_an_error_of_configuration() -> None:
    for ask in (PlaceOrder(approved(BTC_SWAP)), QueryOrder(OrderRef(SWAP_SYMBOL, CLIENT_ID))):
        with pytest.raises(ConfigError, match=r"okx.spot: expected an instrument of the desk"):
            dialect().write(ask, STAMP)


@pytest.mark.parametrize(
    ("ask", "charges"),
    [
        (PlaceOrder(approved()), ("place:BTC-USDT", "orders")),
        (PlaceOrder(approved(order_type=OrderType.STOP_MARKET, trigger_ticks=1)), ("algo-place:BTC-USDT",)),
        (AmendOrder(approved()), ("amend:BTC-USDT", "orders")),
        (CancelOrder(MINE), ("cancel:BTC-USDT",)),
        (CancelOrder(ALGO), ("algo-cancel:BTC-USDT",)),
    ],
)
def test_what_orders_cost(ask: Any, charges: tuple[str, ...]) -> None:
    request = dialect().write(ask, STAMP)
    assert isinstance(request, HttpRequest)
    assert request.charges == tuple(map(Charge, charges))
