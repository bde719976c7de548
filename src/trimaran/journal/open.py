"""Opening a journal: the newest snapshot, the records behind it, and a journal that continues.

The order matters, for the machine may stop between any two steps: everything is judged first; what is not
believed is removed, the newest first, so that no gap is ever left; then what is believed is cut to its
length, which syncs what another process had only written; only then the next segment is begun. The records
are read a second time, one segment after the other, so that a long replay needs the memory of one.

Whoever opens appends a `RunOpened` with a new epoch, and calls `Journal.settle` before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from trimaran.base.buggify import point
from trimaran.base.errors import JournalError
from trimaran.domain.ports import Disk
from trimaran.domain.records import JournalRecord
from trimaran.journal.frame import segment_name, segment_number
from trimaran.journal.journal import Journal, Position
from trimaran.journal.recover import Entry, Recovered, Start, entries_of, recover
from trimaran.journal.settings import Hooks, JournalOptions, Workers
from trimaran.journal.snapshot import Snapshot, newest_snapshot, read_snapshot, snapshot_names

OnProgress = Callable[[int, int], None]  # records replayed, records in all
_PROGRESS_RECORDS: Final = 10_000
_LOOKS: Final = 3  # at files that somebody may be writing


class Opened(msgspec.Struct, frozen=True):
    """What start-up has: fold `records` into the state of `snapshot`, then append."""

    snapshot: Snapshot | None
    records: Iterator[JournalRecord]
    record_count: int
    journal: Journal
    torn: str  # what was cut from the tail, for a person; empty when nothing was


class Verified(msgspec.Struct, frozen=True):
    """What `trimaran journal verify` says."""

    first_sequence: int
    last_sequence: int
    synced_sequence: int
    segments: int
    snapshots: int
    torn: str
    damaged_snapshots: tuple[str, ...]


def open_journal(
    disk: Disk,
    options: JournalOptions | None = None,
    *,
    workers: Workers | None = None,
    hooks: Hooks | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> Opened:
    """Judges, cuts and continues a journal; an empty folder is a new one. Raises JournalError and OSError.

    Needs no event loop; `Journal.commit` does.
    """
    options, hooks = options or JournalOptions(), hooks or Hooks()
    snapshot = newest_snapshot(disk, hooks.on_notice)
    start = Start() if snapshot is None else Start(snapshot.sequence, snapshot.segment)
    numbers = _numbers(disk)
    judged = recover(_segments(disk, numbers, start.segment), start)
    for number in reversed(judged.dropped):
        disk.remove(segment_name(number))
        point("open.removed")
    for kept in judged.kept:
        if kept.last_sequence > judged.synced or kept is judged.kept[-1]:
            disk.cut(segment_name(kept.number), kept.end)
            point("open.cut")
    if judged.torn:
        hooks.on_notice(judged.torn)
    position = Position(
        sequence=judged.sequence,
        chain=judged.chain,
        number=judged.kept[-1].number + 1 if judged.kept else start.segment,
        oldest=min(numbers, default=start.segment),
    )
    try:
        journal = Journal(disk, options, position, workers or Workers.threads(), hooks)
    except OSError as error:
        expected = f"room for a file of {options.segment_bytes} bytes"
        raise JournalError(f"{segment_name(position.number)}: expected {expected}, found: {error}") from None
    count = judged.sequence - start.sequence
    records = _replay(_entries(disk, judged, start.sequence), count, on_progress)
    return Opened(snapshot, records, count, journal, judged.torn)


def read_journal(disk: Disk, after_sequence: int | None = None) -> Iterator[Entry]:
    """The records behind `after_sequence` (None: all that are kept), without changing anything.

    Also of a journal that is being written: what was synced by now is there. Raises JournalError.
    """
    judged, first = _judge_all(disk)
    if after_sequence is not None and after_sequence + 1 < first:
        raise JournalError(f"journal: expected record {after_sequence + 1}, found only those from {first}")
    return _entries(disk, judged, after_sequence or 0)


def verify_journal(disk: Disk) -> Verified:
    """Reads everything, snapshots included. Raises JournalError for damage to what was synced."""
    judged, first = _judge_all(disk)
    count = sum(1 for _ in _entries(disk, judged, 0))
    assert count == judged.sequence - first + 1, (count, judged)
    snapshots = snapshot_names(disk.names())
    damaged = [(name, found) for name in snapshots if isinstance(found := read_snapshot(disk, name), str)]
    return Verified(
        first_sequence=first,
        last_sequence=judged.sequence,
        synced_sequence=judged.synced,
        segments=len(judged.kept),
        snapshots=len(snapshots),
        torn=judged.torn,
        damaged_snapshots=tuple(f"{name.text}: {found}" for name, found in damaged),
    )


def _judge_all(disk: Disk) -> tuple[Recovered, int]:
    """The judgement over every segment that is there, and the first sequence among them.

    The owner may write meanwhile: a later file may know of what was not there yet when an earlier one was
    read, and old files may go. Damage stays where it is, so it is looked at again.
    """
    for _ in range(_LOOKS - 1):
        try:
            return _judge(disk)
        except (JournalError, FileNotFoundError):
            continue
    return _judge(disk)


def _judge(disk: Disk) -> tuple[Recovered, int]:
    numbers = _numbers(disk)
    oldest = min(numbers, default=1)
    snapshots = snapshot_names(disk.names())
    # Before the oldest snapshot nothing need be there; behind it everything must.
    start = Start(snapshots[0].sequence, oldest) if oldest > 1 and snapshots else Start()
    judged = recover(_segments(disk, numbers, start.segment), start)
    return judged, judged.kept[0].first_sequence if judged.kept else judged.sequence + 1


def _numbers(disk: Disk) -> list[int]:
    return sorted(number for name in disk.names() if (number := segment_number(name)) is not None)


def _segments(disk: Disk, numbers: list[int], first: int) -> Iterator[tuple[int, bytes]]:
    return ((number, disk.read(segment_name(number))) for number in numbers if number >= first)


def _entries(disk: Disk, judged: Recovered, after_sequence: int) -> Iterator[Entry]:
    for kept in judged.kept:
        if kept.last_sequence > after_sequence:
            yield from entries_of(kept, disk.read(segment_name(kept.number)), after_sequence)


def _replay(entries: Iterator[Entry], total: int, on_progress: OnProgress) -> Iterator[JournalRecord]:
    for done, entry in enumerate(entries, 1):
        yield entry.record
        if done % _PROGRESS_RECORDS == 0 or done == total:
            on_progress(done, total)
