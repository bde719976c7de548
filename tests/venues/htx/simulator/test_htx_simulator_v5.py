"""The newer contract API of the simulated HTX: the same account in other words."""

from __future__ import annotations

from decimal import Decimal

CONTRACT = {"contract_code": "BTC-USDT"}
ORDER = {**CONTRACT, "volume": "1", "side": "buy", "type": "limit"}


async def test_orders_live_and_are_seen_by_the_classic_api(trader):
    price = trader.price("swap", "BTC-USDT", 0.97)
    placed = await trader.v5("POST", "trade/order", {**ORDER, "price": price, "client_order_id": 12})
    assert (placed["code"], placed["data"]["client_order_id"]) == (200, "12")
    order_id = placed["data"]["order_id"]
    order = (await trader.v5("GET", "trade/order", **CONTRACT, order_id=order_id))["data"]
    assert (order["state"], order["volume"], order["time_in_force"]) == ("new", "1", "gtc")
    assert Decimal(order["price"]) == Decimal(price)
    classic = (await trader.swap("openorders", CONTRACT))["data"]["orders"]
    assert [row["order_id_str"] for row in classic] == [order_id]
    (listed,) = (await trader.v5("GET", "trade/order/opens", **CONTRACT))["data"]
    assert listed["order_id"] == order_id
    canceled = await trader.v5("POST", "trade/cancel_order", {**CONTRACT, "order_id": order_id})
    assert canceled["data"]["order_id"] == order_id
    by_client = (await trader.v5("GET", "trade/order", **CONTRACT, client_order_id="12"))["data"]
    assert by_client["state"] == "canceled"
    assert (await trader.v5("POST", "trade/cancel_order", {**CONTRACT, "order_id": order_id}))["code"] == 1071
    assert (await trader.v5("POST", "trade/cancel_order", {**CONTRACT, "order_id": "9"}))["code"] == 1061
    assert (await trader.v5("GET", "trade/order", **CONTRACT, order_id="9"))["code"] == 1017


async def test_how_long_orders_live(trader):
    low, high = (trader.price("swap", "BTC-USDT", share) for share in (0.97, 1.01))
    for change, state in (
        ({"price": low, "time_in_force": "ioc"}, "canceled"),
        ({"price": high, "time_in_force": "fok"}, "filled"),
        ({"price": high, "type": "post_only"}, "canceled"),
        ({"price": high, "time_in_force": "boc"}, "canceled"),
        ({"type": "market"}, "filled"),
    ):
        placed = await trader.v5("POST", "trade/order", {**ORDER, **change})
        order_id = placed["data"]["order_id"]
        assert placed["data"]["client_order_id"] == order_id
        order = (await trader.v5("GET", "trade/order", **CONTRACT, order_id=order_id))["data"]
        assert order["state"] == state, change


async def test_refusals(trader):
    price = trader.price("swap", "BTC-USDT", 0.97)
    for change, code in (
        ({"volume": 500_000}, 1047),
        ({"side": "up"}, 1030),
        ({"type": "wish"}, 1034),
        ({"position_side": "long"}, 1030),
        ({"margin_mode": "none"}, 1030),
        ({"contract_code": "NOPE-USDT"}, 1013),
        ({"price": "x"}, 1030),
        ({"reduce_only": 1}, 1048),
    ):
        answer = await trader.v5("POST", "trade/order", {**ORDER, "price": price, **change})
        assert answer["code"] == code, change
    assert (await trader.v5("POST", "trade/position", {**CONTRACT}))["code"] == 1048


async def test_several_at_once(trader):
    price = trader.price("swap", "BTC-USDT", 0.97)
    batch = [{**ORDER, "price": price}, {**ORDER, "price": price, "volume": 500_000}]
    good, bad = (await trader.v5("POST", "trade/batch_orders", batch))["data"]
    assert (good["code"], bad["code"]) == (200, 1047)
    asked = {**CONTRACT, "order_id": [good["order_id"], "9"]}
    one, other = (await trader.v5("POST", "trade/cancel_batch_orders", asked))["data"]
    assert (one["code"], other["code"]) == (200, 1061)
    await trader.v5("POST", "trade/batch_orders", batch[:1] * 3)
    assert len((await trader.v5("POST", "trade/cancel_all_orders", CONTRACT))["data"]) == 3


async def test_positions_and_money(trader):
    await trader.v5("POST", "position/lever", {**CONTRACT, "lever_rate": 10})
    await trader.v5("POST", "trade/order", {**ORDER, "volume": 4, "type": "market"})
    (position,) = (await trader.v5("GET", "trade/position/opens"))["data"]
    assert (position["volume"], position["direction"], position["lever_rate"]) == ("4", "buy", 10)
    details = (await trader.v5("GET", "account/balance"))["data"]["details"]
    equity, free = Decimal(details[0]["equity"]), Decimal(details[0]["available_margin"])
    assert equity - free >= Decimal(position["initial_margin"])
    fills = (await trader.v5("GET", "trade/order/details", **CONTRACT))["data"]
    assert sum(Decimal(row["trade_volume"]) for row in fills) == 4
    assert (await trader.v5("POST", "trade/position", {**CONTRACT, "margin_mode": "cross"}))["code"] == 200
    assert (await trader.v5("GET", "trade/position/opens"))["data"] == []
    history = (await trader.v5("GET", "trade/order/history", **CONTRACT, states="filled"))["data"]
    assert [row["reduce_only"] for row in history] == [True, False]
    assert (await trader.v5("GET", "account/bills", **CONTRACT))["data"] == []
    assert (await trader.v5("POST", "position/mode", {"position_mode": "single_side"}))["code"] == 200


async def test_orders_that_wait(trader):
    above = trader.price("swap", "BTC-USDT", 1.05)
    body = {**ORDER, "type": "trigger", "trigger_price": above, "price": above, "algo_client_order_id": 3}
    (placed,) = (await trader.v5("POST", "algo/order", body))["data"]
    assert placed["algo_client_order_id"] == "3"
    (waiting,) = (await trader.v5("GET", "algo/order/opens", **CONTRACT, type="trigger"))["data"]
    assert (waiting["algo_id"], waiting["state"], waiting["type"]) == (placed["algo_id"], "active", "trigger")
    assert (await trader.v5("GET", "trade/order/opens", **CONTRACT))["data"] == []
    answers = await trader.v5(
        "POST", "algo/cancel_orders", [{**CONTRACT, "algo_id": placed["algo_id"]}, {"algo_id": "9"}]
    )
    assert [row["code"] for row in answers["data"]] == [200, 1061]
    (one,) = (await trader.v5("GET", "algo/order", algo_id=placed["algo_id"]))["data"]
    assert one["state"] == "canceled"
    trailing = {**ORDER, "type": "trailing_stop", "callback_rate": "0.05"}
    assert (await trader.v5("POST", "algo/order", trailing))["code"] == 1034
