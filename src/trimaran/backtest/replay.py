"""Replays captures through the same step as live; with `--trade` the strategies trade too, on paper.

Beside the desk's own account of itself it measures two things that need both tapes of an asset:

- top: after every depth event the book's best levels are compared with the latest bookTicker whose update
  id is not larger; a bookTicker may skip a change, so a few differences are the venue's.
- edge: at every bookTicker of either market, once both are known and until one tape ends: what buying on
  one and selling on the other would give, (bid sold - ask bought) / ask bought in basis points, before fees.
"""

from __future__ import annotations

import heapq
import statistics
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from trimaran.backtest.tape_line import AnyTape, BrokenLine, Heard, TapeDown, TapeLine
from trimaran.base.errors import DecodeKind
from trimaran.base.limits import PENDING_DELTAS_MAX
from trimaran.domain.answer import Flag, Kind, book_of, flags_of, kind_of
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.events import FeedDown, FeedUp, Frame, SnapshotBody
from trimaran.domain.instrument import ContractKind
from trimaran.engine.desk import Desk
from trimaran.engine.hot import Hot
from trimaran.engine.loop import Loop

PROGRESS_EVERY: Final = 20_000
MS: Final = 1_000_000
BPS: Final = 10_000


class FinalBook(msgspec.Struct):
    """A book as its tape left it; decimals are text."""

    update_id: int
    bid: str
    bid_size: str
    ask: str
    ask_size: str
    levels_hash: str  # equal for equal books


class MarketReport(msgspec.Struct):
    """What replaying one market showed."""

    frames: int = 0
    gaps: int = 0
    crossings: int = 0
    duplicates: int = 0
    book: str = "down"
    clock_offset_ms: float | None = None  # median of (local - venue) over depth events
    top_checked: int = 0
    top_equal: int = 0
    broken_lines: int = 0
    snapshots_unplaced: int = 0  # a snapshot without a symbol, on a tape of several
    errors: dict[str, int] = {}
    final: dict[str, FinalBook] = {}  # by symbol


class EdgeReport(msgspec.Struct):
    """Edges between spot and perpetual of the same underlying, before fees."""

    states: int = 0
    buy_spot_positive: int = 0  # states in which buying spot and selling the perpetual gained
    sell_spot_mean_bps: float | None = None
    sell_spot_max_bps: float | None = None


class ReplayReport(msgspec.Struct):
    """The result of a replay. Nothing is traded unless it was asked for."""

    markets: dict[str, MarketReport]
    edge: EdgeReport
    opportunities: dict[str, int]  # seen and taken, net of fees
    groups: int  # of orders that ended
    state_hash: str  # of orders and ledger: equal for equal replays


class Replay:
    """Pushes tapes through a loop. `on_progress` receives the number of frames so far."""

    def __init__(
        self,
        loop: Loop,
        tapes: Sequence[AnyTape],
        make_hot: Callable[[], Hot],
        on_progress: Callable[[int], None],
    ) -> None:
        self._loop = loop
        self._make_hot = make_hot
        self._desk = loop.desk
        self._tapes = tapes
        self._on_progress = on_progress
        self._markets = {tape.market: MarketReport() for tape in tapes}
        self._tops = TopCheck(loop.desk)
        self._edges = EdgeCheck(loop.desk)
        self._offsets: dict[int, list[int]] = {}
        self._words: dict[int, str] = {}  # statuses at the end of tapes that ended before others
        self._held: dict[int, deque[bytes]] = {}  # depth events that wait for a snapshot

    def run(self) -> ReplayReport:
        """Replays everything, merged by local receive time."""
        for tape in self._tapes:
            self._loop.push(FeedUp(self._desk.markets[tape.market], 0))
        for count, (tape, line) in enumerate(self._merged(), 1):
            self._push(tape, line)
            if count % PROGRESS_EVERY == 0:
                self._on_progress(count)
        return self._report()

    def _merged(self) -> Iterator[tuple[AnyTape, Heard]]:
        streams = [self._good_lines(tape, number) for number, tape in enumerate(self._tapes)]
        going = len(streams)
        for _, number, line, last in heapq.merge(*streams, key=lambda row: row[:2]):
            yield self._tapes[number], line
            going -= last
            if last and going:
                self._end(self._tapes[number], line.local_ns)

    def _end(self, tape: AnyTape, local_ns: int) -> None:
        """A tape ends before others: what it said last must not be traded on for the rest of them."""
        self._edges.stop()
        market = self._desk.markets[tape.market]
        for book, owner in enumerate(self._desk.market_of_book):
            if owner == market:
                self._words[book] = self._desk.book_word(book)
        self._loop.push(FeedDown(market, "the tape ended", local_ns))

    def _good_lines(self, tape: AnyTape, number: int) -> Iterator[tuple[int, int, Heard, bool]]:
        held: Heard | None = None
        for line in tape.lines():
            if isinstance(line, BrokenLine):
                self._broken(tape)
                continue
            if held is not None:
                yield held.local_ns, number, held, False
            held = line
        if held is not None:
            yield held.local_ns, number, held, True

    def _broken(self, tape: AnyTape) -> None:
        """A line that cannot be read may have been a depth event: the books must prove themselves."""
        self._markets[tape.market].broken_lines += 1
        self._loop.push(Frame(self._desk.markets[tape.market], b"", self._desk.now_ns))

    def _push(self, tape: AnyTape, heard: Heard) -> None:
        market = self._desk.markets[tape.market]
        if isinstance(heard, TapeLine):
            self._frame(tape, market, heard)
            return
        key = f"{tape.market}:{heard.symbol}"
        books = [book for book, leg in enumerate(self._desk.legs) if leg.instrument.key == key]
        if isinstance(heard, TapeDown):
            self._loop.push(FeedDown(market, heard.reason, heard.local_ns, tuple(books)))
        elif books:
            self._loop.push(SnapshotBody(books[0], heard.payload, heard.local_ns))

    def _frame(self, tape: AnyTape, market: int, line: TapeLine) -> None:
        answer = self._loop.push(Frame(market, line.payload, line.local_ns))
        kind, book = kind_of(answer), book_of(answer)
        if kind == Kind.TICKER and flags_of(answer) & Flag.APPLIED:
            self._tops.on_ticker(book)
            self._edges.on_ticker(book)
        elif kind == Kind.DEPTH and flags_of(answer) & Flag.APPLIED:
            if self._desk.book_word(book) == "live":
                self._tops.on_depth(book, self._desk.hot.last_id(book), self._desk.hot.book_top(book))
            venue_ns = self._desk.hot.top(book)[5]
            self._offsets.setdefault(market, []).append(line.local_ns - venue_ns)
        elif kind == Kind.DEPTH and not flags_of(answer) & Flag.DUPLICATE:
            self._held.setdefault(book, deque(maxlen=PENDING_DELTAS_MAX)).append(line.payload)
        elif kind == Kind.IGNORED and b'"lastUpdateId"' in line.payload:
            self._snapshot(tape, market, line)

    def _snapshot(self, tape: AnyTape, market: int, line: TapeLine) -> None:
        books = [book for book, owner in enumerate(self._desk.market_of_book) if owner == market]
        if len(books) != 1:
            self._markets[tape.market].snapshots_unplaced += 1
            return
        answer = self._loop.push(SnapshotBody(books[0], line.payload, line.local_ns))
        if flags_of(answer) & Flag.APPLIED:
            self._look_at_held(books[0], line)

    def _look_at_held(self, book: int, snapshot: TapeLine) -> None:
        """A snapshot took the events that waited for it in one call: a scratch book shows them one by one."""
        scratch = Desk(self._desk.setup, self._make_hot(), (), ClientIdCounter(0, 0, 1))
        market = self._desk.market_of_book[book]
        scratch.hot.mark_up(market)
        scratch.hot.on_snapshot(book, snapshot.payload, snapshot.local_ns)
        for payload in self._held.pop(book, ()):
            answer = scratch.hot.on_frame(market, payload, snapshot.local_ns)
            if flags_of(answer) & Flag.APPLIED and scratch.book_word(book) == "live":
                self._tops.on_depth(book, scratch.hot.last_id(book), scratch.hot.book_top(book))

    def _report(self) -> ReplayReport:
        hot = self._desk.hot
        for name, report in self._markets.items():
            market = self._desk.markets[name]
            report.frames = hot.frames(market) - report.broken_lines
            faults = hot.faults(market)
            report.errors = {kind.name: faults[kind] for kind in DecodeKind if faults[kind]}
            offsets = self._offsets.get(market)
            report.clock_offset_ms = statistics.median(offsets) / MS if offsets else None
            for book, owner in enumerate(self._desk.market_of_book):
                if owner == market:
                    self._add_book(report, book)
        markets = {str(name): report for name, report in self._markets.items()}
        episodes, durable = self._desk.episodes, self._desk.durable
        return ReplayReport(
            markets,
            self._edges.report(),
            {"seen": episodes.seen, "taken": episodes.taken},
            durable.groups_closed,
            f"{durable.state_hash():016x}",
        )

    def _add_book(self, report: MarketReport, book: int) -> None:
        _, duplicates, gaps, crossings, _, _ = self._desk.hot.counters(book)
        report.duplicates += duplicates
        report.gaps += gaps
        report.crossings += crossings
        checked, equal = self._tops.counts(book)
        report.top_checked += checked
        report.top_equal += equal
        report.final[self._desk.legs[book].instrument.symbol] = self._final(book)
        word = self._words.get(book) or self._desk.book_word(book)
        report.book = word if report.book in ("down", word) else "stale"

    def _final(self, book: int) -> FinalBook:
        hot, instrument = self._desk.hot, self._desk.legs[book].instrument
        bid, bid_lots, ask, ask_lots = hot.book_top(book)
        prices = [format(instrument.price(ticks).normalize(), "f") for ticks in (bid, ask)]
        sizes = [format(instrument.size(lots).normalize(), "f") for lots in (bid_lots, ask_lots)]
        levels_hash = f"{hot.state_hash(book):016x}"
        return FinalBook(hot.last_id(book), prices[0], sizes[0], prices[1], sizes[1], levels_hash)


Best = tuple[int, int, int, int]  # bid_ticks, bid_lots, ask_ticks, ask_lots


class TopCheck:
    """Compares the book after each depth event with the latest bookTicker whose update id is not larger.

    The two streams overtake each other, so a comparison waits until a newer bookTicker proves that none is
    missing.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tickers: dict[int, deque[tuple[int, Best]]] = {}
        self._depths: dict[int, deque[tuple[int, Best]]] = {}
        self._latest: dict[int, Best] = {}
        self._counts: dict[int, tuple[int, int]] = {}

    def on_ticker(self, book: int) -> None:
        """A bookTicker was taken."""
        update_id, bid, bid_lots, ask, ask_lots, _, _ = self._desk.hot.ticker(book)
        self._compare(book, update_id)
        self._tickers.setdefault(book, deque()).append((update_id, (bid, bid_lots, ask, ask_lots)))

    def on_depth(self, book: int, last_id: int, best: Best) -> None:
        """A depth event was applied to a live book."""
        self._depths.setdefault(book, deque()).append((last_id, best))

    def counts(self, book: int) -> tuple[int, int]:
        """(checked, equal), with everything that was still waiting."""
        self._compare(book, None)
        return self._counts.get(book, (0, 0))

    def _compare(self, book: int, before_id: int | None) -> None:
        depths = self._depths.get(book)
        tickers = self._tickers.get(book)
        while depths and (before_id is None or depths[0][0] < before_id):
            depth_id, best = depths.popleft()
            while tickers and tickers[0][0] <= depth_id:
                self._latest[book] = tickers.popleft()[1]
            latest = self._latest.get(book)
            if latest is not None:
                checked, equal = self._counts.get(book, (0, 0))
                self._counts[book] = (checked + 1, equal + (latest == best))


class EdgeCheck:
    """Spot against perpetual at every bookTicker; floats, because this is a report."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pairs: dict[int, tuple[int, int]] = {}  # book -> (spot, perpetual)
        for books in desk.same.values():
            spots = [b for b in books if desk.legs[b].instrument.kind is ContractKind.SPOT]
            perpetuals = [b for b in books if desk.legs[b].instrument.kind is ContractKind.PERPETUAL]
            if len(spots) == 1 and len(perpetuals) == 1:
                self._pairs.update(dict.fromkeys((*spots, *perpetuals), (spots[0], perpetuals[0])))
        self._running = True
        self._states = 0
        self._positive = 0
        self._sum_bps = 0.0
        self._max_bps: float | None = None

    def stop(self) -> None:
        """One of the tapes has ended."""
        self._running = False

    def on_ticker(self, book: int) -> None:
        """A bookTicker was taken."""
        pair = self._pairs.get(book)
        if pair is None or not self._running:
            return
        spot, perpetual = (self._desk.hot.ticker(each) for each in pair)
        if spot[0] < 0 or perpetual[0] < 0 or 0 in (spot[1], spot[3], perpetual[1], perpetual[3]):
            return
        spot_bid, spot_ask = self._prices(pair[0], spot)
        perpetual_bid, perpetual_ask = self._prices(pair[1], perpetual)
        self._states += 1
        self._positive += perpetual_bid > spot_ask
        sell_spot_bps = (spot_bid - perpetual_ask) / perpetual_ask * BPS
        self._sum_bps += sell_spot_bps
        self._max_bps = sell_spot_bps if self._max_bps is None else max(self._max_bps, sell_spot_bps)

    def report(self) -> EdgeReport:
        """What was seen."""
        mean = self._sum_bps / self._states if self._states else None
        return EdgeReport(self._states, self._positive, mean, self._max_bps)

    def _prices(self, book: int, ticker: tuple[int, int, int, int, int, int, int]) -> tuple[float, float]:
        step = 10.0 ** self._desk.legs[book].instrument.price_grid.exponent
        units = self._desk.legs[book].instrument.price_grid.units
        return ticker[1] * units * step, ticker[3] * units * step
