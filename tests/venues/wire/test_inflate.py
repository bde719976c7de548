"""Compressed frames within bounds: whole members only, and never more than the limit."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import FRAME_BYTES_MAX
from trimaran.venues.wire.inflate import inflate

PACKED = gzip.compress(b'{"ping":1}', mtime=0)


def test_text_is_passed_through():
    assert inflate(b'{"ping":1}') == inflate(memoryview(PACKED)) == b'{"ping":1}'
    assert inflate(b"") == b""


def test_the_largest_frame_is_taken_and_one_byte_more_is_not():
    assert len(inflate(gzip.compress(bytes(FRAME_BYTES_MAX)))) == FRAME_BYTES_MAX
    with pytest.raises(DecodeError) as caught:
        inflate(gzip.compress(bytes(FRAME_BYTES_MAX + 1)))
    assert caught.value.kind == DecodeKind.OVERSIZE


def test_a_bomb_costs_no_more_than_the_limit():
    bomb = gzip.compress(bytes(300_000_000), compresslevel=9)
    assert len(bomb) < 400_000
    tracemalloc.start()
    with pytest.raises(DecodeError) as caught:
        inflate(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.kind == DecodeKind.OVERSIZE
    assert peak < 4 * FRAME_BYTES_MAX


@pytest.mark.parametrize(
    "payload",
    [
        *(PACKED[:length] for length in range(2, len(PACKED))),
        PACKED + b"\x00",
        PACKED + PACKED,
        PACKED[:3] + b"\x02" + PACKED[4:],  # header checksum
        PACKED[:3] + b"\x20" + PACKED[4:],  # reserved
        PACKED[:3] + b"\x80" + PACKED[4:],
        PACKED[:-1] + bytes([PACKED[-1] ^ 1]),  # length
        PACKED[:-5] + bytes([PACKED[-5] ^ 1]) + PACKED[-4:],  # checksum
        b"\x1f\x8b" + zlib.compress(b"{}"),
    ],
)
def test_anything_else_is_malformed(payload):
    with pytest.raises(DecodeError) as caught:
        inflate(payload)
    assert caught.value.kind == DecodeKind.MALFORMED


def test_names_and_comments_in_the_header_are_legal():
    named = PACKED[:3] + b"\x18" + PACKED[4:10] + b"name\x00comment\x00" + PACKED[10:]
    assert inflate(named) == b'{"ping":1}'


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 9))
def test_what_is_packed_comes_back(text, level):
    assert inflate(gzip.compress(text, compresslevel=level)) == text


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_garbage_gives_the_documented_error_or_text(data):
    text = bytearray(gzip.compress(b'{"ch":"market.btcusdt.bbo","tick":{"ask":1.5}}', mtime=0))
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DecodeError):
        assert len(inflate(bytes(text))) <= FRAME_BYTES_MAX
