"""`trimaran keys`: API keys, sealed in the key store.

A secret comes from a prompt that does not echo, or from the standard input; never from an argument, where
every process of the machine could read it, nor from the environment, which ends up in dumps.
"""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.ops.options import markets_of
from trimaran.storage.keys import KeyStore, StoredKey
from trimaran.storage.private_file import read_private

app = typer.Typer(
    help="Keep API keys of venues, sealed on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ENVIRONMENTS: Final = ("live", "testnet", "simulator")
NEEDS_PASSPHRASE: Final = ("okx",)
HOME_VARIABLE: Final = "TRIMARAN_HOME"
SHOWN: Final = 6  # characters of a key at each end

Store = Annotated[
    Path | None,
    typer.Option(
        "--store", help=f"Folder of the key store; otherwise ${HOME_VARIABLE} or ~/.config/trimaran."
    ),
]
Name = Annotated[str, typer.Argument(help="What you call the key.")]


@app.command("add")
def add(
    name: Name,
    venue: Annotated[str, typer.Option(help="The venue of the key.")],
    key: Annotated[str, typer.Option(help="The public half: what the venue calls API key or access key.")],
    environment: Annotated[str, typer.Option(help="live, testnet or simulator.")] = "live",
    ed25519: Annotated[
        Path | None,
        typer.Option(help="The private key, PEM or 32 bytes in hex, in a file of mode 0600."),
    ] = None,
    with_passphrase: Annotated[
        bool,
        typer.Option("--with-passphrase", help="Seal a new store with a passphrase, not a key file."),
    ] = False,
    store: Store = None,
) -> None:
    """Add a key. Its secret is asked for, or read from the standard input, then its passphrase."""
    markets_of(venue)
    if environment not in ENVIRONMENTS:
        raise ConfigError(f"environment: expected one of {', '.join(ENVIRONMENTS)}, found {environment!r}")
    keys = key_store(store)
    if ed25519 is not None:
        kind, secret = KeyKind.ED25519, Secret(read_private(ed25519).decode("ascii", "replace").strip())
    else:
        kind, secret = KeyKind.HMAC, _ask("Secret")
    passphrase = _ask("Passphrase of the key") if venue in NEEDS_PASSPHRASE else None
    if not keys.exists:
        keys.create(_new_passphrase() if with_passphrase else None)
    keys.add(
        StoredKey(
            name=name,
            venue=venue,
            environment=environment,
            kind=kind,
            key=key,
            secret=secret,
            passphrase=passphrase,
        )
    )
    typer.echo(f"{name}: stored, sealed")


@app.command("list")
def list_keys(store: Store = None) -> None:
    """List the keys; no secret is opened for it."""
    entries = key_store(store).entries()
    if not entries:
        typer.echo("no keys")
        return
    table = Table(box=None)
    for column in ("name", "venue", "environment", "signs with", "key"):
        table.add_column(column)
    for entry in entries:
        table.add_row(entry.name, entry.venue, entry.environment, entry.kind.value, shown(entry.key))
    Console().print(table)


@app.command("remove")
def remove(name: Name, store: Store = None) -> None:
    """Forget a key. At the venue it goes on to exist: delete it there too."""
    key_store(store).remove(name)
    typer.echo(f"{name}: removed here; delete it at the venue too")


def key_store(folder: Path | None) -> KeyStore:
    """The store that the options mean."""
    return KeyStore(folder or _home(), lambda: _ask("Passphrase of the key store"))


def shown(key: str) -> str:
    """A public key, shortened for a screen."""
    return key if len(key) <= 2 * SHOWN + 1 else f"{key[:SHOWN]}…{key[-SHOWN:]}"


def _home() -> Path:
    named = os.environ.get(HOME_VARIABLE)
    return Path(named) if named else Path.home() / ".config" / "trimaran"


def _ask(what: str) -> Secret:
    if sys.stdin.isatty():
        return Secret(getpass.getpass(f"{what}: "))
    line = sys.stdin.readline()
    if not line.rstrip("\r\n"):
        raise ConfigError(f"{what.lower()}: expected a line of the standard input, found none")
    return Secret(line.rstrip("\r\n"))


def _new_passphrase() -> Secret:
    first = _ask("New passphrase of the key store")
    if sys.stdin.isatty() and _ask("The same again") != first:
        raise ConfigError("passphrase: expected the same twice, found two different ones")
    return first
