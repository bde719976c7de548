"""What recovery believes: a table of tails and damages, each over two segments written by hand."""

from __future__ import annotations

import google_crc32c
import pytest

from tests.support.journal_records import number_of, numbered
from trimaran.base.errors import JournalError
from trimaran.journal.frame import HEAD, Head, encode_record, pack_frame, pack_head, seed_of
from trimaran.journal.recover import Start, entries_of, recover

SIZE = 4096


class Pen:
    """Writes one segment."""

    def __init__(self, number: int, first: int, synced: int, chain: int = 0) -> None:
        self.number, self.sequence, self.chain = number, first - 1, chain
        self.data = pack_head(Head(number, first, synced, chain))
        self.starts: dict[int, int] = {}

    def record(self, synced: int) -> Pen:
        self.sequence += 1
        self.starts[self.sequence] = len(self.data)
        payload = encode_record(numbered(self.sequence))
        frame, self.chain = pack_frame(seed_of(self.number), self.sequence, synced, payload)
        self.data += frame
        return self

    def note(self) -> Pen:
        self.data += pack_frame(seed_of(self.number), self.sequence, self.sequence, b"")[0]
        return self

    def file(self, *, flip: int | None = None, zero: tuple[int, int] | None = None) -> tuple[int, bytes]:
        data = bytearray(self.data.ljust(SIZE, b"\0"))
        if flip is not None:
            data[flip] ^= 4
        if zero is not None:
            data[zero[0] : zero[1]] = bytes(zero[1] - zero[0])
        return self.number, bytes(data)


def three() -> Pen:
    """Records 1 to 3: the third was written when the first was known to be synced."""
    return Pen(1, 1, 0).record(0).record(0).record(1)


def test_nothing_is_an_empty_journal() -> None:
    found = recover([])
    assert (found.sequence, found.kept, found.torn) == (0, (), "")


def test_a_file_that_was_allocated_and_never_written_is_dropped() -> None:
    pen = three()
    found = recover([pen.file(), (2, bytes(SIZE))])
    assert (found.sequence, found.dropped, found.torn) == (3, (2,), "")


def test_a_file_that_was_about_to_be_allocated_is_dropped() -> None:
    assert recover([three().file(), (2, b"")]).dropped == (2,)


def test_whole_records_are_kept_and_read() -> None:
    pen = three().note()
    found = recover([pen.file()])
    assert (found.sequence, found.synced, found.chain, found.torn) == (3, 3, pen.chain, "")
    assert found.kept[0].end == len(pen.data)
    entries = list(entries_of(found.kept[0], pen.file()[1], 1))
    assert [(entry.sequence, number_of(entry.record)) for entry in entries] == [(2, 2), (3, 3)]


def test_two_segments_are_one_row() -> None:
    pen = three()
    second = Pen(2, 4, 3, pen.chain).record(3)
    assert recover([pen.file(), second.file()]).sequence == 4


def test_a_torn_record_is_cut() -> None:
    pen = three()
    found = recover([(1, pen.data[:-5])])
    assert found.sequence == 2
    assert found.kept[0].end == pen.starts[3]
    assert f"cut at byte {pen.starts[3]}, before record 3" in found.torn


def test_a_hole_in_the_unsynced_tail_is_cut_with_what_follows() -> None:
    pen = three()
    found = recover([pen.file(zero=(pen.starts[2], pen.starts[3]))])
    assert found.sequence == 1
    assert found.torn


@pytest.mark.parametrize("where", ["mark", "length", "payload"])
def test_a_flip_that_nobody_knows_to_be_synced_is_a_torn_tail(where: str) -> None:
    pen = three()
    offset = {"mark": 0, "length": 5, "payload": 40}[where]
    assert recover([pen.file(flip=pen.starts[2] + offset)]).sequence == 1


@pytest.mark.parametrize("offset", [0, 3, 4, 7, 12, 20, 27, 40])
def test_a_flip_in_what_a_later_record_knows_to_be_synced_is_refused(offset: int) -> None:
    pen = three()
    place = rf"00000001\.journal: byte {pen.starts[1]}: sequence 1: expected record 1, which record 3"
    with pytest.raises(JournalError, match=place):
        recover([pen.file(flip=pen.starts[1] + offset)])


def test_a_hole_in_what_is_known_to_be_synced_is_refused() -> None:
    pen = three()
    with pytest.raises(JournalError, match="sequence 1"):
        recover([pen.file(zero=(pen.starts[1], pen.starts[2]))])


def test_a_flip_in_a_head_is_refused_where_its_records_are_known() -> None:
    with pytest.raises(JournalError, match="byte 0: sequence 1: expected record 1"):
        recover([three().file(flip=9)])


def test_the_note_makes_the_last_record_known() -> None:
    pen = three().note()
    with pytest.raises(JournalError, match="sequence 3"):
        recover([pen.file(flip=pen.starts[3] + 30)])


def test_the_next_head_makes_the_last_record_known() -> None:
    pen = three()
    second = Pen(2, 4, 3, pen.chain)
    with pytest.raises(JournalError, match=r"sequence 3.*the head of 00000002\.journal"):
        recover([pen.file(flip=pen.starts[3] + 30), second.file()])


def test_a_tail_that_is_missing_is_refused_where_it_is_known() -> None:
    pen = three()
    second = Pen(2, 4, 3, pen.chain)
    with pytest.raises(JournalError, match="sequence 2"):
        recover([pen.file(zero=(pen.starts[2], SIZE)), second.file()])


def test_a_whole_unsynced_segment_may_be_lost() -> None:
    pen = three()
    second = Pen(2, 4, 1, pen.chain).record(1)
    third = Pen(3, 5, 1, second.chain).record(1)
    found = recover([pen.file(), second.file(zero=(0, SIZE)), third.file()])
    assert (found.sequence, found.dropped) == (3, (2, 3))


def test_a_missing_file_is_refused() -> None:
    pen = three()
    with pytest.raises(JournalError, match=r"00000002\.journal: expected the segment before 00000003"):
        recover([pen.file(), (3, bytes(SIZE))])


def test_the_first_file_must_be_there() -> None:
    with pytest.raises(JournalError, match=r"00000001\.journal: expected"):
        recover([Pen(2, 4, 3).record(3).file()])


def test_a_segment_of_another_journal_is_refused() -> None:
    pen = three()
    with pytest.raises(JournalError, match="expected chain"):
        recover([pen.file(), Pen(2, 4, 1, pen.chain ^ 1).file()])


def test_a_later_version_is_refused() -> None:
    body = bytearray(pack_head(Head(1, 1, 0, 0)))
    body[8] = 2
    changed = _sealed(bytes(body), 1)
    with pytest.raises(JournalError, match="expected format version 1, found 2"):
        recover([(1, changed)])


def test_a_replay_behind_a_snapshot_begins_in_its_segment() -> None:
    pen = Pen(5, 10, 9, 77).record(9).record(10)
    found = recover([pen.file()], Start(sequence=10, segment=5))
    assert (found.sequence, found.kept[0].first_sequence) == (11, 10)
    assert [e.sequence for e in entries_of(found.kept[0], pen.file()[1], 10)] == [11]


def test_what_a_snapshot_needs_must_be_there() -> None:
    with pytest.raises(JournalError, match="expected the segment in which the snapshot"):
        recover([], Start(sequence=10, segment=5))
    with pytest.raises(JournalError, match="sequence 11"):
        recover([Pen(5, 12, 10).record(10).record(11).file()], Start(sequence=10, segment=5))


@pytest.mark.parametrize("content", [b"", bytes(SIZE), b"x" * SIZE])
def test_the_segment_of_a_snapshot_has_its_head_for_that_was_synced_before(content: bytes) -> None:
    expected = "00000005.journal: byte 0: expected the head of the segment in which the snapshot at record 10"
    with pytest.raises(JournalError, match=expected):
        recover([(5, content)], Start(sequence=10, segment=5))


def test_a_journal_shorter_than_its_snapshot_is_refused() -> None:
    with pytest.raises(JournalError, match="sequence 11: expected record 11, which the snapshot"):
        recover([Pen(5, 10, 9).record(9).file()], Start(sequence=11, segment=5))


def test_garbage_behind_the_end_is_cut() -> None:
    pen = three()
    found = recover([(1, pen.data + b"\0" * 99 + b"garbage" * 20)])
    assert found.sequence == 3
    assert found.kept[0].end == len(pen.data)


def _sealed(head: bytes, number: int) -> bytes:
    """The head with the checksum that belongs to its bytes."""
    body = head[: HEAD.size - 4]
    return body + int(google_crc32c.extend(seed_of(number), body)).to_bytes(4, "little")
