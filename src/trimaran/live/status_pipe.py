"""Writes status lines to a pipe without ever waiting for its reader.

A reader that is slow loses statuses; the desk loses nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec


class StatusPipe:
    """One JSON line a status. A line that was begun is finished before another one starts."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self.dropped = 0
        os.set_blocking(descriptor, False)

    def write(self, status: Mapping[str, Any]) -> None:
        """Writes a status, or drops it when the reader has not taken the last one yet."""
        self._flush()
        if self._rest:
            self.dropped += 1
            return
        self._rest = msgspec.json.encode(status) + b"\n"
        self._flush()

    def _flush(self) -> None:
        while self._rest:
            try:
                written = os.write(self._descriptor, self._rest)
            except (BlockingIOError, BrokenPipeError):
                return
            self._rest = self._rest[written:]
