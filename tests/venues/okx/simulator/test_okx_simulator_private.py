"""Private sockets of the simulated OKX: orders over WebSocket, and what is pushed to an account."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import aiohttp
import pytest

from trimaran.venues.okx.simulator.sockets import CONNECTIONS_MAX

SPOT = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01"}
SWAP = {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "side": "buy", "ordType": "limit", "sz": "1"}


async def code_of(client, symbol):
    """The number of an instrument."""
    kind = "SWAP" if symbol.endswith("SWAP") else "SPOT"
    rows = (await client.get(f"public/instruments?instType={kind}&instId={symbol}"))[1]["data"]
    return rows[0]["instIdCode"]


async def subscribed(client, socket, *arguments):
    """Everything that is said until each channel is acknowledged and counted."""
    await client.subscribe(socket, *arguments)
    messages = await client.collect_until(
        socket,
        lambda heard: sum(each.get("event") == "channel-conn-count" for each in heard) == len(arguments),
    )
    assert [each for each in messages if each.get("event") == "error"] == []
    return messages


async def pushes(client, socket, channel, enough):
    """The rows of a channel until there are enough."""

    def rows(messages):
        return [
            row
            for each in messages
            if each.get("arg", {}).get("channel") == channel
            for row in each.get("data", ())
        ]

    messages = await client.collect_until(socket, lambda heard: enough(rows(heard)))
    return rows(messages)


def told(messages):
    """The channels of some pushes."""
    return {each["arg"]["channel"] for each in messages if "data" in each}


async def test_an_order_its_answer_and_its_pushes(client):
    async with client.logged_in() as socket:
        await subscribed(client, socket, {"channel": "orders", "instType": "ANY"})
        arguments = {**SPOT, "px": client.price("0.95"), "clOrdId": "w1"}
        del arguments["instId"]
        arguments["instIdCode"] = await code_of(client, "BTC-USDT")
        answer = await client.operate(socket, "order", arguments)
        assert (answer["op"], answer["code"], answer["msg"]) == ("order", "0", "")
        assert int(answer["inTime"]) <= int(answer["outTime"])
        assert client.pushed == []  # the answer goes first
        (live,) = await pushes(client, socket, "orders", len)
        assert (live["state"], live["clOrdId"], live["tradeId"], live["accFillSz"]) == ("live", "w1", "", "0")
        change = {"instId": "BTC-USDT", "clOrdId": "w1", "newSz": "0.005", "reqId": "r9"}
        assert (await client.operate(socket, "amend-order", change))["code"] == "0"
        (amended,) = await pushes(client, socket, "orders", len)
        assert (amended["sz"], amended["amendResult"], amended["reqId"]) == ("0.005", "0", "r9")
        cancel = {"instId": "BTC-USDT", "ordId": live["ordId"]}
        assert (await client.operate(socket, "cancel-order", cancel))["code"] == "0"
        (gone,) = await pushes(client, socket, "orders", len)
        assert (gone["state"], gone["cancelSource"], gone["amendResult"]) == ("canceled", "1", "")


async def test_pushes_of_fills_add_up(client):
    async with client.logged_in() as socket:
        wanted = ("orders", "fills", "account", "positions", "balance_and_position")
        arguments = [
            {"channel": each, **({"instType": "ANY"} if each in ("orders", "positions") else {})}
            for each in wanted
        ]
        first = await subscribed(client, socket, *arguments)
        first += await client.collect_until(
            socket, lambda heard: {"account", "positions"} <= told(first + heard), 5.0
        )
        snapshots = {each["arg"]["channel"]: each for each in first if "data" in each}
        assert snapshots["account"]["eventType"] == "snapshot"
        assert snapshots["account"]["arg"]["uid"].isdigit()
        assert snapshots["positions"]["data"] == []
        answer = await client.operate(socket, "order", {**SWAP, "ordType": "market", "sz": "40"})
        order_id = answer["data"][0]["ordId"]
        messages = await client.collect_until(
            socket, lambda heard: any(each["arg"]["channel"] == "balance_and_position" for each in heard)
        )
    by_channel = {name: [each for each in messages if each["arg"]["channel"] == name] for name in wanted}
    rows = [row for each in by_channel["orders"] for row in each["data"]]
    assert rows[0]["state"] == "live"
    assert rows[-1]["state"] == "filled"
    fills = [row for row in rows if row["tradeId"]]
    assert sum(Decimal(row["fillSz"]) for row in fills) == Decimal(rows[-1]["accFillSz"]) == 40
    assert sum(Decimal(row["fillFee"]) for row in fills) == Decimal(rows[-1]["fee"]) < 0
    assert {(row["execType"], row["fillFeeCcy"], row["ordId"]) for row in fills} == {("T", "USDT", order_id)}
    assert [row["tradeId"] for each in by_channel["fills"] for row in each["data"]] == [
        row["tradeId"] for row in fills
    ]
    (account,) = by_channel["account"]
    assert (account["eventType"], [each["ccy"] for each in account["data"][0]["details"]]) == (
        "event_update", ["USDT"],
    )  # fmt: skip
    (position,) = by_channel["positions"][0]["data"]
    assert (position["pos"], position["posSide"], position["mgnMode"]) == ("40", "net", "cross")
    assert Decimal(position["avgPx"]) == Decimal(rows[-1]["avgPx"]).quantize(Decimal(position["avgPx"]))
    both = by_channel["balance_and_position"][0]["data"][0]
    assert (both["eventType"], both["posData"][0]["pos"]) == ("filled", "40")
    assert [each["tradeId"] for each in both["trades"]] == [row["tradeId"] for row in fills]


async def test_makers_are_told_when_the_crowd_takes_them(client):
    async with client.logged_in() as socket:
        await subscribed(client, socket, {"channel": "orders", "instType": "SPOT", "instId": "BTC-USDT"})
        feed = client.simulator.feed_of("okx.spot", "BTC-USDT")
        price = feed.price(feed.book.best[0])
        await client.operate(socket, "order", {**SPOT, "px": price, "sz": "0.00002", "ordType": "post_only"})
        rows = await pushes(
            client, socket, "orders", lambda rows: rows and rows[-1]["state"] in ("filled", "canceled")
        )
    if rows[-1]["state"] == "filled":
        assert (rows[-1]["execType"], rows[-1]["fillFeeCcy"]) == ("M", "BTC")
        assert Decimal(rows[-1]["fillFee"]) == -Decimal("0.00002") * Decimal("0.0008")


async def test_batches_and_the_codes_of_partial_failure(client):
    async with client.logged_in() as socket:
        price = client.price("0.95")
        answer = await client.operate(
            socket, "batch-orders", {**SPOT, "px": price}, {**SPOT, "px": "x"}, {**SWAP, "px": price}
        )
        assert (answer["code"], [row["sCode"] for row in answer["data"]]) == ("2", ["0", "51000", "0"])
        ids = [row["ordId"] for row in answer["data"]]
        cancels = [
            {"instId": "BTC-USDT", "ordId": ids[0]}, {"instId": "BTC-USDT-SWAP", "ordId": ids[2]},
        ]  # fmt: skip
        amends = [{**each, "newPx": client.price("0.94")} for each in cancels]
        assert (await client.operate(socket, "batch-amend-orders", *amends))["code"] == "0"
        assert (await client.operate(socket, "batch-cancel-orders", *cancels))["code"] == "0"
        answer = await client.operate(socket, "batch-cancel-orders", *cancels)
        assert (answer["code"], answer["msg"]) == ("1", "")


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("order", ["no object"], "60013"),
        ("order", [], "60013"),
        ("order", [SPOT, SPOT], "60013"),
        ("batch-orders", [SPOT] * 21, "51111"),
        ("cancel-order", [{"instId": "BTC-USDT", "ordId": "1"}], "51400"),
        ("cancel-order", [{"instId": "BTC-USDT"}], "51407"),
        ("cancel-order", [{"instIdCode": 1, "ordId": "1"}], "51001"),
        ("amend-order", [{"instId": "BTC-USDT", "ordId": "1", "newSz": "1"}], "51503"),
        ("order", [{**SPOT, "instIdCode": 99, "px": "60000"}], "51001"),
        ("mass-cancel", [{"instType": "OPTION", "instFamily": "BTC-USD"}], "51411"),
    ],
)
async def test_errors_of_operations(client, operation, arguments, code):
    async with client.logged_in() as socket:
        answer = await client.operate(socket, operation, *arguments)
        found = answer["data"][0]["sCode"] if answer["data"] else answer["code"]
        assert (found, answer["op"]) == (code, operation)


async def test_an_operation_that_came_too_late(client):
    async with client.logged_in() as socket:
        order = {**SPOT, "px": client.price("0.95")}
        answer = await client.operate(socket, "order", order, expTime=str(int(time.time() * 1000) - 1))
        assert (answer["code"], answer["data"][0]["sCode"]) == ("1", "50036")
        answer = await client.operate(socket, "order", order, expTime=str(int(time.time() * 1000) + 5000))
        assert answer["code"] == "0"


@pytest.mark.parametrize(
    ("socket_name", "argument", "code"),
    [
        ("private", {"channel": "books", "instId": "BTC-USDT"}, "60018"),
        ("private", {"channel": "orders"}, "60018"),
        ("private", {"channel": "orders", "instType": "SWAP", "uly": "BTC-USDT"}, "64000"),
        ("private", {"channel": "orders", "instType": "NOPE"}, "60018"),
        ("private", {"channel": "orders", "instType": "SPOT", "instId": "NOPE-USDT"}, "60018"),
        ("private", {"channel": "orders-algo", "instType": "ANY"}, "60018"),
        ("business", {"channel": "tickers", "instId": "BTC-USDT"}, "64002"),
        ("business", {"channel": "candle7m", "instId": "BTC-USDT"}, "60018"),
        ("business", {"channel": "mark-price-candle1m", "instId": "BTC-USDT"}, "60018"),
        ("business", {"channel": "orders", "instType": "ANY"}, "60018"),
        ("public", {"channel": "books-l2-tbt", "instId": "BTC-USDT"}, "64003"),
        ("public", {"channel": "account"}, "60018"),
        ("public", {"channel": "trades-all", "instId": "BTC-USDT"}, "60018"),
    ],
)
async def test_channels_have_their_sockets(client, socket_name, argument, code):
    async with client.logged_in(getattr(client, socket_name)) as socket:
        await client.subscribe(socket, argument)
        assert (await client.receive(socket))["code"] == code


async def test_orders_are_for_the_private_socket(client):
    async with client.logged_in(client.public) as socket:
        await socket.send_json({"id": "1", "op": "order", "args": [SPOT]})
        answer = await client.receive(socket)
        assert (answer["event"], answer["code"]) == ("error", "60028")


async def test_connections_of_a_channel_are_counted_and_bounded(client):
    argument = {"channel": "account", "extraParams": json.dumps({"updateInterval": "0"})}
    private = client.simulator.venues["okx"]._hall
    private.channels.connections_max = 2
    assert CONNECTIONS_MAX == 30
    async with client.logged_in() as first, client.logged_in() as second, client.logged_in() as third:
        counts = []
        for socket in (first, second):
            heard = await subscribed(client, socket, argument)
            counts += [each["connCount"] for each in heard if each.get("event") == "channel-conn-count"]
        assert counts == ["1", "2"]
        await client.subscribe(third, argument)
        assert (await client.receive(third))["event"] == "subscribe"
        error = await client.receive(third)
        assert (error["event"], error["channel"], error["connCount"]) == (
            "channel-conn-count-error", "account", "2",
        )  # fmt: skip
        await first.send_json({"op": "unsubscribe", "args": [argument]})
        await client.collect_until(
            first, lambda heard: any(each.get("event") == "unsubscribe" for each in heard)
        )
        heard = await subscribed(client, third, argument)
        assert [each["connCount"] for each in heard if each.get("event") == "channel-conn-count"] == ["2"]


async def test_filters_of_private_channels(client):
    async with client.logged_in() as socket:
        await subscribed(
            client, socket, {"channel": "orders", "instType": "SWAP"}, {"channel": "account", "ccy": "XRP"}
        )
        await client.receive(socket)
        await client.operate(socket, "order", {**SPOT, "px": client.price("0.95")})
        answer = await client.operate(socket, "order", {**SWAP, "px": client.price("0.95")})
        rows = await pushes(client, socket, "orders", len)
        assert [row["ordId"] for row in rows] == [answer["data"][0]["ordId"]]
        assert client.pushed == []


async def test_faults_of_the_gate_on_sockets(client):
    async with client.logged_in() as socket:
        await subscribed(client, socket, {"channel": "orders", "instType": "ANY"})
        order = {**SPOT, "px": client.price("0.95")}
        gate = client.simulator.gates["okx.spot"]
        plan = type(gate.plan)
        gate.set(plan(push_first=1.0, push_first_ms=30))
        assert (await client.operate(socket, "order", order))["code"] == "0"
        assert [each["data"][0]["state"] for each in client.pushed] == ["live"]  # the push goes first
        for faults, code in ((plan(error_before=1.0), "50001"), (plan(error_after=1.0), "50004"),
                             (plan(too_many=1.0), "50011")):  # fmt: skip
            gate.set(faults)
            assert (await client.operate(socket, "order", order))["code"] == code
        gate.set(plan(lost_answer=1.0))
        await socket.send_json({"id": "9", "op": "order", "args": [{**order, "clOrdId": "lost"}]})
        (row,) = await pushes(client, socket, "orders", lambda rows: rows and rows[-1]["clOrdId"] == "lost")
        gate.set(plan(push_duplicate=1.0))
        await client.operate(socket, "cancel-order", {"instId": "BTC-USDT", "ordId": row["ordId"]})
        first, second = await pushes(client, socket, "orders", lambda rows: len(rows) == 2)
        assert first == second
        gate.set(plan())
    assert len((await client.ask("trade/orders-pending"))["data"]) == 2


async def test_faults_of_the_gate_on_rest(client):
    gate = client.simulator.gates["okx.spot"]
    plan = type(gate.plan)
    order, target = {**SPOT, "px": client.price("0.95")}, "/api/v5/trade/order"
    body = json.dumps(order)
    for faults, status, left in (
        (plan(error_before=1.0), 502, 0), (plan(error_after=1.0), 503, 1), (plan(too_many=1.0), 429, 1),
    ):  # fmt: skip
        gate.set(faults)
        url = client.base("okx.spot", "rest") + target
        async with client.http.post(url, data=body, headers=client.headers("POST", target, body)) as answer:
            assert answer.status == status
            assert ("Retry-After" in answer.headers) == (status == 429)
        gate.set(plan())
        assert len((await client.ask("trade/orders-pending"))["data"]) == left
    gate.set(plan(lost_answer=1.0))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.act("trade/order", order)
    gate.set(plan(hidden_ms=60_000))
    row = (await client.act("trade/order", order))["data"][0]
    gate.set(plan())
    found = await client.ask(f"trade/order?instId=BTC-USDT&ordId={row['ordId']}")
    assert found["code"] == "51603"
    assert len((await client.ask("trade/orders-pending"))["data"]) == 2


async def test_private_connections_fall_silent_alone(client):
    async with (
        client.logged_in() as private,
        client.logged_in(client.business) as business,
        client.ws(client.public) as public,
    ):
        await client.post("/faults", {"trading": {"private_half_open": True}})
        for socket in (private, business, public):
            await socket.send_str("ping")
        assert await client.receive(public) == "pong"
        assert await client.collect(private, 0.2) == []
        assert await client.collect(business, 0.1) == []


async def test_a_liquidation_is_told(client):
    async with client.logged_in() as socket:
        await subscribed(
            client, socket,
            {"channel": "orders", "instType": "SWAP"}, {"channel": "positions", "instType": "ANY"},
            {"channel": "balance_and_position"}, {"channel": "liquidation-warning", "instType": "ANY"},
        )  # fmt: skip
        await client.operate(socket, "order", {**SWAP, "ordType": "market", "sz": "100"})
        (position,) = (await client.ask("account/positions"))["data"]
        least = Decimal(position["mmr"])
        free = Decimal((await client.ask("account/balance?ccy=USDT"))["data"][0]["details"][0]["cashBal"])
        await client.post(f"/deposit?venue=okx&market=okx.swap&amount=-{free - 2 * least}")
        await pushes(client, socket, "liquidation-warning", len)
        await client.post(f"/deposit?venue=okx&market=okx.swap&amount=-{3 * least}")
        messages = await client.collect_until(
            socket,
            lambda heard: any(
                row.get("eventType") == "liquidation"
                for each in heard
                if "data" in each
                for row in each["data"]
            ),
        )
    orders = [row for each in messages if each["arg"]["channel"] == "orders" for row in each["data"]]
    assert {row["category"] for row in orders} == {"full_liquidation"}
    states = [row for each in messages if each["arg"]["channel"] == "positions" for row in each["data"]]
    assert states[-1]["pos"] == "0"
    assert (await client.ask("account/positions"))["data"] == []
