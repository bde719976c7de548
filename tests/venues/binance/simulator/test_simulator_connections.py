"""Rules of a connection to the simulated Binance: routes, control messages, limits, heartbeats."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from trimaran.venues.binance.simulator.connection import ConnectionRules
from trimaran.venues.binance.simulator.venue import BinanceRules


async def test_usdm_wrong_and_undecorated_routes_are_acknowledged_and_silent(client):
    async def first(url: str) -> None:
        async with client.ws(url) as socket:
            await client.collect_until(socket, lambda messages: messages)

    async def silence(url: str) -> None:
        async with client.ws(url) as socket:
            assert await client.collect(socket, 1.2) == []

    async def acknowledged() -> None:
        async with client.ws(f"{client.bare}/ws") as socket:
            await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@markPrice@1s"], "id": 1})
            assert await client.collect(socket, 1.2) == [{"result": None, "id": 1}]

    await asyncio.gather(
        first(f"{client.public}/ws/btcusdt@depth@100ms"),
        first(f"{client.market}/ws/btcusdt@trade"),
        first(f"{client.bare}/ws/btcusdt@bookTicker"),  # the bare base is /public now
        silence(f"{client.market}/ws/btcusdt@depth@100ms"),
        silence(f"{client.public}/ws/btcusdt@aggTrade"),
        silence(f"{client.bare}/ws/btcusdt@aggTrade"),
        acknowledged(),
    )


async def test_control_messages(simulated):
    rules = ConnectionRules(messages_per_s=50, ping_every_s=20.0, pong_within_s=60.0)
    async with (
        simulated(binance=BinanceRules(spot=rules)) as client,
        client.ws(f"{client.spot}/ws") as socket,
    ):

        async def ask(text):
            await socket.send_str(text)
            return await client.receive(socket)

        subscribe = '{"method":"SUBSCRIBE","params":["nopeusdt@trade","BTCUSDT@trade"],"id":1}'
        assert await ask(subscribe) == {"result": None, "id": 1}
        assert await ask('{"method":"LIST_SUBSCRIPTIONS","id":"a3"}') == {
            "result": ["nopeusdt@trade", "BTCUSDT@trade"],
            "id": "a3",
        }
        assert await ask('{"method":"UNSUBSCRIBE","params":["nopeusdt@trade"],"id":null}') == {
            "result": None,
            "id": None,
        }
        assert await ask('{"method":"SET_PROPERTY","params":["combined",true],"id":5}') == {
            "result": None,
            "id": 5,
        }
        assert await ask('{"method":"GET_PROPERTY","params":["combined"],"id":6}') == {
            "result": True,
            "id": 6,
        }
        for text, code in (
            ("{", 3),
            ("[" * 50_000, 3),
            ('{"id":1}', 2),
            ('{"method":"NOPE","id":1}', 2),
            ('{"method":"SUBSCRIBE","id":1}', 2),
            ('{"method":"SUBSCRIBE","params":[],"id":"not alnum!"}', 2),
            ('{"method":"SET_PROPERTY","params":["nope",true],"id":1}', 0),
            ('{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1),
        ):
            answer = await ask(text)
            assert answer["code"] == code, text
            assert answer["msg"]
        await socket.send_str('{"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":9}')
        assert await client.receive(socket) == {"result": None, "id": 9}
        assert (await client.receive(socket))["stream"] == "btcusdt@bookTicker"


async def test_more_than_five_messages_a_second_ends_the_connection(client):
    async with client.ws(f"{client.spot}/ws") as socket:
        for number in range(6):
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
        assert len(await client.collect(socket, 2.0)) == 5
        assert socket.closed
    async with client.ws(f"{client.public}/ws") as socket:
        for number in range(6):
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
        assert len(await client.collect(socket, 0.5)) == 6


async def test_unknown_path_is_404(client):
    with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
        await client.ws(f"{client.spot}/nothing")


async def test_ping_and_disconnect_without_pong(simulated):
    rules = ConnectionRules(messages_per_s=50, ping_every_s=0.2, pong_within_s=0.4)
    async with (
        simulated(symbols=("LTCUSDT",), binance=BinanceRules(spot=rules)) as client,
        client.ws(f"{client.spot}/ws", autoping=False) as mute,
        client.ws(f"{client.spot}/ws") as good,
    ):
        listening = asyncio.create_task(client.collect(good, 1.0))
        assert (await mute.receive(timeout=2)).type == aiohttp.WSMsgType.PING
        assert (await mute.receive(timeout=2)).type == aiohttp.WSMsgType.CLOSE
        assert await listening == []
        assert not good.closed
