"""What the simulated HTX publishes: increments and requests of spot, versions of swaps, numbers, payloads."""

from __future__ import annotations

import asyncio
import itertools
import re
import zlib
from decimal import Decimal

import pytest

from tests.support.raw_books import RawBook
from tests.support.simulated import gather

JAVA = re.compile(r"\d+\.\d+(E-?\d+)?")


async def ticks(client, socket, topic, seconds):
    """The ticks of a topic in the next seconds."""
    return [each["tick"] for each in await client.collect(socket, seconds) if each.get("ch") == topic]


async def test_150_levels_speak_every_100_ms_with_both_sides_and_jumping_ids(client):
    topic = "market.btcusdt.mbp.150"
    async with client.ws(client.feed) as socket:
        await client.ask(socket, {"sub": topic, "id": "1"})
        seen = await ticks(client, socket, topic, 2.0)
        await client.post("/pause")
        quiet = (await ticks(client, socket, topic, 0.6))[-3:]
    assert 15 <= len(seen) <= 25
    for before, after in itertools.pairwise(seen):
        assert after["prevSeqNum"] == before["seqNum"] < after["seqNum"]
        assert {"bids", "asks"} < set(after)
    assert all(after["seqNum"] > before["seqNum"] + 1 for before, after in itertools.pairwise(seen))
    for tick in quiet:  # nothing changed: empty, and the sequence stays
        assert tick["bids"] == tick["asks"] == []
        assert tick["seqNum"] == tick["prevSeqNum"]


@pytest.mark.parametrize("levels", [5, 20])
async def test_few_levels_speak_at_every_change_and_name_the_changed_side_alone(client, levels):
    topic = f"market.xrpusdt.mbp.{levels}"
    async with client.ws(client.feed) as socket:
        await client.ask(socket, {"sub": topic, "id": "1"})
        answer = await client.ask(socket, {"req": topic, "id": "2"})
        seen = await ticks(client, socket, topic, 3.0)
        await client.post("/pause")
        seen += await ticks(client, socket, topic, 0.4)
        truth = await client.look("/book?market=htx.spot&symbol=xrpusdt")
    data, book = answer["data"], RawBook(levels)
    assert answer["rep"] == topic
    assert len(data["bids"]) == len(data["asks"]) == levels
    book.whole(data["bids"], data["asks"], data["seqNum"])
    sides = [tuple(name for name in ("bids", "asks") if name in tick) for tick in seen]
    assert {("bids",), ("asks",)} <= set(sides)
    for tick in seen:
        assert all(tick[name] for name in ("bids", "asks") if name in tick)
        book.link(tick["prevSeqNum"])
        book.change(tick.get("bids", []), tick.get("asks", []), tick["seqNum"])
    expected = {Decimal(price): Decimal(size) for price, size in truth["bids"][:levels]}
    assert book.sides[0] == expected


async def test_requested_books_may_be_stale_and_may_hold_levels_of_size_zero(htx):
    topic = "market.btcusdt.mbp.150"
    async with htx(zero_levels=2) as client, client.ws(client.feed) as socket:
        await client.ask(socket, {"sub": topic})
        await client.post("/faults?market=htx.spot", {"stale_snapshots": 2})
        await asyncio.sleep(0.5)
        numbers, oldest = [], None
        for _ in range(3):
            await asyncio.sleep(0.15)
            answer = await client.ask(socket, {"req": topic, "id": "r"})
            numbers.append(answer["data"]["seqNum"])
            for name in ("bids", "asks"):
                assert [size for _, size in answer["data"][name][-2:]] == [0.0, 0.0]
        oldest = (await ticks(client, socket, topic, 0.3))[0]["prevSeqNum"]
    assert numbers[0] == numbers[1] < numbers[2] <= oldest


async def test_numbers_of_spot_are_those_of_java(client):
    async with client.ws(client.feed) as socket:
        await socket.send_json({"sub": "market.btcusdt.mbp.150"})
        await socket.send_json({"req": "market.btcusdt.mbp.150"})
        frames = [zlib.decompress(each.data, 31).decode() for each in await gather(socket, 3.0)]
    levels = [
        level.split(",") for text in frames for level in re.findall(r"\[(\d[^\[\]]*)\]", text) if "," in level
    ]
    assert len(levels) > 300
    for level in levels:
        assert all(JAVA.fullmatch(number) for number in level), level
    sizes = {size for _, size in levels}
    assert "0.0" in sizes
    assert any("E-" in size for size in sizes)


async def test_numbers_of_swaps_are_plain_and_sizes_whole_contracts(client):
    topic = "market.BTC-USDT.depth.size_20.high_freq"
    async with client.ws(client.swap) as socket:
        await socket.send_json({"sub": topic, "data_type": "incremental"})
        frames = [zlib.decompress(each.data, 31).decode() for each in await gather(socket, 1.0)]
    levels = [level.split(",") for text in frames for level in re.findall(r"\[(\d[^\[\]]*)\]", text)]
    assert len(levels) > 60
    assert all(size.isdigit() for _, size in levels)
    assert not any(price.endswith("0") and "." in price for price, _ in levels)


async def test_versions_are_of_the_connection_and_a_snapshot_comes_first(client):
    topic = "market.BTC-USDT.depth.size_20.high_freq"
    request = {"sub": topic, "data_type": "incremental", "id": "1"}
    async with client.ws(client.swap) as early, client.ws(client.swap) as late:
        await early.send_json(request)
        first = asyncio.create_task(ticks(client, early, topic, 2.0))
        await asyncio.sleep(0.7)
        await late.send_json(request)
        chains = [await ticks(client, late, topic, 1.0), await first]
    assert chains[0][0]["version"] != chains[1][-1]["version"]
    for chain in chains:
        assert [tick["event"] for tick in chain[:3]] == ["snapshot", "update", "update"]
        assert len(chain[0]["bids"]) == len(chain[0]["asks"]) == 20
        versions = [tick["version"] for tick in chain]
        assert versions == list(range(versions[0], versions[0] + len(versions)))


async def test_without_a_data_type_every_message_is_a_snapshot(client):
    topic = "market.BTC-USDT.depth.size_20.high_freq"
    async with client.ws(client.swap) as socket:
        await socket.send_json({"sub": topic, "id": "1"})
        seen = await ticks(client, socket, topic, 0.6)
    assert len(seen) > 3
    assert all(tick["event"] == "snapshot" and len(tick["bids"]) == 20 for tick in seen)


async def test_some_frames_of_swaps_name_another_contract_inside(htx):
    topic = "market.BTC-USDT.depth.size_20.high_freq"
    async with htx(wrong_topic_every=3) as client, client.ws(client.swap) as socket:
        await socket.send_json({"sub": topic, "data_type": "incremental"})
        inner = [tick["ch"] for tick in await ticks(client, socket, topic, 1.0)]
    assert 0 < inner.count("market.XRP-USDT.depth.size_20.high_freq") < inner.count(topic)


async def test_the_last_known_trade_comes_at_once_and_is_old(client):
    await asyncio.sleep(1.0)
    await client.post("/pause")
    await asyncio.sleep(0.3)
    for url, symbol in ((client.spot, "btcusdt"), (client.swap, "BTC-USDT")):
        topic = f"market.{symbol}.trade.detail"
        async with client.ws(url) as socket:
            ack = await client.ask(socket, {"sub": topic, "id": "1"})
            push = await client.receive(socket)
            assert push["ch"] == topic
            assert push["tick"]["ts"] <= ack["ts"] - 200
            assert push["ts"] == push["tick"]["ts"]


async def test_payloads(client):
    kinds = ("bbo", "trade.detail", "detail", "ticker", "depth.step0", "mbp.refresh.10", "kline.1min")
    async with client.ws(client.spot) as socket:
        for kind in kinds:
            await socket.send_json({"sub": f"market.btcusdt.{kind}"})
        spot = {each["ch"]: each["tick"] for each in await client.collect(socket, 3.0) if "ch" in each}
    assert set(spot) == {f"market.btcusdt.{kind}" for kind in kinds}
    assert set(spot["market.btcusdt.bbo"]) == {
        "seqId", "ask", "askSize", "bid", "bidSize", "quoteTime", "symbol",
    }  # fmt: skip
    trade = spot["market.btcusdt.trade.detail"]["data"][0]
    assert set(trade) == {"id", "ts", "tradeId", "amount", "price", "direction"}
    assert len(trade["id"]) == 26
    assert len(spot["market.btcusdt.depth.step0"]["bids"]) == 150
    assert len(spot["market.btcusdt.mbp.refresh.10"]["bids"]) == 10
    kinds = ("bbo", "trade.detail", "detail", "depth.step0", "kline.1min")
    async with client.ws(client.swap) as socket:
        for kind in kinds:
            await socket.send_json({"sub": f"market.BTC-USDT.{kind}"})
        swap = {each["ch"]: each["tick"] for each in await client.collect(socket, 3.0) if "ch" in each}
    assert set(swap) == {f"market.BTC-USDT.{kind}" for kind in kinds}
    assert set(swap["market.BTC-USDT.bbo"]) == {"mrid", "id", "bid", "ask", "ts", "version", "ch"}
    trade = swap["market.BTC-USDT.trade.detail"]["data"][0]
    assert trade["id"] > 2**53
    assert Decimal(str(trade["quantity"])) == trade["amount"] * Decimal("0.001")


async def test_the_top_of_mbp_equals_the_newest_bbo(client):
    topics = ("market.xrpusdt.mbp.150", "market.xrpusdt.bbo")
    async with client.ws(client.feed) as feed, client.ws(client.spot) as pictures:
        await client.ask(pictures, {"sub": topics[1]})
        bbo = asyncio.create_task(ticks(client, pictures, topics[1], 4.0))
        await asyncio.sleep(1.0)
        await client.ask(feed, {"sub": topics[0]})
        data = (await client.ask(feed, {"req": topics[0]}))["data"]
        seen = await ticks(client, feed, topics[0], 2.0)
        tops = {tick["seqId"]: tick for tick in await bbo}
    book, compared = RawBook(150), 0
    book.whole(data["bids"], data["asks"], data["seqNum"])
    for tick in seen:
        if tick["seqNum"] <= data["seqNum"]:
            continue
        book.change(tick["bids"], tick["asks"], tick["seqNum"])
        top = tops[max(each for each in tops if each <= tick["seqNum"])]
        assert book.best() == tuple(Decimal(str(top[key])) for key in ("bid", "bidSize", "ask", "askSize"))
        compared += 1
    assert compared > 8
