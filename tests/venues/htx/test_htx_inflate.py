"""Packed frames: bombs, garbage, cuts, flags and trailing bytes mean the same to zlib and to libdeflate.

The native inflater is met through a decoder: what does not inflate is refused as a frame.
"""

from __future__ import annotations

import gzip
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.decoding import Row, Twins, edited, edits
from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import FRAME_BYTES_MAX
from trimaran.domain.answer import NO_BOOK, Kind, kind_of
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Grid, Symbol
from trimaran.domain.market import BookGrid
from trimaran.native._hot import Hot, allocations
from trimaran.venues.htx.parse import HtxSpotDecoder
from trimaran.venues.wire.inflate import inflate

BTC = Symbol("btcusdt")
SPOT = Twins(Dialect.HTX_SPOT, HtxSpotDecoder(), {BTC: BookGrid(BTC, Grid(1, -2), Grid(1, -6))})
FRAME = (
    b'{"ch":"market.btcusdt.mbp.150","ts":1573199608679,"tick":{"seqNum":100020146795,'
    b'"prevSeqNum":100020146794,"asks":[[645.14,26.75]],"bids":[[645.1,1.0E-6]]}}'
)
PACKED = gzip.compress(FRAME, mtime=0)
TRUE_ROW = SPOT.agree(FRAME)
HEADER, BODY = PACKED[:10], PACKED[10:]
FLAGS_AT = 3


def refused(kind: DecodeKind) -> Row:
    return (Kind.ERROR, kind, NO_BOOK, False)


def padded(size: int) -> bytes:
    """The frame with blanks, `size` bytes in all."""
    return FRAME + b" " * (size - len(FRAME))


def flagged(flags: int, extra: bytes = b"") -> bytes:
    return HEADER[:FLAGS_AT] + bytes([flags]) + HEADER[FLAGS_AT + 1 :] + extra + BODY


def stored(text: bytes) -> bytes:
    """A member whose only block is not compressed."""
    block = b"\x01" + struct.pack("<HH", len(text), len(text) ^ 0xFFFF) + text
    return HEADER + block + struct.pack("<II", zlib.crc32(text), len(text))


@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("size", [len(FRAME), 65_536, 65_537, 262_145, FRAME_BYTES_MAX])
def test_whole_members_inflate(size: int, level: int) -> None:
    payload = gzip.compress(padded(size), level)
    if len(payload) <= FRAME_BYTES_MAX:
        assert inflate(payload) == padded(size)
        assert SPOT.agree(payload, PACKED, payload) == TRUE_ROW
    else:
        assert SPOT.agree(payload) == refused(DecodeKind.OVERSIZE)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_text_passes(wrap: type) -> None:
    for text in (b"", b"\x1f", b"{}", b"\x1e\x8b", b"\x1f\x8c", FRAME):
        assert inflate(wrap(text)) == text
    assert inflate(wrap(PACKED)) == FRAME


@pytest.mark.parametrize("size", [FRAME_BYTES_MAX + 1, FRAME_BYTES_MAX + 2, 64 * 1024 * 1024])
def test_bombs_are_refused_at_the_limit(size: int) -> None:
    bomb = gzip.compress(padded(size))
    assert len(bomb) < 100_000
    assert SPOT.agree(bomb, PACKED) == TRUE_ROW
    assert SPOT.agree(PACKED, bomb) == refused(DecodeKind.OVERSIZE)
    with pytest.raises(DecodeError, match="OVERSIZE"):
        inflate(bomb)


def test_a_bomb_that_is_cut_is_a_bomb() -> None:
    bomb = gzip.compress(padded(2 * FRAME_BYTES_MAX))
    assert SPOT.agree(bomb[:-9]) == refused(DecodeKind.OVERSIZE)
    assert SPOT.agree(bomb[: len(bomb) * 3 // 4]) == refused(DecodeKind.OVERSIZE)


def test_packed_frames_are_bounded_too() -> None:
    noise = random.Random(5).randbytes(FRAME_BYTES_MAX)
    assert SPOT.agree(gzip.compress(noise, 0)) == refused(DecodeKind.OVERSIZE)
    assert SPOT.agree(PACKED + b"\0" * FRAME_BYTES_MAX) == refused(DecodeKind.OVERSIZE)


@pytest.mark.parametrize("size", range(2, len(PACKED)))
def test_cut_members(size: int) -> None:
    assert SPOT.agree(PACKED[:size]) == refused(DecodeKind.MALFORMED)


@pytest.mark.parametrize(
    "payload",
    [
        PACKED + b"\0",
        PACKED + PACKED,
        PACKED + b"x" * 100,
        HEADER + b"not deflate at all, but long enough for a trailer",
        HEADER + b"\x06" + BODY[1:],  # a block of the third kind
        PACKED[:-8] + struct.pack("<II", zlib.crc32(FRAME) ^ 1, len(FRAME)),
        PACKED[:-4] + struct.pack("<I", len(FRAME) + 1),
        b"\x1f\x8b\x07" + PACKED[3:],  # not deflate
        *(flagged(1 << bit) for bit in (1, 5, 6, 7)),
        flagged(2, struct.pack("<H", zlib.crc32(HEADER) & 0xFFFF)),
    ],
    ids=range(13),
)
def test_what_is_no_member(payload: bytes) -> None:
    assert SPOT.agree(payload) == refused(DecodeKind.MALFORMED)
    with pytest.raises(DecodeError, match="MALFORMED"):
        inflate(payload)


@pytest.mark.parametrize(
    "payload",
    [
        flagged(1),  # "probably text"
        flagged(4, b"\x03\0abc"),
        flagged(8, b"name\0"),
        flagged(16, b"comment\0"),
        flagged(29, b"\0\0name\0comment\0"),
        stored(FRAME),
    ],
)
def test_headers_that_are_legal(payload: bytes) -> None:
    assert SPOT.agree(payload) == TRUE_ROW


def test_packed_frames_allocate_nothing_in_steady_state() -> None:
    hot = Hot()
    market = hot.add_market(Dialect.HTX_SPOT)
    hot.add_instrument(market, BTC, 1, -2, 1, -6, 1, -6, 1, 0, 0)
    snapshot = FRAME.replace(b"tick", b"data").replace(b'"ch"', b'"status":"ok","rep"')
    hot.mark_up(market)
    assert kind_of(hot.on_frame(market, gzip.compress(snapshot), 1)) == Kind.SNAPSHOT
    payloads = [PACKED, PACKED + b"x", PACKED[:-1], gzip.compress(b'{"ping":1}')]
    for payload in payloads * 2:
        hot.on_frame(market, payload, 2)
    before = allocations()
    for payload in payloads * 100:
        hot.on_frame(market, payload, 3)
    assert allocations() == before


@settings(max_examples=500, deadline=None)
@given(changes=edits, level=st.sampled_from([0, 1, 9]))
def test_byte_fuzz(changes: list[tuple[int, bytes, int]], level: int) -> None:
    SPOT.agree(PACKED, edited(gzip.compress(FRAME, level, mtime=0), changes))
