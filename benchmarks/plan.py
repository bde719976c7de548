"""How long and how often: the sizes of a full run and of a quick one."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

RECORDED = "venues/hftbacktest/spot/btcusdt_20240808.gz"
DEFAULT_DATA = Path(__file__).parents[2] / "shared" / "data"


class Plan(msgspec.Struct, frozen=True):
    """Sizes of one run. Rounds are those that count; one more goes before to warm up."""

    seed: int = 20260
    channel_frames: int = 10_000  # of each channel
    mixed_frames: int = 40_000
    socket_frames: int = 12_000
    scan_pairs: int = 10_000  # changes, each beside the same frame without one
    rate_seconds: int = 5
    books: int = 200
    fills: int = 50_000  # of each kind of instrument
    judgements: int = 100_000  # of risk; the twin makes a twentieth of them
    lives: int = 20_000  # of orders, through the engine core
    orders: int = 5_000  # written and signed, of each market and way
    order_trips: int = 1_000  # to the venue and back, of each market
    load_orders: int = 4_000  # on each simulated market
    ticks: int = 2_000  # that a desk answers with an order
    flood_seconds: float = 5.0
    soak_seconds: float = 600.0
    simulated_orders: int = 20_000  # of a backtest
    watched_assets: int = 10  # each a book in six markets
    watch_seconds: float = 120.0
    rounds: int = 5
    order_rounds: int = 3
    memory_rounds: int = 3
    watch_rounds: int = 1


QUICK = Plan(
    channel_frames=2_000,
    mixed_frames=6_000,
    socket_frames=4_000,
    scan_pairs=2_000,
    rate_seconds=1,
    books=50,
    fills=5_000,
    judgements=4_000,
    lives=2_000,
    orders=500,
    order_trips=100,
    load_orders=400,
    ticks=200,
    flood_seconds=0.5,
    soak_seconds=10.0,
    simulated_orders=1_000,
    watched_assets=2,
    watch_seconds=4.0,
    rounds=2,
    order_rounds=1,
    memory_rounds=1,
)


def recorded_capture() -> Path:
    """The recorded spot capture: under `TRIMARAN_DATA`, or beside the project. It may be absent."""
    return Path(os.environ.get("TRIMARAN_DATA") or DEFAULT_DATA) / RECORDED
