"""Whoever follows a journal sees what is durable, once, in order, over segments and new owners."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.journal_records import number_of
from tests.support.journal_room import JournalRoom
from trimaran.base.errors import JournalError
from trimaran.domain.records import Durability
from trimaran.journal.recover import Entry
from trimaran.journal.settings import JournalOptions
from trimaran.journal.tail import Tail, TailGone

OPTIONS = JournalOptions(segment_bytes=700, snapshots_kept=1, snapshot_days=0)


class Shown:
    """A journal in memory, shown as files: as they are written, in place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.room = JournalRoom(options=OPTIONS)
        self.tails: list[Tail] = []

    def show(self) -> None:
        disk = self.room.disk
        for path in self.folder.iterdir():
            if path.name not in disk.files:
                path.unlink()
        for name, file in disk.files.items():
            path = self.folder / name
            if path.exists() and any(head := path.read_bytes()[:40]) and head != file.data[:40]:
                path.unlink()  # it was removed and made anew
            with path.open("r+b" if path.exists() else "w+b") as shown:
                shown.write(file.data)
                shown.truncate(len(file.data))

    def grow(self, count: int) -> None:
        for _ in range(count):
            self.room.write(Durability.DURABLE)
            self.room.syncs.finish()
            self.room.chores.finish()
        self.show()

    def follow(self, sequence: int = 0, checksum: int = 0) -> Tail:
        tail = Tail(self.folder, sequence, checksum)
        self.tails.append(tail)
        return tail


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    shown = Shown(tmp_path)
    yield shown
    for tail in shown.tails:
        tail.close()


def numbers(entries: list[Entry]) -> list[int]:
    assert [number_of(entry.record) for entry in entries] == [entry.sequence for entry in entries]
    return [entry.sequence for entry in entries]


async def test_it_waits_for_the_first_record(shown: Shown) -> None:
    tail = shown.follow()
    assert tail.read() == []
    shown.show()
    assert tail.read() == []
    shown.grow(2)
    assert numbers(tail.read()) == [1, 2]
    assert tail.read() == []


async def test_it_follows_over_segments(shown: Shown) -> None:
    tail = shown.follow()
    seen: list[int] = []
    for _ in range(30):
        shown.grow(1)
        seen += numbers(tail.read())
    assert seen == list(range(1, 31))


async def test_it_catches_up_in_pieces(shown: Shown) -> None:
    shown.grow(30)
    tail = shown.follow()
    pieces = [numbers(tail.read(7)) for _ in range(6)]
    assert [number for piece in pieces for number in piece] == list(range(1, 31))
    assert max(map(len, pieces)) == 7


async def test_it_shows_nothing_that_is_not_known_to_be_synced(shown: Shown) -> None:
    tail = shown.follow()
    shown.room.write(Durability.FAST)
    shown.show()
    assert tail.read() == []
    shown.grow(1)
    assert numbers(tail.read()) == [1, 2]


async def test_it_is_not_stopped_by_a_long_tail_that_is_not_synced(shown: Shown) -> None:
    tail = shown.follow()
    for _ in range(4):
        shown.room.write(Durability.FAST)
        shown.room.chores.finish()
    shown.show()
    assert tail.read(2) == []
    shown.grow(1)
    assert numbers(tail.read(2)) == [1, 2]
    assert numbers(tail.read(9)) == [3, 4, 5]


async def test_it_forgets_what_a_new_owner_has_cut(shown: Shown) -> None:
    shown.grow(2)
    tail = shown.follow()
    assert numbers(tail.read()) == [1, 2]
    shown.room.write(Durability.FAST)
    shown.show()
    assert tail.read() == []
    shown.room = JournalRoom(shown.room.disk.copy(power_cut=True), OPTIONS)
    shown.grow(2)
    assert numbers(tail.read()) == [3, 4]


async def test_it_finds_a_segment_that_a_new_owner_has_made_anew(shown: Shown) -> None:
    shown.grow(2)
    tail = shown.follow()
    tail.read()
    while len(shown.room.disk.names()) < 3:  # into the second segment, without a sync
        shown.room.write(Durability.FAST)
        shown.room.chores.finish()
    shown.show()
    assert tail.read() == []
    shown.room = JournalRoom(shown.room.disk.copy(power_cut=True), OPTIONS)
    shown.grow(2)
    assert numbers(tail.read()) == [3, 4]


async def test_it_continues_where_it_was(shown: Shown) -> None:
    shown.grow(12)
    last = shown.follow().read(7)[-1]
    assert numbers(shown.follow(last.sequence, last.checksum).read()) == [8, 9, 10, 11, 12]


async def test_it_does_not_continue_with_another_journal(shown: Shown) -> None:
    shown.grow(12)
    last = shown.follow().read(7)[-1]
    with pytest.raises(JournalError, match="another journal"):
        shown.follow(last.sequence, last.checksum ^ 1).read()


async def test_what_was_removed_is_told(shown: Shown) -> None:
    shown.grow(40)
    shown.room.journal.snapshot(b"state", 1, 0)
    shown.room.syncs.finish()
    shown.room.chores.finish()
    shown.show()
    with pytest.raises(TailGone, match="expected a segment with record 1"):
        shown.follow().read()


async def test_no_folder_no_tail(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        Tail(tmp_path / "none")
