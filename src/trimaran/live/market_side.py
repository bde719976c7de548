"""The market data of a desk: what its markets trade, and the feeds of their books.

    open     asks every market for its instruments, with patience
    connect  starts a feed a market; each frame goes from the socket's callback into `push`

Paper and live desks have the same market side; only what carries out their commands differs.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Final, Protocol

import msgspec

from trimaran.domain.answer import Flag
from trimaran.domain.events import Event, FeedDown, Frame, SnapshotBody
from trimaran.domain.instrument import MarketName, Symbol
from trimaran.domain.pair import Pair
from trimaran.domain.ports import Clock
from trimaran.engine.desk import Desk
from trimaran.live.bridges import BridgeConfig, open_bridge
from trimaran.live.listing import LEFT_OUT, Listing, check_listings
from trimaran.live.recorder import Recorder
from trimaran.live.report import Observed
from trimaran.live.startup import get_patiently
from trimaran.venues.bridge.entry import Bridge
from trimaran.venues.bridge.feed import BridgeFeed
from trimaran.venues.wire.market_entry import Bases, MarketEntry, OpenedMarket
from trimaran.venues.wire.market_feed import MarketFeed
from trimaran.venues.wire.rest import RestClient, RestError, RestOptions
from trimaran.venues.wire.session_port import FrameSink
from trimaran.venues.wire.translated import DIALECT, translated
from trimaran.venues.wire.websocket import WebSocketOptions

WOKEN: Final = int(Flag.WAKE) << 8  # where a packed answer has that flag


class Feed(Protocol):
    """Market data of one market: over sockets of our own, or over the bridge."""

    async def start(self) -> None:
        """Begins; returns at once."""

    async def wait(self) -> None:
        """Returns when it has been stopped; raises what made it fail."""

    async def stop(self) -> None:
        """Ends everything, and marks the books down."""


class Wanted(msgspec.Struct, frozen=True):
    """What a desk wants to see, and how it gets there."""

    markets: Mapping[MarketName, Bases | str]
    pairs: tuple[Pair, ...]
    proxies: Mapping[str, str]
    bridges: Mapping[str, BridgeConfig]
    start_patience_s: float
    seed: int


class Push(Protocol):
    """Where events go: `Loop.push`, or what stands in front of it."""

    def __call__(self, event: Event, /) -> int:
        """The packed answer of the hot state."""


class MarketSide:
    """`open`, then `connect`; what they begin ends with the exit stack that is given to them."""

    def __init__(
        self,
        wanted: Wanted,
        markets: Mapping[MarketName, MarketEntry],
        clock: Clock,
        observed: Observed,
        tell: Callable[[str], None],
        tap: Recorder | None = None,
    ) -> None:
        self._wanted = wanted
        self._markets = markets
        self._opened: list[OpenedMarket] = []
        self._clock = clock
        self._observed = observed
        self._tell = tell
        self._tap = tap
        self._rng = random.Random(wanted.seed)
        self._bridges: list[Bridge] = []
        self.feeds: list[Feed] = []
        venues = dict.fromkeys(name.partition(".")[0] for name in wanted.markets)
        self.rests = {
            venue: RestClient(clock, RestOptions(proxy=wanted.proxies.get(venue))) for venue in venues
        }

    async def open(self, stack: contextlib.AsyncExitStack) -> tuple[Listing, ...]:
        """What the markets trade of what is wanted. Raises ConfigError or VenueError."""
        self._opened = [self._markets[name].open(bases) for name, bases in self._wanted.markets.items()]
        for rest in self.rests.values():
            await stack.enter_async_context(rest)
        for name, config in self._wanted.bridges.items():
            self._bridges.append(await stack.enter_async_context(open_bridge(name, config, self._rng)))
        listings = [await self._listing(market) for market in self._opened]
        listings += [await self._bridged(bridge) for bridge in self._bridges]
        check_listings(listings)
        for listing in listings:
            for pair in listing.missing:
                self._observed.notices.say(listing.market, LEFT_OUT, f"{pair} is not traded here: left out")
        return tuple(listings)

    async def connect(self, stack: contextlib.AsyncExitStack, desk: Desk, push: Push) -> None:
        """Starts the feeds of a desk's books."""
        feeds: list[Feed] = [self._feed(market, desk, push) for market in self._opened]
        for feed in (*feeds, *(self._bridge_feed(bridge, desk, push) for bridge in self._bridges)):
            self.feeds.append(feed)
            await feed.start()
            stack.push_async_callback(feed.stop)

    async def wait(self, *others: Coroutine[object, object, object]) -> None:
        """Returns when a feed, or one of the others, has ended; raises what made it fail."""
        waits = [asyncio.ensure_future(each) for each in (*(feed.wait() for feed in self.feeds), *others)]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _listing(self, market: OpenedMarket) -> Listing:
        """What a market trades of the pairs that are wanted.

        One symbol that it does not know can make it refuse to tell of the others: then it is asked for all.
        """
        pairs = {market.spell(pair): pair for pair in self._wanted.pairs}
        some, everything = market.instruments_url(tuple(pairs)), market.instruments_url(())
        try:
            body = await self._get(market, some)
        except RestError as error:
            if error.status != HTTPStatus.BAD_REQUEST or some == everything:
                raise
            body = await self._get(market, everything)
        listing = Listing.of(market.name, market.dialect, market.read_instruments(body, tuple(pairs)), pairs)
        if self._tap is not None:
            symbols = [instrument.symbol for instrument in listing.setup.instruments]
            self._tap.open(market.name, symbols, body, self._clock.wall_ns())
        return listing

    async def _bridged(self, bridge: Bridge) -> Listing:
        """The same of a market behind the bridge."""
        market = bridge.market
        pairs = {market.spell(pair): pair for pair in self._wanted.pairs}
        return Listing.of(market.name, DIALECT, await bridge.traded(tuple(pairs)), pairs)

    async def _get(self, market: OpenedMarket, url: str) -> bytes:
        patience_s, rest = self._wanted.start_patience_s, self.rests[market.venue]
        return await get_patiently(rest, url, self._clock, self._rng, patience_s, self._tell)

    def _feed(self, market: OpenedMarket, desk: Desk, push: Push) -> MarketFeed:
        books = _books_of(desk, market.name)
        session = market.make_session(list(books.values()), books, random.Random(self._rng.getrandbits(64)))
        sink: FrameSink = Sink(push, self._observed, self._clock, desk.markets[market.name], books)
        if self._tap is not None:
            sink = self._tap.sink(market.name, sink, self._clock.wall_ns)
        feed = MarketFeed(
            session,
            translated(market.translate, sink),
            self._clock,
            self.rests[market.venue],
            websocket=WebSocketOptions(proxy=self._wanted.proxies.get(market.venue)),
            on_notice=functools.partial(self._observed.notices.take, market.name),
        )
        self._observed.connections[market.name] = (session.counters, feed.counters)
        if market.translate is not None:
            self._observed.slow_paths.add(market.name)
        return feed

    def _bridge_feed(self, bridge: Bridge, desk: Desk, push: Push) -> BridgeFeed:
        name = bridge.market.name
        books = _books_of(desk, name)
        sink = Sink(push, self._observed, self._clock, desk.markets[name], books)
        notices = functools.partial(self._observed.notices.take, name)
        feed = bridge.feed(tuple(books.values()), sink, self._clock, notices)
        self._observed.connections[name] = (feed.session_counters, feed.counters)
        self._observed.slow_paths.add(name)
        return feed


class Sink:
    """Where the frames of one market go: into the step, with the time that it took."""

    def __init__(
        self, push: Push, observed: Observed, clock: Clock, market: int, books: Mapping[int, Symbol]
    ) -> None:
        self._push = push
        self._record = observed.latency.record
        self._record_decision = observed.decision_latency.record
        self._wall_ns = clock.wall_ns
        self._market = market
        self._books = {symbol: book for book, symbol in books.items()}

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        """One frame, borrowed for the length of the call."""
        answer = self._push(Frame(self._market, payload, local_ns))
        took_ns = self._wall_ns() - local_ns
        self._record(took_ns)
        if answer & WOKEN:
            self._record_decision(took_ns)
        return answer

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        """One REST snapshot."""
        return self._push(SnapshotBody(self._books[Symbol(symbol)], payload, local_ns))

    def on_down(self, reason: str, symbols: Sequence[Symbol]) -> None:
        """The feed of the books of `symbols` is lost; of all books when none is named."""
        books = tuple(self._books[symbol] for symbol in symbols)
        self._push(FeedDown(self._market, reason, self._wall_ns(), books))


def _books_of(desk: Desk, market: MarketName) -> Mapping[int, Symbol]:
    legs = [leg for leg in desk.legs if leg.instrument.market == market]
    return {leg.book: leg.instrument.symbol for leg in legs}
