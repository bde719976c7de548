"""Runs a desk on real sockets: the clocks, the feeds and the paper venue around `engine.step`.

    socket -> feed -> Loop.push(Frame) -> step -> commands -> paper venue -> account events -> step

One task, one thread: a frame goes from the socket's callback through the step and back without a task
switch. Whoever watches gets a status four times a second and cannot slow the desk down.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from trimaran.base.errors import ConfigError
from trimaran.base.histogram import Histogram
from trimaran.domain.account import Transfer, TransferId
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.events import FeedDown, Frame, SnapshotBody
from trimaran.domain.instrument import Asset, MarketName, Symbol
from trimaran.domain.ports import Clock
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.hot import Hot
from trimaran.engine.loop import Loop
from trimaran.live import report
from trimaran.live.config import MS, DeskConfig
from trimaran.strategies.port import Strategy
from trimaran.venues.registry import MARKETS, OpenedMarket
from trimaran.venues.sim.paper import PaperVenue
from trimaran.venues.wire.market_feed import MarketFeed
from trimaran.venues.wire.rest import RestClient, RestOptions

STATUS_S: Final = 0.25
E8_PER_BPS: Final = 10_000
WALK_SHARE: Final = Decimal("0.95")  # of the largest order: the selling leg is dearer than the buying one


class DeskRunner:
    """One desk with its feeds. `start`, then `wait` or `stop`; then `result`."""

    def __init__(
        self,
        config: DeskConfig,
        clock: Clock,
        make_hot: Callable[[], Hot],
        strategies: Callable[[], list[Strategy]],
    ) -> None:
        self._config = config
        self.clock = clock
        self._make_hot = make_hot
        self._make_strategies = strategies
        self._rest = RestClient(clock, RestOptions())
        self._feeds: list[MarketFeed] = []
        self._due: asyncio.TimerHandle | None = None
        self._opened = contextlib.AsyncExitStack()
        self.tally = report.Tally()
        self.latency = Histogram()
        self.desk: Desk
        self.loop: Loop
        self._venue: PaperVenue

    async def start(self) -> None:
        """Fetches the instruments, builds the desk, connects. Raises ConfigError or VenueError."""
        opened = [MARKETS[MarketName(name)].open(b) for name, b in self._config.markets.items()]
        async with contextlib.AsyncExitStack() as stack:  # closes what was opened when the start fails
            await stack.enter_async_context(self._rest)
            setups = [await self._setup(market) for market in opened]
            self._build(tuple(setups))
            rng = random.Random(self._config.seed)
            for market in opened:
                feed = self._feed(market, rng)
                self._feeds.append(feed)
                await feed.start()
                stack.push_async_callback(feed.stop)
            self._opened = stack.pop_all()

    async def wait(self) -> None:
        """Returns when a feed has stopped; raises what made it fail."""
        waits = [asyncio.ensure_future(feed.wait()) for feed in self._feeds]
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
        return report.result(self.desk, self.tally, self.latency)

    def paper_balances(self) -> dict[tuple[MarketName, Asset], Decimal]:
        """What the paper venue thinks we hold: its own account, kept apart from the ledger."""
        return {holding: amount for holding, amount in self._venue.account.balances().items() if amount}

    def status(self) -> dict[str, Any]:
        """The status now."""
        return report.status(self.desk, self.tally, self.latency)

    async def _setup(self, market: OpenedMarket) -> MarketSetup:
        reply = await self._rest.get(market.exchange_info_url)
        wanted = self._config.wanted()
        instruments = market.read_instruments(reply.body, wanted)
        missing = set(wanted) - {instrument.symbol for instrument in instruments}
        if missing:
            found = ", ".join(sorted(missing))
            raise ConfigError(f"symbols: expected symbols that {market.name} trades, found {found}")
        return MarketSetup(market.name, market.dialect, instruments)

    def _build(self, setups: tuple[MarketSetup, ...]) -> None:
        config = self._config
        instruments = tuple(instrument for setup in setups for instrument in setup.instruments)
        setup = DeskSetup(
            markets=setups,
            limits={instrument.key: config.limits_of(instrument) for instrument in instruments},
            threshold_e8=int(config.threshold_bps * E8_PER_BPS),
            notional_max=config.order_notional_max * WALK_SHARE,
        )
        self.desk = Desk(setup, self._make_hot(), self._make_strategies(), ClientIdCounter(0, 0, 1))
        balances = config.balances(instruments)
        self._venue = PaperVenue(self.desk.instruments, self.desk, config.paper_latency_ms * MS, balances)
        self.loop = Loop(self.desk, self._venue, self.tally.take)
        now_ns = self.clock.wall_ns()
        for (market, asset), amount in balances.items():
            self.loop.push(Transfer(TransferId(f"opening-{asset}"), market, asset, amount, 0, now_ns))

    def _feed(self, market: OpenedMarket, rng: random.Random) -> MarketFeed:
        index = self.desk.markets[market.name]
        books: Mapping[int, Symbol] = {
            leg.book: leg.instrument.symbol for leg in self.desk.legs if leg.instrument.market == market.name
        }
        session = market.make_session(list(books.values()), books, random.Random(rng.getrandbits(64)))
        return MarketFeed(session, Sink(self, index, books), self.clock, self._rest)

    def settle(self) -> None:
        """Lets the paper venue answer what is due, and comes back when more is."""
        self._due = None
        next_ns = self.loop.settle(self.clock.wall_ns())
        if next_ns is not None:
            self._wake_at(next_ns)

    def after_push(self) -> None:
        """Arms the timer when a push has sent orders."""
        if self._due is None and (next_ns := self.loop.next_due_ns) is not None:
            self._wake_at(next_ns)

    def _wake_at(self, next_ns: int) -> None:
        delay_s = max(next_ns - self.clock.wall_ns(), 0) / 1e9
        self._due = asyncio.get_running_loop().call_later(delay_s, self.settle)


class Sink:
    """Where the frames of one market go: into the step, with the time that it took."""

    def __init__(self, runner: DeskRunner, market: int, books: Mapping[int, Symbol]) -> None:
        self._runner = runner
        self._push = runner.loop.push
        self._record = runner.latency.record
        self._wall_ns = runner.clock.wall_ns
        self._market = market
        self._books = {symbol: book for book, symbol in books.items()}

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        """One frame, borrowed for the length of the call."""
        answer = self._push(Frame(self._market, payload, local_ns))
        self._record(self._wall_ns() - local_ns)
        self._runner.after_push()
        return answer

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        """One REST snapshot."""
        answer = self._push(SnapshotBody(self._books[Symbol(symbol)], payload, local_ns))
        self._runner.after_push()
        return answer

    def on_down(self, reason: str) -> None:
        """The feed is lost."""
        self._push(FeedDown(self._market, reason, self._wall_ns()))
