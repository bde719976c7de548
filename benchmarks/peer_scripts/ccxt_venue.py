"""What driving ccxt.pro has in common over its venues."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from measuring import Feed, Frame, PlainReplay

TICKERS = ("bookTicker", "bbo-tbt", "bbo")
TRADES = ("trades", "trade.detail")


class CcxtSide(PlainReplay):
    """One exchange object of ccxt.pro with one market; it has never been on the network."""

    exchange_class: Any
    entry = "Client.handle_text_or_binary_message"

    def __init__(self, channel: str) -> None:
        market, _, self.channel = channel.partition(" ")
        self.kind = market.partition(".")[2]
        self.loop = asyncio.new_event_loop()
        self.exchange: Any = self.loop.run_until_complete(self._make())
        self.symbol: str = next(iter(self.exchange.markets))

    async def _make(self) -> Any:
        exchange = self.exchange_class(self.options())
        exchange.set_markets([self.market(exchange)])
        return exchange

    def options(self) -> dict[str, Any]:
        """Of the exchange object."""
        return {}

    def market(self, exchange: Any) -> Mapping[str, Any]:
        """The only market that the exchange object knows."""
        raise NotImplementedError

    def about(self) -> str:
        """Versions and what is run."""
        versions = f"ccxt.pro {version('ccxt')} (orjson {version('orjson')})"
        return f"{versions}: {self.entry}, nobody awaiting"

    def payload(self, raw: bytes) -> Any:
        """Text, as aiohttp hands it over."""
        return raw.decode()

    def begin(self, early: Sequence[Frame], snapshot: Frame) -> Feed:
        """Empty caches, and a new book through ccxt's own snapshot code."""
        exchange = self.exchange
        exchange.clients = {}
        exchange.trades, exchange.tickers, exchange.bidsasks, exchange.orderbooks = {}, {}, {}, {}
        handle = self.loop.run_until_complete(self.begun(early, snapshot[0]))

        def feed(payload: Any, local_ns: int) -> None:
            handle(payload)

        return feed

    async def begun(self, early: Sequence[Frame], snapshot: bytes) -> Any:
        """Subscribes, and gets the book; the method of the client that takes a message."""
        raise NotImplementedError

    def proof(self, last: Frame) -> list[float | None]:
        """Best bid and ask, or the last trade."""
        exchange = self.exchange
        if self.channel in TRADES:
            trade = exchange.trades[self.symbol][-1]
            return [trade["price"], trade["amount"]]
        if self.channel in TICKERS:
            ticker = (exchange.bidsasks or exchange.tickers)[self.symbol]
            return [ticker[key] for key in ("bid", "bidVolume", "ask", "askVolume")]
        book = exchange.orderbooks[self.symbol]
        return [*book["bids"][0][:2], *book["asks"][0][:2]]

    def hold_books(self, snapshot: bytes, frames: Sequence[Frame], count: int) -> object:
        """The book objects that `watch_order_book` returns."""
        books = [self.exchange.order_book({}, 1000) for _ in range(count)]
        for book in books:
            book.reset(self.parsed_snapshot(snapshot))
            for payload, _ in frames:
                self.exchange.handle_order_book_message(None, json.loads(payload)["data"], book)
        return books

    def parsed_snapshot(self, snapshot: bytes) -> Any:
        """What `fetch_order_book` makes of the body of the REST snapshot."""
        body = json.loads(snapshot)
        book = self.exchange.parse_order_book(body, self.symbol)
        book["nonce"] = body["lastUpdateId"]
        return book
