"""The command as users run it: processes, files, exit codes."""

from __future__ import annotations

import gzip
import json
import os
import pty
import signal
import subprocess
import sys
import time
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trimaran.venues.registry import MARKETS

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
    assert list(result["markets"]) == list(MARKETS)
    for name in MARKETS:
        assert result["markets"][name]["frames"] > 100
        assert result["markets"][name]["book"] == "live"
        assert result["markets"][name]["resyncs"] >= 0
    for latency in ("latency_us", "decision_latency_us"):
        assert set(result[latency]) == {"p50", "p99", "p999"}
    assert result["failure"] is None
    assert result["opportunities"]["seen"] >= result["opportunities"]["taken"] >= 1, done.stdout
    assert result["fills"]
    assert pnl_from_fills(result) == Decimal(result["pnl_detail"]["total"])
    assert result["pnl"] == pytest.approx(float(result["pnl_detail"]["total"]))
    assert "venues (binance, okx, htx)" in done.stdout
    assert "opportunities" in done.stdout
    assert "Result:" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_demo_leaves_no_process_behind_whatever_ends_it(number: signal.Signals, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [*COMMAND, "demo", "--headless", "--symbols", "BTCUSDT"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert demo.stdout is not None
    assert any("live" in line for line in iter(demo.stdout.readline, ""))
    children = child_processes(demo.pid)
    assert len(children) == 2
    demo.send_signal(number)
    killed = number is signal.SIGKILL
    assert demo.wait(timeout=30) == (-signal.SIGKILL if killed else 0)
    demo.stdout.close()
    wait_until_gone(children)
    assert killed or not list(tmp_path.iterdir())


def test_demo_ends_with_its_terminal(tmp_path: Path) -> None:
    master, terminal = pty.openpty()
    environment = {**os.environ, "TMPDIR": str(tmp_path), "TERM": "xterm"}
    command = [*COMMAND, "demo", "--symbols", "BTCUSDT"]
    demo = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=subprocess.DEVNULL, env=environment
    )
    os.close(terminal)
    shown = b""
    while b"old" not in shown and b"woken" not in shown:
        shown += os.read(master, 65_536)
    children = child_processes(demo.pid)
    assert len(children) == 2
    os.close(master)
    demo.send_signal(signal.SIGHUP)
    demo.wait(timeout=30)
    wait_until_gone(children)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("option", "wrong"), [("--symbols", "NOPE"), ("--venues", "binance,kraken")])
def test_demo_refuses_what_it_does_not_know_before_it_starts(option: str, wrong: str) -> None:
    done = run("demo", "--headless", option, wrong)
    assert done.returncode == 2
    assert wrong.rsplit(",", maxsplit=1)[-1] in done.stderr
    assert "expected" in done.stderr
    assert (done.stdout, "Traceback" in done.stderr) == ("", False)


def wait_until_gone(processes: list[int]) -> None:
    """Fails when one of them is still there after 10 s. One that nobody has waited for yet has ended too."""
    deadline = time.monotonic() + 10
    while any(alive(process) for process in processes):
        assert time.monotonic() < deadline, "a process is still there"
        time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


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


def start_simulator(*options: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    command = [*COMMAND, "simulate", "--symbols", "BTCUSDT", *options]
    simulator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert simulator.stdout is not None
    return simulator, json.loads(simulator.stdout.readline())


def settings_of(addresses: dict[str, Any], tmp_path: Path) -> Path:
    markets = {f"binance.{kind}": bases for kind, bases in addresses["venues"]["binance"].items()}
    path = tmp_path / "desk.json"
    text = {"markets": markets, "symbols": ["BTCUSDT"], "exposure_max": {"BTC": "1"}, "start_patience_s": 60}
    path.write_text(json.dumps(text))
    return path


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def test_a_desk_ends_when_nobody_reads_its_status_and_writes_its_result(tmp_path: Path) -> None:
    simulator, addresses = start_simulator()
    out = tmp_path / "result.json"
    command = [*COMMAND, "desk", "--config", str(settings_of(addresses, tmp_path)), "--status"]
    desk = subprocess.Popen([*command, "--json", str(out)], stdout=subprocess.PIPE, text=True)
    try:
        assert desk.stdout is not None
        assert "binance.spot" in json.loads(desk.stdout.readline())["markets"]
        desk.stdout.close()
        assert desk.wait(timeout=20) == 0
        assert json.loads(out.read_text())["markets"]["binance.spot"]["frames"] > 0
    finally:
        end(desk)
        end(simulator)


def test_the_hidden_option_ends_a_simulator_with_its_standard_input() -> None:
    simulator, _ = start_simulator("--until-stdin-closes")
    try:
        assert simulator.stdin is not None
        simulator.stdin.close()
        assert simulator.wait(timeout=20) == 0
    finally:
        end(simulator)


def test_a_desk_tells_of_lost_connections_on_standard_error(tmp_path: Path) -> None:
    simulator, addresses = start_simulator()
    command = [*COMMAND, "desk", "--config", str(settings_of(addresses, tmp_path)), "--status"]
    desk = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert desk.stdout is not None
        assert desk.stderr is not None
        desk.stdout.readline()
        simulator.kill()
        assert "connection lost" in desk.stderr.readline()
        notices = next(status["notices"] for status in map(json.loads, desk.stdout) if status["notices"])
        assert notices[0]["kind"] == "connection_lost"
        desk.send_signal(signal.SIGTERM)
        assert desk.wait(timeout=20) == 0
    finally:
        end(desk)
        end(simulator)


def test_a_desk_that_waits_for_its_venue_can_be_ended(tmp_path: Path) -> None:
    spot = {"rest": "http://127.0.0.1:9", "ws": "ws://127.0.0.1:9"}
    path = settings_of({"venues": {"binance": {"spot": spot}}}, tmp_path)
    out = tmp_path / "result.json"
    command = [*COMMAND, "desk", "--config", str(path), "--json", str(out)]
    desk = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert desk.stderr is not None
        assert "attempt 1" in desk.stderr.readline()
        desk.send_signal(signal.SIGHUP)
        assert desk.wait(timeout=20) == 0
        assert not out.exists()
    finally:
        end(desk)


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
        (("simulate", "--faults", "no-such-plan.json"), "no-such-plan.json"),
        (("desk", "--config", "no-such-config.json"), "no-such-config.json"),
        (("desk", "--environment", "mars"), "mars"),
        (("desk", "--venues", "binance,kraken"), "venues"),
        (("desk", "--venues", "htx", "--environment", "testnet"), "htx.spot"),
        (("desk", "--symbols", "BTC"), "symbols"),
        (("desk", "--config", "examples/desk.json", "--venues", "okx"), "venues"),
        (("desk", "--config", "examples/desk.json", "--symbols", "BTCUSDT"), "symbols"),
        (("desk", "--config", "examples/desk.json", "--environment", "testnet"), "environment"),
        (("desk", "--json", "/no-such-folder/out.json"), "/no-such-folder/out.json"),
        (("demo", "--headless", "--json", "/no-such-folder/out.json"), "/no-such-folder/out.json"),
        (("replay", "no-such-file.gz", "--json", "/no-such-folder/out.json"), "/no-such-folder/out.json"),
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
    for command in (
        "demo", "run", "desk", "simulate", "replay", "config", "doctor", "orders", "positions", "balances",
        "pnl", "cancel-all", "reconcile", "limits", "release", "journal", "kill",
    ):  # fmt: skip
        assert command in done.stdout
    for command in ("desk", "run"):
        assert "until-stdin-closes" not in run(command, "--help").stdout
