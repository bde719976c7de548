"""The simulated WebSocket APIs: requests, sessions, user data of spot, and the venue's bad days."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.gate import TradingFaults

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}


def far(trader: Any) -> dict[str, str]:
    return {**LIMIT, "price": trader.far("binance.spot")}


REQUESTS: list[tuple[str, int, int | None]] = [
    ('{"id":"a-b_1","method":"ping"}', 200, None),
    ('{"id":12345678901,"method":"ping"}', 200, None),
    ('{"id":null,"method":"ping"}', 200, None),
    ('{"id":"' + "x" * 37 + '","method":"ping"}', 400, -1100),
    ('{"id":"no space","method":"ping"}', 400, -1100),
    ('{"id":1.5,"method":"ping"}', 400, -1100),
    ('{"id":1,"method":"order.dance"}', 400, -1020),
    ('{"id":1}', 400, -1135),
    ("not json", 400, -1135),
    ('{"id":1,"method":"depth"}', 400, -1102),
    ('{"id":1,"method":"order.place","params":{}}', 400, -1102),
]


async def test_requests_and_their_ids(trader: Any) -> None:
    async with trader.ws(trader.spot_api) as socket:
        for sent, status, code in REQUESTS:
            await socket.send_str(sent)
            answer = await trader.receive(socket)
            assert (sent, answer["status"], answer.get("error", {}).get("code")) == (sent, status, code)
            if status == 200:
                assert answer["id"] == json.loads(sent)["id"]
            assert answer["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT"


@pytest.mark.parametrize("market", ["spot", "usdm"])
async def test_public_requests(trader: Any, market: str) -> None:
    url = trader.spot_api if market == "spot" else trader.usdm_api
    async with trader.ws(url + "?returnRateLimits=false") as socket:
        ping = await trader.ask(socket, "ping")
        assert ping == {"id": ping["id"], "status": 200, "result": {}}
        depth = await trader.ask(socket, "depth", symbol="BTCUSDT", limit=5)
        assert len(depth["result"]["bids"]) == 5
        price = await trader.ask(socket, "ticker.price", symbol="BTCUSDT")
        assert price["result"]["symbol"] == "BTCUSDT"
        for method in ("time", "exchangeInfo") if market == "spot" else ("time",):
            assert (await trader.ask(socket, method))["status"] == 200


async def test_a_session_needs_ed25519_and_then_no_signatures(trader: Any) -> None:
    async with trader.ws(trader.spot_api) as socket:
        refused = await trader.ask(socket, "session.logon", **trader.signed_params())
        assert refused["error"]["code"] == -4056
        assert (await trader.ask(socket, "order.place", timestamp=1, **far(trader)))["error"]["code"] == -1102
        logon = await trader.ask(socket, "session.logon", **trader.signed_params(trader.ed25519))
        assert logon["result"]["apiKey"] == trader.ed25519.key
        assert logon["result"]["authorizedSince"] > 0
        now = {"timestamp": logon["result"]["serverTime"]}
        placed = await trader.ask(socket, "order.place", **now, **far(trader))
        assert placed["status"] == 200
        assert [row["rateLimitType"] for row in placed["rateLimits"]] == [
            "ORDERS",
            "ORDERS",
            "REQUEST_WEIGHT",
        ]
        number = placed["result"]["orderId"]
        late = await trader.ask(socket, "order.place", timestamp=now["timestamp"] - 9_000, **far(trader))
        assert late["error"]["code"] == -1021
        found = await trader.ask(socket, "order.status", **now, symbol="BTCUSDT", orderId=number)
        assert found["result"]["status"] == "NEW"
        rows = await trader.ask(socket, "openOrders.status", **now)
        assert [row["orderId"] for row in rows["result"]] == [number]
        smaller = await trader.ask(
            socket, "order.amend.keepPriority", **now, symbol="BTCUSDT", orderId=number, newQty="0.005"
        )
        assert smaller["result"]["amendedOrder"]["qty"] == "0.00500000"
        new = {**far(trader), "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": number}
        replaced = await trader.ask(socket, "order.cancelReplace", **now, **new)
        assert replaced["result"]["newOrderResult"] == "SUCCESS"
        again = await trader.ask(socket, "order.cancelReplace", **now, **new)
        assert (again["status"], again["error"]["code"]) == (400, -2022)
        assert again["error"]["data"]["newOrderResult"] == "NOT_ATTEMPTED"
        gone = await trader.ask(socket, "openOrders.cancelAll", **now, symbol="BTCUSDT")
        assert [row["status"] for row in gone["result"]] == ["CANCELED"]
        assert (await trader.ask(socket, "session.logout"))["result"]["apiKey"] is None
        assert (await trader.ask(socket, "openOrders.status", **now))["error"]["code"] == -1102


async def test_signed_requests_of_both_kinds_of_keys(trader: Any) -> None:
    async with trader.ws(trader.spot_api) as socket:
        for signer in (trader.trading, trader.ed25519):
            signed = trader.signed_params(signer, **far(trader))
            assert (await trader.ask(socket, "order.test", **signed))["result"] == {}
            wrong = {**signed, "quantity": "0.02"}
            assert (await trader.ask(socket, "order.test", **wrong))["error"]["code"] == -1022
        refused = await trader.ask(
            socket, "order.place", **trader.signed_params(trader.read_only, **far(trader))
        )
        assert (refused["status"], refused["error"]["code"]) == (401, -2015)
        account = await trader.ask(socket, "account.status", **trader.signed_params(trader.read_only))
        assert account["result"]["accountType"] == "SPOT"


async def subscribed(trader: Any, socket: Any) -> int:
    answer = await trader.ask(socket, "userDataStream.subscribe.signature", **trader.signed_params())
    return int(answer["result"]["subscriptionId"])


async def test_what_an_account_is_told(trader: Any) -> None:
    """NEW, then TRADE, with the balances after; a cancellation names both ids; an amendment the old one."""
    async with trader.ws(trader.spot_api) as socket:
        number = await subscribed(trader, socket)
        await trader.place("binance.spot", type="MARKET", timeInForce=None)
        events = [await trader.receive(socket) for _ in range(3)]
        assert {event["subscriptionId"] for event in events} == {number}
        kinds = [(event["event"]["e"], event["event"].get("x")) for event in events]
        assert kinds == [
            ("executionReport", "NEW"), ("executionReport", "TRADE"), ("outboundAccountPosition", None)
        ]  # fmt: skip
        trade = events[1]["event"]
        assert (trade["X"], trade["N"], trade["z"]) == ("FILLED", "BTC", "0.01000000")
        assert {row["a"] for row in events[2]["event"]["B"]} == {"BTC", "USDT"}
        order = await trader.place("binance.spot", newClientOrderId="mine")
        ids = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
        amend = "/api/v3/order/amend/keepPriority"
        await trader.signed("PUT", amend, **ids, newQty="0.005", newClientOrderId="smaller")
        await trader.signed("DELETE", "/api/v3/order", **ids, newClientOrderId="cancel")
        events = [(await trader.receive(socket))["event"] for _ in range(6)]
        reports = [event for event in events if event["e"] == "executionReport"]
        assert [(row["x"], row["X"], row["c"], row["C"], row["q"]) for row in reports] == [
            ("NEW", "NEW", "mine", "", "0.01000000"),
            ("REPLACED", "NEW", "smaller", "mine", "0.00500000"),
            ("CANCELED", "CANCELED", "cancel", "smaller", "0.00500000"),
        ]


async def test_subscriptions_and_their_ends(trader: Any) -> None:
    async with trader.ws(trader.spot_api) as socket:
        assert (await trader.ask(socket, "userDataStream.subscribe"))["error"]["code"] == -2015
        assert await subscribed(trader, socket) == 0
        twice = await trader.ask(socket, "userDataStream.subscribe.signature", **trader.signed_params())
        assert twice["error"]["code"] == -2035
        assert (await trader.ask(socket, "session.subscriptions"))["result"] == [{"subscriptionId": 0}]
        await socket.send_json(
            {"id": 77, "method": "userDataStream.unsubscribe", "params": {"subscriptionId": 0}}
        )
        both = [await trader.receive(socket) for _ in range(2)]
        assert {"id": 77, "status": 200, "result": {}}.items() <= next(m for m in both if "id" in m).items()
        ended = next(message for message in both if "event" in message)
        assert (ended["subscriptionId"], ended["event"]["e"]) == (0, "eventStreamTerminated")
        missing = await trader.ask(socket, "userDataStream.unsubscribe", subscriptionId=0)
        assert missing["error"]["code"] == -2036
        await trader.ask(socket, "session.logon", **trader.signed_params(trader.ed25519))
        assert (await trader.ask(socket, "userDataStream.subscribe"))["result"] == {"subscriptionId": 1}
        assert (await trader.ask(socket, "session.status"))["result"]["userDataStream"] is True


async def first_two(trader: Any, socket: Any, number: int) -> list[str]:
    await socket.send_json(
        {"id": number, "method": "order.place", "params": trader.signed_params(**far(trader))}
    )
    messages = [await trader.receive(socket) for _ in range(2)]
    return ["answer" if "id" in message else "push" for message in messages]


async def test_the_answer_or_the_news_may_come_first(trading: Any) -> None:
    async with trading() as trader, trader.ws(trader.spot_api) as socket:
        await subscribed(trader, socket)
        assert await first_two(trader, socket, 900) == ["answer", "push"]
    plan = FaultPlan(trading=TradingFaults(push_first=1.0))
    async with trading(faults=plan) as trader, trader.ws(trader.spot_api) as socket:
        await subscribed(trader, socket)
        assert await first_two(trader, socket, 900) == ["push", "push"]


@pytest.mark.parametrize(
    ("plan", "status", "code", "done"),
    [
        ({"error_before": 1.0}, 502, -1001, False),
        ({"error_after": 1.0}, 503, -1007, True),
        ({"too_many": 1.0}, 429, -1003, False),
        ({"ban": 1.0, "ban_s": 0.2}, 418, -1003, False),
        ({"lost_answer": 1.0}, None, None, True),
        ({"lost_request": 1.0}, None, None, False),
    ],
)
async def test_bad_days(
    trading: Any, plan: dict[str, float], status: int | None, code: int, done: bool
) -> None:
    """What a client reads over the socket and over REST, and whether the order is there."""
    async with trading(faults=FaultPlan(trading=TradingFaults(**plan))) as trader:
        async with trader.ws(trader.spot_api) as socket:
            request = {"id": 5, "method": "order.place", "params": trader.signed_params(**far(trader))}
            await socket.send_json(request)
            if status is None:
                with pytest.raises(asyncio.TimeoutError):
                    await trader.receive(socket, 0.3)
            else:
                answer = await trader.receive(socket)
                assert (answer["status"], answer["error"]["code"]) == (status, code)
        target = trader.target("/api/v3/order", **far(trader))
        if status is None:
            with pytest.raises(Exception, match=r"disconnected|reset"):
                await trader.answer("POST", target, trader.trading.key)
        else:
            found, text, headers = await trader.answer("POST", target, trader.trading.key)
            assert (found, "<html>" in text) == (status, status == 502)
            assert ("Retry-After" in headers) is (status in (418, 429))
        await asyncio.sleep(0.25)
        _, rows = await trader.signed("GET", "/api/v3/openOrders")
        assert len(rows) == (2 if done else 0)


async def test_usdm_orders_over_the_socket(trader: Any) -> None:
    price = trader.far("binance.usdm")
    async with trader.ws(trader.usdm_api) as socket:
        logon = await trader.ask(socket, "session.logon", **trader.signed_params(trader.ed25519))
        now = {"timestamp": logon["result"]["serverTime"]}
        placed = await trader.ask(socket, "order.place", **now, **LIMIT, price=price)
        ids = {"symbol": "BTCUSDT", "orderId": placed["result"]["orderId"]}
        changed = await trader.ask(
            socket, "order.modify", **now, **ids, side="BUY", quantity="0.02", price=price
        )
        assert changed["result"]["origQty"] == "0.020"
        assert (await trader.ask(socket, "order.status", **now, **ids))["result"]["status"] == "NEW"
        assert (await trader.ask(socket, "order.cancel", **now, **ids))["result"]["status"] == "CANCELED"
        algo = await trader.ask(
            socket, "algoOrder.place", **now, algoType="CONDITIONAL", symbol="BTCUSDT", side="SELL",
            type="STOP_MARKET", quantity="0.01", triggerPrice=price,
        )  # fmt: skip
        number = algo["result"]["algoId"]
        assert (await trader.ask(socket, "algoOrder.cancel", **now, algoId=number))["result"]["code"] == "200"
        for method in ("v2/account.balance", "v2/account.position", "v2/account.status"):
            assert (await trader.ask(socket, method, **now))["status"] == 200
        start = await trader.ask(socket, "userDataStream.start", apiKey=trader.trading.key)
        assert len(start["result"]["listenKey"]) == 64
        wrong = await trader.ask(socket, "userDataStream.subscribe")
        assert wrong["error"]["code"] == -1020


async def test_a_wrong_path_is_no_socket(trader: Any) -> None:
    with pytest.raises(Exception, match="404"):
        await trader.ws(trader.spot_api.replace("/v3", "/v9"))


async def test_a_revoked_session_is_told_unasked(trader: Any) -> None:
    async with trader.ws(trader.spot_api) as socket:
        await trader.ask(socket, "session.logon", **trader.signed_params(trader.ed25519))
        await trader.ask(socket, "userDataStream.subscribe")
        await trader.post("/binance/revoke-sessions")
        ended, revoked = [await trader.receive(socket) for _ in range(2)]
        assert ended["event"]["e"] == "eventStreamTerminated"
        assert (revoked["id"], revoked["status"], revoked["error"]["code"]) == (None, 401, -2015)
        assert (await trader.ask(socket, "session.status"))["result"]["apiKey"] is None


async def test_a_key_that_is_revoked_is_unknown_and_its_session_is_told(trader: Any) -> None:
    async with trader.ws(trader.spot_api) as socket:
        await trader.ask(socket, "session.logon", **trader.signed_params(trader.ed25519))
        await trader.post(f"/revoke-key?venue=binance&key={trader.trading.key}")
        assert (await trader.ask(socket, "session.status"))["status"] == 200
        await trader.post(f"/revoke-key?venue=binance&key={trader.ed25519.key}")
        assert (await trader.receive(socket))["error"]["code"] == -2015
    assert (await trader.signed("GET", "/api/v3/account"))[1]["code"] == -2015
    assert (await trader.signed("GET", "/api/v3/account", trader.read_only))[0] == 200


NASTY = (
    "[]", "null", "7", '"text"', "{}", '{"method":7}', '{"method":"order.place","params":[]}',
    '{"id":{},"method":"ping"}', '{"id":1,"method":"depth","params":{"symbol":{"a":[1]},"limit":true}}',
    '{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","limit":1e400}}',
    '{"id":1,"method":"exchangeInfo","params":{"symbols":[1,2]}}', "[" * 100_000,
    '{"id":1,"method":"ping","params":{"a":' + "[" * 50_000 + "}}",
    '{"id":1,"method":"order.place","params":{"apiKey":"\u00e9","timestamp":-1,"signature":null}}',
)  # fmt: skip


async def test_garbage_is_answered_and_the_connection_goes_on(trader: Any) -> None:
    async with trader.ws(trader.spot_api) as socket:
        for text in NASTY:
            await socket.send_str(text)
            answer = await trader.receive(socket)
            assert answer["status"] in (400, 401), text[:80]
        await socket.send_bytes(b"binary")
        assert (await trader.ask(socket, "ping"))["status"] == 200


async def test_a_nested_batch_is_no_error_of_the_server(trader: Any) -> None:
    for text in ("[" * 2_000, "7", '[{"a":' + "[" * 1_500):
        _, body = await trader.signed("POST", "/fapi/v1/batchOrders", batchOrders=text)
        assert body["code"] == -1130
