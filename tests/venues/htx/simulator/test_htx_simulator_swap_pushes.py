"""Pushes and order entry over the private sockets of simulated HTX swaps, classic and newer."""

from __future__ import annotations

from decimal import Decimal

from tests.support.htx_client import trading
from trimaran.venues.htx.simulator.private_socket import SocketRules

PUSHES, V5, ORDERS = "/linear-swap-notification", "/ws/v5/notification", "/linear-swap-trade"
CONTRACT = {"contract_code": "BTC-USDT"}


def _of(pushes, topic):
    return [push for push in pushes if push["topic"] == topic]


async def test_orders_are_told_with_their_fills(trader):
    topics = "orders_cross.*", "matchOrders_cross.btc-usdt"
    async with trader.line("swap", PUSHES, *topics) as line:
        placed = await trader.place_swap("market", 10, "buy", client_order_id=5)
        pushes = await line.until(
            lambda seen: any(push["status"] == 6 for push in _of(seen, "matchOrders_cross.btc-usdt"))
        )
        accepted, *filled = _of(pushes, "orders_cross.btc-usdt")
        assert (accepted["status"], accepted["trade"], accepted["client_order_id"]) == (3, [], 5)
        assert accepted["order_id_str"] == placed["data"]["order_id_str"]
        last = filled[-1]
        assert (last["status"], last["trade_volume"]) == (6, 10)
        trades = [trade for push in filled for trade in push["trade"]]
        assert sum(trade["trade_volume"] for trade in trades) == 10
        assert len({trade["id"] for trade in trades}) == len(trades)
        assert all(trade["trade_fee"] < 0 and trade["role"] == "taker" for trade in trades)
        assert abs(
            Decimal(str(last["fee"])) - sum(Decimal(str(each["trade_fee"])) for each in trades)
        ) < Decimal("1e-9")
        short = _of(pushes, "matchOrders_cross.btc-usdt")
        assert [push["trade"][0]["id"] for push in short] == [trade["id"] for trade in trades]
        assert not any("fee" in name for push in short for name in (*push, *push["trade"][0]))


async def test_money_and_positions_are_told_with_the_cause(trader):
    async with trader.line("swap", PUSHES, "accounts_cross.*", "positions_cross.*") as line:
        first = await line.until(lambda seen: _of(seen, "accounts_cross"))
        assert first[0]["event"] == "snapshot"
        assert first[0]["data"][0]["margin_balance"] == 1_000_000
        await trader.place_swap("market", 10, "buy")

        def told(seen, volume):
            rows = [push for push in _of(seen, "positions_cross") if push["event"] == "order.match"]
            return any(push["data"][0]["volume"] == volume for push in rows)

        pushes = await line.until(lambda seen: told(seen, 10))
        assert any(push["event"] == "order.match" for push in _of(pushes, "accounts_cross"))
        await trader.swap("lightning_close_position", {**CONTRACT, "volume": 10, "direction": "sell"})
        await line.until(lambda seen: told(seen, 0))
        await trader.swap("switch_lever_rate", {**CONTRACT, "lever_rate": 3})
        await line.until(lambda seen: any(push["event"] == "switch_lever_rate" for push in seen))


async def test_one_contract_has_its_own_topic(trader):
    topics = "positions_cross.BTC-USDT", "accounts_cross.USDT", "orders_cross.XRP-USDT"
    async with trader.line("swap", PUSHES, *topics) as line:
        await trader.place_swap("market", 1, "buy")
        pushes = await line.until(lambda seen: _of(seen, "positions_cross.btc-usdt"))
        assert _of(pushes, "accounts_cross.usdt")
        assert not _of(pushes, "orders_cross.btc-usdt")


async def test_isolated_margin_is_told_apart(trader):
    topics = "accounts.*", "positions.*", "orders.*", "orders_cross.*"
    async with trader.line("swap", PUSHES, *topics) as line:
        body = {**CONTRACT, "volume": 2, "direction": "buy", "order_price_type": "market", "lever_rate": 20}
        await trader.swap("/linear-swap-api/v1/swap_order", body)
        pushes = await line.until(
            lambda seen: any(push["event"] == "order.match" for push in _of(seen, "positions"))
        )
        assert _of(pushes, "orders.btc-usdt")[-1]["status"] == 6
        assert not _of(pushes, "orders_cross.btc-usdt")
        told = [push["data"][0] for push in _of(pushes, "accounts") if push["event"] == "order.match"]
        margins = {row["contract_code"]: row["margin_static"] for row in told}
        assert margins["BTC-USDT"] > 0
        assert margins["XRP-USDT"] == 0


async def test_trigger_orders_have_a_topic(trader):
    async with trader.line("swap", PUSHES, "trigger_order_cross.*", "orders_cross.*") as line:
        price = trader.price("swap", "BTC-USDT", 1.05)
        body = {
            **CONTRACT, "trigger_type": "ge", "trigger_price": price, "order_price": price, "volume": 1,
            "order_price_type": "limit", "direction": "buy", "lever_rate": 5,
        }  # fmt: skip
        placed = await trader.swap("trigger_order", body)
        await trader.swap("trigger_cancel", {**CONTRACT, "order_id": placed["data"]["order_id_str"]})
        pushes = await line.until(lambda seen: len(seen) == 2)
        assert [push["topic"] for push in pushes] == ["trigger_order_cross.btc-usdt"] * 2
        assert [push["data"][0]["status"] for push in pushes] == [2, 6]


async def test_a_trigger_order_is_told_when_it_is_reached(trader):
    async with trader.line("swap", PUSHES, "trigger_order_cross.*", "orders_cross.*") as line:
        near, far = (trader.price("swap", "BTC-USDT", share) for share in (1.0003, 1.05))
        body = {
            **CONTRACT, "trigger_type": "ge", "trigger_price": near, "order_price": far, "volume": 1,
            "order_price_type": "limit", "direction": "buy", "lever_rate": 20,
        }  # fmt: skip
        order_id = (await trader.swap("trigger_order", body))["data"]["order_id_str"]
        for _ in range(8):  # somebody trades through its price
            await trader.place_swap(
                "ioc", 3000, "buy", trader.price("swap", "BTC-USDT", 1.002), lever_rate=20
            )

        def own(seen):
            return [push for push in _of(seen, "orders_cross.btc-usdt") if push["order_id_str"] == order_id]

        pushes = await line.until(lambda seen: any(push["status"] == 6 for push in own(seen)))
        states = [push["data"][0]["status"] for push in _of(pushes, "trigger_order_cross.btc-usdt")]
        assert states == [2, 4]
        assert next(push["status"] for push in own(pushes)) == 3
        (placed,) = (await trader.swap("trigger_hisorders", CONTRACT))["data"]["orders"]
        assert (placed["status"], placed["relation_order_id"]) == (4, order_id)


async def test_the_newer_api_is_told_in_text(trader):
    topics = [{"topic": name, "contract_code": "*"} for name in ("orders", "trade", "account", "positions")]
    async with trader.line("swap", V5, *topics) as line:
        placed = await trader.v5(
            "POST", "trade/order", {**CONTRACT, "volume": 3, "side": "buy", "type": "market"}
        )
        pushes = await line.until(
            lambda seen: any(push["event"] == "order.match" for push in _of(seen, "positions"))
        )
        assert next(push["data"]["state"] for push in _of(pushes, "orders")) == "new"
        last = _of(pushes, "orders")[-1]["data"]
        assert (last["state"], last["trade_volume"], last["order_id"]) == (
            "filled",
            "3",
            placed["data"]["order_id"],
        )
        assert Decimal(last["fee"]) < 0
        trades = [row for push in _of(pushes, "trade") for row in push["data"]]
        assert sum(Decimal(row["trade_volume"]) for row in trades) == 3
        assert _of(pushes, "account")[0]["data"]["details"][0]["currency"] == "USDT"
        assert _of(pushes, "positions")[-1]["data"][0]["volume"] == "3"


async def test_requests_that_make_no_sense_are_refused(trader):
    async with trader.ws(trader.base("htx.swap", "ws_private") + PUSHES) as socket:
        await socket.send_json({"op": "sub", "cid": "7", "topic": "orders_cross.*"})
        answer = await trader.receive(socket)
        assert (answer["err-code"], answer["cid"], answer["topic"]) == (2002, "7", "orders_cross.*")
        await socket.send_json({"op": "sub", "topic": "public.*.funding_rate"})
        assert (await trader.receive(socket))["err-code"] == 0
        push = await trader.receive(socket)
        assert {row["contract_code"] for row in push["data"]} == {"BTC-USDT", "XRP-USDT"}
    async with trader.line("swap", PUSHES) as line:
        for request, code in (
            ({"op": "sub", "topic": "orders_cross.nope-usdt"}, 2011),
            ({"op": "sub", "topic": "poems.*"}, 2021),
            ({"op": "sub", "topic": "orders_cross"}, 2021),
            ({"op": "dance"}, 2040),
            ([], 2040),
        ):
            assert (await line.ask(request))["err-code"] == code
        assert (await line.ask({"op": "ping", "ts": "5"})) == {"op": "pong", "ts": "5"}
        assert (await line.ask({"op": "sub", "topic": "orders_cross.*"}))["err-code"] == 0
        assert (await line.ask({"op": "unsub", "topic": "orders_cross.*"}))["err-code"] == 0


async def test_orders_over_the_socket(trader):
    async with trader.line("swap", ORDERS) as line:
        price = trader.price("swap", "BTC-USDT", 0.97)
        order = {
            **CONTRACT, "volume": 1, "direction": "buy", "order_price_type": "limit", "price": price,
            "lever_rate": 5,
        }  # fmt: skip
        placed = await line.ask({"op": "create_cross_order", "cid": "one", "data": order})
        assert (placed["op"], placed["cid"], placed["status"]) == ("create_cross_order", "one", "ok")
        poor = await line.ask(
            {"op": "create_cross_order", "cid": "two", "data": {**order, "volume": 500_000}}
        )
        assert (poor["status"], poor["err-code"], poor["cid"]) == ("error", 1047, "two")
        batch = await line.ask(
            {"op": "create_cross_batchorder", "cid": "3", "data": {"orders_data": [order]}}
        )
        assert [row["index"] for row in batch["data"]["success"]] == [1]
        asked = {**CONTRACT, "order_id": placed["data"]["order_id_str"]}
        canceled = await line.ask({"op": "cross_cancel", "cid": "4", "data": asked})
        assert canceled["data"]["successes"] == asked["order_id"]
        left = await line.ask({"op": "cross_cancelall", "cid": "5", "data": CONTRACT})
        assert left["data"]["successes"].count(",") == 0


async def test_who_does_not_answer_pings_is_told_and_let_go():
    rules = SocketRules(ping_every_s=0.1, misses_max=3)
    async with (
        trading(rules={"swap_private": rules}) as trader,
        trader.ws(trader.base("htx.swap", "ws_private") + PUSHES) as mute,
    ):
        messages = [await trader.receive(mute) for _ in range(4)]
        assert [message["op"] for message in messages] == ["ping"] * 3 + ["close"]
        assert isinstance(messages[0]["ts"], str)
