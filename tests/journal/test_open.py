"""Start-up: snapshots and what follows them, torn tails, damage, retention, and what a tool may read."""

from __future__ import annotations

import errno
import struct

import google_crc32c
import pytest
from msgspec.structs import replace

from tests.support.journal_disk import MemoryDisk
from tests.support.journal_records import number_of
from tests.support.journal_room import Died, JournalRoom
from trimaran.base.errors import JournalError
from trimaran.domain.records import Durability
from trimaran.journal.open import read_journal, verify_journal
from trimaran.journal.settings import JournalOptions
from trimaran.journal.snapshot import NO_SCHEMA, Snapshot, read_snapshot, snapshot_names

OPTIONS = JournalOptions(segment_bytes=700, snapshots_kept=2, snapshot_days=0)
DAY_NS = 86_400_000_000_000


def grow(room: JournalRoom, count: int) -> None:
    """So many durable records."""
    for _ in range(count):
        room.write(Durability.DURABLE)
        room.syncs.finish()
        room.chores.finish()


def keep(room: JournalRoom, local_ns: int = 0) -> None:
    """A snapshot, to the end."""
    room.journal.snapshot(f"state {room.number}".encode(), room.number, local_ns)
    room.syncs.finish()
    room.chores.finish()


def filled(count: int = 20, every: int = 5) -> JournalRoom:
    room = JournalRoom(options=OPTIONS)
    for _ in range(count // every):
        grow(room, every)
        keep(room)
    return room


async def test_start_up_replays_what_follows_the_newest_snapshot() -> None:
    room = filled()
    grow(room, 3)
    again = JournalRoom(room.disk.copy(), OPTIONS)
    snapshot = again.opened.snapshot
    assert snapshot is not None
    assert (snapshot.sequence, snapshot.state_hash, snapshot.image) == (20, 20, b"state 20")
    assert again.replayed == [21, 22, 23]
    assert again.opened.record_count == 3


async def test_a_snapshot_is_written_only_after_its_last_record_is_synced() -> None:
    room = JournalRoom(options=OPTIONS)
    room.append()
    room.journal.snapshot(b"state", 1, 0)
    room.chores.finish()
    assert not snapshot_names(room.disk.names())
    room.syncs.finish()
    room.chores.finish()
    log = [entry for entry in room.disk.log if entry != "write"]
    assert log[0] == "sync"
    assert log[1].startswith("replace 00000000000000000001-00000001-")


async def test_one_snapshot_at_a_time() -> None:
    room = JournalRoom(options=OPTIONS)
    room.append()
    room.journal.snapshot(b"state", 1, 0)
    room.journal.snapshot(b"state", 1, 0)
    assert room.notices == ["a snapshot is being written; this one is left out"]


async def test_retention_removes_what_no_kept_snapshot_needs() -> None:
    room = filled(60)
    names = snapshot_names(room.disk.names())
    assert [name.sequence for name in names] == [55, 60]
    segments = [int(name[:8]) for name in room.disk.names() if name.endswith(".journal")]
    assert segments[0] == names[0].segment
    assert len(segments) < 8


async def test_young_snapshots_are_kept() -> None:
    options = JournalOptions(segment_bytes=700, snapshots_kept=1, snapshot_days=2)
    room = JournalRoom(options=options)
    for day in range(6):
        grow(room, 1)
        keep(room, day * DAY_NS)
    assert [name.sequence for name in snapshot_names(room.disk.names())] == [5, 6]


async def test_young_snapshots_go_before_their_segments_are_too_many() -> None:
    options = JournalOptions(segment_bytes=700, segments_max=12, snapshots_kept=2, snapshot_days=7)
    room = JournalRoom(options=options)
    for day in range(40):
        grow(room, 5)
        keep(room, local_ns=day)
    assert room.risk == []
    assert room.journal.takes_risk
    assert len(snapshot_names(room.disk.names())) > 2  # what there is room for is kept
    assert JournalRoom(room.disk.copy(), options).opened.snapshot is not None


async def test_restarts_alone_do_not_end_the_room_of_a_desk_that_keeps_snapshots() -> None:
    options = JournalOptions(segment_bytes=700, segments_max=12, snapshots_kept=2, snapshot_days=7)
    room = JournalRoom(options=options)
    for day in range(30):
        grow(room, 1)
        keep(room, local_ns=day)
        room.journal.close()
        room = JournalRoom(room.disk, options)
    grow(room, 1)
    assert room.journal.takes_risk
    assert room.risk == []


async def test_a_snapshot_of_the_format_before_is_read_and_has_no_schema() -> None:
    room = filled()
    name = snapshot_names(room.disk.names())[-1]
    found = read_snapshot(room.disk, name)
    assert isinstance(found, Snapshot)
    head = struct.pack("<8sIQIqQQ", b"TRIMSNAP", 1, 20, name.segment, 0, 20, len(b"state 20"))
    body = head + b"state 20"
    room.disk.replace(name.text, body + struct.pack("<I", google_crc32c.value(body)))
    assert read_snapshot(room.disk, name) == replace(found, schema=NO_SCHEMA)
    assert JournalRoom(room.disk.copy(), OPTIONS).opened.snapshot == replace(found, schema=NO_SCHEMA)


async def test_a_damaged_snapshot_gives_way_to_an_older_one() -> None:
    room = filled()
    grow(room, 2)
    disk = room.disk.copy()
    newest = snapshot_names(disk.names())[-1].text
    disk.patch(newest, 50)
    again = JournalRoom(disk, OPTIONS)
    assert again.opened.snapshot is not None
    assert again.opened.snapshot.sequence == 15
    assert again.replayed == [16, 17, 18, 19, 20, 21, 22]
    assert len(again.notices) == 1
    assert newest in again.notices[0]


async def test_no_bit_of_a_snapshot_may_change() -> None:
    room = JournalRoom(options=OPTIONS)
    grow(room, 1)
    keep(room)
    (name,) = snapshot_names(room.disk.names())
    for at in range(len(room.disk.read(name.text))):
        disk = room.disk.copy()
        disk.patch(name.text, at)
        again = JournalRoom(disk, OPTIONS)
        assert again.opened.snapshot is None, at
        assert again.replayed == [1]


async def test_without_any_readable_snapshot_the_whole_journal_is_replayed_or_refused() -> None:
    room = filled(60)
    disk = room.disk.copy()
    for name in snapshot_names(disk.names()):
        disk.patch(name.text, 50)
    with pytest.raises(JournalError, match="expected an older snapshot, found none"):
        JournalRoom(disk, OPTIONS)


async def test_segments_that_a_snapshot_needs_are_missed() -> None:
    room = filled(60)
    disk = room.disk.copy()
    newest = snapshot_names(disk.names())[-1]
    for name in list(disk.names()):
        if name.endswith(".journal"):
            disk.remove(name)
    with pytest.raises(JournalError, match=f"{newest.segment:08d}.journal: expected the segment"):
        JournalRoom(disk, OPTIONS)


async def test_a_snapshot_that_finds_no_room_is_a_notice() -> None:
    room = JournalRoom(options=OPTIONS)
    grow(room, 3)
    room.disk.broken["replace"] = errno.ENOSPC
    keep(room)
    assert "no snapshot at record 3" in room.notices[0]
    room.disk.broken.clear()
    keep(room)
    assert snapshot_names(room.disk.names())


async def test_a_snapshot_that_cannot_be_synced_ends_the_process() -> None:
    room = JournalRoom(options=OPTIONS)
    grow(room, 3)
    room.disk.broken["replace"] = errno.EIO
    with pytest.raises(Died, match="snapshot"):
        keep(room)


async def test_a_torn_tail_is_told_and_overwritten_by_nothing() -> None:
    room = JournalRoom(options=OPTIONS)
    grow(room, 2)
    room.append()
    room.commit(Durability.FAST)
    disk = room.disk.copy()
    end = len(disk.files["00000001.journal"].data.rstrip(b"\0"))
    disk.files["00000001.journal"].data[end - 20 : end] = bytes(20)
    again = JournalRoom(disk, OPTIONS)
    assert again.replayed == [1, 2]
    assert "cut at byte" in again.opened.torn
    assert again.notices == [again.opened.torn]
    again.write(Durability.DURABLE)
    again.journal.close()
    assert JournalRoom(disk, OPTIONS).replayed == [1, 2, 3]


async def test_what_a_killed_process_had_only_written_is_synced_before_anything_is_built_on_it() -> None:
    room = JournalRoom(options=OPTIONS)
    room.write(Durability.FAST)
    disk = room.disk
    again = JournalRoom(disk, OPTIONS)
    assert again.replayed == [1]
    assert JournalRoom(disk.copy(power_cut=True), OPTIONS).replayed == [1]


async def test_a_full_disk_at_the_start_says_how_much_is_needed() -> None:
    disk = MemoryDisk()
    disk.broken["open"] = errno.ENOSPC
    with pytest.raises(JournalError, match=r"expected room for a file of 700 bytes, found: .*No space"):
        JournalRoom(disk, OPTIONS)


async def test_a_tool_reads_without_changing_anything() -> None:
    room = filled(60)
    grow(room, 3)
    room.write(Durability.FAST)
    before = {name: room.disk.read(name) for name in room.disk.names()}
    entries = list(read_journal(room.disk))
    assert [number_of(entry.record) for entry in entries] == [entry.sequence for entry in entries]
    assert entries[-1].sequence == 64
    assert [entry.sequence for entry in read_journal(room.disk, 61)] == [62, 63, 64]
    with pytest.raises(JournalError, match="expected record 3, found only those from"):
        read_journal(room.disk, 2)
    assert {name: room.disk.read(name) for name in room.disk.names()} == before


async def test_verify_says_what_is_there() -> None:
    room = filled(60)
    disk = room.disk.copy()
    disk.patch(snapshot_names(disk.names())[0].text, 50)
    found = verify_journal(disk)
    assert (found.last_sequence, found.synced_sequence, found.snapshots) == (60, 60, 2)
    assert len(found.damaged_snapshots) == 1
    name = next(name for name in disk.names() if name.endswith(".journal"))
    disk.patch(name, 100)
    with pytest.raises(JournalError, match=name):
        verify_journal(disk)
