"""One seed, lived: venue and desk as processes of one simulated world, its faults, its end, its judgement."""

from __future__ import annotations

import asyncio
import contextvars
import random
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from simulation.connection import CALM
from simulation.dealer import PAIRS
from simulation.desk import Machine, SimDesk
from simulation.disk import DiskFaults, SimDisk
from simulation.judgement import filled_of, judge_together, orders_of
from simulation.kills import Kills
from simulation.loop import SimLoop
from simulation.oracle import Oracle
from simulation.people import People
from simulation.process import Crashed, Process
from simulation.setting import wallet
from simulation.stage import SimClock
from simulation.story import QUIET_MARKET, Bump, Crash, KillMove, NewLimits, Story, Weather
from trimaran.base.errors import JournalError, VenueError
from trimaran.domain.events import CancelRequested
from trimaran.domain.instrument import MarketName
from trimaran.domain.pair import Pair
from trimaran.domain.records import Durability
from trimaran.engine.durable import Durable
from trimaran.journal.open import read_journal
from trimaran.venues.okx.simulator.venue import OkxRules
from trimaran.venues.registry import MARKETS
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.server import Simulator
from trimaran.venues.simulators import SimulatorOptions, simulator_of
from trimaran.venues.wire.fault import VenueFault

TURN_S: Final = 0.02
READY_S: Final = 75.0  # after the faults: accounts compared, every fate known; a budget is a minute's
FLOW_S: Final = 75.0  # and then a new order on every market: a silent feed is noticed by then
REST_S: Final = 75.0  # and after the last one everything heard
LIFE_S_MAX: Final = 600.0
LIFT: Final = "what stands is lifted"
RESTART_S: Final = 0.5
NS_PER_S: Final = 1_000_000_000
EXPECTED: Final = (VenueError, VenueFault, OSError, TimeoutError)  # what a venue can do to a start


class World:
    """The inhabitants of one story."""

    def __init__(self, story: Story, loop: SimLoop, trace: bool) -> None:
        self.story = story
        self.loop = loop
        self.processes: list[Process] = []
        self.desk: SimDesk
        self.process: Process
        self.oracles: tuple[Oracle, ...] = ()
        self.violations: list[str] = []
        self.kills = Kills() if story.kills else None
        self.simulator: Simulator
        self.points: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.trace: list[str] = []
        self._tracing = trace
        self._rng = random.Random(f"{story.seed}:world")
        self.disk = SimDisk(random.Random(f"{story.seed}:disk"), self._dies_writing)
        self.clock = SimClock(loop)
        self._armed: Crash | None = None
        self._generation = 0
        self._hash_at_death: int | None = None
        self.up = False
        self._faulty = True
        self._people = People(self)

    # --- the story ------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """From the first process to the judgement."""
        server = Process("venue")
        self.processes.append(server)
        story = self.story
        venues = tuple(dict.fromkeys(market.partition(".")[0] for market in story.markets))
        options = SimulatorOptions(
            seed=story.seed,
            venues=venues,
            symbols=("BTC",),
            turn_s=TURN_S,
            tops_kept=10,
            limits=False,
            flow=QUIET_MARKET,
            okx=OkxRules(connections_per_s=0),
            clock_offset_ms=story.clock_offset_ms,
        )
        self.simulator = server.call(simulator_of, options, SimClock(self.loop))
        await server.spawn(self.simulator.start())
        self.oracles = tuple(self._oracle(market) for market in story.markets)
        if self.kills is not None:
            self.loop.network.tap = self.kills.wrote
        urls = self.simulator.urls()
        self._machine = Machine(
            story,
            self.disk,
            self.clock,
            {
                MarketName(f"{venue}.{kind}"): _named(bases)
                for venue in venues
                for kind, bases in urls["venues"][venue].items()
            },
            urls["accounts"],
            self.kills,
            random.Random(f"{story.seed}:machine"),
            self._dies_by_itself,
            self._recovered,
            self.say,
        )
        self._boot()
        canceller = asyncio.create_task(self._people.cancel_old_ones())
        watcher = asyncio.create_task(self._people.watch_cancels())
        await self._faults()
        await self._calm()
        canceller.cancel()
        watcher.cancel()

    def _oracle(self, market: MarketName) -> Oracle:
        """One judge a market; a wallet of two markets is judged with the perpetual, which moves it."""
        story = self.story
        exchange = self.simulator.exchanges[market.partition(".")[0]]
        symbol = MARKETS[market].spell(Pair.parse("BTC-USDT"))
        shared = wallet(market, story.markets)
        mine = shared if len(shared) == 1 or not market.endswith("spot") else frozenset[MarketName]()
        oracle = Oracle(exchange, market, exchange.instrument(market, symbol), mine, self._people.units_max)
        oracle.forgets = self._forgets
        return oracle

    @property
    def _forgets(self) -> bool:
        story = self.story
        return story.durability is Durability.FAST and any(crash.power for crash in story.crashes)

    def fail(self, text: str) -> None:
        """Something that must not be, whatever the market."""
        if text not in self.violations:
            self.violations.append(text)

    async def _faults(self) -> None:
        story = self.story
        happenings: list[tuple[float, Any]] = [(each.at_s, each) for each in story.weather]
        happenings += [(each.at_s, each) for each in story.crashes]
        happenings += [(each.at_s, each) for each in story.bumps]
        happenings += [(each.at_s, each) for each in story.kills]
        happenings += [(each.at_s + each.lifted_s, LIFT) for each in story.kills if each.lifted_s]
        happenings += [(each.at_s, each) for each in story.limits]
        if story.sync_error:
            happenings.append((story.faulty_s * 0.5, DiskFaults(sync_error=0.2)))
        if story.full_disk:
            happenings.append((story.faulty_s * 0.3, DiskFaults(bytes_max=0)))
            happenings.append((story.faulty_s * 0.3 + 3.0, DiskFaults()))
        for at_s, what in sorted(happenings, key=lambda each: each[0]):
            await asyncio.sleep(max(0.0, at_s - self.loop.time()))
            self._happens(what)
        await asyncio.sleep(max(0.0, story.faulty_s - self.loop.time()))

    def _happens(self, what: Any) -> None:
        self.say(f"{what}")
        if isinstance(what, Weather):
            self.loop.network.faults = what.network
            self.simulator.set_faults(FaultPlan(trading=what.trading, half_open=what.half_open))
        elif isinstance(what, DiskFaults):
            self.disk.faults = what
        elif isinstance(what, Bump):
            self._bump(what)
        elif isinstance(what, KillMove):
            self._people.kill(what)
        elif isinstance(what, NewLimits):
            self._people.set_limits(what)
        elif what is LIFT:
            self._people.lift()
        elif what.point:
            self._armed = what
        else:
            self._crash(what)

    def _bump(self, bump: Bump) -> None:
        self.counts["stalls"] += bump.stall_s > 0
        self.counts["clock steps"] += bump.step_s != 0
        if bump.stall_s and self.up:
            self.loop.pause(self.process, bump.stall_s)
        self.clock.step_ns += round(bump.step_s * 1e9)
        if bump.hang_up:
            self.counts["hang ups"] += self.simulator.end_connections()

    async def _calm(self) -> None:
        """The faults have ended: everything must come to rest, and the books must agree."""
        self.say("calm")
        self._tell_desk()
        self._faulty, self._armed = False, None
        self.loop.network.faults = CALM
        self.simulator.set_faults(FaultPlan())
        self.disk.faults = DiskFaults()
        self._people.lift()
        ready = await self._until(self._ready, READY_S)
        self._tell_desk()
        if not ready:
            self.fail(f"LIVENESS: the market is not ready: {self._missing()}")
            return
        before = [len(oracle.accepted) for oracle in self.oracles]
        for strategy in self.desk.strategies:
            strategy.refusals.clear()
        flows = await self._until(lambda: self._ready() and self._flows(before), FLOW_S)
        if not flows and not self._quotes_look_old():
            refusals = [dict(strategy.refusals) for strategy in self.desk.strategies]
            self.fail(f"LIVENESS: no new order in {FLOW_S} s; refused: {refusals}")
        if not await self._until(lambda: self._ready() and not self._other_terms(), REST_S):
            self.violations += self._other_terms()
        for strategy in self.desk.strategies:
            strategy.dealing = False
        asked = CancelRequested(None, None, "the end of the story", self.clock.wall_ns())
        self._people.in_desk(self.desk.push, asked)
        rested = await self._until(self._rests, REST_S)
        if not rested:
            self.fail("LIVENESS: the desk did not come to rest")
        desk = self.desk.desk
        assert desk is not None
        for breach in self.desk.breaches:
            self.fail(f"PROCESS: breach: {breach}")
        records = [entry.record for entry in read_journal(self.disk.whole())]
        for oracle in self.oracles:
            oracle.judge(desk)
            oracle.judge_records(records)
        self.violations += judge_together(desk, records, self.oracles)
        if self.kills is not None:
            self.violations += self.kills.violations(orders_of(desk, self.oracles))
        self.counts["pairs"] += filled_of(desk, PAIRS)

    def _other_terms(self) -> list[str]:
        desk = self.desk.desk
        return [] if desk is None else [text for each in self.oracles for text in each.other_terms(desk)]

    def _flows(self, before: Sequence[int]) -> bool:
        return all(len(oracle.accepted) > count for oracle, count in zip(self.oracles, before, strict=True))

    def _quotes_look_old(self) -> bool:
        """Whether the clock was set forwards: every quote looks late then, for minutes, and none is used."""
        return any(bump.step_s > 1 for bump in self.story.bumps)

    def _ready(self) -> bool:
        return self.up and not self.process.paused and self._missing() is None

    def _missing(self) -> str | None:
        desk = self.desk.desk
        if desk is None:
            return "there is no desk"
        if self.desk.switch is not None and self.desk.switch.image.switches:
            self._people.lift()
            return "a kill switch stands"
        missing = (desk.not_ready(key) or desk.frozen_by(key) for key in desk.instruments)
        return next((each for each in missing if each), None)

    def _rests(self) -> bool:
        desk = self.desk.desk
        return (
            desk is not None
            and self._ready()
            and not desk.durable.working
            and not any(order.status.open for oracle in self.oracles for order in oracle.accepted.values())
            and all(oracle.agrees(desk) for oracle in self.oracles)
        )

    def _tell_desk(self) -> None:
        desk = self.desk.desk
        if desk is not None and self._tracing:
            self.say(f"desk: {self.desk.counts}")
            for entry in list(desk.durable.orders.values())[-5:]:
                self.say(f"  {entry}")

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        end_s = self.loop.time() + seconds
        while not condition():
            if self.loop.time() >= end_s:
                return False
            await asyncio.sleep(0.1)
        return True

    # --- processes ------------------------------------------------------------------------------------------

    def _boot(self) -> None:
        self._generation += 1
        self.process = Process(f"desk {self._generation}")
        self.processes.append(self.process)
        self.say("starts")
        self.desk = SimDesk(self._machine, self._generation)
        self.up = True
        task = self.process.spawn(self.desk.run())
        task.add_done_callback(self._ended, context=contextvars.Context())

    def _ended(self, task: asyncio.Task[None]) -> None:
        """The process ended by itself: by a crash from within, a disk, or because a venue was not there."""
        desk, process = self.desk, self.process
        error = None if task.cancelled() else task.exception()
        self.say(f"ends: {error!r}; {desk.died} {desk.counts}")
        if desk.breaches:
            self.fail(f"PROCESS: breach: {desk.breaches[0]}")
        expected = (*EXPECTED, JournalError) if self.story.full_disk else EXPECTED
        if error is not None and not isinstance(error, (*expected, Crashed)):
            where = "".join(traceback.format_exception(error)[-6:])
            self.fail(f"PROCESS: {error!r}\n{where}")
        if process.alive:
            self.counts["ends by itself"] += 1
            self._bury(process, power=False, down_s=RESTART_S)

    def _crash(self, crash: Crash) -> None:
        if self.up:
            self.counts["power cuts" if crash.power else "crashes"] += 1
            desk = self.desk.desk
            if not crash.power and desk is not None and not self.desk.died:
                self._hash_at_death = desk.durable.state_hash()  # between two callbacks all is written
            self._bury(self.process, crash.power, crash.down_s)

    def _recovered(self, durable: Durable) -> None:
        """What a process knows when it begins: all that its predecessor knew, and all that has left it."""
        if self._hash_at_death is not None and durable.state_hash() != self._hash_at_death:
            self.fail("RECOVERY: another state hash than before the crash")
        self._hash_at_death = None
        self.counts["limits recovered"] += durable.limits is not None
        self._people.stands(durable)
        if not self._forgets:
            for oracle in self.oracles:
                oracle.known_after_start(durable)

    def _bury(self, process: Process, power: bool, down_s: float) -> None:
        if not self.up or process is not self.process:
            return
        self.up = False
        self.say(f"dies{' of a power cut' if power else ''}")
        process.kill()
        if self.kills is not None:
            self.kills.died()
        self.loop.network.end_of(process, told=not power)
        if power:
            self.disk.lose_power()
        self.loop.call_later(down_s, self._boot, context=contextvars.Context())

    def at_point(self, name: str) -> None:
        """The code has come to a named point."""
        self.points[name] += 1
        crash = self._armed
        if crash is None or crash.point != name or not self.up or not self._faulty:
            return
        self._armed = None
        self._die_here(crash, "crashes at points")
        raise Crashed(name)

    def _dies_by_itself(self, text: str) -> NoReturn:
        self._die_here(Crash(0.0, text, False, RESTART_S), "ends by itself")
        raise Crashed(text)

    def _dies_writing(self) -> bool:
        crash = self._armed
        if crash is None or crash.point != "disk.in_write" or not self.up:
            return False
        self.points["disk.in_write"] += 1
        self._armed = None
        self._die_here(crash, "crashes at points")
        return True

    def _die_here(self, crash: Crash, count: str) -> None:
        self.counts[count] += 1
        self.say(f"dies at {crash.point}")
        self.process.kill()
        self.loop.call_soon(
            self._bury, self.process, crash.power, crash.down_s, context=contextvars.Context()
        )

    def say(self, text: str) -> None:
        """A line of the trace."""
        if self._tracing:
            self.trace.append(f"{self.loop.time():9.4f} {text}")


def _named(bases: Any) -> dict[str, str]:
    """URLs with a name in the place of the address, so that names are looked up."""
    return {kind: url.replace("127.0.0.1", "venue.test") for kind, url in bases.items()}
