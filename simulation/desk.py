"""One process of the desk: the real engine, journal, executor, accounts and feeds, put together for a story.

What a process is told of the outside is in `Machine`; what it leaves behind when it dies is on its disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final, NoReturn

import msgspec
from msgspec.structs import replace

from simulation.dealer import NAME, PAIRS, Dealer, Pairs
from simulation.disk import SimDisk
from simulation.kills import Kills
from simulation.process import Crashed
from simulation.setting import OPTIONS, POSITION_UNITS_MAX, law_here, limits_text, wallet
from simulation.stage import SimClock
from simulation.story import Story
from trimaran.base.secret import Secret
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.decision import KillState
from trimaran.domain.events import Event, KillRequested
from trimaran.domain.facts import Fact
from trimaran.domain.instrument import MarketName, Symbol, symbol_in
from trimaran.domain.kill import ALL, KillScope, ScopeKind, market_in
from trimaran.domain.pair import Pair
from trimaran.domain.records import Durability
from trimaran.engine.desk import Desk, DeskSetup
from trimaran.engine.durable import Durable
from trimaran.engine.image import decode
from trimaran.engine.image_schema import schema_number
from trimaran.engine.loop import Loop
from trimaran.engine.recovery import begun, followed, recovered
from trimaran.journal.journal import Journal
from trimaran.journal.open import open_journal
from trimaran.journal.settings import Hooks, JournalOptions, Workers
from trimaran.journal.worker import DelayedWorker
from trimaran.live.account import Surroundings, gate_of, open_account
from trimaran.live.dead_man_keeper import DeadManAccount, DeadManKeeper
from trimaran.live.disk_thread import Inline
from trimaran.live.executor import Executor
from trimaran.live.kill_cancels import KillCancels
from trimaran.live.kill_switch import KillSwitch
from trimaran.live.knight import Knight
from trimaran.live.listing import Listing
from trimaran.live.market_side import MarketSide, Wanted
from trimaran.live.notices import Notices
from trimaran.live.report import Observed
from trimaran.live.run_accounts import RunAccount, asked_since_ns
from trimaran.live.run_journal import RunJournal, keep_snapshots
from trimaran.native._hot import Hot
from trimaran.risk.limits_file import read_limits
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.asker import Gate
from trimaran.venues.wire.asks import OrderRef
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.market_entry import Bases
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.websocket import WebSocketOptions

SYMBOLS: Final = (Pair.parse("BTC-USDT"),)
WEBSOCKET: Final = WebSocketOptions(connect_s_max=2.0, close_s_max=0.5)
SEGMENT_BYTES: Final = 24 * 1024
TICK_S: Final = 0.1
START_PATIENCE_S: Final = 30.0
DEAD_MAN_NS: Final = 6 * SECOND
SCHEMA: Final = schema_number("simulated")
SNAPSHOT_DAYS: Final = 1 / 86_400  # a second: what is older goes, but for the newest two


class Machine(msgspec.Struct):
    """What a process finds: its disk, its clock, the venue's addresses and keys."""

    story: Story
    disk: SimDisk
    clock: SimClock
    hosts: Mapping[MarketName, Bases | str]
    keys: Mapping[str, Mapping[str, str]]  # by venue
    kills: Kills | None  # None: there is no kill switch
    rng: random.Random
    die: Callable[[str], NoReturn]  # ends the process that calls it
    recovered: Callable[[Durable], None]  # is shown what a process has recovered
    say: Callable[[str], None]


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
        self.strategies: tuple[Dealer | Pairs, ...] = ()
        self.desk: Desk | None = None
        self.accounts: dict[MarketName, RunAccount] = {}
        self.switch: KillSwitch | None = None
        self.loop: Loop
        self.counts: dict[str, int] = {}
        self._generation = generation
        self._clock = SystemClock(machine.clock.wall_ns, machine.clock.monotonic_ns)
        self._busy = False
        self._waiting: deque[Event] = deque()
        self._gates: dict[str, Gate] = {}
        self._knight = Knight(self._clock, self._breached)
        self._works: list[Callable[[], Coroutine[Any, Any, None]]] = []

    async def run(self) -> None:
        """Starts, and runs until something ends it."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                await self._start(stack)
                works = (self._account_wait(), self._ticks(), *(work() for work in self._works))
                waits = [asyncio.ensure_future(each) for each in works]
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
            self._count(f"nested {type(event).__name__}")
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
        machine = self.machine
        existed = bool(machine.disk.names())
        journal, durable = self._recover()
        if machine.kills is not None:
            self.switch = self._kill_switch(machine.kills, existed)
        side = self._market_side()
        listings = await side.open(stack)
        desk, record = self._build(listings, journal, durable)
        kill = self.switch if self.switch is not None else NoStops()
        self._executor = Executor(kill, self._knight, self._clock, self.push, self._heard)
        for listing in listings:
            await self._open(listing, side, desk)
        self.loop = Loop(desk, self._executor, self._facts, record, self._knight.on_fact)
        self.desk = desk
        if self.switch is not None:
            self._attach(self.switch, desk)
        for account in self.accounts.values():
            await account.client.start()
        await side.connect(stack, desk, self.push)
        if machine.story.dead_man:
            self._works.append(self._dead_man(desk).run)
        if machine.story.snapshot_s:
            every_s = machine.story.snapshot_s
            self._works.append(
                partial(keep_snapshots, journal, desk.durable, self._clock, schema=SCHEMA, every_s=every_s)
            )

    def _recover(self) -> tuple[Journal, Durable]:
        opened = open_journal(
            self.machine.disk,
            JournalOptions(
                segment_bytes=SEGMENT_BYTES,
                segments_max=4_000,
                space_retry_ms=200,
                snapshots_kept=2,
                snapshot_days=SNAPSHOT_DAYS,
            ),
            workers=Workers(DelayedWorker(self._sync_s), DelayedWorker(self._sync_s)),
            hooks=Hooks(die=self._die, on_notice=self._notice),
        )
        snapshot = opened.snapshot
        durable = recovered(None if snapshot is None else decode(snapshot.image), ())
        assert snapshot is None or snapshot.state_hash == durable.state_hash(), snapshot
        durable = followed(durable, opened.records)
        self.machine.recovered(durable)
        return opened.journal, durable

    async def _open(self, listing: Listing, side: MarketSide, desk: Desk) -> None:
        market, machine = listing.market, self.machine
        keys = machine.keys[market.partition(".")[0]]
        symbols = [each.symbol for each in listing.setup.instruments]
        client = await open_account(
            market,
            machine.hosts,
            Credentials(keys["key"], Secret(keys["secret"]), Secret(keys["passphrase"])),
            symbols,
            self._around(market, side, desk.durable),
            self._executor.listener(market),
        )
        self._executor.add(market, client)
        self.accounts[market] = RunAccount(market, client, symbols, desk)
        for working in desk.durable.working.values():
            if market_in(working.order.instrument_key) == market:
                asked = None if working.amendment is None else working.amendment.order
                client.fold.resume(working.order, working.filled_lots, asked)

    # --- kill switch, dead-man switch -----------------------------------------------------------------------

    def _kill_switch(self, kills: Kills, existed: bool) -> KillSwitch:
        rng = random.Random(f"{self.machine.story.seed}:kill:{self._generation}")

        def told(market: str, text: str) -> None:
            self.machine.say(f"{market}: {text}")
            if self.switch is not None:
                kills.look(self.switch)
                asyncio.get_running_loop().call_soon(kills.look, self.switch)

        switch = KillSwitch(
            kills.files(),
            self._clock,
            told,
            existed=existed,
            aside=Inline(),
            nonce=lambda: f"{rng.getrandbits(128):032x}",
        )
        kills.look(switch)
        return switch

    def _attach(self, switch: KillSwitch, desk: Desk) -> None:
        def open_orders(market: MarketName, scope: KillScope, spare_reducing: bool) -> list[OrderRef]:
            client = self.accounts[market].client
            return [
                client.ref_of(client_order_id, entry.order.instrument_key)
                for client_order_id, entry in desk.durable.working.items()
                if market_in(entry.order.instrument_key) == market
                and (scope.kind is not ScopeKind.STRATEGY or entry.order.strategy == scope.name)
                and not (spare_reducing and entry.order.reduce_only)
            ]

        cancels = KillCancels(list(self.accounts.values()), open_orders, self._clock, self._told)
        switch.attach(self._push_kill, cancels)
        switch.agree(desk.durable.kill.states)
        self._works.append(switch.run)

    def _push_kill(self, event: KillRequested) -> None:
        self.push(event)

    def _told(self, subject: str, text: str) -> None:
        self.machine.say(f"{subject}: {text}")

    def _breached(self, why: str) -> None:
        self.breaches.append(why)
        if self.switch is not None:
            self.switch.kill(ALL, KillState.KILLED, "the Knight check", why)

    def _dead_man(self, desk: Desk) -> DeadManKeeper:
        specs = {market: MARKETS[market].private.spec.dead_man for market in self.accounts}

        def opened(market: MarketName) -> set[Symbol]:
            keys = (entry.order.instrument_key for entry in desk.durable.working.values())
            return {symbol_in(key) for key in keys if market_in(key) == market}

        return DeadManKeeper(
            [
                DeadManAccount(market, specs[market], account.client, partial(opened, market))
                for market, account in self.accounts.items()
            ],
            self._clock,
            self._told,
            lambda lapsed: self._count("dead-man lapses"),
            holds=self.switch,
            timeouts_ns={
                market: max(spec.timeout_ns_min, DEAD_MAN_NS)
                for market, spec in specs.items()
                if spec is not None
            },
        )

    def _market_side(self) -> MarketSide:
        story, clock = self.machine.story, self._clock
        wanted = Wanted(
            {market: self.machine.hosts[market] for market in story.markets},
            SYMBOLS,
            {},
            {},
            START_PATIENCE_S,
            story.seed,
        )
        observed = Observed(Notices(clock, self._notice))
        return MarketSide(wanted, MARKETS, clock, observed, self._notice)

    def _build(
        self, listings: Sequence[Listing], journal: Journal, durable: Durable
    ) -> tuple[Desk, RunJournal]:
        story = self.machine.story
        instruments = [each for listing in listings for each in listing.setup.instruments]
        rate = story.orders_per_s * TICK_S
        resting = story.durability is Durability.DURABLE
        self.strategies = (Dealer(instruments, self._drawn("dealer"), rate, resting, story.heaps),)
        if story.partner is not None:
            self.strategies += (Pairs(instruments, self._drawn("pairs"), rate),)
        setup = DeskSetup(
            markets=tuple(listing.setup for listing in listings),
            limits=read_limits(limits_text(1, instruments, POSITION_UNITS_MAX)),
            threshold_e8=10**8,
            notional_max=Decimal(100_000),
            laws={market: law_here(market) for market in story.markets},
            wallets={market: wallet(market, story.markets) for market in story.markets},
            durability={NAME: story.durability, PAIRS: story.durability},
        )
        desk = Desk(setup, Hot(), self.strategies, ClientIdCounter(1, 1, 0))
        record = RunJournal(journal, (self._knight,))
        record.begin(begun(desk, durable, f"process {self._generation}", "simulated", self._clock.wall_ns()))
        return desk, record

    def _drawn(self, what: str) -> random.Random:
        return random.Random(f"{self.machine.story.seed}:{what}:{self._generation}")

    def _around(self, market: MarketName, side: MarketSide, durable: Durable) -> Surroundings:
        venue = MARKETS[market].venue
        if venue not in self._gates:
            self._gates[venue] = gate_of(venue)
        options = replace(OPTIONS, since_ns=asked_since_ns(durable))
        rng = self._drawn(f"account:{market}")
        return Surroundings(self._gates[venue], side.rests[venue], self._clock, rng, options, WEBSOCKET)

    async def _account_wait(self) -> None:
        await asyncio.gather(
            *(account.client.wait() for account in self.accounts.values()), self._executor.wait()
        )

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._executor.on_tick()
            self._knight.on_tick()
            self.loop.tick(self._clock.wall_ns())

    def _facts(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._count(type(fact).__name__)

    def _heard(self, market: MarketName, event: object) -> None:
        self._count(type(event).__name__)

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def _notice(self, text: str) -> None:
        """For people."""

    def _sync_s(self) -> float:
        return self.machine.rng.expovariate(1 / self.machine.story.sync_s)

    def _die(self, text: str) -> None:
        self.died = text
        self.machine.die(text)
