"""Rules of a connection to the simulated OKX: requests, errors, the text heartbeat, limits, notices."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.support.simulated import close_code
from trimaran.venues.okx.simulator.connection import ConnectionRules

BOOKS = {"channel": "books", "instId": "BTC-USDT"}


async def test_one_acknowledgement_per_argument_with_the_id(client):
    async with client.ws(client.public) as socket:
        await client.subscribe(socket, BOOKS, {"channel": "status"}, request_id="a1")
        acks = await acknowledged(client, socket, 2)
        assert [(ack["event"], ack["id"], ack["arg"]) for ack in acks] == [
            ("subscribe", "a1", BOOKS),
            ("subscribe", "a1", {"channel": "status"}),
        ]
        assert len({ack["connId"] for ack in acks}) == 1
        await socket.send_json({"op": "unsubscribe", "args": [BOOKS]})
        assert [ack["event"] for ack in await acknowledged(client, socket, 1)] == ["unsubscribe"]
        assert await client.collect(socket, 0.4) == []
        await client.subscribe(socket, BOOKS)
        again = await client.collect_until(socket, lambda messages: len(messages) == 2)
        assert [message.get("action", message.get("event")) for message in again] == ["subscribe", "snapshot"]


async def test_a_second_subscription_is_acknowledged_without_a_snapshot(client):
    async with client.ws(client.public) as socket:
        await client.subscribe(socket, BOOKS)
        await client.subscribe(socket, BOOKS)
        messages = await client.collect_until(
            socket, lambda messages: sum(each.get("action") == "update" for each in messages) >= 3
        )
    assert [each["event"] for each in messages if "event" in each] == ["subscribe"] * 2
    assert [each.get("action") for each in messages].count("snapshot") == 1


async def acknowledged(client, socket, count):
    """The next acknowledgements."""
    messages = await client.collect_until(
        socket, lambda messages: sum("event" in each for each in messages) == count
    )
    return [message for message in messages if "event" in message]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "60012"),
        ("[]", "60012"),
        ('{"args":[{"channel":"books","instId":"BTC-USDT"}]}', "60012"),
        ('{"op":"dance","args":[{"channel":"books","instId":"BTC-USDT"}]}', "60019"),
        ('{"op":["subscribe"],"args":[{"channel":"books","instId":"BTC-USDT"}]}', "60019"),
        ('{"op":"subscribe","args":[]}', "60012"),
        ('{"id":"not alnum!","op":"subscribe","args":[{"channel":"status"}]}', "60012"),
        ('{"op":"subscribe","args":["books"]}', "60013"),
        ('{"op":"subscribe","args":[{"instId":"BTC-USDT"}]}', "60013"),
        ('{"op":"subscribe","args":[{"channel":"books","instId":"NOPE-USDT"}]}', "60018"),
        ('{"op":"subscribe","args":[{"channel":"candle1m","instId":"BTC-USDT"}]}', "60018"),
        ('{"op":"subscribe","args":[{"channel":"funding-rate","instId":"BTC-USDT"}]}', "60018"),
        ('{"op":"subscribe","args":[{"channel":"instruments","instType":"NOPE"}]}', "60018"),
        ('{"op":"subscribe","args":[{"channel":"books-l2-tbt","instId":"BTC-USDT"}]}', "60011"),
    ],
)
async def test_errors(client, text, code):
    async with client.ws(client.public) as socket:
        await socket.send_str(text)
        answer = await client.receive(socket)
        assert (answer["event"], answer["code"]) == ("error", code)
        assert answer["msg"]
        await socket.send_str("ping")
        assert await client.receive(socket) == "pong"


async def test_an_idle_client_is_closed_with_4004_and_one_that_pings_is_not(okx):
    async with (
        okx(connection=ConnectionRules(idle_s=0.6)) as client,
        client.ws(client.public) as idle,
        client.ws(client.public) as alive,
    ):
        await client.subscribe(idle, BOOKS)
        for _ in range(8):
            await asyncio.sleep(0.1)
            await alive.send_str("ping")
            assert await client.receive(alive) == "pong"
        assert await close_code(idle) == 4004
        assert not alive.closed


async def test_operations_an_hour(okx):
    rules = ConnectionRules(operations_per_hour=3)
    async with okx(connection=rules) as client, client.ws(client.public) as socket:
        for _ in range(5):
            await client.subscribe(socket, {"channel": "status"})
        answers = await client.collect_until(socket, lambda messages: len(messages) == 5)
    assert [answer.get("code", "") for answer in answers] == ["", "", "", "60014", "60014"]


async def test_requests_are_at_most_64_kib(client):
    async with client.ws(client.public) as socket:
        await socket.send_str("x" * 65_537)
        assert await close_code(socket) == 1009


async def test_three_connection_attempts_a_second(okx):
    async with okx(connections_per_s=3) as client:
        sockets = [await client.ws(client.public) for _ in range(3)]
        with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
            await client.ws(client.public)
        for socket in sockets:
            await socket.close()
        await asyncio.sleep(1.0)
        async with client.ws(client.public):
            pass


async def test_there_are_three_paths(client):
    base = client.base("okx.spot", "ws")
    for path in ("", "/ws/v5", "/ws/v5/spread"):
        with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
            await client.ws(base + path)
    for path in ("public", "private", "business"):
        async with client.ws(f"{base}/ws/v5/{path}") as socket:
            await socket.send_str("ping")
            assert await client.receive(socket) == "pong"


async def test_the_notice_comes_before_the_close(client):
    async with client.ws(client.public) as socket:
        assert (await client.post("/shutdown-notice?seconds=0.3"))["connections"] == 1
        notice = await client.receive(socket)
        assert (notice["event"], notice["code"]) == ("notice", "64008")
        assert await close_code(socket) == 1001


async def test_a_connection_counts_for_the_markets_that_it_carries(client):
    async with client.ws(client.public) as socket:
        assert (await client.look("/status"))["connections"] == {"okx.spot": 1, "okx.swap": 1}
        await client.subscribe(socket, BOOKS)
        await client.receive(socket)
        assert (await client.look("/status"))["connections"] == {"okx.spot": 1, "okx.swap": 0}


async def test_maintenance_of_one_market_closes_the_host_of_both(client):
    async with client.ws(client.public) as socket:
        await client.subscribe(socket, {"channel": "books", "instId": "BTC-USDT-SWAP"})
        await acknowledged(client, socket, 1)
        assert (await client.look("/status"))["connections"] == {"okx.spot": 0, "okx.swap": 1}
        assert (await client.post("/maintenance?market=okx.spot&seconds=60"))["connections"] == 1
        assert await close_code(socket) == 1001
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await client.ws(client.public)
    for instrument in ("BTC-USDT", "BTC-USDT-SWAP"):
        status, body = await client.get(f"market/ticker?instId={instrument}")
        assert (status, body["code"]) == (503, "50001")
