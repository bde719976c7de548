"""A real desk with a strategy that trades both ways, and points at which it ends: `fault_points.py`.

    python -m tests.support.fault_process run.toml

What it does is in the environment: FAIL_AT, DURABILITY (`fast`, `durable` or `mixed`), SEED, PER_TICK (chance
of doing something), SEGMENT_BYTES, SYNCS (after so many the disk fails). It tells `replayed HASH` and `up`.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import uvloop
from msgspec.structs import replace

from tests.support.fault_dealer import FaultDealer
from tests.support.fault_points import Ending, install, tell
from tests.support.run_room import run_desk_of
from trimaran.domain.instrument import MarketName
from trimaran.domain.records import Durability
from trimaran.domain.venue_law import VenueLaw
from trimaran.engine.durable import Durable
from trimaran.journal.disk import RealFile
from trimaran.journal.settings import JournalOptions
from trimaran.live import run_desk
from trimaran.live.run_accounts import laws_of
from trimaran.live.run_config import read_run_config
from trimaran.live.run_journal import StateFolder, keep_snapshots
from trimaran.live.run_sections import JournalSettings
from trimaran.venues.registry import MARKETS

SEGMENT_BYTES: Final = 64 * 1024
SNAPSHOT_EVERY_S: Final = 1.0
LINGER_NS: Final = (
    8_000_000_000  # nothing stays on its way for longer: longer than any fault of a test holds it
)
SYMBOLS: Final = {"okx.spot": "BTC-USDT", "okx.swap": "BTC-USDT-SWAP", "htx.spot": "btcusdt"}


def dealers(folder: Path, markets: list[str]) -> dict[Durability, FaultDealer]:
    """One for each durability that is wanted."""
    wanted, seed = os.environ.get("DURABILITY", "mixed"), os.environ.get("SEED", "1")
    per_tick = float(os.environ.get("PER_TICK", "0.5"))
    keys = [
        f"{market}:{SYMBOLS.get(market, 'BTC-USDT' if market == 'htx.swap' else 'BTCUSDT')}"
        for market in markets
    ]
    each = [durability for durability in Durability if wanted in ("mixed", durability.value)]
    return {
        durability: FaultDealer(
            f"dealer_{durability.value}",
            keys,
            f"{seed}:{durability.value}:{os.getpid()}",
            per_tick / len(each),
            folder,
            rests=durability is Durability.DURABLE,
        )
        for durability in each
    }


def options(settings: JournalSettings) -> JournalOptions:
    """Small segments, so that they end."""
    size = int(os.environ.get("SEGMENT_BYTES", SEGMENT_BYTES))
    return JournalOptions(
        segment_bytes=size,
        segments_max=100_000,
        fast_sync_ms=settings.fast_sync_ms,
        snapshots_kept=settings.snapshots_kept,
        snapshot_days=0,
        space_retry_ms=100,
    )


def failing_syncs(count: int) -> None:
    """The disk fails a sync after so many, once; the next one would say that all is well."""
    real, left = RealFile.sync, [count]

    def sync(self: RealFile) -> None:
        left[0] -= 1
        if left[0] == -1:
            tell("failed")
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(self)

    RealFile.sync = sync  # type: ignore[method-assign]


def replayed(folder: StateFolder) -> Durable:
    """The durable state, told."""
    durable = real_replayed(folder)
    tell(f"replayed {durable.state_hash():016x}")
    return durable


real_replayed = StateFolder.replayed


def laws(markets: Sequence[MarketName]) -> dict[MarketName, VenueLaw]:
    """As the markets say; where a venue takes a request for minutes, what holds on one machine."""
    return {
        name: law if MARKETS[name].private.spec.request_expiry else replace(law, validity_ns=LINGER_NS)
        for name, law in laws_of(markets).items()
    }


async def main(path: Path) -> None:
    ending = Ending(os.environ.get("FAIL_AT", ""))
    StateFolder.replayed = replayed  # type: ignore[method-assign]
    JournalSettings.options = options  # type: ignore[method-assign]
    if syncs := os.environ.get("SYNCS"):
        failing_syncs(int(syncs))
    install(ending)
    found = dealers(path.parent, list(read_run_config(path).config.markets))
    run_desk.strategies_of = lambda settings: list(found.values())  # type: ignore[assignment]
    run_desk.durability_of = lambda settings: {each.name: d for d, each in found.items()}
    run_desk.laws_of = laws
    run_desk.keep_snapshots = lambda *arguments: keep_snapshots(*arguments[:-1], SNAPSHOT_EVERY_S)
    desk = ending.desk = run_desk_of(path, [])
    desk._tell = tell
    desk.observed.notices._tell = tell
    await desk.start()
    tell("up")
    await desk.wait()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
