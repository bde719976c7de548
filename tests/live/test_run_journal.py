"""The state of a desk on disk: what a start compares, what an upgrade may change, and what it refuses."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from msgspec.structs import replace

from tests.live.test_projector import money_only
from tests.support.record_story import story
from trimaran.base.errors import JournalError
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.records import Durability, JournalRecord, RunOpened
from trimaran.engine.durable import Durable
from trimaran.engine.image import DurableImage, encode
from trimaran.engine.image_schema import schema_number
from trimaran.journal.disk import RealDisk
from trimaran.journal.journal import Journal
from trimaran.journal.open import open_journal
from trimaran.journal.settings import Hooks, JournalOptions
from trimaran.live.run_config import RunSettings
from trimaran.live.run_journal import RunJournal, StateFolder
from trimaran.venues.wire.clock import SystemClock

OPTIONS = JournalOptions(segment_bytes=256 * 1024, snapshots_kept=1, snapshot_days=0)
RECORDS = money_only(list(story(3, 200)))


def folder_of(path: Path, version: str = "1.0") -> StateFolder:
    config = SimpleNamespace(journal=SimpleNamespace(options=lambda: OPTIONS))
    settings = cast(RunSettings, SimpleNamespace(journal=path, config=config))
    return StateFolder(settings, SystemClock(), lambda *_: None, version)


async def write(path: Path, hash_error: int = 0, version: str = "1.0", image: bytes = b"") -> Durable:
    """A journal with a snapshot in its middle."""
    disk, durable = RealDisk(path), Durable({}, ClientIdCounter(0, 0, 0))
    journal = open_journal(disk, OPTIONS).journal
    for number, record in enumerate(RECORDS):
        durable.apply(record)
        journal.append(record)
        if number == len(RECORDS) // 2:
            told = image or encode(durable.image())
            journal.snapshot(told, durable.state_hash() ^ hash_error, 1, schema_number(version))
            await synced(journal)
    await synced(journal)
    journal.close()
    disk.close()
    return durable


async def synced(journal: Journal) -> None:
    done = asyncio.Event()
    journal.commit(Durability.DURABLE, done.set)
    await done.wait()


async def test_a_start_goes_on_from_the_snapshot_where_it_has_the_hash_that_it_had(tmp_path: Path) -> None:
    written = await write(tmp_path / "journal")
    folder = folder_of(tmp_path / "journal")
    assert folder.opened.snapshot is not None
    assert folder.replayed().state_hash() == written.state_hash()
    folder.close()


async def test_a_snapshot_that_gives_another_state_refuses_the_start(tmp_path: Path) -> None:
    await write(tmp_path / "journal", hash_error=1)
    folder = folder_of(tmp_path / "journal")
    expected = r"\.snapshot: expected state hash [0-9a-f]{16} at record \d+, found"
    with pytest.raises(JournalError, match=expected):
        folder.replayed()
    folder.close()


async def test_a_hash_of_another_version_is_compared_with_nothing(tmp_path: Path) -> None:
    written = await write(tmp_path / "journal", hash_error=1, version="0.9")
    folder = folder_of(tmp_path / "journal")
    assert folder.replayed().state_hash() == written.state_hash()
    folder.close()


def test_another_field_of_the_state_is_another_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema_number("1.0")
    assert before == schema_number("1.0") != schema_number("1.1")
    more = msgspec.defstruct("DurableImage", [("more", int, 0)], bases=(DurableImage,), frozen=True)
    monkeypatch.setattr("trimaran.engine.image_schema.DurableImage", more)
    assert schema_number("1.0") != before


async def test_an_image_that_is_none_is_refused_by_the_name_of_its_file(tmp_path: Path) -> None:
    await write(tmp_path / "journal", image=b"\x80")
    folder = folder_of(tmp_path / "journal")
    with pytest.raises(JournalError, match=r"\.snapshot: snapshot: expected an image of the durable state"):
        folder.replayed()
    folder.close()


class Later(msgspec.Struct, frozen=True, tag="of a later version"):
    """A record that this version does not know."""

    local_ns: int


async def test_a_record_of_a_later_version_is_refused_with_its_place(tmp_path: Path) -> None:
    disk = RealDisk(tmp_path / "journal")
    journal = open_journal(disk, OPTIONS).journal
    journal.append(RECORDS[0])
    journal.append(cast(JournalRecord, Later(1)))
    await synced(journal)
    journal.close()
    disk.close()
    folder = folder_of(tmp_path / "journal")
    expected = "00000001.journal: byte [0-9]+: record 2: expected a record of this version, found: .*later"
    with pytest.raises(JournalError, match=expected):
        folder.replayed()
    folder.close()


def test_a_record_that_cannot_be_kept_ends_the_process(tmp_path: Path) -> None:
    deaths: list[str] = []
    disk = RealDisk(tmp_path / "journal")
    journal = open_journal(disk, OPTIONS, hooks=Hooks(die=deaths.append)).journal
    record = RunJournal(journal, ())
    with pytest.raises(JournalError):
        record.append(RunOpened(0, 0, 1, "a", "1", 2**70))
    assert "record: OverflowError" in deaths[0]
    assert not record.takes_risk
    with pytest.raises(JournalError):
        record.commit(Durability.FAST)
    journal.close()
    disk.close()


@pytest.mark.parametrize("local_ns", [1.5, "1", None])
def test_a_record_with_a_wrong_type_is_found_where_it_is_made(tmp_path: Path, local_ns: Any) -> None:
    disk = RealDisk(tmp_path / "journal")
    journal = open_journal(disk, replace(OPTIONS, verified=True)).journal
    with pytest.raises(JournalError, match="record: expected one that can be read"):
        journal.append(RunOpened(0, 0, 1, "a", "1", local_ns))
    journal.append(RunOpened(0, 0, 1, "a", "1", 1))
    journal.close()
    disk.close()


def test_a_second_process_is_refused_and_a_stale_owner_is_not(tmp_path: Path) -> None:
    first = folder_of(tmp_path / "journal")
    with pytest.raises(JournalError, match="expected no owner, found process"):
        folder_of(tmp_path / "journal")
    first.close()
    (tmp_path / "journal" / "owner.lock").write_text("1")  # of a process that is another one by now
    folder_of(tmp_path / "journal").close()
