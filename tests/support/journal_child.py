"""A process that appends records to a real journal and tells of each acknowledgement on its output.

    python -m tests.support.journal_child FOLDER DURABILITY SEED [SYNCS]

Each acknowledged number is 8 bytes, little endian. After `SYNCS` syncs the disk fails: a number of all ones
is told at that moment. It never ends by itself.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import sys
from pathlib import Path

import uvloop

from tests.support.journal_records import numbered, opened
from trimaran.domain.records import Durability, RunOpened
from trimaran.journal.disk import RealDisk, RealFile
from trimaran.journal.open import open_journal
from trimaran.journal.settings import JournalOptions

SEGMENT_BYTES = 256 * 1024
FAILED = 2**64 - 1
OUTPUT = 1


class FailingDisk(RealDisk):
    """Its files fail the sync after so many, once: the next one would say that all is well."""

    syncs_left = 0

    def open(self, name: str, size: int, /) -> RealFile:
        file = super().open(name, size)
        real = file.sync

        def sync() -> None:
            type(self).syncs_left -= 1
            if type(self).syncs_left == -1:
                tell(FAILED)
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            real()

        file.sync = sync  # type: ignore[method-assign]
        return file


def tell(number: int) -> None:
    os.write(OUTPUT, number.to_bytes(8, "little"))


async def run(disk: RealDisk, durability: Durability, rng: random.Random) -> None:
    opened_journal = open_journal(disk, JournalOptions(segment_bytes=SEGMENT_BYTES, fast_sync_ms=2))
    journal = opened_journal.journal
    number = sum(not isinstance(record, RunOpened) for record in opened_journal.records)
    journal.append(opened(1))
    journal.settle()
    while True:
        for _ in range(rng.randrange(1, 5)):
            number += 1
            journal.append(numbered(number, rng.randrange(300)))
        journal.commit(durability, lambda last=number: tell(last))
        while not journal.takes_risk:  # noqa: ASYNC110  as a desk does: a slow disk has to keep up
            await asyncio.sleep(0.001)
        if rng.random() < 0.3:
            await asyncio.sleep(rng.random() * 0.002)
        elif rng.random() < 0.5:
            await asyncio.sleep(0)


def main() -> None:
    folder, durability, seed, *syncs = sys.argv[1:]
    disk: RealDisk = RealDisk(Path(folder))
    if syncs:
        FailingDisk.syncs_left = int(syncs[0])
        disk.__class__ = FailingDisk
    uvloop.run(run(disk, Durability(durability), random.Random(int(seed))))


if __name__ == "__main__":
    main()
