"""Binance spot and USD-M frames to market events: the twin of `binance.hpp`, and its oracle.

Wire shapes: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams

Combined (`{"stream":..,"data":{..}}`) and raw frames are both taken. Fields may come in any order and unknown
ones are ignored; of a repeated key the last one counts. The order of the checks is part of the contract:
both twins report the same first error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.json_value import Buffer, JsonValue, decode_json
from trimaran.base.limits import BOOK_LEVELS_MAX, TIME_MS_MAX, UPDATE_ID_MAX
from trimaran.books.sequencing import Law
from trimaran.domain.answer import Kind
from trimaran.domain.instrument import Side, Symbol
from trimaran.domain.market import (
    BookGrid,
    Control,
    DepthDelta,
    DepthSnapshot,
    Ignored,
    LostFrame,
    MarketEvent,
    Ticker,
    Trade,
)
from trimaran.venues.wire.members import Fields, levels, price, size, text, whole

_KINDS: Final[Mapping[str, Kind]] = {
    "depthUpdate": Kind.DEPTH,
    "bookTicker": Kind.TICKER,
    "trade": Kind.TRADE,
    "aggTrade": Kind.AGG_TRADE,
    "serverShutdown": Kind.CONTROL,
}
_CONTROL_KEYS: Final = ("result", "id", "error", "code")
_STREAM_BYTES_MAX: Final = 128


class BinanceDecoder:
    """Decodes the frames of one market; `law` says how its depth events prove continuity."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.levels_max = BOOK_LEVELS_MAX
        self.ticker_joins = True

    def frame(self, payload: Buffer, grids: Mapping[Symbol, BookGrid]) -> MarketEvent:
        """Decodes one WebSocket message; what cannot be decoded is a LostFrame."""
        try:
            fields = _event_fields(decode_json(payload))
            kind = Kind.IGNORED if fields is None else _kind_of(fields)
            if fields is None or kind is Kind.IGNORED:
                return Ignored()
            if kind is Kind.CONTROL:
                return Control()
            symbol = Symbol(text(fields, "s"))
            if symbol not in grids:
                raise DecodeError(DecodeKind.UNKNOWN_SYMBOL, "s", "a subscribed symbol", symbol)
        except DecodeError as error:
            return LostFrame(error.kind, str(error), None, False)
        try:
            return _typed(kind, fields, grids[symbol], self.law is Law.CHAIN)
        except DecodeError as error:
            return LostFrame(error.kind, str(error), symbol, kind is Kind.DEPTH)

    def snapshot(self, payload: Buffer, grid: BookGrid) -> DepthSnapshot:
        """Decodes a REST depth answer `{"lastUpdateId":..,"bids":[..],"asks":[..]}`. Raises DecodeError."""
        value = decode_json(payload)
        if not isinstance(value, dict):
            raise DecodeError(DecodeKind.SCHEMA, "snapshot", "an object", value)
        last_id = _id(value, "lastUpdateId")
        venue_ns = _time_ns(value, required=False)
        bids = levels(value, "bids", grid)
        return DepthSnapshot(grid.symbol, last_id, venue_ns, bids, levels(value, "asks", grid))


def _event_fields(value: JsonValue) -> Fields | None:
    """The event's own object; None for a stream that is none of ours."""
    if not isinstance(value, dict):
        raise DecodeError(DecodeKind.SCHEMA, "frame", "an object", value)
    data = value.get("data")
    if "stream" not in value or not isinstance(data, dict):
        return value
    return None if _is_partial_depth(text(value, "stream")) else data


def _is_partial_depth(stream: str) -> bool:
    """`btcusdt@depth5@100ms` has the shape of a diff on USD-M but is a whole (short) book."""
    if len(stream) > _STREAM_BYTES_MAX or not stream.isascii():
        return False
    at = stream.find("@depth")
    return at >= 0 and stream[at + 6 : at + 7] in tuple("0123456789")


def _kind_of(fields: Fields) -> Kind:
    if "e" in fields:
        return _KINDS.get(text(fields, "e"), Kind.IGNORED)
    if "u" in fields and "B" in fields:  # spot bookTicker has no "e"
        return Kind.TICKER
    return Kind.CONTROL if any(key in fields for key in _CONTROL_KEYS) else Kind.IGNORED


def _typed(kind: Kind, fields: Fields, grid: BookGrid, chained: bool) -> MarketEvent:
    if kind is Kind.DEPTH:
        return _depth(fields, grid, chained)
    if kind is Kind.TICKER:
        return _ticker(fields, grid)
    return _trade(fields, grid, aggregate=kind is Kind.AGG_TRADE)


def _depth(fields: Fields, grid: BookGrid, chained: bool) -> DepthDelta:
    venue_ns = _time_ns(fields, required=True)
    first_id, last_id = _id(fields, "U"), _id(fields, "u")
    previous_id = _id(fields, "pu") if chained else -1
    if first_id > last_id:
        raise DecodeError(DecodeKind.RANGE, "U", f"at most u={last_id}", first_id)
    bids = levels(fields, "b", grid)
    asks = levels(fields, "a", grid)
    return DepthDelta(grid.symbol, first_id, last_id, previous_id, venue_ns, bids, asks)


def _ticker(fields: Fields, grid: BookGrid) -> Ticker:
    venue_ns = _time_ns(fields, required=False)
    update_id = _id(fields, "u")
    bid_ticks, bid_lots = price(fields, "b", grid), size(fields, "B", grid)
    ask_ticks, ask_lots = price(fields, "a", grid), size(fields, "A", grid)
    return Ticker(grid.symbol, update_id, venue_ns, bid_ticks, bid_lots, ask_ticks, ask_lots)


def _trade(fields: Fields, grid: BookGrid, aggregate: bool) -> Trade:
    venue_ns = _time_ns(fields, required=True)
    trade_id = _id(fields, "a" if aggregate else "t")
    price_ticks, size_lots = price(fields, "p", grid), size(fields, "q", grid)
    buyer_is_maker = fields.get("m")
    if not isinstance(buyer_is_maker, bool):
        raise DecodeError(DecodeKind.SCHEMA, "m", "true or false", buyer_is_maker)
    aggressor = Side.SELL if buyer_is_maker else Side.BUY
    return Trade(grid.symbol, trade_id, venue_ns, price_ticks, size_lots, aggressor, aggregate)


def _id(fields: Fields, key: str) -> int:
    return whole(fields, key, UPDATE_ID_MAX)


def _time_ns(fields: Fields, required: bool) -> int:
    if not required and "E" not in fields:
        return 0
    return whole(fields, "E", TIME_MS_MAX) * 1_000_000
