"""Writes a recording: the trading thread appends to memory, a thread of its own packs, writes and syncs.

Appending costs a copy and no more. Once a second, or when a block is full, the records go to the writing
thread; what it has written is synced at once, so that a killed process loses the records of at most the last
second, and so does a machine that loses its power. When the disk is slower than the venues, the backlog is
bounded: further records are not kept, and a LOST record with their number is, as soon as there is room again.

An error of the disk ends the recording: `append` keeps nothing any more, and `failure` says why.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from trimaran.storage.private_file import sync_folder
from trimaran.storage.recording.segment import (
    SUFFIX,
    Head,
    Kind,
    RecordingError,
    pack_block,
    pack_head,
    pack_record,
)

MIB: Final = 1024 * 1024
CLOSED: Final = -1  # instead of a file descriptor


class WriterOptions(msgspec.Struct, frozen=True):
    """Sizes in bytes."""

    block_bytes: int = 1 * MIB  # of records, before packing
    segment_bytes_max: int = 256 * MIB  # then the next segment begins
    segment_ns_max: int = 3_600 * 1_000_000_000
    backlog_bytes_max: int = 64 * MIB  # waiting for the disk


class WriterCounters(msgspec.Struct):
    """What was recorded; only ever grows."""

    records: int = 0
    raw_bytes: int = 0
    written_bytes: int = 0
    segments: int = 0
    lost: int = 0  # records that could not be kept


class _Block(msgspec.Struct):
    raw: bytearray
    count: int
    first_ns: int
    last_ns: int


class RecordingWriter:
    """One market's recording. `append` and `tick` from one thread; `close` waits for the disk."""

    def __init__(self, folder: Path, head: Head, options: WriterOptions | None = None) -> None:
        """Makes the folder and the first segment. Raises RecordingError."""
        self.counters = WriterCounters()
        self.failure: RecordingError | None = None
        self._options = options or WriterOptions()
        self._folder = folder
        self._head = head
        self._open: _Block | None = None
        self._unkept = 0
        self._waiting: deque[_Block] = deque()
        self._waiting_bytes = 0
        self._closing = False
        self._condition = threading.Condition()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._begin(head.number)
        except OSError as error:
            raise self._refusal(error) from None
        self._segment_bytes = 0
        self._segment_began_ns = 0
        self._thread = threading.Thread(target=self._run, name=f"record {head.market}", daemon=True)
        self._thread.start()

    def append(self, kind: Kind, local_ns: int, payload: bytes | memoryview, symbol: str = "") -> None:
        """Keeps one record; the payload is copied before this returns."""
        if self.failure is not None or self._waiting_bytes >= self._options.backlog_bytes_max:
            self._unkept += 1
            self.counters.lost += 1
            return
        if self._unkept and self.failure is None:
            count, self._unkept = self._unkept, 0
            self._add(Kind.LOST, local_ns, str(count).encode(), "")
        self._add(kind, local_ns, payload, symbol)

    def tick(self) -> None:
        """Hands over what there is; to be called about once a second."""
        if self._open is not None:
            block, self._open = self._open, None
            with self._condition:
                self._waiting.append(block)
                self._waiting_bytes += len(block.raw)
                self._condition.notify()

    def close(self) -> None:
        """Writes everything, ends the segment, stops the thread. Raises RecordingError if the disk failed."""
        self.tick()
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _add(self, kind: Kind, local_ns: int, payload: bytes | memoryview, symbol: str) -> None:
        block = self._open
        if block is None:
            block = self._open = _Block(bytearray(), 0, local_ns, local_ns)
        block.raw += pack_record(kind, local_ns, payload, symbol)
        block.count += 1
        block.last_ns = local_ns
        self.counters.records += 1
        if len(block.raw) >= self._options.block_bytes:
            self.tick()

    def _run(self) -> None:
        try:
            while (block := self._next()) is not None:
                self._write(block)
            self._end()
        except OSError as error:
            self.failure = self._refusal(error)
        finally:
            self._close_file()

    def _next(self) -> _Block | None:
        with self._condition:
            while not self._waiting and not self._closing:
                self._condition.wait()
            return self._waiting.popleft() if self._waiting else None

    def _write(self, block: _Block) -> None:
        self._rotate(block.first_ns)
        packed = pack_block(block.raw, block.count, block.first_ns, block.last_ns)
        _write_all(self._file, packed)
        os.fdatasync(self._file)
        self._segment_bytes += len(packed)
        self.counters.raw_bytes += len(block.raw)
        self.counters.written_bytes += len(packed)
        with self._condition:
            self._waiting_bytes -= len(block.raw)

    def _rotate(self, now_ns: int) -> None:
        self._segment_began_ns = self._segment_began_ns or now_ns
        old = now_ns - self._segment_began_ns >= self._options.segment_ns_max
        if self._segment_bytes >= self._options.segment_bytes_max or (old and self._segment_bytes):
            self._end()
            self._close_file()
            self._file = self._begin(self._head.number + self.counters.segments)
            self._segment_bytes, self._segment_began_ns = 0, now_ns

    def _begin(self, number: int) -> int:
        head = msgspec.structs.replace(self._head, number=number)
        path = self._folder / f"{head.started_ns:020d}-{number:06d}{SUFFIX}"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            _write_all(file, pack_head(head))
            os.fsync(file)
            sync_folder(self._folder)
        except BaseException:
            os.close(file)
            raise
        self.counters.segments += 1
        return file

    def _close_file(self) -> None:
        """Once: the number may be that of somebody else's socket by the time of a second one."""
        file, self._file = self._file, CLOSED
        if file != CLOSED:
            os.close(file)

    def _end(self) -> None:
        _write_all(self._file, pack_block(b"", 0, 0, 0))
        os.fsync(self._file)

    def _refusal(self, error: OSError) -> RecordingError:
        return RecordingError(
            f"{self._folder}: expected a disk that takes the recording, found: {error.strerror}"
        )


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
