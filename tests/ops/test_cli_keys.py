"""`trimaran keys` as users run it, and that no secret leaves the store by any way."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.test_cli import COMMAND

SECRET, PASSPHRASE = "sEcReT-0123456789", "pAss-of-the-key"


def run(folder: Path, *arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TRIMARAN_HOME": str(folder)}
    return subprocess.run(
        [*COMMAND, "keys", *arguments],
        input=told, capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip


def add(folder: Path, name: str = "main", venue: str = "okx", told: str = "") -> None:
    done = run(folder, "add", name, "--venue", venue, "--key", "PUBLIC-KEY-OF-IT", told=told)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_add_list_remove(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert "no keys" in run(folder, "list").stdout
    add(folder, told=f"{SECRET}\n{PASSPHRASE}\n")
    add(folder, "second", "binance", told=f"{SECRET}\n")
    listed = run(folder, "list")
    assert "main" in listed.stdout
    assert "okx" in listed.stdout
    assert "PUBLIC…-OF-IT" in listed.stdout
    for path in folder.iterdir():
        assert SECRET.encode() not in path.read_bytes()
        assert PASSPHRASE.encode() not in path.read_bytes()
    done = run(folder, "remove", "main")
    assert "delete it at the venue" in done.stdout
    assert "main" not in run(folder, "list").stdout


@pytest.mark.parametrize(
    ("arguments", "told", "words"),
    [
        (("--venue", "kraken", "--key", "K"), f"{SECRET}\n", "venues: expected"),
        (("--venue", "okx", "--key", "K"), f"{SECRET}\n", "passphrase of the key: expected a line"),
        (("--venue", "okx", "--key", "K"), "", "secret: expected a line"),
        (
            ("--venue", "binance", "--key", "K", "--environment", "prod"),
            f"{SECRET}\n",
            "environment: expected",
        ),
        (("--venue", "binance", "--key", ""), f"{SECRET}\n", "key: expected"),
    ],
)
def test_what_is_refused_is_named(tmp_path: Path, arguments: tuple[str, ...], told: str, words: str) -> None:
    done = run(tmp_path / "home", "add", "x", *arguments, told=told)
    assert done.returncode == 2
    assert words in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert "no keys" in run(tmp_path / "home", "list").stdout


def test_a_private_key_comes_from_a_private_file(tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_text("11" * 32)
    pem.chmod(0o644)
    options = ("add", "x", "--venue", "binance", "--key", "K", "--ed25519", str(pem))
    assert "0600" in run(tmp_path / "home", *options).stderr
    pem.chmod(0o600)
    assert run(tmp_path / "home", *options).returncode == 0
    assert "ed25519" in run(tmp_path / "home", "list").stdout


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The line of a running simulator of all venues, in a file."""
    process = subprocess.Popen(
        [*COMMAND, "simulate", "--symbols", "BTCUSDT", "--until-stdin-closes"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    path = tmp_path_factory.mktemp("simulator") / "line.json"
    path.write_text(process.stdout.readline())
    yield path
    process.stdin.close()
    process.wait(timeout=20)
    process.stdout.close()


@pytest.mark.parametrize("venue", ["binance", "okx", "htx"])
def test_a_key_is_checked_at_its_venue(tmp_path: Path, simulator: Path, venue: str) -> None:
    account = json.loads(simulator.read_text())["accounts"][venue]
    folder, where = tmp_path / "home", ("--simulator", str(simulator))

    def keep(name: str, key: str, secret: str) -> None:
        told = f"{secret}\n{account['passphrase']}\n"
        options = ("--venue", venue, "--key", key, "--environment", "simulator")
        assert run(folder, "add", name, *options, told=told).returncode == 0

    keep("good", account["key"], account["secret"])
    done = run(folder, "check", "good", *where)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fit to run with" in done.stdout
    assert done.stdout.count("assets, clock") == 2
    keep("wrong", account["key"], SECRET)
    done = run(folder, "check", "wrong", *where)
    assert done.returncode == 1
    assert "REFUSED: " in done.stdout
    assert SECRET not in done.stdout + done.stderr
    keep("rich", account["withdraw_key"], account["withdraw_secret"])
    done = run(folder, "check", "rich", *where)
    assert done.returncode == 1
    assert "expected one that may not withdraw" in done.stdout


def test_a_store_with_a_passphrase(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    options = ("add", "x", "--venue", "binance", "--key", "K", "--with-passphrase")
    assert run(folder, *options, told=f"{SECRET}\nopen sesame\n").returncode == 0
    assert not (folder / "master.key").exists()
    other = ("add", "y", "--venue", "binance", "--key", "K")
    wrong = run(folder, *other, told=f"{SECRET}\nwrong\n")
    assert wrong.returncode == 2
    assert "passphrase" in wrong.stderr
    assert run(folder, *other, told=f"{SECRET}\nopen sesame\n").returncode == 0


def test_a_secret_that_is_typed_is_not_echoed(tmp_path: Path) -> None:
    environment = {**os.environ, "TRIMARAN_HOME": str(tmp_path / "home"), "TERM": "dumb"}
    parent, child = pty.openpty()
    command = [*COMMAND, "keys", "add", "x", "--venue", "binance", "--key", "K"]
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env=environment, start_new_session=True
    )
    os.close(child)
    shown = b""
    while b"Secret:" not in shown:
        shown += os.read(parent, 1024)
    os.write(parent, f"{SECRET}\n".encode())
    try:
        while chunk := os.read(parent, 1024):
            shown += chunk
    except OSError:
        pass  # the other end is closed
    assert process.wait(timeout=30) == 0, shown
    os.close(parent)
    assert SECRET.encode() not in shown


def test_secrets_are_never_arguments(tmp_path: Path) -> None:
    shown = run(tmp_path, "add", "--help").stdout
    assert "--secret" not in shown
    assert "--passphrase " not in shown
