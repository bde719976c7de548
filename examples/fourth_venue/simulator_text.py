"""How the simulated Bybit writes: JSON of every public payload, with nothing of the adapter in it.

https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook, .../trade, .../ticker, and
https://bybit-exchange.github.io/docs/v5/market/instrument.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from trimaran.venues.sim.book import Fill, VenueBook
from trimaran.venues.sim.instruments import SimInstrument
from trimaran.venues.sim.numerals import Numerals, plain

SIDE = ("Buy", "Sell")


class BybitText:
    """The payloads of one book."""

    def __init__(self, listing: SimInstrument) -> None:
        self.listing = listing
        self.symbol: str = listing.instrument.symbol
        self.price = Numerals(listing.instrument.price_grid, plain).text
        self.size = Numerals(listing.instrument.size_grid, plain).text

    def rows(self, levels: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
        """One side of a book."""
        return [(self.price(ticks), self.size(lots)) for ticks, lots in levels]

    def instrument(self, status: str) -> dict[str, Any]:
        """A row of instruments-info."""
        instrument = self.listing.instrument
        return {
            "symbol": self.symbol,
            "baseCoin": instrument.base,
            "quoteCoin": instrument.quote,
            "status": status,
            "lotSizeFilter": {
                "basePrecision": self.size(1),
                "quotePrecision": "0.0000001",
                "minOrderQty": str(self.listing.min_size),
                "minOrderAmt": str(instrument.min_notional),
            },
            "priceFilter": {"tickSize": self.price(1)},
        }

    def trades(self, fill: Fill, ms: int) -> list[dict[str, Any]]:
        """What one aggressive order traded, in the stream."""
        return [
            {
                "i": str(fill.first_trade_id + at), "T": ms, "p": self.price(ticks), "v": self.size(lots),
                "S": SIDE[fill.side], "s": self.symbol, "BT": False,
            }
            for at, (_, _, ticks, lots) in enumerate(fill.executions)
        ]  # fmt: skip

    def ticker(self, book: VenueBook) -> dict[str, Any]:
        """Last price and top."""
        last = self.price(book.recent_fills[-1].executions[-1][2]) if book.recent_fills else ""
        bid, _, ask, _ = book.best
        return {
            "symbol": self.symbol, "lastPrice": last, "bid1Price": self.price(bid),
            "ask1Price": self.price(ask), "volume24h": "", "turnover24h": "",
        }  # fmt: skip


def push(topic: str, kind: str, ms: int, data: object) -> bytes:
    """A message of a topic."""
    return msgspec.json.encode({"topic": topic, "ts": ms, "type": kind, "data": data, "cts": ms})


def answer(ms: int, result: object, code: int = 0, text: str = "OK") -> str:
    """An answer over REST."""
    envelope = {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": ms}
    return msgspec.json.encode(envelope).decode()
