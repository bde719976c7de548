"""A real desk whose proxy is slow, deaf, dead or a liar: nothing on the way ever sends an order again."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.fault_books import Books
from tests.support.fault_proxy import MODES, FaultProxy
from tests.support.fault_venue import Venue, desk, quiet, settings, until

MARKETS: Final = ("binance.usdm", "okx.spot", "htx.swap", "binance.spot", "okx.swap", "htx.spot")
FEW: Final = ("deaf", "cut")
MODE_S: Final = 3.0


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    made = FaultProxy()
    yield made
    made.close()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(13))
def test_orders_through_a_bad_proxy(venue: Venue, proxy: FaultProxy, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    market = MARKETS[seed % len(MARKETS)]
    proxies = f'[proxies]\n{market.partition(".")[0]} = "{proxy.url}"\n'
    path, shard = settings(venue, tmp_path, [market], proxies)
    books = Books(venue, path, shard, [market])
    modes = FEW if seed == 0 else rng.sample(MODES, len(MODES))
    with desk(path, per_tick=1.0, seed=seed) as process:
        until(lambda: books.last_epoch() > 0, process)
        for mode in modes:
            proxy.turn(mode)
            time.sleep(1.0 if seed == 0 else MODE_S)
            proxy.turn("pass")
            count = len(books.orders())
            until(lambda count=count: len(books.orders()) > count, process)  # type: ignore[misc]
            assert not (wrong := books.sent()), wrong
        proxy.turn(rng.choice(MODES))
        time.sleep(0.5)
    proxy.turn("pass")
    epoch = books.replay().counter.epoch
    with desk(path, per_tick=1.0, seed=seed) as process:
        until(lambda: books.last_epoch() > epoch, process)
        quiet(path)
        books.settle(process)
    assert proxy.count
