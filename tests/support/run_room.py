"""A desk that trades on simulated venues: its settings in a folder, as a process or in this one."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from trimaran.live.run_config import read_run_config
from trimaran.live.run_credentials import credentials_of
from trimaran.live.run_desk import RunDesk
from trimaran.native._hot import Hot
from trimaran.ops.run_options import keys_of
from trimaran.venues.wire.clock import SystemClock

LIMITS: Final = """\
version = 1
[default]
order_notional_max = 20000
exposure_base_max = 1000
collar_bps_max = 100
quote_age_ms_max = 2000
leverage_max = 5
open_orders_max = 20
rate_orders_max = 100
rate_window_ms = 1000
"""
EAGER: Final = """\
[strategies.cross_market]
net_min = 0
repeat_pause_ms = 50
"""


def write_settings(
    folder: Path,
    addresses: Mapping[str, Any],
    markets: Sequence[str] = (),
    symbols: Sequence[str] = ("BTC-USDT", "ETH-USDT"),
    more: str = EAGER,
    desk: str = "",
) -> Path:
    """Settings for the markets of a simulator, or some of them; the path of the file."""
    every = [f"{venue}.{kind}" for venue, kinds in addresses["venues"].items() for kind in kinds]
    lines = [
        "[desk]",
        f"symbols = {json.dumps(symbols)}",
        'state = "state"',
        desk,
        "[risk]",
        'limits = "limits.toml"',
        "[simulator]",
        'file = "simulator.json"',
        "[journal]",
        "segment_mib = 1",
        *(line for name in (markets or every) for line in (f'[markets."{name}"]', 'hosts = "simulator"')),
        more,
    ]
    (folder / "simulator.json").write_text(json.dumps(addresses))
    (folder / "limits.toml").write_text(LIMITS)
    (folder / "run.toml").write_text("\n".join(lines))
    return folder / "run.toml"


def run_desk_of(path: Path, told: list[str]) -> RunDesk:
    """A desk in this process. `told` receives what a person would read."""
    settings = read_run_config(path)
    credentials = credentials_of(settings, keys_of(settings))
    return RunDesk(settings, credentials, SystemClock(), Hot, told.append, holder="test", version="0")


@contextlib.asynccontextmanager
async def running(path: Path, told: list[str]) -> AsyncIterator[RunDesk]:
    """A desk in this process, for the time of a block."""
    desk = run_desk_of(path, told)
    await desk.start()
    try:
        yield desk
    finally:
        await desk.stop()


async def until(condition: Callable[[], object], seconds: float = 25.0) -> None:
    """Waits until something holds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to pass"
        await asyncio.sleep(0.02)
