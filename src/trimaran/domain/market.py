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


class DepthDelta(msgspec.Struct, frozen=True):
    """A sequenced change of an L2 book; sizes are absolute, 0 removes the level."""

    symbol: Symbol
    first_id: int  # Binance U
    last_id: int  # Binance u
    previous_id: int  # Binance USD-M pu; -1 where the market has none
    venue_ns: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class DepthSnapshot(msgspec.Struct, frozen=True):
    """A full book, as a venue's REST interface answers it."""

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


MarketEvent = DepthDelta | DepthSnapshot | Ticker | Trade | Control | Ignored | LostFrame
