"""Binance frames, spot and USD-M: the combined-stream form, sizes without padding zeros.

Wire shapes: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

import msgspec

from benchmarks.streams.capture import START_MS, Stream
from benchmarks.streams.market import Market, Shape, decimal_text

SYMBOL = "BTCUSDT"
LEVELS = 1_000  # a side of the snapshot
FRAME_LEVELS = 10  # a side of a depth frame
START_UPDATE_ID = 50_093_239_218
MIX = ("ticker",) * 8 + ("trade",) * 3 + ("depth",)  # close to the recorded hour: 68 %, 24 %, 8 %
SPOT = Shape(
    start_ticks=6_183_700,  # a tick is 0.01, a lot 0.00001
    lots_max=300_000,
    changes_min=FRAME_LEVELS,
    changes_max=FRAME_LEVELS,
    touched=40,
    levels=LEVELS,
)
USDM = msgspec.structs.replace(SPOT, start_ticks=618_370, lots_max=30_000)  # a tick is 0.1, a lot 0.001


class Spot:
    """A market of Binance spot, and the frames it sends."""

    places = (2, 5)  # of prices and sizes

    def __init__(self, seed: int, symbol: str = SYMBOL, shape: Shape = SPOT) -> None:
        self.market = Market(seed, shape)
        self.symbol = symbol
        self.venue_ms = START_MS
        self.update_id = START_UPDATE_ID
        self.depth_update_id = START_UPDATE_ID  # the last one that a depth frame told of
        self.trade_id = 1

    def snapshot(self) -> bytes:
        """The body of the REST depth snapshot of this moment."""
        bids = [self.level(*each) for each in sorted(self.market.bids.items(), reverse=True)]
        asks = [self.level(*each) for each in sorted(self.market.asks.items())]
        head = {"lastUpdateId": self.depth_update_id} | self.snapshot_times()
        return msgspec.json.encode(head | {"bids": bids, "asks": asks})

    def depth(self) -> bytes:
        """The next depth frame."""
        previous = self.depth_update_id
        self.update_id += self.market.random.randint(1, 40)
        self.depth_update_id = self.update_id
        bids, asks = self.market.step()
        body = {"e": "depthUpdate", "E": self.venue_ms, "s": self.symbol} | self.ids(previous)
        sides = {"b": [self.level(*each) for each in bids], "a": [self.level(*each) for each in asks]}
        return self.enveloped("depth@100ms", body | sides)

    def snapshot_times(self) -> dict[str, int]:
        """Spot tells none."""
        return {}

    def ids(self, previous: int) -> dict[str, int]:
        """How a depth frame links to the one before."""
        return {"U": previous + 1, "u": self.update_id}

    def ticker(self) -> bytes:
        """Best bid and offer of this moment, under a new size."""
        bid = self.level(self.market.ask_ticks - 1, self.market.lots())
        ask = self.level(self.market.ask_ticks, self.market.lots())
        self.update_id += 1
        body = {"u": self.update_id, "s": self.symbol, "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
        return self.enveloped("bookTicker", self.ticker_head() | body)

    def ticker_head(self) -> dict[str, object]:
        """Spot tells neither type nor time of a ticker."""
        return {}

    def trade(self) -> bytes:
        """A trade at the best offer."""
        self.trade_id += 1
        price, size = self.level(self.market.ask_ticks, self.market.lots())
        body = {"e": "trade", "E": self.venue_ms, "s": self.symbol, "t": self.trade_id, "p": price, "q": size}
        return self.enveloped("trade", body | {"T": self.venue_ms, "m": False, "M": True})

    def level(self, ticks: int, lots: int) -> tuple[str, str]:
        """Price and size."""
        return decimal_text(ticks, self.places[0]), decimal_text(lots, self.places[1])

    def enveloped(self, name: str, body: Mapping[str, object]) -> bytes:
        """The combined-stream envelope."""
        return msgspec.json.encode({"stream": f"{self.symbol.lower()}@{name}", "data": body})


class UsdM(Spot):
    """A USD-M perpetual."""

    places = (1, 3)

    def __init__(self, seed: int, symbol: str = SYMBOL, shape: Shape = USDM) -> None:
        super().__init__(seed, symbol, shape)

    def snapshot_times(self) -> dict[str, int]:
        """USD-M tells two."""
        return {"E": self.venue_ms, "T": self.venue_ms}

    def ids(self, previous: int) -> dict[str, int]:
        """Ids come from a counter that all symbols share, so that only `pu` tells what went before."""
        return {"T": self.venue_ms, "U": self.update_id - 1, "u": self.update_id, "pu": previous}

    def ticker_head(self) -> dict[str, object]:
        """USD-M tells both."""
        return {"e": "bookTicker", "E": self.venue_ms, "T": self.venue_ms}


def depth_stream(seed: int, count: int, make: type[Spot] = Spot) -> Stream:
    """The snapshot, then that many depth frames, 100 ms apart."""
    venue = make(seed)

    def frames() -> Iterator[bytes]:
        for _ in range(count):
            venue.venue_ms += 100
            yield venue.depth()

    return Stream(venue.snapshot(), frames())


def ticker_stream(seed: int, count: int, make: type[Spot] = Spot) -> Stream:
    """The snapshot, a depth frame that proves it, then that many best bids and offers of a moving market."""
    venue = make(seed)

    def frames() -> Iterator[bytes]:
        yield venue.depth()
        for number in range(count):
            venue.venue_ms = START_MS + number // 10
            venue.market.step()
            yield venue.ticker()

    return Stream(venue.snapshot(), frames())


def mixed_stream(seed: int, count: int) -> Stream:
    """The snapshot, then tickers, trades and depth frames in the proportions of a recorded hour."""
    venue, order = Spot(seed), random.Random(seed)
    makers: dict[str, Callable[[], bytes]] = {
        "ticker": venue.ticker,
        "trade": venue.trade,
        "depth": venue.depth,
    }

    def frames() -> Iterator[bytes]:
        for _ in range(count):
            kind = order.choice(MIX)
            venue.venue_ms += 100 if kind == "depth" else 0
            yield makers[kind]()

    return Stream(venue.snapshot(), frames())
