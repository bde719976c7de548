"""Public data of the simulated OKX: what stands in `data` of each public endpoint of REST.

    public/   time, instruments, mark-price, funding-rate, funding-rate-history, price-limit, open-interest,
              position-tiers
    market/   books, books-full, trades, history-trades, ticker, tickers, index-tickers, candles,
              history-candles, mark-price-candles, index-candles
    system/   status

Lists are newest first. https://www.okx.com/docs-v5/en/#public-data and #order-book-trading-market-data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from trimaran.venues.okx.simulator.candles import bar_minutes, zone_minutes
from trimaran.venues.okx.simulator.catalogue import KINDS, Catalogue, Listed
from trimaran.venues.okx.simulator.clocks import Clock
from trimaran.venues.okx.simulator.refusals import OkxError, unknown_instrument
from trimaran.venues.okx.simulator.streams import OkxFeed
from trimaran.venues.sim.bars import MINUTE_NS, Bar

Query = Mapping[str, str]
PAGE: Final = 100
TIERS: Final = ((1, 1_000, 125), (2, 5_000, 50), (3, 20_000, 20))  # number, contracts, leverage


class PublicData:
    """The public endpoints of both markets. Every one raises OkxError."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def table(self) -> list[tuple[str, int, Callable[[Query], str]]]:
        """Every path, its requests in two seconds, and its answer."""
        return [
            ("public/time", 10, lambda query: f'{{"ts":"{self._clock.server_ms()}"}}'),
            ("public/instruments", 20, self.instruments),
            ("public/mark-price", 10, self._mark_price),
            ("public/funding-rate", 10, self._funding),
            ("public/funding-rate-history", 10, self._past_funding),
            ("public/price-limit", 20, self._price_limit),
            ("public/open-interest", 20, self._open_interest),
            ("public/position-tiers", 10, self._tiers),
            ("market/books", 40, lambda query: self._books(query, 1, 400)),
            ("market/books-full", 10, lambda query: self._books(query, 1, 5000)),
            ("market/trades", 100, lambda query: self._trades(query, 500)),
            ("market/history-trades", 20, lambda query: self._trades(query, 100)),
            ("market/ticker", 20, self._ticker),
            ("market/tickers", 20, self._tickers),
            ("market/index-tickers", 20, self._index_tickers),
            ("market/candles", 40, self._candles),
            ("market/history-candles", 20, self._candles),
            ("market/mark-price-candles", 20, self._price_candles),
            ("market/history-mark-price-candles", 10, self._price_candles),
            ("market/index-candles", 20, self._index_candles),
            ("market/history-index-candles", 10, self._index_candles),
            ("system/status", 1, lambda query: ""),
        ]

    def listed(self, query: Query) -> Listed:
        """The instrument that is asked for."""
        found = self._catalogue.named(required(query, "instId"))
        if found is None:
            raise unknown_instrument()
        return found

    def _feed(self, query: Query) -> OkxFeed:
        return self.listed(query).feed

    def _of_kind(self, query: Query) -> list[Listed]:
        """The instruments of a type, or the one that is named."""
        kind = required(query, "instType")
        if kind not in KINDS:
            raise OkxError("51000", "Parameter instType error", 400)
        if query.get("instId"):
            listed = self.listed(query)
            return [listed] if listed.kind == kind else []
        families = (query.get("instFamily"), query.get("uly"))
        return [
            each
            for each in self._catalogue.of_kind(kind)
            if all(not family or each.family == family for family in families)
        ]

    def _swaps(self, query: Query) -> list[Listed]:
        """One swap, or all of them for `ANY`."""
        if query.get("instId") == "ANY":
            return self._catalogue.of_kind("SWAP")
        listed = self.listed(query)
        if listed.kind != "SWAP":
            raise OkxError("51000", "Parameter instId error", 400)
        return [listed]

    def instruments(self, query: Query) -> str:
        found = self._of_kind(query)
        if query.get("instId") and not found:
            raise unknown_instrument()
        return ",".join(each.row() for each in found)

    def _books(self, query: Query, default: int, most: int) -> str:
        feed, count = self._feed(query), number(query, "sz", default, most)
        sides = feed.text.sides(*(feed.book.engine.depth(side, count) for side in (0, 1)))
        return f'{{{sides},"ts":"{self._clock.server_ms()}","seqId":{feed.book_id}}}'

    def _trades(self, query: Query, most: int) -> str:
        """The newest, or with `after` and `before` those older and newer than a trade."""
        feed, now = self._feed(query), self._clock.moment()
        groups = [group for fill in feed.book.recent_fills for group in feed.book.aggregates(fill)]
        after, before = number(query, "after", 0, 10**18), number(query, "before", 0, 10**18)
        if after or before:
            groups = [
                group
                for group in groups
                if (not after or group.last_trade_id < after) and group.last_trade_id > before
            ]
        newest = groups[-number(query, "limit", PAGE, most) :][::-1]
        return ",".join(feed.text.trade(group, now.venue_ms(group.time_ns), None) for group in newest)

    def _ticker(self, query: Query) -> str:
        return self._feed(query).ticker(self._clock.moment())

    def _tickers(self, query: Query) -> str:
        now = self._clock.moment()
        return ",".join(each.feed.ticker(now) for each in self._of_kind(query))

    def _index_tickers(self, query: Query) -> str:
        """The index of a pair is the middle of its spot book."""
        name, quote = query.get("instId", ""), query.get("quoteCcy", "")
        if not name and not quote:
            raise OkxError("50015", "Either parameter quoteCcy or instId is required", 400)
        found = [
            each
            for each in self._catalogue.of_kind("SPOT")
            if (not name or each.symbol == name) and (not quote or each.instrument.quote == quote)
        ]
        if not found:
            raise OkxError("51014", "Index doesn't exist.")
        now = self._clock.moment()
        return ",".join(each.text.index_ticker(each.feed.book, now.server_ms) for each in found)

    def _mark_price(self, query: Query) -> str:
        now = self._clock.moment()
        found = (
            self._of_kind(query) if query.get("instType") or not query.get("instId") else [self.listed(query)]
        )
        return ",".join(each.feed.mark_price(now) for each in found)

    def _funding(self, query: Query) -> str:
        now = self._clock.moment()
        return ",".join(each.feed.funding(now) for each in self._swaps(query))

    def _past_funding(self, query: Query) -> str:
        """Funding that is over: the simulator remembers what it charged since it runs."""
        (listed,) = self._swaps(query)
        after, before = number(query, "after", 10**15, 10**15), number(query, "before", 0, 10**15)
        past = [each for each in listed.feed.past_funding if before < each[0] < after]
        rows = past[::-1][: number(query, "limit", PAGE, 400)]
        return ",".join(
            f'{{"formulaType":"noRate","fundingRate":"{rate}","fundingTime":"{time_ms}",'
            f'"instId":"{listed.symbol}","instType":"SWAP","method":"current_period","realizedRate":"{rate}"}}'
            for time_ms, rate in rows
        )

    def _price_limit(self, query: Query) -> str:
        listed = self.listed(query)
        return listed.text.price_limit(listed.feed.book, self._clock.server_ms())

    def _open_interest(self, query: Query) -> str:
        now_ms = self._clock.server_ms()
        return ",".join(
            each.text.open_interest(each.feed.book, now_ms)
            for each in self._of_kind(query)
            if each.text.perpetual
        )

    def _tiers(self, query: Query) -> str:
        """The same three tiers for every swap; only the first one is ever reached here."""
        kind = required(query, "instType")
        named = query.get("instFamily") or query.get("uly") or ""
        family = next((each.family for each in self._catalogue.all if each.family == named), "")
        return ",".join(
            f'{{"baseMaxLoan":"","imr":"{_inverse(leverage)}","instFamily":"{family}","instId":"",'
            f'"maxLever":"{leverage}","maxSz":"{most}","minSz":"0","mmr":"0.004","optMgnFactor":"",'
            f'"quoteMaxLoan":"","tier":"{tier}","uly":"{family}"}}'
            for tier, most, leverage in (TIERS if kind == "SWAP" else ())
        )

    def _candles(self, query: Query) -> str:
        """`after` asks for older bars and `before` for newer ones than a time."""
        feed = self._feed(query)
        return ",".join(feed.text.candle(bar, done) for bar, done in self._bars(feed, query, 300))

    def _price_candles(self, query: Query) -> str:
        """Bars of the mark price: those of the trades, which are what the simulator remembers."""
        (listed,) = self._swaps(query)
        bars = self._bars(listed.feed, query, 100)
        return ",".join(listed.text.price_candle(bar, done) for bar, done in bars)

    def _index_candles(self, query: Query) -> str:
        feed = self._feed(query)
        return ",".join(feed.text.price_candle(bar, done) for bar, done in self._bars(feed, query, 100))

    def _bars(self, feed: OkxFeed, query: Query, most: int) -> list[tuple[Bar, bool]]:
        """Bars, newest first, and whether each is complete."""
        minutes = bar_minutes(query.get("bar", "1m"))
        if minutes is None:
            raise OkxError("51000", "Parameter bar error", 400)
        after, before = (number(query, key, 0, 10**15) * 1_000_000 for key in ("after", "before"))
        bars = [
            bar
            for bar in feed.book.bars.of(minutes, zone_minutes(query.get("bar", "1m")))[::-1]
            if (not after or bar.start_ns < after) and bar.start_ns > before
        ]
        now_ns, span_ns = feed.book.last_time_ns, minutes * MINUTE_NS
        newest = bars[: number(query, "limit", PAGE, most)]
        return [(bar, bar.start_ns + span_ns <= now_ns) for bar in newest]


def required(query: Query, name: str) -> str:
    """A parameter that must be there. Raises OkxError."""
    value = query.get(name, "")
    if not value:
        raise OkxError("50014", f"Parameter {name} can not be empty.", 400)
    return value


def number(query: Query, name: str, default: int, most: int) -> int:
    """A whole number, at most `most`. Raises OkxError for anything else."""
    text = query.get(name, "") or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise OkxError("51000", f"Parameter {name} error", 400)
    return min(int(text), most)


def _inverse(leverage: int) -> str:
    return f"0.{10_000 // leverage:04d}"
