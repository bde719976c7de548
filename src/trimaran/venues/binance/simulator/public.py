"""Public requests of the simulated Binance: spot under `/api/v3`, USD-M under `/fapi/v1`.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints and
https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api. Each is answered
over REST and over the WebSocket API alike. Tickers stand in `tickers`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from trimaran.venues.binance.simulator.endpoints import Call, Endpoint, constant, weighs
from trimaran.venues.binance.simulator.info import exchange_info
from trimaran.venues.binance.simulator.limits import Weights
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts
from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.binance.simulator.refusals import bad
from trimaran.venues.binance.simulator.streams import BookFeed
from trimaran.venues.binance.simulator.text import INTERVAL_MINUTES, kline_row
from trimaran.venues.sim.faults import Faults
from trimaran.venues.sim.unreadable import UNREADABLE

_USDM_DEPTH_LIMITS: Final = (5, 10, 20, 50, 100, 500, 1000)
_FUNDING_MS: Final = 8 * 3_600_000
_COIN_M_INFO: Final = (
    '{"timezone":"UTC","serverTime":0,"rateLimits":[],"exchangeFilters":[],"symbols":[]}'  # nothing is listed
)


class PublicMarket:
    """The public requests of one market."""

    def __init__(self, accounts: MarketAccounts, weights: Weights, faults: Faults) -> None:
        self.spot = accounts.spot
        self._accounts = accounts
        self._weights = weights
        self._faults = faults

    def endpoints(self) -> list[Endpoint]:
        """Every request with its path, its names, its weight."""
        spot, prefix = self.spot, "/api/v3/" if self.spot else "/fapi/v1/"
        klines = weighs(2) if spot else _usdm_klines_weight
        common = [
            Endpoint("GET", prefix + "ping", constant("{}"), weighs(1), methods=("ping",)),
            Endpoint("GET", prefix + "time", self._time, weighs(1), methods=("time",)),
            Endpoint(
                "GET", prefix + "exchangeInfo", self._exchange_info, weighs(20 if spot else 1),
                methods=("exchangeInfo",),
            ),
            Endpoint("GET", prefix + "depth", self._depth, self._depth_weight, methods=("depth",)),
            Endpoint(
                "GET", prefix + "trades", self._trades, weighs(25 if spot else 5), methods=("trades.recent",)
            ),
            Endpoint(
                "GET", prefix + "historicalTrades", self._trades, weighs(25 if spot else 20),
                methods=("trades.historical",),
            ),
            Endpoint(
                "GET", prefix + "aggTrades", self._aggregates, weighs(4 if spot else 20),
                methods=("trades.aggregate",),
            ),
            Endpoint("GET", prefix + "klines", self._klines, klines, methods=("klines",)),
        ]  # fmt: skip
        if spot:
            return [
                *common,
                Endpoint("GET", prefix + "uiKlines", self._klines, klines, methods=("uiKlines",)),
            ]
        return [
            *common,
            Endpoint("GET", prefix + "premiumIndex", self._premium_index, weighs(1)),
            Endpoint("GET", prefix + "fundingRate", self._funding_rates, weighs(1)),
            Endpoint("GET", prefix + "fundingInfo", self._funding_info, weighs(1)),
            Endpoint("GET", prefix + "openInterest", self._open_interest, weighs(1)),
            Endpoint("GET", "/dapi/v1/exchangeInfo", constant(_COIN_M_INFO), weighs(1)),
        ]

    def _time(self, call: Call) -> str:
        return f'{{"serverTime":{call.server_ms}}}'

    def _exchange_info(self, call: Call) -> str:
        """USD-M ignores every parameter, as that of the venue does."""
        accounts, params = self._accounts, call.params
        feeds = accounts.listed()
        permission_sets = not self.spot or params.flag("showPermissionSets", True)
        if self.spot and "symbol" in params.values and "symbols" in params.values:
            raise bad(-1128, "Combination of optional parameters invalid.")
        if self.spot and "symbol" in params.values:
            feeds = [accounts.feed(params)]
        elif self.spot and "symbols" in params.values:
            feeds = [accounts.feed_of(symbol) for symbol in symbol_list(params)]
        books = [feed.book for feed in feeds]
        info = exchange_info(books, self.spot, call.server_ms, self._weights.limit, permission_sets)
        return msgspec.json.encode(info).decode()

    def _depth_weight(self, params: Params) -> int:
        text = params.values.get("limit", "100" if self.spot else "500")
        limit = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        bounds = ((100, 5), (500, 25), (1000, 50)) if self.spot else ((50, 2), (100, 5), (500, 10))
        return next((weight for most, weight in bounds if limit <= most), 250 if self.spot else 20)

    def _depth(self, call: Call) -> str:
        feed = self._accounts.feed(call.params)
        limit = call.params.limit(100 if self.spot else 500, 5000 if self.spot else 1000)
        if not self.spot and limit not in _USDM_DEPTH_LIMITS:
            raise bad(-4021, f"Invalid depth limit. {limit} is not one of {list(_USDM_DEPTH_LIMITS)}.")
        if self._faults.take_stale():
            return feed.stale
        return feed.snapshot(call.server_ms, limit)

    def _trades(self, call: Call) -> str:
        feed, first_id = self._accounts.feed(call.params), call.params.integer("fromId")
        rows = [
            (fill.first_trade_id + index, feed.text.venue_ms(fill.time_ns), fill.side, ticks, lots)
            for fill in feed.book.recent_fills
            for index, (_, _, ticks, lots) in enumerate(fill.executions)
            if fill.first_trade_id + index >= first_id
        ]
        limit = call.params.limit(500, 1000)
        tail = ',"isBestMatch":true' if self.spot else ""
        text = feed.text
        return array(
            f'{{"id":{trade_id},"price":"{text.price(ticks)}","qty":"{text.size(lots)}",'
            f'"quoteQty":"{text.quote(ticks * lots)}","time":{time_ms},'
            f'"isBuyerMaker":{"true" if side == 1 else "false"}{tail}}}'
            for trade_id, time_ms, side, ticks, lots in (rows[:limit] if first_id else rows[-limit:])
        )

    def _aggregates(self, call: Call) -> str:
        feed, params = self._accounts.feed(call.params), call.params
        first_id, limit = params.integer("fromId"), params.limit(500, 1000)
        start_ms, end_ms = params.integer("startTime"), params.integer("endTime", 10**20)
        groups = [
            group
            for fill in feed.book.recent_fills
            if start_ms <= feed.text.venue_ms(fill.time_ns) <= end_ms
            for group in feed.book.aggregates(fill)
            if group.aggregate_id >= first_id
        ]
        chosen = groups[:limit] if first_id or start_ms else groups[-limit:]
        return array(f"{{{feed.text.aggregate_fields(group)}}}" for group in chosen)

    def _klines(self, call: Call) -> str:
        feed, params = self._accounts.feed(call.params), call.params
        minutes = INTERVAL_MINUTES.get(params.need("interval"))
        if minutes is None:
            raise bad(-1120, "Invalid interval.")
        start_ms, end_ms = params.integer("startTime"), params.integer("endTime", 10**20)
        limit = params.limit(500, 1000 if self.spot else 1500)
        params.text("timeZone")
        bars = [
            bar
            for bar in feed.book.bars.of(minutes)
            if start_ms <= feed.text.venue_ms(bar.start_ns) <= end_ms
        ]
        chosen = bars[:limit] if start_ms else bars[-limit:]
        return array(kline_row(feed.text, bar, minutes) for bar in chosen)

    def _premium_index(self, call: Call) -> str:
        if "symbol" not in call.params.values:
            return array(feed.mark_price(call.server_ms, _premium) for feed in self._accounts.listed())
        return self._accounts.feed(call.params).mark_price(call.server_ms, _premium)

    def _funding_rates(self, call: Call) -> str:
        """The rate of now at the last stamps of the past, as nothing older is remembered."""
        params = call.params
        feeds = [self._accounts.feed(params)] if params.text("symbol") else self._accounts.listed()
        limit = params.limit(100, 1000)
        start_ms, end_ms = params.integer("startTime"), params.integer("endTime", call.server_ms)
        last_ms = min(end_ms, call.server_ms) // _FUNDING_MS * _FUNDING_MS
        stamps = [last_ms - index * _FUNDING_MS for index in range(min(limit, 30))]
        chosen = [stamp for stamp in reversed(stamps) if stamp >= start_ms]
        return array(feed.mark_price(stamp, _funding) for feed in feeds for stamp in chosen)

    def _funding_info(self, call: Call) -> str:
        return array(
            f'{{"symbol":"{feed.text.symbol}","adjustedFundingRateCap":"0.02000000",'
            '"adjustedFundingRateFloor":"-0.02000000","fundingIntervalHours":8,"disclaimer":false}'
            for feed in self._accounts.listed()
        )

    def _open_interest(self, call: Call) -> str:
        feed = self._accounts.feed(call.params)
        text = feed.text
        return f'{{"symbol":"{text.symbol}","openInterest":"{text.size(0)}","time":{call.server_ms}}}'


def _usdm_klines_weight(params: Params) -> int:
    text = params.values.get("limit", "500")
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return next((weight for most, weight in ((99, 1), (499, 2), (1000, 5)) if limit <= most), 10)


def _premium(time_ms: int, symbol: str, mark: str, index: str, rate: str, next_ms: int) -> str:
    return (
        f'{{"symbol":"{symbol}","markPrice":"{mark}","indexPrice":"{index}","estimatedSettlePrice":"{mark}",'
        f'"lastFundingRate":"{rate}","interestRate":"0.00010000","nextFundingTime":{next_ms},"time":{time_ms}}}'
    )


def _funding(time_ms: int, symbol: str, mark: str, index: str, rate: str, next_ms: int) -> str:
    return f'{{"symbol":"{symbol}","fundingTime":{time_ms},"fundingRate":"{rate}","markPrice":"{mark}"}}'


def array(items: Iterable[str]) -> str:
    """A JSON array of texts."""
    return "[" + ",".join(items) + "]"


def symbol_list(params: Params) -> list[str]:
    """The parameter `symbols`, a JSON array. Raises ApiError."""
    try:
        symbols = msgspec.json.decode(params.text("symbols"), type=list[str])
    except UNREADABLE as error:
        raise bad(-1100, "Illegal characters found in parameter 'symbols'.") from error
    if not symbols:
        raise bad(-1105, "Parameter 'symbols' was empty.")
    if len(set(symbols)) < len(symbols):
        raise bad(-1151, "Symbol is present multiple times in the list.")
    return symbols


def feeds_of(accounts: MarketAccounts, params: Params) -> list[BookFeed]:
    """The books that `symbol` or `symbols` name, or all of them. Raises ApiError."""
    if "symbol" in params.values and "symbols" in params.values:
        raise bad(-1128, "Combination of optional parameters invalid.")
    if "symbol" in params.values:
        return [accounts.feed(params)]
    if "symbols" in params.values:
        return [accounts.feed_of(symbol) for symbol in symbol_list(params)]
    return accounts.listed()
