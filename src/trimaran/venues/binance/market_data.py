"""Public questions to Binance: time, bars, trades, tickers, funding.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api

Days and weeks begin at 00:00 UTC. A bar is closed once its last millisecond is over by the receiver's clock.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import TIME_MS_MAX
from trimaran.domain.instrument import Instrument, Side
from trimaran.venues.binance.fields import (
    MS,
    Milliseconds,
    Number,
    amount_or_none,
    lots_of,
    positive_or_none,
    ticks_of,
)
from trimaran.venues.binance.reports import traded
from trimaran.venues.binance.routes import MARK_PRICE, Desk, Wording
from trimaran.venues.wire.asks import (
    Funding,
    FundingNow,
    Kline,
    Klines,
    PublicTrade,
    RecentTrades,
    ServerTime,
    TickerRow,
    Tickers,
)
from trimaran.venues.wire.capability import Capability, Unsupported

TRADES_MAX: Final = 1000
_ROW_LENGTH_MIN: Final = 8  # open time, o, h, l, c, volume, close time, quote volume; more may follow

Written = Wording | Unsupported


class _Time(msgspec.Struct, rename="camel"):
    server_time: Milliseconds


class _Trade(msgspec.Struct, rename="camel"):
    id: Number
    price: str
    qty: str
    time: Milliseconds
    is_buyer_maker: bool


class _Ticker(msgspec.Struct, rename="camel"):
    symbol: str
    last_price: str = ""
    bid_price: str = ""
    ask_price: str = ""
    volume: str = ""
    quote_volume: str = ""
    close_time: Milliseconds = 0


class _MarkPrice(msgspec.Struct, rename="camel"):
    symbol: str
    last_funding_rate: str
    next_funding_time: Milliseconds
    mark_price: str = ""
    index_price: str = ""


_TIME: Final = msgspec.json.Decoder(_Time)
_KLINES: Final = msgspec.json.Decoder(list[list[int | str]])
_TRADES: Final = msgspec.json.Decoder(list[_Trade])
_TICKER: Final = msgspec.json.Decoder(_Ticker)
_TICKERS: Final = msgspec.json.Decoder(list[_Ticker])
_MARK_PRICE: Final = msgspec.json.Decoder(_MarkPrice)


def write_time(desk: Desk, ask: ServerTime) -> Written:
    """The venue's clock."""
    return Wording(desk.words.time)


def write_klines(desk: Desk, ask: Klines) -> Written:
    """Bars of an instrument."""
    desk.instrument(ask.symbol)
    weights = desk.words.kline_weights
    limit = max(1, min(ask.limit, weights[-1][0]))
    parameters: dict[str, str | int] = {"symbol": ask.symbol, "interval": ask.interval.value, "limit": limit}
    if ask.since_ns > 0:
        parameters["startTime"] = ask.since_ns // MS
    return Wording(desk.words.klines, parameters, _weight(weights, limit))


def write_trades(desk: Desk, ask: RecentTrades) -> Written:
    """The last trades of an instrument."""
    desk.instrument(ask.symbol)
    return Wording(desk.words.trades, {"symbol": ask.symbol, "limit": max(1, min(ask.limit, TRADES_MAX))})


def write_tickers(desk: Desk, ask: Tickers) -> Written:
    """Tickers of one instrument or of all of the desk; where they cannot be named, of the whole market."""
    words = desk.words
    if ask.symbol is not None:
        desk.instrument(ask.symbol)
        return Wording(words.ticker, {"symbol": ask.symbol})
    symbols = sorted(desk.by_symbol)
    everything = words.ticker_weights[-1][1]
    weight = _weight(words.ticker_weights, len(symbols))
    if not words.ticker_lists or not symbols or weight == everything:
        return Wording(words.ticker, {}, everything)
    return Wording(words.ticker, {"symbols": msgspec.json.encode(symbols).decode()}, weight)


def write_funding(desk: Desk, ask: FundingNow) -> Written:
    """Funding, mark and index of a perpetual."""
    if not desk.words.perpetual:
        return Unsupported(Capability.FUNDING, "spot pays no funding")
    desk.instrument(ask.symbol)
    return Wording(MARK_PRICE, {"symbol": ask.symbol})


def read_time(desk: Desk, ask: ServerTime, body: bytes, local_ns: int) -> int:
    """Nanoseconds since the epoch."""
    return _TIME.decode(body).server_time * MS


def read_klines(desk: Desk, ask: Klines, body: bytes, local_ns: int) -> tuple[Kline, ...]:
    """Bars, oldest first, as Binance sends them."""
    return tuple(_kline(row, local_ns) for row in _KLINES.decode(body))


def read_trades(desk: Desk, ask: RecentTrades, body: bytes, local_ns: int) -> tuple[PublicTrade, ...]:
    """Trades, oldest first, as Binance sends them."""
    instrument = desk.instrument(ask.symbol)
    return tuple(
        PublicTrade(
            trade_id=str(trade.id),
            side=Side.SELL if trade.is_buyer_maker else Side.BUY,
            price_ticks=ticks_of(instrument, trade.price, "price"),
            lots=lots_of(instrument, trade.qty, "qty"),
            venue_ns=trade.time * MS,
        )
        for trade in _TRADES.decode(body)
    )


def read_tickers(desk: Desk, ask: Tickers, body: bytes, local_ns: int) -> tuple[TickerRow, ...]:
    """Tickers of instruments that the desk trades. USD-M says no bid and no ask here."""
    rows = [_TICKER.decode(body)] if ask.symbol is not None else _TICKERS.decode(body)
    known = [(traded(desk.by_symbol, row.symbol), row) for row in rows]
    return tuple(_ticker(instrument, row) for instrument, row in known if instrument is not None)


def read_funding(desk: Desk, ask: FundingNow, body: bytes, local_ns: int) -> Funding:
    """The rate that is due next, as it stands now."""
    mark = _MARK_PRICE.decode(body)
    rate = amount_or_none(mark.last_funding_rate, "lastFundingRate")
    if rate is None or mark.symbol != ask.symbol:
        raise DecodeError(DecodeKind.SCHEMA, "lastFundingRate", f"a rate of {ask.symbol}", mark.symbol)
    return Funding(
        instrument_key=desk.instrument(ask.symbol).key,
        rate=rate,
        next_ns=mark.next_funding_time * MS,
        mark_price=positive_or_none(mark.mark_price, "markPrice"),
        index_price=positive_or_none(mark.index_price, "indexPrice"),
    )


def _weight(weights: tuple[tuple[int, int], ...], count: int) -> int:
    return next(weight for most, weight in weights if count <= most)


def _kline(row: list[int | str], local_ns: int) -> Kline:
    if len(row) < _ROW_LENGTH_MIN:
        raise DecodeError(DecodeKind.SCHEMA, "kline", f"{_ROW_LENGTH_MIN} columns", len(row))
    return Kline(
        open_ns=_time_ns(row[0], "openTime"),
        open=_number(row[1], "open"),
        high=_number(row[2], "high"),
        low=_number(row[3], "low"),
        close=_number(row[4], "close"),
        base_volume=_number(row[5], "volume"),
        quote_volume=_number(row[7], "quoteVolume"),
        closed=_time_ns(row[6], "closeTime") < local_ns,
    )


def _number(value: int | str, field: str) -> Decimal:
    number = amount_or_none(str(value), field)
    if number is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "a number", value)
    return number


def _time_ns(value: int | str, field: str) -> int:
    if not isinstance(value, int) or not 0 <= value <= TIME_MS_MAX:
        raise DecodeError(DecodeKind.SCHEMA, field, "milliseconds since 1970", value)
    return value * MS


def _ticker(instrument: Instrument, row: _Ticker) -> TickerRow:
    return TickerRow(
        instrument_key=instrument.key,
        last=positive_or_none(row.last_price, "lastPrice"),
        bid=positive_or_none(row.bid_price, "bidPrice"),
        ask=positive_or_none(row.ask_price, "askPrice"),
        base_volume=amount_or_none(row.volume, "volume"),
        quote_volume=amount_or_none(row.quote_volume, "quoteVolume"),
        venue_ns=row.close_time * MS,
    )
