"""One market of a running simulator, with its session, its shell and its books: the desk's side on real sockets.

The session is made by the record of the registry, on the simulator's base URLs; only its patience is shorter than
on the live exchange, so that a test need not wait for minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimaran.domain.answer import BookStatus
from trimaran.domain.instrument import Instrument
from trimaran.native._hot import Hot
from trimaran.venues.registry import MarketEntry
from trimaran.venues.sim.server import Simulator
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.link import LinkConfig
from trimaran.venues.wire.market_feed import MarketFeed
from trimaran.venues.wire.rest import RestClient, RestOptions
from trimaran.venues.wire.session import SessionConfig

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
    """The books of one market in a hot state, which may be shared. Nothing is scanned: every book is alone."""

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
        return answer

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
        self, entry: MarketEntry, simulator: Simulator, feed: MarketFeed, session: Any, sink: HotSink
    ) -> None:
        self.entry, self.simulator = entry, simulator
        self.feed, self.session, self.sink = feed, session, sink
        self.notices: list[Any] = []

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Waits; fails with what the session has counted when it does not come to pass."""
        end_s = asyncio.get_running_loop().time() + seconds
        while not condition():
            assert asyncio.get_running_loop().time() < end_s, self.session.counters
            await asyncio.sleep(0.01)

    async def books_agree(self) -> None:
        """Stops the market and compares every level that the venue maintains."""
        self.simulator.set_paused(True)
        for symbol in self.sink.index:
            expected = levels_of(self.simulator, self.entry, symbol)
            await self.until(lambda s=symbol, e=expected: self.sink.levels(s) == e, 3)  # type: ignore[misc]
        assert self.sink.live()
        self.simulator.set_paused(False)


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
    depth = entry.make_decoder().levels_max
    bids, asks = (
        [(instrument.price(ticks), instrument.size(lots)) for ticks, lots in engine.depth(side, depth)]
        for side in (0, 1)
    )
    return bids, asks


@contextlib.asynccontextmanager
async def staged(
    simulator: Simulator,
    entry: MarketEntry,
    config: SessionConfig = QUICK,
    *,
    bases: Bases | None = None,
    make_sink: Callable[[MarketEntry, Sequence[Instrument]], HotSink] | None = None,
    seed: int = 3,
) -> AsyncIterator[MarketStage]:
    """Loads the instruments, starts a feed for all of them, and stops it without leaks."""
    opened = entry.open(bases if bases is not None else bases_of(simulator, entry.name), config)
    async with RestClient(SystemClock(), RestOptions()) as rest:
        wanted = [symbol for market, symbol in simulator.feeds if market == entry.name]
        reply = await rest.get(opened.instruments_url(wanted))
        instruments = opened.read_instruments(reply.body, wanted)
        sink = make_sink(entry, instruments) if make_sink else HotSink(entry, instruments, Hot())
        books = {book: symbol for symbol, book in sink.index.items()}
        session = opened.make_session(list(sink.index), books, random.Random(seed))
        notices: list[Any] = []
        feed = MarketFeed(session, sink, SystemClock(), rest, on_notice=notices.append, tick_s=TICK_S)
        stage = MarketStage(entry, simulator, feed, session, sink)
        stage.notices = notices
        before = asyncio.all_tasks()
        await feed.start()
        try:
            yield stage
        finally:
            await feed.stop()
        ours = [task for task in asyncio.all_tasks() - before if "wire" in repr(task)]
        assert ours == []
    assert all(sink.hot.status(book) == BookStatus.DOWN for book in sink.index.values())
