"""Recordings: bit for bit, bounded, rotated, and honest about what is missing."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.storage.recording.parquet import write_parquet
from trimaran.storage.recording.reader import RecordingReader, is_recording, read_head, segments_of
from trimaran.storage.recording.segment import (
    Head,
    Kind,
    Record,
    RecordingError,
    pack_block,
    pack_record,
    records_of,
)
from trimaran.storage.recording.writer import RecordingWriter, WriterOptions

HEAD = Head("okx.spot", 0, 1_700_000_000_000_000_000, ("BTC-USDT",))
RECORDS = st.builds(
    Record,
    st.sampled_from([kind for kind in Kind if kind is not Kind.LOST]),
    st.integers(0, 2**63 - 1),
    st.binary(max_size=300),
    st.text(max_size=20).filter(lambda text: len(text.encode(errors="ignore")) < 200),
)


def read(folder: Path) -> tuple[list[Record], RecordingReader]:
    reader = RecordingReader(segments_of(folder))
    return list(reader.records()), reader


def write(folder: Path, records: list[Record], options: WriterOptions | None = None) -> RecordingWriter:
    writer = RecordingWriter(folder, HEAD, options)
    for record in records:
        writer.append(record.kind, record.local_ns, record.payload, record.symbol)
    writer.close()
    return writer


def frames(count: int, size: int = 100) -> list[Record]:
    return [Record(Kind.FRAME, HEAD.started_ns + n, n.to_bytes(4) * (size // 4)) for n in range(count)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed segment of several blocks."""
    folder = tmp_path_factory.mktemp("whole") / "r"
    write(folder, frames(100), WriterOptions(block_bytes=1_000))
    return segments_of(folder)[0]


@settings(max_examples=40)
@given(st.lists(RECORDS, max_size=30))
def test_records_come_back_bit_for_bit(records: list[Record]) -> None:
    raw = b"".join(pack_record(each.kind, each.local_ns, each.payload, each.symbol) for each in records)
    assert list(records_of(raw)) == records


def test_a_recording_comes_back(tmp_path: Path) -> None:
    records = [
        *frames(500),
        Record(Kind.SNAPSHOT, 5, b'{"bids":[]}', "BTC-USDT"),
        Record(Kind.DOWN, 6, b"lost"),
    ]
    write(tmp_path / "r", records, WriterOptions(block_bytes=1_000))
    found, reader = read(tmp_path / "r")
    assert found == records
    (summary,) = reader.summaries
    assert summary.closed
    assert summary.torn_bytes == 0
    assert summary.records == len(records)
    assert read_head(summary.path) == HEAD
    assert is_recording(tmp_path / "r")
    assert is_recording(summary.path)
    assert not is_recording(tmp_path)


def test_payloads_are_copied_at_once(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", HEAD)
    borrowed = bytearray(b"as it was")
    with memoryview(borrowed) as view:
        writer.append(Kind.FRAME, 1, view)
    borrowed[:] = b"different"
    writer.close()
    assert read(tmp_path / "r")[0] == [Record(Kind.FRAME, 1, b"as it was")]


def test_segments_rotate_by_size_and_by_age(tmp_path: Path) -> None:
    write(tmp_path / "size", frames(2_000), WriterOptions(block_bytes=5_000, segment_bytes_max=2_000))
    found, reader = read(tmp_path / "size")
    assert found == frames(2_000)
    assert len(reader.summaries) > 5
    assert [each.head.number for each in reader.summaries] == list(range(len(reader.summaries)))
    assert all(each.closed for each in reader.summaries)
    write(tmp_path / "age", frames(100), WriterOptions(block_bytes=1_000, segment_ns_max=30))
    assert 3 <= len(segments_of(tmp_path / "age")) <= 5


def test_a_backlog_is_bounded_and_what_is_lost_is_told(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", HEAD, WriterOptions(block_bytes=1_000, backlog_bytes_max=10_000))
    with writer._condition:  # the disk stands still
        for record in frames(500):
            writer._condition.release()
            writer._condition.acquire()
            writer.append(record.kind, record.local_ns, record.payload)
            if writer.counters.lost > 50:
                break
            writer._waiting_bytes += 100
    lost = writer.counters.lost
    assert lost > 50
    writer._waiting_bytes = 0
    writer.append(Kind.FRAME, 9, b"again")
    writer.close()
    found, reader = read(tmp_path / "r")
    assert sum(int(each.payload) for each in found if each.kind is Kind.LOST) == lost
    assert found[-1] == Record(Kind.FRAME, 9, b"again")
    assert reader.summaries[0].lost == lost


def test_a_torn_tail_is_cut_at_the_last_whole_block(tmp_path: Path) -> None:
    write(tmp_path / "r", frames(100), WriterOptions(block_bytes=1_000))
    (path,) = segments_of(tmp_path / "r")
    whole = path.read_bytes()
    seen = set()
    for cut in range(1, 600):
        path.write_bytes(whole[:-cut])
        found, reader = read(path)
        assert found == frames(100)[: len(found)]
        assert not reader.summaries[0].closed
        seen.add((len(found), reader.summaries[0].torn_bytes > 0))
    assert len({count for count, _ in seen}) > 2
    assert {torn for _, torn in seen} == {True, False}


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_flipped_bit_in_the_middle_is_refused_and_says_where(whole: Path, data: st.DataObject) -> None:
    broken = bytearray(whole.read_bytes())
    index = data.draw(st.integers(0, len(broken) - 400))
    broken[index] ^= 1 << data.draw(st.integers(0, 7))
    path = whole.with_name("broken")
    path.write_bytes(broken)
    with pytest.raises(RecordingError, match=r"byte \d+|another file|head"):
        read(path)


def test_zeros_behind_the_last_block_are_a_torn_tail(tmp_path: Path) -> None:
    write(tmp_path / "r", frames(10))
    (path,) = segments_of(tmp_path / "r")
    whole = path.read_bytes()
    end = len(whole) - len(pack_block(b"", 0, 0, 0))
    path.write_bytes(whole[:end] + bytes(4_096))
    found, reader = read(path)
    assert found == frames(10)
    assert reader.summaries[0].torn_bytes == 4_096


def test_what_stands_behind_the_end_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "r", frames(10))
    (path,) = segments_of(tmp_path / "r")
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(RecordingError, match="expected its end"):
        read(path)


@pytest.mark.parametrize("text", [b"", b"TRIMREC1", b"something else entirely", b"TRIMREC1" + bytes(8)])
def test_another_file_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "x.rec"
    path.write_bytes(text)
    with pytest.raises(RecordingError):
        read(path)


def test_nothing_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="found none"):
        segments_of(tmp_path)
    with pytest.raises(RecordingError, match="No such file"):
        read_head(tmp_path / "missing.rec")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="expected a disk"):
        RecordingWriter(tmp_path / "file" / "r", HEAD)


def test_a_full_disk_ends_the_recording_and_says_so(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    writer = RecordingWriter(tmp_path / "r", HEAD)
    descriptor = os.open(full, os.O_WRONLY)
    os.dup2(descriptor, writer._file)
    os.close(descriptor)
    writer.append(Kind.FRAME, 1, b"x")
    with pytest.raises(RecordingError, match="No space"):
        writer.close()
    writer.append(Kind.FRAME, 2, b"y")
    assert writer.counters.lost == 1


def test_a_segment_that_cannot_be_begun_closes_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of the file that was closed may be that of a socket of the desk by then."""
    writer = RecordingWriter(tmp_path / "r", HEAD, WriterOptions(segment_bytes_max=1))
    closed: list[int] = []
    close = os.close

    def watched(file: int) -> None:
        closed.append(file)
        close(file)

    def refuse(number: int) -> int:
        raise OSError(errno.ENOSPC, "no space left on the device")

    monkeypatch.setattr(os, "close", watched)
    for record in frames(2):
        writer.append(record.kind, record.local_ns, record.payload)
        writer.tick()
        monkeypatch.setattr(writer, "_begin", refuse)
    with pytest.raises(RecordingError, match="no space"):
        writer.close()
    assert len(closed) == 1


CHILD = """
import sys, time
from pathlib import Path
from trimaran.storage.recording.segment import Head, Kind
from trimaran.storage.recording.writer import RecordingWriter
writer = RecordingWriter(Path(sys.argv[1]), Head("m", 0, 1))
number = 0
while True:
    for _ in range(50):
        writer.append(Kind.FRAME, time.time_ns(), number.to_bytes(8) * 20)
        number += 1
    if number % 500 == 0:
        writer.tick()
        print(number, writer.counters.written_bytes, flush=True)
    time.sleep(0.002)
"""


def test_kill_9_loses_at_most_what_was_not_synced(tmp_path: Path) -> None:
    """Whatever had been handed over before the counter of written bytes grew is there, in order."""
    child = subprocess.Popen(
        (sys.executable, "-c", CHILD, str(tmp_path / "r")), stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    lines = []
    deadline = time.monotonic() + 30
    while len(lines) < 8 and time.monotonic() < deadline:
        lines.append(tuple(map(int, child.stdout.readline().split())))
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    found, reader = read(tmp_path / "r")
    assert [record.payload for record in found] == [n.to_bytes(8) * 20 for n in range(len(found))]
    written = lines[-1][1]  # synced when the line was printed
    durable = sum(1 for number, _ in lines if number) and reader.summaries[0].file_bytes >= written
    assert durable
    assert len(found) >= lines[-2][0] - 500  # one block is handed over while another one is being synced


def test_parquet_holds_every_byte(tmp_path: Path) -> None:
    records = [*frames(50), Record(Kind.SNAPSHOT, 7, b"\x1f\x8b\x00\xff", "ETH-USDT")]
    heard: list[int] = []
    assert write_parquet(records, "htx.spot", tmp_path / "x.parquet", heard.append) == 51
    table = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    assert table.column("payload").to_pylist() == [record.payload for record in records]
    assert table.column("local_ns").to_pylist() == [record.local_ns for record in records]
    assert set(table.column("market").to_pylist()) == {"htx.spot"}
    assert table.column("kind").to_pylist()[-1] == "SNAPSHOT"
    assert table.column("symbol").to_pylist()[-1] == "ETH-USDT"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.parquet"]


def test_parquet_of_nothing_and_where_nothing_can_be_written(tmp_path: Path) -> None:
    assert write_parquet([], "m", tmp_path / "empty.parquet") == 0
    assert pyarrow.parquet.read_table(tmp_path / "empty.parquet").num_rows == 0
    with pytest.raises(RecordingError):
        write_parquet([], "m", tmp_path / "missing" / "x.parquet")
