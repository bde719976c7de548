"""Snapshots: the state after a record, so that start-up need not replay everything, and old segments may go.

    magic, version, sequence, segment, time, state hash, length of the image; the image; checksum of all that

The image is bytes of whoever owns the state. The name says the sequence, the segment that was written then,
and the time, so that nothing must be read to decide what may be removed. A snapshot is written only after its
last record is synced, and it is on the disk as a whole or not at all.

Retention keeps the newest snapshots, and any that are young enough; then every segment before the one in
which the oldest kept snapshot was taken is removed. So each kept snapshot can be replayed from to the end.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from typing import Final

import google_crc32c
import msgspec

from trimaran.base.errors import JournalError
from trimaran.domain.ports import Disk
from trimaran.journal.frame import segment_name, segment_number

MAGIC: Final = b"TRIMSNAP"
VERSION: Final = 1
_HEAD: Final = struct.Struct("<8sIQIqQQ")
_CRC: Final = struct.Struct("<I")
_NAME: Final = re.compile(r"([0-9]{20})-([0-9]{8})-([0-9]{20})\.snapshot")
_DAY_NS: Final = 86_400_000_000_000


class Snapshot(msgspec.Struct, frozen=True):
    """A state. `segment` is the one that was written when it was taken."""

    sequence: int
    segment: int
    local_ns: int
    state_hash: int
    image: bytes


class SnapshotName(msgspec.Struct, frozen=True, order=True):
    """What a name says."""

    sequence: int
    segment: int
    local_ns: int

    @property
    def text(self) -> str:
        """The file."""
        return f"{self.sequence:020d}-{self.segment:08d}-{self.local_ns:020d}.snapshot"


def snapshot_names(names: Sequence[str]) -> list[SnapshotName]:
    """The snapshots among the files of a folder, the oldest first."""
    found = (_NAME.fullmatch(name) for name in names)
    return sorted(SnapshotName(*map(int, match.groups())) for match in found if match)


def write_snapshot(disk: Disk, snapshot: Snapshot) -> None:
    """Makes it durable. Raises OSError."""
    numbers = snapshot.sequence, snapshot.segment, snapshot.local_ns, snapshot.state_hash
    body = _HEAD.pack(MAGIC, VERSION, *numbers, len(snapshot.image)) + snapshot.image
    name = SnapshotName(snapshot.sequence, snapshot.segment, snapshot.local_ns)
    disk.replace(name.text, body + _CRC.pack(google_crc32c.value(body)))


def read_snapshot(disk: Disk, name: SnapshotName) -> Snapshot | str:
    """A snapshot, or what is wrong with it. Raises OSError."""
    data = disk.read(name.text)
    if len(data) < _HEAD.size + _CRC.size:
        return f"expected at least {_HEAD.size + _CRC.size} bytes, found {len(data)}"
    body = data[: -_CRC.size]
    (checksum,) = _CRC.unpack(data[-_CRC.size :])
    if google_crc32c.value(body) != checksum:
        return f"expected checksum {checksum:08x}, found {google_crc32c.value(body):08x}"
    magic, version, sequence, segment, local_ns, state_hash, length = _HEAD.unpack_from(body)
    if magic != MAGIC or version != VERSION or length != len(body) - _HEAD.size:
        return f"expected a snapshot of version {VERSION}, found {magic!r} version {version}, {length} bytes"
    if name != SnapshotName(sequence, segment, local_ns):
        return f"expected what the name says, found record {sequence}, segment {segment}"
    return Snapshot(sequence, segment, local_ns, state_hash, body[_HEAD.size :])


def newest_snapshot(disk: Disk, on_notice: Callable[[str], None]) -> Snapshot | None:
    """The newest readable snapshot; None where there is none. Each damaged one is told.

    Raises JournalError where the segments that an older one needs are gone.
    """
    names = disk.names()
    snapshots = snapshot_names(names)
    damaged = ""
    for name in reversed(snapshots):
        found = read_snapshot(disk, name)
        if not isinstance(found, str):
            return found
        damaged = f"{name.text}: {found}"
        on_notice(f"{damaged}; an older one is used")
    if damaged and segment_name(1) not in names:
        found_text = "none, and the first segments are gone; restore a copy of the folder"
        raise JournalError(f"{damaged}; expected an older snapshot, found {found_text}")
    return None


def retire(disk: Disk, kept: int, days: float, now_ns: int) -> int:
    """Removes what retention does not keep; the number of the oldest segment that stays. Raises OSError."""
    names = disk.names()
    snapshots = snapshot_names(names)
    young_ns = now_ns - int(days * _DAY_NS)
    old = [name for name in snapshots[:-kept] if name.local_ns <= young_ns]
    for name in old:
        disk.remove(name.text)
    stays = [name for name in snapshots if name not in old]
    numbers = sorted(number for name in names if (number := segment_number(name)) is not None)
    if not stays:
        return numbers[0] if numbers else 1
    for number in numbers:
        if number < stays[0].segment:
            disk.remove(segment_name(number))
    return max(stays[0].segment, numbers[0]) if numbers else stays[0].segment
