"""Reads recordings back, bit for bit, and says what is missing of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from trimaran.storage.recording.segment import (
    BLOCK,
    HEAD,
    HEAD_BYTES_MAX,
    MAGIC,
    SUFFIX,
    BlockHead,
    Head,
    Kind,
    Record,
    RecordingError,
    read_block_head,
    records_of,
    unpack_block,
)


class SegmentSummary(msgspec.Struct):
    """What a segment holds, as far as it was read."""

    path: Path
    head: Head
    records: int = 0
    lost: int = 0  # records that the writer could not keep
    first_ns: int = 0
    last_ns: int = 0
    raw_bytes: int = 0
    file_bytes: int = 0
    torn_bytes: int = 0  # of a block that was not written to its end
    closed: bool = False  # ended on purpose


def is_recording(path: Path) -> bool:
    """Whether a path is a segment, or a folder with some."""
    if path.is_dir():
        return any(path.glob(f"*{SUFFIX}"))
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def segments_of(path: Path) -> tuple[Path, ...]:
    """The segments of a folder in their order, or the one that is named. Raises RecordingError for none."""
    found = tuple(sorted(path.glob(f"*{SUFFIX}"))) if path.is_dir() else (path,)
    if not found:
        raise RecordingError(f"{path}: expected segments (*{SUFFIX}), found none")
    return found


def read_head(path: Path) -> Head:
    """What a segment is about. Raises RecordingError."""
    try:
        with path.open("rb") as file:
            return _head(path, file)
    except OSError as error:
        raise _unreadable(path, error) from None


class RecordingReader:
    """The records of segments, in their order. `summaries` fill while `records` is consumed."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.summaries: list[SegmentSummary] = []
        self._paths = tuple(paths)

    def records(self) -> Iterator[Record]:
        """Every whole record. Raises RecordingError for damage that is no torn tail."""
        for path in self._paths:
            try:
                with path.open("rb") as file:
                    summary = SegmentSummary(path, _head(path, file), file_bytes=path.stat().st_size)
                    self.summaries.append(summary)
                    yield from _blocks(file, summary)
            except OSError as error:
                raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> RecordingError:
    return RecordingError(f"{path}: expected a readable segment, found: {error.strerror}")


def _head(path: Path, file: BinaryIO) -> Head:
    fixed = file.read(HEAD.size)
    if len(fixed) < HEAD.size or not fixed.startswith(MAGIC):
        raise RecordingError(f"{path}: expected a segment of a recording, found another file")
    _, length, crc = HEAD.unpack(fixed)
    text = file.read(min(length, HEAD_BYTES_MAX))
    if len(text) != length or zlib.crc32(text) != crc:
        raise RecordingError(f"{path}: expected a whole head, found a damaged one at byte 0")
    try:
        return msgspec.json.decode(text, type=Head)
    except msgspec.MsgspecError as error:
        raise RecordingError(f"{path}: expected a head, found: {error}") from None


def _blocks(file: BinaryIO, summary: SegmentSummary) -> Iterator[Record]:
    while (at := file.tell()) < summary.file_bytes:
        if summary.closed:
            raise RecordingError(f"{summary.path}: expected its end, found more at byte {at}")
        fixed = file.read(BLOCK.size)
        head = read_block_head(fixed) if len(fixed) == BLOCK.size else None
        raw = unpack_block(head, file.read(head.packed_bytes)) if head is not None else None
        if head is None or raw is None:
            if _is_tail(file, head, at, summary.file_bytes):
                summary.torn_bytes = summary.file_bytes - at
                return
            raise RecordingError(f"{summary.path}: expected a whole block at byte {at}, found a damaged one")
        if head.count == 0:
            summary.closed = True
        else:
            yield from _counted(raw, at, head.count, summary)


def _is_tail(file: BinaryIO, head: BlockHead | None, at: int, file_bytes: int) -> bool:
    """Whether what cannot be read is the last block: cut, or not written before the power went."""
    if head is not None:
        return at + BLOCK.size + head.packed_bytes >= file_bytes
    file.seek(at)
    left = file.read(BLOCK.size)
    return len(left) < BLOCK.size or not (any(left) or any(file.read()))


def _counted(raw: bytes, at: int, count: int, summary: SegmentSummary) -> Iterator[Record]:
    summary.raw_bytes += len(raw)
    seen = 0
    try:
        for record in records_of(raw):
            seen += 1
            summary.records += 1
            summary.first_ns = summary.first_ns or record.local_ns
            summary.last_ns = record.local_ns
            if record.kind is Kind.LOST:
                summary.lost += int(record.payload)
            yield record
    except ValueError as error:
        raise RecordingError(f"{summary.path}: block at byte {at}: {error}") from None
    if seen != count:
        raise RecordingError(f"{summary.path}: block at byte {at}: expected {count} records, found {seen}")
