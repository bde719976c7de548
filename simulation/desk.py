"""One process of the desk: the real engine, journal, executor, accounts and feeds, put together for a story.

What a process is told of the outside is in `Machine`; what it leaves behind when it dies is on its disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NoReturn

import msgspec
from msgspec.structs import replace

from simulation.dealer import NAME, Dealer
from simulation.disk import SimDisk
from simulation.process import Crashed
from simulation.stage import SimClock
from simulation.story import Story
from trimaran.base.buggify import point
from trimaran.base.secret import Secret
from trimaran.domain.account import AccountEvent
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.commands import Command
from trimaran.domain.events import Event, ShellEvent
from trimaran.domain.facts import Fact
from trimaran.domain.instrument import MarketName
from trimaran.domain.pair import Pair
from trimaran.domain.records import Durability, JournalRecord
from trimaran.engine.desk import Desk, DeskSetup
from trimaran.engine.durable import Durable
from trimaran.engine.loop import Loop
from trimaran.engine.recovery import begun, recovered
from trimaran.journal.journal import Journal
from trimaran.journal.open import open_journal
from trimaran.journal.settings import Hooks, JournalOptions, Workers
from trimaran.journal.worker import DelayedWorker
from trimaran.live.account import Surroundings, gate_of, open_account
from trimaran.live.executor import Executor
from trimaran.live.knight import Knight
from trimaran.live.listing import Listing
from trimaran.live.market_side import MarketSide, Wanted
from trimaran.live.notices import Notices
from trimaran.live.report import Observed
from trimaran.live.run_accounts import asked_since_ns
from trimaran.native._hot import Hot
from trimaran.risk.limits import LimitsBook, RiskLimits
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.client_port import ClientOptions
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.law import law_of
from trimaran.venues.wire.line_port import LineConfig
from trimaran.venues.wire.market_entry import Bases
from trimaran.venues.wire.market_spec import MS, SECOND
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.websocket import WebSocketOptions

SYMBOLS: Final = (Pair.parse("BTC-USDT"),)
OPTIONS: Final = ClientOptions(
    ask=Patience(2.0, 1.0),
    order=Patience(0.3, 0.8, SECOND),
    line=LineConfig(reconnect=Backoff(20 * MS, 400 * MS), overlap_ns=50 * MS, connects_share=100.0),
    tick_s=0.05,
    retry=Backoff(50 * MS, 800 * MS),
    poll_s=1.0,
)
WEBSOCKET: Final = WebSocketOptions(connect_s_max=2.0, close_s_max=0.5)
SEGMENT_BYTES: Final = 24 * 1024
LINGER_NS: Final = 12 * SECOND  # the simulated network delivers nothing later than that
TICK_S: Final = 0.1
START_PATIENCE_S: Final = 30.0
POSITION_UNITS_MAX: Final = 12
OPEN_ORDERS_MAX: Final = 6


class Machine(msgspec.Struct):
    """What a process finds: its disk, its clock, the venue's addresses and keys."""

    story: Story
    disk: SimDisk
    clock: SimClock
    hosts: Mapping[MarketName, Bases | str]
    keys: Mapping[str, str]
    rng: random.Random
    die: Callable[[str], NoReturn]  # ends the process that calls it
    recovered: Callable[[Durable], None]  # is shown what a process has recovered


class NoStops:
    """No kill switch stands."""

    def stops(self, market: MarketName, strategy: str, reduce_only: bool) -> bool:
        """Never."""
        return False


class SimDesk:
    """`run` lives until the process dies. Everything else is read from outside."""

    def __init__(self, machine: Machine, generation: int) -> None:
        self.machine = machine
        self.failures: list[str] = []
        self.died = ""  # of a disk that cannot be trusted
        self.breaches: list[str] = []
        self.dealer: Dealer | None = None
        self.desk: Desk | None = None
        self.account: AccountClient | None = None
        self.loop: Loop
        self.counts: dict[str, int] = {}
        self._generation = generation
        self._clock = SystemClock(machine.clock.wall_ns, machine.clock.monotonic_ns)
        self._busy = False
        self._waiting: deque[Event] = deque()
        self._knight = Knight(self._clock, self.breaches.append)

    async def run(self) -> None:
        """Starts, and runs until something ends it."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                await self._start(stack)
                waits = [asyncio.ensure_future(each) for each in (self._account_wait(), self._ticks())]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for each in waits:
                    if each.done():
                        each.result()
        except Crashed:
            raise
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            raise

    def push(self, event: Event) -> int:
        """Takes an event; what comes up while one is taken follows it."""
        if self._busy:
            name = f"nested {type(event).__name__}"
            self.counts[name] = self.counts.get(name, 0) + 1
            self._waiting.append(event)
            return 0
        self._busy = True
        try:
            answer = self.loop.push(event)
            while self._waiting:
                self.loop.push(self._waiting.popleft())
        finally:
            self._busy = False
        return answer

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        machine, market = self.machine, self.machine.story.market
        journal, durable = self._recover()
        side = self._market_side()
        (listing,) = await side.open(stack)
        desk = self._build(listing, journal, durable)
        self._executor = Executor(NoStops(), self._knight, self._clock, self.push, self._heard)
        keys, symbols = machine.keys, [each.symbol for each in listing.setup.instruments]
        self.account = await open_account(
            market,
            machine.hosts,
            Credentials(keys["key"], Secret(keys["secret"]), Secret(keys["passphrase"])),
            symbols,
            self._around(side, durable),
            self._executor.listener(market),
        )
        self._executor.add(market, self.account)
        for working in durable.working.values():
            self.account.fold.expect(working.order)
        watched = _Watched(journal, self._knight)
        self.loop = Loop(desk, _Marked(self._executor), self._facts, watched, self._knight.on_fact)
        self.desk = desk
        await self.account.start()
        await side.connect(stack, desk, self.push)

    def _recover(self) -> tuple[Journal, Durable]:
        opened = open_journal(
            self.machine.disk,
            JournalOptions(segment_bytes=SEGMENT_BYTES, segments_max=4_000, space_retry_ms=200),
            workers=Workers(DelayedWorker(self._sync_s), DelayedWorker(self._sync_s)),
            hooks=Hooks(die=self._die, on_notice=self._notice),
        )
        durable = recovered(None, opened.records)
        self.machine.recovered(durable)
        return opened.journal, durable

    def _market_side(self) -> MarketSide:
        story, clock = self.machine.story, self._clock
        wanted = Wanted(
            {story.market: self.machine.hosts[story.market]}, SYMBOLS, {}, {}, START_PATIENCE_S, story.seed
        )
        observed = Observed(Notices(clock, self._notice))
        return MarketSide(wanted, MARKETS, clock, observed, self._notice)

    def _build(self, listing: Listing, journal: Journal, durable: Durable) -> Desk:
        story, (instrument,) = self.machine.story, listing.setup.instruments
        spec = MARKETS[story.market].private.spec
        law = law_of(spec, OPTIONS.order)
        if not spec.request_expiry:
            law = replace(law, validity_ns=LINGER_NS)
        self.dealer = Dealer(
            instrument,
            random.Random(f"{story.seed}:dealer:{self._generation}"),
            story.orders_per_s * TICK_S,
            story.durability is Durability.DURABLE,
        )
        setup = DeskSetup(
            markets=(listing.setup,),
            limits=limits(self.dealer.lots(1)),
            threshold_e8=10**8,
            notional_max=Decimal(100_000),
            laws={story.market: law},
            durability={NAME: story.durability},
        )
        desk = Desk(setup, Hot(), [self.dealer], ClientIdCounter(1, 1, 0))
        for record in begun(desk, durable, f"process {self._generation}", "simulated", self._clock.wall_ns()):
            journal.append(record)
        journal.settle()
        return desk

    def _around(self, side: MarketSide, durable: Durable) -> Surroundings:
        story = self.machine.story
        venue = MARKETS[story.market].venue
        rng = random.Random(f"{story.seed}:account:{self._generation}")
        options = replace(OPTIONS, since_ns=asked_since_ns(durable))
        return Surroundings(gate_of(venue), side.rests[venue], self._clock, rng, options, WEBSOCKET)

    async def _account_wait(self) -> None:
        assert self.account is not None
        await asyncio.gather(self.account.wait(), self._executor.wait())

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._executor.on_tick()
            self._knight.on_tick()
            self.loop.tick(self._clock.wall_ns())

    def _facts(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            name = type(fact).__name__
            self.counts[name] = self.counts.get(name, 0) + 1

    def _heard(self, market: MarketName, event: object) -> None:
        name = type(event).__name__
        self.counts[name] = self.counts.get(name, 0) + 1

    def _notice(self, text: str) -> None:
        """For people."""

    def _sync_s(self) -> float:
        return self.machine.rng.expovariate(1 / self.machine.story.sync_s)

    def _die(self, text: str) -> None:
        self.died = text
        self.machine.die(text)


class _Watched:
    """The journal, with the Knight check looking on and points at which a process may end."""

    def __init__(self, journal: Journal, knight: Knight) -> None:
        self._journal = journal
        self._knight = knight

    @property
    def takes_risk(self) -> bool:
        """The journal's."""
        return self._journal.takes_risk

    def append(self, record: JournalRecord, /) -> None:
        """Counts, and takes."""
        point("record.before_append")
        self._journal.append(record)
        self._knight.on_record(record)

    def commit(self, durability: Durability | None, then: Callable[[], None] | None = None, /) -> None:
        """Commits."""
        point("record.before_commit")
        self._journal.commit(durability, then)
        point("record.after_commit")


class _Marked:
    """The executor, with points around each command."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @property
    def next_due_ns(self) -> int | None:
        """The executor's."""
        return self._executor.next_due_ns

    def due(self, now_ns: int, /) -> Sequence[AccountEvent | ShellEvent]:
        """The executor's."""
        return self._executor.due(now_ns)

    def carry_out(self, command: Command, now_ns: int, /) -> None:
        """Carries it out."""
        name = type(command).__name__
        point(f"command.before_{name}")
        self._executor.carry_out(command, now_ns)
        point(f"command.after_{name}")


def limits(unit_lots: int) -> LimitsBook:
    """Narrow ones, so that they are met."""
    narrow = RiskLimits(
        order_notional_max=Decimal(20_000),
        order_lots_max=unit_lots * 5,
        quote_age_ns_max=3 * SECOND,
        collar_bps_max=100,
        position_lots_max=unit_lots * POSITION_UNITS_MAX,
        leverage_max=5,
        open_orders_max=OPEN_ORDERS_MAX,
        rate_orders_max=20,
        rate_window_ns=SECOND,
    )
    return LimitsBook(default=narrow, exposure=Decimal(1))
