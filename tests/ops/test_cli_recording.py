"""`trimaran record`, `recording` and `replay` on a simulated venue, as users run them."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import msgspec
import pytest
from pyarrow import parquet

from tests.live.test_runner import config_of
from tests.ops.test_cli import COMMAND, run
from trimaran.venues.simulators import SimulatorOptions, simulating


@pytest.fixture
async def recorded(tmp_path: Path) -> Path:
    """Two seconds of two markets."""
    async with simulating(SimulatorOptions(venues=("okx",), symbols=("BTC",))) as simulator:
        config = tmp_path / "desk.json"
        config.write_bytes(msgspec.json.encode(config_of(simulator, ("BTCUSDT",))))
        command = [
            *COMMAND,
            "record",
            "--config",
            str(config),
            "--out",
            str(tmp_path / "r"),
            "--seconds",
            "3",
        ]
        child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, errors = await child.communicate()
    assert child.returncode == 0, errors
    assert b"okx.spot: " in out
    return tmp_path / "r"


async def test_record_look_convert_replay(recorded: Path, tmp_path: Path) -> None:
    info = run("recording", "info", str(recorded / "okx.spot"))
    assert info.returncode == 0, info.stderr
    assert "closed" in info.stdout
    assert "1 instruments" in info.stdout
    done = run("recording", "parquet", str(recorded / "okx.swap"), "--out", str(tmp_path / "x.parquet"))
    assert done.returncode == 0, done.stderr
    assert parquet.read_table(tmp_path / "x.parquet").num_rows > 20
    replay = run("replay", str(recorded), "--json", str(tmp_path / "out.json"))
    assert replay.returncode == 0, replay.stderr
    report = json.loads((tmp_path / "out.json").read_text())
    assert set(report["markets"]) == {"okx.spot", "okx.swap"}
    assert all(row["gaps"] == 0 and row["frames"] > 10 for row in report["markets"].values())


def test_what_cannot_be_recorded_or_read_is_one_line(tmp_path: Path) -> None:
    for arguments, words in (
        (("record", "--out", str(tmp_path / "r"), "--venues", "kraken"), "venues: expected"),
        (("recording", "info", str(tmp_path)), "expected segments"),
        (("recording", "parquet", str(tmp_path / "no.rec")), "No such file"),
    ):
        done = run(*arguments)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
