"""A journal over a disk in memory whose slow work happens when the test says so."""

from __future__ import annotations

from collections import deque

from tests.support.journal_disk import MemoryDisk
from tests.support.journal_records import number_of, numbered
from trimaran.domain.records import Durability, RunOpened
from trimaran.journal.open import Opened, open_journal
from trimaran.journal.settings import Hooks, JournalOptions, Workers
from trimaran.journal.worker import Done, Job

SMALL_SEGMENTS = JournalOptions(segment_bytes=16 * 1024)


class Died(Exception):
    """In the place of the end of the process."""


class ManualWorker:
    """Port `Worker`: a job is done, and told, when the test says so."""

    def __init__(self) -> None:
        self.jobs: deque[tuple[Job, Done]] = deque()
        self.told: deque[tuple[Done, Exception | None]] = deque()

    def submit(self, job: Job, done: Done, /) -> None:
        self.jobs.append((job, done))

    def close(self) -> None:
        while self.jobs:
            self.work()

    def work(self) -> None:
        """Does the next job, without telling anybody."""
        job, done = self.jobs.popleft()
        try:
            job()
        except Exception as error:
            self.told.append((done, error))
        else:
            self.told.append((done, None))

    def tell(self) -> None:
        """Tells of the job that was done first."""
        done, error = self.told.popleft()
        done(error)

    def finish(self) -> None:
        """Does everything that waits, and tells of it."""
        while self.jobs or self.told:
            if self.jobs:
                self.work()
            while self.told:
                self.tell()


class JournalRoom:
    """A journal, its disk and its workers; records are numbered from 1."""

    def __init__(
        self, disk: MemoryDisk | None = None, options: JournalOptions = SMALL_SEGMENTS, *, dies: bool = True
    ) -> None:
        self._dies = dies
        self.disk = disk or MemoryDisk()
        self.syncs, self.chores = ManualWorker(), ManualWorker()
        self.deaths: list[str] = []
        self.risk: list[tuple[bool, str]] = []
        self.notices: list[str] = []
        self.acked: list[int] = []
        hooks = Hooks(self._die, lambda takes, text: self.risk.append((takes, text)), self.notices.append)
        self.opened: Opened = open_journal(
            self.disk, options, workers=Workers(self.syncs, self.chores), hooks=hooks
        )
        self.journal = self.opened.journal
        self.replayed = [number_of(r) for r in self.opened.records if not isinstance(r, RunOpened)]
        self.number = self.journal.sequence

    def append(self, count: int = 1, filling: int = 0) -> None:
        """Appends the next records."""
        for _ in range(count):
            self.number += 1
            self.journal.append(numbered(self.number, filling))

    def commit(self, durability: Durability | None) -> None:
        """Commits; the number of the last record is acknowledged later."""
        number = self.number
        self.journal.commit(durability, lambda: self.acked.append(number))

    def write(self, durability: Durability | None, filling: int = 0) -> None:
        """One record of its own."""
        self.append(1, filling)
        self.commit(durability)

    def _die(self, text: str) -> None:
        self.deaths.append(text)
        if self._dies:
            raise Died(text)
