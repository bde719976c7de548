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

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.domain.instrument import MarketName
from trimaran.live.account import Hosts
from trimaran.live.key_check import KeyCheck, check_key
from trimaran.ops.options import markets_of
from trimaran.storage.keys import KeyStore, StoredKey
from trimaran.storage.private_file import read_private
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.market_entry import TESTNET
from trimaran.venues.wire.rest import RestClient, RestOptions

app = typer.Typer(
    help="Keep API keys of venues, sealed on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ENVIRONMENTS: Final = ("live", "testnet", "simulator")
NEEDS_PASSPHRASE: Final = ("okx",)
HOME_VARIABLE: Final = "TRIMARAN_HOME"
SHOWN: Final = 6  # characters of a key at each end


class _Addresses(msgspec.Struct):
    venues: dict[str, dict[str, dict[str, str]]]


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


@app.command("check")
def check(
    name: Name,
    simulator: Annotated[
        Path | None,
        typer.Option(help="The line that `trimaran simulate` printed, in a file; for keys of a simulator."),
    ] = None,
    proxy: Annotated[str | None, typer.Option(help="http:// or socks5://, for the way to the venue.")] = None,
    store: Store = None,
) -> None:
    """Ask the venue what a key may do, and whether a desk would run with it; nothing is changed."""
    key = key_store(store).open(name)
    hosts = _hosts(key, simulator)
    credentials = Credentials(key.key, key.secret, key.passphrase, key.kind)
    found = uvloop.run(_check(key.venue, hosts, credentials, proxy))
    for market in found.markets:
        where = f"{market.assets} assets, clock {market.offset_ms:+} ms" if market.reached else market.trouble
        typer.echo(f"{market.market}: {where}")
    if found.permissions is not None:
        allowed = found.permissions
        words = [_word(each) for each in (allowed.may_read, allowed.may_trade, allowed.may_withdraw)]
        typer.echo("may read {}, trade {}, withdraw {}".format(*words))
    typer.echo(f"REFUSED: {found.refusal}" if found.refusal else "fit to run with")
    raise typer.Exit(1 if found.refusal else 0)


@app.command("remove")
def remove(name: Name, store: Store = None) -> None:
    """Forget a key. At the venue it goes on to exist: delete it there too."""
    key_store(store).remove(name)
    typer.echo(f"{name}: removed here; delete it at the venue too")


def key_store(folder: Path | None) -> KeyStore:
    """The store that the options mean."""
    return KeyStore(key_folder(folder), lambda: _ask("Passphrase of the key store"))


def shown(key: str) -> str:
    """A public key, shortened for a screen."""
    return key if len(key) <= 2 * SHOWN + 1 else f"{key[:SHOWN]}…{key[-SHOWN:]}"


async def _check(venue: str, hosts: Hosts, credentials: Credentials, proxy: str | None) -> KeyCheck:
    clock = SystemClock()
    async with RestClient(clock, RestOptions(proxy=proxy)) as rest:
        return await check_key(venue, hosts, credentials, rest, clock)


def _hosts(key: StoredKey, simulator: Path | None) -> Hosts:
    """Where the markets of a key's venue are. Raises ConfigError."""
    markets = [MarketName(name) for name in markets_of(key.venue)]
    if key.environment != "simulator":
        return {name: key.environment for name in markets if _has(name, key.environment)}
    if simulator is None:
        raise ConfigError("simulator: expected the file with its addresses, found none")
    try:
        addresses = msgspec.json.decode(simulator.read_bytes(), type=_Addresses)
        return {name: addresses.venues[key.venue][name.partition(".")[2]] for name in markets}
    except OSError as error:
        raise ConfigError(f"{simulator}: expected a readable file, found: {error.strerror}") from None
    except (msgspec.MsgspecError, KeyError) as error:
        raise ConfigError(f"{simulator}: expected addresses of a simulated {key.venue}: {error}") from None


def _has(market: MarketName, environment: str) -> bool:
    spec = MARKETS[market].private.spec
    return environment != TESTNET or spec.testnet is not None


def _word(allowed: bool | None) -> str:
    return {True: "yes", False: "no", None: "not said"}[allowed]


def key_folder(folder: Path | None) -> Path:
    """The folder of the key store that an option means."""
    if folder is not None:
        return folder
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
