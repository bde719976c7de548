"""Books rebuilt from the wire of each simulated market, the slow and obvious way.

Nothing of the platform is used: each client speaks the venue's protocol by hand, so that the simulators are
checked against the exchanges' rules and not against the adapters.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from decimal import Decimal
from typing import Any

from tests.support.simulated import Client, read

SYMBOLS = {
    "binance.spot": "XRPUSDT",
    "binance.usdm": "XRPUSDT",
    "okx.spot": "XRP-USDT",
    "okx.swap": "XRP-USDT-SWAP",
    "htx.spot": "xrpusdt",
    "htx.swap": "XRP-USDT",
}
LEVELS = {"okx.spot": 400, "okx.swap": 400, "htx.spot": 150, "htx.swap": 150}


class RawBook:
    """Two sides of exact decimals. A gap raises."""

    def __init__(self, levels: int) -> None:
        self.levels = levels
        self.sides: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
        self.last_id = -1
        self.updates = 0
        self.broken = 0

    def whole(self, bids: list[Any], asks: list[Any], last_id: int) -> None:
        """A snapshot."""
        for side in self.sides:
            side.clear()
        self.change(bids, asks, last_id)

    def change(self, bids: list[Any], asks: list[Any], last_id: int) -> None:
        """Absolute sizes; 0 removes. What is beyond the levels of the feed is dropped."""
        for side, changes in zip(self.sides, (bids, asks), strict=True):
            for price, size, *_ in changes:
                side[Decimal(str(price))] = Decimal(str(size))
                if Decimal(str(size)) == 0:
                    del side[Decimal(str(price))]
        for side, best_first in zip(self.sides, (True, False), strict=True):
            for price in sorted(side, reverse=best_first)[self.levels :]:
                del side[price]
        self.last_id = last_id
        self.updates += 1
        if all(self.sides):
            assert max(self.sides[0]) < min(self.sides[1])

    def best(self) -> tuple[Decimal, ...]:
        """Bid, its size, ask, its size."""
        bid, ask = max(self.sides[0]), min(self.sides[1])
        return bid, self.sides[0][bid], ask, self.sides[1][ask]

    def link(self, previous_id: int) -> None:
        """An update must stand on the one before."""
        assert previous_id == self.last_id, f"a gap: {previous_id} after {self.last_id}"


async def _binance(client: Client, market: str, book: RawBook) -> None:
    spot = market == "binance.spot"
    symbol = SYMBOLS[market]
    base = client.base(market, "ws" if spot else "ws_public")
    path = f"{'/api/v3' if spot else '/fapi/v1'}/depth?symbol={symbol}&limit={5000 if spot else 1000}"
    async with client.ws(f"{base}/ws/{symbol.lower()}@depth@100ms") as socket:
        await client.receive(socket)
        _, snapshot, _ = await client.fetch(client.base(market, "rest") + path)
        book.whole(snapshot["bids"], snapshot["asks"], snapshot["lastUpdateId"])
        bridged = False
        while True:
            event = await client.receive(socket)
            if event["u"] < book.last_id + spot:
                continue
            previous_id = event["U"] - 1 if spot else event["pu"]
            if bridged:
                book.link(previous_id)
            assert previous_id <= book.last_id
            bridged = True
            book.change(event["b"], event["a"], event["u"])


async def _okx(client: Client, market: str, book: RawBook) -> None:
    async with client.ws(client.base(market, "ws") + "/ws/v5/public") as socket:
        argument = {"channel": "books", "instId": SYMBOLS[market]}
        await socket.send_json({"op": "subscribe", "args": [argument]})
        assert (await client.receive(socket))["event"] == "subscribe"
        while True:
            message = await client.receive(socket)
            (data,) = message["data"]
            assert data["checksum"] == 0
            if message["action"] == "snapshot":
                assert data["prevSeqId"] == -1
                book.whole(data["bids"], data["asks"], data["seqId"])
            else:
                book.link(data["prevSeqId"])
                book.change(data["bids"], data["asks"], data["seqId"])


async def _htx_spot(client: Client, market: str, book: RawBook) -> None:
    topic = f"market.{SYMBOLS[market]}.mbp.150"
    async with client.ws(client.base(market, "ws") + "/feed") as socket:
        await socket.send_json({"sub": topic, "id": "1"})
        await socket.send_json({"req": topic, "id": "2"})
        async for message in _htx_data(client, socket):
            if "rep" in message:
                data = message["data"]
                book.whole(data["bids"], data["asks"], data["seqNum"])
            elif "tick" in message and book.updates:
                tick = message["tick"]
                if tick["seqNum"] > book.last_id:
                    book.link(tick["prevSeqNum"])
                    book.change(tick["bids"], tick["asks"], tick["seqNum"])


async def _htx_swap(client: Client, market: str, book: RawBook) -> None:
    topic = f"market.{SYMBOLS[market]}.depth.size_150.high_freq"
    async with client.ws(client.base(market, "ws") + "/linear-swap-ws") as socket:
        await socket.send_json({"sub": topic, "data_type": "incremental", "id": "1"})
        async for message in _htx_data(client, socket):
            if message.get("ch") != topic:
                continue
            tick = message["tick"]
            if tick["event"] == "snapshot":
                book.whole(tick["bids"], tick["asks"], tick["version"])
            else:
                book.link(tick["version"] - 1)
                book.change(tick["bids"], tick["asks"], tick["version"])


async def _htx_data(client: Client, socket: Any) -> AsyncIterator[Any]:
    while True:
        message = read(await socket.receive())
        if "ping" in message:
            await socket.send_json({"pong": message["ping"]})
        else:
            yield message


FOLLOWERS: dict[str, Callable[[Client, str, RawBook], Coroutine[Any, Any, None]]] = {
    "binance.spot": _binance,
    "binance.usdm": _binance,
    "okx.spot": _okx,
    "okx.swap": _okx,
    "htx.spot": _htx_spot,
    "htx.swap": _htx_swap,
}


@contextlib.asynccontextmanager
async def following(client: Client, market: str) -> AsyncIterator[RawBook]:
    """A book that follows a market for the time of a block; what goes wrong there is raised at its end."""
    book = RawBook(LEVELS.get(market, 10_000))
    task = asyncio.create_task(FOLLOWERS[market](client, market, book))
    try:
        yield book
    finally:
        if not task.done():
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def assert_equal_to_the_venue(client: Client, market: str, book: RawBook) -> None:
    """Compares with the book that the venue has; the market must be paused. What is on its way may arrive."""
    truth = await client.look(f"/book?market={market}&symbol={SYMBOLS[market]}")
    expected = tuple(
        {Decimal(price): Decimal(size) for price, size in truth[name][: book.levels]}
        for name in ("bids", "asks")
    )
    with contextlib.suppress(TimeoutError):
        await client.until(lambda: book.sides == expected)
    assert book.sides == expected, market
