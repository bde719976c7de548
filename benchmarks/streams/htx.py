"""HTX frames, spot and USDT swap: gzip, levels as JSON numbers, sequence numbers that link.

Wire shapes: https://www.htx.com/en-us/opend/newApiPages/ (spot: market data by WebSocket; swap: WebSocket
market data).
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from benchmarks.streams.capture import START_MS, Stream
from benchmarks.streams.market import Changes, Market, Shape

V = TypeVar("V", bound="Spot")

SPOT_SYMBOL = "btcusdt"
SWAP_SYMBOL = "BTC-USDT"
WINDOW = 150  # levels a side
START_SEQ_NUM = 137_005_210_233
SPOT = Shape(
    start_ticks=6_183_700,  # a tick is 0.01, a lot 1e-6
    lots_max=3_000_000,
    changes_min=15,
    changes_max=35,
    touched=80,
    levels=700,
    window=WINDOW,
)
SWAP = Shape(
    start_ticks=618_370,  # a tick is 0.1, a lot one contract
    lots_max=20_000,
    changes_min=8,
    changes_max=26,
    touched=60,
    levels=700,
    window=WINDOW,
)


class Spot:
    """A market of HTX spot, and the frames it sends."""

    steps_per_unit = (100, 1_000_000)  # of prices and sizes

    def __init__(self, seed: int, symbol: str = SPOT_SYMBOL, shape: Shape = SPOT) -> None:
        self.market = Market(seed, shape)
        self.symbol = symbol
        self.venue_ms = START_MS
        self.seq_num = START_SEQ_NUM  # of all topics
        self.book_seq_num = START_SEQ_NUM  # the last one that `mbp.150` told of
        self.trade_id = 103_627_281_663

    def snapshot(self) -> bytes:
        """The answer to a request for `mbp.150`."""
        data = {"seqNum": self.book_seq_num} | self.sides(*self.best())
        head = {"id": "1", "rep": f"market.{self.symbol}.mbp.150", "status": "ok", "ts": self.venue_ms}
        return packed(head | {"data": data})

    def depth(self) -> bytes:
        """The next frame of `mbp.150`."""
        previous = self.book_seq_num
        self.seq_num += self.market.random.randint(1, 200)
        self.book_seq_num = self.seq_num
        ids = {"seqNum": self.seq_num, "prevSeqNum": previous}
        return self.push("mbp.150", ids | self.sides(*self.market.step()))

    def ticker(self) -> bytes:
        """Best bid and offer of this moment, under a new size."""
        bid = self.level(self.market.ask_ticks - 1, self.market.lots())
        ask = self.level(self.market.ask_ticks, self.market.lots())
        self.seq_num += 1
        tick = {"seqId": self.seq_num, "ask": ask[0], "askSize": ask[1], "bid": bid[0], "bidSize": bid[1]}
        return self.push("bbo", tick | {"quoteTime": self.venue_ms, "symbol": self.symbol})

    def moved_ticker(self) -> bytes:
        """The same, after the market has moved."""
        self.market.step()
        return self.ticker()

    def trade(self) -> bytes:
        """A trade at the best offer."""
        self.trade_id += 1
        price, size = self.level(self.market.ask_ticks, self.market.lots())
        deal = self.deal() | {"ts": self.venue_ms, "amount": size, "price": price, "direction": "buy"}
        tick = {"id": self.trade_id + 7 * 10**10, "ts": self.venue_ms, "data": [deal]}
        return self.push("trade.detail", tick)

    def deal(self) -> dict[str, Any]:
        """What spot tells of a trade beside price and size."""
        number = f"1925822546881{self.trade_id:013d}"
        return {"id": number, "tradeId": self.trade_id, "isRpiTrade": False}

    def push(self, topic: str, tick: dict[str, Any]) -> bytes:
        """The envelope, packed."""
        return packed({"ch": f"market.{self.symbol}.{topic}", "ts": self.venue_ms, "tick": tick})

    def best(self) -> tuple[Changes, Changes]:
        """All levels that are told of."""
        return sorted(self.market.bids.items(), reverse=True), sorted(self.market.asks.items())

    def sides(self, bids: Changes, asks: Changes) -> dict[str, Any]:
        """Both sides of a frame."""
        return {"bids": [self.level(*each) for each in bids], "asks": [self.level(*each) for each in asks]}

    def level(self, ticks: int, lots: int) -> tuple[float, float]:
        """Price and size; a quotient of whole numbers is the nearest double, so it is written as meant."""
        return ticks / self.steps_per_unit[0], lots / self.steps_per_unit[1]


class Swap(Spot):
    """A USDT perpetual; sizes are contracts."""

    steps_per_unit = (10, 1)
    topic = "depth.size_150.high_freq"

    def __init__(self, seed: int, symbol: str = SWAP_SYMBOL, shape: Shape = SWAP) -> None:
        super().__init__(seed, symbol, shape)
        self.version = 1_512_467

    def snapshot(self) -> bytes:
        """The first frame of the incremental book."""
        return self._book("snapshot", *self.best())

    def depth(self) -> bytes:
        """The next one."""
        self.version += 1
        return self._book("update", *self.market.step())

    def ticker(self) -> bytes:
        """Best bid and offer as pairs."""
        bid = self.level(self.market.ask_ticks - 1, self.market.lots())
        ask = self.level(self.market.ask_ticks, self.market.lots())
        self.seq_num += 1
        tick = {"mrid": self.seq_num, "id": self.seq_num, "bid": bid, "ask": ask, "ts": self.venue_ms}
        return self.push("bbo", tick | {"version": self.seq_num, "ch": f"market.{self.symbol}.bbo"})

    def deal(self) -> dict[str, Any]:
        """Of a swap the id is a number, and the size comes in coins as well."""
        return {"id": self.trade_id * 10**7, "quantity": 0.196, "trade_turnover": 12_120.4}

    def level(self, ticks: int, lots: int) -> tuple[float, int]:
        """Contracts are whole."""
        return ticks / self.steps_per_unit[0], lots

    def _book(self, event: str, bids: Changes, asks: Changes) -> bytes:
        head = {"mrid": self.version + 10**11, "id": self.venue_ms // 1_000}
        rest = {"ts": self.venue_ms, "version": self.version, "ch": f"market.{self.symbol}.{self.topic}"}
        return self.push(self.topic, head | self.sides(bids, asks) | rest | {"event": event})


def depth_stream(seed: int, count: int) -> Stream:
    """A change before the answer to the request, the answer, then that many changes, 100 ms apart."""
    return _stream(Spot(seed), count, Spot.depth, 100.0)


def ticker_stream(seed: int, count: int) -> Stream:
    """The way to a live book, then that many best bids and offers of a market that moves."""
    return _stream(Spot(seed), count, Spot.moved_ticker, 0.1)


def trade_stream(seed: int, count: int) -> Stream:
    """The way to a live book, then that many trades."""
    return _stream(Spot(seed), count, Spot.trade, 0.1)


def swap_depth_stream(seed: int, count: int) -> Stream:
    """The snapshot, then that many changes, 30 ms apart."""
    return _stream(Swap(seed), count, Swap.depth, 30.0)


def swap_ticker_stream(seed: int, count: int) -> Stream:
    """The snapshot, then that many best bids and offers of a market that moves."""
    return _stream(Swap(seed), count, Swap.moved_ticker, 0.1)


def packed(message: dict[str, Any]) -> bytes:
    """One gzip member, the same on every machine."""
    return gzip.compress(msgspec.json.encode(message), compresslevel=6, mtime=0)


def _stream(venue: V, count: int, make: Callable[[V], bytes], step_ms: float) -> Stream:
    early = () if isinstance(venue, Swap) else (venue.depth(),)

    def frames() -> Iterator[bytes]:
        for number in range(1, count + 1):
            venue.venue_ms = START_MS + int(number * step_ms)
            yield make(venue)

    return Stream(venue.snapshot(), frames(), early)
