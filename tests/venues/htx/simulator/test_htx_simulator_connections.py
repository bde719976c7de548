"""Rules of a connection to the simulated HTX: subscriptions, errors, requests, heartbeats in the data."""

from __future__ import annotations

import asyncio
import gzip
import json

import aiohttp
import pytest

from tests.support.simulated import close_code
from trimaran.venues.htx.simulator.connection import ConnectionRules


async def test_subscribing_one_topic_or_several_of_a_kind(client):
    async with client.ws(client.spot) as socket:
        one = await client.ask(socket, {"sub": "market.btcusdt.bbo", "id": "a"})
        assert (one["id"], one["status"], one["subbed"]) == ("a", "ok", "market.btcusdt.bbo")
        both = ["market.btcusdt.trade.detail", "market.xrpusdt.trade.detail"]
        assert (await client.ask(socket, {"sub": both, "id": 7}))["subbed"] == both
        mixed = await client.ask(socket, {"sub": ["market.btcusdt.bbo", "market.xrpusdt.detail"]})
        assert (mixed["status"], mixed["err-code"]) == ("error", "bad-request")
        gone = await client.ask(socket, {"unsub": both, "id": "b"})
        assert (gone["id"], gone["unsubbed"]) == ("b", both)
        again = await client.ask(socket, {"unsub": both})
        assert again["err-msg"] == f"unsub with not subbed topic {both[0]}"
        assert "id" not in again


@pytest.mark.parametrize(
    ("url", "text", "words"),
    [
        ("spot", "{", "not json string"),
        ("spot", "[]", "not json string"),
        ("spot", '{"id":"1"}', "invalid command"),
        ("spot", '{"sub":"market.x"}', "invalid topic market.x"),
        ("spot", '{"sub":5}', "invalid topic 5"),
        ("spot", '{"sub":null}', "invalid topic null"),
        ("spot", '{"sub":[true]}', "invalid topic true"),
        ("spot", '{"sub":[]}', "invalid topic []"),
        (
            "spot",
            '{"sub":["market.btcusdt.bbo","market.btcusdt.detail"]}',
            'invalid topic ["market.btcusdt.bbo","market.btcusdt.detail"]',
        ),
        ("spot", '{"sub":"market.nopeusdt.bbo"}', "invalid symbol nopeusdt"),
        ("spot", '{"sub":"market.btcusdt.mbp.150"}', "invalid topic market.btcusdt.mbp.150"),
        ("feed", '{"sub":"market.btcusdt.bbo"}', "invalid topic market.btcusdt.bbo"),
        ("feed", '{"req":"market.btcusdt.mbp.400"}', "invalid topic market.btcusdt.mbp.400"),
        ("swap", '{"sub":"market.BTC-USDT.mbp.150"}', "invalid topic market.BTC-USDT.mbp.150"),
        ("swap", '{"sub":"market.btcusdt.bbo"}', "invalid symbol btcusdt"),
    ],
)
async def test_errors(client, url, text, words):
    async with client.ws(getattr(client, url)) as socket:
        await socket.send_str(text)
        answer = await client.receive(socket)
        assert (answer["status"], answer["err-code"], answer["err-msg"]) == ("error", "bad-request", words)


async def test_requests_may_be_compressed(client):
    async with client.ws(client.spot) as socket:
        await socket.send_bytes(gzip.compress(json.dumps({"sub": "market.btcusdt.bbo", "id": "z"}).encode()))
        assert (await client.receive(socket))["id"] == "z"
        await socket.send_bytes(gzip.compress(b"x" * 10_000)[:50])
        while (message := await client.receive(socket)).get("status") != "error":
            pass
        assert message["err-msg"] == "not json string"


async def test_requests_that_come_too_soon_are_refused(htx):
    assert ConnectionRules(misses_max=2).request_every_s == 0.1
    request = {"req": "market.btcusdt.mbp.150", "id": "1"}
    rules = ConnectionRules(misses_max=2, request_every_s=0.4)
    async with htx(spot=rules) as client, client.ws(client.feed) as socket:
        assert "data" in await client.ask(socket, request)
        assert (await client.ask(socket, request))["err-msg"] == "429 too many request"
        await asyncio.sleep(0.45)
        assert "data" in await client.ask(socket, request)


async def test_requests_for_pictures(client):
    await client.traded()
    async with client.ws(client.spot) as socket:
        for kind in ("kline.1min", "trade.detail", "depth.step0", "detail"):
            await asyncio.sleep(0.12)
            answer = await client.ask(socket, {"req": f"market.btcusdt.{kind}", "id": kind})
            assert (answer["rep"], answer["id"]) == (f"market.btcusdt.{kind}", kind)
            assert answer["data"]
            assert isinstance(answer["wsid"], int)
        await asyncio.sleep(0.12)
        answer = await client.ask(socket, {"req": "market.btcusdt.kline.1min", "from": 1, "to": 2})
        assert answer["data"] == []


@pytest.mark.parametrize(("url", "symbol"), [("spot", "btcusdt"), ("swap", "BTC-USDT")])
async def test_requested_trades_are_an_array_as_in_pushes_newest_first(client, url, symbol):
    await client.traded(4)
    topic = f"market.{symbol}.trade.detail"
    async with client.ws(getattr(client, url)) as socket:
        rows = (await client.ask(socket, {"req": topic, "id": "1"}))["data"]
        await socket.send_json({"sub": topic})
        pushed = await client.collect_until(socket, lambda messages: messages and "ch" in messages[-1])
    assert 3 < len(rows) <= 300
    assert {tuple(row) for row in rows} == {tuple(pushed[-1]["tick"]["data"][0])}
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)


async def test_a_second_subscription_is_acknowledged_without_a_snapshot(client):
    topic = "market.BTC-USDT.depth.size_20.high_freq"
    request = {"sub": topic, "data_type": "incremental", "id": "1"}
    async with client.ws(client.swap) as socket:
        await socket.send_json(request)
        await socket.send_json({**request, "id": "2"})
        messages = await client.collect_until(
            socket, lambda messages: sum(each.get("ch") == topic for each in messages) > 3
        )
    assert [each["id"] for each in messages if "subbed" in each] == ["1", "2"]
    events = [each["tick"]["event"] for each in messages if "ch" in each]
    assert events == ["snapshot", "update", "update", "update"]


@pytest.mark.parametrize(("market", "misses"), [("spot", 2), ("swap", 5)])
async def test_pings_must_be_answered_with_their_number(htx, market, misses):
    rules = ConnectionRules(misses_max=misses, ping_every_s=0.06)
    async with htx(**{market: rules}) as client:
        url = getattr(client, market)
        async with client.ws(url) as mute, client.ws(url) as wrong, client.ws(url) as good:

            async def answer(socket, change):
                pings = 0
                while (message := await socket.receive(timeout=2)).type == aiohttp.WSMsgType.BINARY:
                    number = json.loads(gzip.decompress(message.data))["ping"]
                    pings += 1
                    if change is not None:
                        await socket.send_json({"pong": number + change})
                    if pings == 3 * misses:
                        break
                return pings

            counts = await asyncio.gather(answer(mute, None), answer(wrong, 1), answer(good, 0))
            assert counts == [misses, misses, 3 * misses]
            assert not good.closed


async def test_paths(client):
    for base, path in (("htx.spot", "/linear-swap-ws"), ("htx.swap", "/ws"), ("htx.spot", "/ws/v3")):
        with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
            await client.ws(client.base(base, "ws") + path)


async def test_it_closes_without_a_notice(client):
    async with client.ws(client.swap) as socket:
        assert (await client.post("/shutdown-notice?seconds=0.2"))["connections"] == 1
        assert await close_code(socket) == 1001


async def test_a_symbol_that_has_disappeared(client):
    await client.post("/delist?market=htx.spot&symbol=xrpusdt")
    async with client.ws(client.spot) as socket:
        answer = await client.ask(socket, {"sub": "market.xrpusdt.bbo"})
        assert answer["err-msg"] == "symbol trade not open now"
    symbols = await client.get("spot", "/v1/settings/common/market-symbols")
    assert [each["symbol"] for each in symbols["data"]] == ["btcusdt"]
