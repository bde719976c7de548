"""People and programs around a desk: they cancel, move kill switches and lift them, set other limits."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from simulation.dealer import NAME
from simulation.desk import SimDesk
from simulation.kills import Kills
from simulation.loop import SimLoop
from simulation.process import Process
from simulation.setting import POSITION_UNITS_MAX, limits_text
from simulation.stage import SimClock
from simulation.story import KillMove, NewLimits, Story
from trimaran.base.errors import ConfigError
from trimaran.domain.decision import KillState
from trimaran.domain.events import CancelRequested, LimitsRequested
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import KillScope, ScopeKind
from trimaran.domain.orders import OrderState
from trimaran.engine.durable_state import DurableState
from trimaran.live.kill_switch import KillSwitch
from trimaran.venues.sim.exchange_port import DEMO_ACCOUNT_ID
from trimaran.venues.sim.server import Simulator

NS_PER_S: Final = 1_000_000_000
UNDER_WAY_S: Final = 15.0  # an order that was let pass is at the venue by then, or never
WRONG_CODE: Final = "000000"


class Town(Protocol):
    """Where they live: `world.World`."""

    story: Story
    loop: SimLoop
    clock: SimClock
    desk: SimDesk
    process: Process
    simulator: Simulator
    kills: Kills | None
    counts: Counter[str]
    up: bool

    def fail(self, text: str) -> None:
        """Something that must not be."""


class People:
    """See the module."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._rng = random.Random(f"{town.story.seed}:people")
        self._limits: list[tuple[float, int]] = [(0.0, POSITION_UNITS_MAX)]  # since when so many units
        self._units: dict[str, int] = {}  # by the text of limits
        self._proved: set[tuple[str, int]] = set()

    async def cancel_old_ones(self) -> None:
        """Somebody who asks now and then for the end of an order that rests for a while."""
        while True:
            await asyncio.sleep(self._rng.uniform(0.2, 1.2) * (5 if self._town.story.heaps else 1))
            desk = self._town.desk.desk
            if desk is None or not self._town.up:
                continue
            old_ns = self._town.clock.wall_ns() - round(self._rng.uniform(0.0, 3.0) * NS_PER_S)
            old = [
                client_order_id
                for client_order_id, entry in desk.durable.working.items()
                if entry.order.created_ns < old_ns
                and not entry.cancel_ns
                and not (entry.state is OrderState.UNKNOWN and entry.order.valid_until_ns)
            ]
            if old:
                self._town.counts["cancels asked"] += 1
                asked = CancelRequested(self._rng.choice(old), None, "a dealer", self._town.clock.wall_ns())
                self.in_desk(self._town.desk.push, asked)

    def units_max(self) -> int:
        """The largest position that was allowed lately: what was let pass before may be on its way."""
        now_s, found = self._town.loop.time(), 0
        for since_s, units in reversed(self._limits):
            found = max(found, units)
            if since_s < now_s - UNDER_WAY_S:
                break
        return found

    def kill(self, move: KillMove) -> None:
        """By a file, or by the desk's socket; who finds no desk there writes a file."""
        assert self._town.kills is not None
        market = self._rng.choice(self._town.story.markets)
        names = {
            ScopeKind.ALL: "",
            ScopeKind.VENUE: market.partition(".")[0],
            ScopeKind.ACCOUNT: market,
            ScopeKind.STRATEGY: NAME,
        }
        scope, switch = KillScope(move.kind, names[move.kind]), self._town.desk.switch
        self._town.counts["kills"] += 1
        if move.by_file or switch is None or not self._town.up:
            self._town.kills.request(scope, move.state)
        else:
            self.in_desk(switch.kill, scope, move.state, "people", "a story")

    def lift(self) -> None:
        """Somebody has looked, and lifts all that stands; without its code nothing is lifted."""
        switch = self._town.desk.switch
        if switch is not None and self._town.up and switch.image.switches:
            self._town.counts["resets"] += 1
            self._town.process.spawn(self._reset(switch))

    async def _reset(self, switch: KillSwitch) -> None:
        code = switch.code(None, KillState.RUNNING)
        try:
            await switch.reset(None, KillState.RUNNING, WRONG_CODE, "nobody", "a guess")
        except ConfigError:
            pass
        else:
            self._town.fail("KILL: lifted without its code")
        with contextlib.suppress(ConfigError):  # a kill came meanwhile
            await switch.reset(None, KillState.RUNNING, code, "people", "looked at")

    def in_desk(self, function: Callable[..., object], *arguments: object) -> None:
        """The desk's process does it when its turn comes."""
        self._town.loop.call_soon(function, *arguments, context=self._town.process.context())

    def set_limits(self, wanted: NewLimits) -> None:
        desk = self._town.desk.desk
        if desk is None or not self._town.up:
            return
        self._town.counts["limits set"] += 1
        version = 2 if desk.durable.limits is None else desk.durable.limits.version + 1
        text = limits_text(version, list(desk.instruments.values()), wanted.units)
        self._units[text] = wanted.units
        self.in_desk(self._put, LimitsRequested(text, "people", self._town.clock.wall_ns()))

    def _put(self, event: LimitsRequested) -> None:
        desk = self._town.desk
        desk.push(event)
        if desk.desk is not None:
            self.stands(desk.desk.durable)

    def stands(self, durable: DurableState) -> None:
        """The limits that a desk goes by from now on."""
        text = "" if durable.limits is None else durable.limits.text
        self._limits.append((self._town.loop.time(), self._units.get(text, POSITION_UNITS_MAX)))

    async def watch_cancels(self) -> None:
        """When the switch says that an account is empty, it is."""
        while self._town.kills is not None:
            await asyncio.sleep(0.05)
            switch = self._town.desk.switch
            if switch is None or not self._town.up:
                continue
            standing = {move.scope.text: move.after for move in switch.image.switches}
            for scope, rows in switch.progress().items():
                if standing.get(scope) is not KillState.KILLED or scope.startswith("strategy"):
                    continue
                for row in rows:
                    if row.proved_ns and (scope + row.market, row.proved_ns) not in self._proved:
                        self._proved.add((scope + row.market, row.proved_ns))
                        self._check_empty(row.market)

    def _check_empty(self, market: MarketName) -> None:
        self._town.counts["accounts proved empty"] += 1
        exchange = self._town.simulator.exchanges[market.partition(".")[0]]
        left = [each.client_id for each in exchange.open_orders(DEMO_ACCOUNT_ID, market)]
        if left:
            self._town.fail(f"KILL: {market} was proved empty, and has {left}")
