"""A native decoder and its Python twin side by side: what one frame says to each, in one shape.

A native decoder lives on from frame to frame, as on the desk, so that what is left of an earlier frame
would show: hand it more than one. Spelling and mutation of frames for structure-aware fuzzing stand here too.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from trimaran.base.json_value import Buffer
from trimaran.domain.answer import NO_BOOK, Kind
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Side, Symbol
from trimaran.domain.market import (
    BookGrid,
    Control,
    DepthDelta,
    DepthSnapshot,
    FundingRate,
    Ignored,
    LostFrame,
    MarketEvent,
    MarkPrice,
    Stats,
    Ticker,
    Trade,
)
from trimaran.engine.twin_state import Decoder
from trimaran.native._hot import FrameDecoder

# (kind, fault, book, depth_lost), and where the frame said something of a book also
# (first_id, last_id, previous_id, venue_ns, bids, asks, (bid_ticks, bid_lots, ask_ticks, ask_lots), sold,
#  (e12, funding_ms))
Row = tuple[Any, ...]

_SHOWN_BYTES = 400
_NO_TICKS = (0, 0, 0, 0)
_WITHOUT_BODY = (Kind.ERROR, Kind.CONTROL, Kind.IGNORED)


class Twins:
    """Both decoders of one market; books are numbered in the order of `grids`."""

    def __init__(self, dialect: Dialect, twin: Decoder, grids: Mapping[Symbol, BookGrid]) -> None:
        self.dialect, self.twin, self.grids = dialect, twin, grids

    def native(self) -> FrameDecoder:
        """A native decoder that has seen nothing."""
        decoder = FrameDecoder(int(self.dialect))
        for grid in self.grids.values():
            price, size = grid.price_grid, grid.size_grid
            decoder.add_symbol(grid.symbol, price.units, price.exponent, size.units, size.exponent)
        return decoder

    def agree_on(self, payloads: Iterable[Buffer]) -> list[Row]:
        """The answers to frames that one pair of decoders takes in turn. Fails when they differ."""
        native, books = self.native(), list(self.grids)
        rows = []
        for payload in payloads:
            row = _native_row(native, payload)
            assert row == _twin_row(self.twin.frame(payload, self.grids), books), bytes(
                payload[:_SHOWN_BYTES]
            )
            rows.append(row)
        return rows

    def agree(self, *payloads: Buffer) -> Row:
        """The answer to the last one; what went before must leave no trace."""
        return self.agree_on(payloads)[-1]


def _native_row(native: FrameDecoder, payload: Buffer) -> Row:
    row = native.frame(payload)
    if row[0] in _WITHOUT_BODY:
        return tuple(row[:4])
    if row[0] == Kind.SNAPSHOT:  # a whole book has one id
        return (*row[:4], 0, row[5], -1, *row[7:])
    return tuple(row)


def _twin_row(event: MarketEvent, books: list[Symbol]) -> Row:
    if isinstance(event, LostFrame):
        book = NO_BOOK if event.symbol is None else books.index(event.symbol)
        return (Kind.ERROR, event.kind, book, event.depth_lost)
    if isinstance(event, Control | Ignored):
        return (Kind.CONTROL if isinstance(event, Control) else Kind.IGNORED, 0, NO_BOOK, False)
    kind, ids, bids, asks, ticks, sold, reference = _body(event)
    head = (kind, 0, books.index(event.symbol), False)
    return (*head, *ids, event.venue_ns, list(bids), list(asks), ticks, sold, reference)


def _body(event: MarketEvent) -> Row:
    nothing = (0, 0, -1)
    if isinstance(event, DepthDelta):
        ids = (event.first_id, event.last_id, event.previous_id)
        return (Kind.DEPTH, ids, event.bids, event.asks, _NO_TICKS, False, (0, 0))
    if isinstance(event, DepthSnapshot):
        return (Kind.SNAPSHOT, (0, event.last_id, -1), event.bids, event.asks, _NO_TICKS, False, (0, 0))
    if isinstance(event, Ticker):
        ticks = (event.bid_ticks, event.bid_lots, event.ask_ticks, event.ask_lots)
        return (Kind.TICKER, (0, event.update_id, -1), (), (), ticks, False, (0, 0))
    if isinstance(event, Trade):
        kind = Kind.AGG_TRADE if event.aggregate else Kind.TRADE
        ticks, sold = (event.price_ticks, event.size_lots, 0, 0), event.aggressor is Side.SELL
        return (kind, (0, event.trade_id, -1), (), (), ticks, sold, (0, 0))
    if isinstance(event, Stats):
        return (Kind.STATS, nothing, (), (), (event.last_ticks, 0, 0, 0), False, (0, 0))
    if isinstance(event, MarkPrice):
        return (Kind.MARK, nothing, (), (), _NO_TICKS, False, (event.price_e12, 0))
    assert isinstance(event, FundingRate)
    return (Kind.FUNDING, nothing, (), (), _NO_TICKS, False, (event.rate_e12, event.settles_ms))


edits = st.lists(st.tuples(st.integers(0, 1_000), st.binary(max_size=3), st.integers(0, 3)), max_size=3)


def edited(frame: bytes, changes: list[tuple[int, bytes, int]]) -> bytes:
    """The frame with some bytes replaced; see `edits`."""
    text = bytearray(frame)
    for at, insert, remove in changes:
        at %= len(text) + 1
        text[at : at + remove] = insert
    return bytes(text)


def spell(value: object, rng: random.Random) -> str:
    """JSON with the freedoms that JSON has: blanks, escapes, number spellings, repeated keys."""
    blank = rng.choice(["", "", "", " ", "\n\t"])
    if isinstance(value, dict):
        members = [(k, v) for k, v in value.items()]
        if members and rng.random() < 0.2:
            members.append(rng.choice(members))
        rng.shuffle(members)
        inner = ",".join(f"{blank}{spell(k, rng)}{blank}:{spell(v, rng)}" for k, v in members)
        return "{" + inner + blank + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(blank + spell(item, rng) for item in value) + blank + "]"
    if isinstance(value, str) and value and rng.random() < 0.1:
        return '"' + "".join(f"\\u{ord(ch):04x}" if ord(ch) < 0xD800 else "?" for ch in value) + '"'
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.1:
        return f"{value}{rng.choice(['.0', 'e0', '0e-1', 'E+1'])}"
    return json.dumps(value)
