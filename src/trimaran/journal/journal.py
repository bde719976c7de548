"""The journal: port `Record` over a `Disk`, with group commit.

    append   -> a frame in memory
    commit   -> everything that was appended, in one write; from here it survives the process
    sync     -> a worker's, one at a time; what is committed meanwhile shares the next one

`FAST` is safe once written, and synced within `fast_sync_ms`. `DURABLE` is safe once synced; its callbacks
come from the event loop, in the order of the commits. After a sync with nothing behind it a note is written
that says so (`frame.py`), for recovery and for whoever follows the file.

`room.py` allocates ahead, and says when there is no room for new risk. When the reserve of the facts ends
too, or when a write or a sync fails, the process ends: nothing is acknowledged after that, and start-up
decides what is true.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import NoReturn

import msgspec

from trimaran.base.buggify import hooks, point
from trimaran.base.errors import JournalError
from trimaran.domain.ports import Disk, DiskFile
from trimaran.domain.records import Durability, JournalRecord
from trimaran.journal.frame import (
    FRAME,
    HEAD,
    PAYLOAD_BYTES_MAX,
    Head,
    check_payload,
    encode_record,
    pack_frame,
    pack_head,
    seed_of,
    segment_name,
)
from trimaran.journal.room import Room, is_lack_of_space
from trimaran.journal.settings import Hooks, JournalOptions, Workers
from trimaran.journal.snapshot import NO_SCHEMA, Snapshot, retire, write_snapshot


class JournalFull(JournalError):
    """The reserve for facts has ended, too."""


class Position(msgspec.Struct, frozen=True):
    """Where a journal continues: everything before is synced."""

    sequence: int
    chain: int
    number: int  # of the segment that is begun
    oldest: int  # of the first segment that is kept


class _Dirty(msgspec.Struct):
    """A file with something in it that may not be synced."""

    file: DiskFile
    last_sequence: int | None = None  # None: still written


class Journal:
    """See the module. Made by `open_journal`. Every method from the event loop's thread alone."""

    def __init__(
        self, disk: Disk, options: JournalOptions, position: Position, workers: Workers, hooks: Hooks
    ) -> None:
        self._disk = disk
        self._options = options
        self._workers = workers
        self._hooks = hooks
        self._room = Room(disk, options, workers.chores, hooks, self._fail)
        self._room.oldest = position.oldest
        self._end = options.segment_bytes - FRAME.size  # of records: the last note always has room
        self._record_bytes_max = min(PAYLOAD_BYTES_MAX + FRAME.size, self._end - HEAD.size)
        self._sequence = self._written = self._synced = self._target = self._noted = position.sequence
        self._chain = position.chain
        self._number = position.number
        self._pending: list[bytes] = []
        self._pending_at = 0  # the byte of the present segment where it goes
        self._offset = 0  # where the next frame goes
        self._bytes = self._bytes_synced = self._bytes_target = 0  # ever appended; synced; being synced
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._syncing = self._snapshotting = self._started = self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._failure = self._sync_error = ""
        self._file = disk.open(segment_name(self._number), options.segment_bytes)
        self._dirty = deque([_Dirty(self._file)])
        self._begin_segment()

    @property
    def sequence(self) -> int:
        """Of the last record that was appended."""
        return self._sequence

    @property
    def synced_sequence(self) -> int:
        """Of the last record that is known to be on the disk."""
        return self._synced

    @property
    def takes_risk(self) -> bool:
        """Whether there is room for new intents."""
        if self._room.starved or self._failure or self._closed:
            return False
        if self._bytes - self._bytes_synced > self._options.unsynced_bytes_max:
            return False
        return self._room.is_ready or 2 * self._offset <= self._options.segment_bytes

    def append(self, record: JournalRecord, /) -> None:
        """Takes a record, in memory. Raises JournalError for one that is too large."""
        payload = encode_record(record)
        if self._options.verified:
            check_payload(payload, record)
        size = FRAME.size + len(payload)
        if size > self._record_bytes_max:
            raise JournalError(f"record: expected at most {self._record_bytes_max} bytes, found {size}")
        if self._offset + size > self._end:
            self._rotate()
        self._sequence += 1
        frame, self._chain = pack_frame(self._seed, self._sequence, self._synced, payload)
        self._pending.append(frame)
        self._offset += size
        self._bytes += size

    def commit(self, durability: Durability | None, then: Callable[[], None] | None = None, /) -> None:
        """Writes what was appended; calls `then` once it is as safe as `durability` says."""
        self._write()
        if not self._started:
            self._started = True
            self._room.prepare(self._number)
        if durability is Durability.DURABLE:
            if then is not None:
                self._waiting.append((self._sequence, then))
            if not (self._syncing or self._closed):
                self._sync()
            return
        self._sync_later()
        if then is not None:
            then()

    def give_up(self, text: str) -> NoReturn:
        """Ends the process: the state of its owner is not that of the record any more."""
        self._fail(text)

    def settle(self) -> None:
        """Writes and syncs everything here and now, blocking: for start-up, before anything else runs."""
        assert not self._syncing, "a sync is under way"
        self._write()
        if not self._sync_error:
            with contextlib.suppress(OSError):
                self._sync_files()
        if self._sync_error:
            self._fail(self._sync_error)
        self._after_sync()

    def snapshot(self, image: bytes, state_hash: int, local_ns: int, schema: int = NO_SCHEMA) -> None:
        """Keeps the state after everything that was appended, once that is synced; old ones are retired.

        One at a time: another one that comes meanwhile is left out, with a notice.
        """
        if self._snapshotting:
            self._hooks.on_notice("a snapshot is being written; this one is left out")
            return
        self._snapshotting = True
        snapshot = Snapshot(self._sequence, self._number, local_ns, state_hash, image, schema)
        self.commit(Durability.DURABLE, lambda: self._keep(snapshot))

    def close(self) -> None:
        """Writes and syncs everything, and says so in the file. Callbacks that waited are called."""
        if self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._workers.syncs.close()
        self._workers.chores.close()
        self._closed, self._syncing = True, False
        while not self._failure and (self._waiting or self._pending or self._written > self._synced):
            self.settle()
        if self._sync_error and not self._failure:
            self._fail(self._sync_error)
        if not self._failure:
            with contextlib.suppress(OSError):  # nothing but the note behind the last record
                self._sync_files()
        self._room.close()
        for dirty in self._dirty:
            dirty.file.close()

    # Writing

    def _begin_segment(self) -> None:
        self._seed = seed_of(self._number)
        head = pack_head(Head(self._number, self._sequence + 1, self._synced, self._chain))
        self._pending.append(head)
        self._pending_at, self._offset = 0, len(head)
        self._bytes += len(head)

    def _write(self) -> None:
        if self._failure:
            raise JournalError(self._failure)
        if self._sync_error:  # the worker has seen it, and the loop was not told yet
            self._fail(self._sync_error)
        if not self._pending:
            return
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        try:
            self._file.write(self._pending_at, data)
        except OSError as error:
            self._fail(f"write: {error}")
        self._pending_at = self._offset
        self._written = self._sequence
        if hooks:
            point("journal.after_write")

    def _rotate(self) -> None:
        self._write()
        following = self._room.take()
        if following is None:
            why = self._room.starved or "it was not allocated in time"
            text = f"{segment_name(self._number + 1)}: expected a segment to go on with, found none: {why}"
            self._failure = text
            self._hooks.die(text)
            raise JournalFull(text)
        self._dirty[-1].last_sequence = self._sequence
        self._file = following
        self._number += 1
        self._dirty.append(_Dirty(following))
        self._begin_segment()
        if hooks:
            point("segment.rotated")
        self._room.prepare(self._number)

    def _note(self) -> None:
        self._noted = self._sequence
        self._pending.append(pack_frame(self._seed, self._sequence, self._synced, b"")[0])
        self._offset += FRAME.size
        self._write()

    # Syncing

    def _sync_later(self) -> None:
        if self._syncing or self._timer is not None or self._written == self._synced or self._closed:
            return
        delay_s = self._options.fast_sync_ms / 1_000
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._sync)

    def _sync(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._syncing = True
        self._workers.syncs.submit(self._sync_files, self._synced_files)

    def _sync_files(self) -> None:
        """In the worker. The order matters: what is counted was written before the files are listed."""
        self._bytes_target = self._bytes
        self._target = self._written
        try:
            for dirty in tuple(self._dirty):
                dirty.file.sync()
        except OSError as error:
            self._sync_error = f"sync: {error}"  # also for `close`, which does not wait to be told
            raise

    def _synced_files(self, error: Exception | None) -> None:
        if self._closed or self._failure:
            return
        self._syncing = False
        if error is not None:
            self._fail(f"sync: {error}")
        try:
            self._after_sync()
        finally:  # whatever a callback may raise
            if self._waiting and not (self._syncing or self._closed):
                self._sync()
            elif not self._closed:
                self._sync_later()

    def _after_sync(self) -> None:
        if hooks:
            point("journal.after_sync")
        self._synced, self._bytes_synced = self._target, self._bytes_target
        while (last := self._dirty[0].last_sequence) is not None and last <= self._synced:
            self._dirty.popleft().file.close()
        while self._waiting and self._waiting[0][0] <= self._synced:
            self._waiting.popleft()[1]()
        if self._synced == self._sequence != self._noted and not self._pending:
            self._note()

    # Snapshots

    def _keep(self, snapshot: Snapshot) -> None:
        oldest = [self._room.oldest]

        def keep() -> None:
            write_snapshot(self._disk, snapshot)
            if hooks:
                point("snapshot.kept")
            options = self._options
            oldest[0] = retire(
                self._disk,
                options.snapshots_kept,
                options.snapshot_days,
                options.segments_max // 2,
                snapshot.local_ns,
            )

        def kept(error: Exception | None) -> None:
            self._snapshotting = False
            self._room.oldest = max(self._room.oldest, oldest[0])
            if error is None or self._closed:
                return
            if not is_lack_of_space(error):
                self._fail(f"snapshot: {error}")
            self._hooks.on_notice(f"no snapshot at record {snapshot.sequence}: {error}")

        if not self._closed:
            self._workers.chores.submit(keep, kept)

    def _fail(self, text: str) -> NoReturn:
        self._failure = f"{segment_name(self._number)}: {text}"
        self._hooks.die(self._failure)
        raise JournalError(self._failure)
