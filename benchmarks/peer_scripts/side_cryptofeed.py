"""cryptofeed: its feed classes, driven frame by frame without the socket.

A frame enters where the connection's would (`message_handler`), with no callback of a user registered while
the clock runs, to cryptofeed's advantage. On Binance it knows aggregate trades only, so each `trade` frame is
given the keys of an `aggTrade` before the clock starts; the work is the same. Of OKX it checks no sequence.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from cryptofeed.defines import TICKER, TRADES
from cryptofeed.exchanges import OKX, Binance, BinanceFutures, Huobi
from cryptofeed.symbols import Symbols
from measuring import Feed, Frame, serve

TRADE_ID = re.compile(rb'"t":(?=\d)')
TICKERS = ("bookTicker",)
TRADE_CHANNELS = ("trades", "trade.detail")
# feed class, cryptofeed's name of the pair, the exchange's, its kind
VENUES = {
    "binance.spot": (Binance, "BTC-USDT", "BTCUSDT", "spot"),
    "binance.usdm": (BinanceFutures, "BTC-USDT-PERP", "BTCUSDT", "perpetual"),
    "okx.spot": (OKX, "BTC-USDT", "BTC-USDT", "spot"),
    "htx.spot": (Huobi, "BTC-USDT", "btcusdt", "spot"),
}


class CryptofeedSide:
    """One feed object."""

    def __init__(self, channel: str) -> None:
        self.market, _, self.channel = channel.partition(" ")
        self.feed_class, self.pair, self.symbol, kind = VENUES[self.market]
        Symbols.set(
            self.feed_class.id,
            {self.pair: self.symbol},
            {"tick_size": {self.pair: "0.01"}, "instrument_type": {self.pair: kind}},
        )
        self.loop = asyncio.new_event_loop()
        self.feed: Any = self.loop.run_until_complete(self._make())

    async def _make(self) -> Any:
        feed = self.feed_class(symbols=[self.pair], channels=["l2_book", "ticker", "trades"])
        if getattr(feed, "normalized_symbol_mapping", {}) is None:
            feed._ensure_symbol_mapping()
        return feed

    def about(self) -> str:
        """Versions and what is run."""
        python = ".".join(map(str, sys.version_info[:3]))
        versions = f"cryptofeed {version('cryptofeed')} (Python {python}, order-book {version('order-book')})"
        notes = {
            "binance": "trade frames renamed to aggTrade before",
            "okx": "no sequence check",
            "htx": "zlib inflates",
        }
        note = notes[self.market.partition(".")[0]]
        return f"{versions}: {self.feed_class.__name__}.message_handler, no callbacks, {note}"

    def payload(self, raw: bytes) -> Any:
        """Text, or gzip as it comes; trades of Binance under the keys of an aggregate trade."""
        if raw.startswith(b"\x1f\x8b"):
            return raw
        if b'"e":"trade"' in raw:
            raw = TRADE_ID.sub(b'"a":', raw.replace(b'"e":"trade"', b'"e":"aggTrade"'), count=1)
        return raw.decode()

    def begin(self, early: Sequence[Frame], snapshot: Frame) -> Feed:
        """A new book; of Binance through its own snapshot code, the REST call answered from memory."""
        self.loop.run_until_complete(self._begin(early, snapshot))
        handler = self.feed.message_handler

        def feed(payload: Any, local_ns: int) -> None:
            """Nothing in it waits, so that a single push brings the coroutine to its end."""
            try:
                handler(payload, None, local_ns / 1e9).send(None)
            except StopIteration:
                return
            raise RuntimeError("expected a handler that ends without waiting")

        return feed

    async def _begin(self, early: Sequence[Frame], snapshot: Frame) -> None:
        async def answered_from_memory(*_: object, **__: object) -> str:
            return snapshot[0].decode()

        if self.market.startswith("binance"):
            self.feed._reset()
            self.feed.http_conn.read = answered_from_memory
            await self.feed._snapshot(self.symbol)
        else:
            self.feed._l2_book = {}
            first = (self.payload(snapshot[0]), snapshot[1])
            early = [first] if self.channel == "books" else []
        await self._replay(early)

    def replay(self, feed: Feed, frames: Sequence[Frame]) -> None:
        """Feeds all frames from one coroutine, as its connection loop does."""
        self.loop.run_until_complete(self._replay(frames))

    async def _replay(self, frames: Sequence[Frame]) -> None:
        handler = self.feed.message_handler
        for payload, local_ns in frames:
            await handler(payload, None, local_ns / 1e9)

    def proof(self, last: Frame) -> list[float | None]:
        """Best bid and ask of the book; what it does not keep it is told once more, with a callback."""
        if self.channel in TICKERS:
            ticker = self._told_again(TICKER, last)
            return [float(ticker.bid), None, float(ticker.ask), None]
        if self.channel in TRADE_CHANNELS:
            trade = self._told_again(TRADES, last)
            return [float(trade.price), float(trade.amount)]
        book = self.feed._l2_book[self.pair].book
        return [float(part) for side in (book.bids, book.asks) for part in side.index(0)]

    def _told_again(self, kind: str, last: Frame) -> Any:
        told: list[Any] = []

        async def keep(event: Any, _: float) -> None:
            told.append(event)

        before = self.feed.callbacks[kind]
        self.feed.callbacks[kind] = [keep]
        self.loop.run_until_complete(self._replay([last]))
        self.feed.callbacks[kind] = before
        return told[-1]


if __name__ == "__main__":
    serve(CryptofeedSide)
