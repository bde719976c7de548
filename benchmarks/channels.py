"""Every venue and channel that `frame_to_book` measures, and which peers cannot take it.

A channel is known to the sides by its key, `<market> <channel>`: `peer_scripts` do not import this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from benchmarks.streams import binance, htx, okx
from benchmarks.streams.capture import Stream

DEPTH_STEP_NS = 100_000_000
FAST_STEP_NS = 100_000  # tickers and trades: a book whose deltas stay away for seconds would not stay live

NO_SHORT = "cryptofeed reads books, trades and tickers of OKX, not this channel"
NO_INCREMENTS = "cryptofeed reads HTX books as depth.step0 snapshots only"
NO_BBO = "cryptofeed has no best bid and offer of HTX"


class Channel(msgspec.Struct, frozen=True):
    """One channel."""

    market: str
    name: str
    stream: Callable[[int, int], Stream]  # of a seed and a number of frames
    step_ns: int  # between frames, by the local clock
    levels: str  # what a frame holds
    absent: Mapping[str, str] = {}  # why a peer has no row here

    @property
    def key(self) -> str:
        """What the sides call it."""
        return f"{self.market} {self.name}"


def binance_usdm_depth(seed: int, count: int) -> Stream:
    """Depth of USD-M."""
    return binance.depth_stream(seed, count, binance.UsdM)


def binance_usdm_ticker(seed: int, count: int) -> Stream:
    """Best bid and offer of USD-M."""
    return binance.ticker_stream(seed, count, binance.UsdM)


GZIP = "gzip inflated by every side"
ONE_LEVEL = "one level a side"
BINANCE_LEVELS = f"{binance.LEVELS}+{binance.LEVELS} levels at start"
OKX_LEVELS = f"{okx.WINDOW}+{okx.WINDOW} levels, 20 to 60 and more change a side"
HTX_LEVELS = f"{htx.WINDOW}+{htx.WINDOW} levels, 15 to 35 and more change a side, {GZIP}"
HTX_SWAP_LEVELS = f"{htx.WINDOW}+{htx.WINDOW} levels, 8 to 26 and more change a side, {GZIP}"

CHANNELS = (
    Channel("binance.spot", "depth", binance.depth_stream, DEPTH_STEP_NS, BINANCE_LEVELS),
    Channel("binance.spot", "bookTicker", binance.ticker_stream, FAST_STEP_NS, ONE_LEVEL),
    Channel("binance.usdm", "depth", binance_usdm_depth, DEPTH_STEP_NS, BINANCE_LEVELS),
    Channel("binance.usdm", "bookTicker", binance_usdm_ticker, FAST_STEP_NS, ONE_LEVEL),
    Channel("okx.spot", "books", okx.books_stream, DEPTH_STEP_NS, OKX_LEVELS),
    Channel(
        "okx.spot", "books5", okx.books5_stream, FAST_STEP_NS,
        "five levels a side, all decoded; ours keeps the best, ccxt all five", {"cryptofeed": NO_SHORT},
    ),
    Channel(
        "okx.spot", "bbo-tbt", okx.ticker_stream, FAST_STEP_NS, ONE_LEVEL, {"cryptofeed": NO_SHORT}
    ),
    Channel("okx.spot", "trades", okx.trade_stream, FAST_STEP_NS, "one trade"),
    Channel(
        "htx.spot", "mbp.150", htx.depth_stream, DEPTH_STEP_NS, HTX_LEVELS, {"cryptofeed": NO_INCREMENTS}
    ),
    Channel(
        "htx.spot", "bbo", htx.ticker_stream, FAST_STEP_NS, f"{ONE_LEVEL}, {GZIP}", {"cryptofeed": NO_BBO}
    ),
    Channel("htx.spot", "trade.detail", htx.trade_stream, FAST_STEP_NS, f"one trade, {GZIP}"),
    Channel(
        "htx.swap", "depth.size_150.high_freq", htx.swap_depth_stream, DEPTH_STEP_NS, HTX_SWAP_LEVELS,
        {"cryptofeed": NO_INCREMENTS},
    ),
    Channel(
        "htx.swap", "bbo", htx.swap_ticker_stream, FAST_STEP_NS, f"{ONE_LEVEL}, {GZIP}",
        {"cryptofeed": NO_BBO},
    ),
)  # fmt: skip
