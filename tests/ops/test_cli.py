"""The command as users run it: processes, files, exit codes."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "trimaran.ops.cli"]


def run(*arguments: str, timeout: float = 90) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=timeout, check=False, env=environment
    )


def pnl_from_fills(result: dict[str, Any]) -> Decimal:
    """What was traded and paid, valued at the marks: an account of its own, from the fills alone."""
    marks = {asset: Decimal(price) for asset, price in result["pnl_detail"]["marks"].items()}
    marks[result["pnl_detail"]["quote"]] = Decimal(1)
    total = Decimal(0)
    for fill in result["fills"]:
        sign = 1 if fill["side"] == "buy" else -1
        price, size = Decimal(fill["price"]), Decimal(fill["size"])
        key = fill["base"] if fill["kind"] == "spot" else f"{fill['market']}:{fill['symbol']}"
        total += sign * size * (marks[key] - price) * marks[fill["quote"]]
        total -= Decimal(fill["fee"]) * marks[fill["fee_asset"]]
    return total


def test_demo_runs_headless_and_its_profit_follows_from_its_fills(tmp_path: Path) -> None:
    out = tmp_path / "demo.json"
    done = run("demo", "--seconds", "20", "--headless", "--json", str(out), "--seed", "1", "--rate", "1.5")
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    for name in ("binance.spot", "binance.usdm"):
        assert result["markets"][name]["frames"] > 100
        assert result["markets"][name]["book"] == "live"
        assert result["markets"][name]["resyncs"] >= 0
    assert set(result["latency_us"]) == {"p50", "p99", "p999"}
    assert result["opportunities"]["seen"] >= result["opportunities"]["taken"] >= 1, done.stdout
    assert result["fills"]
    assert pnl_from_fills(result) == Decimal(result["pnl_detail"]["total"])
    assert result["pnl"] == pytest.approx(float(result["pnl_detail"]["total"]))
    assert "opportunities" in done.stdout
    assert "Result:" in done.stdout


def test_demo_ends_on_interrupt_and_leaves_no_process_behind() -> None:
    demo = subprocess.Popen([*COMMAND, "demo", "--headless"], stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    lines = iter(demo.stdout.readline, "")
    assert any("live" in line for line in lines)
    children = child_processes(demo.pid)
    assert len(children) == 2
    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=30) == 0
    demo.stdout.close()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "a process of the demo is still there"
        time.sleep(0.05)


def child_processes(parent: int) -> list[int]:
    """Children by the kernel's book."""
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def test_simulate_prints_one_line_when_it_is_ready() -> None:
    command = [*COMMAND, "simulate", "--symbols", "BTCUSDT", "--seconds", "30"]
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert simulator.stdout is not None
    try:
        addresses = json.loads(simulator.stdout.readline())
        rest = addresses["venues"]["binance"]["spot"]["rest"]
        with urllib.request.urlopen(f"{rest}/api/v3/depth?symbol=BTCUSDT&limit=5") as answer:
            book = json.load(answer)
        assert len(book["bids"]) == len(book["asks"]) == 5
    finally:
        simulator.terminate()
        assert simulator.wait(timeout=20) == 0
        assert simulator.stdout.read() == ""
        simulator.stdout.close()


def test_replay_of_a_small_capture(tmp_path: Path) -> None:
    lines = [
        '1000000 {"lastUpdateId":10,"bids":[["99.5","1"]],"asks":[["100.5","2"]]}',
        '1000001 {"e":"depthUpdate","E":1,"s":"BTCUSDT","U":11,"u":12,"b":[["99.6","3"]],"a":[]}',
        "this is no line of a capture",
        '1000003 {"u":13,"s":"BTCUSDT","b":"99.6","B":"3","a":"100.5","A":"2"}',
    ]
    capture, out = tmp_path / "spot.gz", tmp_path / "out.json"
    capture.write_bytes(gzip.compress("\n".join(lines).encode()))
    done = run("replay", "--json", str(out), str(capture))
    assert done.returncode == 0, done.stderr
    market = json.loads(out.read_text())["markets"]["binance.spot"]
    assert (market["frames"], market["gaps"], market["broken_lines"]) == (3, 0, 1)
    assert "binance.spot" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("replay", "no-such-file.gz"), "no-such-file.gz"),
        (("simulate", "--venues", "kraken"), "kraken"),
        (("simulate", "--symbols", "NOPE"), "NOPE"),
        (("desk", "--config", "no-such-config.json"), "no-such-config.json"),
        (("desk", "--environment", "mars"), "mars"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(arguments: tuple[str, ...], named: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ("demo", "desk", "simulate", "replay"):
        assert command in done.stdout
