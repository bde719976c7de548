"""The projector as a process of its own, at low priority: it follows the journal's folder into a database.

It reads what the desk has synced and disturbs nobody. Killed, it continues where the tables end. Empty tables
begin with the first record, or, where that is not kept any more, with the oldest snapshot. Where the journal
is not the one that the tables know, or has lost the records that they need next, it ends with the reason,
and `rebuild=True` begins anew.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from trimaran.engine.image import decode
from trimaran.journal.disk import RealDisk
from trimaran.journal.snapshot import read_snapshot, snapshot_names
from trimaran.journal.tail import Tail, TailGone
from trimaran.storage.projection.database import open_database
from trimaran.storage.projection.opening import Opening, OpeningOrder
from trimaran.storage.projection.projector import Projector, begin, clear

POLL_S: Final = 0.2
NICENESS: Final = 10


def run_projector(
    journal_folder: Path,
    database_url: str,
    until_stopped: threading.Event,
    *,
    rebuild: bool = False,
    once: bool = False,
    niceness: int = NICENESS,
) -> int:
    """Follows until stopped (or, `once`, until nothing new is there); the last sequence in the tables.

    Raises JournalError, ConfigError and SQLAlchemyError.
    """
    os.nice(niceness)
    engine = open_database(database_url)
    try:
        if rebuild:
            clear(engine)
        projector = open_projector(engine, journal_folder)
        try:
            while not until_stopped.is_set():
                if projector.step() == 0 and (once or until_stopped.wait(POLL_S)):
                    break
        finally:
            projector.close()
        return projector.sequence
    finally:
        engine.dispose()


def open_projector(engine: Engine, folder: Path) -> Projector:
    """A projector that has begun. Raises TailGone where the tables lack records that are gone."""
    projector = _projector(engine, folder)
    try:
        projector.step()
    except TailGone as error:
        projector.close()
        if projector.sequence:
            raise TailGone(f"{error}; the tables end before that: rebuild them") from None
        begin(engine, _oldest(folder, error))
        projector = _projector(engine, folder)
    except BaseException:
        projector.close()
        raise
    return projector


def _projector(engine: Engine, folder: Path) -> Projector:
    return Projector(engine, lambda sequence, checksum: Tail(folder, sequence, checksum))


def _oldest(folder: Path, gone: TailGone) -> Opening:
    """The oldest snapshot that can be read."""
    disk = RealDisk.reading(folder)
    for name in snapshot_names(disk.names()):
        found = read_snapshot(disk, name)
        if isinstance(found, str):
            continue
        image = decode(found.image)
        orders = (
            OpeningOrder(each.order, each.state, each.filled_lots, each.venue_order_id, each.changed_ns)
            for each in image.orders
        )
        return Opening(found.sequence, found.local_ns, image.instruments, image.ledger, tuple(orders))
    raise gone
