"""OKX v5 public frames to market events, spot and swaps: the twin of `okx.hpp`, and its oracle.

Wire shapes: https://www.okx.com/docs-v5/en/#order-book-trading-market-data and #public-data-websocket. A
push is `{"arg":{"channel","instId"},["action",]"data":[{..}]}`, its members in any order; of a repeated key
the last one counts, and unknown ones are ignored. The order of the checks is part of the contract: both
twins report the same first error.

`checksum` is never read: OKX has sent 0 there since June 2026, and the ids prove the chain. Recordings from
before the ids had a checksum only; there every id counts as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.json_value import Buffer, decode_json
from trimaran.base.limits import OKX_LEVELS, TIME_MS_MAX, UPDATE_ID_MAX
from trimaran.books.sequencing import Law
from trimaran.domain.instrument import Side, Symbol
from trimaran.domain.market import (
    BookGrid,
    Control,
    DepthDelta,
    DepthSnapshot,
    FundingRate,
    Ignored,
    Level,
    LostFrame,
    MarketEvent,
    MarkPrice,
    Stats,
    Ticker,
    Trade,
)
from trimaran.venues.wire.members import Fields, e12, levels, price, size, text, whole, whole_text

BOOKS: Final = ("books", "books-l2-tbt", "books50-l2-tbt")
SHORT_BOOKS: Final = ("bbo-tbt", "books5")
CHANNELS: Final = (*BOOKS, *SHORT_BOOKS, "trades", "tickers", "mark-price", "funding-rate")
PONG: Final = b"pong"
NOTHING_BEFORE: Final = -1  # prevSeqId of a snapshot
EMPTY: Final[Level] = (0, 0)
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


class _Book(msgspec.Struct, frozen=True):
    """One element of `data` of a book channel, whole or short."""

    venue_ns: int
    last_id: int
    previous_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class OkxDecoder:
    """Decodes the frames of one OKX market."""

    def __init__(self) -> None:
        self.law = Law.STREAM
        self.levels_max = OKX_LEVELS
        self.ticker_joins = True  # seqId numbers every public channel of an instrument

    def frame(self, payload: Buffer, grids: Mapping[Symbol, BookGrid]) -> MarketEvent:
        """Decodes one WebSocket message; what cannot be decoded is a LostFrame."""
        if bytes(payload[: len(PONG) + 1]) == PONG:
            return Control()
        try:
            fields = decode_json(payload)
            if not isinstance(fields, dict):
                raise DecodeError(DecodeKind.SCHEMA, "frame", "an object", fields)
            if "event" in fields or "op" in fields:
                return Control()
            channel = _channel(fields)
            if channel not in CHANNELS:
                return Ignored()
            symbol = _symbol(fields, grids)
        except DecodeError as error:
            return LostFrame(error.kind, str(error), None, False)
        try:
            return _push(channel, fields, grids[symbol])
        except DecodeError as error:
            return LostFrame(error.kind, str(error), symbol, channel in BOOKS)

    def snapshot(self, payload: Buffer, grid: BookGrid) -> DepthSnapshot:
        """OKX needs no snapshots beside its streams. Raises DecodeError."""
        raise DecodeError(DecodeKind.SCHEMA, "snapshot", "none, they come in the stream", len(payload))


def _channel(fields: Fields) -> str:
    if "arg" not in fields:
        return ""
    arg = fields["arg"]
    if not isinstance(arg, dict):
        raise DecodeError(DecodeKind.SCHEMA, "arg", "an object", arg)
    return text(arg, "channel")


def _symbol(fields: Fields, grids: Mapping[Symbol, BookGrid]) -> Symbol:
    arg = fields["arg"]
    assert isinstance(arg, dict)
    symbol = Symbol(text(arg, "instId"))
    if symbol not in grids:
        raise DecodeError(DecodeKind.UNKNOWN_SYMBOL, "arg.instId", "a subscribed instrument", symbol)
    return symbol


def _push(channel: str, fields: Fields, grid: BookGrid) -> MarketEvent:
    if channel in BOOKS and fields.get("action") not in ("snapshot", "update"):
        raise DecodeError(DecodeKind.SCHEMA, "action", "snapshot or update", fields.get("action"))
    items = fields.get("data")
    if not isinstance(items, list) or not items or (len(items) > 1 and channel != "trades"):
        raise DecodeError(DecodeKind.SCHEMA, "data", "an array of one element", items)
    events = [_item(channel, item, grid) for item in items]
    event = events[-1]
    if not isinstance(event, _Book):
        return event
    if channel in SHORT_BOOKS:
        bid, ask = (side[0] if side else EMPTY for side in (event.bids, event.asks))
        return Ticker(grid.symbol, event.last_id, event.venue_ns, *bid, *ask)
    if fields["action"] == "snapshot":
        return DepthSnapshot(grid.symbol, event.last_id, event.venue_ns, event.bids, event.asks)
    if event.previous_id == NOTHING_BEFORE:
        raise DecodeError(DecodeKind.RANGE, "prevSeqId", "an id, in an update", event.previous_id)
    ids = (event.last_id, event.last_id, event.previous_id)
    return DepthDelta(grid.symbol, *ids, event.venue_ns, event.bids, event.asks)


def _item(channel: str, item: object, grid: BookGrid) -> MarketEvent | _Book:
    if not isinstance(item, dict):
        raise DecodeError(DecodeKind.SCHEMA, "data[]", "an object", item)
    venue_ns = whole_text(item, "ts", TIME_MS_MAX) * 1_000_000
    if channel in BOOKS or channel in SHORT_BOOKS:
        return _book(item, venue_ns, grid)
    if channel == "trades":
        return _trade(item, venue_ns, grid)
    if channel == "tickers":
        return Stats(grid.symbol, venue_ns, 0 if item.get("last") == "" else price(item, "last", grid))
    if channel == "mark-price":
        return MarkPrice(grid.symbol, venue_ns, e12(item, "markPx"))
    rate_e12 = e12(item, "fundingRate")
    return FundingRate(grid.symbol, venue_ns, rate_e12, whole_text(item, "fundingTime", TIME_MS_MAX))


def _book(item: Fields, venue_ns: int, grid: BookGrid) -> _Book:
    last_id = whole(item, "seqId", UPDATE_ID_MAX) if "seqId" in item else 0
    previous_id = 0
    if item.get("prevSeqId") == NOTHING_BEFORE:
        previous_id = NOTHING_BEFORE
    elif "prevSeqId" in item:
        previous_id = whole(item, "prevSeqId", UPDATE_ID_MAX)
    bids = levels(item, "bids", grid)
    return _Book(venue_ns, last_id, previous_id, bids, levels(item, "asks", grid))


def _trade(item: Fields, venue_ns: int, grid: BookGrid) -> Trade:
    trade_id = whole_text(item, "tradeId", UPDATE_ID_MAX)
    price_ticks, size_lots = price(item, "px", grid), size(item, "sz", grid)
    side = item.get("side")
    if side not in ("buy", "sell"):
        raise DecodeError(DecodeKind.SCHEMA, "side", "buy or sell", side)
    return Trade(grid.symbol, trade_id, venue_ns, price_ticks, size_lots, _SIDES[str(side)], aggregate=False)
