"""A real desk whose disk is full, and one whose disk fails to sync."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.fault_books import Books
from tests.support.fault_venue import DeskProcess, Venue, desk, quiet, settings, until
from tests.support.small_disk import mounted
from trimaran.journal.settings import EXIT_CODE

MARKET: Final = "binance.usdm"
TRADE: Final = {"durability": "durable", "per_tick": 1.0, "segment_bytes": 32_768}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path, 2) as point:
        yield point


def fill(disk: Path) -> Path:
    """Takes all the room that is left."""
    path = disk / "other"
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    return path


def test_a_full_disk_stops_new_risk_and_nothing_else(venue: Venue, small_disk: Path, tmp_path: Path) -> None:
    path, shard = settings(venue, tmp_path, [MARKET], state=str(small_disk / "state"))
    books = Books(venue, path, shard, [MARKET], str(small_disk / "state"))
    with desk(path, **TRADE) as process:
        until(lambda: books.last_epoch() > 0, process)
        other = fill(small_disk)
        until(lambda: process.said("refused journal"), process)
        orders = len(books.orders())
        refused = count(process)
        until(lambda: count(process) > refused + 10, process)
        assert len(books.orders()) == orders
        quiet(path)  # it cancels what is open
        until(lambda: not books.open(), process)
        other.unlink()
        quiet(path, wanted=False)
        until(lambda: len(books.orders()) > orders + 5, process)
        quiet(path)
        books.settle(process)


def count(process: DeskProcess) -> int:
    return process.lines.count("refused journal")


@pytest.mark.parametrize("syncs", [8, *(pytest.param(n, marks=pytest.mark.long) for n in range(9, 40, 3))])
def test_a_failed_sync_ends_the_desk_and_the_next_one_goes_on(
    venue: Venue, tmp_path: Path, syncs: int
) -> None:
    path, shard = settings(venue, tmp_path, [MARKET])
    books = Books(venue, path, shard, [MARKET])
    with desk(path, syncs=syncs, **TRADE) as process:
        assert process.end() == EXIT_CODE, process.lines[-30:]
        assert any("Input/output error" in line for line in process.lines)
        assert process.lines[-1].startswith("trimaran: journal: ") or process.lines[-1] == "failed"
    time.sleep(0.2)  # what was on the way arrives
    assert not (wrong := books.sent()), wrong
    epoch = books.replay().counter.epoch
    with desk(path, **TRADE) as process:
        until(lambda: books.last_epoch() > epoch, process)
        quiet(path)
        books.settle(process)
