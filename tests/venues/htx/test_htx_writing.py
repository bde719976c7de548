"""What HTX's adapter sends for everything but an order, and what it cannot ask for."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.htx_account import (
    ACCOUNT_ID,
    BTC,
    CLIENT_ID,
    CLIENT_TEXT,
    KEY,
    OURS,
    SPOT_DIALECT,
    SPOT_SETUP,
    STAMP,
    SWAP,
    SWAP_DIALECT,
    SWAP_OURS,
    SWAP_THEIRS,
    THEIRS,
    approved,
    body_of,
    path_of,
    query_of,
    written,
)
from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import Symbol
from trimaran.domain.reports import MarginMode
from trimaran.venues.htx.dialect import HtxSpotDialect
from trimaran.venues.htx.spec import SPOT_PRIVATE, SWAP_PRIVATE
from trimaran.venues.wire import asks
from trimaran.venues.wire.asks import Interval
from trimaran.venues.wire.capability import Capability, Supported, Unsupported
from trimaran.venues.wire.dialect import AccountSetup, MarketDialect

HOURS = 3_600 * 10**9


def _placed(instrument: Any, **changes: Any) -> asks.PlaceOrder:
    return asks.PlaceOrder(approved(instrument, **changes))


@pytest.mark.parametrize(
    ("dialect", "ask", "path", "parameters"),
    [
        (SPOT_DIALECT, asks.CancelOrder(THEIRS), "/v1/order/orders/59378/submitcancel", {}),
        (
            SPOT_DIALECT,
            asks.CancelOrder(OURS),
            "/v1/order/orders/submitCancelClientOrder",
            {"client-order-id": CLIENT_TEXT},
        ),
        (
            SPOT_DIALECT,
            asks.CancelAll(BTC.symbol),
            "/v1/order/orders/batchCancelOpenOrders",
            {"account-id": ACCOUNT_ID, "symbol": "btcusdt", "size": 100},
        ),
        (
            SPOT_DIALECT,
            asks.CancelAll(None),
            "/v1/order/orders/batchCancelOpenOrders",
            {"account-id": ACCOUNT_ID, "size": 100},
        ),
        (SPOT_DIALECT, asks.ArmDeadMan(10 * 10**9), "/v2/algo-orders/cancel-all-after", {"timeout": 10}),
        (SPOT_DIALECT, asks.ArmDeadMan(1), "/v2/algo-orders/cancel-all-after", {"timeout": 5}),
        (SPOT_DIALECT, asks.ArmDeadMan(5_000_000_001), "/v2/algo-orders/cancel-all-after", {"timeout": 6}),
        (SPOT_DIALECT, asks.ArmDeadMan(0), "/v2/algo-orders/cancel-all-after", {"timeout": 0}),
        (
            SWAP_DIALECT,
            asks.CancelOrder(SWAP_THEIRS),
            "/linear-swap-api/v1/swap_cross_cancel",
            {"contract_code": "BTC-USDT", "order_id": "784017187857760256"},
        ),
        (
            SWAP_DIALECT,
            asks.CancelOrder(SWAP_OURS),
            "/linear-swap-api/v1/swap_cross_cancel",
            {"contract_code": "BTC-USDT", "client_order_id": str(int(CLIENT_ID))},
        ),
        (
            SWAP_DIALECT,
            asks.CancelAll(SWAP.symbol),
            "/linear-swap-api/v1/swap_cross_cancelall",
            {"contract_code": "BTC-USDT"},
        ),
        (
            SWAP_DIALECT,
            asks.ArmDeadMan(7 * 10**9),
            "/linear-swap-api/v1/linear-cancel-after",
            {"on_off": 1, "time_out": 7_000},
        ),
        (SWAP_DIALECT, asks.ArmDeadMan(0), "/linear-swap-api/v1/linear-cancel-after", {"on_off": 0}),
    ],
)
def test_urgent_requests(
    dialect: MarketDialect, ask: asks.Ask[Any], path: str, parameters: dict[str, Any]
) -> None:
    request = written(dialect, ask)
    assert (request.method, path_of(request), body_of(request)) == ("POST", path, parameters)
    assert request.urgent
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("ask", "path", "parameters"),
    [
        (asks.QueryOrder(THEIRS), "/v1/order/orders/59378", {}),
        (asks.QueryOrder(OURS), "/v1/order/orders/getClientOrder", {"clientOrderId": CLIENT_TEXT}),
        (
            asks.OpenOrders(BTC.symbol),
            "/v1/order/openOrders",
            {"account-id": ACCOUNT_ID, "symbol": "btcusdt", "size": "500"},
        ),
        (
            asks.OrderHistory(BTC.symbol),
            "/v1/order/orders",
            {"symbol": "btcusdt", "states": "filled,partial-canceled,canceled", "size": "100"},
        ),
        (
            asks.FillHistory(BTC.symbol, since_ns=STAMP.venue_ns - 100 * HOURS),
            "/v1/order/matchresults",
            {
                "symbol": "btcusdt",
                "size": "500",
                "start-time": str(STAMP.ms - 100 * 3_600_000),
                "end-time": str(STAMP.ms - 52 * 3_600_000),
            },
        ),
        (
            asks.FillHistory(BTC.symbol, STAMP.venue_ns - HOURS, until_ns=STAMP.venue_ns - HOURS // 2),
            "/v1/order/matchresults",
            {
                "symbol": "btcusdt",
                "size": "500",
                "start-time": str(STAMP.ms - 3_600_000),
                "end-time": str(STAMP.ms - 1_800_000 + 1),
            },
        ),
        (asks.FillHistory(BTC.symbol, ref=THEIRS), "/v1/order/orders/59378/matchresults", {}),
        (asks.Balances(), f"/v1/account/accounts/{ACCOUNT_ID}/balance", {}),
        (asks.AccountFees(BTC.symbol), "/v2/reference/transact-fee-rate", {"symbols": "btcusdt"}),
        (asks.ReadKeyPermissions(), "/v2/user/api-key", {"uid": "63628520", "accessKey": KEY.key}),
        (asks.AccountId(), "/v1/account/accounts", {}),
        (asks.ServerTime(), "/v1/common/timestamp", {}),
        (
            asks.Klines(BTC.symbol, Interval.HOUR_1, limit=10),
            "/market/history/kline",
            {"symbol": "btcusdt", "period": "60min", "size": "10"},
        ),
        (
            asks.Klines(BTC.symbol, Interval.HOUR_1, since_ns=STAMP.venue_ns - 5 * HOURS),
            "/market/history/kline",
            {"symbol": "btcusdt", "period": "60min", "size": "7"},
        ),
        (
            asks.RecentTrades(BTC.symbol, 9_999),
            "/market/history/trade",
            {"symbol": "btcusdt", "size": "2000"},
        ),
        (asks.Tickers(), "/market/tickers", {}),
        (asks.Tickers(BTC.symbol), "/market/detail/merged", {"symbol": "btcusdt"}),
    ],
)
def test_questions_to_spot(ask: asks.Ask[Any], path: str, parameters: dict[str, str]) -> None:
    request = written(SPOT_DIALECT, ask)
    assert (request.method, path_of(request), query_of(request)) == ("GET", path, parameters)
    assert not request.urgent
    assert request.body == b""


@pytest.mark.parametrize(
    ("ask", "path", "parameters"),
    [
        (
            asks.QueryOrder(SWAP_OURS),
            "v1/swap_cross_order_info",
            {"contract_code": "BTC-USDT", "client_order_id": str(int(CLIENT_ID))},
        ),
        (asks.OpenOrders(None), "v1/swap_cross_openorders", {"page_index": 1, "page_size": 50}),
        (
            asks.OrderHistory(SWAP.symbol),
            "v3/swap_cross_hisorders",
            {"contract": "BTC-USDT", "trade_type": 0, "type": 2, "status": "5,6,7", "direct": "prev"},
        ),
        (
            asks.FillHistory(SWAP.symbol, since_ns=STAMP.venue_ns - HOURS),
            "v3/swap_cross_matchresults",
            {
                "contract": "BTC-USDT",
                "trade_type": 0,
                "direct": "prev",
                "start_time": STAMP.ms - 3_600_000,
                "end_time": STAMP.ms,
            },
        ),
        (
            asks.FillHistory(SWAP.symbol, STAMP.venue_ns - 100 * HOURS, until_ns=STAMP.venue_ns - 60 * HOURS),
            "v3/swap_cross_matchresults",
            {
                "contract": "BTC-USDT",
                "trade_type": 0,
                "direct": "prev",
                "start_time": STAMP.ms - 100 * 3_600_000,
                "end_time": STAMP.ms - 60 * 3_600_000 + 1,
            },
        ),
        (
            asks.FillHistory(SWAP.symbol, ref=SWAP_THEIRS),
            "v1/swap_cross_order_detail",
            {"contract_code": "BTC-USDT", "order_id": 784017187857760256, "page_index": 1, "page_size": 50},
        ),
        (asks.Balances(), "v1/swap_cross_account_info", {}),
        (asks.Positions(SWAP.symbol), "v1/swap_cross_position_info", {"contract_code": "BTC-USDT"}),
        (asks.AccountFees(SWAP.symbol), "v1/swap_fee", {"contract_code": "BTC-USDT"}),
        (
            asks.SetLeverage(SWAP.symbol, 20),
            "v1/swap_cross_switch_lever_rate",
            {"contract_code": "BTC-USDT", "lever_rate": 20},
        ),
    ],
)
def test_questions_to_swaps(ask: asks.Ask[Any], path: str, parameters: dict[str, Any]) -> None:
    request = written(SWAP_DIALECT, ask)
    expected = ("POST", f"/linear-swap-api/{path}", parameters)
    assert (request.method, path_of(request), body_of(request)) == expected


def test_bars_of_swaps_since_a_time() -> None:
    ask = asks.Klines(SWAP.symbol, Interval.MINUTE_5, since_ns=1_600_000_000 * 10**9, limit=3)
    assert query_of(written(SWAP_DIALECT, ask)) == {
        "contract_code": "BTC-USDT",
        "period": "5min",
        "from": "1600000000",
        "to": "1600000900",
    }


@pytest.mark.parametrize("dialect", [SPOT_DIALECT, SWAP_DIALECT])
@pytest.mark.parametrize("interval", [Interval.MINUTE_3, Interval.HOUR_2, Interval.HOUR_6, Interval.HOUR_12])
def test_bars_that_htx_does_not_have(dialect: MarketDialect, interval: Interval) -> None:
    symbol = BTC.symbol if dialect is SPOT_DIALECT else SWAP.symbol
    refused = dialect.write(asks.Klines(symbol, interval), STAMP)
    assert isinstance(refused, Unsupported)
    assert refused.capability is Capability.KLINES


def test_bars_too_far_back() -> None:
    ask = asks.Klines(BTC.symbol, Interval.MINUTE_1, since_ns=STAMP.venue_ns - 40 * HOURS)
    assert isinstance(SPOT_DIALECT.write(ask, STAMP), Unsupported)


@pytest.mark.parametrize(
    ("dialect", "ask"),
    [
        (SPOT_DIALECT, asks.AmendOrder(approved(BTC))),
        (SPOT_DIALECT, asks.Positions()),
        (SPOT_DIALECT, asks.SetLeverage(BTC.symbol, 3)),
        (SPOT_DIALECT, asks.SetMarginMode(BTC.symbol, MarginMode.CROSS)),
        (SPOT_DIALECT, asks.FundingNow(BTC.symbol)),
        (SPOT_DIALECT, asks.StreamToken(asks.TokenAction.START)),
        (SPOT_DIALECT, asks.FillHistory(BTC.symbol, ref=OURS)),
        (SWAP_DIALECT, asks.AmendOrder(approved(SWAP))),
        (SWAP_DIALECT, asks.SetMarginMode(SWAP.symbol, MarginMode.CROSS)),
        (SWAP_DIALECT, asks.SetLeverage(SWAP.symbol, 3, MarginMode.ISOLATED)),
        (SWAP_DIALECT, asks.ReadKeyPermissions()),
        (SWAP_DIALECT, asks.AccountId()),
        (SWAP_DIALECT, asks.StreamToken(asks.TokenAction.START)),
        (SWAP_DIALECT, asks.CancelAll(None)),
        (SWAP_DIALECT, asks.CancelAll(SWAP.symbol, triggered=True)),
        (SWAP_DIALECT, asks.OpenOrders(None, triggered=True)),
        (SWAP_DIALECT, asks.FillHistory(SWAP.symbol, ref=SWAP_OURS)),
    ],
)
def test_what_is_missing_has_a_reason(dialect: MarketDialect, ask: asks.Ask[Any]) -> None:
    refused = dialect.write(ask, STAMP)
    assert isinstance(refused, Unsupported)
    assert refused.reason


def test_what_a_setup_must_have() -> None:
    nobody = HtxSpotDialect(AccountSetup("https://api.huobi.pro", {BTC.symbol: BTC}))
    written(nobody, asks.ServerTime())
    with pytest.raises(ConfigError, match="credentials"):
        nobody.write(asks.AccountId(), STAMP)
    no_account = HtxSpotDialect(replace(SPOT_SETUP, account_id=""))
    for ask in (asks.Balances(), asks.OpenOrders(None), _placed(BTC)):
        with pytest.raises(ConfigError, match="account id"):
            no_account.write(ask, STAMP)
    with pytest.raises(ConfigError, match="nousdt"):
        SPOT_DIALECT.write(asks.AccountFees(Symbol("nousdt")), STAMP)
    no_user = HtxSpotDialect(replace(SPOT_SETUP, user_id=""))
    assert isinstance(no_user.write(asks.ReadKeyPermissions(), STAMP), Unsupported)


def test_capabilities_and_budgets() -> None:
    """Every charge names a budget, every budget is spent, and HTX promises no expiry of a request."""
    for dialect, spec in ((SPOT_DIALECT, SPOT_PRIVATE), (SWAP_DIALECT, SWAP_PRIVATE)):
        assert set(dialect.capabilities) == set(Capability)
        for capability in (
            Capability.REQUEST_EXPIRY,
            Capability.UNIQUE_CLIENT_ID,
            Capability.AMEND_PRICE,
            Capability.AMEND_SIZE,
            Capability.TESTNET,
        ):
            assert isinstance(dialect.capabilities[capability], Unsupported)
        for capability in (Capability.DEAD_MAN, Capability.ED25519, Capability.ORDERS_OVER_WEBSOCKET):
            assert isinstance(dialect.capabilities[capability], Supported)
        assert (spec.request_expiry, spec.testnet) == (False, None)
        assert all(line.base in spec.live for line in spec.lines)
        assert len({limit.name for limit in spec.limits}) == len(spec.limits)
    budgets = {limit.name for spec in (SPOT_PRIVATE, SWAP_PRIVATE) for limit in spec.limits}
    spent = {
        charge.budget
        for dialect, ask in (
            (SPOT_DIALECT, _placed(BTC)),
            (SPOT_DIALECT, asks.CancelOrder(OURS)),
            (SPOT_DIALECT, asks.CancelOrder(THEIRS)),
            (SPOT_DIALECT, asks.CancelAll(None)),
            (SPOT_DIALECT, asks.QueryOrder(OURS)),
            (SPOT_DIALECT, asks.QueryOrder(THEIRS)),
            (SPOT_DIALECT, asks.OpenOrders(None)),
            (SPOT_DIALECT, asks.OrderHistory(BTC.symbol)),
            (SPOT_DIALECT, asks.FillHistory(BTC.symbol)),
            (SPOT_DIALECT, asks.FillHistory(BTC.symbol, ref=THEIRS)),
            (SPOT_DIALECT, asks.AccountId()),
            (SPOT_DIALECT, asks.Balances()),
            (SPOT_DIALECT, asks.AccountFees(BTC.symbol)),
            (SPOT_DIALECT, asks.UserId()),
            (SPOT_DIALECT, asks.ArmDeadMan(0)),
            (SPOT_DIALECT, asks.ServerTime()),
            (SWAP_DIALECT, _placed(SWAP)),
            (SWAP_DIALECT, asks.Balances()),
            (SWAP_DIALECT, asks.SetLeverage(SWAP.symbol, 2)),
            (SWAP_DIALECT, asks.ServerTime()),
            (SWAP_DIALECT, asks.Tickers()),
        )
        for charge in written(dialect, ask).charges
    }
    assert spent == budgets
