"""What the simulated Binance publishes: ids, books, tops, payloads."""

from __future__ import annotations

import asyncio
import itertools
from decimal import Decimal
from typing import Any

Side = dict[Decimal, Decimal]


class Book:
    """A book rebuilt from text, the slow and obvious way."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.id = snapshot["lastUpdateId"]
        self.bids = self._side(snapshot["bids"])
        self.asks = self._side(snapshot["asks"])

    @staticmethod
    def _side(levels: list[list[str]]) -> Side:
        return {Decimal(price): Decimal(size) for price, size in levels}

    def apply(self, event: dict[str, Any]) -> None:
        self.id = event["u"]
        for side, changes in ((self.bids, event["b"]), (self.asks, event["a"])):
            for price, size in self._side(changes).items():
                side[price] = size
                if size == 0:
                    del side[price]
        assert max(self.bids) < min(self.asks)

    def best(self) -> tuple[Decimal, ...]:
        bid, ask = max(self.bids), min(self.asks)
        return bid, self.bids[bid], ask, self.asks[ask]


def ticker_best(event: dict[str, Any]) -> tuple[Decimal, ...]:
    return tuple(Decimal(event[key]) for key in ("b", "B", "a", "A"))


async def test_ids_bridge_top_and_full_book(simulated):
    """The id chain holds, tops agree with bookTicker, the end agrees with the truth."""
    markets, ready = ("spot", "usdm"), asyncio.Barrier(2)
    async with simulated(symbols=("BTCUSDT",), rate=4.0) as client:
        await asyncio.gather(*(bridge(client, market, ready) for market in markets))


async def bridge(client, market, ready):
    base = client.spot if market == "spot" else client.public
    async with (
        client.ws(f"{base}/ws/btcusdt@depth@100ms") as depth,
        client.ws(f"{base}/ws/btcusdt@bookTicker") as ticker,
    ):
        deltas, tickers = [await client.receive(depth) for _ in range(3)], [await client.receive(ticker)]
        path = "/api/v3/depth?symbol=BTCUSDT&limit=5000" if market == "spot" else None
        _, snapshot, _ = await client.get(path or "/fapi/v1/depth?symbol=BTCUSDT&limit=1000")
        deltas += await client.collect_until(depth, lambda events: len(events) > 14)
        await ready.wait()
        await client.post("/pause")
        truth = await client.look(f"/book?market=binance.{market}&symbol=BTCUSDT")
        while deltas[-1]["u"] < truth["update_id"]:
            deltas.append(await client.receive(depth))
        tickers += await client.collect(ticker, 0.3)
    book = Book(snapshot)
    assert deltas[0]["U"] <= book.id
    check_chain(deltas, market)
    compared = 0
    for event in deltas:
        if event["u"] <= book.id:
            continue
        assert event["U"] <= book.id + 1 or event.get("pu") == book.id
        book.apply(event)
        latest = [each for each in tickers if each["u"] <= event["u"]]
        if latest:
            assert book.best() == ticker_best(latest[-1])
            compared += 1
    assert compared > 9
    assert book.id == truth["update_id"]
    assert (book.bids, book.asks) == (Book._side(truth["bids"]), Book._side(truth["asks"]))


def check_chain(deltas: list[dict[str, Any]], market) -> None:
    several = 0
    for before, after in itertools.pairwise(deltas):
        assert after["U"] <= after["u"]
        several += after["U"] < after["u"]
        if market == "spot":
            assert after["U"] == before["u"] + 1
            assert set(after) == {"e", "E", "s", "U", "u", "b", "a"}
        else:
            assert after["pu"] == before["u"] < after["U"]
    assert several > len(deltas) // 2
    if market == "usdm":
        pairs = itertools.pairwise(deltas)
        assert any(after["U"] > before["u"] + 1 for before, after in pairs)


async def test_history_knows_every_top(client):
    async with client.ws(f"{client.spot}/ws/xrpusdt@bookTicker") as socket:
        seen = [await client.receive(socket) for _ in range(20)]
    history = await client.look(f"/history?market=binance.spot&symbol=XRPUSDT&since={seen[0]['u']}")
    assert history[:20] == [[top[key] for key in ("u", "b", "B", "a", "A")] for top in seen]


async def test_payloads_are_written_as_on_the_venue(client):
    names = "btcusdt@bookTicker/btcusdt@trade/btcusdt@aggTrade/btcusdt@depth5@100ms/btcusdt@depth@100ms"
    spot = await first_of_each(client, f"{client.spot}/stream?streams={names}", 5)
    assert set(spot["bookTicker"]) == {"u", "s", "b", "B", "a", "A"}
    assert len(spot["bookTicker"]["b"].split(".")[1]) == len(spot["bookTicker"]["B"].split(".")[1]) == 8
    assert set(spot["depth5@100ms"]) == {"lastUpdateId", "bids", "asks"}
    assert len(spot["depth5@100ms"]["bids"]) == 5
    assert set(spot["trade"]) == {"e", "E", "s", "t", "p", "q", "T", "m", "M"}
    assert set(spot["aggTrade"]) == {"e", "E", "s", "a", "p", "q", "f", "l", "T", "m", "M"}
    usdm = await first_of_each(
        client,
        f"{client.public}/stream?streams=btcusdt@bookTicker/btcusdt@depth10@100ms/btcusdt@depth@0ms",
        3,
    )
    assert set(usdm["bookTicker"]) == {"e", "u", "E", "T", "s", "b", "B", "a", "A"}
    assert len(usdm["bookTicker"]["b"].split(".")[1]) == 2
    assert set(usdm["depth10@100ms"]) == {"e", "E", "T", "s", "U", "u", "pu", "b", "a"}
    market = await first_of_each(
        client, f"{client.market}/stream?streams=btcusdt@aggTrade/btcusdt@trade/btcusdt@markPrice@1s", 3
    )
    assert set(market["markPrice@1s"]) >= {"e", "E", "s", "p", "i", "P", "r", "T"}
    assert set(market["aggTrade"]) == {"e", "E", "s", "a", "p", "q", "f", "l", "T", "m"}


async def first_of_each(client, url: str, count: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with client.ws(url) as socket, asyncio.timeout(10):
        while len(found) < count:
            message = await client.receive(socket)
            found.setdefault(message["stream"].split("@", 1)[1], message["data"])
    return found
