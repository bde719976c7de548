"""Runs a desk on paper: real market data around `engine.step`, and a venue that exists here alone.

    socket -> feed -> Loop.push(Frame) -> step -> commands -> paper venue -> account events -> step

One task, one thread: a frame goes from the socket's callback through the step and back without a task
switch. Whoever watches gets a status four times a second and cannot slow the desk down. A desk that trades
for real is in `run_desk.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from trimaran.domain.account import Transfer, TransferId
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.events import Event
from trimaran.domain.instrument import Asset, MarketName
from trimaran.domain.ports import Clock
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.hot import Hot
from trimaran.engine.loop import Loop
from trimaran.live import report
from trimaran.live.config import MS, DeskConfig
from trimaran.live.market_side import MarketSide, Wanted
from trimaran.live.notices import Notices
from trimaran.live.recorder import Recorder
from trimaran.strategies.port import Strategy
from trimaran.venues.registry import MARKETS
from trimaran.venues.sim.paper import PaperVenue
from trimaran.venues.wire.market_entry import MarketEntry

STATUS_S: Final = 0.25
E8_PER_BPS: Final = 10_000
WALK_SHARE: Final = Decimal("0.95")  # of the largest order: the selling leg is dearer than the buying one


class DeskRunner:
    """One desk with its feeds. `start`, then `wait` or `stop`; then `result`."""

    status_s: float = STATUS_S

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
        self.clock = clock
        self._make_hot = make_hot
        self._make_strategies = strategies
        self._due: asyncio.TimerHandle | None = None
        self._opened = contextlib.AsyncExitStack()
        self._failure: Exception | None = None
        self._failed = asyncio.Event()
        self.observed = report.Observed(Notices(clock, tell))
        self.market_side = MarketSide(_wanted(config), markets, clock, self.observed, tell, tap)
        self.desk: Desk
        self.loop: Loop
        self._venue: PaperVenue

    async def start(self) -> None:
        """Fetches the instruments, builds the desk, connects. Raises ConfigError or VenueError."""
        async with contextlib.AsyncExitStack() as stack:  # closes what was opened when the start fails
            listings = await self.market_side.open(stack)
            self._build(tuple(listing.setup for listing in listings))
            await self.market_side.connect(stack, self.desk, self._push)
            self._opened = stack.pop_all()

    async def wait(self) -> None:
        """Returns when a feed has stopped; raises what made a feed or the paper venue's timer fail."""
        await self.market_side.wait(self._wait_failed())

    async def finish(self) -> None:
        """Nothing: what is open exists on paper alone."""

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

    def _build(self, setups: tuple[MarketSetup, ...]) -> None:
        config = self._config
        instruments = tuple(instrument for setup in setups for instrument in setup.instruments)
        config.check_exposures(instruments)
        setup = DeskSetup(
            markets=setups,
            limits=config.limits(instruments),
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

    def _push(self, event: Event) -> int:
        """Takes an event, and arms the timer when it has sent orders."""
        answer = self.loop.push(event)
        if self._due is None and self._failure is None and (next_ns := self.loop.next_due_ns) is not None:
            self._wake_at(next_ns)
        return answer

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

    def _wake_at(self, next_ns: int) -> None:
        delay_s = max(next_ns - self.clock.wall_ns(), 0) / 1e9
        self._due = asyncio.get_running_loop().call_later(delay_s, self.settle)


def _wanted(config: DeskConfig) -> Wanted:
    return Wanted(
        markets={MarketName(name): bases for name, bases in config.markets.items()},
        pairs=config.wanted(),
        proxies=config.proxies,
        bridges=config.bridges,
        start_patience_s=config.start_patience_s,
        seed=config.seed,
    )
