"""Bybit's public frames in the words of the dialect of the slow path.

Sources: https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook, .../trade, .../ticker. The `u`
of a book's stream counts its messages by one, so a delta continues the message before it; `u` 1 is a whole
book after a restart of the service, whatever `type` says. Prices and sizes stay the texts that they are.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.json_value import Buffer
from trimaran.venues.wire.translated import (
    CONTROL,
    IGNORED,
    NOTHING_BEFORE,
    PublicTrade,
    book_frame,
    decode,
    last_price_frame,
    trades_frame,
)

BOOK, TRADE, TICKER = "orderbook", "publicTrade", "tickers"
RESTARTED: Final = 1
SIDES: Final = {"Buy": "buy", "Sell": "sell"}


class _Frame(msgspec.Struct):
    topic: str = ""
    type: str = ""
    ts: int = 0
    op: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Book(msgspec.Struct):
    s: str
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]
    u: int


class _Trade(msgspec.Struct):
    i: str
    s: str
    p: str
    v: str
    side: str = msgspec.field(name="S")
    ms: int = msgspec.field(name="T")


class _Ticker(msgspec.Struct, rename="camel"):
    symbol: str
    last_price: str = ""


_FRAME: Final = msgspec.json.Decoder(_Frame)
_BOOK: Final = msgspec.json.Decoder(_Book)
_TRADES: Final = msgspec.json.Decoder(list[_Trade])
_TICKER: Final = msgspec.json.Decoder(_Ticker)


class BybitTranslator:
    """A `Translator`. It remembers nothing: each frame says all that is needed."""

    levels_max = 200

    def frame(self, payload: Buffer) -> bytes:
        """The frame in its place. Raises DecodeError."""
        frame = decode(_FRAME, payload)
        if frame.op is not None:
            return CONTROL
        channel = frame.topic.partition(".")[0]
        if channel == BOOK:
            return _book(frame)
        if channel == TRADE:
            return _trades(frame)
        return _ticker(frame) if channel == TICKER else IGNORED


def _book(frame: _Frame) -> bytes:
    book = decode(_BOOK, frame.data)
    if frame.type not in ("snapshot", "delta"):
        raise DecodeError(DecodeKind.SCHEMA, "type", "snapshot or delta", frame.type)
    whole = frame.type == "snapshot" or book.u == RESTARTED
    return book_frame(book.s, frame.ts, book.u, NOTHING_BEFORE if whole else book.u - 1, book.b, book.a)


def _trades(frame: _Frame) -> bytes:
    trades = decode(_TRADES, frame.data)
    if not trades or any(trade.side not in SIDES or trade.s != trades[0].s for trade in trades):
        raise DecodeError(DecodeKind.SCHEMA, "data", "trades of one instrument", trades[:1])
    rows = [PublicTrade(each.i, each.p, each.v, SIDES[each.side], str(each.ms)) for each in trades]
    return trades_frame(trades[0].s, rows)


def _ticker(frame: _Frame) -> bytes:
    ticker = decode(_TICKER, frame.data)
    return last_price_frame(ticker.symbol, frame.ts, ticker.last_price)
