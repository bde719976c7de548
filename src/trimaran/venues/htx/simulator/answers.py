"""What the REST of the simulated HTX answers: instruments, depth, trades, bars, funding, clocks.

Spot: https://www.htx.com/en-us/opend/newApiPages/?id=7ec4f85c-7773-11ed-9966-0242ac110003; swaps:
https://www.htx.com/en-us/opend/newApiPages/?id=8cb71825-77b5-11ed-9966-0242ac110003. Bars of spot come newest
first, those of swaps oldest first. Contract sizes and ticks are written with 18 decimals, as on the venue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from trimaran.domain.instrument import Grid
from trimaran.venues.htx.simulator.refusals import HtxError
from trimaran.venues.htx.simulator.streams import PERIOD_MINUTES, STEP_LEVELS, HtxFeed
from trimaran.venues.htx.simulator.text import SpotText
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.reference import FUNDING_PERIOD_MS, next_funding_ms, reference_of

Query = Mapping[str, str]
Feeds = Mapping[str, HtxFeed]
DEPTHS: Final = ("5", "10", "20")
SIZE_MAX: Final = 2000
FULL_LEVELS: Final = 5000
NEVER_S: Final = 9_999_999_999
UNKNOWN_CONTRACT: Final = 1014
TRADES: Final = 1  # contract_status
SUSPENDED: Final = 3
_MAINTAINED: Final = 2


def bad_parameter(name: str) -> HtxError:
    """A parameter that is missing or makes no sense."""
    return HtxError("invalid-parameter", f"invalid {name}")


def number_of(query: Query, name: str, default: int) -> int:
    """A count from 1 to 2000. Raises HtxError."""
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= SIZE_MAX):
        raise bad_parameter(name)
    return int(text)


def _bars(feed: HtxFeed, query: Query) -> list[str]:
    """The last bars of a period, oldest first; `from` and `to` are seconds."""
    period = query.get("period", "")
    if period not in PERIOD_MINUTES:
        raise bad_parameter("period")
    since_ns, until_ns = _seconds(query, "from", 0), _seconds(query, "to", NEVER_S)
    default = 150 if "from" not in query else SIZE_MAX
    bars = [bar for bar in feed.candles(period) if since_ns <= bar.start_ns <= until_ns]
    return [feed.text.candle(bar, feed.book_id) for bar in bars[-number_of(query, "size", default) :]]


def _seconds(query: Query, name: str, default: int) -> int:
    """A time in seconds, as nanoseconds. Raises HtxError."""
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise bad_parameter(name)
    return int(text) * 1_000_000_000


def newest_trades(feed: HtxFeed, count: int) -> list[str]:
    """The last aggressive orders, newest first."""
    return [_rest_trades(feed, index) for index in range(1, 1 + min(count, len(feed.book.recent_fills)))]


def _rest_trades(feed: HtxFeed, back: int) -> str:
    fill = feed.book.recent_fills[-back]
    time_ms = feed.now.venue_ms(fill.time_ns)
    if isinstance(feed.text, SpotText):
        return feed.text.trades(fill, time_ms, rest=True)
    return feed.text.trades(fill, time_ms)


def _answer(feed: HtxFeed, kind: str, key: str, value: str, time_ms: int) -> str:
    return f'{{"ch":"{feed.topic(kind)}","status":"ok","ts":{time_ms},"{key}":{value}}}'


def _merged(feed: HtxFeed, time_ms: int) -> str:
    """The last 24 hours with the top as pairs."""
    bid_ticks, bid_lots, ask_ticks, ask_lots = feed.book.best
    price, size = feed.price, feed.size
    day = feed.text.day(feed.day(), time_ms, feed.book_id)
    top = f'"bid":[{price(bid_ticks)},{size(bid_lots)}],"ask":[{price(ask_ticks)},{size(ask_lots)}]'
    return _answer(feed, "detail.merged", "tick", f"{day[:-1]},{top}}}", time_ms)


class SpotAnswers:
    """The public endpoints of spot."""

    def __init__(self, feeds: Feeds, server_ms: Callable[[], int], maintained: Callable[[], bool]) -> None:
        self._feeds = feeds
        self._server_ms = server_ms
        self._maintained = maintained

    def table(self) -> dict[str, Callable[[Query], str]]:
        """Every path."""
        return {
            "/v1/common/timestamp": lambda query: f'{{"status":"ok","data":{self._server_ms()}}}',
            "/v1/settings/common/market-symbols": self._symbols,
            "/v2/market-status": self._status,
            "/market/depth": self._depth,
            "/market/detail/merged": lambda query: _merged(self._feed(query), self._server_ms()),
            "/market/trade": self._trade,
            "/market/history/trade": self._history,
            "/market/history/kline": self._candles,
            "/market/history/candles": self._candles,
            "/market/fullMbp": self._full,
            "/market/tickers": self._tickers,
        }

    def _feed(self, query: Query) -> HtxFeed:
        feed = self._feeds.get(query.get("symbol", ""))
        if feed is None or not feed.listed:
            raise bad_parameter("symbol")
        return feed

    def _symbols(self, query: Query) -> str:
        wanted = query.get("symbols")
        feeds = [self._feed({"symbol": name}) for name in wanted.split(",")] if wanted else self._listed()
        rows = ",".join(_symbol(feed) for feed in feeds)
        return f'{{"status":"ok","data":[{rows}],"ts":"{self._server_ms()}","full":1}}'

    def _status(self, query: Query) -> str:
        state = _MAINTAINED if self._maintained() else 1
        halted = ',"haltStartTime":0,"haltEndTime":0,"haltReason":2,"affectedSymbols":"all"'
        fields = f'"marketStatus":{state}{halted if state == _MAINTAINED else ""}'
        return f'{{"code":200,"message":"success","data":{{{fields}}}}}'

    def _depth(self, query: Query) -> str:
        feed, kind = self._feed(query), query.get("type", "")
        if kind != "step0":
            raise bad_parameter("type")
        if "depth" in query and query["depth"] not in DEPTHS:
            raise bad_parameter("depth")
        levels = int(query.get("depth", STEP_LEVELS))
        topic = feed.topic(f"depth.{kind}")
        return _answer(feed, f"depth.{kind}", "tick", feed.depth(levels, topic), self._server_ms())

    def _trade(self, query: Query) -> str:
        feed = self._feed(query)
        if not feed.book.recent_fills:
            return _answer(feed, "trade.detail", "tick", "null", self._server_ms())
        return _answer(feed, "trade.detail", "tick", _rest_trades(feed, 1), self._server_ms())

    def _history(self, query: Query) -> str:
        feed = self._feed(query)
        rows = ",".join(newest_trades(feed, number_of(query, "size", 1)))
        return _answer(feed, "trade.detail", "data", f"[{rows}]", self._server_ms())

    def _candles(self, query: Query) -> str:
        feed = self._feed(query)
        rows = ",".join(_bars(feed, query)[::-1])
        return _answer(feed, f"kline.{query['period']}", "data", f"[{rows}]", self._server_ms())

    def _full(self, query: Query) -> str:
        """The whole book, to 5,000 levels a side."""
        feed = self._feed(query)
        engine, text = feed.book.engine, feed.text
        bids, asks = (text.levels(engine.depth(side, FULL_LEVELS)) for side in (0, 1))
        tick = f'{{"seqNum":{feed.book_id},"bids":{bids},"asks":{asks}}}'
        return _answer(feed, "mbp.150", "data", tick, self._server_ms())

    def _tickers(self, query: Query) -> str:
        rows = ",".join(f'{{"symbol":"{feed.text.symbol}",{feed.ticker()}}}' for feed in self._listed())
        return f'{{"status":"ok","ts":{self._server_ms()},"data":[{rows}]}}'

    def _listed(self) -> list[HtxFeed]:
        return [feed for feed in self._feeds.values() if feed.listed]


class SwapAnswers:
    """The public endpoints of swaps."""

    def __init__(
        self, feeds: Feeds, index_books: Mapping[str, VenueBook], server_ms: Callable[[], int]
    ) -> None:
        """`index_books` are the spot books by contract, for the funding rate."""
        self._feeds = feeds
        self._index_books = index_books
        self._server_ms = server_ms

    def table(self) -> dict[str, Callable[[Query], str]]:
        """Every path."""
        return {
            "/api/v1/timestamp": lambda query: f'{{"status":"ok","ts":{self._server_ms()}}}',
            "/linear-swap-api/v1/swap_contract_info": self._contracts,
            "/linear-swap-api/v1/swap_funding_rate": self._funding,
            "/linear-swap-ex/market/depth": self._depth,
            "/linear-swap-ex/market/bbo": self._tops,
            "/linear-swap-ex/market/detail/merged": lambda query: _merged(
                self._feed(query), self._server_ms()
            ),
            "/linear-swap-ex/market/trade": self._trade,
            "/linear-swap-ex/market/history/trade": self._history,
            "/linear-swap-ex/market/history/kline": self._candles,
        }

    def _feed(self, query: Query) -> HtxFeed:
        feed = self._feeds.get(query.get("contract_code", ""))
        if feed is None or not feed.listed:
            raise bad_parameter("symbol")
        return feed

    def _contract(self, query: Query) -> HtxFeed:
        try:
            return self._feed(query)
        except HtxError:
            raise HtxError(UNKNOWN_CONTRACT, "This contract doesn't exist.") from None

    def _contracts(self, query: Query) -> str:
        one = "contract_code" in query
        feeds = [self._contract(query)] if one else [each for each in self._feeds.values() if each.listed]
        rows = ",".join(_contract(feed) for feed in feeds)
        return f'{{"status":"ok","data":[{rows}],"ts":{self._server_ms()}}}'

    def _funding(self, query: Query) -> str:
        feed, now_ms = self._contract(query), self._server_ms()
        instrument = feed.book.listing.instrument
        rate = reference_of(feed.book, self._index_books.get(feed.text.symbol)).rate
        next_ms = next_funding_ms(now_ms)
        return (
            f'{{"status":"ok","data":{{"estimated_rate":null,"funding_rate":"{rate}",'
            f'"contract_code":"{instrument.symbol}","symbol":"{instrument.base}","fee_asset":"USDT",'
            f'"funding_time":"{next_ms}","next_funding_time":"{next_ms + FUNDING_PERIOD_MS}",'
            f'"trade_partition":"USDT"}},"ts":{now_ms}}}'
        )

    def _depth(self, query: Query) -> str:
        feed, kind = self._feed(query), query.get("type", "")
        if kind != "step0":
            raise bad_parameter("type")
        topic = feed.topic(f"depth.{kind}")
        return _answer(feed, f"depth.{kind}", "tick", feed.depth(STEP_LEVELS, topic), self._server_ms())

    def _tops(self, query: Query) -> str:
        feeds = [self._feed(query)] if "contract_code" in query else list(self._feeds.values())
        now_ms = self._server_ms()
        rows = ",".join(
            f'{{"trade_partition":"USDT","business_type":"swap","contract_code":"{feed.text.symbol}",'
            f'"ask":[{feed.price(ask_ticks)},{feed.size(ask_lots)}],'
            f'"bid":[{feed.price(bid_ticks)},{feed.size(bid_lots)}],"mrid":{feed.book_id},"ts":{now_ms}}}'
            for feed in feeds
            if feed.listed
            for bid_ticks, bid_lots, ask_ticks, ask_lots in (feed.book.best,)
        )
        return f'{{"status":"ok","ticks":[{rows}],"ts":{now_ms}}}'

    def _trade(self, query: Query) -> str:
        feed = self._feed(query)
        tick = _rest_trades(feed, 1) if feed.book.recent_fills else "null"
        return _answer(feed, "trade.detail", "tick", tick, self._server_ms())

    def _history(self, query: Query) -> str:
        feed = self._feed(query)
        rows = ",".join(newest_trades(feed, number_of(query, "size", 1)))
        return _answer(feed, "trade.detail", "data", f"[{rows}]", self._server_ms())

    def _candles(self, query: Query) -> str:
        feed = self._feed(query)
        rows = ",".join(_bars(feed, query))
        return _answer(feed, f"kline.{query['period']}", "data", f"[{rows}]", self._server_ms())


def decimals_of(step: Decimal) -> int:
    """How many decimals numbers of a grid have, of which the steps are powers of ten."""
    return max(0, -Grid.of(step).exponent)


def _symbol(feed: HtxFeed) -> str:
    """One row of the symbols of spot."""
    book = feed.book
    instrument, least = book.listing.instrument, f"{book.smallest():f}"
    trades, enabled = ("online", "enabled") if book.rules.trading else ("suspend", "disabled")
    return (
        f'{{"symbol":"{instrument.symbol}","state":"{trades}","bc":"{instrument.base.lower()}",'
        f'"qc":"{instrument.quote.lower()}","pp":{decimals_of(book.tick())},'
        f'"ap":{decimals_of(book.lot())},"sp":"main","vp":8,"minoa":{least},"maxoa":1.0E7,'
        f'"minov":{instrument.min_notional},"lominoa":{least},"lomaxoa":1.0E7,"lomaxba":1.0E7,'
        f'"lomaxsa":1.0E7,"smminoa":{least},"smmaxoa":1000000,"bmmaxov":1000000,"blmlt":1.1,"slmgt":0.9,'
        f'"msormlt":0.1,"mbormlt":0.1,"at":"{enabled}","tags":""}}'
    )


def _contract(feed: HtxFeed) -> str:
    """One row of the contracts."""
    book = feed.book
    instrument = book.listing.instrument
    size, tick = f"{instrument.contract_size:.18f}", f"{book.tick():.18f}"
    status = TRADES if book.rules.trading else SUSPENDED
    return (
        f'{{"symbol":"{instrument.base}","contract_code":"{instrument.symbol}","contract_size":{size},'
        f'"price_tick":{tick},"delivery_date":"","delivery_time":"","create_date":"20201021",'
        f'"contract_status":{status},"settlement_date":"1730000000000","support_margin_mode":"all",'
        f'"business_type":"swap","pair":"{instrument.symbol}","contract_type":"swap",'
        f'"trade_partition":"USDT"}}'
    )
