"""Streams, and the file that carries them to the sides.

A line is `<local ns> <what> <market> <payload>`: JSON as it is, anything else in base64. What is `early`
(before the snapshot), `snapshot` or `frame`. `peer_scripts/measuring.py` reads it, and recorded captures too.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

START_MS = 1_723_161_255_000
STEP_NS = 1_000_000


class Stream(msgspec.Struct, frozen=True):
    """One book's way: what comes before its snapshot, the snapshot, and what follows it."""

    snapshot: bytes
    frames: Iterable[bytes]
    early: tuple[bytes, ...] = ()

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """(what, payload), in order."""
        yield from (("early", payload) for payload in self.early)
        yield "snapshot", self.snapshot
        yield from (("frame", payload) for payload in self.frames)


def write_capture(path: Path, stream: Stream, market: str = "binance.spot", step_ns: int = STEP_NS) -> Path:
    """One stream, `step_ns` apart by the local clock."""
    return write_lines(path, ((what, market, payload) for what, payload in stream.lines()), step_ns)


def write_lines(path: Path, lines: Iterable[tuple[str, str, bytes]], step_ns: int = STEP_NS) -> Path:
    """(what, market, payload) of several streams, `step_ns` apart."""
    local_ns = START_MS * 1_000_000
    with path.open("wb") as file:
        for what, market, payload in lines:
            packed = payload if payload.startswith(b"{") else base64.b64encode(payload)
            file.write(b"%d %b %b %b\n" % (local_ns, what.encode(), market.encode(), packed))
            local_ns += step_ns
    return path
