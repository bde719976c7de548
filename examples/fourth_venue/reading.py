"""Bybit's public answers as the records of Trimaran. Lists come newest first and are turned round.

Every number is text and stays exact: prices and sizes that the desk trades become ticks and lots, all others
decimals. What cannot be read raises DecodeError that names the field, or an error of msgspec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.books.decimal_text import steps_of
from trimaran.domain.instrument import Instrument, Side, Symbol
from trimaran.venues.wire.asks import (
    Ask,
    Interval,
    Kline,
    Klines,
    PublicTrade,
    RecentTrades,
    ServerTime,
    TickerRow,
    Tickers,
)
from trimaran.venues.wire.instrument_list import decimal_of
from trimaran.venues.wire.market_spec import MS

Instruments = Mapping[Symbol, Instrument]
SIDES: Final = {"Buy": Side.BUY, "Sell": Side.SELL}
BARS: Final = {
    Interval.MINUTE_1: "1", Interval.MINUTE_3: "3", Interval.MINUTE_5: "5", Interval.MINUTE_15: "15",
    Interval.MINUTE_30: "30", Interval.HOUR_1: "60", Interval.HOUR_2: "120", Interval.HOUR_4: "240",
    Interval.HOUR_6: "360", Interval.HOUR_12: "720", Interval.DAY_1: "D", Interval.WEEK_1: "W",
}  # fmt: skip
BAR_FIELDS: Final = ("open", "high", "low", "close", "volume", "turnover")


class _Time(msgspec.Struct, rename="camel"):
    time_nano: str


class _Bars(msgspec.Struct):
    rows: list[tuple[str, str, str, str, str, str, str]] = msgspec.field(name="list")


class _Trade(msgspec.Struct, rename="camel"):
    exec_id: str
    price: str
    size: str
    side: str
    time: str


class _Trades(msgspec.Struct):
    rows: list[_Trade] = msgspec.field(name="list")


class _Ticker(msgspec.Struct, rename="camel"):
    symbol: str
    last_price: str = ""
    bid1_price: str = ""
    ask1_price: str = ""
    volume24h: str = ""
    turnover24h: str = ""


class _Tickers(msgspec.Struct):
    rows: list[_Ticker] = msgspec.field(name="list")


def kline_parameters(ask: Klines) -> dict[str, str]:
    """Of a window that begins at `since_ns`, or of the newest bars."""
    since = {"start": str(-(-ask.since_ns // MS))} if ask.since_ns else {}
    limit = str(max(1, min(ask.limit, 1_000)))
    return {
        "category": "spot", "symbol": ask.symbol, "interval": BARS[ask.interval], "limit": limit, **since
    }  # fmt: skip


def _time(ask: ServerTime, raw: msgspec.Raw, instruments: Instruments, local_ns: int) -> int:
    return _whole("timeNano", msgspec.json.decode(raw, type=_Time).time_nano)


def _klines(ask: Klines, raw: msgspec.Raw, instruments: Instruments, local_ns: int) -> tuple[Kline, ...]:
    """The newest bar is never taken for closed: Bybit does not say."""
    rows = msgspec.json.decode(raw, type=_Bars).rows
    return tuple(_bar(row, closed=at > 0) for at, row in reversed(list(enumerate(rows))))


def _bar(row: tuple[str, ...], closed: bool) -> Kline:
    first, highest, lowest, last, volume, turnover = (
        _decimal(name, text) for name, text in zip(BAR_FIELDS, row[1:], strict=True)
    )
    return Kline(_whole("start", row[0]) * MS, first, highest, lowest, last, volume, turnover, closed)


def _trades(
    ask: RecentTrades, raw: msgspec.Raw, instruments: Instruments, local_ns: int
) -> tuple[PublicTrade, ...]:
    each = instruments[ask.symbol]
    return tuple(
        PublicTrade(
            row.exec_id,
            _side(row.side),
            steps_of(row.price, each.price_grid, PRICE_TICKS_MAX, "price"),
            steps_of(row.size, each.size_grid, SIZE_LOTS_MAX, "size"),
            _whole("time", row.time) * MS,
        )
        for row in reversed(msgspec.json.decode(raw, type=_Trades).rows)
    )


def _tickers(
    ask: Tickers, raw: msgspec.Raw, instruments: Instruments, local_ns: int
) -> tuple[TickerRow, ...]:
    rows = msgspec.json.decode(raw, type=_Tickers).rows
    return tuple(
        TickerRow(
            instrument_key=instruments[Symbol(row.symbol)].key,
            last=decimal_of("lastPrice", row.last_price),
            bid=decimal_of("bid1Price", row.bid1_price),
            ask=decimal_of("ask1Price", row.ask1_price),
            base_volume=decimal_of("volume24h", row.volume24h),
            quote_volume=decimal_of("turnover24h", row.turnover24h),
            venue_ns=0,
        )
        for row in rows
        if Symbol(row.symbol) in instruments
    )


def _whole(field: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise DecodeError(DecodeKind.SCHEMA, field, "a whole number", text)
    return int(text)


def _decimal(field: str, text: str) -> Decimal:
    value = decimal_of(field, text)
    if value is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "a number", text)
    return value


def _side(text: str) -> Side:
    if text not in SIDES:
        raise DecodeError(DecodeKind.SCHEMA, "side", "Buy or Sell", text)
    return SIDES[text]


READERS: Final[Mapping[type[Ask[Any]], Callable[[Any, msgspec.Raw, Instruments, int], object]]] = {
    ServerTime: _time,
    Klines: _klines,
    RecentTrades: _trades,
    Tickers: _tickers,
}
