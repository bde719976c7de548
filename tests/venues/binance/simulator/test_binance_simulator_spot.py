"""Orders and accounts of simulated spot over REST: refusals in their words, and what becomes of orders."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

SPOT = "binance.spot"
ORDER = "/api/v3/order"
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
TAKES = "Order would immediately match and take."
REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
    ({"symbol": "btcusdt"}, -1121, "Invalid symbol."),
    ({"symbol": None}, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
    ({"side": "HOLD"}, -1117, "Invalid side."),
    ({"type": "STOP"}, -1116, "Invalid orderType."),
    (
        {"timeInForce": None},
        -1102,
        "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed.",
    ),
    ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
    ({"quantity": None}, -1102, "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed."),
    ({"price": None}, -1102, "Mandatory parameter 'price' was not sent, was empty/null, or malformed."),
    ({"price": ""}, -1105, "Parameter 'price' was empty."),
    (
        {"price": "1e5"},
        -1100,
        r"Illegal characters found in parameter 'price'; legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'.",
    ),
    ({"price": "60000.123456789"}, -1111, "Parameter 'price' has too much precision."),
    ({"price": "60000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "0"}, -1013, "Invalid quantity."),
    ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
    ({"quantity": "999999999"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "200"}, -1013, "Filter failure: NOTIONAL"),
    ({"icebergQty": "0.0001"}, -1013, "Filter failure: ICEBERG_PARTS"),
    ({"price": "99999999"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"price": "99999"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    ({"quantity": "100"}, -2010, "Account has insufficient balance for requested action."),
    ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
    ({"stopPrice": "1"}, -1106, "Parameter 'stopPrice' sent when not required."),
    ({"quoteOrderQty": "1"}, -1106, "Parameter 'quoteOrderQty' sent when not required."),
    (
        {"newClientOrderId": "no spaces"},
        -1100,
        r"Illegal characters found in parameter 'newClientOrderId'; legal range is "
        r"'^[\.A-Z\:/a-z0-9_-]{1,36}$'.",
    ),
    ({"newOrderRespType": "ALL"}, -1130, "Data sent for parameter 'newOrderRespType' is not valid."),
    ({"nonsense": "1"}, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."),
    (
        {"type": "STOP_LOSS", "price": None, "timeInForce": None},
        -1102,
        "Mandatory parameter 'stopPrice' was not sent, was empty/null, or malformed.",
    ),
    ({"type": "STOP_LOSS_LIMIT", "stopPrice": "50000"}, -2010, "Order would trigger immediately."),
    (
        {"type": "MARKET", "price": None, "timeInForce": None, "quoteOrderQty": "10"},
        -1128,
        "Combination of optional parameters invalid.",
    ),
]


async def test_refusals(trader: Any) -> None:
    """All on one simulator; nothing of it is left."""
    for change, code, text in REFUSALS:
        params = {**LIMIT, "price": trader.far(SPOT), **change}
        params = {name: value for name, value in params.items() if value is not None}
        found = await trader.signed("POST", ORDER, **params)
        assert (change, found) == (change, (400, {"code": code, "msg": text}))
    assert await trader.signed("GET", "/api/v3/openOrders") == (200, [])


async def test_the_life_of_an_order(trader: Any) -> None:
    """Placed, found in every way, made smaller in its place, cancelled, gone."""
    placed = await trader.place(SPOT, newClientOrderId="mine")
    assert (placed["status"], placed["type"], placed["timeInForce"]) == ("NEW", "LIMIT", "GTC")
    assert placed["origQty"] == "0.01000000"
    number = placed["orderId"]
    for params in ({"orderId": number}, {"origClientOrderId": "mine"}):
        _, found = await trader.signed("GET", ORDER, symbol="BTCUSDT", **params)
        assert (found["orderId"], found["clientOrderId"], found["isWorking"]) == (number, "mine", True)
    assert await trader.signed(
        "POST", ORDER, **{**LIMIT, "price": placed["price"], "newClientOrderId": "mine"}
    ) == (
        400,
        {"code": -2010, "msg": "Duplicate order sent."},
    )
    amend = "/api/v3/order/amend/keepPriority"
    for size, text in (
        ("0.02", "Order amend (quantity increase) is not supported."),
        ("0.01", "The requested action would change no state; rejecting."),
    ):
        refused = await trader.signed("PUT", amend, symbol="BTCUSDT", orderId=number, newQty=size)
        assert refused == (400, {"code": -2038, "msg": text})
    status, amended = await trader.signed("PUT", amend, symbol="BTCUSDT", orderId=number, newQty="0.008")
    assert status == 200
    order = amended["amendedOrder"]
    assert (order["origClientOrderId"], order["qty"]) == ("mine", "0.00800000")
    renamed = order["clientOrderId"]
    assert renamed != "mine"
    missing = await trader.signed("GET", ORDER, symbol="BTCUSDT", origClientOrderId="mine")
    assert missing == (400, {"code": -2013, "msg": "Order does not exist."})
    for name, code in ((renamed, -2010), ("mine", None)):  # the new name is taken, the old one is free
        request = {**LIMIT, "price": placed["price"], "newClientOrderId": name}
        assert (await trader.signed("POST", ORDER, **request))[1].get("code") == code
    taken = await trader.signed(
        "PUT", amend, symbol="BTCUSDT", orderId=number, newQty="0.007", newClientOrderId="mine"
    )
    assert taken[1] == {"code": -2010, "msg": "Duplicate order sent."}
    await trader.signed("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="mine")
    status, cancelled = await trader.signed("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId=renamed)
    assert (status, cancelled["status"], cancelled["origClientOrderId"]) == (200, "CANCELED", renamed)
    assert cancelled["clientOrderId"] not in ("mine", renamed)
    again = await trader.signed("DELETE", ORDER, symbol="BTCUSDT", orderId=number)
    assert again == (400, {"code": -2011, "msg": "Unknown order sent."})
    _, every = await trader.signed("GET", "/api/v3/allOrders", symbol="BTCUSDT")
    assert [(row["orderId"], row["clientOrderId"], row["status"]) for row in every] == [
        (number, renamed, "CANCELED"),
        (every[1]["orderId"], "mine", "CANCELED"),
    ]


async def test_what_takes_and_what_is_left(trader: Any) -> None:
    """FULL tells the fills; what IOC and FOK leave expires; a post-only order that takes is refused."""
    bid, ask = trader.best(SPOT)
    bought = await trader.place(SPOT, type="MARKET", timeInForce=None, newOrderRespType="FULL")
    assert (bought["status"], bought["executedQty"]) == ("FILLED", "0.01000000")
    fill = bought["fills"][0]
    assert Decimal(fill["price"]) == ask
    assert fill["commissionAsset"] == "BTC"
    assert Decimal(fill["commission"]) == Decimal(fill["qty"]) * Decimal("0.001")
    for tif, reason in (("IOC", "UNFILLED_IOC_QUANTITY_EXPIRED"), ("FOK", "UNFILLED_FOK_ORDER_EXPIRED")):
        missed = await trader.place(SPOT, timeInForce=tif, newOrderRespType="RESULT")
        assert (missed["status"], missed["expiryReason"]) == ("EXPIRED", reason)
    refused = await trader.signed(
        "POST", ORDER, symbol="BTCUSDT", side="SELL", type="LIMIT_MAKER", quantity="0.01", price=str(bid)
    )
    assert refused == (400, {"code": -2010, "msg": TAKES})
    spent = await trader.place(SPOT, type="MARKET", timeInForce=None, quantity=None, quoteOrderQty="1000")
    assert spent["status"] == "FILLED"
    assert spent["origQuoteOrderQty"] == "1000.00000000"
    assert 0 < Decimal(spent["cummulativeQuoteQty"]) <= 1000
    _, trades = await trader.signed("GET", "/api/v3/myTrades", symbol="BTCUSDT")
    assert trades[0]["id"] == fill["tradeId"]
    assert all(row["isBuyer"] and not row["isMaker"] for row in trades)
    _, one = await trader.signed("GET", "/api/v3/myTrades", symbol="BTCUSDT", orderId=spent["orderId"])
    assert {row["orderId"] for row in one} == {spent["orderId"]}


async def test_balances_follow_orders(trader: Any) -> None:
    async def usdt() -> tuple[Decimal, Decimal]:
        _, account = await trader.signed("GET", "/api/v3/account")
        row = next(each for each in account["balances"] if each["asset"] == "USDT")
        return Decimal(row["free"]), Decimal(row["locked"])

    free, locked = await usdt()
    order = await trader.place(SPOT)
    value = Decimal(order["price"]) * Decimal("0.01")
    assert await usdt() == (free - value, locked + value)
    status, rows = await trader.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    assert (status, len(rows)) == (200, 1)
    assert await usdt() == (free, locked)
    assert (await trader.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSDT"))[1]["code"] == -2011


@pytest.mark.parametrize(
    ("mode", "cancels", "places", "status", "code"),
    [
        ("STOP_ON_FAILURE", True, True, 200, None),
        ("STOP_ON_FAILURE", False, True, 400, -2022),
        ("STOP_ON_FAILURE", True, False, 409, -2021),
        ("ALLOW_FAILURE", False, True, 409, -2021),
        ("ALLOW_FAILURE", False, False, 400, -2022),
    ],
)
async def test_cancel_and_replace(
    trader: Any, mode: str, cancels: bool, places: bool, status: int, code: int | None
) -> None:
    """All five outcomes, and the orders that are open afterwards."""
    old = await trader.place(SPOT, newClientOrderId="old")
    found, body = await trader.signed(
        "POST",
        "/api/v3/order/cancelReplace",
        **{**LIMIT, "price": trader.far(SPOT, "0.96"), "quantity": "0.01" if places else "100"},
        newClientOrderId="new",
        cancelReplaceMode=mode,
        cancelOrderId=old["orderId"] if cancels else 7,
    )
    assert (found, body.get("code")) == (status, code)
    outcome = body if code is None else body["data"]
    tried = cancels or mode == "ALLOW_FAILURE"
    assert outcome["cancelResult"] == ("SUCCESS" if cancels else "FAILURE")
    assert outcome["newOrderResult"] == (("SUCCESS" if places else "FAILURE") if tried else "NOT_ATTEMPTED")
    if not cancels:
        assert outcome["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}
    if not tried:
        assert outcome["newOrderResponse"] is None
    _, rows = await trader.signed("GET", "/api/v3/openOrders")
    expected = ([] if cancels else ["old"]) + (["new"] if places and tried else [])
    assert [row["clientOrderId"] for row in rows] == expected


async def test_filters_come_before_the_cancellation_of_a_replaced_order(trader: Any) -> None:
    old = await trader.place(SPOT, newClientOrderId="old")
    off_tick = {**LIMIT, "price": f"{trader.far(SPOT)}1"}
    refusal = 400, {"code": -1013, "msg": "Filter failure: PRICE_FILTER"}
    assert await trader.signed("POST", "/api/v3/order/test", **off_tick) == refusal
    replaced = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": old["orderId"]}
    assert await trader.signed("POST", "/api/v3/order/cancelReplace", **off_tick, **replaced) == refusal
    _, rows = await trader.signed("GET", "/api/v3/openOrders")
    assert [row["clientOrderId"] for row in rows] == ["old"]


async def test_a_stop_waits_and_is_triggered(trading: Any) -> None:
    async with trading(rate=6.0) as trader:
        stop = str(trader.best(SPOT)[1] + Decimal("0.50"))
        _, placed = await trader.signed(
            "POST", ORDER, symbol="BTCUSDT", side="BUY", type="STOP_LOSS", quantity="0.01", stopPrice=stop
        )
        ids = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
        _, first = await trader.signed("GET", ORDER, **ids)
        assert (first["status"], first["isWorking"], Decimal(first["stopPrice"])) == (
            "NEW",
            False,
            Decimal(stop),
        )
        trader.simulator.set_paused(False)
        exchange = trader.simulator.exchanges["binance"]
        await trader.until(lambda: not exchange.open_orders(1, SPOT), 20)
        _, found = await trader.signed("GET", ORDER, **ids)
    assert (found["status"], found["type"], found["executedQty"]) == ("FILLED", "STOP_LOSS", "0.01000000")


async def test_cancel_restrictions(trader: Any) -> None:
    order = await trader.place(SPOT)
    ids = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    refused = await trader.signed("DELETE", ORDER, **ids, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert refused == (400, {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."})
    assert (await trader.signed("DELETE", ORDER, **ids, cancelRestrictions="ONLY_NEW"))[0] == 200


async def test_account_endpoints(trader: Any) -> None:
    """What clients ask before they trade."""
    _, commission = await trader.signed("GET", "/api/v3/account/commission", symbol="BTCUSDT")
    assert commission["standardCommission"]["taker"] == "0.00100000"
    _, restrictions = await trader.signed("GET", "/sapi/v1/account/apiRestrictions")
    assert restrictions["enableSpotAndMarginTrading"]
    assert not restrictions["enableWithdrawals"]
    _, coins = await trader.signed("GET", "/sapi/v1/capital/config/getall")
    assert {"BTC", "XRP", "USDT"} == {coin["coin"] for coin in coins}
    _, filters = await trader.signed("GET", "/api/v3/myFilters", symbol="BTCUSDT")
    assert filters["symbolFilters"]
    assert await trader.signed("POST", "/api/v3/order/test", **LIMIT, price=trader.far(SPOT)) == (200, {})
    _, tested = await trader.signed(
        "POST", "/api/v3/order/test", **LIMIT, price=trader.far(SPOT), computeCommissionRates="true"
    )
    assert tested["standardCommissionForOrder"]["maker"] == "0.00100000"
    _, counts = await trader.signed("GET", "/api/v3/rateLimit/order")
    assert [(row["interval"], row["count"]) for row in counts] == [("SECOND", 0), ("DAY", 0)]


async def test_order_counts_and_their_limit(trading: Any) -> None:
    """A hundred orders in ten seconds; fills give back; the 101st is refused with -1015 and Retry-After."""
    async with trading() as trader:
        while time.time() % 10 > 8:  # noqa: ASYNC110 - a window begins soon
            await asyncio.sleep(0.1)
        for _ in range(3):
            await trader.place(SPOT)
        await trader.place(SPOT, type="MARKET", timeInForce=None)
        query = urlencode({**LIMIT, "price": trader.far(SPOT), "timestamp": int(time.time() * 1000)})
        target = f"{ORDER}?{query}&signature={trader.trading.sign(query)}"
        status, _, headers = await trader.answer("POST", target, trader.trading.key)
        assert (status, headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1D"]) == (200, "4", "4")
        for _ in range(96):
            await trader.place(SPOT)
        status, text, headers = await trader.answer("POST", target, trader.trading.key)
        assert (status, "-1015" in text) == (429, True)
        assert 1 <= int(headers["Retry-After"]) <= 10
    async with trading(limits=False) as trader:
        for _ in range(105):
            await trader.place(SPOT)
