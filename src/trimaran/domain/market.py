"""Market events: what a venue says about its books and trades, decoded once, at the edge.

Prices are ticks, sizes are lots of the instrument. Every event carries `venue_ns` (the venue's
clock, 0 where the venue sends none) and is stamped with `local_ns` by whoever received it.
"""

from __future__ import annotations

import msgspec

from trimaran.base.errors import DecodeKind
from trimaran.domain.instrument import Grid, Side, Symbol

Level = tuple[int, int]  # (price_ticks, size_lots)


class BookGrid(msgspec.Struct, frozen=True):
    """What a decoder needs to know of one instrument."""

    symbol: Symbol
    price_grid: Grid
    size_grid: Grid
    cuts_sizes: bool = False  # sizes finer than the grid are cut to it, not refused


class DepthDelta(msgspec.Struct, frozen=True):
    """A sequenced change of an L2 book; sizes are absolute, 0 removes the level."""

    symbol: Symbol
    first_id: int  # Binance U; elsewhere the same as last_id
    last_id: int  # Binance u, OKX seqId, HTX seqNum or version
    previous_id: int  # Binance USD-M pu, OKX prevSeqId, HTX prevSeqNum; -1 where the market has none
    venue_ns: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class DepthSnapshot(msgspec.Struct, frozen=True):
    """A full book: the answer to a question, or an event of its own in the stream."""

    symbol: Symbol
    last_id: int
    venue_ns: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Ticker(msgspec.Struct, frozen=True):
    """Best bid and offer."""

    symbol: Symbol
    update_id: int
    venue_ns: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int


class Trade(msgspec.Struct, frozen=True):
    """A public trade, or an aggregate of trades of one taker order at one price."""

    symbol: Symbol
    trade_id: int
    venue_ns: int
    price_ticks: int
    size_lots: int
    aggressor: Side
    aggregate: bool


class Stats(msgspec.Struct, frozen=True):
    """The last 24 hours of a market."""

    symbol: Symbol
    venue_ns: int
    last_ticks: int  # 0: nothing was traded


class MarkPrice(msgspec.Struct, frozen=True):
    """Mark price of a perpetual, in 1e-12 of the quote asset: it need not lie on the grid."""

    symbol: Symbol
    venue_ns: int
    price_e12: int


class FundingRate(msgspec.Struct, frozen=True):
    """Funding rate of a perpetual, in 1e-12, and when it is settled (ms since the epoch)."""

    symbol: Symbol
    venue_ns: int
    rate_e12: int
    settles_ms: int


class Control(msgspec.Struct, frozen=True):
    """Not market data: a reply to a request, or a notice of the venue."""


class Ignored(msgspec.Struct, frozen=True):
    """Legal, and nothing that the books need."""


class LostFrame(msgspec.Struct, frozen=True):
    """A frame that was refused: why, whose it was where that is known, and whether a delta went with it."""

    kind: DecodeKind
    text: str
    symbol: Symbol | None
    depth_lost: bool


Reference = Stats | MarkPrice | FundingRate
MarketEvent = DepthDelta | DepthSnapshot | Ticker | Trade | Reference | Control | Ignored | LostFrame
