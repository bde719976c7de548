"""One gzip member per frame, as HTX sends them, and what goes wrong inside of one. Pure."""

from __future__ import annotations

import zlib
from typing import Final

_GZIP: Final = 16  # added to the window bits: a gzip header instead of that of zlib
_WINDOW_BITS: Final = 13  # most frames are smaller than 8 KiB; a small window is quick to set up
_MEMORY_LEVEL: Final = 5
BOMB_BYTES: Final = 6 * 1024 * 1024  # of the inflated bomb; an adapter should stop at 4 MiB


def gzip_member(payload: bytes) -> bytes:
    """The payload as one gzip member."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _WINDOW_BITS + _GZIP, _MEMORY_LEVEL)
    return packer.compress(payload) + packer.flush()


GARBAGE_TEXT: Final = "\x01\x02 neither JSON nor anything else \x7f"
GARBAGE_MEMBER: Final = gzip_member(GARBAGE_TEXT.encode())
BOMB_MEMBER: Final = gzip_member(b'{"ch":"' + b"x" * BOMB_BYTES + b'"}')
