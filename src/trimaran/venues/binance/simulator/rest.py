"""Public REST of the simulated Binance: spot under `/api/v3`, USD-M under `/fapi/v1`.

Errors are the venue's (`{"code":-1121,"msg":"Invalid symbol."}`,
https://developers.binance.com/docs/binance-spot-api-docs/errors). Every request has its documented
weight; the used weight of the running minute is in the headers, and above the limit answers are 429
with `Retry-After`, after too many of those 418. Windows are aligned to the clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

import msgspec
from aiohttp import web

from trimaran.domain.instrument import MarketName
from trimaran.venues.binance.simulator.info import exchange_info
from trimaran.venues.binance.simulator.streams import BookFeed
from trimaran.venues.sim.markets import BINANCE_SPOT
from trimaran.venues.sim.numerals import Amounts, scaled
from trimaran.venues.sim.server_stage import Stage, html_page, page

Query = Mapping[str, str]

_INTERVAL_MINUTES: Final = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
    "12h": 720, "1d": 1440,
}  # fmt: skip
_USDM_DEPTH_LIMITS: Final = (5, 10, 20, 50, 100, 500, 1000)
_BAN_AFTER: Final = 20  # answers of 429 in one window before 418
_BAN_S: Final = 120


class ApiError(Exception):
    """An error in the venue's words."""

    def __init__(self, status: int, code: int, text: str) -> None:
        self.status = status
        self.code = code
        self.text = text
        super().__init__(f"{status} {code} {text}")


class Weights:
    """Used weight of one address in the running minute."""

    def __init__(self, limit: int, enforced: bool) -> None:
        self.limit = limit
        self.used = 0
        self._enforced = enforced
        self._minute = 0
        self._refused = 0
        self._banned_until_ms = 0

    def charge(self, weight: int, now_ms: int) -> tuple[int, int]:
        """Adds a request; HTTP status (200, 429, 418) and seconds to wait."""
        if now_ms // 60_000 != self._minute:
            self._minute, self.used, self._refused = now_ms // 60_000, 0, 0
        self.used += weight
        if self._enforced and now_ms < self._banned_until_ms:
            return 418, (self._banned_until_ms - now_ms) // 1000 + 1
        if not self._enforced or self.used <= self.limit:
            return 200, 0
        self._refused += 1
        if self._refused > _BAN_AFTER:
            self._banned_until_ms = now_ms + _BAN_S * 1000
            return 418, _BAN_S
        return 429, 60 - now_ms // 1000 % 60


class RestMarket:
    """The public endpoints of one market."""

    def __init__(
        self, market: MarketName, feeds: Mapping[str, BookFeed], weights: Weights, stage: Stage
    ) -> None:
        """`feeds` are keyed by the lower case symbol."""
        self.spot = market == BINANCE_SPOT
        self.prefix = "/api/v3" if self.spot else "/fapi/v1"
        self._market = market
        self._feeds = feeds
        self._weights = weights
        self._stage = stage
        self._faults = stage.faults[market]
        self._server_ms = stage.server_ms

    def routes(self) -> list[web.RouteDef]:
        """Every path with its weight and handler."""
        table: list[tuple[str, Callable[[Query], int], Callable[[Query], str]]] = [
            ("ping", _weighs(1), lambda query: "{}"),
            ("time", _weighs(1), lambda query: f'{{"serverTime":{self._server_ms()}}}'),
            ("exchangeInfo", _weighs(20 if self.spot else 1), self._exchange_info),
            ("depth", self._depth_weight, self._depth),
            ("trades", _weighs(25 if self.spot else 5), self._trades),
            ("ticker/bookTicker", self._ticker_weight, self._book_ticker),
        ]
        if self.spot:
            table += [("aggTrades", _weighs(4), self._aggregates), ("klines", _weighs(2), self._klines)]
        else:
            table.append(("premiumIndex", _weighs(1), self._premium_index))
        return [
            web.get(f"{self.prefix}/{path}", self._handler(weigh, answer)) for path, weigh, answer in table
        ]

    def _handler(
        self, weigh: Callable[[Query], int], answer: Callable[[Query], str]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            if self._stage.maintained(self._market):
                return html_page(503)
            if self._faults.take_html():
                return html_page()
            status, wait_s = self._weights.charge(weigh(request.query), self._server_ms())
            headers = {"X-MBX-USED-WEIGHT-1M": str(self._weights.used), "Server": "nginx"}
            if status != 200:
                headers["Retry-After"] = str(wait_s)
                text = "Way too much request weight used; IP banned." if status == 418 else _TOO_MANY
                return _error(ApiError(status, -1003, text), headers)
            try:
                body = answer(request.query)
            except ApiError as error:
                return _error(error, headers)
            return page(body, 200, headers)

        return handle

    def _feed(self, query: Query) -> BookFeed:
        symbol = query.get("symbol", "")
        if not symbol:
            raise _missing("symbol")
        feed = self._feeds.get(symbol.lower())
        if feed is None or not feed.listed or symbol != symbol.upper():
            raise ApiError(400, -1121, "Invalid symbol.")
        return feed

    def _listed(self) -> list[BookFeed]:
        return [feed for feed in self._feeds.values() if feed.listed]

    def _exchange_info(self, query: Query) -> str:
        """USD-M ignores every parameter, as that of the venue does."""
        feeds = self._listed()
        permission_sets = not self.spot or _flag(query, "showPermissionSets", True)
        if self.spot and "symbol" in query and "symbols" in query:
            raise ApiError(400, -1128, "Combination of optional parameters invalid.")
        if self.spot and "symbol" in query:
            feeds = [self._feed(query)]
        elif self.spot and "symbols" in query:
            feeds = [self._feed({"symbol": symbol}) for symbol in _symbol_list(query["symbols"])]
        listings = [feed.book.listing for feed in feeds]
        info = exchange_info(listings, self.spot, self._server_ms(), self._weights.limit, permission_sets)
        return msgspec.json.encode(info).decode()

    def _depth_weight(self, query: Query) -> int:
        text = query.get("limit", "100" if self.spot else "500")
        limit = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        bounds = ((100, 5), (500, 25), (1000, 50)) if self.spot else ((50, 2), (100, 5), (500, 10))
        return next((weight for most, weight in bounds if limit <= most), 250 if self.spot else 20)

    def _ticker_weight(self, query: Query) -> int:
        return 2 if "symbol" in query else 4 if self.spot else 5

    def _depth(self, query: Query) -> str:
        feed = self._feed(query)
        limit = _limit(query, 100 if self.spot else 500, 5000 if self.spot else 1000)
        if not self.spot and limit not in _USDM_DEPTH_LIMITS:
            raise ApiError(
                400, -4021, f"Invalid depth limit. {limit} is not one of {list(_USDM_DEPTH_LIMITS)}."
            )
        if self._faults.take_stale():
            return feed.stale
        return feed.snapshot(self._server_ms(), limit)

    def _trades(self, query: Query) -> str:
        feed = self._feed(query)
        rows = [
            (fill.first_trade_id + index, feed.text.venue_ms(fill.time_ns), fill.side, ticks, lots)
            for fill in feed.book.recent_fills
            for index, (_, _, ticks, lots) in enumerate(fill.executions)
        ][-_limit(query, 500, 1000) :]
        tail = ',"isBestMatch":true' if self.spot else ""
        text = feed.text
        return _array(
            f'{{"id":{trade_id},"price":"{text.price(ticks)}","qty":"{text.size(lots)}",'
            f'"quoteQty":"{_quote(feed, ticks * lots)}","time":{time_ms},'
            f'"isBuyerMaker":{"true" if side == 1 else "false"}{tail}}}'
            for trade_id, time_ms, side, ticks, lots in rows
        )

    def _aggregates(self, query: Query) -> str:
        feed = self._feed(query)
        groups = [group for fill in feed.book.recent_fills for group in feed.book.aggregates(fill)]
        return _array(
            f"{{{feed.text.aggregate_fields(group)}}}" for group in groups[-_limit(query, 500, 1000) :]
        )

    def _klines(self, query: Query) -> str:
        feed = self._feed(query)
        interval = query.get("interval")
        if not interval:
            raise _missing("interval")
        minutes = _INTERVAL_MINUTES.get(interval)
        if minutes is None:
            raise ApiError(400, -1120, "Invalid interval.")
        price, size = feed.text.price, feed.text.size
        return _array(
            f'[{bar.start_ns // 1_000_000},"{price(bar.open)}","{price(bar.high)}","{price(bar.low)}",'
            f'"{price(bar.close)}","{size(bar.lots)}",{bar.start_ns // 1_000_000 + minutes * 60_000 - 1},'
            f'"{_quote(feed, bar.value)}",{bar.trades},"{size(bar.taker_buy_lots)}",'
            f'"{_quote(feed, bar.taker_buy_value)}","0"]'
            for bar in feed.book.bars.of(minutes)[-_limit(query, 500, 1000) :]
        )

    def _book_ticker(self, query: Query) -> str:
        if "symbol" not in query:
            return _array(self._ticker(feed) for feed in self._listed())
        return self._ticker(self._feed(query))

    def _ticker(self, feed: BookFeed) -> str:
        text, (bid_ticks, bid_lots, ask_ticks, ask_lots) = feed.text, feed.book.best
        tail = "" if self.spot else f',"time":{text.venue_ms(feed.book.last_time_ns)}'
        return (
            f'{{"symbol":"{text.symbol}","bidPrice":"{text.price(bid_ticks)}","bidQty":"{text.size(bid_lots)}",'
            f'"askPrice":"{text.price(ask_ticks)}","askQty":"{text.size(ask_lots)}"{tail}}}'
        )

    def _premium_index(self, query: Query) -> str:
        if "symbol" not in query:
            return _array(feed.mark_price(self._server_ms(), _premium) for feed in self._listed())
        return self._feed(query).mark_price(self._server_ms(), _premium)


_TOO_MANY: Final = (
    "Too many requests; current limit is exceeded. Please use WebSocket Streams for live updates."
)


def _weighs(weight: int) -> Callable[[Query], int]:
    return lambda query: weight


def _premium(time_ms: int, symbol: str, mark: str, index: str, rate: str, next_ms: int) -> str:
    return (
        f'{{"symbol":"{symbol}","markPrice":"{mark}","indexPrice":"{index}","estimatedSettlePrice":"{mark}",'
        f'"lastFundingRate":"{rate}","interestRate":"0.00010000","nextFundingTime":{next_ms},"time":{time_ms}}}'
    )


def _quote(feed: BookFeed, ticks_lots: int) -> str:
    """A sum of price times size as text with eight decimals; what is below 1e-8 is lost."""
    value, exponent = Amounts(feed.book.listing.instrument).quote(ticks_lots)
    return scaled(value * 10 ** (exponent + 8) if exponent >= -8 else value // 10 ** (-8 - exponent), 8)


def _array(items: Iterable[str]) -> str:
    return "[" + ",".join(items) + "]"


def _missing(name: str) -> ApiError:
    return ApiError(400, -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def _limit(query: Query, default: int, most: int) -> int:
    """The `limit` parameter, cut to what the venue gives at most."""
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise ApiError(
            400, -1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."
        )
    if int(text) == 0:
        raise ApiError(400, -1130, "Data sent for parameter 'limit' is not valid.")
    return min(int(text), most)


def _symbol_list(text: str) -> list[str]:
    try:
        symbols = msgspec.json.decode(text, type=list[str])
    except msgspec.DecodeError as error:
        raise ApiError(400, -1100, "Illegal characters found in parameter 'symbols'.") from error
    if not symbols:
        raise ApiError(400, -1105, "Parameter 'symbols' was empty.")
    if len(set(symbols)) < len(symbols):
        raise ApiError(400, -1151, "Symbol is present multiple times in the list.")
    return symbols


def _flag(query: Query, name: str, default: bool) -> bool:
    text = query.get(name, "true" if default else "false").lower()
    if text not in ("true", "false"):
        raise ApiError(400, -1130, f"Data sent for parameter '{name}' is not valid.")
    return text == "true"


def _error(error: ApiError, headers: dict[str, str]) -> web.Response:
    return page(msgspec.json.encode({"code": error.code, "msg": error.text}).decode(), error.status, headers)
