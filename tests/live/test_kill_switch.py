"""A kill takes effect in its order, whatever else fails; it stands after a restart; a reset is confirmed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.kill_room import ARB, MAKER, SPOT, SWAP, USDM, Room, kill_room
from trimaran.base.errors import ConfigError, JournalError
from trimaran.domain.decision import KillState
from trimaran.domain.events import KillRequested
from trimaran.domain.kill import ALL, KillScope
from trimaran.live.disk_thread import DiskThread

OKX, ACCOUNT, STRATEGY = (KillScope.parse(text) for text in ("venue:okx", "account:okx.swap", "strategy:arb"))
ACCOUNT_SPOT = KillScope.parse("account:okx.spot")
KILLED, REDUCE, RUNNING = KillState.KILLED, KillState.REDUCE_ONLY, KillState.RUNNING


class NoDisk:
    """A disk that refuses everything until it is mended."""

    def __init__(self) -> None:
        self.mended = False
        self.refused = 0

    async def run(self, work: Callable[[], None], /) -> None:
        if not self.mended:
            self.refused += 1
            raise OSError(28, "No space left on device")
        work()


class HungDisk:
    """A disk that never answers."""

    async def run(self, work: Callable[[], None], /) -> None:
        await asyncio.Event().wait()


async def test_flag_then_cancels_then_file_then_event(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        room.account(SPOT).open = {1: (ARB, False)}
        real = room.files.save
        room.files.save = lambda image: (room.log.append("file"), real(image))[1]
        assert not room.stops()
        kill = room.switch.kill(ALL, KILLED, "anna", "drill")
        assert room.stops()  # before anything else has had a turn
        assert room.log == []
        await room.until(lambda: room.events)
        first = room.log.index
        assert first("end_all okx.spot") < first("event all KILLED")
        assert first("file") < first("event all KILLED")
        assert kill.job is not None
        await room.until(lambda: kill.job.over)
        assert all(row.proved_ns for row in kill.job.rows.values())
        assert not room.account(SPOT).open
        (event,) = room.events
        assert (event.actor, event.reason, event.state) == ("anna", "drill", KILLED)


@pytest.mark.parametrize("disk", [NoDisk, HungDisk])
async def test_neither_a_full_nor_a_hung_disk_keeps_a_kill_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: type
) -> None:
    monkeypatch.setattr("trimaran.live.kill_switch.FILE_S_MAX", 0.05)
    async with kill_room(tmp_path, aside=disk()) as room:
        room.account(SPOT).open = {1: (ARB, False)}
        kill = room.switch.kill(ALL, KILLED, "anna", "drill")
        assert room.stops()
        await room.until(lambda: room.events)
        await room.until(lambda: kill.job and kill.job.over)
        assert not room.account(SPOT).open
        assert any("the kill stands in memory" in text for text in room.told)
        assert not await room.switch.kept(kill)


async def test_a_file_that_failed_is_written_when_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimaran.live.kill_keeper.RETRY_S", 0.005)
    disk = NoDisk()
    async with kill_room(tmp_path, aside=disk) as room:
        kill = room.switch.kill(OKX, KILLED, "anna", "drill")
        await room.until(lambda: disk.refused > 2)
        disk.mended = True
        assert await room.switch.kept(kill)
        assert sum("cannot be written" in text for text in room.told) == 1
    async with kill_room(tmp_path) as again:
        assert again.stops()


async def test_an_engine_whose_journal_is_broken_changes_nothing(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:

        def engine(event: KillRequested) -> None:
            raise JournalError("the disk is gone")

        room.switch._engine = engine
        kill = room.switch.kill(ALL, KILLED, "anna", "drill")
        await room.until(lambda: any("the disk is gone" in text for text in room.told))
        await room.until(lambda: kill.job and kill.job.over)
        assert room.stops()
    async with kill_room(tmp_path) as again:
        assert again.stops(USDM, MAKER)


async def test_a_restart_keeps_it_cancels_again_and_tells_the_engine(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        room.switch.kill(OKX, KILLED, "anna", "drill")
        room.switch.kill(STRATEGY, REDUCE, "ben", "slow")
    again = Room(tmp_path)
    again.account(SWAP).open = {1: (MAKER, False)}
    again.account(USDM).open = {2: (ARB, False), 3: (ARB, True), 4: (MAKER, False)}
    again.open(existed=True)
    assert [again.stops(SPOT, MAKER), again.stops(USDM, ARB), again.stops(USDM, MAKER)] == [True, True, False]
    assert not again.stops(USDM, ARB, reduces=True)
    again.switch.agree({OKX: KILLED})
    assert [(event.scope, event.state) for event in again.events] == [(STRATEGY, REDUCE)]
    await again.until(lambda: not again.account(SWAP).open and 2 not in again.account(USDM).open)
    assert set(again.account(USDM).open) == {3, 4}
    await again.switch.stop()


async def test_what_only_the_journal_knows_counts_here_too(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        room.switch.agree({OKX: KILLED})
        assert room.stops()
        await room.until(lambda: room.events)
    async with kill_room(tmp_path) as again:
        assert again.stops()


async def test_scopes_cancel_their_own(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        for account in room.accounts:
            account.open = {1: (ARB, False), 2: (MAKER, False), 3: (ARB, True)}
        kill = room.switch.kill(STRATEGY, KILLED, "anna", "one strategy")
        await room.until(lambda: kill.job and kill.job.over)
        assert [set(account.open) for account in room.accounts] == [{2}, {2}, {2}]
        assert not any(line.startswith("end_all") for line in room.log)
        kill = room.switch.kill(ACCOUNT, KILLED, "anna", "one account")
        await room.until(lambda: kill.job and kill.job.over)
        assert [set(account.open) for account in room.accounts] == [{2}, set(), {2}]
        assert [room.stops(SPOT, MAKER), room.stops(SWAP, MAKER), room.stops(USDM, ARB)] == [
            False,
            True,
            True,
        ]
        kill = room.switch.kill(OKX, REDUCE, "anna", "one venue")
        await room.until(lambda: kill.job and kill.job.over)
        assert [set(account.open) for account in room.accounts] == [set(), set(), {2}]


async def test_orders_on_their_way_are_waited_for_and_failures_tried_again(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        spot, swap = room.account(SPOT), room.account(SWAP)
        spot.open, spot.late = {1: (ARB, False)}, {2: (ARB, False)}
        swap.failures, swap.open = 3, {1: (ARB, False)}
        kill = room.switch.kill(OKX, KILLED, "anna", "drill")
        await room.until(lambda: kill.job and kill.job.over)
        assert not spot.open
        assert not swap.open
        assert room.log.count("end_all okx.spot") >= 2
        assert room.log.count("end_all okx.swap") == 4


async def test_what_the_venue_shows_late_is_no_proof(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        spot = room.account(SPOT)
        spot.visibility_lag_ns, spot.hidden = 1_000_000_000, {1: (ARB, False)}
        kill = room.switch.kill(ACCOUNT_SPOT, KILLED, "anna", "drill")
        await room.until(lambda: room.log.count("end_all okx.spot") == 1)
        room.clock.pass_ms(900)  # nothing was seen, and that says nothing yet
        await asyncio.sleep(0.02)
        assert not kill.job.over
        spot.open, spot.hidden = spot.hidden, {}
        room.clock.pass_ms(101)
        await room.until(lambda: kill.job.over)
        assert not spot.open
        assert kill.job.rows[SPOT].proved_ns


async def test_what_cannot_be_proved_is_told_and_given_up(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        stuck = room.account(SPOT)
        stuck.stubborn, stuck.open = True, {1: (ARB, False)}
        kill = room.switch.kill(ALL, KILLED, "anna", "drill")
        await room.until(lambda: room.log.count("end_all okx.spot") > 1)
        room.clock.pass_ms(61_000)
        await room.until(lambda: kill.job and kill.job.over)
        assert kill.job is not None
        row = kill.job.rows[SPOT]
        assert (row.left, row.proved_ns) == (1, 0)
        assert any("not proved" in text and text.startswith("okx.spot") for text in room.told)
        assert room.stops()


async def test_a_reset_needs_the_code_of_what_stands(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        room.switch.kill(OKX, KILLED, "anna", "drill")
        old = room.switch.code(None, RUNNING)
        room.switch.kill(OKX, KILLED, "ben", "once more")
        for code in (old, "", "ABCDEF"):
            with pytest.raises(ConfigError, match="confirm"):
                await room.switch.reset(None, RUNNING, code, "anna", "looked")
        code = room.switch.code(None, RUNNING)
        room.clock.pass_ms(121_000)
        with pytest.raises(ConfigError, match="confirm"):
            await room.switch.reset(None, RUNNING, code, "anna", "looked")
        assert room.stops()
        await room.switch.reset(None, RUNNING, room.switch.code(None, RUNNING), "anna", "looked")
        assert not room.stops()
        assert room.events[-1].state is RUNNING
        last = room.switch.image.history[-1]
        assert (last.actor, last.before, last.after) == ("anna", KILLED, RUNNING)
        with pytest.raises(ConfigError, match="found none"):
            await room.switch.reset(None, RUNNING, room.switch.code(None, RUNNING), "anna", "again")
    async with kill_room(tmp_path) as again:
        assert not again.stops()


async def test_the_engine_hears_of_a_kill_before_its_end(tmp_path: Path) -> None:
    """The event of a kill waits for its file; a reset that is as quick must not overtake it."""
    async with kill_room(tmp_path) as room:
        room.switch.kill(OKX, REDUCE, "anna", "drill")
        room.switch.kill(OKX, KILLED, "anna", "a drill")
        await room.switch.reset(None, RUNNING, room.switch.code(None, RUNNING), "anna", "looked")
        await asyncio.sleep(0.02)
        assert [(event.scope, event.state) for event in room.events] == [
            (OKX, REDUCE),
            (OKX, KILLED),
            (OKX, RUNNING),
        ]


async def test_a_kill_beats_a_reset_that_is_being_written(tmp_path: Path) -> None:
    gate, began = asyncio.Event(), asyncio.Event()

    class SlowDisk:
        slow = False

        async def run(self, work: Callable[[], None], /) -> None:
            work()
            if self.slow:
                began.set()
                await gate.wait()

    disk = SlowDisk()
    async with kill_room(tmp_path, aside=disk) as room:
        kill = room.switch.kill(OKX, KILLED, "anna", "drill")
        await room.switch.kept(kill)
        disk.slow = True
        reset = asyncio.create_task(
            room.switch.reset(None, RUNNING, room.switch.code(None, RUNNING), "anna", "looked")
        )
        await began.wait()
        room.switch.kill(STRATEGY, KILLED, "ben", "no")
        disk.slow = False
        gate.set()
        with pytest.raises(ConfigError, match="meanwhile"):
            await reset
        assert room.stops(SPOT, MAKER)
    async with kill_room(tmp_path) as again:
        assert again.stops(SPOT, MAKER)
        assert again.stops(USDM, ARB)


async def test_a_reset_that_cannot_be_written_lifts_nothing(tmp_path: Path) -> None:
    disk = NoDisk()
    disk.mended = True
    async with kill_room(tmp_path, aside=disk) as room:
        await room.switch.kept(room.switch.kill(OKX, KILLED, "anna", "drill"))
        disk.mended = False
        with pytest.raises(OSError, match="space"):
            await room.switch.reset(None, RUNNING, room.switch.code(None, RUNNING), "anna", "looked")
        assert room.stops()


async def test_a_reset_ends_the_cancels_of_its_switch(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        room.account(SPOT).stubborn, room.account(SPOT).open = True, {1: (ARB, False)}
        kill = room.switch.kill(OKX, KILLED, "anna", "drill")
        await room.until(lambda: "end_all okx.spot" in room.log)
        await room.switch.reset(OKX, RUNNING, room.switch.code(OKX, RUNNING), "anna", "looked")
        await room.until(lambda: kill.job and kill.job.over)
        rounds = room.log.count("end_all okx.spot")
        await asyncio.sleep(0.1)
        assert room.log.count("end_all okx.spot") == rounds


async def test_concurrent_kills_all_stand(tmp_path: Path) -> None:
    async with kill_room(tmp_path, aside=DiskThread("kill-file")) as room:
        scopes = [OKX, STRATEGY, ACCOUNT, ALL, KillScope.parse("venue:binance")]
        order = [scope for scope in scopes for _ in range(20)]
        random.Random(3).shuffle(order)

        async def one(scope: KillScope, number: int) -> None:
            await asyncio.sleep(number % 5 / 1_000)
            room.switch.kill(scope, KILLED if number % 2 else REDUCE, f"person{number}", "at once")

        await asyncio.gather(*(one(scope, number) for number, scope in enumerate(order)))
        assert {move.scope for move in room.switch.image.switches} == set(scopes)
        assert room.switch.image.serial == len(order)
    async with kill_room(tmp_path) as again:
        assert again.switch.image == room.switch.image
        assert len(again.switch.image.history) == 64


async def test_a_kill_never_makes_less_strict(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        room.switch.kill(ALL, KILLED, "anna", "drill")
        room.switch.kill(ALL, REDUCE, "ben", "softer")
        assert room.stops(reduces=True)
        with pytest.raises(ConfigError, match="RUNNING"):
            room.switch.kill(OKX, RUNNING, "ben", "softer")


async def test_a_hold_lets_only_reducing_orders_leave(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        assert not room.stops(SWAP)
        room.switch.hold(SWAP, "the dead-man switch is not armed")
        assert [room.stops(SWAP), room.stops(SWAP, reduces=True), room.stops(SPOT)] == [True, False, False]
        room.switch.release(SWAP)
        assert not room.stops(SWAP)
        assert sum("held" in text for text in room.told) == 2
