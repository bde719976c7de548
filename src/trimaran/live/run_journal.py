"""The journal of a run: opened before anything else; who counts its records; snapshots now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from trimaran.base.errors import JournalError
from trimaran.domain.ports import Clock
from trimaran.domain.records import JournalRecord
from trimaran.engine.durable import Durable
from trimaran.engine.image import DurableImage, decode, encode, hash_of
from trimaran.engine.image_schema import schema_number
from trimaran.engine.recovery import followed, recovered
from trimaran.journal.disk import RealDisk
from trimaran.journal.journal import Journal
from trimaran.journal.open import Opened, open_journal
from trimaran.journal.settings import Hooks
from trimaran.journal.snapshot import Snapshot
from trimaran.live.run_config import RunSettings

Say = Callable[[str, str, str], None]  # market or other subject, kind, text


class HearsRecords(Protocol):
    """Somebody who is told of every record that the journal takes."""

    def on_record(self, record: JournalRecord) -> None:
        """Must not raise."""


class RunJournal:
    """Port `Record`: the journal, and who hears what it takes."""

    def __init__(self, journal: Journal, hearers: Sequence[HearsRecords]) -> None:
        self._append = journal.append
        self._tell = [each.on_record for each in hearers]
        self.journal = journal
        self.commit = journal.commit
        self.records = 0  # since the start

    @property
    def takes_risk(self) -> bool:
        """Whether there is room for new intents."""
        return self.journal.takes_risk

    def append(self, record: JournalRecord, /) -> None:
        """Takes a record, in memory. One that it cannot take ends the process: the desk has applied it."""
        try:
            self._append(record)
        except Exception as error:
            self.journal.give_up(f"record: {error!r:.300}")
        self.records += 1
        for tell in self._tell:
            tell(record)

    def begin(self, records: tuple[JournalRecord, ...]) -> None:
        """The first records of a process: they are synced when this returns."""
        for record in records:
            self.append(record)
        self.journal.settle()

    def figures(self) -> dict[str, Any]:
        """For status and result."""
        journal = self.journal
        return {
            "records": self.records,
            "sequence": journal.sequence,
            "unsynced": journal.sequence - journal.synced_sequence,
            "takes_risk": journal.takes_risk,
        }


class StateFolder:
    """The state of a desk on disk: owned by this process until `close`."""

    def __init__(self, settings: RunSettings, clock: Clock, say: Say, version: str) -> None:
        """Judges the journal. Raises JournalError where it is damaged, or another process has it."""
        self.schema = schema_number(version)
        self.existed = settings.journal.is_dir()
        self._disk = RealDisk(settings.journal)
        self._clock = clock
        self._say = say
        hooks = Hooks(on_risk=self._on_risk, on_notice=lambda text: say("journal", "journal", text))
        try:
            options = settings.config.journal.options()
            self.opened: Opened = open_journal(
                self._disk, options, hooks=hooks, on_progress=self._on_progress
            )
        except BaseException:
            self._disk.close()
            raise

    def replayed(self) -> Durable:
        """The durable state as the last process left it.

        Raises JournalError where the snapshot gives another state than that of which it was taken, and for a
        record or an image of a newer version.
        """
        snapshot = self.opened.snapshot
        if snapshot is None:
            return recovered(None, self.opened.records)
        durable = recovered(_image_of(snapshot), ())
        if snapshot.schema == self.schema and snapshot.state_hash != (found := durable.state_hash()):
            expected = f"state hash {snapshot.state_hash:016x} at record {snapshot.sequence}"
            raise JournalError(f"{snapshot.file}: expected {expected}, found {found:016x}")
        return followed(durable, self.opened.records)

    def close(self) -> None:
        """Writes and syncs what is left, and gives the folder back."""
        self.opened.journal.close()
        self._disk.close()

    def _on_progress(self, done: int, total: int) -> None:
        self._say("journal", "replay", f"replayed {done:,} of {total:,} records")

    def _on_risk(self, takes_risk: bool, text: str) -> None:
        kind = "room" if takes_risk else "no_room"
        self._say(
            "journal", kind, f"{'new orders are taken again' if takes_risk else 'no new order'}: {text}"
        )


def _image_of(snapshot: Snapshot) -> DurableImage:
    try:
        return decode(snapshot.image)
    except JournalError as error:
        raise JournalError(f"{snapshot.file}: {error}") from None


async def keep_snapshots(
    journal: Journal, durable: Durable, clock: Clock, schema: int, every_s: float
) -> None:
    """A snapshot every so often, for ever; none while nothing has happened."""
    last = journal.sequence
    while True:
        await asyncio.sleep(every_s)
        if journal.sequence > last:
            last = journal.sequence
            told = durable.image()  # once: everything waits for it
            journal.snapshot(encode(told), hash_of(told), clock.wall_ns(), schema)
