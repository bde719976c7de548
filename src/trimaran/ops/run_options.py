"""Which desk a command means: that of a settings file, or that of a state folder."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from trimaran.base.errors import ConfigError
from trimaran.base.secret import Secret
from trimaran.live.control_port import Request
from trimaran.live.run_config import SOCKET, RunSettings, read_run_config
from trimaran.ops.cli_keys import key_folder
from trimaran.ops.control_client import ask_desk
from trimaran.storage.keys import KeyStore
from trimaran.storage.private_file import read_private

RUN_FILE: Final = Path("run.toml")

RunFile = Annotated[Path, typer.Option("--config", help="Settings of the desk, TOML.")]
State = Annotated[Path | None, typer.Option("--state", help="State folder of the desk, instead of --config.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def state_of(config: Path, state: Path | None) -> Path:
    """The state folder that the options mean. Raises ConfigError."""
    return state if state is not None else read_run_config(config).state


def ask(config: Path, state: Path | None, request: Request) -> Any:
    """What the desk answers. Raises ConfigError where none runs, or it refuses."""
    return ask_desk(state_of(config, state) / SOCKET, request)


def print_json(value: object) -> None:
    """A value for programs."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def keys_of(settings: RunSettings) -> KeyStore:
    """The key store of a run; its passphrase comes from the file, from a prompt, or the standard input."""
    keys = settings.config.keys

    def passphrase() -> Secret:
        if keys.passphrase_file:
            data = read_private(settings.path(keys.passphrase_file))
            return Secret(data.decode("utf-8", "replace").rstrip("\r\n"))
        if sys.stdin is not None and sys.stdin.isatty():
            return Secret(getpass.getpass("Passphrase of the key store: "))
        line = "" if sys.stdin is None else sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise ConfigError(
                "keys.passphrase_file: expected a file, or it on the standard input, found neither"
            )
        return Secret(line)

    return KeyStore(settings.path(keys.store) if keys.store else key_folder(None), passphrase)
