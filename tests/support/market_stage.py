"""One market of a running simulator with its session, shell and books: the desk's side, on real sockets.

The session is made by the record of the registry, on the simulator's base URLs; only its patience is shorter
than on the live exchange, so that a test need not wait for minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimaran.domain.answer import BookStatus, Flag, Kind, flags_of, kind_of
from trimaran.domain.instrument import Instrument, Symbol
from trimaran.native._hot import Hot
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.server import Simulator
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.link import LinkConfig
from trimaran.venues.wire.market_entry import MarketEntry
from trimaran.venues.wire.market_feed import MarketFeed
from trimaran.venues.wire.rest import RestClient, RestOptions
from trimaran.venues.wire.session import SessionConfig
from trimaran.venues.wire.translated import translated

MS = 1_000_000
QUICK = SessionConfig(
    link=LinkConfig(
        quiet_ns=300 * MS,
        pong_ns=200 * MS,
        listen_ns_max=1_200 * MS,
        text_ping_every_ns=300 * MS,
        scan_every_ns=100 * MS,
        resubscribe=Backoff(base_ns=20 * MS, cap_ns=500 * MS),
    ),
    reconnect=Backoff(base_ns=20 * MS, cap_ns=200 * MS),
    snapshot_retry=Backoff(base_ns=20 * MS, cap_ns=200 * MS),
    snapshot_answer_ns_max=500 * MS,
)
TICK_S = 0.02
Bases = Mapping[str, str]
Levels = list[tuple[Decimal, Decimal]]


class HotSink:
    """The books of one market in a hot state, which may be shared. Nothing is scanned: each book is alone."""

    def __init__(
        self, entry: MarketEntry, instruments: Sequence[Instrument], hot: Any, first_group: int = 0
    ) -> None:
        self.hot = hot
        self.entry = entry
        self.market = hot.add_market(entry.dialect)
        self.instruments = {each.symbol: each for each in instruments}
        self.index: dict[Any, int] = {}
        self.downs: list[str] = []
        self.down_symbols: list[Sequence[str]] = []
        self._reach: dict[str, list[Decimal]] = {}  # of the last snapshot over REST: its worst bid and ask
        for group, each in enumerate(instruments, first_group):
            price, size = each.price_grid, each.size_grid
            grids = (price.units, price.exponent, size.units, size.exponent, size.units, size.exponent)
            book = hot.add_instrument(self.market, each.symbol, *grids, each.order_step, group, 0)
            self.index[each.symbol] = book

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        answer: int = self.hot.on_frame(self.market, payload, local_ns)
        return answer

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        answer: int = self.hot.on_snapshot(self.index[symbol], payload, local_ns)
        if kind_of(answer) == Kind.SNAPSHOT and not flags_of(answer) & Flag.DUPLICATE:
            book = json.loads(payload)
            self._reach[symbol] = [Decimal(book[side][-1][0]) for side in ("bids", "asks")]
        return answer

    def within_reach(self, symbol: str, levels: Levels, side: int) -> Levels:
        """The levels that the snapshot of a book reached: of those beyond it only changes are ever told."""
        if symbol not in self._reach:
            return levels
        worst, sign = self._reach[symbol][side], 1 - 2 * side
        return [level for level in levels if sign * level[0] >= sign * worst]

    def on_down(self, reason: str, symbols: Sequence[str]) -> None:
        self.downs.append(reason)
        self.down_symbols.append(symbols)
        for symbol in symbols or self.index:
            self.hot.mark_book_down(self.index[symbol])

    def live(self, *symbols: str) -> bool:
        """Whether these books are live; all of them when none is named."""
        return all(self.hot.status(self.index[each]) == BookStatus.LIVE for each in symbols or self.index)

    def levels(self, symbol: str) -> tuple[Levels, Levels]:
        """All levels as decimals, best first: (bids, asks)."""
        each, book = self.instruments[symbol], self.index[symbol]  # type: ignore[index]
        bids, asks = (
            [(each.price(ticks), each.size(lots)) for ticks, lots in self.hot.depth(book, side, 10_000)]
            for side in (0, 1)
        )
        return bids, asks


class MarketStage:
    """A feed of one market of a running simulator."""

    def __init__(
        self, entry: MarketEntry, simulator: Simulator | None, feed: MarketFeed, session: Any, sink: HotSink
    ) -> None:
        self.entry, self.simulator = entry, simulator
        self.feed, self.session, self.sink = feed, session, sink
        self.notices: list[Any] = []
        self.ended: asyncio.Task[None] | None = None  # raises what made the feed fail

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Waits; fails with what the session has counted when it does not come to pass."""
        end_s = asyncio.get_running_loop().time() + seconds
        while not condition():
            if self.ended is not None and self.ended.done():
                self.ended.result()
            assert asyncio.get_running_loop().time() < end_s, self.session.counters
            await asyncio.sleep(0.01)

    async def recovered(self) -> None:
        """The faults are over: two more deltas of each book prove that none is missing, or bring it back."""
        assert self.simulator is not None
        self.simulator.set_faults(FaultPlan())
        hot, books = self.sink.hot, self.sink.index.values()
        before = {book: hot.counters(book)[0] for book in books}
        await self.until(lambda: all(hot.counters(book)[0] >= before[book] + 2 for book in books))
        await self.until(self.sink.live)

    async def books_agree(self) -> None:
        """Stops the market and compares every level that the venue maintains."""
        assert self.simulator is not None
        self.simulator.set_paused(True)
        for symbol in self.sink.index:
            with contextlib.suppress(AssertionError):
                await self.until(lambda s=symbol: self.difference(s) == "", 3)  # type: ignore[misc]
            assert self.difference(symbol) == ""
        assert self.sink.live()
        self.simulator.set_paused(False)

    def difference(self, symbol: str) -> str:
        """Where a book and the simulator's own part, as far as the venue maintains it; "" for nowhere."""
        assert self.simulator is not None
        both = zip(self.sink.levels(symbol), levels_of(self.simulator, self.entry, symbol), strict=True)
        for side, (found, truth) in enumerate(both):
            if found == truth:
                continue
            found, truth = (self.sink.within_reach(symbol, levels, side) for levels in (found, truth))
            pairs = enumerate(zip(found, truth, strict=False))
            at = next((at for at, (one, other) in pairs if one != other), min(len(found), len(truth)))
            if found != truth:
                return f"{self.entry.name} {symbol} side {side} level {at} of {len(found)}, {len(truth)}"
        return ""


def bases_of(simulator: Simulator, market: str) -> dict[str, str]:
    """The base URLs of a market."""
    venue, _, kind = market.partition(".")
    bases: dict[str, str] = simulator.urls()["venues"][venue][kind]
    return bases


def levels_of(simulator: Simulator, entry: MarketEntry, symbol: str) -> tuple[Levels, Levels]:
    """The simulator's own book, cut to the depth that the venue maintains: (bids, asks)."""
    feed = simulator.feed_of(entry.name, symbol)
    assert feed is not None
    instrument, engine = feed.book.listing.instrument, feed.book.engine
    depth = entry.levels_max
    bids, asks = (
        [(instrument.price(ticks), instrument.size(lots)) for ticks, lots in engine.depth(side, depth)]
        for side in (0, 1)
    )
    return bids, asks


@contextlib.asynccontextmanager
async def staged(
    simulator: Simulator | None,
    entry: MarketEntry,
    config: SessionConfig = QUICK,
    *,
    bases: Bases | None = None,
    symbols: Sequence[Symbol] | None = None,
    make_sink: Callable[[MarketEntry, Sequence[Instrument]], HotSink] | None = None,
    seed: int = 3,
) -> AsyncIterator[MarketStage]:
    """Loads the instruments, starts a feed for all of them, and stops it without leaks.

    Without a simulator `bases` and `symbols` say where to go and what for.
    """
    if simulator is not None:
        bases = bases or bases_of(simulator, entry.name)
        symbols = symbols or [symbol for market, symbol in simulator.feeds if market == entry.name]
    assert bases is not None
    assert symbols is not None
    opened = entry.open(bases, config)
    async with RestClient(SystemClock(), RestOptions()) as rest:
        reply = await rest.get(opened.instruments_url(symbols))
        instruments = opened.read_instruments(reply.body, symbols)
        sink = make_sink(entry, instruments) if make_sink else HotSink(entry, instruments, Hot())
        books = {book: symbol for symbol, book in sink.index.items()}
        session = opened.make_session(list(sink.index), books, random.Random(seed))
        notices: list[Any] = []
        front = translated(entry.translate, sink)
        feed = MarketFeed(session, front, SystemClock(), rest, on_notice=notices.append, tick_s=TICK_S)
        stage = MarketStage(entry, simulator, feed, session, sink)
        stage.notices = notices
        before = asyncio.all_tasks()
        await feed.start()
        stage.ended = asyncio.create_task(feed.wait())
        try:
            yield stage
        finally:
            await feed.stop()
            await stage.ended
        ours = [task for task in asyncio.all_tasks() - before if "wire" in repr(task)]
        assert ours == []
    assert all(sink.hot.status(book) == BookStatus.DOWN for book in sink.index.values())
