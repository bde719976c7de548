"""HTX's public answers: clock, bars, trades, tickers, funding.

    spot   https://huobiapi.github.io/docs/spot/v1/en/#market-data
    swaps  https://huobiapi.github.io/docs/usdt_swap/v1/en/#swap-market-data-interface

The names mislead. `amount` is the base volume everywhere, while `vol` is quote turnover on spot, contracts in
the bars and in the ticker of one swap (their turnover is `trade_turnover`), and quote turnover again in the
tickers of all swaps.
Statistics of swaps count both sides of every trade, and so do the sizes of their trades; they are passed on
as told. Bars come newest first on spot; days begin at 16:00 UTC, and no bar says whether it is closed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.instrument import Instrument
from trimaran.venues.htx import fields
from trimaran.venues.htx.envelope import Access, Envelope, part
from trimaran.venues.htx.errors import unreadable
from trimaran.venues.htx.fields import NULL, Id
from trimaran.venues.wire.asks import (
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
from trimaran.venues.wire.market_spec import HOUR, MINUTE, MS, SECOND
from trimaran.venues.wire.message import HttpRequest, Stamp

SPOT_TIME_PATH: Final = "/v1/common/timestamp"
SWAP_TIME_PATH: Final = "/api/v1/timestamp"
SPOT_BARS_PATH: Final = "/market/history/kline"
SWAP_BARS_PATH: Final = "/linear-swap-ex/market/history/kline"
SPOT_TRADES_PATH: Final = "/market/history/trade"
SWAP_TRADES_PATH: Final = "/linear-swap-ex/market/history/trade"
SPOT_TICKER_PATH: Final = "/market/detail/merged"
SPOT_TICKERS_PATH: Final = "/market/tickers"
SWAP_TICKER_PATH: Final = "/linear-swap-ex/market/detail/merged"
SWAP_TICKERS_PATH: Final = "/v2/linear-swap-ex/market/detail/batch_merged"
FUNDING_PATH: Final = "/linear-swap-api/v1/swap_funding_rate"

BARS_MAX: Final = 2_000
TRADES_MAX: Final = 2_000
_PERIODS: Final = {
    Interval.MINUTE_1: ("1min", MINUTE),
    Interval.MINUTE_5: ("5min", 5 * MINUTE),
    Interval.MINUTE_15: ("15min", 15 * MINUTE),
    Interval.MINUTE_30: ("30min", 30 * MINUTE),
    Interval.HOUR_1: ("60min", HOUR),
    Interval.HOUR_4: ("4hour", 4 * HOUR),
    Interval.DAY_1: ("1day", 24 * HOUR),
    Interval.WEEK_1: ("1week", 7 * 24 * HOUR),
}
_OF_SPOT_ONLY: Final = (Interval.WEEK_1,)


class _Bar(msgspec.Struct):
    id: int  # seconds
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    amount: Decimal
    vol: Decimal
    trade_turnover: Decimal | None = None


class _Deal(msgspec.Struct):
    price: Decimal
    amount: Decimal
    direction: str
    ts: Id
    spot_id: Id | None = msgspec.field(default=None, name="trade-id")
    swap_id: msgspec.Raw = msgspec.field(default=NULL, name="id")  # of spot it is no number that fits


class _Batch(msgspec.Struct):
    data: list[_Deal]


class _Ticker(msgspec.Struct):
    close: msgspec.Raw = NULL
    amount: msgspec.Raw = NULL
    vol: msgspec.Raw = NULL  # of one contract it counts contracts
    trade_turnover: msgspec.Raw = NULL  # of one contract only
    bid: msgspec.Raw = NULL  # a price, or a price and a size
    ask: msgspec.Raw = NULL
    symbol: str = ""
    contract_code: str = ""
    ts: Id | None = None


class _FundingRow(msgspec.Struct):
    contract_code: str
    funding_rate: Decimal
    funding_time: Id


_ID: Final = msgspec.json.Decoder(Id)
_BARS: Final = msgspec.json.Decoder(list[_Bar])
_BATCHES: Final = msgspec.json.Decoder(list[_Batch])
_TICKER: Final = msgspec.json.Decoder(_Ticker)
_TICKERS: Final = msgspec.json.Decoder(list[_Ticker])
_FUNDING: Final = msgspec.json.Decoder(_FundingRow)
_LEVEL: Final = msgspec.json.Decoder(list[msgspec.Raw])


# --- clock --------------------------------------------------------------------------------------------


def write_time(access: Access, ask: ServerTime, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#get-current-timestamp"""
    if access.is_spot:
        return access.public(SPOT_TIME_PATH, {}, "spot.market")
    return access.public(SWAP_TIME_PATH, {}, "swap.public")


def read_time(access: Access, ask: ServerTime, envelope: Envelope, local_ns: int) -> int:
    """Spot says it as the data, swaps beside it."""
    said = part(_ID, envelope.data, "data") if access.is_spot else envelope.ts
    at_ns = fields.time_ns(said, "ts")
    if not at_ns:
        raise unreadable("timestamp: expected milliseconds, found none")
    return at_ns


# --- bars ---------------------------------------------------------------------------------------------


def write_bars(access: Access, ask: Klines, stamp: Stamp) -> HttpRequest | Unsupported:
    """Spot takes only a number of newest bars, swaps a range of times as well."""
    symbol = access.instrument(ask.symbol).symbol
    known = _PERIODS.get(ask.interval)
    if known is None or (ask.interval in _OF_SPOT_ONLY and not access.is_spot):
        return Unsupported(Capability.KLINES, f"HTX has no bars of {ask.interval.value} here")
    period, length_ns = known
    if not access.is_spot and ask.since_ns:
        begin = ask.since_ns // SECOND
        end = begin + min(ask.limit, BARS_MAX) * (length_ns // SECOND)
        range_ = {"contract_code": symbol, "period": period, "from": str(begin), "to": str(end)}
        return access.public(SWAP_BARS_PATH, range_, "swap.market")
    count = ask.limit if not ask.since_ns else max(stamp.venue_ns - ask.since_ns, 0) // length_ns + 2
    if count > BARS_MAX:
        return Unsupported(Capability.KLINES, f"HTX has the newest {BARS_MAX} bars only")
    newest = {"period": period, "size": str(max(count, 1))}
    if access.is_spot:
        return access.public(SPOT_BARS_PATH, {"symbol": symbol, **newest}, "spot.market")
    return access.public(SWAP_BARS_PATH, {"contract_code": symbol, **newest}, "swap.market")


def read_bars(access: Access, ask: Klines, envelope: Envelope, local_ns: int) -> tuple[Kline, ...]:
    """Oldest first. A bar is closed when the answer was made after its end."""
    _, length_ns = _PERIODS[ask.interval]
    now_ns = fields.time_ns(envelope.ts, "ts")
    bars = [_bar(access, each, length_ns, now_ns) for each in part(_BARS, envelope.data, "data")]
    bars = sorted((bar for bar in bars if bar.open_ns >= ask.since_ns), key=lambda bar: bar.open_ns)
    return tuple(bars[: ask.limit] if ask.since_ns else bars[-ask.limit :])


# --- trades -------------------------------------------------------------------------------------------


def write_trades(access: Access, ask: RecentTrades, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#get-the-most-recent-trades"""
    symbol, size = access.instrument(ask.symbol).symbol, str(max(min(ask.limit, TRADES_MAX), 1))
    if access.is_spot:
        return access.public(SPOT_TRADES_PATH, {"symbol": symbol, "size": size}, "spot.market")
    return access.public(SWAP_TRADES_PATH, {"contract_code": symbol, "size": size}, "swap.market")


def read_trades(
    access: Access, ask: RecentTrades, envelope: Envelope, local_ns: int
) -> tuple[PublicTrade, ...]:
    """Oldest first; they come in batches, one a taker."""
    instrument = access.instrument(ask.symbol)
    batches = part(_BATCHES, envelope.data, "data")
    trades = [_trade(access, instrument, deal) for batch in batches for deal in batch.data]
    trades.sort(key=lambda trade: (trade.venue_ns, len(trade.trade_id), trade.trade_id))
    return tuple(trades[-ask.limit :])


# --- tickers ------------------------------------------------------------------------------------------


def write_tickers(access: Access, ask: Tickers, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#get-latest-tickers-for-all-pairs"""
    if ask.symbol is None:
        if access.is_spot:
            return access.public(SPOT_TICKERS_PATH, {}, "spot.market")
        return access.public(SWAP_TICKERS_PATH, {}, "swap.market")
    symbol = access.instrument(ask.symbol).symbol
    if access.is_spot:
        return access.public(SPOT_TICKER_PATH, {"symbol": symbol}, "spot.market")
    return access.public(SWAP_TICKER_PATH, {"contract_code": symbol}, "swap.market")


def read_tickers(access: Access, ask: Tickers, envelope: Envelope, local_ns: int) -> tuple[TickerRow, ...]:
    """Tickers of the instruments that the desk knows."""
    if ask.symbol is not None:
        row = part(_TICKER, envelope.tick, "tick")
        row.symbol = ask.symbol
        if not access.is_spot:
            row.vol = row.trade_turnover
        rows = [row]
    elif access.is_spot:
        rows = part(_TICKERS, envelope.data, "data")
    else:
        rows = part(_TICKERS, envelope.ticks, "ticks")
    return tuple(
        _ticker(instrument, row, fields.time_ns(row.ts or envelope.ts, "ts"))
        for row in rows
        if (instrument := access.known(row.symbol or row.contract_code)) is not None
    )


# --- funding ------------------------------------------------------------------------------------------


def write_funding(access: Access, ask: FundingNow, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#general-query-funding-rate"""
    named = {"contract_code": access.instrument(ask.symbol).symbol}
    return access.public(FUNDING_PATH, named, "swap.public")


def read_funding(access: Access, ask: FundingNow, envelope: Envelope, local_ns: int) -> Funding:
    """The rate that is due at the next stamp; HTX tells mark and index elsewhere."""
    row = part(_FUNDING, envelope.data, "data")
    if row.contract_code.upper() != ask.symbol:
        raise unreadable(f"funding: expected that of {ask.symbol}, found {row.contract_code}")
    return Funding(
        instrument_key=access.instrument(ask.symbol).key,
        rate=fields.amount(row.funding_rate, "funding_rate"),
        next_ns=fields.time_ns(row.funding_time, "funding_time"),
        mark_price=None,
        index_price=None,
    )


# --- rows ---------------------------------------------------------------------------------------------


def _bar(access: Access, bar: _Bar, length_ns: int, now_ns: int) -> Kline:
    open_ns = fields.time_ns(bar.id, "id") * (SECOND // MS)
    quote = bar.vol if access.is_spot else bar.trade_turnover
    return Kline(
        open_ns=open_ns,
        open=fields.amount(bar.open, "open"),
        high=fields.amount(bar.high, "high"),
        low=fields.amount(bar.low, "low"),
        close=fields.amount(bar.close, "close"),
        base_volume=fields.amount(bar.amount, "amount"),
        quote_volume=None if quote is None else fields.amount(quote, "turnover"),
        closed=open_ns + length_ns <= now_ns,
    )


def _trade(access: Access, instrument: Instrument, deal: _Deal) -> PublicTrade:
    trade_id = deal.spot_id if access.is_spot else part(_ID, deal.swap_id, "id")
    if access.is_spot:
        lots, _ = fields.fill_lots_of(instrument, deal.amount, "amount")
    else:
        lots = fields.contracts_of(deal.amount, "amount")
    return PublicTrade(
        trade_id=fields.id_text(trade_id, "trade-id"),
        side=fields.side_of(deal.direction, "direction"),
        price_ticks=fields.ticks_of(instrument, deal.price, "price"),
        lots=lots,
        venue_ns=fields.time_ns(deal.ts, "ts"),
    )


def _ticker(instrument: Instrument, row: _Ticker, venue_ns: int) -> TickerRow:
    return TickerRow(
        instrument_key=instrument.key,
        last=fields.positive(row.close, "close"),
        bid=_price(row.bid, "bid"),
        ask=_price(row.ask, "ask"),
        base_volume=fields.number(row.amount, "amount"),
        quote_volume=fields.number(row.vol, "vol"),
        venue_ns=venue_ns,
    )


def _price(raw: msgspec.Raw, field: str) -> Decimal | None:
    """The price of a side: a number, or the first one of a pair."""
    if bytes(raw).startswith(b"["):
        pair = part(_LEVEL, raw, field)
        return fields.positive(pair[0], field) if pair else None
    return fields.positive(raw, field)
