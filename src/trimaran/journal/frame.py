"""The format of a segment: a head, then frames, then zeros up to the allocated size.

    head   magic, version, number of the segment, sequence of its first record, the sequence that was known to
           be synced, the chain (checksum of the last record before), checksum of all that
    frame  mark, length of the payload, sequence, the sequence that was known to be synced when the frame was
           written, checksum of these numbers and the payload; the payload (msgpack of a `JournalRecord`)

The law:

 1. Records are numbered from 1, without gaps, over all segments. A frame without payload is a note: it
    repeats the sequence of the record before it, and only says what is synced.
 2. A frame is written once and never changed. Files are allocated full of zeros, written from their beginning
    to their end, and a new process always begins a new segment.
 3. `synced` is the truth or less: everything up to it was on the disk when the frame was written. So a frame
    that is damaged, and known to be synced by any frame behind it, is damage of the disk, never a torn write.
 4. Checksums are CRC32C and start from the number of the segment: a frame is valid in its own file only.

Numbers are little endian. The first byte of the mark never occurs in msgpack's types.
"""

from __future__ import annotations

import struct
from typing import Final

import google_crc32c
import msgspec

from trimaran.base.errors import JournalError
from trimaran.domain.records import JournalRecord

MAGIC: Final = b"TRIMJRNL"
VERSION: Final = 1
MARK: Final = b"\xc1TJ\xc1"
HEAD: Final = struct.Struct("<8sIIQQII")
FRAME: Final = struct.Struct("<4sIQQI")
_NUMBERS: Final = struct.Struct("<IQQ")
_CRC: Final = struct.Struct("<I")
_CRC_BYTES: Final = 4
PAYLOAD_BYTES_MAX: Final = 16 * 1024 * 1024
SUFFIX: Final = ".journal"

encode_record: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final = msgspec.msgpack.Decoder(JournalRecord)

assert _NUMBERS.size + _CRC_BYTES + len(MARK) == FRAME.size


class Head(msgspec.Struct, frozen=True):
    """What a segment begins with."""

    number: int
    first_sequence: int
    synced: int
    chain: int  # checksum of the last record before; 0 where there was none


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One valid frame: where it lies in its segment, and what it says."""

    sequence: int
    synced: int
    checksum: int
    start: int  # of the payload
    end: int

    @property
    def is_note(self) -> bool:
        """Whether it has no payload."""
        return self.start == self.end


def segment_name(number: int) -> str:
    """The file of a segment."""
    return f"{number:08d}{SUFFIX}"


def segment_number(name: str) -> int | None:
    """The number of a segment's file; None for any other file."""
    stem = name.removesuffix(SUFFIX)
    return int(stem) if stem != name and len(stem) == 8 and stem.isascii() and stem.isdigit() else None


def seed_of(number: int) -> int:
    """What the checksums of a segment start from."""
    return int(google_crc32c.value(_CRC.pack(number)))


def pack_head(head: Head) -> bytes:
    """The first bytes of a segment."""
    numbers = head.number, head.first_sequence, head.synced, head.chain
    body = HEAD.pack(MAGIC, VERSION, *numbers, 0)[:-_CRC_BYTES]
    return body + _CRC.pack(google_crc32c.extend(seed_of(head.number), body))


def read_head(number: int, data: bytes) -> Head | None:
    """The head of a segment; None where it is not there whole. Raises JournalError for another version."""
    if len(data) < HEAD.size:
        return None
    magic, version, *numbers, checksum = HEAD.unpack_from(data)
    if google_crc32c.extend(seed_of(number), data[: HEAD.size - _CRC_BYTES]) != checksum or magic != MAGIC:
        return None
    if version != VERSION:
        raise JournalError(f"{segment_name(number)}: expected format version {VERSION}, found {version}")
    return Head(*numbers)


def pack_frame(seed: int, sequence: int, synced: int, payload: bytes) -> tuple[bytes, int]:
    """A frame, and its checksum; an empty payload makes it a note."""
    numbers = _NUMBERS.pack(len(payload), sequence, synced)
    checksum: int = google_crc32c.extend(google_crc32c.extend(seed, numbers), payload)
    return b"".join((MARK, numbers, _CRC.pack(checksum), payload)), checksum


def read_frame(seed: int, data: bytes, at: int) -> Frame | None:
    """The frame at a byte; None where no whole one is."""
    start = at + FRAME.size
    if start > len(data):
        return None
    mark, length, sequence, synced, checksum = FRAME.unpack_from(data, at)
    end = start + length
    if mark != MARK or end > len(data) or length > PAYLOAD_BYTES_MAX:
        return None
    numbers = data[at + len(MARK) : start - _CRC_BYTES]
    if google_crc32c.extend(google_crc32c.extend(seed, numbers), data[start:end]) != checksum:
        return None
    return Frame(sequence, synced, checksum, start, end)


def check_payload(payload: bytes, record: JournalRecord) -> None:
    """Raises JournalError for a record that would not be read back as it is: a wrong type is in it."""
    try:
        found = _DECODER.decode(payload)
    except (msgspec.DecodeError, AssertionError, ValueError) as error:
        text = f"record: expected one that can be read, found {record!r:.200}: {error!s}"
        raise JournalError(text) from None
    if found != record:
        raise JournalError(f"record: expected {record!r:.200}, found {found!r:.200}")


def decode_record(name: str, data: bytes, frame: Frame) -> JournalRecord:
    """The record of a valid frame. Raises JournalError where this version does not know it."""
    try:
        record: JournalRecord = _DECODER.decode(memoryview(data)[frame.start : frame.end])
    except (msgspec.DecodeError, AssertionError, ValueError) as error:
        where = f"{name}: byte {frame.start}: record {frame.sequence}"
        raise JournalError(f"{where}: expected a record of this version, found: {error!s:.200}") from None
    return record
