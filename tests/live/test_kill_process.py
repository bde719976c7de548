"""The handles of the kill switch on real processes: signals, halts, kills, and the command of people."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from trimaran.base.errors import ConfigError
from trimaran.ops.cli_kill import kill

LOOPS = ("asyncio", "uvloop")
APP = typer.Typer(pretty_exceptions_enable=False)
APP.command()(kill)


class Process:
    """The storm, and its output line by line."""

    def __init__(self, folder: Path, loop: str) -> None:
        self.started = subprocess.Popen(
            [sys.executable, "-m", "tests.support.kill_process", str(folder), loop], stdout=subprocess.PIPE
        )
        assert self.started.stdout is not None
        self._pipe = self.started.stdout.fileno()
        self._rest = b""
        self.lines: list[str] = []
        self.until("up")

    def read(self, seconds: float) -> bool:
        """Takes what is there, or comes soon; False when there was nothing."""
        if not select.select([self._pipe], [], [], seconds)[0]:
            return False
        data = os.read(self._pipe, 65_536)
        assert data, f"the process has ended; {self.lines[-10:]}"
        *whole, self._rest = (self._rest + data).split(b"\n")
        self.lines += [line.decode() for line in whole]
        return True

    def until(self, start: str, count: int = 1) -> None:
        end_s = time.monotonic() + 30
        while sum(line.startswith(start) for line in self.lines) < count:
            assert time.monotonic() < end_s, self.lines[-10:]
            self.read(1.0)

    def drain(self) -> None:
        while self.read(0.05):
            pass

    def orders_after(self, start: str) -> list[str]:
        place = next(index for index, line in enumerate(self.lines) if line.startswith(start))
        return [line for line in self.lines[place:] if line.startswith("order")]

    def signal(self, number: signal.Signals) -> None:
        self.started.send_signal(number)


@contextlib.contextmanager
def process(folder: Path, loop: str = "asyncio") -> Iterator[Process]:
    running = Process(folder, loop)
    try:
        yield running
    finally:
        running.signal(signal.SIGCONT)
        running.started.kill()
        running.started.wait()
        assert running.started.stdout is not None
        running.started.stdout.close()


def trimaran_kill(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in this process, which is another one than the storm's."""
    done = CliRunner().invoke(APP, ["--state", str(folder), *arguments])
    refused = str(done.exception) if isinstance(done.exception, ConfigError) else ""
    return subprocess.CompletedProcess([], done.exit_code, done.output, refused)


def code_in(text: str) -> str:
    return text.partition("--confirm ")[2].split()[0]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_signal_stops_and_a_restart_does_not_lift_it(tmp_path: Path, loop: str) -> None:
    with process(tmp_path, loop) as storm:
        storm.until("order", 50)
        storm.signal(signal.SIGUSR1)
        storm.until("told event all KILLED")
        storm.drain()
        assert storm.orders_after("told kill: all is KILLED, by signal") == []
    with process(tmp_path, loop) as again:
        again.drain()
        assert not any(line.startswith("order") for line in again.lines)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_process_that_was_halted_sends_nothing_after_a_request_that_came_meanwhile(
    tmp_path: Path, loop: str
) -> None:
    with process(tmp_path, loop) as storm:
        storm.until("order", 50)
        storm.signal(signal.SIGSTOP)
        time.sleep(0.05)
        done = trimaran_kill(tmp_path, "--wait", "0.1", "--reason", "drill")
        assert (done.returncode, "NO ANSWER" in done.stdout) == (1, True), done
        storm.drain()
        halted_ns, before = time.time_ns(), len(storm.lines)
        storm.signal(signal.SIGCONT)
        storm.until("told event all KILLED")
        storm.drain()
        late = [line for line in storm.lines[before:] if line.startswith("order")]
        assert all(int(line.split()[1]) < halted_ns for line in late), late
        assert len(late) <= 1  # one may have been between the last look and its bytes
        assert storm.orders_after("told kill: all is KILLED") == []


def test_a_process_that_is_killed_while_a_request_lies_there_starts_killed(tmp_path: Path) -> None:
    with process(tmp_path) as storm:
        storm.until("order", 20)
        storm.signal(signal.SIGSTOP)
        assert trimaran_kill(tmp_path, "--wait", "0").returncode == 1
        storm.signal(signal.SIGKILL)
        storm.started.wait()
    with process(tmp_path) as again:
        again.until("told event all KILLED")
        again.drain()
        assert not any(line.startswith("order") for line in again.lines)


def test_the_command_stops_says_when_and_lifts_with_a_second_confirmation(tmp_path: Path) -> None:
    with process(tmp_path) as storm:
        storm.until("order", 20)
        done = trimaran_kill(tmp_path, "--scope", "venue:okx", "--reason", "a drill")
        assert done.returncode == 0, done
        for said in ("venue:okx is KILLED: no order leaves since", "the last one left", "after a restart"):
            assert said in done.stdout
        assert "okx.spot: nothing is open, proved" in done.stdout
        assert "binance" not in done.stdout
        storm.until("order", len(storm.lines) + 20)  # the other venue goes on
        shown = trimaran_kill(tmp_path, "--status")
        assert "venue:okx: KILLED since" in shown.stdout
        assert "a drill" in shown.stdout
        assert "--confirm" not in shown.stdout
        wrong = trimaran_kill(tmp_path, "--reset", "--confirm", "AAAAAA")
        assert (wrong.returncode, "REFUSED" in wrong.stdout) == (1, True)
        code = code_in(trimaran_kill(tmp_path, "--reset").stdout)
        assert "no switch stands" in trimaran_kill(tmp_path, "--reset", "--confirm", code).stdout
        again = trimaran_kill(tmp_path, "--reset", "--confirm", code)
        assert again.returncode == 1
        storm.until("told event venue:okx RUNNING")


def test_the_command_works_without_a_process(tmp_path: Path) -> None:
    done = trimaran_kill(tmp_path, "--scope", "strategy:arb", "--reduce-only")
    assert (done.returncode, "no process of this desk runs" in done.stdout) == (0, True), done
    assert "strategy:arb: REDUCE_ONLY since" in trimaran_kill(tmp_path, "--status").stdout
    with process(tmp_path) as storm:
        storm.until("told event strategy:arb REDUCE_ONLY")
    code = code_in(trimaran_kill(tmp_path, "--reset", "--scope", "strategy:arb").stdout)
    wrong = trimaran_kill(tmp_path, "--reset", "--confirm", code)  # all that stands is another question
    assert wrong.returncode == 1
    done = trimaran_kill(tmp_path, "--reset", "--scope", "strategy:arb", "--confirm", code)
    assert "no switch stands" in done.stdout


def test_the_command_refuses_what_it_does_not_understand(tmp_path: Path) -> None:
    for arguments in (("--scope", "okx"), ("--scope", "venue:"), ("--confirm", "ABCDEF")):
        done = trimaran_kill(tmp_path, *arguments)
        assert done.returncode != 0
        assert "expected" in done.stderr
    assert not (tmp_path / "kill").exists()
    missing = trimaran_kill(tmp_path / "nothing")
    assert "nothing was stopped" in missing.stderr


def test_a_damaged_file_without_a_process_is_everything_killed(tmp_path: Path) -> None:
    trimaran_kill(tmp_path, "--scope", "strategy:arb")
    state = tmp_path / "kill" / "state"
    state.write_bytes(state.read_bytes()[:-10])
    shown = trimaran_kill(tmp_path, "--reset")
    assert "everything is KILLED: the kill file cannot be trusted" in shown.stdout
    assert "no switch stands" in trimaran_kill(tmp_path, "--reset", "--confirm", code_in(shown.stdout)).stdout


def test_a_folder_that_takes_no_file_gets_the_signal(tmp_path: Path) -> None:
    with process(tmp_path) as storm:
        storm.until("order", 20)
        requests = tmp_path / "kill" / "requests"
        requests.rmdir()
        requests.write_bytes(b"")  # no folder any more: neither file can be written
        done = trimaran_kill(tmp_path, "--wait", "0.5")
        assert "SIGUSR1 was sent" in done.stdout + done.stderr, done
        storm.until("told event all KILLED")
