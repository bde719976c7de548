"""`trimaran config` and `trimaran journal`, and what is said where no desk runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.domain.instrument import MarketName
from trimaran.domain.records import RunOpened
from trimaran.journal.disk import RealDisk
from trimaran.journal.open import open_journal
from trimaran.live.run_config import read_run_config
from trimaran.live.run_credentials import credentials_of
from trimaran.live.run_reference import example_file
from trimaran.ops.cli import app
from trimaran.ops.run_options import keys_of
from trimaran.storage.keys import KeyStore, StoredKey

GOOD = """
[desk]
symbols = ["BTC-USDT"]
state = "state"
[markets."binance.spot"]
hosts = "live"
key = "main"
[risk]
limits = "limits.toml"
[keys]
store = "keys"
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Settings that are right, with everything that they name."""
    store = KeyStore(tmp_path / "keys", lambda: Secret("unused"))
    store.create(None)
    for name, venue, environment in (
        ("main", "binance", "live"),
        ("okx", "okx", "live"),
        ("trial", "binance", "testnet"),
    ):
        passphrase = Secret("p") if venue == "okx" else None
        store.add(
            StoredKey(
                name=name,
                venue=venue,
                environment=environment,
                kind=KeyKind.HMAC,
                key="k" * 8,
                secret=Secret("s"),
                passphrase=passphrase,
            )
        )
    (tmp_path / "limits.toml").write_text("version = 1")
    (tmp_path / "run.toml").write_text(GOOD)
    return tmp_path / "run.toml"


def test_settings_that_are_right(file: Path) -> None:
    done = run("config", "check", str(file))
    assert (done.exit_code, done.stdout) == (0, f"{file}: fit to run with\n")
    assert not (file.parent / "state").exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"main"', '"none"', """"binance.spot".key: expected one of main, okx, trial, found 'none'"""),
        ('"main"', '"okx"', 'markets."binance.spot".key: expected a key of binance, found one of okx'),
        ('"main"', '"trial"', "expected a key of the environment live, found one of testnet"),
        ('"limits.toml"', '"none.toml"', "risk.limits: expected a file that can be read, found"),
        ('"state"', '"run.toml"', "desk.state: expected a folder, found"),
        ('"state"', '"/proc/state"', "desk.state: expected a folder that can be written, found"),
        ('"keys"', '"keys"\npassphrase_file = "none"', "keys.passphrase_file: expected a readable file"),
        ("[desk]", "[desk]\nregion = 99", "desk.region: expected 0..15, found 99"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_the_exit_code_says_so(file: Path, old: str, new: str, told: str) -> None:
    file.write_text(GOOD.replace(old, new))
    done = run("config", "check", str(file))
    assert done.exit_code == 1
    assert told in done.output
    found = json.loads(run("config", "check", str(file), "--json").stdout)["findings"]
    assert told in "\n".join(
        f"{row['field']}: expected {row['expected']}, found {row['found']}" for row in found
    )


def test_limits_that_are_wrong_are_told_with_their_own_key(file: Path) -> None:
    (file.parent / "limits.toml").write_text("version = 1\n[default]\nleverage_max = 9999")
    done = run("config", "check", str(file))
    assert done.exit_code == 1
    assert "risk.limits: limits.default.leverage_max: expected an integer 1..125, found 9999" in done.output
    (file.parent / "limits.toml").write_text(run("limits", "example").stdout)
    assert run("config", "check", str(file)).exit_code == 0


def test_a_state_folder_that_others_can_write_is_refused(file: Path) -> None:
    (file.parent / "state").mkdir(mode=0o700)
    (file.parent / "state").chmod(0o777)
    done = run("config", "check", str(file))
    assert "desk.state: expected a folder that only this user can write, found mode 0777" in done.output


def test_a_store_with_a_passphrase_is_opened_with_that_of_a_private_file(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys", lambda: Secret("unused"))
    store.create(Secret("open sesame"))
    key = StoredKey(
        name="main",
        venue="binance",
        environment="live",
        kind=KeyKind.HMAC,
        key="k" * 8,
        secret=Secret("hush"),
    )
    store.add(key)
    (tmp_path / "run.toml").write_text(GOOD + 'passphrase_file = "words"\n')
    (tmp_path / "words").write_text("open sesame\n")
    settings = read_run_config(tmp_path / "run.toml")
    with pytest.raises(ConfigError, match="expected mode 0600"):
        keys_of(settings).open("main")
    (tmp_path / "words").chmod(0o600)
    assert credentials_of(settings, keys_of(settings))(MarketName("binance.spot")).secret.reveal() == "hush"
    (tmp_path / "words").write_text("another")
    with pytest.raises(ConfigError):
        keys_of(settings).open("main")


def test_the_example_needs_its_simulator(file: Path) -> None:
    file.write_text(run("config", "example").stdout)
    done = run("config", "check", str(file))
    assert done.exit_code == 1
    assert "simulator.file: expected a file that can be read" in done.output
    assert file.read_text() == example_file()


def test_a_key_is_explained() -> None:
    assert "desk.symbols: a list of pairs" in run("config", "explain", "desk").stdout
    assert "expected one of" in str(run("config", "explain", "nope").exception)


@pytest.mark.parametrize(
    "command",
    [
        ("orders",), ("positions",), ("balances",), ("pnl",), ("cancel-all",), ("reconcile",),
        ("cancel", "5"), ("release", "okx.swap:BTC-USDT-SWAP"), ("limits", "show"),
    ],
)  # fmt: skip
def test_where_no_desk_runs_it_is_said(file: Path, command: tuple[str, ...]) -> None:
    done = run(*command, "--config", str(file))
    assert "expected the socket of a running desk, found none" in str(done.exception)
    done = run(*command, "--config", str(file.with_name("none.toml")))
    assert "expected a file that can be read" in str(done.exception)


def test_a_journal_is_shown_and_verified(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "journal"
    disk = RealDisk(folder)
    journal = open_journal(disk).journal
    journal.append(RunOpened(0, 0, 1, "holder", "1", 5))
    journal.settle()
    journal.close()
    disk.close()
    shown = run("journal", "show", str(tmp_path / "state"))
    assert json.loads(shown.stdout)["record"]["epoch"] == 1
    assert run("journal", "verify", str(folder)).stdout.startswith("whole: records 1..1 in 1 segments")
    assert json.loads(run("journal", "verify", str(folder), "--json").stdout)["whole"]
    segment = next(path for path in folder.iterdir() if path.name.endswith(".journal"))
    data = bytearray(segment.read_bytes())
    data[60] ^= 1
    segment.write_bytes(data)
    damaged = run("journal", "verify", str(folder))
    assert damaged.exit_code == 1
    assert "damaged:" in damaged.output
    assert "expected the folder of a journal" in str(run("journal", "verify", str(tmp_path / "no")).exception)


def test_a_doctor_tells_of_a_venue_that_is_not_there_and_of_a_key_that_cannot_be_opened(file: Path) -> None:
    hosts = '{rest = "http://127.0.0.1:9", ws = "ws://127.0.0.1:9", ws_api = "ws://127.0.0.1:9"}'
    hosts = hosts.replace("}", ', ws_private = "ws://127.0.0.1:9"}')
    file.write_text(GOOD.replace('"live"', hosts))
    (file.parent / "keys" / "master.key").chmod(0o644)
    done = run("doctor", "--config", str(file), "--json")
    assert done.exit_code == 1
    lines = {row["what"]: row for row in json.loads(done.stdout)}
    assert lines["binance.spot"]["verdict"] == "fail"
    assert "see to the network" in lines["binance.spot"]["advice"]
    assert lines["key of binance.spot"]["verdict"] == "fail"
    assert "0600" in lines["key of binance.spot"]["found"]


def test_a_doctor_says_what_to_do(file: Path) -> None:
    done = run("doctor", "--config", str(file), "--offline", "--json")
    assert done.exit_code == 0
    lines = {row["what"]: row for row in json.loads(done.stdout)}
    assert {"python", "native core", "open files", "settings", "free space", "disk sync", "journal"} <= set(
        lines
    )
    assert lines["settings"]["verdict"] == "ok"
    file.write_text("[desk]")
    done = run("doctor", "--config", str(file), "--offline")
    assert done.exit_code == 1
    assert "see `trimaran config check`" in done.stdout
