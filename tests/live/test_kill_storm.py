"""A kill in a storm of orders, on the simulators' wire: nothing leaves after it, and all is cancelled.

What counts are identities, not times: every order that the venue has ever seen was given to the executor
before the kill; every one after it ended here; at the end the venue has nothing open of the killed scope.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

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
from trimaran.domain.records import Durability
from trimaran.live.executor import KILLED as LOCAL_KILLED
from trimaran.live.executor import Executor
from trimaran.live.kill_cancels import KillCancels
from trimaran.live.kill_files import KillFiles, KillRequest
from trimaran.live.kill_switch import Kill, KillSwitch
from trimaran.live.knight import Knight
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.asks import OrderRef
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.governor import Governor
from trimaran.venues.wire.patience import Patience

STRATEGIES = tuple(StrategyName(name) for name in ("arb", "maker", "taker", "hedge"))
PAUSE_S = 0.002  # five hundred a second
BEFORE, AFTER = 150, 100


class BrokenDisk:
    """Where nothing can be written."""

    async def run(self, work: Callable[[], None], /) -> None:
        raise OSError(5, "Input/output error")


class Storm:
    """One account behind executor, Knight counters and kill switch, and strategies that never rest."""

    def __init__(self, desk: Desk, folder: Path, aside: Any = None) -> None:
        self.desk = desk
        self.market = desk.room.market
        self.visibility_lag_ns = desk.client.visibility_lag_ns
        self.ended: dict[ClientOrderId, str] = {}
        self.given: dict[ClientOrderId, StrategyName] = {}
        self.texts: dict[str, ClientOrderId] = {}  # as venues spell them
        self.events: list[KillRequested] = []
        clock = SystemClock()
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
        self.executor.carry_out(SendOrder(approved, Durability.FAST), time.time_ns())
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
    market: str, folder: Path, aside: Any = None, limits: bool = False
) -> AsyncIterator[Storm]:
    """With `limits`, orders wait in the account for room in the venue's budgets, as in production."""
    options = msgspec.structs.replace(QUICK, order=Patience(3.0, 0.4)) if limits else QUICK
    async with room_of(MARKETS[MarketName(market)]) as room, desk_in(room, options) as desk:
        if not limits:
            spec = room.entry.private.spec
            wide = [msgspec.structs.replace(each, units=each.units * 10_000) for each in spec.limits]
            desk.client.asker._gate.governor = Governor(wide)
        storm = Storm(desk, folder, aside)
        try:
            yield storm
        finally:
            await storm.executor.stop()
            await storm.switch.stop()


@pytest.mark.parametrize("market", ["binance.spot", "binance.usdm", "okx.swap", "htx.spot", "htx.swap"])
async def test_no_order_leaves_after_the_kill_and_everything_is_cancelled(
    market: str, tmp_path: Path
) -> None:
    async with storm_at(market, tmp_path) as storm:
        before = await storm.many(BEFORE)
        kill = storm.switch.kill(ALL, KillState.KILLED, "anna", "in the storm")
        sent = storm.executor.sent
        after = await storm.many(AFTER)
        await storm.over(kill)
        assert storm.executor.sent == sent == BEFORE
        assert storm.at_the_venue() == set(before)
        await storm.desk.until(lambda: set(after) <= set(storm.ended))
        assert {storm.ended[each] for each in after} == {LOCAL_KILLED}
        assert not storm.desk.sim_open()
        assert storm.knight.figures.sent == BEFORE
        assert storm.knight.figures.dropped == AFTER
        assert storm.knight.figures.breaches == 0
        assert [event.scope for event in storm.events] == [ALL]


@pytest.mark.parametrize("market", ["okx.swap"])
async def test_orders_that_wait_for_room_in_the_limits_do_not_leave_either(
    market: str, tmp_path: Path
) -> None:
    async with storm_at(market, tmp_path, limits=True) as storm:
        before = await storm.many(BEFORE)
        allowed: list[str] = []
        look = storm.desk.client.asker.still
        assert look is not None
        storm.desk.client.asker.still = lambda approved: [allowed.append(look(approved)), allowed[-1]][1]
        kill = storm.switch.kill(ALL, KillState.KILLED, "anna", "in the storm")
        after = await storm.many(AFTER)
        await storm.desk.until(lambda: set(after) <= set(storm.ended))
        await storm.over(kill)
        await storm.desk.until(lambda: storm.on_the_way() == 0)
        assert set(allowed) == {LOCAL_KILLED}  # some had waited, and none of them was let go
        assert storm.at_the_venue() < set(before)
        assert not storm.desk.sim_open()


async def test_a_strategy_alone_is_stopped_and_the_others_go_on(tmp_path: Path) -> None:
    async with storm_at("binance.usdm", tmp_path) as storm:
        await storm.many(BEFORE)
        kill = storm.switch.kill(KillScope.parse("strategy:maker"), KillState.KILLED, "anna", "one of four")
        after = await storm.many(AFTER)
        await storm.over(kill)
        passed = {each for each in after if storm.given[each] != "maker"}
        await storm.desk.until(lambda: passed <= storm.at_the_venue())
        assert storm.at_the_venue() & set(after) == passed
        names = {storm.given[storm.texts[each.client_id]] for each in storm.desk.sim_open()}
        assert names == {"arb", "taker", "hedge"}


async def test_a_request_file_in_the_storm_with_a_disk_that_fails(tmp_path: Path) -> None:
    async with storm_at("okx.swap", tmp_path, BrokenDisk()) as storm:
        await storm.many(BEFORE)
        storm.files.drop("now", KillRequest(actor="anna", reason="the disk is going"))
        await asyncio.sleep(0.03)  # the last look may be as old as that
        after = await storm.many(AFTER)  # nobody polls: the last point looks
        (move,) = storm.switch.image.switches
        assert (move.scope, move.actor) == (ALL, "anna")
        assert not storm.at_the_venue() & set(after)
        await storm.desk.until(lambda: not storm.desk.sim_open(), 20.0)
        assert storm.executor.dropped == AFTER


async def test_an_executor_that_sends_twice_in_the_storm_kills_itself(tmp_path: Path) -> None:
    async with storm_at("binance.usdm", tmp_path) as storm:
        await storm.many(50)
        carry_out = storm.executor.carry_out
        storm.executor.carry_out = lambda command, now: [carry_out(command, now) for _ in range(2)]
        (twice,) = await storm.many(1)
        storm.executor.carry_out = carry_out
        after = await storm.many(20)
        (move,) = storm.switch.image.switches
        assert (move.scope, move.actor) == (ALL, "the Knight check")
        assert "sent 51" in move.reason
        await storm.desk.until(lambda: not storm.desk.sim_open(), 20.0)
        assert twice in storm.at_the_venue()
        assert not storm.at_the_venue() & set(after)
