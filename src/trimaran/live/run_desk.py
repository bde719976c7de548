"""A desk that trades: journal, engine, strategies, market data, accounts, kill switch, control socket.

    state folder owned -> journal judged -> instruments -> accounts opened, keys checked -> journal replayed
    -> the run begins (synced) -> books, accounts, control -> markets become ready -> orders

Start-up is recovery, whatever ended the process before. One thread: what comes from a socket goes through the
step, its records into the journal, and its orders out, in one call. A market takes orders once it is
reconciled (`engine/readiness.py`). The end closes the journal; a killed process needs none.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from trimaran.base.errors import VenueError
from trimaran.base.histogram import Histogram
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.decision import KillState
from trimaran.domain.events import CancelRequested, Event, KillRequested
from trimaran.domain.facts import Discrepancy, Fact, OrderApproved
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import ALL
from trimaran.domain.ports import Clock
from trimaran.engine.desk import Desk, DeskSetup
from trimaran.engine.hot import Hot
from trimaran.engine.loop import Loop
from trimaran.engine.recovery import begun
from trimaran.live import report
from trimaran.live.account_notices import describe_account
from trimaran.live.control import ControlServer
from trimaran.live.dead_man_keeper import DeadManAccount, DeadManKeeper
from trimaran.live.desk_answers import DeskAnswers
from trimaran.live.executor import Executor
from trimaran.live.kill_cancels import KillCancels
from trimaran.live.kill_files import KillFiles
from trimaran.live.kill_switch import KillSwitch, kill_on_signal
from trimaran.live.knight import Knight
from trimaran.live.listing import Listing
from trimaran.live.market_side import MarketSide, Wanted
from trimaran.live.notices import Notices
from trimaran.live.projection_child import keep_projecting
from trimaran.live.recording import Tap
from trimaran.live.run_accounts import RunAccounts, laws_of, wallets_of
from trimaran.live.run_config import RunSettings, hosts_of
from trimaran.live.run_journal import RunJournal, StateFolder, keep_snapshots
from trimaran.live.run_limits import limits_of, newer_limits, read_limits_text
from trimaran.live.run_report import Timed, differences, figures
from trimaran.live.run_strategies import durability_of, strategies_of
from trimaran.live.runner import E8_PER_BPS, WALK_SHARE
from trimaran.live.stop_restore import ProtectiveStops, Restoring
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.client_port import ClientEvent
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.tasks import Tasks

MS: Final = 1_000_000
QUOTE_AGE_NS: Final = 2_000 * MS  # from when on a book is called stale on a screen
TEND_S: Final = 0.2
CANCELLED_S_MAX: Final = 3.0  # at the end, for what is open
RECONCILED_S_MAX: Final = 4.0
ITSELF: Final = "the desk"


class RunDesk:
    """`start`, then `wait`; `finish` before `result`; `stop` in any case. Not to be started again."""

    def __init__(
        self,
        settings: RunSettings,
        credentials: Callable[[MarketName], Credentials],
        clock: Clock,
        make_hot: Callable[[], Hot],
        tell: Callable[[str], None],
        *,
        holder: str,
        version: str,
        projector: Sequence[str] = (),
    ) -> None:
        """`tell` receives lines for people; `holder` names this process in the journal.

        `projector` is the command of a process that keeps tables beside it; none where it is empty.
        """
        config = settings.config
        self.settings = settings
        self.clock = clock
        self.status_s = config.status.every_ms / 1_000
        self.observed = report.Observed(Notices(clock, tell))
        self.order_latency = Histogram()  # ns, from the event behind an order to its departure
        self._credentials = credentials
        self._make_hot = make_hot
        self._tell = tell
        self._names = (holder, version)
        self._projector = projector
        self._opened = contextlib.AsyncExitStack()
        self._tasks = Tasks(self._fail)
        self._failure: BaseException | None = None
        self._failed = asyncio.Event()
        self._all_ended = asyncio.Event()  # the orders; for the end
        self._final: tuple[Discrepancy, ...] | None = None
        self.knight = Knight(clock, self._on_breach)
        self.stops = ProtectiveStops()
        self.accounts = RunAccounts(settings, clock)
        self.desk: Desk
        self.loop: Loop
        self.kill: KillSwitch
        self.executor: Executor
        self.journal: RunJournal
        self._side: MarketSide

    async def start(self) -> None:
        """Recovers, connects, lets the strategies trade. Raises ConfigError, JournalError or VenueError."""
        async with contextlib.AsyncExitStack() as stack:  # closes what was opened when the start fails
            folder = StateFolder(self.settings, self.clock, self.observed.notices.say, self._names[1])
            stack.callback(folder.close)
            self.kill = self._kill_switch(folder.existed)
            stack.push_async_callback(self.kill.stop)
            hosts = hosts_of(self.settings)
            self._side = await self._market_side(stack, hosts)
            listings = await self._side.open(stack)
            self._build(listings, folder)
            self.executor = Executor(self.kill, self.knight, self.clock, self._push, self._on_account)
            await self.accounts.open(
                listings, hosts, self._credentials, self._side.rests, self.executor, self.desk, self._tell
            )
            stack.push_async_callback(self.accounts.stop)
            stack.push_async_callback(self.executor.stop)
            self.loop = Loop(
                self.desk,
                Timed(self.executor, self.order_latency, self.clock),
                self._on_facts,
                self.journal,
                self._on_approved,
            )
            self._attach_kill_switch()
            stack.push_async_callback(self._tasks.end)
            await self._side.connect(stack, self.desk, self._push)
            await self.accounts.start()
            self._tasks.spawn(self.kill.run())
            if self.settings.config.dead_man.armed:
                keeper = self._dead_man()
                stack.push_async_callback(keeper.stop)
                self._tasks.spawn(keeper.run())
            self._tasks.spawn(self._tend())
            every_s = self.settings.config.journal.snapshot_every_s
            durable = self.desk.durable
            keeping = keep_snapshots(self.journal.journal, durable, self.clock, folder.schema, every_s)
            self._tasks.spawn(keeping)
            if self._projector:
                say = functools.partial(self._say, "journal", "projection")
                self._tasks.spawn(keep_projecting(self._projector, say))
            answers = DeskAnswers(self)
            control = ControlServer(self.settings.socket, answers.handle)
            await control.start()
            stack.push_async_callback(control.stop)
            self._opened = stack.pop_all()

    async def wait(self) -> None:
        """Returns when a feed has stopped; raises what has failed."""
        clients = [account.client.wait() for account in self.accounts.by_market.values()]
        await self._side.wait(*clients, self.executor.wait(), self._wait_failed())

    async def finish(self) -> None:
        """The end that was asked for: no more strategies, no open orders, and one more comparison."""
        self.desk.strategies = ()
        if self.settings.config.desk.cancel_on_stop:
            await self._cancel_open()
        with contextlib.suppress(TimeoutError, VenueError):  # the next start compares again
            async with asyncio.timeout(RECONCILED_S_MAX):
                self._final = await self.differences(None, "the end")

    async def stop(self) -> None:
        """Closes everything; the books are down then. Stopping twice is no error."""
        await self._opened.aclose()

    def push(self, event: Event) -> int:
        """Takes an event of people or of the kill switch."""
        return self.loop.push(event)

    async def differences(self, market: MarketName | None, reason: str) -> tuple[Discrepancy, ...]:
        """A round on one market, or on all: what it found, and what stands. Raises TrimaranError."""
        return await differences(self.desk, self.observed.tally, self.accounts, market, reason)

    def status(self) -> dict[str, Any]:
        """The status now."""
        return {**report.status(self.desk, self.observed, self._moment()), **figures(self)}

    def result(self) -> dict[str, Any]:
        """The result so far."""
        return {
            **report.result(self.desk, self.observed, self._moment()),
            **figures(self),
            "differences": None if self._final is None else list(self._final),
        }

    def moment(self) -> report.Moment:
        """The desk now."""
        return self._moment()

    # --- start ----------------------------------------------------------------------------------------

    def _kill_switch(self, existed: bool) -> KillSwitch:
        files = KillFiles(self.settings.state)
        files.make()
        return KillSwitch(
            files, self.clock, lambda market, text: self._say(market, "kill", text), existed=existed
        )

    async def _market_side(
        self, stack: contextlib.AsyncExitStack, hosts: Mapping[MarketName, Any]
    ) -> MarketSide:
        config = self.settings.config
        tap = None
        if config.record.folder:
            tap = await stack.enter_async_context(Tap(self.settings.path(config.record.folder), self._tell))
        wanted = Wanted(
            markets=hosts,
            pairs=config.wanted(),
            proxies=config.proxies,
            bridges={},
            start_patience_s=config.desk.start_patience_s,
            seed=config.desk.seed,
        )
        return MarketSide(wanted, MARKETS, self.clock, self.observed, self._tell, tap)

    def _build(self, listings: tuple[Listing, ...], folder: StateFolder) -> None:
        """The desk with its past; the first records of this process are synced when it returns."""
        config = self.settings.config
        setups = tuple(listing.setup for listing in listings)
        instruments = [instrument for setup in setups for instrument in setup.instruments]
        text = read_limits_text(self.settings.path(config.risk.limits))
        book = limits_of(text, instruments, [each.name for each in strategies_of(config.strategies)])
        durable, now_ns = folder.replayed(), self.clock.wall_ns()
        limits = newer_limits(book, text, durable.limits, now_ns)
        for record in limits:
            durable.apply(record)  # before the desk has it: those of before may not fit what is traded now
        setup = DeskSetup(
            markets=setups,
            limits=book,
            threshold_e8=int(config.desk.threshold_bps * E8_PER_BPS),
            notional_max=config.desk.order_notional_max * WALK_SHARE,
            laws=laws_of([each.name for each in setups]),
            wallets=wallets_of(self.settings),
            durability=durability_of(config.strategies),
        )
        counter = ClientIdCounter(config.desk.region, config.desk.shard, 0)
        strategies = [Restoring(each, self.stops) for each in strategies_of(config.strategies)]
        self.desk = Desk(setup, self._make_hot(), strategies, counter)
        holder, version = self._names
        records = (*begun(self.desk, durable, holder, version, now_ns), *limits)
        self.journal = RunJournal(folder.opened.journal, (self.knight, self.stops))
        for entry in self.desk.durable.working.values():
            self.stops.know(entry.order)
        self.journal.begin(records)
        count, epoch = folder.opened.record_count, self.desk.durable.counter.epoch
        self._say("journal", "begun", f"run {epoch} begins, {count:,} records replayed")

    def _attach_kill_switch(self) -> None:
        accounts = list(self.accounts.by_market.values())
        cancels = KillCancels(
            accounts,
            self.accounts.open_orders,
            self.clock,
            lambda market, text: self._say(market, "kill", text),
        )
        self.kill.attach(self._on_kill, cancels)
        self.kill.agree(self.desk.durable.kill.states)
        kill_on_signal(self.kill)

    def _dead_man(self) -> DeadManKeeper:
        wanted = self.settings.config.dead_man
        markets = [(name, MARKETS[name].private.spec.dead_man) for name in self.accounts.by_market]
        accounts = [
            DeadManAccount(
                name,
                spec,
                self.accounts.by_market[name].client,
                functools.partial(self.accounts.open_symbols, name),
            )
            for name, spec in markets
        ]
        after_ns = wanted.after_s * 1_000 * MS
        return DeadManKeeper(
            accounts,
            self.clock,
            lambda market, text: self._say(market, "dead_man", text),
            self.stops.on_lapse,
            holds=self.kill if wanted.required else None,
            timeouts_ns={name: after_ns for name, spec in markets if spec is not None} if after_ns else None,
        )

    # --- while it runs --------------------------------------------------------------------------------

    def _push(self, event: Event) -> int:
        try:
            return self.loop.push(event)
        except Exception as error:  # the desk may have applied what its record lacks: the next start decides
            self._fail(error)
            raise

    def _on_facts(self, facts: Sequence[Fact]) -> None:
        self.observed.take(facts)
        for fact in facts:
            self.stops.on_fact(fact)
            self.accounts.on_fact(fact)
        if not self.desk.durable.working:
            self._all_ended.set()

    def _on_approved(self, fact: OrderApproved) -> None:
        self.knight.on_fact(fact)

    def _on_account(self, market: MarketName, event: ClientEvent) -> None:
        said = describe_account(event)
        if said is not None:
            self._say(market, *said)

    def _on_kill(self, event: KillRequested) -> None:
        self._push(event)

    def _on_breach(self, why: str) -> None:
        self.kill.kill(ALL, KillState.KILLED, "the Knight check", why)

    def _say(self, subject: str, kind: str, text: str) -> None:
        self.observed.notices.say(subject, kind, text)

    async def _tend(self) -> None:
        """What has to be looked at several times a second."""
        while True:
            await asyncio.sleep(TEND_S)
            self.knight.on_tick()
            self.executor.on_tick()

    async def _cancel_open(self) -> None:
        if not self.desk.durable.working:
            return
        self._all_ended.clear()
        self._push(CancelRequested(None, None, ITSELF, self.clock.wall_ns()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCELLED_S_MAX):
                await self._all_ended.wait()
        if left := len(self.desk.durable.working):
            self._say("all", "left_open", f"{left} orders have not ended; the next start looks after them")

    def _moment(self) -> report.Moment:
        return report.Moment(self.desk, self.clock.wall_ns(), QUOTE_AGE_NS)

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            self._failed.set()

    async def _wait_failed(self) -> None:
        await self._failed.wait()
        assert self._failure is not None
        raise self._failure
