"""A real desk whose own clock is set while it trades, and one whose venue's clock is.

After a step that makes every quote look old it trades no more for as long as `books/lag.py` remembers: some
minutes. So a test does not wait for orders after each step, but for a ledger that is the venue's.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import pytest

from tests.support.fault_books import Books
from tests.support.fault_venue import Venue, desk, quiet, settings, until

LIBRARIES: Final = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
MARKETS: Final = ("binance.usdm", "okx.swap", "htx.spot", "binance.spot", "okx.spot", "htx.swap")
STEPS_S: Final = (-0.4, -3.0, 0.4, 3.0)
STEP_S: Final = 3.0


def set_clock(file: Path, offset_s: float) -> None:
    """Sets the desk's clock against that of the machine, in one moment."""
    half = file.with_suffix(".half")
    half.write_text(f"{offset_s:+.1f}s\n")
    os.replace(half, file)


@pytest.mark.long
@pytest.mark.skipif(not LIBRARIES, reason="setting the clock of one process needs libfaketime")
@pytest.mark.parametrize("market", MARKETS)
def test_a_desk_whose_clock_is_set(venue: Venue, tmp_path: Path, market: str) -> None:
    path, shard = settings(venue, tmp_path, [market])
    books = Books(venue, path, shard, [market])
    file = tmp_path / "offset"
    set_clock(file, 0.0)
    fake = {
        "ld_preload": LIBRARIES[0],
        "faketime_timestamp_file": file,
        "faketime_no_cache": 1,
        "faketime_dont_fake_monotonic": 1,
    }
    with desk(path, per_tick=1.0, **fake) as process:
        until(lambda: books.last_epoch() > 0, process)
        for step_s in STEPS_S:
            set_clock(file, step_s)
            time.sleep(STEP_S)
        set_clock(file, 0.0)
        quiet(path)
        books.settle(process)


@pytest.mark.long
@pytest.mark.parametrize("market", MARKETS)
def test_a_venue_whose_clock_is_set(venue: Venue, tmp_path: Path, market: str) -> None:
    path, shard = settings(venue, tmp_path, [market])
    books = Books(venue, path, shard, [market])
    with desk(path, per_tick=1.0) as process:
        until(lambda: books.last_epoch() > 0, process)
        for step_s in STEPS_S:
            venue.post("clock", offset_ms=round(step_s * 1_000))
            time.sleep(STEP_S)
        venue.post("clock", offset_ms=0)
        quiet(path)
        books.settle(process)
