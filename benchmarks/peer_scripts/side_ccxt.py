"""ccxt.pro: its own WebSocket client object and Binance handlers, without the socket.

A frame enters where aiohttp's text would (`Client.handle_text_or_binary_message`), so its JSON parser
(orjson, which ccxt installs), its dispatch, its sequence check and its book are the ones of
`watch_order_book`. No task awaits a result, to ccxt's advantage: the futures and the wake-up of each
`watch_*` call are not counted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import ccxt.pro
from measuring import Feed, Frame, PlainReplay, memory, serve

SYMBOL = "BTC/USDT"
MARKET = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "baseAssetPrecision": 8,
    "quoteAsset": "USDT",
    "quotePrecision": 8,
    "quoteAssetPrecision": 8,
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": False,
    "permissions": [],
    "permissionSets": [["SPOT"]],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
    ],
}


class CcxtSide(PlainReplay):
    """One exchange object of ccxt.pro with one spot market."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.exchange: Any = self.loop.run_until_complete(make_exchange())

    def about(self) -> str:
        """Versions and what is run."""
        versions = f"ccxt.pro {version('ccxt')} (orjson {version('orjson')})"
        return f"{versions}: Client.handle_text_or_binary_message, nobody awaiting"

    def payload(self, raw: bytes) -> str:
        """Text, as aiohttp hands it over."""
        return raw.decode()

    def begin(self, early: Sequence[Frame], snapshot: bytes, local_ns: int) -> Feed:
        """A new book, through ccxt's own snapshot code with the REST call answered from memory."""
        return self.loop.run_until_complete(self._begin(early, snapshot))

    async def _begin(self, early: Sequence[Frame], snapshot: bytes) -> Feed:
        exchange = self.exchange
        exchange.clients = {}
        exchange.trades, exchange.bidsasks = {}, {}
        client = exchange.client(exchange.urls["api"]["ws"]["spot"] + "/stream")

        async def answered_from_memory(*_: object) -> Any:
            return parsed_snapshot(exchange, snapshot)

        exchange.fetch_rest_order_book_safe = answered_from_memory
        exchange.orderbooks = {SYMBOL: exchange.order_book({}, 1000)}
        subscription = {"symbol": SYMBOL, "type": "spot", "limit": 1000, "params": {}}
        client.subscriptions["orderbook::" + SYMBOL] = subscription
        handle = client.handle_text_or_binary_message
        for payload, _ in early:
            handle(payload)
        await exchange.fetch_order_book_snapshot(client, {}, subscription)

        def feed(payload: str, local_ns: int) -> None:
            handle(payload)

        return feed

    def top(self) -> list[float]:
        """Best bid and ask of the book."""
        book = self.exchange.orderbooks[SYMBOL]
        return [*book["bids"][0][:2], *book["asks"][0][:2]]

    def hold_books(self, snapshot: bytes, frames: Sequence[Frame], count: int) -> object:
        """The book objects that `watch_order_book` returns."""
        books = [self.exchange.order_book({}, 1000) for _ in range(count)]
        for book in books:
            book.reset(parsed_snapshot(self.exchange, snapshot))
            for payload, _ in frames:
                self.exchange.handle_order_book_message(None, json.loads(payload)["data"], book)
        return books


async def make_exchange() -> Any:
    """An exchange object that knows one market and has never been on the network."""
    exchange = ccxt.pro.binance({"options": {"crossMarginPairsData": [], "isolatedMarginPairsData": []}})
    exchange.set_markets([exchange.parse_market(MARKET)])
    return exchange


def parsed_snapshot(exchange: Any, snapshot: bytes) -> Any:
    """What `fetch_order_book` makes of the body of the REST snapshot."""
    body = json.loads(snapshot)
    book = exchange.parse_order_book(body, SYMBOL)
    book["nonce"] = body["lastUpdateId"]
    return book


if __name__ == "__main__":
    serve(CcxtSide(), {"memory": memory})
