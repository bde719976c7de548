"""A Binance on this machine: spot and USD-M, REST and WebSocket, over a synthetic market.

It speaks the venue's own public protocol on 127.0.0.1, so that the whole platform can be run, shown and
tested without a network, and adds handles to make things go wrong (`simulator_admin`). The market comes
from `venues.sim`; what is written comes from `simulator_text`; nothing is shared with the adapter.

One task advances the market to the wall clock and sends what is due, a few hundred times a second. When
the machine cannot keep up, simulated time falls behind instead of the event loop. This module is a
server: it reads clocks and owns sockets. See `docs/simulator.md`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final

import msgspec
from aiohttp import web
from picows import WSUpgradeRequest, ws_create_server

from trimaran.native._matching import Matching
from trimaran.venues.binance.simulator_admin import Admin
from trimaran.venues.binance.simulator_connection import Connection, ConnectionRules, parse_target
from trimaran.venues.binance.simulator_rest import RestMarket, Weights
from trimaran.venues.binance.simulator_streams import BookFeed, MarketFeed
from trimaran.venues.sim.faults import FaultPlan, Faults
from trimaran.venues.sim.instruments import MARKETS, SPOT, SYMBOLS, USDM, instruments_of
from trimaran.venues.sim.parameters import FlowParameters
from trimaran.venues.sim.world import World

STRIDE_MAX_NS: Final = 50_000_000  # simulated time of one turn
BEHIND_MAX_NS: Final = 250_000_000  # then simulated time gives up catching up

_RULES: Final = {
    SPOT: ConnectionRules(messages_per_s=5, ping_every_s=20.0, pong_within_s=60.0),
    USDM: ConnectionRules(messages_per_s=10, ping_every_s=180.0, pong_within_s=600.0),
}


class SimulatorOptions(msgspec.Struct, frozen=True):
    """What to simulate and where to listen."""

    seed: int = 1
    symbols: tuple[str, ...] = SYMBOLS
    rate: float = 1.0  # multiplies the order flow's event rates
    port_base: int = 0  # REST; spot and USD-M streams are the next two. 0: any free ports
    seconds: float | None = None  # `serve` ends after this
    clock_offset_ms: int = 0  # of the server's clock to this machine's
    weight_limits: bool = True  # whether used weight above the limit is refused
    spot_weight_limit: int = 6_000
    usdm_weight_limit: int = 2_400
    turn_s: float = 0.004  # pause between two turns of the market
    spot_rules: ConnectionRules = _RULES[SPOT]
    usdm_rules: ConnectionRules = _RULES[USDM]
    faults: FaultPlan = FaultPlan()
    flow: FlowParameters = FlowParameters()


class BinanceSimulator:
    """The servers and the task that moves the market. Made by `run_simulator`."""

    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.faults = Faults(random.Random(f"{options.seed}:faults"), options.faults)
        self.world = World(
            msgspec.structs.replace(options.flow, rate=options.flow.rate * options.rate),
            instruments_of(options.symbols),
            lambda purpose: random.Random(f"{options.seed}:{purpose}"),
            Matching,
            time.time_ns(),
        )
        self.events = 0
        self.connections: dict[str, set[Connection]] = {market: set() for market in MARKETS}
        self._lost_ns = 0  # wall time that the market did not live through
        self._paused_ns: int | None = None
        self._markets = {market: self._market_feed(market) for market in MARKETS}
        self._rest = {market: self._rest_market(market) for market in MARKETS}
        self._rules = {SPOT: options.spot_rules, USDM: options.usdm_rules}
        self._tasks: set[asyncio.Task[None]] = set()
        self._market_task: asyncio.Task[None] | None = None
        self._servers: list[asyncio.Server] = []
        self._runner: web.AppRunner | None = None
        self._ports: dict[str, int] = {}

    def urls(self) -> dict[str, Any]:
        """Base URLs, as `serve` prints them."""
        rest = f"http://127.0.0.1:{self._ports['rest']}"
        spot, usdm = (f"ws://127.0.0.1:{self._ports[market]}" for market in MARKETS)
        return {
            "venues": {
                "binance": {
                    "spot": {"rest": rest, "ws": spot},
                    "usdm": {"rest": rest, "ws_public": f"{usdm}/public", "ws_market": f"{usdm}/market"},
                }
            },
            "admin": f"{rest}/admin",
            "seed": self.options.seed,
        }

    async def start(self) -> None:
        """Listens and lets the market run."""
        base = self.options.port_base
        for index, market in enumerate(MARKETS):
            port = base + 1 + index if base else 0
            server = await ws_create_server(
                self._listener_factory(market), "127.0.0.1", port, enable_auto_pong=False
            )
            self._servers.append(server)
            self._ports[market] = server.sockets[0].getsockname()[1]
        application = web.Application()
        for rest in self._rest.values():
            application.add_routes(rest.routes())
        application.add_routes(Admin(self).routes())
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", base)
        await site.start()
        self._ports["rest"] = self._runner.addresses[0][1]
        self._lost_ns = time.time_ns() - self.world.now_ns
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
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait(self, seconds: float | None) -> None:
        """Waits; raises at once what stopped the market, should it ever stop."""
        assert self._market_task is not None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._market_task), seconds)

    def server_ms(self) -> int:
        """The server's clock."""
        return time.time_ns() // 1_000_000 + self.options.clock_offset_ms

    def status(self) -> dict[str, Any]:
        """What is running, with counters."""
        return {
            "seed": self.options.seed,
            "symbols": self.options.symbols,
            "events": self.events,
            "operations": sum(book.operations for book in self.world.books.values()),
            "lost_ms": self._lost_ns // 1_000_000,
            "paused": self._paused_ns is not None,
            "connections": {market: len(each) for market, each in self.connections.items()},
        }

    def feed_of(self, market: str, symbol: str) -> BookFeed | None:
        """The feed of one book."""
        feed = next((feed for name, feed in self._markets.items() if name == market), None)
        return feed.feeds.get(symbol.lower()) if feed is not None else None

    def set_faults(self, plan: FaultPlan, market: str = "") -> None:
        """Puts a plan in force. Half-open holds the connections of `market` ("": all) that exist now."""
        self.faults.set(plan)
        if plan.stale_snapshots:
            for rest in self._rest.values():
                rest.keep_stale()
        for connection in self._connections(market if plan.half_open else ""):
            connection.frozen = plan.half_open

    def end_connections(self, market: str = "", notice_s: float | None = None) -> int:
        """Hangs up on the connections that exist now; with a notice first when `notice_s` is given."""
        connections = self._connections(market)
        for connection in connections:
            if notice_s is None:
                connection.abort()
            else:
                connection.send_shutdown(self.server_ms())
        if notice_s is not None:
            self._spawn(_close_later(connections, notice_s))
        return len(connections)

    def set_paused(self, paused: bool) -> None:
        """Stops or continues the market; simulated time does not pass meanwhile."""
        if paused and self._paused_ns is None:
            self._paused_ns = time.time_ns()
        elif not paused and self._paused_ns is not None:
            self._lost_ns += time.time_ns() - self._paused_ns
            self._paused_ns = None

    def turn(self) -> None:
        """Advances the market to the clock and sends what is due."""
        wall_ns = time.time_ns()
        if self._paused_ns is None:
            behind_ns = wall_ns - self._lost_ns - self.world.now_ns
            if behind_ns > BEHIND_MAX_NS or behind_ns < 0:
                self._lost_ns += behind_ns - min(max(behind_ns, 0), STRIDE_MAX_NS)
            self.events += self.world.advance(self.world.now_ns + min(max(behind_ns, 0), STRIDE_MAX_NS))
        event_ms = self.server_ms()
        shift_ns = self._lost_ns + self.options.clock_offset_ms * 1_000_000
        for feed in self._markets.values():
            feed.pump(wall_ns, event_ms, shift_ns)

    async def _run(self) -> None:
        while True:
            self.turn()
            await asyncio.sleep(self.options.turn_s)

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, *(rules.ping_every_s / 4 for rules in self._rules.values())))
            now_s = time.monotonic()
            for connection in self._connections(""):
                connection.tend(now_s)

    def _connections(self, market: str) -> list[Connection]:
        return [each for name, group in self.connections.items() if market in ("", name) for each in group]

    def _market_feed(self, market: str) -> MarketFeed:
        books = {str(symbol): book for (name, symbol), book in self.world.books.items() if name == market}
        spot = {str(symbol): book for (name, symbol), book in self.world.books.items() if name == SPOT}
        return MarketFeed(market == SPOT, books, {} if market == SPOT else spot, self.faults)

    def _rest_market(self, market: str) -> RestMarket:
        spot = market == SPOT
        limit = self.options.spot_weight_limit if spot else self.options.usdm_weight_limit
        weights = Weights(limit, self.options.weight_limits)
        feeds = next(feed.feeds for name, feed in self._markets.items() if name == market)
        return RestMarket(spot, feeds, weights, self.faults, self.server_ms)

    def _listener_factory(self, market: str) -> Any:
        feed = next(feed for name, feed in self._markets.items() if name == market)
        rules = next(rules for name, rules in self._rules.items() if name == market)

        def accept(request: WSUpgradeRequest) -> Connection | None:
            target = parse_target(request.path.decode(), market == SPOT)
            return None if target is None else Connection(target, rules, feed, self.connections[market])

        return accept

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def run_simulator(options: SimulatorOptions) -> BinanceSimulator:
    """A running simulator; call `stop` when done."""
    simulator = BinanceSimulator(options)
    await simulator.start()
    return simulator


@contextlib.asynccontextmanager
async def simulating(options: SimulatorOptions) -> AsyncIterator[BinanceSimulator]:
    """A running simulator for the time of a block."""
    simulator = await run_simulator(options)
    try:
        yield simulator
    finally:
        await simulator.stop()


async def serve(options: SimulatorOptions) -> None:
    """Runs until SIGTERM, SIGINT or `options.seconds`; prints one JSON line with the URLs when ready."""
    loop = asyncio.get_running_loop()
    async with simulating(options) as simulator:
        waiting = loop.create_task(simulator.wait(options.seconds))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, waiting.cancel)
        print(msgspec.json.encode(simulator.urls()).decode(), flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await waiting


async def _close_later(connections: list[Connection], delay_s: float) -> None:
    await asyncio.sleep(delay_s)
    for connection in connections:
        connection.close()
