"""HTX frames, spot and USDT swaps, to market events: the twin of `htx.hpp`, and its oracle.

Wire shapes: https://huobiapi.github.io/docs/spot/v1/en/#websocket-market-data and
https://huobiapi.github.io/docs/usdt_swap/v1/en/ ("WebSocket market interface"). A push is
`{"ch":topic,"ts":..,"tick":{..}}`, the answer to a request `{"rep":topic,"status":"ok","data":{..}}`; gzip,
or text. The time is the object's own where it has one, else the outer `ts`. What is left of a spot order by
value is shown with up to 16 digits, more than the grid, or 64 bits, can hold: sizes of spot are cut to the
grid.

Members may come in any order and unknown ones are ignored; of a repeated key the last one counts. The order
of the checks is part of the contract: both twins report the same first error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.json_value import Buffer, JsonValue, NumberText, decode_json
from trimaran.base.limits import HTX_LEVELS, TIME_MS_MAX, UPDATE_ID_MAX
from trimaran.books.sequencing import Law
from trimaran.domain.instrument import Side, Symbol
from trimaran.domain.market import (
    BookGrid,
    Control,
    DepthDelta,
    DepthSnapshot,
    Ignored,
    Level,
    LostFrame,
    MarketEvent,
    Ticker,
    Trade,
)
from trimaran.venues.wire.inflate import inflate
from trimaran.venues.wire.members import Fields, level, levels, price, size, text, whole

# (members of tick or data, time of the frame or None where the object has its own, grid) -> event
_Read = Callable[[Fields, Fields, BookGrid], MarketEvent]
_Topics = tuple[tuple[re.Pattern[str], _Read], ...]

_TOPIC: Final = re.compile(r"market\.([^.]*)\.(.+)", re.ASCII | re.DOTALL)
_TOPIC_BYTES_MAX: Final = 96
_CONTROL_KEYS: Final = ("ping", "op", "subbed", "unsubbed", "err-code")
_EMPTY: Final[Level] = (0, 0)


class _HtxDecoder:
    """Decodes the frames of one market."""

    levels_max = HTX_LEVELS
    ticker_joins = False

    def __init__(self, law: Law, pushes: _Topics, replies: _Topics, cuts_sizes: bool) -> None:
        self.law = law
        self._cuts_sizes = cuts_sizes
        self._pushes = pushes
        self._replies = replies

    def frame(self, payload: Buffer, grids: Mapping[Symbol, BookGrid]) -> MarketEvent:
        """Decodes one WebSocket message; what cannot be decoded is a LostFrame."""
        try:
            fields = decode_json(inflate(payload))
            if not isinstance(fields, dict):
                raise DecodeError(DecodeKind.SCHEMA, "frame", "an object", fields)
            reply = "rep" in fields
            if _is_control(fields, reply):
                return Control()
            routed = self._route(fields, reply)
            if routed is None:
                return Ignored()
            symbol, read = routed
            if symbol not in grids:
                raise DecodeError(DecodeKind.UNKNOWN_SYMBOL, "ch", "a subscribed symbol", symbol)
        except DecodeError as error:
            return LostFrame(error.kind, str(error), None, False)
        try:
            grid = msgspec.structs.replace(grids[symbol], cuts_sizes=self._cuts_sizes)
            return read(_object(fields, "data" if reply else "tick"), fields, grid)
        except DecodeError as error:
            return LostFrame(error.kind, str(error), symbol, read in _OF_BOOKS)

    def snapshot(self, payload: Buffer, grid: BookGrid) -> DepthSnapshot:
        """Always raises DecodeError: HTX answers a request for a whole book with a frame."""
        raise DecodeError(DecodeKind.SCHEMA, "snapshot", "none beside the stream", len(payload))

    def _route(self, fields: Fields, reply: bool) -> tuple[Symbol, _Read] | None:
        key = "rep" if reply else "ch"
        if key not in fields:
            return None
        topic = text(fields, key)
        match = _TOPIC.fullmatch(topic) if topic.isascii() and len(topic) <= _TOPIC_BYTES_MAX else None
        if match is None:
            return None
        for pattern, read in self._replies if reply else self._pushes:
            if pattern.fullmatch(match[2]):
                return Symbol(match[1]), read
        return None


class HtxSpotDecoder(_HtxDecoder):
    """HTX spot."""

    def __init__(self) -> None:
        super().__init__(Law.LINK, _SPOT, _SPOT_REPLIES, cuts_sizes=True)


class HtxSwapDecoder(_HtxDecoder):
    """HTX USDT swaps."""

    def __init__(self) -> None:
        super().__init__(Law.STREAM, _SWAP, (), cuts_sizes=False)


def _is_control(fields: Fields, reply: bool) -> bool:
    """Heartbeats, and answers that bring no data."""
    if any(key in fields for key in _CONTROL_KEYS):
        return True
    if reply:
        status = fields.get("status")
        return status != "ok" or isinstance(status, NumberText)
    return "status" in fields and "ch" not in fields


def _changes(tick: Fields, frame: Fields, grid: BookGrid) -> DepthDelta:
    own_ns = _own_ns(tick, "ts")
    last_id = whole(tick, "seqNum", UPDATE_ID_MAX)
    previous_id = whole(tick, "prevSeqNum", UPDATE_ID_MAX)
    if last_id < previous_id:
        raise DecodeError(DecodeKind.RANGE, "seqNum", f"at least prevSeqNum={previous_id}", last_id)
    return _delta(tick, frame, grid, own_ns, last_id, previous_id)


def _stream(tick: Fields, frame: Fields, grid: BookGrid) -> DepthDelta | DepthSnapshot:
    own_ns = _own_ns(tick, "ts")
    event = tick.get("event")
    if event not in ("snapshot", "update"):
        raise DecodeError(DecodeKind.SCHEMA, "event", "snapshot or update", event)
    version = whole(tick, "version", UPDATE_ID_MAX)
    if event == "snapshot":
        return _whole_book(tick, frame, grid, own_ns, version)
    if version == 0:
        raise DecodeError(DecodeKind.RANGE, "version", "at least 1", version)
    return _delta(tick, frame, grid, own_ns, version, version - 1)


def _reply(data: Fields, frame: Fields, grid: BookGrid) -> DepthSnapshot:
    own_ns = _own_ns(data, "ts")
    return _whole_book(data, frame, grid, own_ns, whole(data, "seqNum", UPDATE_ID_MAX))


def _short(tick: Fields, frame: Fields, grid: BookGrid) -> Ticker:
    own_ns = _own_ns(tick, "ts")
    return _first_levels(tick, frame, grid, own_ns, whole(tick, "seqNum", UPDATE_ID_MAX))


def _steps(tick: Fields, frame: Fields, grid: BookGrid) -> Ticker:
    own_ns = _own_ns(tick, "ts")
    version = whole(tick, "version", UPDATE_ID_MAX) if "version" in tick else 0
    return _first_levels(tick, frame, grid, own_ns, version)


def _quote(tick: Fields, frame: Fields, grid: BookGrid) -> Ticker:
    own_ns = _own_ns(tick, "quoteTime")
    update_id = whole(tick, "seqId", UPDATE_ID_MAX)
    bid, ask = (
        _EMPTY if tick.get(key) is None else (price(tick, key, grid), size(tick, f"{key}Size", grid))
        for key in ("bid", "ask")
    )
    return Ticker(grid.symbol, update_id, _time_ns(frame, own_ns), *bid, *ask)


def _pair(tick: Fields, frame: Fields, grid: BookGrid) -> Ticker:
    own_ns = _own_ns(tick, "ts")
    update_id = whole(tick, "version", UPDATE_ID_MAX)
    bid, ask = (
        _EMPTY if tick.get(key) is None else level(tick.get(key), key, grid) for key in ("bid", "ask")
    )
    return Ticker(grid.symbol, update_id, _time_ns(frame, own_ns), *bid, *ask)


def _spot_trades(tick: Fields, _: Fields, grid: BookGrid) -> Trade:
    return _latest(tick, "tradeId", grid)


def _swap_trades(tick: Fields, _: Fields, grid: BookGrid) -> Trade:
    return _latest(tick, "id", grid)


def _latest(tick: Fields, id_key: str, grid: BookGrid) -> Trade:
    """The trade of the greatest id, of which a later one is the later trade."""
    deals = tick.get("data")
    if not isinstance(deals, list) or not deals:
        raise DecodeError(DecodeKind.SCHEMA, "data", "an array of trades", deals)
    trades = [_trade(deal, id_key, grid) for deal in deals]
    return max(reversed(trades), key=lambda trade: trade.trade_id)


def _trade(deal: JsonValue, id_key: str, grid: BookGrid) -> Trade:
    if not isinstance(deal, dict):
        raise DecodeError(DecodeKind.SCHEMA, "data", "an object", deal)
    trade_id = whole(deal, id_key, UPDATE_ID_MAX)
    price_ticks, size_lots = price(deal, "price", grid), size(deal, "amount", grid)
    direction = deal.get("direction")
    if direction not in ("buy", "sell"):
        raise DecodeError(DecodeKind.SCHEMA, "direction", "buy or sell", direction)
    venue_ns = whole(deal, "ts", TIME_MS_MAX) * 1_000_000
    aggressor = Side.SELL if direction == "sell" else Side.BUY
    return Trade(grid.symbol, trade_id, venue_ns, price_ticks, size_lots, aggressor, False)


def _delta(
    tick: Fields, frame: Fields, grid: BookGrid, own_ns: int | None, last_id: int, previous_id: int
) -> DepthDelta:
    """A change; where a side is missing nothing changed."""
    bids, asks = (() if tick.get(key) is None else levels(tick, key, grid) for key in ("bids", "asks"))
    return DepthDelta(grid.symbol, last_id, last_id, previous_id, _time_ns(frame, own_ns), bids, asks)


def _whole_book(
    tick: Fields, frame: Fields, grid: BookGrid, own_ns: int | None, last_id: int
) -> DepthSnapshot:
    bids, asks = levels(tick, "bids", grid), levels(tick, "asks", grid)
    return DepthSnapshot(grid.symbol, last_id, _time_ns(frame, own_ns), bids, asks)


def _first_levels(tick: Fields, frame: Fields, grid: BookGrid, own_ns: int | None, update_id: int) -> Ticker:
    book = _whole_book(tick, frame, grid, own_ns, update_id)
    bid, ask = (side[0] if side else _EMPTY for side in (book.bids, book.asks))
    return Ticker(grid.symbol, update_id, book.venue_ns, *bid, *ask)


def _object(fields: Fields, key: str) -> Fields:
    value = fields.get(key)
    if not isinstance(value, dict):
        raise DecodeError(DecodeKind.SCHEMA, key, "an object", value)
    return value


def _own_ns(tick: Fields, key: str) -> int | None:
    return whole(tick, key, TIME_MS_MAX) * 1_000_000 if key in tick else None


def _time_ns(frame: Fields, own_ns: int | None) -> int:
    return whole(frame, "ts", TIME_MS_MAX) * 1_000_000 if own_ns is None else own_ns


_OF_BOOKS: Final = (_changes, _stream, _reply)
_SPOT: Final[_Topics] = (
    (re.compile(r"mbp\.[0-9]+"), _changes),
    (re.compile(r"mbp\.refresh\.[0-9]+"), _short),
    (re.compile(r"depth\.step[0-9]+"), _steps),
    (re.compile("bbo"), _quote),
    (re.compile(r"trade\.detail"), _spot_trades),
)
_SPOT_REPLIES: Final[_Topics] = ((re.compile(r"mbp\.[0-9]+"), _reply),)
_SWAP: Final[_Topics] = (
    (re.compile(r"depth\.size_(150|20)\.high_freq"), _stream),
    (re.compile(r"depth\.step[0-9]+"), _steps),
    (re.compile("bbo"), _pair),
    (re.compile(r"trade\.detail"), _swap_trades),
)
