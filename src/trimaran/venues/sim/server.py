"""The simulated venues on this machine: everything that is not a venue's protocol.

One task advances the common market to the wall clock and lets every venue send what is due, a few hundred
times a second. When the machine cannot keep up, simulated time falls behind instead of the event loop. A
venue plugs in as a `SimulatedVenue`; which ones there are is said in `venues/simulators.py`. This module is
a server: it reads clocks and owns sockets. See `docs/simulator.md`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web
from picows import WSUpgradeRequest, ws_create_server

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import MarketName
from trimaran.domain.ports import Clock
from trimaran.native._matching import Matching
from trimaran.venues.sim.book_rules import BookRules
from trimaran.venues.sim.demo import demo_account
from trimaran.venues.sim.exchange import make_exchange
from trimaran.venues.sim.faults import FaultPlan, Faults
from trimaran.venues.sim.feed import Feed
from trimaran.venues.sim.gate import Gate, MarketGate
from trimaran.venues.sim.instruments import instruments_of
from trimaran.venues.sim.markets import WHOLE_LOTS, markets_of
from trimaran.venues.sim.options import ServerOptions
from trimaran.venues.sim.server_accounts import AccountsAdmin
from trimaran.venues.sim.server_admin import Admin
from trimaran.venues.sim.server_clock import MachineClock
from trimaran.venues.sim.server_stage import Connection, Pages, SimulatedVenue, Sockets, Stage, refusal
from trimaran.venues.sim.trading import VenueRules
from trimaran.venues.sim.venue_rules import RULES
from trimaran.venues.sim.world import World

TEND_EVERY_S: Final = 0.05
NS_PER_S: Final = 1_000_000_000
ADMIN_OFFSET: Final = 0
HOST: Final = "127.0.0.1"
SHUTDOWN_S: Final = 0.5  # how long a request that is being answered may still take when the server stops

VenueMakers = Mapping[str, Callable[[Stage], SimulatedVenue]]


class Simulator:
    """The servers and the task that moves the market. Made by `simulating`."""

    def __init__(
        self,
        options: ServerOptions,
        makers: VenueMakers,
        rules: Mapping[str, VenueRules] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`rules` are those of orders and money by venue, where they are not the venues' own; `clock` is this
        machine's by default.
        """
        self.options = options
        self._clock = clock if clock is not None else MachineClock()
        markets = markets_of(options.venues, options.further_markets)
        self.faults = {
            market.name: Faults(random.Random(f"{options.seed}:faults:{market.name}")) for market in markets
        }
        self.world = World(
            msgspec.structs.replace(options.flow, rate=options.flow.rate * options.rate),
            instruments_of(options.symbols, markets),
            lambda purpose: random.Random(f"{options.seed}:{purpose}"),
            Matching,
            self._clock.wall_ns(),
            options.tops_kept,
            options.further_markets,
        )
        self.gates = {
            market.name: MarketGate(random.Random(f"{options.seed}:gate:{market.name}")) for market in markets
        }
        rules = rules or RULES
        self.exchanges = {
            venue: make_exchange(
                venue,
                {key: book for key, book in self.world.books.items() if key[0] in names},
                {name: self.gates[name] for name in names},
                options.seed,
                rules[venue],
            )
            for venue in options.venues
            for names in ({market.name for market in markets if market.venue == venue},)
        }
        for exchange in self.exchanges.values():
            exchange.funding.set_period(options.funding_period_s * NS_PER_S, self.world.now_ns)
        gate = Gate(self.gates, lambda: self._clock.monotonic_ns() / NS_PER_S)
        self.stage = Stage(options, self.world, self.faults, gate, self.exchanges, self._clock)
        self.venues = {name: makers[name](self.stage) for name in options.venues}
        self.feeds = {key: feed for venue in self.venues.values() for key, feed in venue.feeds.items()}
        self._tasks: set[asyncio.Task[None]] = set()
        self._market_task: asyncio.Task[None] | None = None
        self._servers: list[asyncio.Server] = []
        self._runners: list[web.AppRunner] = []
        self._hosts: dict[int, str] = {}
        self._sharing: list[tuple[MarketName, ...]] = []  # markets that have a host for streams in common

    def urls(self) -> dict[str, Any]:
        """Base URLs, as `serve` prints them."""
        return {
            "venues": {name: venue.urls(self._hosts) for name, venue in self.venues.items()},
            "admin": f"http://{self._hosts[ADMIN_OFFSET]}/admin",
            "seed": self.options.seed,
            "accounts": {
                name: demo_account(name, self.options.seed).printed() for name in self.options.venues
            },
        }

    async def start(self) -> None:
        """Listens and lets the market run. Raises ConfigError where a port is taken."""
        accounts = AccountsAdmin(self.exchanges, self.stage.trading_ns, self.revoked)
        admin = [*Admin(self).routes(), *accounts.routes()]
        pages = {ADMIN_OFFSET: admin}
        for venue in self.venues.values():
            for listener in venue.listeners():
                if isinstance(listener, Sockets):
                    self._sharing.append(listener.markets)
                    await self._listen(listener)
                else:
                    pages.setdefault(listener.offset, []).extend(listener.routes)
        for offset, routes in pages.items():
            await self._serve_pages(Pages(offset, routes))
        self.set_faults(self.options.faults)
        self.stage.lost_ns = self._clock.wall_ns() - self.world.now_ns
        self._market_task = self._spawn(self._run())
        self._spawn(self._tend())

    async def stop(self) -> None:
        """Hangs up, stops the market and frees the ports."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.end_connections("", None)
        for server in self._servers:
            server.close()
            await server.wait_closed()
        for runner in self._runners:
            await runner.cleanup()

    async def wait(self, seconds: float | None) -> None:
        """Waits; raises at once what stopped the market, should it ever stop."""
        assert self._market_task is not None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._market_task), seconds)

    def status(self) -> dict[str, Any]:
        """What is running, with counters."""
        return {
            "seed": self.options.seed,
            "venues": self.options.venues,
            "symbols": self.options.symbols,
            "events": self.stage.events,
            "operations": sum(book.operations for book in self.world.books.values()),
            "lost_ms": self.stage.lost_ns // 1_000_000,
            "paused": self.stage.paused_ns is not None,
            "clock_offset_ms": self.stage.clock_offset_ms,
            "orders": {name: exchange.orders_placed() for name, exchange in self.exchanges.items()},
            "connections": {market: len(self.stage.connections_of(market)) for market in self.faults},
        }

    def feed_of(self, market: str, symbol: str) -> Feed | None:
        """The feed of one book; the case of the symbol does not matter."""
        return next(
            (
                feed
                for (name, listed), feed in self.feeds.items()
                if name == market and listed.lower() == symbol.lower()
            ),
            None,
        )

    def set_faults(self, plan: FaultPlan, market: str = "") -> None:
        """Puts a plan in force in one market ("": in all). Half-open holds the connections of now."""
        for name, faults in self.faults.items():
            if market in ("", name):
                faults.set(plan)
                self.gates[name].set(plan.trading)
        if plan.stale_snapshots:
            for feed in self._feeds(market):
                feed.keep_stale()
        for connection in self.stage.connections_of(market):
            connection.frozen = plan.half_open or (plan.trading.private_half_open and connection.private)

    def end_connections(
        self, market: str = "", notice_s: float | None = None, private_only: bool = False
    ) -> int:
        """Hangs up on the connections that exist now; with a notice first when `notice_s` is given."""
        connections = [each for each in self.stage.connections_of(market) if each.private or not private_only]
        for connection in connections:
            if notice_s is None:
                connection.abort()
            else:
                connection.notice(self.stage.moment())
        if notice_s is not None:
            self._spawn(_close_later(connections, notice_s))
        return len(connections)

    def maintain(self, market: str, seconds: float) -> int:
        """Closes markets for some seconds: connections end, new ones are refused, REST says so.

        Markets that share a host close together.
        """
        closed = {name for names in self._sharing for name in names if market == "" or market in names}
        for name in closed:
            self.stage.maintain(name, seconds)
        connections = {each for name in closed for each in self.stage.connections_of(name)}
        for connection in connections:
            connection.close()
        return len(connections)

    def reset_sequences(self, market: str = "", symbol: str = "") -> int:
        """Starts the numbers of book streams again, where the venue does such a thing; how many."""
        return sum(feed.reset() for feed in self._feeds(market, symbol))

    def delist(self, market: str, symbol: str) -> int:
        """Lets instruments disappear; how many."""
        feeds = [feed for feed in self._feeds(market, symbol) if feed.listed]
        for feed in feeds:
            feed.delist()
            instrument = feed.book.listing.instrument
            exchange = self.exchanges[instrument.market.partition(".")[0]]
            exchange.delist(instrument.market, instrument.symbol, self.stage.trading_ns())
        return len(feeds)

    def set_rules(self, market: str, symbol: str, rules: BookRules) -> BookRules:
        """State and grids of an instrument from now on. Raises ConfigError where no venue has such."""
        feed = self.feed_of(market, symbol)
        assert feed is not None, (market, symbol)
        if market in WHOLE_LOTS and rules.lot_factor > 1:
            raise ConfigError("lot_factor: expected 1 where the venue's list has no lot")
        feed.book.rule(self.stage.trading_ns(), rules)
        return rules

    def revoked(self, key: str) -> None:
        """Tells every connection that a key is no more."""
        for connection in self.stage.connections_of(""):
            connection.key_revoked(key)

    def set_clock_offset(self, offset_ms: int, drift_ppm: int = 0) -> None:
        """Sets the server's clock against this machine's, and how fast they part."""
        self.stage.set_clock(offset_ms, drift_ppm)

    def set_paused(self, paused: bool) -> None:
        """Stops or continues the market; simulated time does not pass meanwhile."""
        stage = self.stage
        if paused and stage.paused_ns is None:
            stage.paused_ns = self._clock.wall_ns()
        elif not paused and stage.paused_ns is not None:
            stage.lost_ns += self._clock.wall_ns() - stage.paused_ns
            stage.paused_ns = None

    def turn(self) -> None:
        """Advances the market to the clock and sends what is due."""
        stage = self.stage
        stage.advance()
        for exchange in self.exchanges.values():
            exchange.turn(self.world.now_ns)
        moment = stage.moment()
        for venue in self.venues.values():
            venue.pump(moment)

    async def _run(self) -> None:
        while True:
            self.turn()
            await asyncio.sleep(self.options.turn_s)

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(TEND_EVERY_S)
            now_s = self.stage.monotonic_s()
            for connection in self.stage.connections_of(""):
                if not connection.frozen:
                    connection.tend(now_s)

    def _feeds(self, market: str, symbol: str = "") -> list[Feed]:
        return [
            feed
            for (name, listed), feed in self.feeds.items()
            if market in ("", name) and symbol.lower() in ("", listed.lower())
        ]

    def _port(self, offset: int) -> int:
        return self.options.port_base + offset if self.options.port_base else 0

    async def _listen(self, sockets: Sockets) -> None:
        def accept(request: WSUpgradeRequest) -> Connection | Any:
            if any(self.stage.maintained(market) for market in sockets.markets):
                return refusal(HTTPStatus.SERVICE_UNAVAILABLE, b"Service Unavailable")
            return sockets.accept(request)

        port = self._port(sockets.offset)
        with _expected_free(port):
            server = await ws_create_server(accept, HOST, port, enable_auto_pong=False)
        self._servers.append(server)
        self._hosts[sockets.offset] = f"{HOST}:{server.sockets[0].getsockname()[1]}"

    async def _serve_pages(self, pages: Pages) -> None:
        application = web.Application()
        application.add_routes(pages.routes)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_S)
        self._runners.append(runner)
        await runner.setup()
        port = self._port(pages.offset)
        with _expected_free(port):
            await web.TCPSite(runner, HOST, port).start()
        self._hosts[pages.offset] = f"{HOST}:{runner.addresses[0][1]}"

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


@contextlib.asynccontextmanager
async def running(simulator: Simulator) -> AsyncIterator[Simulator]:
    """The simulator runs for the time of a block."""
    try:
        await simulator.start()
        yield simulator
    finally:
        await simulator.stop()


async def serve_until_told(simulator: Simulator) -> None:
    """Runs until SIGTERM, SIGINT or the option `seconds`; prints one JSON line with the URLs when ready."""
    loop = asyncio.get_running_loop()
    async with running(simulator):
        waiting = loop.create_task(simulator.wait(simulator.options.seconds))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, waiting.cancel)
        print(msgspec.json.encode(simulator.urls()).decode(), flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await waiting


@contextlib.contextmanager
def _expected_free(port: int) -> Iterator[None]:
    """Says which port it was that could not be listened on. Raises ConfigError."""
    try:
        yield
    except OSError as error:
        found = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(f"port {port}: expected it to be free, found {found}") from None


async def _close_later(connections: list[Connection], delay_s: float) -> None:
    await asyncio.sleep(delay_s)
    for connection in connections:
        connection.close()
