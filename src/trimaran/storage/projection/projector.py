"""Brings a journal into the tables, exactly once.

Rows and the sequence up to which they go are written in one transaction: whatever kills the projector, it
continues with the record behind the last one that is there. Its memory (a ledger, `rows.py`) is kept now and
then, in the same row; from there it reads again what it has already written, without writing it.

It never holds up who writes the journal, and it may be behind. A journal whose needed records were removed
cannot be continued, and is not the journal of these tables any more: that is told, never guessed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from trimaran.base.errors import JournalError
from trimaran.domain.records import JournalRecord
from trimaran.storage.projection.opening import Opening, opening_rows
from trimaran.storage.projection.rows import Projection, ProjectionImage
from trimaran.storage.projection.statements import write
from trimaran.storage.projection.tables import METADATA, PROJECTED

BATCH_RECORDS: Final = 5_000
IMAGE_RECORDS: Final = 50_000
IMAGE_S: Final = 60.0
_encode = msgspec.msgpack.Encoder().encode
_DECODER: Final = msgspec.msgpack.Decoder(ProjectionImage)


class Numbered(Protocol):
    """A record of a journal, its number, and the checksum of its frame."""

    @property
    def sequence(self) -> int:
        """From 1, without gaps."""

    @property
    def record(self) -> JournalRecord:
        """What it says."""

    @property
    def checksum(self) -> int:
        """Tells two journals apart."""


class Source(Protocol):
    """Where records come from."""

    def read(self, count_max: int, /) -> Sequence[Numbered]:
        """The next ones that are durable; none where nothing new is. Never waits."""

    def close(self) -> None:
        """Closes it."""


OpenSource = Callable[[int, int], Source]  # behind which sequence, and the checksum of that record


class Projector:
    """One database that follows one journal. `step` as often as one likes, then `close`."""

    def __init__(self, engine: Engine, open_source: OpenSource) -> None:
        """Continues where the tables end."""
        self._engine = engine
        row = self._projected()
        self.sequence: int = row.sequence
        self._checksum: int = row.checksum
        self._projection = Projection(_DECODER.decode(row.image) if row.image else None)
        self._image_sequence: int = row.image_sequence
        self._image_s = time.monotonic()
        self._source = open_source(row.image_sequence, row.image_checksum)
        self._seen: int = row.image_sequence
        self._is_sound = True  # its memory is that of `_seen`

    def step(self, count_max: int = BATCH_RECORDS) -> int:
        """Takes what is new, in one transaction; how many records that were. Raises JournalError."""
        entries = self._source.read(count_max)
        if not entries:
            return 0
        made, before = [], self.sequence
        self._is_sound = False
        for entry in entries:
            if entry.sequence != self._seen + 1:
                raise JournalError(f"projection: expected record {self._seen + 1}, found {entry.sequence}")
            rows = self._projection.take(entry.sequence, entry.record)
            self._seen = entry.sequence
            if entry.sequence > before:
                made += rows
            elif entry.sequence == before and self._checksum not in (0, entry.checksum):
                expected = f"record {before} with checksum {self._checksum:08x}"
                raise JournalError(f"projection: expected {expected}, found {entry.checksum:08x}: rebuild it")
        last = entries[-1]
        self._is_sound = True
        if last.sequence <= before:
            return len(entries)
        keeps = self._is_image_due(last.sequence)
        values: dict[str, object] = {"sequence": last.sequence, "checksum": last.checksum}
        if keeps:
            values |= self._image_values(last.sequence, last.checksum)
        with self._engine.begin() as connection:
            mine = (PROJECTED.c.id == 1) & (PROJECTED.c.sequence == before)
            if connection.execute(update(PROJECTED).where(mine).values(values)).rowcount != 1:
                expected = f"record {before} as the last one in the tables"
                raise JournalError(f"projection: expected {expected}, found another projector")
            write(connection, made)
        self.sequence, self._checksum = last.sequence, last.checksum
        if keeps:
            self._image_sequence, self._image_s = last.sequence, time.monotonic()
        return len(entries)

    def close(self) -> None:
        """Keeps its memory, so that the next one need not read again."""
        if self._is_sound and self._seen == self.sequence > self._image_sequence:
            with self._engine.begin() as connection:
                mine = (PROJECTED.c.id == 1) & (PROJECTED.c.sequence == self.sequence)
                values = self._image_values(self.sequence, self._checksum)
                connection.execute(update(PROJECTED).where(mine).values(values))
        self._source.close()

    def _is_image_due(self, sequence: int) -> bool:
        late = time.monotonic() - self._image_s >= IMAGE_S
        return late or sequence - self._image_sequence >= IMAGE_RECORDS

    def _image_values(self, sequence: int, checksum: int) -> dict[str, object]:
        image = _encode(self._projection.image())
        return {"image": image, "image_sequence": sequence, "image_checksum": checksum}

    def _projected(self) -> Row[tuple[object, ...]]:
        with self._engine.begin() as connection:
            row = connection.execute(select(PROJECTED)).one_or_none()
            if row is None:
                names = ("sequence", "checksum", "image_sequence", "image_checksum")
                connection.execute(insert(PROJECTED).values(id=1, image=b"", **dict.fromkeys(names, 0)))
                row = connection.execute(select(PROJECTED)).one()
        return row


def clear(engine: Engine) -> None:
    """Empties every table, so that the next projector begins with the first record."""
    with engine.begin() as connection:
        _clear(connection)


def begin(engine: Engine, opening: Opening) -> None:
    """Empties every table and writes an opening instead of the records that are gone, as one transaction."""
    image = _encode(ProjectionImage(opening.instruments, opening.ledger))
    sequences = dict.fromkeys(("sequence", "image_sequence"), opening.sequence)
    unknown = dict.fromkeys(("checksum", "image_checksum"), 0)
    with engine.begin() as connection:
        _clear(connection)
        write(connection, opening_rows(opening))
        connection.execute(insert(PROJECTED).values(id=1, image=image, **sequences, **unknown))


def _clear(connection: Connection) -> None:
    for table in METADATA.sorted_tables:
        connection.execute(delete(table))
