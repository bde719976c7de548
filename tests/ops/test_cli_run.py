"""`trimaran run` as users run it: it trades, is asked while it runs, is killed, and goes on where it was."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.support.run_room import write_settings
from trimaran.domain.client_id import encode_client_id
from trimaran.domain.records import GroupOpened, OrderReissued
from trimaran.engine.image import decode
from trimaran.engine.recovery import recovered
from trimaran.journal.disk import RealDisk
from trimaran.journal.open import open_journal, read_journal
from trimaran.ops.cli import app

MODES = {"control.sock": 0o600, "journal": 0o700, "kill": 0o700}
COMMAND = [sys.executable, "-m", "trimaran.ops.cli"]


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, Any]]:
    """A simulator in a process of its own."""
    options = ["simulate", "--symbols", "BTC,ETH", "--venues", "binance,okx", "--seed", "5", "--rate", "4"]
    simulator = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True)
    assert simulator.stdout is not None
    try:
        yield json.loads(simulator.stdout.readline())
    finally:
        simulator.terminate()
        simulator.wait(20)
        simulator.stdout.close()


@contextlib.contextmanager
def running(file: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A desk in a process of its own."""
    command = [*COMMAND, "run", "--config", str(file), "--status", *options]
    with file.with_name("log").open("a") as log:
        desk = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert desk.stdout is not None
    try:
        yield desk
    finally:
        desk.kill()
        desk.wait(20)
        desk.stdout.close()


def until(desk: subprocess.Popen[str], condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The first status of which the condition holds."""
    assert desk.stdout is not None
    deadline = time.monotonic() + 40
    for line in desk.stdout:
        status: dict[str, Any] = json.loads(line)
        if condition(status):
            return status
        assert time.monotonic() < deadline, status
    raise AssertionError(f"the desk has ended with {desk.wait(20)}")


def ask(file: Path, *command: str) -> Any:
    """What a command prints as JSON."""
    done = CliRunner().invoke(app, [*command, "--config", str(file), "--json"])
    assert done.exit_code == 0, (command, done.output, done.exception)
    return json.loads(done.stdout)


def state_hash(state: Path, copy: Path) -> int:
    """What a replay of the journal gives, of a copy: opening one changes it."""
    shutil.copytree(state / "journal", copy)
    disk = RealDisk(copy)
    opened = open_journal(disk)
    durable = recovered(decode(opened.snapshot.image) if opened.snapshot else None, opened.records)
    opened.journal.close()
    disk.close()
    return durable.state_hash()


def intended(state: Path) -> list[str]:
    """The ids under which orders may have left, as the journal has them."""
    ids = []
    for entry in read_journal(RealDisk.reading(state / "journal")):
        if isinstance(entry.record, GroupOpened):
            ids += [encode_client_id(order.client_order_id) for order in entry.record.orders]
        elif isinstance(entry.record, OrderReissued):
            ids.append(encode_client_id(entry.record.order.client_order_id))
    return ids


def at_the_venues(addresses: dict[str, Any]) -> list[str]:
    """The ids of all orders that the venues have ever had."""
    ids = []
    for venue, kinds in addresses["venues"].items():
        for kind in kinds:
            url = f"{addresses['admin']}/orders?venue={venue}&market={venue}.{kind}"
            with urllib.request.urlopen(url) as answer:
                ids += [row["client_id"] for row in json.load(answer)]
    return ids


def test_it_is_asked_while_it_runs_killed_and_goes_on_where_it_was(
    addresses: dict[str, Any], tmp_path: Path
) -> None:
    file = write_settings(tmp_path, addresses)
    state = tmp_path / "state"
    with running(file) as desk:
        first = until(desk, lambda status: status["order_counts"].get("filled", 0) >= 2)
        assert any(row["state"] == "filled" for row in ask(file, "orders", "--ended"))
        assert isinstance(ask(file, "orders"), list)
        assert all(row["market"] for row in ask(file, "positions"))
        assert {row["asset"] for row in ask(file, "balances")} >= {"USDT", "BTC"}
        assert ask(file, "pnl")["quote"] == "USDT"
        assert all(row["left"] == 0 for row in ask(file, "cancel-all").values())
        assert stat_modes(state).items() >= MODES.items()
        assert not any(mode & 0o077 for mode in stat_modes(state).values())
        desk.kill()
        desk.wait(20)
    before = state_hash(state, tmp_path / "copy")
    assert before == state_hash(state, tmp_path / "copy again")
    out = tmp_path / "result.json"
    with running(file, "--json", str(out)) as desk:
        status = until(desk, lambda status: not any(status["ready"].values()))
        assert status["run"] > first["run"]
        assert status["difference_count"] == 0, [row["text"] for row in status["notices"]]
        desk.send_signal(signal.SIGTERM)
        assert desk.wait(30) == 0
    result = json.loads(out.read_text())
    assert result["failure"] is None
    assert result["differences"] == []
    assert result["order_counts"]["open"] == 0
    sent, wanted = at_the_venues(addresses), intended(state)
    assert len(set(sent)) == len(sent)
    assert {text[-13:] for text in sent} <= set(wanted)
    assert len(set(wanted)) == len(wanted)
    assert ask_plain("journal", "verify", str(state)).startswith("whole")
    assert not (state / "control.sock").exists()
    tables = state / "tables.sqlite"
    subprocess.run([*COMMAND, "journal", "project", str(state), "--once"], check=True)
    with contextlib.closing(sqlite3.connect(tables)) as connection:
        (count,) = connection.execute("select count(*) from orders").fetchone()
    assert count == len(wanted)


def test_a_kill_by_command_stops_it_and_it_stays_stopped(addresses: dict[str, Any], tmp_path: Path) -> None:
    file = write_settings(tmp_path, addresses, ["binance.spot", "binance.usdm"])
    with running(file) as desk:
        until(desk, lambda status: not any(status["ready"].values()))
        assert "all is KILLED" in ask_plain("kill", "--config", str(file))
        killed = until(desk, lambda status: status["kill"].get("all") == "KILLED")
        desk.kill()
        desk.wait(20)
    with running(file) as desk:
        until(desk, lambda status: not any(status["ready"].values()))
        later = until(desk, lambda status: status["opportunities"]["seen"] > 0)
        assert later["kill"] == killed["kill"]
        assert later["order_counts"]["sent"] == 0


def test_settings_that_are_wrong_start_nothing(addresses: dict[str, Any], tmp_path: Path) -> None:
    file = write_settings(tmp_path, addresses, desk="region = 99")
    done = subprocess.run(
        [*COMMAND, "run", "--config", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "desk.region: expected 0..15, found 99" in done.stderr
    assert not (tmp_path / "state").exists()


def test_a_doctor_asks_the_venues(addresses: dict[str, Any], tmp_path: Path) -> None:
    file = write_settings(tmp_path, addresses)
    lines = {row["what"]: row for row in ask(file, "doctor")}
    assert lines["okx.swap"]["verdict"] == "ok"
    assert any(name.startswith("key ") and row["verdict"] == "ok" for name, row in lines.items())


def ask_plain(*command: str) -> str:
    done = CliRunner().invoke(app, list(command))
    assert done.exit_code == 0, (command, done.output, done.exception)
    return done.stdout


def stat_modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in sorted(folder.iterdir())}
