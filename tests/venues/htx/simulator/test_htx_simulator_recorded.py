"""The simulated HTX answers with the fields that the venue's recorded answers have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tests.support.htx_client import Trader
from tests.support.jkorf import rest_fixtures

TRADING, ACCOUNT = "UsdtMarginSwap/Trading", "UsdtMarginSwap/Account"
CONTRACT = {"contract_code": "BTC-USDT"}
BY_CONTRACT = {"contract": "BTC-USDT", "trade_type": 0, "type": 1, "status": "0"}
V3 = "/linear-swap-api/v3/swap_cross_"
# What the recordings have and the simulator does not: fees paid in other assets, and fields of later years.
NOT_SIMULATED = {
    "fee_amount", "fee_quote_amount", "canceled_source", "instrument_price", "final_interest", "adjust_value",
    "cross_max_available", "fee_deduct_amount", "debt", "available", "trade_partition",
}  # fmt: skip

# Of symbols that track a multiple of an asset, and of what they are made of; fees of withdrawals.
LEVERAGED = {"ct", "in", "maxov", "mfr", "rt", "rthr", "u", "id", "name", "weight"}
CHAINS = {
    "baseChain", "baseChainProtocol", "maxTransactFeeWithdraw", "minTransactFeeWithdraw",
    "transactFeeRateWithdraw",
}  # fmt: skip


def _fields(value: Any) -> set[str]:
    """The names of all fields, at whatever depth."""
    if isinstance(value, list):
        return set().union(*(_fields(each) for each in value))
    if isinstance(value, Mapping):
        return set(value).union(*(_fields(each) for each in value.values()))
    return set()


@pytest.fixture(scope="module")
def recorded() -> Mapping[str, bytes]:
    """Recorded answers by name."""
    return {name: each.body for name, each in rest_fixtures("htxnet").items()}


def _missing(recorded: Mapping[str, bytes], name: str, answer: Any) -> set[str]:
    """Fields that the recording has and the answer lacks."""
    return _fields(msgspec.json.decode(recorded[name])) - _fields(answer) - NOT_SIMULATED


async def _spot(trader: Trader) -> dict[str, Any]:
    price = trader.price("spot", "btcusdt", 0.97)
    filled = await trader.place("buy-market", "100")
    placed = await trader.place("buy-limit", "0.01", price, **{"client-order-id": "mine"})
    path = f"/v1/order/orders/{placed['data']}"
    small = {"account-id": trader.account_id, "symbol": "btcusdt", "type": "buy-limit", "price": price}
    batch = [{**small, "amount": "0.01"}, {**small, "amount": "0.000001", "client-order-id": "b"}]
    number = trader.account_id
    return {
        "PlaceOrder": placed,
        "GetOpenOrders": await trader.spot("GET", "/v1/order/openOrders"),
        "GetOrder": await trader.spot("GET", path),
        "GetOrderByClientOrderId": await trader.spot(
            "GET", "/v1/order/orders/getClientOrder", clientOrderId="mine"
        ),
        "GetHistoricalOrders": await trader.spot("GET", "/v1/order/history"),
        "GetClosedOrders": await trader.spot("GET", "/v1/order/orders", symbol="btcusdt", states="filled"),
        "GetOrderTrades": await trader.spot("GET", f"/v1/order/orders/{filled['data']}/matchresults"),
        "GetUserTrades": await trader.spot("GET", "/v1/order/matchresults"),
        "PlaceMultipleOrder": await trader.spot("POST", "/v1/order/batch-orders", batch),
        "CancelOrder": await trader.spot("POST", f"{path}/submitcancel", {}),
        "CancelOrders": await trader.spot(
            "POST",
            "/v1/order/orders/batchcancel",
            {"order-ids": [placed["data"]], "client-order-ids": ["no"]},
        ),
        "CancelOrdersByCriteria": await trader.spot("POST", "/v1/order/orders/batchCancelOpenOrders", {}),
        "Account/GetAccounts": await trader.spot("GET", "/v1/account/accounts"),
        "Account/GetBalances": await trader.spot("GET", f"/v1/account/accounts/{number}/balance"),
        "Account/GetTradingFees": await trader.spot(
            "GET", "/v2/reference/transact-fee-rate", symbols="btcusdt"
        ),
        "Account/GetUserId": await trader.spot("GET", "/v2/user/uid"),
    }


async def test_spot(trader, recorded):
    for name, answer in (await _spot(trader)).items():
        key = f"Spot/{name}" if "/" in name else f"Spot/Trading/{name}"
        assert not _missing(recorded, key, answer), name


async def _swap(trader: Trader) -> dict[str, Any]:
    price = trader.price("swap", "BTC-USDT", 0.97)
    filled = await trader.place_swap("market", 3, "buy")
    placed = await trader.place_swap("limit", 1, "buy", price)
    by_id = {**CONTRACT, "order_id": placed["data"]["order_id_str"]}
    trigger = {
        **CONTRACT, "trigger_type": "le", "trigger_price": price, "order_price": price, "volume": 1,
        "order_price_type": "limit", "direction": "buy", "lever_rate": 5,
    }  # fmt: skip
    triggered = await trader.swap("trigger_order", trigger)
    waiting = await trader.swap("trigger_openorders", CONTRACT)
    await trader.swap("trigger_cancelall", CONTRACT)
    detail = {**CONTRACT, "order_id": filled["data"]["order_id_str"]}
    return {
        f"{TRADING}/PlaceCrossMarginOrder": placed,
        f"{TRADING}/PlaceCrossMarginTriggerOrder": triggered,
        f"{TRADING}/GetCrossMarginOpenTriggerOrders": waiting,
        f"{TRADING}/GetCrossMarginTriggerOrderHistory": await trader.swap("trigger_hisorders", CONTRACT),
        f"{TRADING}/GetCrossMarginOpenOrders": await trader.swap("openorders", CONTRACT),
        f"{TRADING}/GetCrossMarginOrder": await trader.swap("order_info", by_id),
        f"{TRADING}/GetCrossMarginOrderDetails": await trader.swap("order_detail", detail),
        f"{TRADING}/GetCrossMarginClosedOrders": await trader.swap(f"{V3}hisorders", BY_CONTRACT),
        f"{TRADING}/GetCrossMarginUserTrades": await trader.swap(f"{V3}matchresults", BY_CONTRACT),
        f"{ACCOUNT}/GetCrossMarginPositions": await trader.swap("position_info", CONTRACT),
        f"{ACCOUNT}/GetCrossMarginAssetsAndPositions": await trader.swap("account_position_info", {}),
        f"{ACCOUNT}/GetCrossMarginAccountInfo": await trader.swap("account_info", {}),
        f"{ACCOUNT}/GetIsolatedMarginAccountInfo": await trader.swap(
            "/linear-swap-api/v1/swap_account_info", {}
        ),
        f"{ACCOUNT}/GetTradingFees": await trader.swap("/linear-swap-api/v1/swap_fee", CONTRACT),
        f"{ACCOUNT}/GetCrossMarginAvailableLeverage": await trader.swap("available_level_rate", CONTRACT),
        f"{TRADING}/CancelCrossMarginOrder": await trader.swap("cancel", {**CONTRACT, "order_id": "7"}),
        f"{TRADING}/CloseCrossMarginPosition": await trader.swap(
            "lightning_close_position", {**CONTRACT, "volume": 3, "direction": "sell"}
        ),
        f"{TRADING}/CancelAllCrossMarginOrders": await trader.swap("cancelall", CONTRACT),
        f"{TRADING}/SetCrossMarginLeverage": await trader.swap(
            "switch_lever_rate", {**CONTRACT, "lever_rate": 3}
        ),
        f"{TRADING}/CancelOrdersAfter": await trader.swap(
            "/linear-swap-api/v1/linear-cancel-after", {"on_off": 0}
        ),
    }


async def test_swaps(trader, recorded):
    for name, answer in (await _swap(trader)).items():
        assert not _missing(recorded, name, answer), name


async def test_public_data(trader, recorded):
    await trader.traded()
    code = "?contract_code=BTC-USDT"
    v1, ex = "/linear-swap-api/v1/swap_", "/linear-swap-ex/market/"
    for market, path, name in (
        ("spot", "/v2/settings/common/symbols", "Spot/ExchangeData/GetSymbols"),
        ("spot", "/v1/settings/common/market-symbols", "Spot/ExchangeData/GetSymbolConfig"),
        ("spot", "/v2/reference/currencies", "Spot/ExchangeData/GetAssetsAndNetworks"),
        ("swap", f"{v1}contract_info", "UsdtMarginSwap/ExchangeData/GetContractInfo"),
        ("swap", f"{v1}funding_rate{code}", "UsdtMarginSwap/ExchangeData/GetFundingRate"),
        ("swap", f"{v1}batch_funding_rate", "UsdtMarginSwap/ExchangeData/GetFundingRates"),
        (
            "swap",
            f"{v1}historical_funding_rate{code}",
            "UsdtMarginSwap/ExchangeData/GetHistoricalFundingRates",
        ),
        ("swap", f"{v1}index{code}", "UsdtMarginSwap/ExchangeData/GetSwapIndexPrice"),
        ("swap", f"{v1}price_limit{code}", "UsdtMarginSwap/ExchangeData/GetSwapPriceLimitation"),
        ("swap", f"{v1}open_interest{code}", "UsdtMarginSwap/ExchangeData/GetSwapOpenInterest"),
        ("swap", f"{ex}detail/batch_merged", "UsdtMarginSwap/ExchangeData/GetTickers"),
        ("swap", f"{ex}history/trade{code}", "UsdtMarginSwap/ExchangeData/GetRecentTrades"),
    ):
        _, answer, _ = await trader.fetch(trader.base(f"htx.{market}", "rest") + path)
        assert not _missing(recorded, name, answer) - LEVERAGED - CHAINS, name
