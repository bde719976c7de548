"""The power goes while a real desk trades: its state is on a file system in a file, which is copied.

`durable`: every order that the venue has is in the copy. `fast`: the last ones may not be; a desk that starts
on the copy has the venue's ledger once it has compared, and nothing was sent twice.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.fault_books import Books
from tests.support.fault_venue import Venue, desk, quiet, settings, until
from tests.support.loop_disk import LoopDisk
from trimaran.domain.records import Durability

MARKETS: Final = {
    Durability.DURABLE: ("binance.usdm", "okx.swap", "htx.spot"),
    Durability.FAST: ("okx.spot", "htx.swap", "binance.usdm"),
}
POINTS: Final = {  # how often it is passed before
    "order.after_send": 30,
    "sync.before": 60,
    "intent.after_write": 60,
    "answer.after_step": 30,
    "segment.rotated": 3,
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LoopDisk]:
    made = LoopDisk(tmp_path)
    yield made
    made.close()


def seeds(few: int, many: int) -> list[object]:
    """Some for every run, many for the long one."""
    return [*range(few), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(few, many))]


@pytest.mark.parametrize("durability", list(Durability))
@pytest.mark.parametrize("seed", seeds(1, 15))
def test_orders_and_a_power_cut(
    venue: Venue, disk: LoopDisk, tmp_path: Path, durability: Durability, seed: int
) -> None:
    rng = random.Random(f"{seed}:{durability}")
    market = MARKETS[durability][seed % 3]
    point, most = list(POINTS.items())[seed % len(POINTS)]
    nth = rng.randrange(1, most + 1)
    trade = {"durability": durability.value, "per_tick": 2.0, "segment_bytes": 32_768, "seed": seed}
    state = str(disk.root / "state")
    path, shard = settings(venue, tmp_path, [market], state=state)
    forgets = durability is Durability.FAST
    with desk(path, fail_at=f"{point}:{nth}:stop", **trade) as process:
        until(
            lambda: process.process.poll() is not None or process.halted() or process.said("halts"), process
        )
        process.send(signal.SIGSTOP)
        until(process.halted)
        left = disk.cut()
    copy = str(left / "state")
    books = Books(venue, path, shard, [market], copy)
    assert not (wrong := books.sent(forgets=forgets)), wrong
    before, epoch = f"{books.replay().state_hash():016x}", books.replay().counter.epoch
    path.write_text(path.read_text().replace(state, copy))
    with desk(path, **trade) as process:
        until(lambda: books.last_epoch() > epoch, process)
        assert process.said("replayed") == f"replayed {before}"
        quiet(path)
        books.settle(process, forgets=forgets)
