"""Pushes and order entry over the private sockets of simulated HTX spot."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import aiohttp
import pytest

from tests.support.htx_client import trading
from trimaran.venues.htx.simulator.private_socket import SocketRules

PUSHES, ORDERS = "/ws/v2", "/ws/trade"


def _of(pushes, kind):
    return [push["data"] for push in pushes if push["ch"].startswith(kind)]


def _events(pushes, kind):
    return [data["eventType"] for data in _of(pushes, kind)]


async def test_the_life_of_an_order_is_told_in_order(trader):
    topics = "orders#btcusdt", "trade.clearing#btcusdt#1"
    async with trader.line("spot", PUSHES, *topics) as line:
        price = trader.price("spot", "btcusdt", 0.97)
        placed = await trader.place("buy-limit", "0.01", price, **{"client-order-id": "mine"})
        await trader.spot("POST", f"/v1/order/orders/{placed['data']}/submitcancel", {})
        pushes = await line.until(lambda seen: len(_events(seen, "trade.clearing")) == 1)
        created, ended = _of(pushes, "orders#")
        assert (created["eventType"], created["orderStatus"]) == ("creation", "submitted")
        assert (created["orderId"], created["clientOrderId"]) == (int(placed["data"]), "mine")
        assert (Decimal(created["orderPrice"]), created["orderSize"]) == (Decimal(price), "0.01")
        assert (ended["eventType"], ended["orderStatus"]) == ("cancellation", "canceled")
        assert (ended["remainAmt"], ended["execAmt"]) == ("0.01", "0")
        (cleared,) = _of(pushes, "trade.clearing")
        assert (cleared["eventType"], cleared["orderSide"], cleared["orderType"]) == (
            "cancellation",
            "buy",
            "buy-limit",
        )


async def test_trades_are_told_with_and_without_fees(trader):
    async with trader.line("spot", PUSHES, "orders#*", "trade.clearing#*#0") as line:
        await trader.place("buy-market", "1000")
        pushes = await line.until(
            lambda seen: any(data["orderStatus"] == "filled" for data in _of(seen, "trade.clearing"))
        )
        assert {push["ch"] for push in pushes} == {"orders#*", "trade.clearing#*#0"}
        created, *trades = _of(pushes, "orders#")
        assert created["orderValue"] == "1000"
        assert "orderSize" not in created
        assert "orderPrice" not in created
        assert all(trade["eventType"] == "trade" and trade["aggressor"] for trade in trades)
        last = trades[-1]
        spent = sum(Decimal(trade["tradePrice"]) * Decimal(trade["tradeVolume"]) for trade in trades)
        assert Decimal(last["execAmt"]) == spent == Decimal(last["totalTradeAmount"])
        assert Decimal(last["remainAmt"]) == 1000 - spent
        cleared = _of(pushes, "trade.clearing")
        assert [each["tradeId"] for each in cleared] == [each["tradeId"] for each in trades]
        for each in cleared:
            fee = Decimal(each["tradeVolume"]) * Decimal("0.002")
            assert each["feeCurrency"] == "btc"
            assert Decimal(each["transactFee"]) == pytest.approx(fee, abs=Decimal("1e-8"))


async def test_balances_begin_with_a_snapshot(trader):
    async with trader.line("spot", PUSHES, *(f"accounts.update#{mode}" for mode in (0, 1, 2))) as line:
        first = await line.until(lambda seen: len(_of(seen, "accounts.update#2")) == 3)
        rows = {row["currency"]: row for row in _of(first, "accounts.update#2")}
        assert set(rows) == {"btc", "usdt", "xrp"}
        assert all(
            row["changeType"] is None and row["accountId"] == trader.account_id for row in rows.values()
        )
        line.pushes.clear()
        price = trader.price("spot", "btcusdt", 0.97)
        await trader.place("buy-limit", "0.01", price)
        await trader.spot("POST", "/v1/order/orders/batchCancelOpenOrders", {})
        pushes = await line.until(lambda seen: len(_of(seen, "accounts.update#2")) == 2)
        placed, canceled = _of(pushes, "accounts.update#2")
        assert (placed["changeType"], canceled["changeType"]) == ("order.place", "order.cancel")
        locked = Decimal(price) * Decimal("0.01")
        assert Decimal(placed["balance"]) - Decimal(placed["available"]) == locked
        assert canceled["available"] == canceled["balance"] == rows["usdt"]["balance"]
        assert _of(pushes, "accounts.update#0") == []  # nothing but what is available has changed
        assert all("balance" not in row for row in _of(pushes, "accounts.update#1"))
        assert int(canceled["seqNum"]) > int(placed["seqNum"])


async def test_a_conditional_order_is_told_when_it_is_reached_or_deleted(trader):
    async with trader.line("spot", PUSHES, "orders#btcusdt") as line:
        near, far = (trader.price("spot", "btcusdt", share) for share in (1.0001, 1.05))
        stops = [
            await trader.place("buy-stop-limit", "0.01", far, **{"stop-price": stop, "operator": "gte"})
            for stop in (near, far)
        ]
        await trader.spot("POST", f"/v1/order/orders/{stops[1]['data']}/submitcancel", {})
        (deleted,) = await line.until(lambda seen: len(seen) == 1)
        assert deleted["data"]["eventType"] == "deletion"
        assert str(deleted["data"]["orderId"]) == stops[1]["data"]
        for _ in range(8):  # somebody trades through its price
            await trader.place("buy-ioc", "1.5", trader.price("spot", "btcusdt", 1.002))
        mine = int(stops[0]["data"])
        pushes = await line.until(
            lambda seen: any(
                push["data"]["orderStatus"] == "filled" and push["data"]["orderId"] == mine for push in seen
            )
        )
        own = [push["data"]["eventType"] for push in pushes if push["data"]["orderId"] == mine]
        assert own[0] == "creation"
        assert set(own[1:]) == {"trade"}


async def test_requests_that_make_no_sense_are_refused(trader):
    async with trader.line("spot", PUSHES) as line:
        for request, code, words in (
            ({"action": "sub", "ch": "orders#nope"}, 2001, "invalid.symbol"),
            ({"action": "sub", "ch": "orders"}, 2001, "invalid.ch"),
            ({"action": "sub", "ch": "trade.clearing#btcusdt#7"}, 2001, "invalid.ch"),
            ({"action": "sub", "ch": "accounts.update#3"}, 2001, "invalid.ch"),
            ({"action": "dance"}, 2001, "invalid.action"),
            ({"action": "req", "ch": "else"}, 2001, "invalid.ch"),
            ([], 2001, "invalid.json"),
        ):
            answer = await line.ask(request)
            assert (answer["code"], answer["message"]) == (code, words)
        assert (await line.ask({"action": "sub", "ch": "orders#btcusdt"}))["code"] == 200
        assert (await line.ask({"action": "unsub", "ch": "orders#btcusdt"}))["code"] == 200


async def test_orders_over_the_socket(trader):
    async with trader.line("spot", ORDERS) as line:
        price = trader.price("spot", "btcusdt", 0.97)
        order = {
            "account-id": trader.account_id,
            "symbol": "btcusdt",
            "type": "buy-limit",
            "amount": "0.001",
            "price": float(price),
            "source": "spot-api",
        }
        placed = await line.ask({"cid": "one", "ch": "create-order", "params": order})
        assert (placed["status"], placed["cid"]) == ("ok", "one")
        assert (await trader.spot("GET", f"/v1/order/orders/{placed['data']}"))["data"][
            "state"
        ] == "submitted"
        poor = await line.ask({"cid": 2, "ch": "create-order", "params": {**order, "amount": "9000"}})
        assert (poor["err-code"], poor["cid"]) == ("account-frozen-balance-insufficient-error", 2)
        batch = await line.ask(
            {"cid": "b", "ch": "create-batchorder", "params": [order, {**order, "type": "no"}]}
        )
        assert "order-id" in batch["data"][0]
        assert batch["data"][1]["err-code"] == "invalid-order-type"
        canceled = await line.ask({"cid": "c", "ch": "cancel", "params": {"order-ids": [placed["data"]]}})
        assert canceled["data"]["success"] == [placed["data"]]
        left = await line.ask({"cid": "d", "ch": "cancelall", "params": {"symbol": "btcusdt"}})
        assert left["data"]["success-count"] == 1
        unknown = await line.ask({"cid": "e", "ch": "create-poem", "params": {}})
        assert unknown["code"] == 2001


async def test_nobody_orders_without_a_login(trader):
    async with trader.ws(trader.base("htx.spot", "ws_api") + ORDERS) as socket:
        await socket.send_json({"cid": "x", "ch": "create-order", "params": {}})
        answer = await trader.receive(socket)
        assert (answer["err-code"], answer["cid"]) == ("login-required", "x")


async def test_who_does_not_answer_pings_is_let_go():
    rules = SocketRules(ping_every_s=0.1, misses_max=2)
    async with trading(rules={"spot_private": rules}) as trader:
        async with trader.ws(trader.base("htx.spot", "ws_private") + PUSHES) as mute:
            messages = [message async for message in mute]
        assert all(message.json()["action"] == "ping" for message in messages)
        async with trader.line("spot", PUSHES, "orders#*") as line:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(line.receive(), 0.6)  # answers pings meanwhile
            assert not line.socket.closed


async def test_paths_that_are_not_there(trader):
    with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
        await trader.ws(trader.base("htx.spot", "ws_private") + "/ws/v3")
