"""What a desk heard of a translated market is recorded as it was decoded, and replays to the same books."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from examples.fourth_venue.entry import SPOT
from trimaran.backtest.run import ReplayOptions, prepare
from trimaran.backtest.tape_line import TapeError
from trimaran.live.config import DeskConfig
from trimaran.live.recording import Tap
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.venues.registry import with_markets
from trimaran.venues.wire.clock import SystemClock

KNOWN = with_markets(SPOT)


async def test_a_recording_of_the_slow_path_replays(entry, simulate, tmp_path):
    async with simulate(entry) as simulator:
        bases = simulator.urls()["venues"]["bybit"]["spot"]
        config = DeskConfig({entry.name: bases}, ("BTC-USDT",), exposure_max={"BTC": Decimal(1)})
        async with Tap(tmp_path, print) as tap:
            runner = DeskRunner(config, SystemClock(), Hot, list, tap=tap, markets=KNOWN)
            await runner.start()
            async with asyncio.timeout(20):
                while runner.desk.hot.counters(0)[0] < 5:  # noqa: ASYNC110 - deltas, as they come
                    await asyncio.sleep(0.02)
            await runner.stop()
        heard = runner.result()["markets"][entry.name]
    assert heard["slow_path"]
    report = prepare(ReplayOptions((str(tmp_path),), markets=KNOWN), lambda lines: None).run()
    replayed = report.markets[entry.name]
    assert replayed.frames == heard["frames"] >= 5
    assert (replayed.gaps, replayed.errors) == (heard["gaps"], heard["errors"]) == (0, {})
    with pytest.raises(TapeError, match="one market that is known"):
        prepare(ReplayOptions((str(tmp_path),)), lambda lines: None)
