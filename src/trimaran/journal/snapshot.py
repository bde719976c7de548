"""Snapshots: the state after a record, so that start-up need not replay everything, and old segments may go.

    magic, version, sequence, segment, time, state hash, length of the image, schema; the image; checksum of
    all that

The image is bytes of whoever owns the state; the schema is a number of its owner, too: a state hash can be
compared among states of one schema only. The first version of the format had none. The name says the
sequence, the segment that was written then, and the time, so that nothing must be read to decide what may be
removed. A snapshot is written only after its last record is synced, and it is on the disk as a whole or not
at all.

Retention keeps the newest snapshots, and those that are young while there are not too many segments; then
every segment before the one in which the oldest kept snapshot was taken is removed. So each kept snapshot
can be replayed from to the end. Young ones go before the segments are so many that new risk is refused.
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
VERSION: Final = 2
NO_SCHEMA: Final = 0  # nobody said which: the state hash is compared with nothing
_HEAD: Final = struct.Struct("<8sIQIqQQ")
_SCHEMA: Final = struct.Struct("<Q")
_WITHOUT_SCHEMA: Final = 1  # the version before
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
    schema: int = NO_SCHEMA

    @property
    def file(self) -> str:
        """Its name."""
        return SnapshotName(self.sequence, self.segment, self.local_ns).text


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
    head = _HEAD.pack(MAGIC, VERSION, *numbers, len(snapshot.image)) + _SCHEMA.pack(snapshot.schema)
    body = head + snapshot.image
    disk.replace(snapshot.file, body + _CRC.pack(google_crc32c.value(body)))


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
    start = _HEAD.size if version == _WITHOUT_SCHEMA else _HEAD.size + _SCHEMA.size
    if magic != MAGIC or version not in (_WITHOUT_SCHEMA, VERSION) or length != len(body) - start:
        return f"expected a snapshot of version {VERSION}, found {magic!r} version {version}, {length} bytes"
    if name != SnapshotName(sequence, segment, local_ns):
        return f"expected what the name says, found record {sequence}, segment {segment}"
    schema = NO_SCHEMA if version == _WITHOUT_SCHEMA else _SCHEMA.unpack_from(body, _HEAD.size)[0]
    return Snapshot(sequence, segment, local_ns, state_hash, body[start:], schema)


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


def retire(disk: Disk, kept: int, days: float, segments_max: int, now_ns: int) -> int:
    """Removes what retention does not keep; the number of the oldest segment that stays. Raises OSError."""
    names = disk.names()
    snapshots = snapshot_names(names)
    young_ns = now_ns - int(days * _DAY_NS)
    crowded = snapshots[-1].segment - segments_max if snapshots else 0  # snapshots up to here hold too many
    old = [name for name in snapshots[:-kept] if name.local_ns <= young_ns or name.segment <= crowded]
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
