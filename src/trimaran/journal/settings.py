"""What a journal is told: sizes, times, who does the slow work, and who hears what happens."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from trimaran.journal.frame import FRAME, HEAD
from trimaran.journal.worker import ThreadWorker, Worker

EXIT_CODE: Final = 70  # EX_SOFTWARE of sysexits.h
SWITCH_S: Final = (
    0.000_5  # Python's own is 5 ms; under a busy loop that made the slowest syncs four times slower
)
_MIB: Final = 1024 * 1024


class JournalOptions(msgspec.Struct, frozen=True):
    """Sizes and times."""

    segment_bytes: int = 64 * _MIB
    segments_max: int = 256  # then no new risk, until a snapshot lets old ones go
    unsynced_bytes_max: int = 16 * _MIB  # appended or written and not synced: then no new risk
    fast_sync_ms: float = 5.0
    space_retry_ms: float = 1_000.0
    snapshots_kept: int = 3
    snapshot_days: float = 7.0  # younger ones are kept as well
    verified: bool = False  # every record is read back as it is appended: for tests

    def __post_init__(self) -> None:
        assert self.segment_bytes > HEAD.size + 3 * FRAME.size, self
        assert self.segments_max >= 3, self
        assert self.snapshots_kept >= 1, self


def die(text: str) -> None:
    """Ends the process at once: no handler runs, no buffer is flushed, nothing is acknowledged any more."""
    os.write(sys.stderr.fileno(), f"trimaran: journal: {text}\n".encode())
    os._exit(EXIT_CODE)


def _nobody(*_: object) -> None:
    """Nobody listens."""


class Hooks(msgspec.Struct, frozen=True):
    """Who is told."""

    die: Callable[[str], None] = die  # must not return in a real process
    on_risk: Callable[[bool, str], None] = _nobody  # the room has ended (False), or is there again
    on_notice: Callable[[str], None] = _nobody


class Workers(msgspec.Struct, frozen=True):
    """Syncs wait for nothing but syncs; allocation and snapshots are the chores."""

    syncs: Worker
    chores: Worker

    @classmethod
    def threads(cls) -> Workers:
        """The real ones. A thread that comes back from the disk has to wait for the interpreter: at most as
        long as the interval that is set here, for the whole process."""
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        return cls(ThreadWorker("journal-sync"), ThreadWorker("journal-chores"))
