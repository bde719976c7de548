"""Journals for projectors, and what stands in their tables."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine, select

from trimaran.domain.records import JournalRecord
from trimaran.journal.disk import RealDisk
from trimaran.journal.open import open_journal
from trimaran.journal.settings import JournalOptions
from trimaran.live.projector import run_projector
from trimaran.storage.projection.tables import METADATA, PROJECTED


def write_journal(folder: Path, records: Sequence[JournalRecord]) -> None:
    """Appends records to the journal of a folder, durably."""
    disk = RealDisk(folder)
    journal = open_journal(disk, JournalOptions(segment_bytes=4 * 1024 * 1024)).journal
    for record in records:
        journal.append(record)
    journal.close()
    disk.close()


def contents(engine: Engine) -> dict[str, list[object]]:
    """Every row of every table; of the projector's own row, where it is."""
    found: dict[str, list[object]] = {}
    with engine.connect() as connection:
        for name, table in METADATA.tables.items():
            columns = [PROJECTED.c.sequence, PROJECTED.c.checksum] if table is PROJECTED else table.columns
            rows = connection.execute(select(*columns).order_by(*table.primary_key.columns))
            found[name] = [tuple(row) for row in rows]
    return found


if __name__ == "__main__":
    run_projector(Path(sys.argv[1]), sys.argv[2], threading.Event())
