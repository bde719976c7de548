"""Any row of commits, syncs, crashes and flipped bits: never a wrong record, never a promise broken."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.journal_disk import MemoryDisk
from tests.support.journal_room import JournalRoom
from trimaran.base.errors import JournalError
from trimaran.domain.records import Durability
from trimaran.journal.settings import JournalOptions

OPTIONS = JournalOptions(segment_bytes=700, fast_sync_ms=1e9)
EXAMPLES = 400
PAGE = 64  # bytes that a power cut takes or leaves together

STEPS = st.lists(
    st.sampled_from(["append", "long", "fast", "durable", "work", "tell", "chores"]), min_size=5, max_size=60
)


def drive(steps: Sequence[str], *, close: bool = False) -> JournalRoom:
    """A journal after these steps; never without a segment to go on with."""

    async def run() -> JournalRoom:
        room = JournalRoom(options=OPTIONS)
        room.commit(Durability.FAST)
        for step in steps:
            room.chores.finish()
            if step == "append":
                room.append()
            elif step == "long":
                room.append(1, filling=90)
            elif step == "fast":
                room.commit(Durability.FAST)
            elif step == "durable":
                room.commit(Durability.DURABLE)
            elif step == "work" and room.syncs.jobs:
                room.syncs.work()
            elif step == "tell" and room.syncs.told:
                room.syncs.tell()
        if close:
            room.journal.close()
        return room

    return asyncio.run(run())


def attempt(disk: MemoryDisk) -> list[int] | str:
    """The records that a start-up would find, or why it refuses."""
    try:
        return JournalRoom(disk, OPTIONS).replayed
    except JournalError as error:
        return str(error)


def cut_power(disk: MemoryDisk, rng: random.Random) -> MemoryDisk:
    """What was synced, and of what was not, any pages."""
    other = disk.copy(power_cut=True)
    for name, file in disk.files.items():
        copied = other.files[name]
        for at in range(0, len(file.data), PAGE):
            if rng.random() < 0.5:
                copied.data[at : at + PAGE] = file.data[at : at + PAGE]
    return other


def replay(disk: MemoryDisk) -> list[int]:
    """The records, checked to go on after that: another process appends, closes and opens again."""

    async def run() -> list[int]:
        room = JournalRoom(disk, OPTIONS)
        found = room.replayed
        room.write(Durability.DURABLE)
        room.journal.close()
        assert JournalRoom(disk, OPTIONS).replayed == [*found, len(found) + 1]
        return found

    return asyncio.run(run())


@settings(max_examples=EXAMPLES, deadline=None)
@given(STEPS)
def test_a_killed_process_keeps_what_was_committed(steps: list[str]) -> None:
    room = drive(steps)
    found = replay(room.disk.copy())
    assert found == list(range(1, len(found) + 1))
    assert len(found) >= max(room.acked, default=0)


@settings(max_examples=EXAMPLES, deadline=None)
@given(STEPS, st.integers(0, 2**32))
def test_a_power_cut_keeps_what_is_durable_and_of_the_rest_a_prefix(steps: list[str], seed: int) -> None:
    room = drive(steps)
    found = replay(cut_power(room.disk, random.Random(seed)))
    assert found == list(range(1, len(found) + 1))
    assert len(found) >= room.journal.synced_sequence


@settings(max_examples=EXAMPLES, deadline=None)
@given(STEPS, st.data())
def test_a_flipped_bit_of_a_closed_journal_is_refused_or_harmless(
    steps: list[str], data: st.DataObject
) -> None:
    room = drive(steps, close=True)
    expected = list(range(1, room.number + 1))
    disk = room.disk.copy()
    name = data.draw(st.sampled_from(disk.names()))
    disk.patch(name, data.draw(st.integers(0, 699)), 1 << data.draw(st.integers(0, 7)))
    found = attempt(disk)
    if isinstance(found, str):
        assert re.match(rf"{name}: byte \d+: ", found), found
    else:
        assert found == expected


@settings(max_examples=EXAMPLES, deadline=None)
@given(STEPS, st.data())
def test_a_flipped_bit_of_a_killed_journal_never_makes_another_record(
    steps: list[str], data: st.DataObject
) -> None:
    room = drive(steps)
    disk = room.disk.copy()
    name = data.draw(st.sampled_from(disk.names()))
    disk.patch(name, data.draw(st.integers(0, 699)), 1 << data.draw(st.integers(0, 7)))
    found = attempt(disk)
    assert isinstance(found, str) or found == list(range(1, len(found) + 1))


@settings(max_examples=EXAMPLES, deadline=None)
@given(STEPS, st.data())
def test_any_end_of_the_last_segment_leaves_a_prefix(steps: list[str], data: st.DataObject) -> None:
    room = drive(steps)
    disk = room.disk.copy()
    number = max(n for n in disk.names() if any(disk.files[n].data))
    size = data.draw(st.integers(0, 699))
    del disk.files[number].data[size:]
    found = attempt(disk)
    if isinstance(found, str):
        assert "knows to be synced" in found
    else:
        assert found == list(range(1, len(found) + 1))
