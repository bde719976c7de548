"""Orders on the simulated OKX over REST: what is taken, what becomes of it, and how it is refused."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import pytest


def strict(text):
    """JSON without duplicate names."""

    def once(pairs):
        names = [name for name, _ in pairs]
        assert len(set(names)) == len(names), names
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once)


async def test_the_life_of_a_limit_order(client):
    price = client.price("0.95")
    row = await client.place(px=price, clOrdId="b15", tag="mine")
    assert (row["sCode"], row["sMsg"], row["clOrdId"], row["tag"]) == ("0", "", "b15", "mine")
    order = await client.order(row)
    assert {name: order[name] for name in ("px", "sz", "state", "accFillSz", "avgPx", "fee", "feeCcy")} == {
        "px": price, "sz": "0.01", "state": "live", "accFillSz": "0", "avgPx": "", "fee": "0",
        "feeCcy": "BTC",
    }  # fmt: skip
    assert (order["ordType"], order["tdMode"], order["reduceOnly"], order["tradeId"]) == (
        "limit", "cash", "false", "",
    )  # fmt: skip
    pending = (await client.ask("trade/orders-pending?instType=SPOT&instId=BTC-USDT"))["data"]
    assert [each["ordId"] for each in pending] == [row["ordId"]]
    answer = await client.act("trade/cancel-order", {"instId": "BTC-USDT", "clOrdId": "b15"})
    assert (answer["code"], answer["data"][0]["ordId"]) == ("0", row["ordId"])
    assert answer["inTime"] <= answer["outTime"]
    order = await client.order(row)
    assert (order["state"], order["cancelSource"], order["cancelSourceReason"]) == (
        "canceled", "1", "Order canceled by user",
    )  # fmt: skip
    answer = await client.act("trade/cancel-order", {"instId": "BTC-USDT", "ordId": row["ordId"]})
    assert (answer["code"], answer["msg"], answer["data"][0]["sCode"]) == (
        "1",
        "All operations failed",
        "51400",
    )
    assert (await client.ask("trade/orders-pending"))["data"] == []
    history = (await client.ask("trade/orders-history?instType=SPOT"))["data"]
    assert [each["state"] for each in history] == ["canceled"]


@pytest.mark.parametrize(
    ("order", "factor", "state", "source"),
    [
        ({"ordType": "post_only"}, "1.01", "canceled", "31"),
        ({"ordType": "post_only"}, "0.95", "live", ""),
        ({"ordType": "ioc"}, "0.95", "canceled", "14"),
        ({"ordType": "fok"}, "0.95", "canceled", "13"),
        ({"ordType": "fok"}, "1.01", "filled", ""),
        ({"ordType": "limit"}, "1.01", "filled", ""),
        ({"ordType": "post_only", "swap": True}, "1.01", "canceled", "31"),
        ({"ordType": "optimal_limit_ioc", "swap": True}, "1", "filled", ""),
    ],
)
async def test_kinds_of_orders(client, order, factor, state, source):
    symbol = "BTC-USDT-SWAP" if order.get("swap") else "BTC-USDT"
    row = await client.place(px=client.price(factor, symbol), **order)
    assert row["sCode"] == "0"
    found = await client.order(row, symbol)
    assert (found["state"], found["cancelSource"]) == (state, source)


async def test_spot_market_orders_and_the_asset_of_their_size(client):
    by_value = await client.order(await client.place(ordType="market", sz="1000"))
    assert (by_value["state"], by_value["tgtCcy"], by_value["sz"]) == ("filled", "quote_ccy", "1000")
    assert 900 < Decimal(by_value["accFillSz"]) * Decimal(by_value["avgPx"]) <= 1000
    assert by_value["feeCcy"] == "BTC"
    assert Decimal(by_value["fee"]) == -Decimal(by_value["accFillSz"]) * Decimal("0.001")
    base = await client.order(await client.place(ordType="market", sz="0.01", tgtCcy="base_ccy"))
    assert (base["tgtCcy"], base["accFillSz"]) == ("base_ccy", "0.01")
    sold = await client.order(await client.place(ordType="market", side="sell", sz="0.01"))
    assert (sold["tgtCcy"], sold["accFillSz"], sold["feeCcy"]) == ("base_ccy", "0.01", "USDT")
    fills = (await client.ask("trade/fills?instType=SPOT"))["data"]
    assert [each["ordId"] for each in fills] == sorted((each["ordId"] for each in fills), reverse=True)
    assert all(Decimal(each["fee"]) < 0 and each["execType"] == "T" for each in fills)
    mine = (await client.ask(f"trade/fills?ordId={sold['ordId']}"))["data"]
    assert sum(Decimal(each["fillSz"]) for each in mine) == Decimal("0.01")
    assert sum(Decimal(each["fee"]) for each in mine) == Decimal(sold["fee"])
    assert (await client.ask("trade/fills-history"))["code"] == "50014"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"instId": "NOPE-USDT"}, "51001"),
        ({"instId": ""}, "50014"),
        ({"side": "hold"}, "51000"),
        ({"side": ""}, "50014"),
        ({"ordType": "dance"}, "51000"),
        ({"tdMode": "cross"}, "51000"),
        ({"sz": ""}, "50014"),
        ({"sz": "-1"}, "51000"),
        ({"sz": "1e2"}, "51000"),
        ({"sz": "0.000000001"}, "51121"),
        ({"sz": "0.00000001"}, "51020"),
        ({"px": ""}, "51204"),
        ({"px": "x"}, "51000"),
        ({"px": "0"}, "51000"),
        ({"px": "60000.05"}, "51000"),
        ({"px": "90000"}, "51006"),
        ({"px": "1000", "side": "sell"}, "51006"),
        ({"sz": "100000"}, "51008"),
        ({"side": "sell", "sz": "100000"}, "51008"),
        ({"sz": "100000000", "swap": True}, "51008"),
        ({"clOrdId": "not alnum"}, "51000"),
        ({"clOrdId": "x" * 33}, "51000"),
        ({"tag": "x" * 17}, "51000"),
        ({"posSide": "long", "swap": True}, "51000"),
        ({"tdMode": "", "swap": True}, "50014"),
        ({"tdMode": "cash", "swap": True}, "51000"),
        ({"stpMode": "none"}, "51000"),
        ({"stpMode": "cancel_both", "ordType": "fok"}, "54036"),
        ({"reduceOnly": True, "swap": True}, "51169"),
        ({"ordType": "market", "tgtCcy": "btc"}, "51000"),
        ({"attachAlgoOrds": [{"slTriggerPx": "1"}]}, "51000"),
    ],
)
async def test_refusals(client, order, code):
    symbol = "BTC-USDT-SWAP" if order.get("swap") else "BTC-USDT"
    row = await client.place(**{"px": client.price("1", symbol), **order})
    assert row["sCode"] == code
    assert (row["ordId"], bool(row["sMsg"])) == ("", True)
    assert (await client.ask("trade/orders-pending"))["data"] == []


async def test_client_ids_are_unique_while_an_order_is_open(client):
    price = client.price("0.95")
    assert (await client.place(px=price, clOrdId="twice"))["sCode"] == "0"
    assert (await client.place(px=price, clOrdId="twice"))["sCode"] == "51016"
    await client.act("trade/cancel-order", {"instId": "BTC-USDT", "clOrdId": "twice"})
    assert (await client.place(px=price, clOrdId="twice"))["sCode"] == "0"


async def test_amendments(client):
    row = await client.place(px=client.price("0.95"), clOrdId="a1")
    price = client.price("0.94")
    change = {"instId": "BTC-USDT", "clOrdId": "a1", "newPx": price, "newSz": "0.02", "reqId": "r1"}
    answer = await client.act("trade/amend-order", change)
    assert answer["code"] == "0"
    assert (answer["data"][0]["reqId"], answer["data"][0]["ordId"]) == ("r1", row["ordId"])
    order = await client.order(row)
    assert (order["px"], order["sz"], order["state"]) == (price, "0.02", "live")
    for more, code in (
        ({"newPx": "1"}, "0"), ({"newPx": "x"}, "51000"), ({}, "51500"), ({"newSz": "0.000000001"}, "51121"),
        ({"newSz": "10000000"}, "51502"),
    ):  # fmt: skip
        answer = await client.act("trade/amend-order", {"instId": "BTC-USDT", "ordId": row["ordId"], **more})
        assert answer["data"][0]["sCode"] == code, more
    assert (await client.act("trade/amend-order", {"instId": "BTC-USDT", "newSz": "1"}))["data"][0][
        "sCode"
    ] == "51003"
    last = {"instId": "BTC-USDT", "ordId": row["ordId"], "newPx": "900000", "cxlOnFail": True}
    assert (await client.act("trade/amend-order", last))["data"][0]["sCode"] == "51006"
    assert (await client.order(row))["state"] == "canceled"
    answer = await client.act(
        "trade/amend-order", {"instId": "BTC-USDT", "ordId": row["ordId"], "newSz": "1"}
    )
    assert answer["data"][0]["sCode"] == "51503"


async def test_an_order_amended_down_to_its_fills_is_filled(client):
    ask = client.simulator.feed_of("okx.spot", "XRP-USDT").book
    row = await client.place(
        instId="XRP-USDT", px=client.price("1.02", "XRP-USDT"), sz="100000000", ordType="ioc"
    )
    assert row["sCode"] == "51008"  # nobody has so much
    lots = ask.best[3]
    size = client.simulator.feed_of("okx.spot", "XRP-USDT").size(lots)
    await client.post("/pause")
    price = client.simulator.feed_of("okx.spot", "XRP-USDT").price(ask.best[2])
    wanted = str(Decimal(size) + 10)
    row = await client.place(instId="XRP-USDT", px=price, sz=wanted)
    order = await client.order(row, "XRP-USDT")
    assert (order["state"], order["accFillSz"]) == ("partially_filled", size)
    answer = await client.act(
        "trade/amend-order", {"instId": "XRP-USDT", "ordId": row["ordId"], "newSz": size}
    )
    assert answer["code"] == "0"
    assert (await client.order(row, "XRP-USDT"))["state"] == "filled"


async def test_batches_have_an_outcome_for_each_order(client):
    price = client.price("0.95")
    good = {
        "instId": "BTC-USDT",
        "tdMode": "cash",
        "side": "buy",
        "ordType": "limit",
        "px": price,
        "sz": "0.01",
    }
    answer = await client.act("trade/batch-orders", [good, {**good, "sz": "0"}, good])
    assert (answer["code"], answer["msg"]) == ("2", "Bulk operation partially succeeded.")
    assert [row["sCode"] for row in answer["data"]] == ["0", "51020", "0"]
    ids = [row["ordId"] for row in answer["data"] if row["ordId"]]
    changes = [{"instId": "BTC-USDT", "ordId": each, "newSz": "0.02"} for each in ids]
    assert (await client.act("trade/amend-batch-orders", changes))["code"] == "0"
    cancels = [{"instId": "BTC-USDT", "ordId": each} for each in ids]
    assert (await client.act("trade/cancel-batch-orders", cancels))["code"] == "0"
    answer = await client.act("trade/cancel-batch-orders", cancels)
    assert (answer["code"], {row["sCode"] for row in answer["data"]}) == ("1", {"51400"})
    assert (await client.act("trade/batch-orders", [good] * 21))["code"] == "51111"


async def test_a_request_that_came_too_late_does_nothing(client):
    order = {
        "instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01",
        "px": client.price("0.95"),
    }  # fmt: skip
    past, future = (str(int((time.time() + late_s) * 1000)) for late_s in (-1, 5))
    answer = await client.act("trade/order", order, expTime=past)
    assert (answer["code"], answer["data"][0]["sCode"]) == ("1", "50036")
    assert (await client.ask("trade/orders-pending"))["data"] == []
    assert (await client.act("trade/order", order, expTime=future))["code"] == "0"


async def test_self_trades_end_the_maker_unless_told_otherwise(client):
    await client.post("/pause")
    book = client.simulator.feed_of("okx.spot", "BTC-USDT")
    bid_ticks, _, ask_ticks, _ = book.book.best
    inside = bid_ticks + 1 if bid_ticks + 1 < ask_ticks else bid_ticks
    price = book.price(inside)
    maker = await client.place(px=price)
    taker = await client.place(side="sell", px=price, sz="0.01", stpMode="cancel_taker", ordType="ioc")
    if inside > bid_ticks:
        order = await client.order(taker)
        assert (order["state"], order["cancelSource"], order["stpMode"]) == ("canceled", "32", "cancel_taker")
        await client.place(side="sell", px=price, sz="0.01", ordType="ioc")
        assert (await client.order(maker))["cancelSource"] == "32"


async def test_pages_and_filters_of_lists(client):
    price = client.price("0.95")
    rows = [await client.place(px=price, clOrdId=f"p{number}") for number in range(4)]
    newest = [row["ordId"] for row in rows][::-1]

    async def ids(query):
        return [each["ordId"] for each in (await client.ask(f"trade/orders-pending?{query}"))["data"]]

    assert await ids("limit=2") == newest[:2]
    assert await ids(f"after={newest[1]}") == newest[2:]
    assert await ids(f"before={newest[1]}") == newest[:1]
    assert await ids("instType=SWAP") == []
    assert await ids("ordType=post_only,limit") == newest
    assert await ids("instFamily=XRP-USDT") == []
    assert (await client.ask("trade/orders-pending?instType=NOPE"))["code"] == "51000"
    assert (await client.ask("trade/order?instId=BTC-USDT&ordId=123"))["code"] == "51603"
    assert (await client.ask("trade/order?instId=BTC-USDT"))["code"] == "51003"


async def test_every_text_is_json_without_duplicate_names(client):
    await client.place(ordType="market", sz="1000")
    await client.place(swap=True, ordType="market")
    await client.place(px=client.price("0.95"))
    trigger = {
        "instId": "BTC-USDT-SWAP", "tdMode": "cross", "side": "buy", "ordType": "trigger", "sz": "1",
        "triggerPx": client.price("1.05"), "orderPx": "-1",
    }  # fmt: skip
    assert (await client.act("trade/order-algo", trigger))["code"] == "0"
    for path in (
        "trade/orders-pending", "trade/orders-history?instType=SPOT", "trade/fills", "account/balance",
        "account/positions", "account/config", "account/bills", "account/account-position-risk",
        "account/trade-fee?instType=SWAP", "asset/currencies", "trade/orders-algo-pending?ordType=trigger",
        "account/max-size?instId=BTC-USDT,BTC-USDT-SWAP&tdMode=cross", "account/instruments?instType=SWAP",
        "account/max-avail-size?instId=BTC-USDT&tdMode=cash",
        "account/leverage-info?instId=BTC-USDT-SWAP&mgnMode=cross",
    ):  # fmt: skip
        target = f"/api/v5/{path}"
        url = client.base("okx.spot", "rest") + target
        async with client.http.get(url, headers=client.headers("GET", target)) as answer:
            assert strict(await answer.text())["data"], path
