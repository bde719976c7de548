"""What the simulated OKX publishes: the chain of sequence ids, tops, payloads, keep-alives, resets."""

from __future__ import annotations

import asyncio
import itertools
import re
from decimal import Decimal

import pytest

from tests.support.raw_books import RawBook

NUMBER = re.compile(r"0|-?(0\.|[1-9]\d*\.?)\d*[1-9]|[1-9]\d*")  # no trailing zeros behind the point


def argument(channel, symbol="BTC-USDT-SWAP"):
    return {"channel": channel, "instId": symbol}


def elements(messages):
    """Data as (channel, action, element)."""
    return [
        (message["arg"]["channel"], message.get("action", ""), element)
        for message in messages
        if "data" in message
        for element in message["data"]
    ]


async def pushes(client, socket, count, channel="books"):
    """Data until so many have come of a channel."""
    return elements(
        await client.collect_until(
            socket,
            lambda messages: sum(name == channel for name, _, _ in elements(messages)) >= count,
        )
    )


async def test_the_chain_and_the_tops(client):
    """The ids chain without being contiguous, and after every update the top is that of bbo-tbt."""

    async def heard(symbol):
        async with client.ws(client.public) as socket:
            await client.subscribe(socket, argument("bbo-tbt", symbol), argument("books", symbol))
            return await pushes(client, socket, 15)

    for seen in await asyncio.gather(heard("BTC-USDT"), heard("BTC-USDT-SWAP")):
        check_chain_and_tops(seen)


def check_chain_and_tops(seen):
    books = [element for channel, _, element in seen if channel == "books"]
    assert [action for channel, action, _ in seen if channel == "books"][:2] == ["snapshot", "update"]
    assert books[0]["prevSeqId"] == -1
    for before, after in itertools.pairwise(books):
        assert after["prevSeqId"] == before["seqId"] <= after["seqId"]
    assert any(after["seqId"] > before["seqId"] + 1 for before, after in itertools.pairwise(books))
    book, tops, compared = RawBook(400), {}, 0
    for channel, action, element in seen:
        if channel == "bbo-tbt":
            tops[element["seqId"]] = element
            continue
        assert element["checksum"] == 0
        (book.whole if action == "snapshot" else book.change)(
            element["bids"], element["asks"], element["seqId"]
        )
        top = tops[max(each for each in tops if each <= element["seqId"])]
        found = tuple(Decimal(part) for name in ("bids", "asks") for part in top[name][0][:2])
        assert book.best() == found
        compared += 1
    assert compared == 15


async def test_a_later_subscriber_joins_the_same_chain(client):
    async with client.ws(client.public) as early, client.ws(client.public) as late:
        await client.subscribe(early, argument("books"))
        ids = [element["seqId"] for _, _, element in await pushes(client, early, 8)]
        await client.subscribe(late, argument("books"))
        second = [element for _, _, element in await pushes(client, late, 3)]
        while ids[-1] < second[-1]["seqId"]:
            ids += [element["seqId"] for _, _, element in await pushes(client, early, 1)]
    assert second[0]["seqId"] in ids
    assert second[1]["prevSeqId"] == second[0]["seqId"]


async def test_levels_have_four_strings_without_trailing_zeros(client):
    async with client.ws(client.public) as socket:
        await client.subscribe(socket, *(argument("books", each) for each in ("BTC-USDT", "XRP-USDT-SWAP")))
        seen = await pushes(client, socket, 8)
    levels = [level for _, _, element in seen for name in ("bids", "asks") for level in element[name]]
    assert len(levels) > 800
    for level in levels:
        price, size, retired, orders = level
        assert NUMBER.fullmatch(price), price
        assert NUMBER.fullmatch(size), size
        assert retired == "0"
        assert (orders == "0") == (size == "0")


async def test_payloads(client):
    names = ("books5", "bbo-tbt", "trades", "tickers", "mark-price", "funding-rate")
    async with client.ws(client.public) as socket:
        await client.subscribe(socket, *map(argument, names))
        messages = await client.collect_until(
            socket, lambda messages: {name for name, _, _ in elements(messages)} == set(names)
        )
    seen = {channel: element for channel, _, element in elements(messages)}
    assert len(seen["books5"]["bids"]) == len(seen["books5"]["asks"]) == 5
    assert set(seen["bbo-tbt"]) == {"asks", "bids", "instId", "ts", "seqId"}
    assert set(seen["trades"]) == {
        "instId", "tradeId", "px", "sz", "side", "ts", "count", "source", "seqId",
    }  # fmt: skip
    assert isinstance(seen["trades"]["seqId"], int)
    assert set(seen["tickers"]) >= {"instType", "last", "open24h", "high24h", "low24h", "vol24h", "volCcy24h"}
    contracts, coins = Decimal(seen["tickers"]["vol24h"]), Decimal(seen["tickers"]["volCcy24h"])
    assert coins == contracts * Decimal("0.01")
    assert set(seen["mark-price"]) == {"instId", "instType", "markPx", "ts"}
    assert abs(Decimal(seen["funding-rate"]["fundingRate"])) <= Decimal("0.0005")
    assert int(seen["funding-rate"]["fundingTime"]) % (8 * 3600 * 1000) == 0


async def test_trades_group_by_taker_order_and_price(client):
    async with client.ws(client.public) as socket:
        await client.subscribe(socket, argument("trades"))
        trades = [element for _, _, element in await pushes(client, socket, 5, "trades")]
    for before, after in itertools.pairwise(trades):
        assert int(after["tradeId"]) - int(after["count"]) == int(before["tradeId"])


async def test_a_reset_leads_from_the_last_id_to_a_small_one(client):
    async with client.ws(client.public) as socket:
        await client.subscribe(socket, argument("books"), argument("bbo-tbt"))
        before = await pushes(client, socket, 4)
        assert (await client.post("/reset?market=okx.swap&symbol=BTC-USDT-SWAP"))["books"] == 1
        after = await pushes(client, socket, 8)
        after += await pushes(client, socket, 2, "bbo-tbt")
        await client.post("/pause")
        truth = await client.look("/book?market=okx.swap&symbol=BTC-USDT-SWAP")
        last = elements(await client.collect(socket, 0.3))
    seen = before + after + last
    books = [(action, element) for channel, action, element in seen if channel == "books"]
    book = RawBook(400)
    for action, element in books:
        if action != "snapshot":
            book.link(element["prevSeqId"])
        (book.whole if action == "snapshot" else book.change)(
            element["bids"], element["asks"], element["seqId"]
        )
    resets = [element for _, element in books if element["seqId"] < element["prevSeqId"]]
    assert [element["seqId"] for element in resets] == [3]
    assert book.sides[0] == {Decimal(price): Decimal(size) for price, size in truth["bids"][:400]}
    assert book.last_id <= truth["update_id"] < 10**6  # a change beyond the best 400 is not told
    small = [element["seqId"] for channel, _, element in seen if channel == "bbo-tbt"]
    assert small[-1] < 10**6
    assert (await client.post("/reset?market=okx.spot"))["books"] == 2


async def test_instruments_are_listed_and_one_disappears(client):
    async with client.ws(client.public) as socket:
        await client.subscribe(socket, {"channel": "instruments", "instType": "SWAP"})
        listed = [element for _, _, element in await pushes(client, socket, 2, "instruments")]
        assert [each["instId"] for each in listed] == ["BTC-USDT-SWAP", "XRP-USDT-SWAP"]
        await client.post("/delist?market=okx.swap&symbol=XRP-USDT-SWAP")
        gone = [element for _, _, element in await pushes(client, socket, 1, "instruments")]
        assert [(each["instId"], each["state"]) for each in gone] == [("XRP-USDT-SWAP", "suspend")]
        await client.subscribe(socket, argument("books", "XRP-USDT-SWAP"))
        assert (await client.receive(socket))["code"] == "60018"
    _, body = await client.get("public/instruments?instType=SWAP")
    assert [each["instId"] for each in body["data"]] == ["BTC-USDT-SWAP"]
    assert (await client.get("market/ticker?instId=XRP-USDT-SWAP"))[1]["code"] == "51001"


@pytest.mark.parametrize(("checksum", "found"), [(7, {7}), (None, {None})])
async def test_a_checksum_may_be_wrong_or_missing(okx, checksum, found):
    async with okx(checksum=checksum) as client, client.ws(client.public) as socket:
        await client.subscribe(socket, argument("books"))
        assert {element.get("checksum") for _, _, element in await pushes(client, socket, 2)} == found
