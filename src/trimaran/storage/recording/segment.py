"""The format of a segment: a head, then blocks of records, each whole or not there.

    head    magic, length of the JSON behind it, CRC of that; the JSON (`Head`)
    block   mark, records, raw bytes, packed bytes, first and last ns, CRC of the packed bytes, CRC of all
            that; then the records, packed with zstd
    record  kind, length of the symbol, length of the payload, local ns; symbol, payload
    end     a block without records: the segment was closed, not cut off

The law:

 1. A block is written with one call, synced, and never changed. What a killed process or a power cut leaves
    is whole blocks and at most one torn one at the very end of a segment that was not closed, which a reader
    cuts off and tells: it is too short, or its bytes up to the end of the file are not what was written.
 2. Damage anywhere else is no torn tail: it refuses the segment, and says where.
 3. A record keeps every byte of what was heard, compressed frames as they came. Nothing is dropped silently:
    what the writer could not keep stands as a LOST record with its count.

Numbers are little endian. Times are nanoseconds since the Unix epoch by the recorder's clock.
"""

from __future__ import annotations

import enum
import struct
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec
import pyarrow

from trimaran.base.errors import TrimaranError
from trimaran.base.limits import EXCHANGE_INFO_BYTES_MAX

MAGIC: Final = b"TRIMREC1"
MARK: Final = b"BLCK"
HEAD: Final = struct.Struct("<8sII")
BLOCK: Final = struct.Struct("<4sIIIqqII")
_CRC_BYTES: Final = 4
RECORD: Final = struct.Struct("<BBIq")
HEAD_BYTES_MAX: Final = 1024 * 1024
RAW_BYTES_MAX: Final = EXCHANGE_INFO_BYTES_MAX + 8 * 1024 * 1024  # the largest payload and a block beside it
SUFFIX: Final = ".rec"
_CODEC: Final = pyarrow.Codec("zstd", compression_level=1)


class RecordingError(TrimaranError):
    """A recording that cannot be read or written; the text says which file, and where in it."""


class Kind(enum.IntEnum):
    """What a record holds. The numbers stand in files: never renumber."""

    FRAME = 1  # one WebSocket message
    SNAPSHOT = 2  # the body of a REST depth answer, of `symbol`
    DOWN = 3  # the feed of `symbol` was lost ("": of all books); the payload is the reason
    INSTRUMENTS = 4  # the venue's list of instruments
    LOST = 5  # so many records could not be kept, as decimal text


class Head(msgspec.Struct, frozen=True):
    """What a segment is about."""

    market: str
    number: int  # of the segment within its recording, from 0
    started_ns: int  # of the recording: equal in all of its segments
    symbols: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, gc=False):
    """One thing that was heard."""

    kind: Kind
    local_ns: int
    payload: bytes
    symbol: str = ""


def pack_head(head: Head) -> bytes:
    """The first bytes of a segment."""
    text = msgspec.json.encode(head)
    return HEAD.pack(MAGIC, len(text), zlib.crc32(text)) + text


def pack_record(kind: Kind, local_ns: int, payload: bytes | memoryview, symbol: str = "") -> bytes:
    """A record's bytes within a block, without its payload copied twice."""
    name = symbol.encode()
    return b"".join((RECORD.pack(kind, len(name), len(payload), local_ns), name, payload))


def pack_block(raw: bytes | bytearray, count: int, first_ns: int, last_ns: int) -> bytes:
    """A block of `count` records; without any, the end of a segment."""
    packed: bytes = _CODEC.compress(bytes(raw), asbytes=True) if raw else b""
    numbers = MARK, count, len(raw), len(packed), first_ns, last_ns, zlib.crc32(packed)
    head = BLOCK.pack(*numbers, 0)
    return BLOCK.pack(*numbers, zlib.crc32(head[:-_CRC_BYTES])) + packed


class BlockHead(msgspec.Struct, frozen=True):
    """The numbers in front of a block's bytes."""

    count: int
    raw_bytes: int
    packed_bytes: int
    first_ns: int
    last_ns: int
    packed_crc: int


def read_block_head(data: bytes) -> BlockHead | None:
    """The head of a block; None for bytes that are none, or were changed."""
    mark, *numbers, crc = BLOCK.unpack(data)
    if mark != MARK or zlib.crc32(data[:-_CRC_BYTES]) != crc:
        return None
    head = BlockHead(*numbers)
    sane = head.raw_bytes <= RAW_BYTES_MAX and head.packed_bytes <= RAW_BYTES_MAX
    return head if sane and (head.count > 0) == (head.raw_bytes > 0) else None


def unpack_block(head: BlockHead, packed: bytes) -> bytes | None:
    """The records of a block as one text; None where a byte of it is not what was written."""
    if zlib.crc32(packed) != head.packed_crc:
        return None
    if not head.raw_bytes:
        return b""
    raw: bytes = _CODEC.decompress(packed, decompressed_size=head.raw_bytes, asbytes=True)
    return raw


def records_of(raw: bytes) -> Iterator[Record]:
    """The records of a block whose checksum held. Raises ValueError for anything else."""
    at = 0
    while at < len(raw):
        kind, name_bytes, payload_bytes, local_ns = RECORD.unpack_from(raw, at)
        name_at = at + RECORD.size
        payload_at = name_at + name_bytes
        at = payload_at + payload_bytes
        if at > len(raw):
            raise ValueError("a record beyond its block")
        symbol = raw[name_at:payload_at].decode() if name_bytes else ""
        yield Record(Kind(kind), local_ns, raw[payload_at:at], symbol)
