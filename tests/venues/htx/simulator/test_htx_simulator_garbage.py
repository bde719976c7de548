"""Whatever a client sends, the simulated HTX answers with an error of the venue or with nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from yarl import URL

from tests.support.htx_client import trading

BODIES: tuple[Any, ...] = (
    None, [], {}, "text", 7, [[]], [{}], {"symbol": 5}, {"contract_code": None}, {"amount": {}},
    {"volume": "NaN"}, {"volume": "Infinity"}, {"amount": "1e999"}, {"order-ids": "x"}, {"order_id": [1, {}]},
    {"client_order_id": -1}, {"orders_data": [5]}, {"timeout": -9}, {"lever_rate": "x"}, {"size": -5},
)  # fmt: skip


async def test_every_endpoint_survives_every_body():
    async with trading(limits=False) as trader:
        application = {
            "spot": trader.simulator.venues["htx"]._spot_side._endpoints,
            "swap": trader.simulator.venues["htx"]._swap_side._endpoints,
        }
        for market, endpoints in application.items():
            for endpoint in endpoints:
                for body in BODIES if endpoint.method == "POST" else (None,):
                    path = endpoint.path.replace("{id}", "1x")
                    status, answer, _ = await trader.call(market, endpoint.method, path, body)
                    assert (status, isinstance(answer, dict)) == (200, True), (path, body)


async def test_bodies_and_requests_of_great_depth(trader):
    deep = b"[" * 50_000
    for market, path in (
        ("spot", "/v1/order/orders/place"),
        ("swap", "/linear-swap-api/v1/swap_cross_order"),
    ):
        url = URL(trader.signed_url(market, "POST", path, {}), encoded=True)
        async with trader.http.post(url, data=b'{"a":' + deep) as answer:
            assert (answer.status, (await answer.json())["status"]) == (200, "error")
    for market, path in (("spot", "/ws"), ("spot", "/feed"), ("swap", "/linear-swap-ws")):
        async with trader.ws(trader.base(f"htx.{market}", "ws") + path) as socket:
            for frame in (deep, b'{"sub":' + deep, b'{"pong":' + deep):
                await socket.send_str(frame.decode())
                answer = await trader.receive(socket)
                assert answer.get("status", "ping") in ("error", "ping")


@pytest.mark.parametrize(
    "query",
    [
        {"symbol": "btcusdt", "size": "x", "from": "y", "direct": "z", "start-time": "1", "end-time": "-1"},
        {"symbols": ",,", "states": ",", "types": "?"},
        {"contract_code": "BTC-USDT", "limit": "-1", "start_time": "x"},
    ],
)
async def test_queries_of_no_sense(trader, query):
    for market, path in (
        ("spot", "/v1/order/openOrders"),
        ("spot", "/v1/order/orders"),
        ("spot", "/v1/order/matchresults"),
        ("spot", "/v2/reference/transact-fee-rate"),
        ("swap", "/v5/trade/order/history"),
        ("swap", "/v5/trade/order/details"),
        ("swap", "/v5/trade/order"),
    ):
        status, answer, _ = await trader.call(market, "GET", path, query=query)
        assert (status, isinstance(answer, dict)) == (200, True), path


FRAMES = (
    "", "null", "7", "[]", "{", '{"op":5}', '{"action":"sub"}', '{"action":"req","ch":"auth","params":7}',
    '{"op":"auth","AccessKeyId":{}}', '{"op":"sub","topic":"."}', '{"op":"create_cross_order","data":7}',
    '{"ch":"create-order","params":[]}', '{"ch":"cancel","params":null,"cid":{"a":1}}', "\u0000", '{"cid":',
    "[" * 50_000, '{"action":"req","ch":"auth","params":' + "[" * 50_000,
    '{"op":"create_cross_order","data":' + "[" * 50_000, '{"op":"auth","AccessKeyId":' + "[" * 50_000,
)  # fmt: skip


@pytest.mark.parametrize(
    ("market", "path"),
    [
        ("spot", "/ws/v2"), ("spot", "/ws/trade"), ("swap", "/linear-swap-notification"),
        ("swap", "/linear-swap-trade"), ("swap", "/ws/v5/notification"),
    ],
)  # fmt: skip
async def test_frames_of_no_sense(trader, market, path):
    async with trader.line(market, path) as line:
        for frame in FRAMES:
            await line.socket.send_str(frame)
            assert isinstance(await line.receive(), dict), frame
        for payload in (b"\x1f\x8b broken", b'{"op":"\xff"}'):
            await line.socket.send_bytes(payload)
            assert isinstance(await line.receive(), dict)
        assert json.loads(json.dumps(await line.ask({"op": "ping", "action": "ping", "ts": "1", "data": {}})))
