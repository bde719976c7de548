"""What the simulated HTX publishes: increments and requests of spot, versions of swaps, numbers, payloads."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal

import pytest

from tests.support.raw_books import RawBook
from tests.support.simulated import SECONDS_MAX, inflated, simulated
from trimaran.venues.sim.faults import FaultPlan

JAVA = re.compile(r"\d+\.\d+(E-?\d+)?")


def of_topic(messages, topic):
    """The ticks of a topic."""
    return [each["tick"] for each in messages if each.get("ch") == topic]


async def ticks(client, socket, topic, count):
    """The next ticks of a topic."""
    return of_topic(
        await client.collect_until(socket, lambda messages: len(of_topic(messages, topic)) >= count), topic
    )


def changed(tick):
    """The sides that a tick names."""
    return tuple(name for name in ("bids", "asks") if name in tick)


@pytest.mark.parametrize("levels", [5, 20])
async def test_few_levels_speak_at_every_change_and_name_the_changed_side_alone(client, levels):
    topic = f"market.xrpusdt.mbp.{levels}"
    async with client.ws(client.feed) as socket:
        await client.ask(socket, {"sub": topic, "id": "1"})
        answer = await client.ask(socket, {"req": topic, "id": "2"})
        messages = await client.collect_until(
            socket, lambda messages: {("bids",), ("asks",)} <= set(map(changed, of_topic(messages, topic)))
        )
        await client.post("/pause")
        messages += await client.collect(socket, 0.4)
        truth = await client.look("/book?market=htx.spot&symbol=xrpusdt")
    seen, data, book = of_topic(messages, topic), answer["data"], RawBook(levels)
    assert answer["rep"] == topic
    assert len(data["bids"]) == len(data["asks"]) == levels + 2  # of size 0
    book.whole(data["bids"], data["asks"], data["seqNum"])
    for tick in seen:
        assert all(tick[name] for name in ("bids", "asks") if name in tick)
        book.link(tick["prevSeqNum"])
        book.change(tick.get("bids", []), tick.get("asks", []), tick["seqNum"])
    expected = {Decimal(price): Decimal(size) for price, size in truth["bids"][:levels]}
    assert book.sides[0] == expected


async def requested(client, socket, topic, count=3):
    """The numbers of requested books, which end with two levels of size 0 a side."""
    numbers = []
    for _ in range(count):
        await asyncio.sleep(0.15)
        await socket.send_json({"req": topic, "id": "r"})
        messages = await client.collect_until(socket, lambda messages: messages and "rep" in messages[-1])
        data = messages[-1]["data"]
        numbers.append(data["seqNum"])
        for name in ("bids", "asks"):
            *_, last, zero, another = (size for _, size in data[name])
            assert last > zero == another == 0.0
    return numbers


async def test_requested_books_may_be_stale_and_end_with_levels_of_size_zero(client):
    topic = "market.btcusdt.mbp.150"
    async with client.ws(client.feed) as socket:
        await client.ask(socket, {"sub": topic})
        await client.post("/faults?market=htx.spot", {"stale_snapshots": 2})
        await ticks(client, socket, topic, 4)
        numbers = await requested(client, socket, topic)
        oldest = (await ticks(client, socket, topic, 1))[0]["prevSeqNum"]
    assert numbers[0] == numbers[1] < numbers[2] <= oldest


async def test_a_plan_of_the_start_options_is_in_force():
    topic = "market.btcusdt.mbp.150"
    async with simulated(venues=("htx",), faults=FaultPlan(stale_snapshots=2)) as client:
        async with client.ws(client.base("htx.spot", "ws") + "/feed") as socket:
            await socket.send_json({"sub": topic})
            await ticks(client, socket, topic, 4)
            numbers = await requested(client, socket, topic)
        counts = (await client.look("/faults?market=htx.spot"))["counts"]
    assert numbers[0] == numbers[1] < numbers[2]
    assert counts["stale_snapshots"] == 2


async def test_numbers_of_spot_are_those_of_java(client):
    async with client.ws(client.feed) as socket:
        await socket.send_json({"sub": "market.btcusdt.mbp.150"})
        await socket.send_json({"req": "market.btcusdt.mbp.150"})
        levels = await levels_of(socket, 450)
    for level in levels:
        assert all(JAVA.fullmatch(number) for number in level), level
    sizes = {size for _, size in levels}
    assert "0.0" in sizes
    assert any("E-" in size for size in sizes)


async def levels_of(socket, count):
    """The next levels as they are written, [price, size] each."""
    levels = []
    async with asyncio.timeout(SECONDS_MAX):
        while len(levels) < count:
            text = inflated((await socket.receive()).data).decode()
            levels += [level.split(",") for level in re.findall(r"\[(\d[^\[\]]*,[^\[\]]*)\]", text)]
    return levels


async def test_numbers_of_swaps_are_plain_and_sizes_whole_contracts(client):
    topic = "market.BTC-USDT.depth.size_20.high_freq"
    async with client.ws(client.swap) as socket:
        await socket.send_json({"sub": topic, "data_type": "incremental"})
        levels = await levels_of(socket, 60)
    assert all(size.isdigit() for _, size in levels)
    assert not any(price.endswith("0") and "." in price for price, _ in levels)


async def test_versions_are_of_the_connection_and_a_snapshot_comes_first(client):
    topic = "market.BTC-USDT.depth.size_20.high_freq"
    request = {"sub": topic, "data_type": "incremental", "id": "1"}
    async with client.ws(client.swap) as early, client.ws(client.swap) as late:
        await early.send_json(request)
        first = await ticks(client, early, topic, 5)
        await late.send_json(request)
        chains = [await ticks(client, late, topic, 5), first + await ticks(client, early, topic, 5)]
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
        seen = await ticks(client, socket, topic, 4)
    assert all(tick["event"] == "snapshot" and len(tick["bids"]) == 20 for tick in seen)


async def test_some_frames_of_swaps_name_another_contract_inside(htx):
    topic = "market.BTC-USDT.depth.size_20.high_freq"
    async with htx(wrong_topic_every=3) as client, client.ws(client.swap) as socket:
        await socket.send_json({"sub": topic, "data_type": "incremental"})
        inner = [tick["ch"] for tick in await ticks(client, socket, topic, 9)]
    assert 0 < inner.count("market.XRP-USDT.depth.size_20.high_freq") < inner.count(topic)


async def test_the_last_known_trade_comes_at_once_and_is_old(client):
    await client.traded()
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
        spot = await last_of_each(client, socket, {f"market.btcusdt.{kind}" for kind in kinds})
    assert set(spot["market.btcusdt.bbo"]) == {
        "seqId", "ask", "askSize", "bid", "bidSize", "quoteTime", "symbol",
    }  # fmt: skip
    trade = spot["market.btcusdt.trade.detail"]["data"][0]
    assert set(trade) == {"id", "ts", "tradeId", "amount", "price", "direction", "isRpiTrade"}
    assert trade["isRpiTrade"] is False
    assert len(trade["id"]) == 26
    assert len(spot["market.btcusdt.depth.step0"]["bids"]) == 150
    assert len(spot["market.btcusdt.mbp.refresh.10"]["bids"]) == 10
    kinds = ("bbo", "trade.detail", "detail", "depth.step0", "kline.1min")
    async with client.ws(client.swap) as socket:
        for kind in kinds:
            await socket.send_json({"sub": f"market.BTC-USDT.{kind}"})
        swap = await last_of_each(client, socket, {f"market.BTC-USDT.{kind}" for kind in kinds})
    assert set(swap["market.BTC-USDT.bbo"]) == {"mrid", "id", "bid", "ask", "ts", "version", "ch"}
    trade = swap["market.BTC-USDT.trade.detail"]["data"][0]
    assert trade["id"] > 2**53
    assert Decimal(str(trade["quantity"])) == trade["amount"] * Decimal("0.001")


async def test_ids_of_trades_may_be_numbers_of_26_digits(htx):
    async with htx(number_ids=True) as client:
        await client.traded()
        async with client.ws(client.spot) as socket:
            await socket.send_json({"sub": "market.btcusdt.trade.detail"})
            tick = (await ticks(client, socket, "market.btcusdt.trade.detail", 1))[0]
    assert all(isinstance(row["id"], int) and row["id"] > 10**25 for row in tick["data"])


async def last_of_each(client, socket, topics):
    """The ticks of topics by topic, once all have come."""
    messages = await client.collect_until(
        socket, lambda messages: topics <= {each.get("ch") for each in messages}
    )
    return {each["ch"]: each["tick"] for each in messages if "ch" in each}


async def test_the_top_of_mbp_equals_the_newest_bbo(client):
    topics = ("market.xrpusdt.mbp.150", "market.xrpusdt.bbo")
    async with client.ws(client.feed) as feed, client.ws(client.spot) as pictures:
        await client.ask(pictures, {"sub": topics[1]})
        first = await ticks(client, pictures, topics[1], 1)
        await client.ask(feed, {"sub": topics[0]})
        data = (await client.ask(feed, {"req": topics[0]}))["data"]
        seen = await ticks(client, feed, topics[0], 12)
        more = of_topic(await client.collect(pictures, 0.3), topics[1])
        tops = {tick["seqId"]: tick for tick in first + more}
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
