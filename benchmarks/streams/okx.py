"""OKX v5 public frames: strings of four a level, no padding zeros, ids that link.

Wire shapes: https://www.okx.com/docs-v5/en/#order-book-trading-market-data
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from benchmarks.streams.capture import START_MS, Stream
from benchmarks.streams.market import Changes, Market, Shape, short_text

SYMBOL = "BTC-USDT"
WINDOW = 400  # levels a side of `books`
START_SEQ_ID = 79_706_765_242
SPOT = Shape(
    start_ticks=618_370,  # a tick is 0.1, a lot 1e-8
    lots_max=300_000_000,
    changes_min=20,
    changes_max=60,
    touched=120,
    window=WINDOW,
)


class Spot:
    """A market of OKX spot, and the frames it sends."""

    def __init__(self, seed: int, symbol: str = SYMBOL, shape: Shape = SPOT) -> None:
        self.market = Market(seed, shape)
        self.symbol = symbol
        self.venue_ms = START_MS
        self.seq_id = START_SEQ_ID  # of all channels
        self.book_seq_id = START_SEQ_ID  # the last one that `books` told of
        self.trade_id = 1_040_968_613

    def snapshot(self) -> bytes:
        """The first frame of `books`."""
        return self._books("snapshot", *self._best(WINDOW), -1)

    def depth(self) -> bytes:
        """The next frame of `books`."""
        previous = self.book_seq_id
        self._count()
        self.book_seq_id = self.seq_id
        return self._books("update", *self.market.step(), previous)

    def moved_books5(self) -> bytes:
        """The best five levels, after the market has moved."""
        self.market.step()
        self._count()
        return self._short("books5", *self._best(5))

    def ticker(self) -> bytes:
        """The best level of this moment (`bbo-tbt`), under a new size."""
        self._count()
        ask = self.market.ask_ticks
        return self._short("bbo-tbt", [(ask - 1, self.market.lots())], [(ask, self.market.lots())])

    def moved_ticker(self) -> bytes:
        """The same, after the market has moved."""
        self.market.step()
        return self.ticker()

    def trade(self) -> bytes:
        """A trade at the best offer."""
        self.trade_id += 1
        self._count()
        price, size, *_ = self._level(self.market.ask_ticks, self.market.lots())
        item = {"instId": self.symbol, "tradeId": str(self.trade_id), "px": price, "sz": size, "side": "buy"}
        rest = {"ts": str(self.venue_ms), "count": "1", "source": "0", "seqId": self.seq_id}
        return self._push("trades", item | rest)

    def _count(self) -> None:
        self.seq_id += self.market.random.randint(1, 40)

    def _best(self, count: int) -> tuple[Changes, Changes]:
        bids, asks = self.market.bids, self.market.asks
        return sorted(bids.items(), reverse=True)[:count], sorted(asks.items())[:count]

    def _short(self, channel: str, bids: Changes, asks: Changes) -> bytes:
        item = {"asks": self._levels(asks), "bids": self._levels(bids), "instId": self.symbol}
        return self._push(channel, item | {"ts": str(self.venue_ms), "seqId": self.seq_id})

    def _books(self, action: str, bids: Changes, asks: Changes, previous: int) -> bytes:
        item = {"asks": self._levels(asks), "bids": self._levels(bids), "ts": str(self.venue_ms)}
        ids = {"checksum": 0, "prevSeqId": previous, "seqId": self.book_seq_id}
        return self._push("books", item | ids, action=action)

    def _push(self, channel: str, item: dict[str, Any], **action: str) -> bytes:
        return msgspec.json.encode(
            {"arg": {"channel": channel, "instId": self.symbol}} | action | {"data": [item]}
        )

    def _levels(self, changes: Changes) -> list[tuple[str, str, str, str]]:
        return [self._level(*change) for change in changes]

    def _level(self, ticks: int, lots: int) -> tuple[str, str, str, str]:
        """Price, size, a field out of use, number of orders."""
        return short_text(ticks, 1), short_text(lots, 8), "0", str(lots % 20 + 1) if lots else "0"


def books_stream(seed: int, count: int) -> Stream:
    """The snapshot, then that many updates, 100 ms apart."""
    return _stream(seed, count, Spot.depth, 100.0)


def books5_stream(seed: int, count: int) -> Stream:
    """A snapshot of `books`, then that many short books of a market that moves."""
    return _stream(seed, count, Spot.moved_books5, 0.1)


def ticker_stream(seed: int, count: int) -> Stream:
    """A snapshot of `books`, then that many best bids and offers of a market that moves."""
    return _stream(seed, count, Spot.moved_ticker, 0.1)


def trade_stream(seed: int, count: int) -> Stream:
    """A snapshot of `books`, then that many trades."""
    return _stream(seed, count, Spot.trade, 0.1)


def _stream(seed: int, count: int, make: Callable[[Spot], bytes], step_ms: float) -> Stream:
    venue = Spot(seed)

    def frames() -> Iterator[bytes]:
        for number in range(1, count + 1):
            venue.venue_ms = START_MS + int(number * step_ms)
            yield make(venue)

    return Stream(venue.snapshot(), frames())
