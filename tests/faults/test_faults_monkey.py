"""A real desk that is killed again and again at any moment, while its venue and its connections misbehave."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Final

import pytest

from tests.support.fault_books import Books
from tests.support.fault_venue import Venue, desk, quiet, settings, until

MARKETS: Final = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap", "htx.spot", "htx.swap")
ROUNDS: Final = 12
DEAD_MAN: Final = "[dead_man]\nafter_s = 10\n"
FAULTS: Final[tuple[dict[str, object], ...]] = (
    {},
    {"lost_answer": 0.2, "lost_request": 0.1},
    {"error_before": 0.2, "error_after": 0.2},
    {"hidden_ms": 800, "lost_answer": 0.2},
    {"ban": 0.03, "ban_s": 1.0, "too_many": 0.05, "lost_answer": 0.1},
    {"push_duplicate": 0.3, "push_reorder": 0.2, "push_delay": 0.2, "push_delay_ms": 500},
    {"push_drop": 0.3, "push_first": 0.5},
    {"private_half_open": True, "lost_answer": 0.1},
    {"answer_ms": 1_500, "answer_jitter_ms": 1_000},
    {"lost_answer": 0.3, "error_before": 0.5, "requests": ["order", "query", "other"]},
)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("market", MARKETS)
def test_kills_at_any_moment_among_faults(venue: Venue, tmp_path: Path, market: str, seed: int) -> None:
    rng = random.Random(f"{market}:{seed}")
    path, shard = settings(venue, tmp_path, [market], DEAD_MAN)
    books = Books(venue, path, shard, [market])
    with desk(path, per_tick=1.0, seed=seed) as process:
        until(lambda: books.last_epoch() > 0, process)
    for number in range(ROUNDS):
        before = f"{books.replay().state_hash():016x}"
        with desk(path, per_tick=1.0, seed=f"{seed}:{number}") as process:
            until(lambda: process.said("up") or process.process.poll() is not None)
            assert process.said("replayed") in ("", f"replayed {before}")
            time.sleep(rng.uniform(0.0, 3.0))
            venue.trading(**rng.choice(FAULTS))
            time.sleep(rng.uniform(0.0, 2.0))
            if rng.random() < 0.3:
                venue.post("disconnect", private=rng.choice((0, 1)))
            if rng.random() < 0.2:
                process.send(signal.SIGSTOP)
                time.sleep(rng.choice((0.3, 3.0)))
                process.send(signal.SIGCONT)
                time.sleep(rng.uniform(0.0, 1.0))
        assert not (wrong := books.sent()), (number, wrong)
        if rng.random() < 0.5:
            venue.trading()
    venue.trading()
    epoch = books.replay().counter.epoch
    with desk(path, per_tick=1.0, seed=seed) as process:
        until(lambda: books.last_epoch() > epoch, process)
        quiet(path)
        books.settle(process, seconds=120)
