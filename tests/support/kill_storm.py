"""A storm of orders of several strategies at a simulated venue, behind everything that may stop it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tests.support.trading_desk import QUICK, Desk, desk_in
from tests.support.trading_room import room_of
from trimaran.domain.account import OrderRejected
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.commands import SendOrder
from trimaran.domain.decision import Approved, KillState
from trimaran.domain.events import KillRequested
from trimaran.domain.instrument import MarketName, Side
from trimaran.domain.kill import ALL, KillScope, ScopeKind
from trimaran.domain.orders import StrategyName
from trimaran.domain.ports import Clock
from trimaran.domain.records import Durability
from trimaran.live.executor import Executor
from trimaran.live.kill_cancels import KillCancels
from trimaran.live.kill_files import KillFiles
from trimaran.live.kill_switch import Kill, KillSwitch
from trimaran.live.knight import Knight
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.asks import OrderRef
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.governor import Governor
from trimaran.venues.wire.patience import Patience

STRATEGIES = tuple(StrategyName(name) for name in ("arb", "maker", "taker", "hedge"))
PAUSE_S = 0.002  # five hundred a second


class BrokenDisk:
    """Where nothing can be written."""

    async def run(self, work: Callable[[], None], /) -> None:
        raise OSError(5, "Input/output error")


class Storm:
    """One account behind executor, Knight counters and kill switch, and strategies that never rest."""

    def __init__(self, desk: Desk, folder: Path, aside: Any = None, clock: Clock | None = None) -> None:
        self.desk = desk
        self.market = desk.room.market
        self.visibility_lag_ns = desk.client.visibility_lag_ns
        self.ended: dict[ClientOrderId, str] = {}
        self.given: dict[ClientOrderId, StrategyName] = {}
        self.texts: dict[str, ClientOrderId] = {}  # as venues spell them
        self.events: list[KillRequested] = []
        self.clock = clock = clock or SystemClock()
        self.files = KillFiles(folder)
        self.switch = KillSwitch(self.files, clock, lambda *_: None, aside=aside)
        self.knight = Knight(clock, self.breach)
        self.executor = Executor(self.switch, self.knight, clock, self.push, lambda *_: None)
        self.executor.add(self.market, desk.client)
        self.switch.attach(self.events.append, KillCancels([self], self.open_orders, clock, lambda *_: None))

    def breach(self, why: str) -> None:
        self.switch.kill(ALL, KillState.KILLED, "the Knight check", why)

    def push(self, event: Any) -> None:
        if isinstance(event, OrderRejected):
            self.ended[event.client_order_id] = event.code

    # the account, as the kill switch sees it

    def on_the_way(self) -> int:
        return sum(each.venue_order_id is None for each in self.desk.client.fold.open_orders())

    async def end_all(self) -> int:
        return len(await self.desk.client.cancel_all_fast(self.desk.room.symbol))

    async def end(self, refs: Sequence[OrderRef]) -> None:
        late = [ref for ref in refs if not self.desk.client.cancel_now(ref)]
        await asyncio.gather(*(self.desk.client.cancel(ref) for ref in late))

    def open_orders(self, market: MarketName, scope: KillScope, spare: bool) -> list[OrderRef]:
        client = self.desk.client
        return [
            client.ref_of(each.client_order_id, each.instrument_key)
            for each in client.fold.open_orders()
            if scope.kind is not ScopeKind.STRATEGY or self.given[each.client_order_id] == scope.name
        ]

    # the storm

    def one(self, number: int) -> ClientOrderId:
        """A strategy's order, all the way to the executor."""
        side = Side.BUY if number % 2 else Side.SELL
        price = self.desk.room.best(side) * (1 - side.sign * Decimal(1 + number % 7) / 1_000)
        drafted = self.desk.order(side, price).order
        order = msgspec.structs.replace(drafted, strategy=STRATEGIES[number % len(STRATEGIES)])
        approved = Approved(order)
        self.desk.lives.send(approved)
        self.knight.on_intent(order.client_order_id)
        self.knight.on_checked(order.client_order_id)
        self.given[order.client_order_id] = order.strategy
        self.texts |= dict.fromkeys(self.desk.lives.texts(approved), order.client_order_id)
        self.executor.carry_out(SendOrder(approved, Durability.FAST), self.clock.wall_ns())
        return order.client_order_id

    async def many(self, count: int) -> list[ClientOrderId]:
        given = []
        for number in itertools.islice(itertools.count(len(self.given)), count):
            given.append(self.one(number))
            await asyncio.sleep(PAUSE_S)
        return given

    def at_the_venue(self) -> set[ClientOrderId]:
        """Every order that the venue has seen."""
        return {self.texts[each.client_id] for each in self.desk.sim_orders()}

    async def over(self, kill: Kill) -> None:
        await self.desk.until(lambda: kill.job is not None and kill.job.over, 20.0)
        assert kill.job is not None
        assert all(row.proved_ns for row in kill.job.rows.values()), kill.job.rows


@contextlib.asynccontextmanager
async def storm_at(
    market: str, folder: Path, aside: Any = None, limits: bool = False, clock: Clock | None = None
) -> AsyncIterator[Storm]:
    """With `limits`, orders wait in the account for room in the venue's budgets, as in production."""
    options = msgspec.structs.replace(QUICK, order=Patience(3.0, 0.4)) if limits else QUICK
    async with room_of(MARKETS[MarketName(market)]) as room, desk_in(room, options) as desk:
        if not limits:
            spec = room.entry.private.spec
            wide = [msgspec.structs.replace(each, units=each.units * 10_000) for each in spec.limits]
            desk.client.asker._gate.governor = Governor(wide)
        storm = Storm(desk, folder, aside, clock)
        try:
            yield storm
        finally:
            await storm.executor.stop()
            await storm.switch.stop()
