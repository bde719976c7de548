"""Room for the next segment, allocated ahead of need.

While the next segment is there, or is being allocated in the first half of the present one, there is room for
new risk. Where it cannot be allocated (the disk is full, or the journal has as many segments as it may),
there is none; it is tried again until it succeeds. What is left of the present segment is the reserve of the
facts.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Final

from trimaran.domain.ports import Disk, DiskFile
from trimaran.journal.frame import segment_name
from trimaran.journal.settings import Hooks, JournalOptions
from trimaran.journal.worker import Worker

_NO_SPACE: Final = frozenset((errno.ENOSPC, errno.EDQUOT))


class Room:
    """Allocates segments, one ahead. `fail` is called for an error that is no lack of space."""

    def __init__(
        self, disk: Disk, options: JournalOptions, worker: Worker, hooks: Hooks, fail: Callable[[str], object]
    ) -> None:
        self.starved = ""  # why there is no next segment; empty while all is well
        self.oldest = 1  # the first segment that is kept
        self._disk = disk
        self._options = options
        self._worker = worker
        self._hooks = hooks
        self._fail = fail
        self._number = 0  # of the present segment
        self._spare: DiskFile | None = None
        self._allocating = self._closed = False
        self._retry: asyncio.TimerHandle | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the next segment is there."""
        return self._spare is not None

    def take(self) -> DiskFile | None:
        """The next segment, for writing; None where there is none."""
        spare, self._spare = self._spare, None
        return spare

    def prepare(self, number: int) -> None:
        """Allocates the segment behind `number`, the present one."""
        self._number = number
        if self._retry is None:
            self._allocate()

    def close(self) -> None:
        """Gives up; a spare segment stays behind, empty."""
        self._closed = True
        if self._retry is not None:
            self._retry.cancel()
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def _again(self) -> None:
        self._retry = None
        self._allocate()

    def _allocate(self) -> None:
        if self._allocating or self._closed or self._spare is not None:
            return
        count = self._number - self.oldest + 1
        if count >= self._options.segments_max:
            self._starve(f"expected less than {self._options.segments_max} segments, found {count}")
            return
        self._allocating = True
        found: list[DiskFile] = []
        name, size = segment_name(self._number + 1), self._options.segment_bytes
        self._worker.submit(
            lambda: found.append(self._disk.open(name, size)), lambda error: self._allocated(found, error)
        )

    def _allocated(self, found: list[DiskFile], error: Exception | None) -> None:
        self._allocating = False
        if self._closed:
            for file in found:
                file.close()
        elif error is None:
            (self._spare,) = found
            if self.starved:
                self.starved = ""
                self._hooks.on_risk(True, "there is room for the next segment again")
        elif is_lack_of_space(error):
            self._starve(str(error))
        else:
            self._fail(f"allocate: {error}")

    def _starve(self, text: str) -> None:
        told, self.starved = bool(self.starved), text
        delay_s = self._options.space_retry_ms / 1_000
        self._retry = asyncio.get_running_loop().call_later(delay_s, self._again)
        if not told:
            self._hooks.on_risk(False, text)


def is_lack_of_space(error: Exception) -> bool:
    """Whether there is nothing wrong but a full disk or a quota."""
    return isinstance(error, OSError) and error.errno in _NO_SPACE
