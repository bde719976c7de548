"""OKX's public REST data: time, bars, trades, tickers, funding. None of it is signed.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data and #public-data-rest-api. Lists come
newest first and are turned round. Bars of six hours and more begin at 00:00 UTC in the `utc` variants, which
are the ones asked for. Volumes of swaps count contracts in `vol`, base asset in `volCcy`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.domain.instrument import Symbol
from trimaran.venues.okx.envelope import Context, Draft, all_of, get, only
from trimaran.venues.okx.fields import (
    decimal,
    decimal_or_none,
    id_of,
    lots,
    price_ticks,
    side_of,
    time_ns,
)
from trimaran.venues.wire.asks import (
    Ask,
    Funding,
    FundingNow,
    Interval,
    Kline,
    Klines,
    PublicTrade,
    RecentTrades,
    ServerTime,
    TickerRow,
    Tickers,
)
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.market_spec import HOUR, MINUTE, MS
from trimaran.venues.wire.message import Charge, Stamp

Rows = Sequence[msgspec.Raw]
BARS_MAX: Final = 300
TRADES_MAX: Final = 500
RECENT_BARS: Final = 1_400  # `candles` reaches 1,440 bars back; behind that `history-candles` answers
DAY: Final = 24 * HOUR
BARS: Final[Mapping[Interval, tuple[str, int]]] = {
    Interval.MINUTE_1: ("1m", MINUTE),
    Interval.MINUTE_3: ("3m", 3 * MINUTE),
    Interval.MINUTE_5: ("5m", 5 * MINUTE),
    Interval.MINUTE_15: ("15m", 15 * MINUTE),
    Interval.MINUTE_30: ("30m", 30 * MINUTE),
    Interval.HOUR_1: ("1H", HOUR),
    Interval.HOUR_2: ("2H", 2 * HOUR),
    Interval.HOUR_4: ("4H", 4 * HOUR),
    Interval.HOUR_6: ("6Hutc", 6 * HOUR),
    Interval.HOUR_12: ("12Hutc", 12 * HOUR),
    Interval.DAY_1: ("1Dutc", DAY),
    Interval.WEEK_1: ("1Wutc", 7 * DAY),
}
_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME, _VOLUME_CURRENCY, _VOLUME_QUOTE, _CONFIRMED = range(1, 9)


class _Time(msgspec.Struct):
    ts: str


class _Trade(msgspec.Struct, rename="camel"):
    trade_id: str
    px: str
    sz: str
    side: str
    ts: str


class _Ticker(msgspec.Struct, rename="camel"):
    inst_id: str
    last: str = ""
    bid_px: str = ""
    ask_px: str = ""
    volume: str = msgspec.field(name="vol24h", default="")
    volume_currency: str = msgspec.field(name="volCcy24h", default="")
    ts: str = ""


class _Funding(msgspec.Struct, rename="camel"):
    inst_id: str
    funding_rate: str
    funding_time: str


_TIME: Final = msgspec.json.Decoder(_Time)
_BAR: Final = msgspec.json.Decoder(list[str])
_TRADE: Final = msgspec.json.Decoder(_Trade)
_TICKER: Final = msgspec.json.Decoder(_Ticker)
_FUNDING: Final = msgspec.json.Decoder(_Funding)


def _public(path: str, parameters: Mapping[str, str], budget: str) -> Draft:
    return get(path, parameters, Charge(budget), signed=False)


def _time(ask: ServerTime, context: Context, stamp: Stamp) -> Draft:
    return _public("/api/v5/public/time", {}, "time")


def _klines(ask: Klines, context: Context, stamp: Stamp) -> Draft:
    """A window is bounded on both sides: with `before` alone OKX answers the newest bars behind it."""
    symbol = context.instrument(ask.symbol).symbol
    bar, length_ns = BARS[ask.interval]
    limit = max(1, min(ask.limit, BARS_MAX))
    parameters = {"instId": symbol, "bar": bar, "limit": str(limit)}
    if not ask.since_ns:
        return _public("/api/v5/market/candles", parameters, "candles")
    first_ms = -(-ask.since_ns // MS)
    parameters["before"] = str(first_ms - 1)  # both bounds are exclusive
    parameters["after"] = str(first_ms + limit * (length_ns // MS))
    if stamp.venue_ns - ask.since_ns > RECENT_BARS * length_ns:
        return _public("/api/v5/market/history-candles", parameters, "history-candles")
    return _public("/api/v5/market/candles", parameters, "candles")


def _trades(ask: RecentTrades, context: Context, stamp: Stamp) -> Draft:
    symbol = context.instrument(ask.symbol).symbol
    limit = str(max(1, min(ask.limit, TRADES_MAX)))
    return _public("/api/v5/market/trades", {"instId": symbol, "limit": limit}, "trades")


def _tickers(ask: Tickers, context: Context, stamp: Stamp) -> Draft:
    if ask.symbol is None:
        return _public("/api/v5/market/tickers", {"instType": context.kind}, "tickers")
    symbol = context.instrument(ask.symbol).symbol
    return _public("/api/v5/market/ticker", {"instId": symbol}, "tickers")


def _funding(ask: FundingNow, context: Context, stamp: Stamp) -> Draft | Unsupported:
    missing = context.missing(Capability.FUNDING)
    if missing is not None:
        return missing
    symbol = context.instrument(ask.symbol).symbol
    return _public("/api/v5/public/funding-rate", {"instId": symbol}, "funding")


def _read_time(ask: ServerTime, raws: Rows, context: Context, local_ns: int) -> int:
    return time_ns("ts", only(raws, _TIME).ts)


def _read_klines(ask: Klines, raws: Rows, context: Context, local_ns: int) -> tuple[Kline, ...]:
    bars = all_of(raws, _BAR)
    return tuple(_bar(row, context) for row in reversed(bars))


def _bar(row: Sequence[str], context: Context) -> Kline:
    if len(row) <= _CONFIRMED:
        raise DecodeError(DecodeKind.SCHEMA, "data[]", "a bar of 9 members", len(row))
    base = _VOLUME if context.is_spot else _VOLUME_CURRENCY
    return Kline(
        open_ns=time_ns("ts", row[0]),
        open=decimal("o", row[_OPEN]),
        high=decimal("h", row[_HIGH]),
        low=decimal("l", row[_LOW]),
        close=decimal("c", row[_CLOSE]),
        base_volume=decimal("vol", row[base]),
        quote_volume=decimal_or_none("volCcyQuote", row[_VOLUME_QUOTE]),
        closed=row[_CONFIRMED] == "1",
    )


def _read_trades(ask: RecentTrades, raws: Rows, context: Context, local_ns: int) -> tuple[PublicTrade, ...]:
    instrument = context.instrument(ask.symbol)
    return tuple(
        PublicTrade(
            trade_id=id_of("tradeId", row.trade_id),
            side=side_of("side", row.side),
            price_ticks=price_ticks("px", row.px, instrument),
            lots=lots("sz", row.sz, instrument),
            venue_ns=time_ns("ts", row.ts),
        )
        for row in reversed(all_of(raws, _TRADE))
    )


def _read_tickers(ask: Tickers, raws: Rows, context: Context, local_ns: int) -> tuple[TickerRow, ...]:
    known = [row for row in all_of(raws, _TICKER) if Symbol(row.inst_id) in context.instruments]
    return tuple(_ticker(row, context) for row in known)


def _ticker(row: _Ticker, context: Context) -> TickerRow:
    spot = context.is_spot
    return TickerRow(
        instrument_key=context.instrument(Symbol(row.inst_id)).key,
        last=decimal_or_none("last", row.last),
        bid=decimal_or_none("bidPx", row.bid_px),
        ask=decimal_or_none("askPx", row.ask_px),
        base_volume=decimal_or_none("vol24h", row.volume if spot else row.volume_currency),
        quote_volume=decimal_or_none("volCcy24h", row.volume_currency) if spot else None,
        venue_ns=time_ns("ts", row.ts),
    )


def _read_funding(ask: FundingNow, raws: Rows, context: Context, local_ns: int) -> Funding:
    row = only(raws, _FUNDING)
    if row.inst_id != ask.symbol:
        raise DecodeError(DecodeKind.SCHEMA, "instId", ask.symbol, row.inst_id)
    return Funding(
        instrument_key=context.instrument(ask.symbol).key,
        rate=decimal("fundingRate", row.funding_rate),
        next_ns=time_ns("fundingTime", row.funding_time),
        mark_price=None,
        index_price=None,
    )


WRITERS: Final[Mapping[type[Ask[Any]], Callable[[Any, Context, Stamp], Draft | Unsupported]]] = {
    ServerTime: _time,
    Klines: _klines,
    RecentTrades: _trades,
    Tickers: _tickers,
    FundingNow: _funding,
}
READERS: Final[Mapping[type[Ask[Any]], Callable[[Any, Rows, Context, int], object]]] = {
    ServerTime: _read_time,
    Klines: _read_klines,
    RecentTrades: _read_trades,
    Tickers: _read_tickers,
    FundingNow: _read_funding,
}
