"""What the twin of the hot state knows of one market and of one book: plain data and plain rules."""

from __future__ import annotations

from typing import Final

from trimaran.arbitrage.scan import NO_LEVEL, ladder
from trimaran.base.errors import DecodeKind
from trimaran.base.limits import DEPTH_LAG_NS_MAX, FEE_E8_MAX, SYMBOL_BYTES_MAX
from trimaran.books.decoder import Decoder
from trimaran.books.lag import Lag
from trimaran.books.sequencing import SequencedBook
from trimaran.domain.answer import Flag, Kind, pack
from trimaran.domain.instrument import Grid, Side, Symbol
from trimaran.domain.market import (
    BookGrid,
    FundingRate,
    Level,
    MarkPrice,
    Reference,
    Stats,
    Ticker,
    Trade,
)

ORDER_STEP_MAX: Final = 1_000_000_000  # lots


class MarketState:
    """One market: its decoder, and whose books it feeds."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.grids: dict[Symbol, BookGrid] = {}
        self.books: dict[Symbol, int] = {}
        self.lag = Lag()
        self.frames = 0
        self.faults = [0] * (max(DecodeKind) + 1)


class BookState:
    """One book with what surrounds it."""

    def __init__(self, market: int, grid: BookGrid, decoder: Decoder, group: int, member: int) -> None:
        self.market, self.grid, self.group, self.member = market, grid, group, member
        self.ticker_joins = decoder.ticker_joins
        self.sequenced = SequencedBook(decoder.law, decoder.levels_max)
        self.ticker: Ticker | None = None
        self.ticker_local_ns = 0
        self.trade = (-1, 0, 0, False, 0, 0)
        self.trade_kind = Kind.TRADE
        self.reference = (0, 0, 0, 0, 0, 0, 0)
        self.venue_ns = self.depth_quote_ns = self.ticker_quote_ns = 0
        self.ahead_since_ns = 0  # since when the book has lacked what a ticker had; 0: it lacks nothing
        self.ahead_id = 0  # and what it lacks
        self.anew_below = 0  # ids above are of a numbering that has ended; 0: there was none
        self.top: tuple[Level, Level] = (NO_LEVEL, NO_LEVEL)

    def newer_ticker(self) -> Ticker | None:
        """The ticker, when it says more than the book."""
        if self.ticker is None or not self.ticker_joins or not self.sequenced.live:
            return None
        return self.ticker if self.ticker.update_id > self.sequenced.last_id else None

    @property
    def quote_ns(self) -> int:
        """When what the top says was true, by the local clock."""
        return max(self.depth_quote_ns, self.ticker_quote_ns) if self.ticker_joins else self.depth_quote_ns

    def deltas_overdue(self, now_ns: int) -> bool:
        """A newer ticker proves that a delta must follow; when none does, the deeper levels are old."""
        if not self.ticker_joins:
            return False
        if self.sequenced.last_id >= self.ahead_id:
            self.ahead_since_ns = 0
        newer = self.ticker is not None and self.ticker.update_id > self.sequenced.last_id
        if self.ticker is not None and newer and self.ahead_since_ns == 0:
            self.ahead_since_ns, self.ahead_id = now_ns, self.ticker.update_id
        return self.ahead_since_ns != 0 and now_ns - self.ahead_since_ns > DEPTH_LAG_NS_MAX

    def forget(self) -> None:
        """What went before a break says nothing about what comes after it: the venue may count anew.

        A trade that is told again is known by its time.
        """
        self.ticker = None
        self.ticker_local_ns = self.ticker_quote_ns = self.ahead_since_ns = self.ahead_id = 0

    def count_anew(self, old_id: int, now_id: int) -> None:
        """The venue has begun to count again at `now_id`.

        Tickers of the old numbering may still come, over another connection: they are those that stand nearer
        to the old ids than to the new ones.
        """
        self.forget()
        self.anew_below = now_id + (old_id - now_id) // 2

    def of_an_old_numbering(self, ticker_id: int) -> bool:
        """Whether a ticker belongs to what was counted before."""
        if self.sequenced.last_id > self.anew_below:
            self.anew_below = 0
        return self.anew_below != 0 and ticker_id > self.anew_below

    def effective_top(self) -> tuple[Level, Level]:
        """(bid, ask) that may be traded on."""
        if not self.sequenced.live:
            return NO_LEVEL, NO_LEVEL
        ticker = self.newer_ticker()
        if ticker is not None:
            return (ticker.bid_ticks, ticker.bid_lots), (ticker.ask_ticks, ticker.ask_lots)
        return self.sequenced.book.bids.best(), self.sequenced.book.asks.best()

    def ladder(self, side: int) -> list[Level]:
        """What a taker meets on one side; nothing where a newer ticker says that it is empty."""
        ticker = self.newer_ticker()
        asks = side == Side.SELL
        levels = (self.sequenced.book.asks if asks else self.sequenced.book.bids).levels()
        if ticker is None:
            return levels
        fresh = (ticker.ask_ticks, ticker.ask_lots) if asks else (ticker.bid_ticks, ticker.bid_lots)
        return ladder(levels, asks, fresh) if fresh[0] else []


def on_trade(state: BookState, event: Trade, index: int, local_ns: int) -> int:
    """Keeps the newest trade; the packed answer."""
    kind = Kind.AGG_TRADE if event.aggregate else Kind.TRADE
    # HTX tells the last trade once more to every new subscriber. A lower id at a later time is a venue that
    # counts anew.
    last_id, last_ns = state.trade[0], state.trade[4]
    old = event.trade_id < last_id and event.venue_ns <= last_ns
    if kind is state.trade_kind and (old or event.trade_id == last_id):
        return pack(kind, Flag.DUPLICATE, index)
    sold = event.aggressor is Side.SELL
    state.trade_kind = kind
    state.trade = (event.trade_id, event.price_ticks, event.size_lots, sold, event.venue_ns, local_ns)
    return pack(kind, Flag.APPLIED, index)


def on_reference(state: BookState, event: Reference, index: int) -> int:
    """Keeps what a perpetual tells beside its book; the packed answer."""
    mark_e12, mark_ns, rate_e12, settles_ms, funding_ns, last_ticks, stats_ns = state.reference
    kind = Kind.STATS
    if isinstance(event, MarkPrice):
        kind, mark_e12, mark_ns = Kind.MARK, event.price_e12, event.venue_ns
    elif isinstance(event, FundingRate):
        kind, rate_e12, settles_ms, funding_ns = (
            Kind.FUNDING,
            event.rate_e12,
            event.settles_ms,
            event.venue_ns,
        )
    else:
        assert isinstance(event, Stats)
        last_ticks, stats_ns = event.last_ticks, event.venue_ns
    state.reference = (mark_e12, mark_ns, rate_e12, settles_ms, funding_ns, last_ticks, stats_ns)
    return pack(kind, Flag.APPLIED, index)


def check_instrument(symbol: str, grids: tuple[Grid, ...], order_step: int, taker_fee_e8: int) -> None:
    """The ranges of one row of `add_instrument`, as at the border of the native core. Raises ValueError."""
    require(1 <= len(symbol.encode()) <= SYMBOL_BYTES_MAX, "symbol: expected 1..32 bytes")
    require(-FEE_E8_MAX <= taker_fee_e8 <= FEE_E8_MAX, "taker_fee_e8: expected +-5000000")
    require(0 < order_step <= ORDER_STEP_MAX, "order_step: expected 1..10**9")
    for grid in grids:
        require(0 < grid.units < 10**9, "units: expected 1..999999999")
        require(-18 <= grid.exponent <= 9, "exponent: expected -18..9")


def require(holds: bool, text: str) -> None:
    """Raises ValueError with `text` unless it holds."""
    if not holds:
        raise ValueError(text)
