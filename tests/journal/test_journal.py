"""The journal over a disk in memory: what is acknowledged when, who shares a sync, and how it ends."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

import pytest

from tests.support.journal_disk import MemoryDisk
from tests.support.journal_records import opened
from tests.support.journal_room import Died, JournalRoom
from trimaran.base.errors import JournalError
from trimaran.domain.records import Durability
from trimaran.journal.journal import JournalFull
from trimaran.journal.settings import JournalOptions

DURABLE, FAST = Durability.DURABLE, Durability.FAST
SMALL = JournalOptions(segment_bytes=600, fast_sync_ms=1, space_retry_ms=1)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what a timer of the journal brings."""
    for _ in range(5_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("nothing came")


def survivors(disk: MemoryDisk) -> list[int]:
    """The records that a start-up would find."""
    return JournalRoom(disk).replayed


async def test_nothing_is_written_before_a_commit() -> None:
    room = JournalRoom()
    room.append()
    assert survivors(room.disk.copy()) == []


async def test_fast_is_acknowledged_once_written() -> None:
    room = JournalRoom()
    room.write(FAST)
    assert room.acked == [1]
    assert survivors(room.disk.copy()) == [1]
    assert survivors(room.disk.copy(power_cut=True)) == []


async def test_none_is_as_fast() -> None:
    room = JournalRoom()
    room.write(None)
    assert room.acked == [1]


async def test_fast_is_synced_soon() -> None:
    room = JournalRoom(options=SMALL)
    room.write(FAST)
    assert not room.syncs.jobs
    await until(lambda: bool(room.syncs.jobs))
    room.syncs.finish()
    assert survivors(room.disk.copy(power_cut=True)) == [1]
    assert room.journal.synced_sequence == 1


async def test_durable_is_acknowledged_once_synced_and_told() -> None:
    room = JournalRoom()
    room.write(DURABLE)
    assert room.acked == []
    room.syncs.work()
    assert room.acked == []
    room.syncs.tell()
    assert room.acked == [1]
    assert survivors(room.disk.copy(power_cut=True)) == [1]


async def test_commits_during_a_sync_share_the_next_one_in_their_order() -> None:
    room = JournalRoom()
    room.write(DURABLE)
    room.syncs.work()
    for _ in range(5):
        room.write(DURABLE)
    assert len(room.syncs.jobs) == 0
    room.syncs.tell()
    assert room.acked == [1]
    assert len(room.syncs.jobs) == 1
    room.syncs.finish()
    assert room.acked == [1, 2, 3, 4, 5, 6]
    assert room.disk.log.count("sync") == 2


async def test_one_commit_is_one_write() -> None:
    room = JournalRoom()
    room.append(50)
    room.commit(DURABLE)
    assert room.disk.log == ["write"]


async def test_a_durable_commit_of_nothing_waits_for_what_is_written() -> None:
    room = JournalRoom()
    room.write(FAST)
    room.commit(DURABLE)
    assert room.acked == [1]
    room.syncs.finish()
    assert room.acked == [1, 1]


async def test_a_callback_may_commit_again() -> None:
    room = JournalRoom()
    room.append()
    room.journal.commit(DURABLE, lambda: room.write(DURABLE))
    room.syncs.finish()
    assert room.acked == [2]


async def test_a_callback_that_raises_keeps_nobody_waiting() -> None:
    room = JournalRoom()
    room.append()
    room.journal.commit(DURABLE, lambda: room.acked.remove(99))
    room.write(DURABLE)
    room.syncs.work()
    with pytest.raises(ValueError):
        room.syncs.tell()
    room.syncs.finish()
    assert room.acked == [2]


async def test_settle_syncs_before_anything_runs() -> None:
    room = JournalRoom()
    room.journal.append(opened(1))
    room.journal.settle()
    assert survivors(room.disk.copy(power_cut=True)) == []
    assert JournalRoom(room.disk.copy(power_cut=True)).opened.record_count == 1


@pytest.mark.parametrize("durability", [DURABLE, FAST])
async def test_after_a_failed_sync_nothing_is_acknowledged(durability: Durability) -> None:
    room = JournalRoom(options=SMALL)
    room.write(durability)
    acked = list(room.acked)
    room.disk.broken["sync"] = errno.EIO
    await until(lambda: bool(room.syncs.jobs))
    room.syncs.work()
    room.disk.broken.clear()
    with pytest.raises(Died, match="Input/output error"):
        room.syncs.tell()
    room.append()
    for again in (DURABLE, FAST, None):
        with pytest.raises(JournalError, match="Input/output error"):
            room.commit(again)
    assert room.acked == acked
    assert not room.syncs.jobs
    assert not room.journal.takes_risk
    room.journal.close()
    assert room.acked == acked


@pytest.mark.parametrize("durability", [DURABLE, FAST, None])
async def test_a_failed_sync_ends_the_process_before_the_loop_is_told_of_it(
    durability: Durability | None,
) -> None:
    room = JournalRoom(options=SMALL)
    room.write(DURABLE)
    room.disk.broken["sync"] = errno.EIO
    room.syncs.work()
    room.disk.broken.clear()
    room.append()
    with pytest.raises(Died, match="sync: "):
        room.commit(durability)
    assert room.acked == []


async def test_close_tells_of_a_failed_sync_of_nothing_new() -> None:
    room = JournalRoom(options=SMALL)
    room.write(DURABLE)
    room.syncs.finish()
    room.disk.broken["sync"] = errno.EIO
    room.journal.commit(DURABLE)
    room.syncs.work()
    room.disk.broken.clear()
    with pytest.raises(Died, match="sync: "):
        room.journal.close()


async def test_close_does_not_sync_again_what_has_failed() -> None:
    room = JournalRoom()
    room.write(DURABLE)
    room.disk.broken["sync"] = errno.EIO
    room.syncs.work()
    room.disk.broken.clear()
    with pytest.raises(Died, match="sync"):
        room.journal.close()
    assert room.acked == []


async def test_a_failed_write_ends_the_process_before_any_acknowledgement() -> None:
    room = JournalRoom()
    room.append()
    room.disk.broken["write"] = errno.EIO
    with pytest.raises(Died, match="write"):
        room.commit(FAST)
    assert room.acked == []


async def test_close_syncs_and_acknowledges_what_waits() -> None:
    room = JournalRoom()
    room.write(DURABLE)
    room.write(FAST)
    room.journal.close()
    assert room.acked == [2, 1]
    assert survivors(room.disk.copy(power_cut=True)) == [1, 2]


async def test_segments_follow_each_other() -> None:
    room = JournalRoom(options=SMALL)
    for _ in range(40):
        room.write(DURABLE)
        room.syncs.finish()
        room.chores.finish()
    assert len(room.disk.names()) > 3
    assert survivors(room.disk.copy(power_cut=True)) == list(range(1, 41))
    written = [name for name, file in room.disk.files.items() if file.is_open]
    assert len(written) == 2, "the present one and the spare one"


async def test_a_group_goes_over_the_end_of_a_segment() -> None:
    room = JournalRoom(options=SMALL)
    room.commit(None)
    room.chores.finish()
    room.append(6, filling=20)
    room.commit(DURABLE)
    room.syncs.finish()
    assert room.acked == [0, 6]
    assert survivors(room.disk.copy(power_cut=True)) == [1, 2, 3, 4, 5, 6]


async def test_a_record_larger_than_a_segment_is_refused_and_nothing_is_appended() -> None:
    room = JournalRoom(options=SMALL)
    with pytest.raises(JournalError, match="expected at most"):
        room.append(1, filling=600)
    assert room.journal.sequence == 0


async def test_a_full_disk_refuses_risk_keeps_facts_and_heals() -> None:
    room = JournalRoom(options=SMALL)
    assert room.journal.takes_risk
    room.disk.broken["open"] = errno.ENOSPC
    room.write(FAST)
    room.chores.finish()
    assert not room.journal.takes_risk
    assert [takes for takes, _ in room.risk] == [False]
    assert "No space left" in room.risk[0][1]
    room.write(FAST)
    assert room.acked == [1, 2]
    await until(lambda: bool(room.chores.jobs))
    room.chores.finish()
    assert len(room.risk) == 1, "told once"
    room.disk.broken.clear()
    await until(lambda: bool(room.chores.jobs))
    room.chores.finish()
    assert room.journal.takes_risk
    assert [takes for takes, _ in room.risk] == [False, True]


async def test_the_reserve_is_the_rest_and_one_segment_and_then_the_process_ends() -> None:
    room = JournalRoom(options=SMALL)
    room.commit(None)
    room.chores.finish()
    room.disk.broken["open"] = errno.ENOSPC

    def fill() -> None:
        while True:
            room.write(FAST)
            room.chores.finish()

    with pytest.raises(Died, match=r"expected a segment to go on with, found none: .*No space left"):
        fill()
    assert len(room.disk.names()) == 2
    assert survivors(room.disk.copy()) == room.acked[1:]


async def test_the_end_of_the_reserve_is_an_error_of_its_own() -> None:
    room = JournalRoom(options=SMALL, dies=False)
    room.disk.broken["open"] = errno.ENOSPC
    with pytest.raises(JournalFull):
        room.append(40)
    assert len(room.deaths) == 1


async def test_an_error_of_allocation_that_is_no_lack_of_space_ends_the_process() -> None:
    room = JournalRoom(options=SMALL)
    room.disk.broken["open"] = errno.EIO
    room.write(FAST)
    with pytest.raises(Died, match="allocate"):
        room.chores.finish()


async def test_a_slow_disk_refuses_risk_until_it_has_caught_up() -> None:
    room = JournalRoom(options=JournalOptions(unsynced_bytes_max=500, segment_bytes=16 * 1024))
    room.write(DURABLE)
    room.write(DURABLE)
    assert room.journal.takes_risk
    room.write(DURABLE, filling=500)
    assert not room.journal.takes_risk
    room.syncs.finish()
    assert room.journal.takes_risk


async def test_no_more_segments_than_allowed() -> None:
    room = JournalRoom(options=JournalOptions(segment_bytes=600, segments_max=3, space_retry_ms=1))
    while not room.risk:
        room.write(FAST)
        room.chores.finish()
    assert "expected less than 3 segments" in room.risk[0][1]
    assert len(room.disk.names()) == 3
    room.journal.close()
