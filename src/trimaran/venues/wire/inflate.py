"""Compressed frames (HTX's) to text, within bounds: one gzip member a frame, and nothing behind it.

A few kilobytes can inflate to gigabytes, so no more than one byte above the limit is ever produced. What
RFC 1952 leaves to choice and HTX does not use (header checksum, reserved bits) is refused, so that this
and the native inflater agree on every frame. Text frames are legal too and are passed through.
Source: https://huobiapi.github.io/docs/spot/v1/en/#websocket-market-data ("Data Format").
"""

from __future__ import annotations

import zlib
from typing import Final

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.json_value import Buffer
from trimaran.base.limits import FRAME_BYTES_MAX

MAGIC: Final = b"\x1f\x8b"
GZIP_ONLY: Final = 31  # wbits: the largest window, with a gzip header and trailer
FLAGS_AT: Final = 3
FLAGS_REFUSED: Final = 0xE2  # header checksum, reserved bits


def inflate(payload: Buffer) -> bytes:
    """The text of a frame. Raises DecodeError: OVERSIZE above `FRAME_BYTES_MAX`, MALFORMED for the rest."""
    if len(payload) > FRAME_BYTES_MAX:
        raise DecodeError(DecodeKind.OVERSIZE, "frame", f"at most {FRAME_BYTES_MAX} bytes", len(payload))
    packed = bytes(payload)
    if not packed.startswith(MAGIC):
        return packed
    if len(packed) > FLAGS_AT and packed[FLAGS_AT] & FLAGS_REFUSED:
        raise _malformed("no header checksum, no reserved flags", packed)
    inflater = zlib.decompressobj(GZIP_ONLY)
    try:
        text = inflater.decompress(packed, FRAME_BYTES_MAX + 1)
    except zlib.error as error:
        raise _malformed("gzip", packed) from error
    if len(text) > FRAME_BYTES_MAX:
        raise DecodeError(DecodeKind.OVERSIZE, "frame", f"at most {FRAME_BYTES_MAX} bytes", len(text))
    if not inflater.eof:
        raise _malformed("a whole gzip member", packed)
    if inflater.unused_data:
        raise _malformed("nothing behind the gzip member", packed)
    return text


def _malformed(expected: str, packed: bytes) -> DecodeError:
    return DecodeError(DecodeKind.MALFORMED, "frame", expected, packed[:40])
