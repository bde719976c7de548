"""Records of a journal that say which one they are."""

from __future__ import annotations

from decimal import Decimal

from trimaran.domain.account import Transfer, TransferId
from trimaran.domain.instrument import Asset, MarketName
from trimaran.domain.records import Heard, JournalRecord, RunOpened


def numbered(number: int, filling: int = 0) -> JournalRecord:
    """The record with this number, longer by `filling` characters."""
    name = TransferId(f"{number}{'.' * filling}")
    return Heard(Transfer(name, MarketName("toy.spot"), Asset("USDT"), Decimal(number + 1), 0, number))


def number_of(record: JournalRecord) -> int:
    """The number of such a record."""
    assert isinstance(record, Heard)
    assert isinstance(record.event, Transfer)
    return record.event.local_ns


def opened(epoch: int) -> RunOpened:
    """The first record of a process."""
    return RunOpened(region=1, shard=1, epoch=epoch, holder="test", version="0", local_ns=epoch)
