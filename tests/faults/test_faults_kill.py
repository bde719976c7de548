"""A real desk that ends at each named point of its code, on simulated venues in processes of their own."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.support.fault_books import Books
from tests.support.fault_points import (
    AMEND_POINTS,
    DISK_POINTS,
    EXITED,
    ORDER_POINTS,
    RESOLVER_POINTS,
    START_POINTS,
)
from tests.support.fault_venue import SECONDS_MAX, Venue, desk, quiet, settings, until

MARKETS: Final = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap", "htx.spot", "htx.swap")
UNSURE: Final = ("reconcile.middle",)  # a comparison that finds nothing writes nothing; then it is killed
UNSURE_S: Final = 8.0
FEW: Final = ("intent.after_write", "order.sent", "snapshot.half", "fill.after_append")
SMALL: Final = {"segment_bytes": 65_536, "per_tick": 1.0}


def hash_of(books: Books) -> str:
    return f"{books.replay().state_hash():016x}"


def die_at(path: Path, books: Books, point: str, nth: int, seed: int) -> None:
    """One life, to its end at a point; what has left is known, and the journal is what memory was."""
    before = hash_of(books)
    with desk(path, fail_at=f"{point}:{nth}", seed=seed, **SMALL) as process:
        code = process.end(UNSURE_S if point in UNSURE else SECONDS_MAX)
        assert code == EXITED or point in UNSURE, (point, nth, process.news())
        assert not (wrong := books.sent()), (point, nth, wrong)
        assert process.said("replayed") in ("", f"replayed {before}"), (point, nth)
        told = process.said("died").split()[2:]
        assert told in ([], ["-"], [hash_of(books)]), (point, nth)


def live_on(path: Path, books: Books) -> None:
    """The last life: it trades again, and comes to rest with the ledger of the venue."""
    before, epoch = hash_of(books), books.replay().counter.epoch
    with desk(path, **SMALL) as process:
        until(lambda: books.last_epoch() > epoch, process)
        assert process.said("replayed") == f"replayed {before}"
        quiet(path)
        books.settle(process)


def opened(venue: Venue, folder: Path, markets: Sequence[str]) -> tuple[Path, Books]:
    """A desk that has traded, and was killed."""
    path, shard = settings(venue, folder, markets)
    books = Books(venue, path, shard, markets)
    with desk(path, **SMALL) as process:
        until(lambda: books.last_epoch() > 0, process)
    return path, books


def test_a_desk_that_ends_at_some_points_goes_on_exactly(venue: Venue, tmp_path: Path) -> None:
    path, books = opened(venue, tmp_path, ["binance.usdm"])
    for number, point in enumerate(FEW):
        die_at(path, books, point, 2, number)
    live_on(path, books)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("market", MARKETS)
def test_a_desk_that_ends_at_every_point_goes_on_exactly(
    venue: Venue, tmp_path: Path, market: str, seed: int
) -> None:
    rng = random.Random(f"{market}:{seed}")
    path, books = opened(venue, tmp_path, [market])
    points = [*ORDER_POINTS, *DISK_POINTS, *START_POINTS]
    if market not in ("htx.spot", "htx.swap"):
        points += AMEND_POINTS
    rng.shuffle(points)
    for point in points:
        nth = 1 if point.partition(".")[0] in ("begin", "reconcile", "snapshot") else rng.randrange(1, 5)
        die_at(path, books, point, nth, seed)
    live_on(path, books)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("market", MARKETS)
def test_a_desk_that_ends_while_it_asks_what_became_of_orders(
    venue: Venue, tmp_path: Path, market: str, seed: int
) -> None:
    path, books = opened(venue, tmp_path, [market])
    venue.trading(lost_request=0.15, lost_answer=0.15, requests=["order"])
    try:
        for point in RESOLVER_POINTS:
            for nth in (1, 2):
                die_at(path, books, point, nth, seed)
    finally:
        venue.trading()
    live_on(path, books)
