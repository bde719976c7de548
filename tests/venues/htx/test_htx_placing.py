"""How HTX's adapter words orders, over REST and on the order line, and which it will not send."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.support.htx_account import (
    ACCOUNT_ID,
    BTC,
    CLIENT_ID,
    CLIENT_TEXT,
    OURS,
    SPOT_DIALECT,
    STAMP,
    SWAP,
    SWAP_DIALECT,
    SWAP_OURS,
    SWAP_SETUP,
    SWAP_THEIRS,
    THEIRS,
    approved,
    body_of,
    path_of,
    query_of,
    written,
)
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderType, SelfTrade, TimeInForce
from trimaran.venues.htx.dialect import HtxSwapDialect
from trimaran.venues.wire import asks
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.dialect import MarketDialect

F, T = TimeInForce, OrderType


def _placed(instrument: Any, **changes: Any) -> asks.PlaceOrder:
    return asks.PlaceOrder(approved(instrument, **changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"type": "buy-limit", "price": "60000.5"}),
        ({"side": Side.SELL, "tif": F.IOC}, {"type": "sell-ioc", "price": "60000.5"}),
        ({"tif": F.FOK}, {"type": "buy-limit-fok", "price": "60000.5"}),
        ({"side": Side.SELL, "tif": F.POST_ONLY}, {"type": "sell-limit-maker", "price": "60000.5"}),
        ({"order_type": T.MARKET, "tif": F.IOC, "side": Side.SELL}, {"type": "sell-market"}),
        ({"order_type": T.MARKET, "tif": F.IOC}, {"type": "buy-ioc", "price": "60000.5"}),
        (
            {"order_type": T.STOP_LIMIT, "trigger_ticks": 6_100_000},
            {"type": "buy-stop-limit", "price": "60000.5", "stop-price": "61000", "operator": "gte"},
        ),
        (
            {"order_type": T.STOP_LIMIT, "trigger_ticks": 5_900_000, "side": Side.SELL, "tif": F.FOK},
            {"type": "sell-stop-limit-fok", "price": "60000.5", "stop-price": "59000", "operator": "lte"},
        ),
        (
            {"order_type": T.TAKE_PROFIT_LIMIT, "trigger_ticks": 1},
            {"type": "buy-stop-limit", "price": "60000.5", "stop-price": "0.01", "operator": "lte"},
        ),
        (
            {"order_type": T.TAKE_PROFIT_LIMIT, "trigger_ticks": 7_000_000, "side": Side.SELL},
            {"type": "sell-stop-limit", "price": "60000.5", "stop-price": "70000", "operator": "gte"},
        ),
    ],
)
def test_orders_of_spot(changes: dict[str, Any], expected: dict[str, str]) -> None:
    """A market buy never costs more than its owner accepts, and never buys more than was asked for."""
    request = written(SPOT_DIALECT, _placed(BTC, **changes))
    assert (request.method, path_of(request)) == ("POST", "/v1/order/orders/place")
    assert query_of(request) == {}
    common = {
        "account-id": ACCOUNT_ID,
        "symbol": "btcusdt",
        "amount": "0.001",
        "source": "spot-api",
        "client-order-id": CLIENT_TEXT,
    }
    assert body_of(request) == {**common, **expected}
    assert not request.urgent


@pytest.mark.parametrize(
    ("changes", "capability"),
    [
        ({"display_lots": 1}, Capability.ICEBERG),
        ({"self_trade": SelfTrade.CANCEL_MAKER}, Capability.SELF_TRADE),
        ({"reduce_only": True}, Capability.REDUCE_ONLY),
        ({"reduce_only": True, "side": Side.SELL}, Capability.REDUCE_ONLY),
        ({"order_type": T.STOP_MARKET, "trigger_ticks": 5}, Capability.STOP),
        ({"order_type": T.TAKE_PROFIT_MARKET, "trigger_ticks": 5}, Capability.TAKE_PROFIT),
        ({"order_type": T.STOP_LIMIT, "trigger_ticks": 5, "tif": F.IOC}, Capability.STOP),
        ({"order_type": T.TAKE_PROFIT_LIMIT, "trigger_ticks": 5, "tif": F.IOC}, Capability.TAKE_PROFIT),
        ({"order_type": T.MARKET, "tif": F.FOK}, Capability.MARKET),
    ],
)
def test_what_spot_does_not_take(changes: dict[str, Any], capability: Capability) -> None:
    ask = _placed(BTC, **changes)
    refused = SPOT_DIALECT.write(ask, STAMP)
    assert isinstance(refused, Unsupported)
    assert refused.capability is capability
    assert SPOT_DIALECT.write_order(ask, 1, STAMP) == refused


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"price_ticks": 600_005}, {"order_price_type": "limit", "price": "60000.5"}),
        ({"price_ticks": 600_000, "tif": F.IOC}, {"order_price_type": "ioc", "price": "60000"}),
        ({"price_ticks": 600_000, "tif": F.FOK}, {"order_price_type": "fok", "price": "60000"}),
        ({"price_ticks": 600_000, "tif": F.POST_ONLY}, {"order_price_type": "post_only", "price": "60000"}),
        ({"order_type": T.MARKET, "tif": F.IOC}, {"order_price_type": "market"}),
        (
            {"order_type": T.MARKET, "tif": F.IOC, "reduce_only": True, "side": Side.SELL},
            {"order_price_type": "market", "reduce_only": 1, "direction": "sell"},
        ),
        (
            {"price_ticks": 600_000, "self_trade": SelfTrade.CANCEL_TAKER},
            {"order_price_type": "limit", "price": "60000", "self_match_prevent": 1},
        ),
    ],
)
def test_orders_of_swaps(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    request = written(SWAP_DIALECT, _placed(SWAP, **changes))
    assert path_of(request) == "/linear-swap-api/v1/swap_cross_order"
    common = {
        "contract_code": "BTC-USDT",
        "volume": 1_000,
        "direction": "buy",
        "offset": "both",
        "lever_rate": 5,
        "client_order_id": int(CLIENT_ID),
        "reduce_only": 0,
    }
    assert body_of(request) == {**common, **expected}


@pytest.mark.parametrize(
    ("changes", "capability"),
    [
        ({"display_lots": 1}, Capability.ICEBERG),
        ({"self_trade": SelfTrade.CANCEL_BOTH}, Capability.SELF_TRADE),
        ({"order_type": T.STOP_LIMIT, "trigger_ticks": 5}, Capability.STOP),
        ({"order_type": T.TAKE_PROFIT_LIMIT, "trigger_ticks": 5}, Capability.TAKE_PROFIT),
        ({"order_type": T.MARKET, "tif": F.POST_ONLY}, Capability.MARKET),
    ],
)
def test_what_swaps_do_not_take(changes: dict[str, Any], capability: Capability) -> None:
    refused = SWAP_DIALECT.write(_placed(SWAP, **changes), STAMP)
    assert isinstance(refused, Unsupported)
    assert refused.capability is capability


def test_a_leverage_that_nobody_named_is_one() -> None:
    dialect = HtxSwapDialect(replace(SWAP_SETUP, leverage={}))
    assert body_of(written(dialect, _placed(SWAP)))["lever_rate"] == 1


@pytest.mark.parametrize(
    ("dialect", "ask", "expected"),
    [
        (
            SPOT_DIALECT,
            asks.CancelOrder(OURS),
            {"cid": "9", "ch": "cancel", "params": {"client-order-ids": [CLIENT_TEXT]}},
        ),
        (
            SPOT_DIALECT,
            asks.CancelOrder(THEIRS),
            {"cid": "9", "ch": "cancel", "params": {"order-ids": ["59378"]}},
        ),
        (
            SPOT_DIALECT,
            asks.CancelAll(BTC.symbol),
            {
                "cid": "9",
                "ch": "cancelall",
                "params": {"account-id": ACCOUNT_ID, "symbol": "btcusdt", "size": 100},
            },
        ),
        (
            SWAP_DIALECT,
            asks.CancelOrder(SWAP_THEIRS),
            {
                "op": "cross_cancel",
                "cid": "9",
                "data": {"contract_code": "BTC-USDT", "order_id": "784017187857760256"},
            },
        ),
        (
            SWAP_DIALECT,
            asks.CancelAll(SWAP.symbol),
            {"op": "cross_cancelall", "cid": "9", "data": {"contract_code": "BTC-USDT"}},
        ),
    ],
)
def test_the_order_line(dialect: MarketDialect, ask: asks.Ask[Any], expected: dict[str, Any]) -> None:
    text = dialect.write_order(ask, 9, STAMP)
    assert isinstance(text, str)
    assert msgspec.json.decode(text) == expected


@pytest.mark.parametrize(
    ("dialect", "instrument", "envelope"),
    [
        (SPOT_DIALECT, BTC, {"ch": "create-order", "key": "params"}),
        (SWAP_DIALECT, SWAP, {"op": "create_cross_order", "key": "data"}),
    ],
)
def test_an_order_is_the_same_on_both_ways(
    dialect: MarketDialect, instrument: Any, envelope: dict[str, str]
) -> None:
    ask = _placed(instrument)
    text = dialect.write_order(ask, 77, STAMP)
    assert isinstance(text, str)
    key = envelope.pop("key")
    expected = {**envelope, "cid": "77", key: body_of(written(dialect, ask))}
    assert msgspec.json.decode(text) == expected


def test_the_order_line_takes_nothing_else() -> None:
    for dialect, ask in ((SPOT_DIALECT, asks.Balances()), (SWAP_DIALECT, asks.QueryOrder(SWAP_OURS))):
        refused = dialect.write_order(ask, 1, STAMP)
        assert isinstance(refused, Unsupported)
        assert refused.capability is Capability.ORDERS_OVER_WEBSOCKET
    amend = SPOT_DIALECT.write_order(asks.AmendOrder(approved(BTC)), 1, STAMP)
    assert isinstance(amend, Unsupported)
    assert amend.capability is Capability.AMEND_PRICE
