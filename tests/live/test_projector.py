"""Tables that begin in the middle of a journal: with the oldest snapshot, and equal in money to the whole."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from tests.support.record_story import story
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.records import Durability, Heard, InstrumentsListed, JournalRecord
from trimaran.engine.durable import Durable
from trimaran.engine.image import encode
from trimaran.journal.disk import RealDisk
from trimaran.journal.open import open_journal
from trimaran.journal.settings import JournalOptions
from trimaran.journal.tail import TailGone
from trimaran.ledger.ledger import Ledger
from trimaran.live.projector import run_projector
from trimaran.storage.projection.tables import FILLS, INSTRUMENTS, POSTINGS

OPTIONS = JournalOptions(segment_bytes=64 * 1024, snapshots_kept=1, snapshot_days=0)


def money_only(records: list[JournalRecord]) -> list[JournalRecord]:
    """What a ledger hears: the orders of a story are told to nobody here."""
    money = ("Fill", "Transfer", "FundingPaid", "InterestPaid", "Adjusted", "PositionAdjusted")
    return [
        record
        for record in records
        if isinstance(record, InstrumentsListed)
        or (isinstance(record, Heard) and type(record.event).__name__ in money)
    ]


async def write(folder: Path, records: list[JournalRecord], keep: int) -> None:
    """A journal whose only snapshot is that after record `keep`."""
    disk, durable = RealDisk(folder), Durable({}, ClientIdCounter(1, 1, 1))
    journal = open_journal(disk, OPTIONS).journal
    for number, record in enumerate(records, 1):
        durable.apply(record)
        journal.append(record)
        if number % 20 == 0:
            synced = asyncio.Event()
            journal.commit(Durability.DURABLE, synced.set)
            await synced.wait()
        if number == keep:
            journal.snapshot(encode(durable.image()), durable.state_hash(), 1)
    journal.close()
    disk.close()


def totals(url: str) -> dict[tuple[str, str, str], Decimal]:
    engine = create_engine(url)
    found: dict[tuple[str, str, str], Decimal] = {}
    with engine.connect() as connection:
        for row in connection.execute(select(POSTINGS)):
            key = row.account, row.market, row.asset
            found[key] = found.get(key, Decimal(0)) + row.amount
        assert connection.execute(select(INSTRUMENTS)).all()
        assert connection.execute(select(FILLS)).all()
    engine.dispose()
    return {key: amount for key, amount in found.items() if amount}


async def test_tables_begin_with_the_oldest_snapshot_where_the_first_records_are_gone(tmp_path: Path) -> None:
    records = money_only(story(11, 4_000))
    folder, url = tmp_path / "journal", f"sqlite:///{tmp_path / 'desk.db'}"
    await write(folder, records, len(records) - 200)
    assert not (folder / "00000001.journal").exists()
    stop = threading.Event()
    assert run_projector(folder, url, stop, once=True, niceness=0) == len(records)
    assert run_projector(folder, url, stop, once=True, niceness=0, rebuild=True) == len(records)
    ledger = Ledger({})
    for record in records:
        if isinstance(record, InstrumentsListed):
            ledger.list_instruments(record.instruments)
        elif isinstance(record, Heard):
            ledger.apply(record.event)
    expected = {
        (total.account.value, total.market, total.asset): total.amount for total in ledger.image().totals
    }
    assert totals(url) == expected


async def test_tables_that_lack_what_is_gone_are_not_continued(tmp_path: Path) -> None:
    records = money_only(story(12, 4_000))
    folder, url = tmp_path / "journal", f"sqlite:///{tmp_path / 'desk.db'}"
    await write(tmp_path / "early", records[:100], 0)
    stop = threading.Event()
    assert run_projector(tmp_path / "early", url, stop, once=True, niceness=0) == 100
    await write(folder, records, len(records) - 200)
    with pytest.raises(TailGone, match="rebuild them"):
        run_projector(folder, url, stop, once=True, niceness=0)
