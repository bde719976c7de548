"""cryptofeed: its Binance feed class, driven frame by frame without the socket.

A frame enters where the connection's would (`Binance.message_handler`), with no callback of a user
registered, to cryptofeed's advantage. It knows aggregate trades only, so each `trade` frame is given the keys
of an `aggTrade` before the clock starts; the work is the same.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from cryptofeed.exchanges import Binance
from cryptofeed.symbols import Symbols
from measuring import Feed, Frame, serve

PAIR = "BTC-USDT"
EXCHANGE_PAIR = "BTCUSDT"
TRADE_ID = re.compile(rb'"t":(?=\d)')


class CryptofeedSide:
    """One `Binance` feed."""

    def __init__(self) -> None:
        Symbols.set(
            Binance.id,
            {PAIR: EXCHANGE_PAIR},
            {"tick_size": {PAIR: "0.01"}, "instrument_type": {PAIR: "spot"}},
        )
        self.loop = asyncio.new_event_loop()
        self.feed: Any = self.loop.run_until_complete(self._make())

    async def _make(self) -> Any:
        feed = Binance(symbols=[PAIR], channels=["l2_book", "ticker", "trades"])
        if getattr(feed, "normalized_symbol_mapping", {}) is None:
            feed._ensure_symbol_mapping()
        return feed

    def about(self) -> str:
        """Versions and what is run."""
        python = ".".join(map(str, sys.version_info[:3]))
        versions = f"cryptofeed {version('cryptofeed')} (Python {python}, order-book {version('order-book')})"
        return f"{versions}: Binance.message_handler, no callbacks, trade frames renamed to aggTrade before"

    def payload(self, raw: bytes) -> str:
        """Text; trades under the keys of an aggregate trade."""
        if b'"e":"trade"' in raw:
            raw = TRADE_ID.sub(b'"a":', raw.replace(b'"e":"trade"', b'"e":"aggTrade"'), count=1)
        return raw.decode()

    def begin(self, early: Sequence[Frame], snapshot: bytes, local_ns: int) -> Feed:
        """A new book, through cryptofeed's own snapshot code with the REST call answered from memory."""
        self.loop.run_until_complete(self._begin(early, snapshot))
        handler: Feed = self.feed.message_handler
        return handler

    async def _begin(self, early: Sequence[Frame], snapshot: bytes) -> None:
        async def answered_from_memory(*_: object, **__: object) -> str:
            return snapshot.decode()

        self.feed._reset()
        self.feed.http_conn.read = answered_from_memory
        await self.feed._snapshot(EXCHANGE_PAIR)
        await self._replay(self.feed.message_handler, early)

    def replay(self, feed: Feed, frames: Sequence[Frame]) -> None:
        """Feeds all frames from one coroutine, as its connection loop does."""
        self.loop.run_until_complete(self._replay(feed, frames))

    async def _replay(self, feed: Any, frames: Sequence[Frame]) -> None:
        for payload, local_ns in frames:
            await feed(payload, None, local_ns / 1e9)

    def top(self) -> list[float]:
        """Best bid and ask of the book."""
        book = self.feed._l2_book[PAIR].book
        return [float(part) for side in (book.bids, book.asks) for part in side.index(0)]


if __name__ == "__main__":
    serve(CryptofeedSide())
