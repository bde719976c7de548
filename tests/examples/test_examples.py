"""The examples run as their first lines say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimaran.live.config import read_config
from trimaran.venues.registry import MARKETS

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def simulator_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The line of a running simulator of all venues, in a file."""
    command = (sys.executable, "-m", "trimaran.ops.cli", "simulate", "--symbols", "BTCUSDT")
    process = subprocess.Popen(
        (*command, "--until-stdin-closes"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    path = tmp_path_factory.mktemp("simulator") / "simulator.json"
    path.write_text(process.stdout.readline())
    yield path
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


def test_the_desk_settings_are_valid() -> None:
    assert read_config((EXAMPLES / "desk.json").read_bytes()).symbols == ("BTCUSDT", "ETHUSDT")


def test_replaying_two_captures(tmp_path: Path) -> None:
    start = 1_723_161_600_000_000_000
    spot = [
        '{"u":1,"s":"BTCUSDT","b":"100.0","B":"1","a":"100.1","A":"1"}',
        '{"lastUpdateId":1,"bids":[["100.0","1"]],"asks":[["100.1","1"]]}',
    ]
    usdm = [
        '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[["101.0","1"]],"a":[["101.1","1"]]}',
        '{"lastUpdateId":2,"bids":[["101.0","1"]],"asks":[["101.1","1"]]}',
        '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":3,"u":3,"pu":2,"b":[["101.2","1"]],"a":[["101.1","0"]]}',
        '{"e":"bookTicker","E":1,"u":3,"s":"BTCUSDT","b":"101.2","B":"1","a":"101.3","A":"1"}',
    ]
    files = []
    for name, frames in (("spot", spot), ("usdm", usdm)):
        path = tmp_path / name
        stamps = (start + index * 600_000_000 for index in range(len(frames)))
        path.write_text("".join(f"{stamp} {frame}\n" for stamp, frame in zip(stamps, frames, strict=True)))
        files.append(str(path))
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "replay_a_capture.py"), *files],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "best edge after fees +94" in done.stdout


@pytest.mark.parametrize("market", MARKETS)
def test_the_first_order_of_every_market(market: str, simulator_line: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            str(EXAMPLES / "first_order.py"),
            market,
            "BTC-USDT",
            "--simulator",
            str(simulator_line),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OrderAcked(" in done.stdout
    assert "OrderDone(" in done.stdout
    assert "CANCELED" in done.stdout
