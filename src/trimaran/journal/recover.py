"""What of the segments is to be believed: pure over their bytes.

A killed process leaves whole frames, and perhaps part of one. A power cut leaves any subset of the pages
that were written since the last sync. So, at the first place where the next record is not:

 1. nothing but zeros follows: the journal ends here.
 2. No valid frame behind it, and nothing else that is known, says that the missing record was synced: it is
    the torn tail. It is cut here, and so is everything behind: nobody was told that it is durable.
 3. Something says so: the disk has lost what it had promised. Refused, with the place.

The last record that was synced is known as such by the note behind it; where a power cut has taken the note,
damage to that one record cannot be told from a torn write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from trimaran.base.errors import JournalError
from trimaran.domain.records import JournalRecord
from trimaran.journal.frame import (
    FRAME,
    HEAD,
    MARK,
    Frame,
    Head,
    decode_record,
    read_frame,
    read_head,
    seed_of,
    segment_name,
)

FIRST_SEGMENT = 1
NOTHING = ("zeros", "an empty file")  # of a segment that was allocated ahead, or was about to be


class Start(msgspec.Struct, frozen=True):
    """Where the replay begins: what a snapshot already has. Without one: the beginning of everything."""

    sequence: int = 0  # of the last record in the snapshot; it is known to be synced
    segment: int = FIRST_SEGMENT  # the first that is read


class Kept(msgspec.Struct, frozen=True):
    """A segment and how much of it is believed."""

    number: int
    first_sequence: int
    last_sequence: int  # below the first where it has no records
    end: int  # bytes


class Recovered(msgspec.Struct, frozen=True):
    """The judgement over all segments."""

    kept: tuple[Kept, ...]
    dropped: tuple[int, ...]  # segments of which nothing is believed
    sequence: int  # of the last record
    chain: int  # its checksum
    synced: int  # what is known to be synced
    torn: str = ""  # what was cut from the tail, for a person; empty when nothing was


class Entry(msgspec.Struct, frozen=True):
    """A record and its number."""

    sequence: int
    record: JournalRecord
    checksum: int  # of its frame


class _Spot(msgspec.Struct, frozen=True):
    """Where the next record should be, and is not."""

    name: str
    at: int
    sequence: int
    found: str

    def refuse(self, who: str) -> JournalError:
        expected = f"record {self.sequence}, which {who} knows to be synced"
        return JournalError(
            f"{self.name}: byte {self.at}: sequence {self.sequence}: expected {expected}, found {self.found}"
        )

    def refuse_head(self, start: Start) -> JournalError:
        expected = f"the head of the segment in which the snapshot at record {start.sequence} was taken"
        return JournalError(f"{self.name}: byte {self.at}: expected {expected}, found {self.found}")


class _Walk:
    """The state of one pass over segments in their order."""

    def __init__(self, start: Start) -> None:
        self.start = start
        self.sequence = start.sequence
        self.chain = 0
        self.synced = start.sequence
        self.witness = "the snapshot"
        self.next_number = start.segment
        self.kept: list[Kept] = []
        self.dropped: list[int] = []
        self.spot: _Spot | None = None

    def take(self, number: int, data: bytes) -> None:
        """Walks through the next segment."""
        name = segment_name(number)
        if number != self.next_number and self.spot is None:
            missing = segment_name(self.next_number)
            raise JournalError(f"{missing}: expected the segment before {name}, found no such file")
        self.next_number = number + 1
        if self.spot is not None:
            self._judge(number, data, 0)
            self.dropped.append(number)
        elif data.count(b"\0") == len(data):
            self.dropped.append(number)  # allocated ahead and never used, unless something follows
            self.spot = _Spot(name, 0, self.sequence + 1, "zeros" if data else "an empty file")
        else:
            self._walk(number, data)

    def _walk(self, number: int, data: bytes) -> None:
        head = read_head(number, data)
        if head is None or not self._continues(head):
            self.spot = _Spot(segment_name(number), 0, self.sequence + 1, _describe_head(head))
            self._judge(number, data, 0)
            self.dropped.append(number)
            return
        if not self.kept:
            self.sequence, self.chain = head.first_sequence - 1, head.chain
        self._know(head.synced, f"the head of {segment_name(number)}")
        at = self._frames(number, data)
        self.kept.append(Kept(number, head.first_sequence, self.sequence, at))

    def _continues(self, head: Head) -> bool:
        if not self.kept:
            return head.first_sequence <= self.start.sequence + 1
        if head.first_sequence != self.sequence + 1:
            return False
        if head.chain != self.chain:
            found = f"a segment that follows another record {self.sequence}"
            where = f"{segment_name(head.number)}: byte 0: sequence {head.first_sequence}"
            raise JournalError(f"{where}: expected chain {self.chain:08x}, found {head.chain:08x}, {found}")
        return True

    def _frames(self, number: int, data: bytes) -> int:
        at, seed = HEAD.size, seed_of(number)
        while (frame := read_frame(seed, data, at)) is not None and self._follows(frame):
            if frame.synced > self.synced:
                self._know(frame.synced, f"record {frame.sequence}")
            if not frame.is_note:
                self.sequence, self.chain = frame.sequence, frame.checksum
            at = frame.end
        if data.count(b"\0", at) != len(data) - at:
            found = _describe(data, at, frame)
            self.spot = _Spot(segment_name(number), at, self.sequence + 1, found)
            self._judge(number, data, at)
        return at

    def _follows(self, frame: Frame) -> bool:
        expected = self.sequence if frame.is_note else self.sequence + 1
        return frame.sequence == expected and frame.synced <= self.sequence

    def _know(self, synced: int, witness: str) -> None:
        if synced > self.synced:
            self.synced, self.witness = synced, witness

    def _judge(self, number: int, data: bytes, at: int) -> None:
        """Looks for whoever knows more than what is left."""
        assert self.spot is not None
        head = read_head(number, data) if at == 0 else None
        if head is not None:
            self._know(head.synced, f"the head of {segment_name(number)}")
        seed = seed_of(number)
        while (at := data.find(MARK, at)) >= 0:
            frame = read_frame(seed, data, at)
            if frame is not None:
                self._know(frame.synced, f"record {frame.sequence} of {segment_name(number)}")
                if frame.sequence <= self.start.sequence:
                    raise self.spot.refuse(self.witness)
            at = at + 1 if frame is None else frame.end
        if self.synced >= self.spot.sequence:
            raise self.spot.refuse(self.witness)


def recover(segments: Iterable[tuple[int, bytes]], start: Start | None = None) -> Recovered:
    """Judges segments, given in their order and one at a time. Raises JournalError for damage."""
    start = start or Start()
    walk = _Walk(start)
    for number, data in segments:
        walk.take(number, data)
    if start.sequence and walk.next_number == start.segment:
        expected = f"the segment in which the snapshot at record {start.sequence} was taken"
        raise JournalError(f"{segment_name(start.segment)}: expected {expected}, found no such file")
    if start.sequence and not walk.kept and walk.spot is not None:
        raise walk.spot.refuse_head(start)
    if walk.sequence < walk.synced:
        spot = walk.spot or _Spot(_last_name(walk), _last_end(walk), walk.sequence + 1, "the end")
        raise spot.refuse(walk.witness)
    return Recovered(
        kept=tuple(walk.kept),
        dropped=tuple(walk.dropped),
        sequence=walk.sequence,
        chain=walk.chain,
        synced=walk.synced,
        torn=_torn(walk.spot),
    )


def entries_of(kept: Kept, data: bytes, after_sequence: int) -> Iterator[Entry]:
    """The records of a judged segment behind `after_sequence`. Raises JournalError."""
    name, seed, at = segment_name(kept.number), seed_of(kept.number), HEAD.size
    while at < kept.end:
        frame = read_frame(seed, data, at)
        if frame is None:
            raise JournalError(f"{name}: byte {at}: expected what was there before, found other bytes")
        if frame.sequence > after_sequence and not frame.is_note:
            yield Entry(frame.sequence, decode_record(name, data, frame), frame.checksum)
        at = frame.end


def _torn(spot: _Spot | None) -> str:
    if spot is None or spot.found in NOTHING:
        return ""
    return f"{spot.name}: cut at byte {spot.at}, before record {spot.sequence}: {spot.found}"


def _last_name(walk: _Walk) -> str:
    return segment_name(walk.kept[-1].number if walk.kept else walk.start.segment)


def _last_end(walk: _Walk) -> int:
    return walk.kept[-1].end if walk.kept else 0


def _describe_head(head: Head | None) -> str:
    return "no valid head" if head is None else f"a segment that begins with record {head.first_sequence}"


def _describe(data: bytes, at: int, frame: Frame | None) -> str:
    if frame is not None:
        return f"record {frame.sequence} that knows {frame.synced}"
    left = len(data) - at
    if left < FRAME.size:
        return f"{left} bytes, less than a frame"
    mark, length, sequence, _, checksum = FRAME.unpack_from(data, at)
    if mark != MARK:
        return f"no frame but {mark.hex()}"
    if at + FRAME.size + length > len(data):
        return f"a frame of {length} bytes where {left} are left"
    return f"a frame of {length} bytes with sequence {sequence} that is not what checksum {checksum:08x} says"
