"""The projector as a process of its own, at low priority: it follows the journal's folder into a database.

It reads what the desk has synced and disturbs nobody. Killed, it continues where the tables end. Where the
journal is not the one that the tables know, or has lost the records that they need, it ends with the reason,
and `rebuild=True` begins anew with the first record.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

from trimaran.journal.tail import Tail
from trimaran.storage.projection.database import open_database
from trimaran.storage.projection.projector import Projector, clear

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
        projector = Projector(engine, lambda sequence, checksum: Tail(journal_folder, sequence, checksum))
        try:
            while not until_stopped.is_set():
                if projector.step() == 0 and (once or until_stopped.wait(POLL_S)):
                    break
        finally:
            projector.close()
        return projector.sequence
    finally:
        engine.dispose()
