"""Orders, positions and settings of simulated USD-M over REST."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal
from typing import Any

USDM = "binance.usdm"
ORDER = "/fapi/v1/order"
ALGO = "/fapi/v1/algoOrder"
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
REFUSALS: list[tuple[dict[str, Any], int]] = [
    ({"symbol": "NOPE"}, -1121),
    ({"side": "HOLD"}, -1117),
    ({"type": "ICEBERG"}, -1116),
    ({"type": "STOP_MARKET", "stopPrice": "1"}, -4120),
    ({"timeInForce": None}, -1102),
    ({"timeInForce": "DAY"}, -1115),
    ({"quantity": None}, -1102),
    ({"quantity": "0"}, -4003),
    ({"quantity": "0.0001"}, -1111),
    ({"quantity": "9999999"}, -4005),
    ({"price": "0"}, -4001),
    ({"price": "60000.123"}, -1111),
    ({"price": "60000.12"}, -4014),
    ({"price": "90000.1"}, -4016),
    ({"side": "SELL", "price": "30000.1"}, -4024),
    ({"price": "99999999"}, -4002),
    ({"quantity": "0.001"}, -4164),
    ({"quantity": "1000"}, -2019),
    ({"positionSide": "LONG"}, -4061),
    ({"reduceOnly": "true"}, -2022),
    ({"newClientOrderId": "x" * 37}, -4015),
    ({"newClientOrderId": "no spaces"}, -4015),
    ({"timeInForce": "GTD"}, -1102),
    ({"timeInForce": "GTD", "goodTillDate": "1"}, -4183),
    ({"newOrderRespType": "FULL"}, -1130),
]


async def test_refusals(trader: Any) -> None:
    """All on one simulator; nothing of it is left."""
    for change, code in REFUSALS:
        params = {**LIMIT, "price": trader.far(USDM), **change}
        params = {name: value for name, value in params.items() if value is not None}
        status, body = await trader.signed("POST", ORDER, **params)
        assert (change, status, body["code"]) == (change, 400, code), body
    assert await trader.signed("GET", "/fapi/v1/openOrders") == (200, [])


async def test_words_of_refusals_with_numbers(trader: Any) -> None:
    price = trader.far(USDM)
    _, body = await trader.signed("POST", ORDER, **{**LIMIT, "quantity": "0.001"}, price=price)
    assert body["msg"] == "Order's notional must be no smaller than 100 (unless you choose reduce only)."
    bid = trader.best(USDM)[0]
    taken = {**LIMIT, "side": "SELL", "timeInForce": "GTX", "price": str(bid)}
    _, body = await trader.signed("POST", ORDER, **taken)
    assert body["code"] == -5022
    _, body = await trader.signed("POST", ORDER, **{**LIMIT, "timeInForce": "FOK"}, price=price)
    assert body["code"] == -5021


async def test_the_life_of_an_order(trader: Any) -> None:
    """Acknowledged, found, changed in price and size, cancelled."""
    acked = await trader.place(USDM, newClientOrderId="mine", newOrderRespType="ACK")
    assert (acked["status"], acked["clientOrderId"], acked["executedQty"]) == ("NEW", "mine", "0.000")
    ids = {"symbol": "BTCUSDT", "orderId": acked["orderId"]}
    again = await trader.signed("POST", ORDER, **LIMIT, price=acked["price"], newClientOrderId="mine")
    assert again[1]["code"] == -4116
    same = {"side": "BUY", "quantity": "0.01", "price": acked["price"]}
    _, body = await trader.signed("PUT", ORDER, **ids, **same)
    assert (body["code"], body["msg"]) == (-5027, "No need to modify the order.")
    moved = trader.far(USDM, "0.96")
    status, body = await trader.signed("PUT", ORDER, **ids, side="BUY", quantity="0.02", price=moved)
    assert (status, body["origQty"], Decimal(body["price"])) == (200, "0.020", Decimal(moved))
    for path in (ORDER, "/fapi/v1/openOrder"):
        _, found = await trader.signed("GET", path, symbol="BTCUSDT", origClientOrderId="mine")
        assert (found["orderId"], found["origQty"]) == (acked["orderId"], "0.020")
    assert (await trader.signed("DELETE", ORDER, **ids))[1]["status"] == "CANCELED"
    assert (await trader.signed("DELETE", ORDER, **ids))[1] == {"code": -2011, "msg": "Unknown order sent."}
    assert (await trader.signed("GET", "/fapi/v1/openOrder", **ids))[1]["code"] == -2013
    _, every = await trader.signed("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")
    assert [row["status"] for row in every] == ["CANCELED"]


async def test_batches_mix_orders_and_errors(trader: Any) -> None:
    low = trader.far(USDM)
    good, wrong = {**LIMIT, "price": low}, {**LIMIT, "price": low, "quantity": "0"}
    _, rows = await trader.signed("POST", "/fapi/v1/batchOrders", batchOrders=json.dumps([good, wrong, good]))
    assert [row.get("code", row.get("status")) for row in rows] == ["NEW", -4003, "NEW"]
    numbers = [rows[0]["orderId"], 7, rows[2]["orderId"]]
    _, rows = await trader.signed(
        "DELETE", "/fapi/v1/batchOrders", symbol="BTCUSDT", orderIdList=json.dumps(numbers)
    )
    assert [row.get("code", row.get("status")) for row in rows] == ["CANCELED", -2011, "CANCELED"]
    _, body = await trader.signed("POST", "/fapi/v1/batchOrders", batchOrders=json.dumps([good] * 6))
    assert body["code"] == -4082
    await trader.place(USDM)
    _, body = await trader.signed("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
    assert body == {"code": 200, "msg": "The operation of cancel all open order is done."}
    assert await trader.signed("GET", "/fapi/v1/openOrders") == (200, [])


async def test_positions_margin_and_income(trader: Any) -> None:
    bought = await trader.place(USDM, type="MARKET", timeInForce=None)
    assert (bought["status"], bought["executedQty"]) == ("FILLED", "0.010")
    _, rows = await trader.signed("GET", "/fapi/v3/positionRisk")
    assert [(row["symbol"], row["positionAmt"]) for row in rows] == [("BTCUSDT", "0.010")]
    position = rows[0]
    assert Decimal(position["entryPrice"]) == trader.best(USDM)[1]
    _, every = await trader.signed("GET", "/fapi/v2/positionRisk")
    assert {row["symbol"]: row["positionAmt"] for row in every} == {"BTCUSDT": "0.010", "XRPUSDT": "0.0"}
    _, account = await trader.signed("GET", "/fapi/v3/account")
    assert Decimal(account["totalInitialMargin"]) == Decimal(position["initialMargin"]) > 0
    assert account["positions"][0]["symbol"] == "BTCUSDT"
    _, balances = await trader.signed("GET", "/fapi/v3/balance")
    fee = Decimal(position["entryPrice"]) * Decimal("0.01") * Decimal("0.0005")
    assert abs(Decimal(balances[0]["balance"]) - (1_000_000 - fee)) < Decimal("1e-7")
    _, trades = await trader.signed("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
    assert trades[0]["buyer"]
    assert not trades[0]["maker"]
    closed = await trader.place(USDM, side="SELL", type="MARKET", timeInForce=None, reduceOnly="true")
    assert closed["reduceOnly"] is True
    assert await trader.signed("GET", "/fapi/v3/positionRisk") == (200, [])
    _, income = await trader.signed("GET", "/fapi/v1/income", symbol="BTCUSDT")
    kinds = [row["incomeType"] for row in income]
    assert kinds.count("COMMISSION") == 2
    assert kinds.count("REALIZED_PNL") == 1


async def test_the_margin_of_an_isolated_position_is_not_in_the_cross_wallet(trader: Any) -> None:
    await trader.signed("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    await trader.place(USDM, type="MARKET", timeInForce=None, quantity="0.1")
    _, (position,) = await trader.signed("GET", "/fapi/v3/positionRisk")
    margin, profit = Decimal(position["isolatedMargin"]), Decimal(position["unRealizedProfit"])
    assert margin > 0 > profit
    _, (row, *_) = await trader.signed("GET", "/fapi/v3/balance")
    assert Decimal(row["crossWalletBalance"]) == Decimal(row["balance"]) - margin
    assert Decimal(row["crossUnPnl"]) == 0
    _, account = await trader.signed("GET", "/fapi/v3/account")
    assert account["totalCrossWalletBalance"] == row["crossWalletBalance"]
    assert Decimal(account["totalUnrealizedProfit"]) == profit


async def test_settings(trader: Any) -> None:
    """Leverage, margin mode, position mode, brackets, fees."""
    _, body = await trader.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
    assert (body["leverage"], body["symbol"]) == (7, "BTCUSDT")
    assert (await trader.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=126))[1][
        "code"
    ] == -4028
    margin = "/fapi/v1/marginType"
    crossed = await trader.signed("POST", margin, symbol="BTCUSDT", marginType="CROSSED")
    assert crossed == (400, {"code": -4046, "msg": "No need to change margin type."})
    assert (await trader.signed("POST", margin, symbol="BTCUSDT", marginType="ISOLATED"))[0] == 200
    _, rows = await trader.signed("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")
    assert (rows[0]["marginType"], rows[0]["leverage"]) == ("ISOLATED", 7)
    await trader.place(USDM, quantity="0.002")
    assert (await trader.signed("POST", margin, symbol="BTCUSDT", marginType="CROSSED"))[1]["code"] == -4047
    assert await trader.signed("GET", "/fapi/v1/positionSide/dual") == (200, {"dualSidePosition": False})
    dual = "/fapi/v1/positionSide/dual"
    assert (await trader.signed("POST", dual, dualSidePosition="false"))[1]["code"] == -4059
    assert (await trader.signed("POST", dual, dualSidePosition="true"))[1]["code"] == -4084
    _, brackets = await trader.signed("GET", "/fapi/v1/leverageBracket", symbol="BTCUSDT")
    assert brackets[0]["brackets"][0]["initialLeverage"] == 125
    _, rates = await trader.signed("GET", "/fapi/v1/commissionRate", symbol="BTCUSDT")
    assert (rates["makerCommissionRate"], rates["takerCommissionRate"]) == ("0.000200", "0.000500")


async def test_algo_orders_are_a_world_of_their_own(trader: Any) -> None:
    stop = {
        "algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET",
        "quantity": "0.01", "triggerPrice": trader.far(USDM), "clientAlgoId": "stop",
    }  # fmt: skip
    status, algo = await trader.signed("POST", ALGO, **stop)
    assert (status, algo["algoStatus"], algo["orderType"]) == (200, "NEW", "STOP_MARKET")
    assert await trader.signed("GET", "/fapi/v1/openOrders") == (200, [])
    _, rows = await trader.signed("GET", "/fapi/v1/openAlgoOrders")
    assert [row["algoId"] for row in rows] == [algo["algoId"]]
    wrong = {**stop, "triggerPrice": str(trader.best(USDM)[1] + 100), "clientAlgoId": "wrong"}
    assert (await trader.signed("POST", ALGO, **wrong))[1]["code"] == -2021
    _, body = await trader.signed("DELETE", ALGO, algoId=algo["algoId"])
    assert body == {"algoId": algo["algoId"], "clientAlgoId": "stop", "code": "200", "msg": "success"}
    assert (await trader.signed("DELETE", ALGO, algoId=algo["algoId"]))[1]["code"] == -2011
    _, found = await trader.signed("GET", ALGO, clientAlgoId="stop")
    assert found["algoStatus"] == "CANCELED"


async def test_the_dead_man_switch_cancels_after_its_time(trading: Any) -> None:
    async with trading(moving=True) as trader:
        await trader.place(USDM, price=trader.far(USDM, "0.93"))
        path, open_orders = "/fapi/v1/countdownCancelAll", "/fapi/v1/openOrders"
        _, body = await trader.signed("POST", path, symbol="BTCUSDT", countdownTime=400)
        assert body == {"symbol": "BTCUSDT", "countdownTime": "400"}
        await trader.signed("POST", path, symbol="BTCUSDT", countdownTime=0)
        await asyncio.sleep(0.6)
        assert len((await trader.signed("GET", open_orders))[1]) == 1
        await trader.signed("POST", path, symbol="BTCUSDT", countdownTime=300)
        exchange = trader.simulator.exchanges["binance"]
        await trader.until(lambda: not exchange.open_orders(1, USDM))
        _, every = await trader.signed("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")
        assert [row["status"] for row in every] == ["CANCELED"]


async def test_an_order_is_good_till_its_date(trading: Any) -> None:
    """The server's clock jumps over the date; the order has expired."""
    async with trading() as trader:
        until_ms = int(time.time() * 1000) + 700_000
        price = trader.far(USDM, "0.93")
        order = await trader.place(USDM, timeInForce="GTD", goodTillDate=until_ms, price=price)
        assert (order["timeInForce"], order["goodTillDate"]) == ("GTD", until_ms // 1000 * 1000)
        trader.simulator.set_clock_offset(800_000)
        exchange = trader.simulator.exchanges["binance"]
        await trader.until(lambda: not exchange.open_orders(1, USDM))
        now_ms = int(time.time() * 1000) + 800_000
        _, found = await trader.signed(
            "GET", ORDER, symbol="BTCUSDT", orderId=order["orderId"], timestamp=now_ms
        )
    assert found["status"] == "EXPIRED"
