"""Runs a desk on real sockets: the clocks, the feeds and the paper venue around `engine.step`.

    socket -> feed -> Loop.push(Frame) -> step -> commands -> paper venue -> account events -> step

One task, one thread: a frame goes from the socket's callback through the step and back without a task
switch. Whoever watches gets a status four times a second and cannot slow the desk down.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, Protocol

from trimaran.domain.account import Transfer, TransferId
from trimaran.domain.answer import Flag
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.events import FeedDown, Frame, SnapshotBody
from trimaran.domain.instrument import Asset, MarketName, Symbol
from trimaran.domain.ports import Clock
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.hot import Hot
from trimaran.engine.loop import Loop
from trimaran.live import report
from trimaran.live.bridges import open_bridge
from trimaran.live.config import MS, DeskConfig
from trimaran.live.listing import LEFT_OUT, Listing, check_listings
from trimaran.live.notices import Notices
from trimaran.live.recorder import Recorder
from trimaran.live.startup import get_patiently
from trimaran.strategies.port import Strategy
from trimaran.venues.bridge.entry import Bridge
from trimaran.venues.bridge.feed import BridgeFeed
from trimaran.venues.registry import MARKETS
from trimaran.venues.sim.paper import PaperVenue
from trimaran.venues.wire.market_entry import MarketEntry, OpenedMarket
from trimaran.venues.wire.market_feed import MarketFeed
from trimaran.venues.wire.rest import RestClient, RestError, RestOptions
from trimaran.venues.wire.session_port import FrameSink
from trimaran.venues.wire.translated import DIALECT, translated
from trimaran.venues.wire.websocket import WebSocketOptions

STATUS_S: Final = 0.25
E8_PER_BPS: Final = 10_000
WALK_SHARE: Final = Decimal("0.95")  # of the largest order: the selling leg is dearer than the buying one


class Feed(Protocol):
    """Market data of one market: over sockets of our own, or over the bridge."""

    async def start(self) -> None:
        """Begins; returns at once."""

    async def wait(self) -> None:
        """Returns when it has been stopped; raises what made it fail."""

    async def stop(self) -> None:
        """Ends everything, and marks the books down."""


WOKEN: Final = int(Flag.WAKE) << 8  # where a packed answer has that flag


class DeskRunner:
    """One desk with its feeds. `start`, then `wait` or `stop`; then `result`."""

    def __init__(
        self,
        config: DeskConfig,
        clock: Clock,
        make_hot: Callable[[], Hot],
        strategies: Callable[[], list[Strategy]],
        tell: Callable[[str], None] = lambda line: None,
        tap: Recorder | None = None,
        markets: Mapping[MarketName, MarketEntry] = MARKETS,
    ) -> None:
        """`tell` receives short lines for people: what goes wrong with the connections; `tap` records.

        `markets` are those that the settings may name. Raises ConfigError for another one.
        """
        config.check_markets(markets)
        self._config = config
        self._markets = markets
        self.clock = clock
        self._make_hot = make_hot
        self._make_strategies = strategies
        venues = dict.fromkeys(name.partition(".")[0] for name in config.markets)
        self._rests = {
            venue: RestClient(clock, RestOptions(proxy=config.proxies.get(venue))) for venue in venues
        }
        self._feeds: list[Feed] = []
        self._due: asyncio.TimerHandle | None = None
        self._opened = contextlib.AsyncExitStack()
        self._tell = tell
        self._tap = tap
        self._failure: Exception | None = None
        self._failed = asyncio.Event()
        self.observed = report.Observed(Notices(clock, tell))
        self.desk: Desk
        self.loop: Loop
        self._venue: PaperVenue

    async def start(self) -> None:
        """Fetches the instruments, builds the desk, connects. Raises ConfigError or VenueError."""
        opened = [self._markets[MarketName(name)].open(b) for name, b in self._config.markets.items()]
        async with contextlib.AsyncExitStack() as stack:  # closes what was opened when the start fails
            for rest in self._rests.values():
                await stack.enter_async_context(rest)
            rng = random.Random(self._config.seed)
            bridges = [
                await stack.enter_async_context(open_bridge(name, each, rng))
                for name, each in self._config.bridges.items()
            ]
            listings = [await self._listing(market, rng) for market in opened]
            listings += [await self._bridged(bridge) for bridge in bridges]
            check_listings(listings)
            for listing in listings:
                for pair in listing.missing:
                    self.observed.notices.say(
                        listing.market, LEFT_OUT, f"{pair} is not traded here: left out"
                    )
            self._build(tuple(listing.setup for listing in listings))
            feeds: list[Feed] = [self._feed(market, rng) for market in opened]
            for feed in (*feeds, *(self._bridge_feed(bridge) for bridge in bridges)):
                self._feeds.append(feed)
                await feed.start()
                stack.push_async_callback(feed.stop)
            self._opened = stack.pop_all()

    async def wait(self) -> None:
        """Returns when a feed has stopped; raises what made a feed or the paper venue's timer fail."""
        waits = [asyncio.ensure_future(feed.wait()) for feed in self._feeds]
        waits.append(asyncio.ensure_future(self._wait_failed()))
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in waits:
                each.cancel()

    async def stop(self) -> None:
        """Closes every feed; their books are down then. Stopping twice is no error."""
        if self._due is not None:
            self._due.cancel()
        await self._opened.aclose()

    def result(self) -> dict[str, Any]:
        """The result so far."""
        return report.result(self.desk, self.observed, self._moment())

    def paper_balances(self) -> dict[tuple[MarketName, Asset], Decimal]:
        """What the paper venue thinks we hold: its own account, kept apart from the ledger."""
        return {holding: amount for holding, amount in self._venue.account.balances().items() if amount}

    def status(self) -> dict[str, Any]:
        """The status now."""
        return report.status(self.desk, self.observed, self._moment())

    def _moment(self) -> report.Moment:
        return report.Moment(self.desk, self.clock.wall_ns(), self._config.quote_age_ms * MS)

    async def _wait_failed(self) -> None:
        await self._failed.wait()
        assert self._failure is not None
        raise self._failure

    async def _listing(self, market: OpenedMarket, rng: random.Random) -> Listing:
        """What a market trades of the pairs that are wanted.

        One symbol that it does not know can make it refuse to tell of the others: then it is asked for all.
        """
        pairs = {market.spell(pair): pair for pair in self._config.wanted()}
        some, everything = market.instruments_url(tuple(pairs)), market.instruments_url(())
        try:
            body = await self._get(market, some, rng)
        except RestError as error:
            if error.status != HTTPStatus.BAD_REQUEST or some == everything:
                raise
            body = await self._get(market, everything, rng)
        listing = Listing.of(market.name, market.dialect, market.read_instruments(body, tuple(pairs)), pairs)
        if self._tap is not None:
            symbols = [instrument.symbol for instrument in listing.setup.instruments]
            self._tap.open(market.name, symbols, body, self.clock.wall_ns())
        return listing

    async def _bridged(self, bridge: Bridge) -> Listing:
        """The same of a market behind the bridge."""
        market = bridge.market
        pairs = {market.spell(pair): pair for pair in self._config.wanted()}
        return Listing.of(market.name, DIALECT, await bridge.traded(tuple(pairs)), pairs)

    def _bridge_feed(self, bridge: Bridge) -> BridgeFeed:
        name = bridge.market.name
        books = self._books_of(name)
        sink = Sink(self, self.desk.markets[name], books)
        notices = functools.partial(self.observed.notices.take, name)
        feed = bridge.feed(tuple(books.values()), sink, self.clock, notices)
        self.observed.connections[name] = (feed.session_counters, feed.counters)
        self.observed.slow_paths.add(name)
        return feed

    def _books_of(self, market: MarketName) -> Mapping[int, Symbol]:
        legs = [leg for leg in self.desk.legs if leg.instrument.market == market]
        return {leg.book: leg.instrument.symbol for leg in legs}

    async def _get(self, market: OpenedMarket, url: str, rng: random.Random) -> bytes:
        patience_s = self._config.start_patience_s
        return await get_patiently(self._rests[market.venue], url, self.clock, rng, patience_s, self._tell)

    def _build(self, setups: tuple[MarketSetup, ...]) -> None:
        config = self._config
        instruments = tuple(instrument for setup in setups for instrument in setup.instruments)
        config.check_exposures(instruments)
        setup = DeskSetup(
            markets=setups,
            limits={instrument.key: config.limits_of(instrument) for instrument in instruments},
            threshold_e8=int(config.threshold_bps * E8_PER_BPS),
            notional_max=config.order_notional_max * WALK_SHARE,
        )
        self.desk = Desk(setup, self._make_hot(), self._make_strategies(), ClientIdCounter(0, 0, 1))
        balances = config.balances(instruments)
        self._venue = PaperVenue(self.desk.instruments, self.desk, config.paper_latency_ms * MS, balances)
        self.loop = Loop(self.desk, self._venue, self.observed.take)
        now_ns = self.clock.wall_ns()
        for (market, asset), amount in balances.items():
            self.loop.push(Transfer(TransferId(f"opening-{asset}"), market, asset, amount, 0, now_ns))

    def _feed(self, market: OpenedMarket, rng: random.Random) -> MarketFeed:
        index = self.desk.markets[market.name]
        books = self._books_of(market.name)
        session = market.make_session(list(books.values()), books, random.Random(rng.getrandbits(64)))
        sink: FrameSink = Sink(self, index, books)
        if self._tap is not None:
            sink = self._tap.sink(market.name, sink, self.clock.wall_ns)
        feed = MarketFeed(
            session,
            translated(market.translate, sink),
            self.clock,
            self._rests[market.venue],
            websocket=WebSocketOptions(proxy=self._config.proxies.get(market.venue)),
            on_notice=functools.partial(self.observed.notices.take, market.name),
        )
        self.observed.connections[market.name] = (session.counters, feed.counters)
        if market.translate is not None:
            self.observed.slow_paths.add(market.name)
        return feed

    def settle(self) -> None:
        """Lets the paper venue answer what is due, and comes back when more is.

        A timer has no caller: what it raises is kept for `wait`, and the timer is not armed again.
        """
        self._due = None
        try:
            next_ns = self.loop.settle(self.clock.wall_ns())
        except Exception as error:
            self._failure = error
            self._failed.set()
            return
        if next_ns is not None:
            self._wake_at(next_ns)

    def after_push(self) -> None:
        """Arms the timer when a push has sent orders."""
        if self._due is None and self._failure is None and (next_ns := self.loop.next_due_ns) is not None:
            self._wake_at(next_ns)

    def _wake_at(self, next_ns: int) -> None:
        delay_s = max(next_ns - self.clock.wall_ns(), 0) / 1e9
        self._due = asyncio.get_running_loop().call_later(delay_s, self.settle)


class Sink:
    """Where the frames of one market go: into the step, with the time that it took."""

    def __init__(self, runner: DeskRunner, market: int, books: Mapping[int, Symbol]) -> None:
        self._runner = runner
        self._push = runner.loop.push
        self._record = runner.observed.latency.record
        self._record_decision = runner.observed.decision_latency.record
        self._wall_ns = runner.clock.wall_ns
        self._market = market
        self._books = {symbol: book for book, symbol in books.items()}

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        """One frame, borrowed for the length of the call."""
        answer = self._push(Frame(self._market, payload, local_ns))
        took_ns = self._wall_ns() - local_ns
        self._record(took_ns)
        if answer & WOKEN:
            self._record_decision(took_ns)
        self._runner.after_push()
        return answer

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        """One REST snapshot."""
        answer = self._push(SnapshotBody(self._books[Symbol(symbol)], payload, local_ns))
        self._runner.after_push()
        return answer

    def on_down(self, reason: str, symbols: Sequence[Symbol]) -> None:
        """The feed of the books of `symbols` is lost; of all books when none is named."""
        books = tuple(self._books[symbol] for symbol in symbols)
        self._push(FeedDown(self._market, reason, self._wall_ns(), books))
