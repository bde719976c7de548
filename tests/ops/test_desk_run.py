"""A desk that fails leaves its result behind; one that cannot begin leaves nothing."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from trimaran.base.errors import ConfigError, VenueError
from trimaran.live.config import DeskConfig
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.ops.desk_run import DeskRun, run_desk
from trimaran.ops.result_file import ResultFile, result_file
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.clock import SystemClock


async def test_a_failure_is_raised_after_the_result_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "result.json"
    async with simulating(SimulatorOptions(venues=("binance",), seed=2, symbols=("BTCUSDT",))) as simulator:
        bases = simulator.urls()["venues"]["binance"]["spot"]
        config = DeskConfig({"binance.spot": bases}, ("BTCUSDT",), exposure_max={"BTC": Decimal(1)})
        runner = DeskRunner(config, SystemClock(), Hot, list)

        def break_it() -> None:
            if not hasattr(runner, "loop"):
                loop.call_later(0.1, break_it)
                return
            monkeypatch.setattr(runner.loop, "settle", _broken)
            runner.settle()

        loop = asyncio.get_running_loop()
        loop.call_later(0.5, break_it)
        with ResultFile(out) as file, pytest.raises(AssertionError, match="a bug"):
            await run_desk(runner, DeskRun(20.0, False, file))
    result = json.loads(out.read_text())
    assert result["failure"] == "AssertionError: a bug"
    assert "latency_us" in result


def _broken(now_ns: int) -> int | None:
    raise AssertionError("a bug")


async def test_a_desk_that_cannot_begin_leaves_no_file(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    bases = {"rest": "http://127.0.0.1:9", "ws": "ws://127.0.0.1:9"}
    config = DeskConfig({"binance.spot": bases}, ("BTCUSDT",), start_patience_s=0)
    runner = DeskRunner(config, SystemClock(), Hot, list)
    with result_file(out) as file, pytest.raises(VenueError):
        await run_desk(runner, DeskRun(1.0, False, file))
    assert not out.exists()


def test_what_a_file_held_stays_until_there_is_something_new(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    out.write_text("the last result")
    with ResultFile(out):
        pass
    assert out.read_text() == "the last result"
    with ResultFile(out) as file:
        file.write({"a": 1})
        file.write({"b": 2})
    assert json.loads(out.read_text()) == {"b": 2}


def test_a_device_can_be_written_too() -> None:
    with ResultFile(Path("/dev/null")) as file:
        file.write({"a": 1})
    with ResultFile(Path("/dev/full")) as file, pytest.raises(ConfigError, match="/dev/full"):
        file.write({"a": 1})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="json"):
        ResultFile(tmp_path)
    assert result_file(None).__enter__() is None
