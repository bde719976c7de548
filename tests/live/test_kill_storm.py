"""A kill in a storm of orders, on the simulators' wire: nothing leaves after it, and all is cancelled.

What counts are identities, not times: every order that the venue has ever seen was given to the executor
before the kill; every one after it ended here; at the end the venue has nothing open of the killed scope.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.kill_storm import BrokenDisk, storm_at
from trimaran.domain.decision import KillState
from trimaran.domain.kill import ALL, KillScope
from trimaran.live.executor import KILLED as LOCAL_KILLED
from trimaran.live.kill_files import KillRequest

BEFORE, AFTER = 150, 100


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
