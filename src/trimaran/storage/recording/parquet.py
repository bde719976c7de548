"""Converts a recording to Parquet: one row a record, payloads as they were.

    market, kind      dictionary encoded text
    local_ns          int64, nanoseconds since the Unix epoch
    symbol            text, empty where the record is of no single one
    payload           binary, every byte

Written beside its name and put in place whole, compressed with zstd, some 64 MiB of payload a row group.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import pyarrow
from pyarrow import parquet

from trimaran.storage.recording.segment import Record, RecordingError

GROUP_BYTES: Final = 64 * 1024 * 1024
GROUP_ROWS_MAX: Final = 500_000
_NAME: Final = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
SCHEMA: Final = pyarrow.schema(
    [
        ("market", _NAME),
        ("kind", _NAME),
        ("local_ns", pyarrow.int64()),
        ("symbol", _NAME),
        ("payload", pyarrow.binary()),
    ]
)


def write_parquet(
    records: Iterable[Record], market: str, path: Path, on_rows: Callable[[int], None] = lambda rows: None
) -> int:
    """Writes all records; how many. `on_rows` hears the number so far. Raises RecordingError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    rows = 0
    try:
        with parquet.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
            group: list[Record] = []
            size = 0
            for record in records:
                group.append(record)
                size += len(record.payload)
                if size >= GROUP_BYTES or len(group) >= GROUP_ROWS_MAX:
                    writer.write_table(_table(group, market))
                    rows += len(group)
                    on_rows(rows)
                    group, size = [], 0
            if group:
                writer.write_table(_table(group, market))
            rows += len(group)
        os.replace(temporary, path)
    except OSError as error:
        raise RecordingError(f"{path}: expected a file that can be written, found: {error}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return rows


def _table(group: list[Record], market: str) -> Any:
    columns = [
        pyarrow.array([market] * len(group)).dictionary_encode(),
        pyarrow.array([record.kind.name for record in group]).dictionary_encode(),
        pyarrow.array([record.local_ns for record in group], pyarrow.int64()),
        pyarrow.array([record.symbol for record in group]).dictionary_encode(),
        pyarrow.array([record.payload for record in group], pyarrow.binary()),
    ]
    return pyarrow.Table.from_arrays(columns, schema=SCHEMA)
