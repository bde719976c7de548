"""Public REST of the simulated OKX, under `/api/v5`.

Answers come in the venue's envelope; errors mostly with status 200 and a code (51001: no such instrument).
Each path has its own limit in sliding windows of two seconds, above it the answer is 429 with code 50011
(https://www.okx.com/docs-v5/en/#overview-rate-limits). Parameters that are missing are 50014 with status 400.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from aiohttp import web

from trimaran.domain.instrument import MarketName
from trimaran.venues.okx.simulator.streams import OkxFeed
from trimaran.venues.okx.simulator.text import envelope, instrument_text
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP
from trimaran.venues.sim.server_stage import Stage, Window, html_page, page

Query = Mapping[str, str]
WINDOW_S: Final = 2.0
INSTRUMENT_CODE: Final = 10_459  # of the first instrument; WebSocket orders name instruments by number
_BAR_MINUTES: Final = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1H": 60, "2H": 120, "4H": 240, "6H": 360, "12H": 720,
    "1D": 1440,
}  # fmt: skip
_HONG_KONG_MINUTES: Final = 480  # bars from six hours on begin in this time zone, unless named `...utc`


class OkxError(Exception):
    """An error in the venue's words."""

    def __init__(self, code: str, text: str, status: int = 200) -> None:
        self.code, self.text, self.status = code, text, status
        super().__init__(f"{code} {text}")


class OkxRest:
    """The public endpoints of both markets."""

    def __init__(self, feeds: Mapping[str, OkxFeed], stage: Stage, limited: bool) -> None:
        """`feeds` by instrument; `limited` says whether requests above the limits are refused."""
        self._feeds = feeds
        self._stage = stage
        self._limited = limited
        self._codes = {symbol: INSTRUMENT_CODE + number for number, symbol in enumerate(feeds)}

    def routes(self) -> list[web.RouteDef]:
        """Every path with its requests in two seconds."""
        table: list[tuple[str, int, Callable[[Query], str]]] = [
            ("public/time", 10, lambda query: f'{{"ts":"{self._stage.server_ms()}"}}'),
            ("public/instruments", 20, self._instruments),
            ("public/mark-price", 10, self._mark_price),
            ("public/funding-rate", 10, self._funding),
            ("market/books", 40, lambda query: self._books(query, 1, 400)),
            ("market/books-full", 10, lambda query: self._books(query, 1, 5000)),
            ("market/trades", 100, self._trades),
            ("market/ticker", 20, self._ticker),
            ("market/tickers", 20, self._tickers),
            ("market/candles", 40, self._candles),
            ("system/status", 1, lambda query: ""),
        ]
        return [web.get(f"/api/v5/{path}", self._handler(limit, answer)) for path, limit, answer in table]

    def instruments(self, kind: str) -> str:
        """The rows of an instrument type."""
        return ",".join(self.row(feed) for feed in self._of_kind({"instType": kind}))

    def row(self, feed: OkxFeed, state: str = "live") -> str:
        """One row of the instrument list."""
        return instrument_text(feed.book.listing, self._codes[feed.text.symbol], state)

    def _handler(
        self, limit: int, answer: Callable[[Query], str]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        window = Window(limit, WINDOW_S)

        async def handle(request: web.Request) -> web.StreamResponse:
            market = _market(request.query)
            if self._stage.maintained(market):
                return _error(OkxError("50001", "Service temporarily unavailable. Try again later", 503))
            if self._stage.faults[market].take_html():
                return html_page()
            if not window.take() and self._limited:
                return _error(OkxError("50011", "Too Many Requests", 429))
            try:
                return page(envelope(answer(request.query)))
            except OkxError as error:
                return _error(error)

        return handle

    def _feed(self, query: Query) -> OkxFeed:
        feed = self._feeds.get(_required(query, "instId"))
        if feed is None or not feed.listed:
            raise _unknown_instrument()
        return feed

    def _of_kind(self, query: Query) -> list[OkxFeed]:
        """The instruments of a type, or the one that is named. Raises OkxError."""
        kind = _required(query, "instType")
        if kind not in ("SPOT", "SWAP", "MARGIN", "FUTURES", "OPTION"):
            raise OkxError("51000", "Parameter instType error", 400)
        if "instId" in query:
            feed = self._feed(query)
            return [feed] if feed.text.kind == kind else []
        return [feed for feed in self._feeds.values() if feed.text.kind == kind and feed.listed]

    def _instruments(self, query: Query) -> str:
        feeds = self._of_kind(query)
        if "instId" in query and not feeds:
            raise _unknown_instrument()
        return ",".join(self.row(feed) for feed in feeds)

    def _books(self, query: Query, default: int, most: int) -> str:
        feed, count = self._feed(query), _number(query, "sz", default, most)
        sides = feed.text.sides(*(feed.book.engine.depth(side, count) for side in (0, 1)))
        return f'{{{sides},"ts":"{self._stage.server_ms()}","seqId":{feed.book_id}}}'

    def _trades(self, query: Query) -> str:
        feed, now = self._feed(query), self._stage.moment()
        groups = [group for fill in feed.book.recent_fills for group in feed.book.aggregates(fill)]
        newest = groups[-_number(query, "limit", 100, 500) :][::-1]
        return ",".join(feed.text.trade(group, now.venue_ms(group.time_ns), None) for group in newest)

    def _ticker(self, query: Query) -> str:
        return self._feed(query).ticker(self._stage.moment())

    def _tickers(self, query: Query) -> str:
        return ",".join(feed.ticker(self._stage.moment()) for feed in self._of_kind(query))

    def _mark_price(self, query: Query) -> str:
        return ",".join(feed.mark_price(self._stage.moment()) for feed in self._of_kind(query))

    def _funding(self, query: Query) -> str:
        feed = self._feed(query)
        if not feed.text.perpetual:
            raise OkxError("51000", "Parameter instId error", 400)
        return feed.funding(self._stage.moment())

    def _candles(self, query: Query) -> str:
        """Newest first; `after` asks for older ones and `before` for newer ones than a time."""
        feed, name = self._feed(query), query.get("bar", "1m")
        minutes = _BAR_MINUTES.get(name.removesuffix("utc"))
        if minutes is None:
            raise OkxError("51000", "Parameter bar error", 400)
        offset = _HONG_KONG_MINUTES if minutes >= 360 and not name.endswith("utc") else 0
        after, before = (_number(query, key, 0, 10**15) * 1_000_000 for key in ("after", "before"))
        bars = [
            bar
            for bar in feed.book.bars.of(minutes, offset)[::-1]
            if (not after or bar.start_ns < after) and bar.start_ns > before
        ]
        now_ns, span_ns = feed.book.last_time_ns, minutes * 60_000_000_000
        return ",".join(
            feed.text.candle(bar, bar.start_ns + span_ns <= now_ns)
            for bar in bars[: _number(query, "limit", 100, 300)]
        )


def _unknown_instrument() -> OkxError:
    return OkxError("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")


def _market(query: Query) -> MarketName:
    named = query.get("instId", query.get("instType", ""))
    return OKX_SWAP if named.endswith("SWAP") else OKX_SPOT


def _required(query: Query, name: str) -> str:
    value = query.get(name, "")
    if not value:
        raise OkxError("50014", f"Parameter {name} can not be empty.", 400)
    return value


def _number(query: Query, name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise OkxError("51000", f"Parameter {name} error", 400)
    return min(int(text), most)


def _error(error: OkxError) -> web.Response:
    answer = {"code": error.code, "msg": error.text, "data": []}
    return page(msgspec.json.encode(answer).decode(), error.status)
