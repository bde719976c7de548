"""Follows a journal that another process writes, without disturbing it.

Only what is known to be synced is given out: the reader's own memory must never hold a record that a power
cut could still take back. What was read and not known to be synced waits for a later frame, a note, or the
head of the next segment to say so; where that head begins earlier, or the file was made anew, a new owner has
cut the tail, and so does this. Whoever continues shows the checksum of the last record that it has: so it is
never continued with another journal.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from pathlib import Path
from typing import Final

from trimaran.base.errors import JournalError
from trimaran.journal.frame import (
    FRAME,
    HEAD,
    PAYLOAD_BYTES_MAX,
    Frame,
    Head,
    decode_record,
    read_frame,
    read_head,
    seed_of,
    segment_name,
    segment_number,
)
from trimaran.journal.recover import Entry

_CHUNK_BYTES: Final = 1024 * 1024


class TailGone(JournalError):
    """The segments that hold the next record have been removed."""


class Tail:
    """The records behind `sequence`, as they become durable. `read` never waits."""

    def __init__(self, folder: Path, sequence: int = 0, checksum: int = 0) -> None:
        """`checksum` is that of record `sequence`; 0: it is not known. Raises JournalError for no folder."""
        self._folder = folder
        self._given = sequence  # the last that was given out, or skipped because the caller has it
        self._asked = sequence, checksum
        self._known = 0  # synced
        self._last = 0  # the last that was read
        self._unsure: deque[Entry] = deque()
        self._number = 0  # of the segment that is read; 0: none yet
        self._descriptor = -1
        self._at = 0
        if not folder.is_dir():
            raise JournalError(f"{folder}: expected the folder of a journal, found none")

    def close(self) -> None:
        """Closes the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self, count_max: int = 10_000) -> list[Entry]:
        """The next durable records, at most `count_max`; none where nothing new is.

        Raises TailGone where the next one is not kept any more, and JournalError for damage.
        """
        if self._number == 0 and not self._find():
            return []
        while min(self._known, self._last) - self._given < count_max:
            if not (self._read_chunk(count_max) or self._next_segment()):
                break
        entries: list[Entry] = []
        while self._unsure and self._unsure[0].sequence <= self._known and len(entries) < count_max:
            entries.append(self._unsure.popleft())
        if entries:
            self._given = entries[-1].sequence
        return entries

    def _find(self) -> bool:
        """Opens the last segment that begins before the next record; False where nothing was written yet."""
        names = os.listdir(self._folder)
        numbers = sorted(number for name in names if (number := segment_number(name)) is not None)
        for number in reversed(numbers):
            with contextlib.suppress(FileNotFoundError):
                head = self._peek(number)
                if head is not None and head.first_sequence <= self._given + 1:
                    self._enter(number, head)
                    return True
        if numbers and (numbers[0] > 1 or self._given):
            expected = f"a segment with record {self._given + 1}"
            raise TailGone(f"{self._folder}: expected {expected}, found none that begins before it")
        return False

    def _peek(self, number: int) -> Head | None:
        with open(self._folder / segment_name(number), "rb") as file:
            return read_head(number, file.read(HEAD.size))

    def _enter(self, number: int, head: Head) -> None:
        descriptor = os.open(self._folder / segment_name(number), os.O_RDONLY | os.O_CLOEXEC)
        self.close()
        self._descriptor, self._number, self._at = descriptor, number, HEAD.size
        self._last = head.first_sequence - 1
        self._check(self._last, head.chain)
        self._known = max(self._known, head.synced)

    def _next_segment(self) -> bool:
        if self._was_made_anew():
            self._unsure.clear()
            return self._find()
        try:
            head = self._peek(self._number + 1)
        except FileNotFoundError:
            self._check_still_there()
            return False
        if head is None:
            return False
        if self._read_chunk(1):  # written between the last look and this one
            return True
        if head.first_sequence > self._last + 1:
            where = f"{segment_name(self._number)}: byte {self._at}: sequence {self._last + 1}"
            raise JournalError(f"{where}: expected a record, found the next segment at {head.first_sequence}")
        while self._unsure and self._unsure[-1].sequence >= head.first_sequence:
            self._unsure.pop()
        self._enter(self._number + 1, head)
        return True

    def _check_still_there(self) -> None:
        if not (self._folder / segment_name(self._number)).exists():
            expected = f"{segment_name(self._number)} and what follows it"
            raise TailGone(f"{self._folder}: expected {expected}, found that it was removed")

    def _was_made_anew(self) -> bool:
        """Whether the file of this name is not the one that is read: a new owner believed nothing of it."""
        try:
            there = os.stat(self._folder / segment_name(self._number))
        except FileNotFoundError:
            return False
        return not os.path.samestat(there, os.fstat(self._descriptor))

    def _check(self, sequence: int, checksum: int) -> None:
        if sequence == self._asked[0] and self._asked[1] not in (0, checksum):
            expected = f"record {sequence} with checksum {self._asked[1]:08x}"
            raise JournalError(f"{self._folder}: expected {expected}, found {checksum:08x}: another journal")

    def _read_chunk(self, count_max: int) -> bool:
        """Takes whole frames from here; whether there was one."""
        data = os.pread(self._descriptor, _CHUNK_BYTES, self._at)
        if len(data) >= FRAME.size:
            length = FRAME.unpack_from(data)[1]
            if len(data) - FRAME.size < length <= PAYLOAD_BYTES_MAX:
                data = os.pread(self._descriptor, FRAME.size + length, self._at)
        seed, at, taken = seed_of(self._number), 0, 0
        while taken < count_max and (frame := read_frame(seed, data, at)) is not None:
            if frame.sequence != (self._last if frame.is_note else self._last + 1):
                break
            self._take(frame, data)
            at, taken = frame.end, taken + 1
        self._at += at
        return at > 0

    def _take(self, frame: Frame, data: bytes) -> None:
        self._known = max(self._known, frame.synced)
        if frame.is_note:
            return
        self._last = frame.sequence
        self._check(frame.sequence, frame.checksum)
        if frame.sequence > self._given:
            record = decode_record(segment_name(self._number), data, frame)
            self._unsure.append(Entry(frame.sequence, record, frame.checksum))
