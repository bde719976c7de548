"""`trimaran keys` as users run it, and that no secret leaves the store by any way."""

from __future__ import annotations

import os
import pty
import subprocess
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
