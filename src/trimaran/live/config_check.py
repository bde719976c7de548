"""Tries the settings of a run out, as far as that can be done without a venue: files, folders, keys, limits.

What `trimaran run` would stumble over is found here, all of it at once. Nothing is written but an empty file
that is removed again, and no secret is opened.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trimaran.base.errors import ConfigError
from trimaran.live.run_config import SIMULATOR, RunSettings, hosts_of
from trimaran.live.run_limits import read_limits_text
from trimaran.live.settings import Finding, joined
from trimaran.risk.limits_file import read_limits
from trimaran.storage.keys import KeyEntry, KeyStore
from trimaran.storage.private_file import read_private
from trimaran.venues.wire.market_entry import TESTNET

LIVE: Final = "live"


def check_settings(settings: RunSettings, keys: KeyStore) -> Iterator[Finding]:
    """Everything that is wrong around a file of settings that is right in itself."""
    config = settings.config
    yield from _folder("desk.state", settings.state)
    if config.record.folder:
        yield from _folder("record.folder", settings.path(config.record.folder))
    yield from _limits(settings.path(config.risk.limits))
    try:
        hosts_of(settings)
    except ConfigError as error:
        yield _finding("simulator.file", error)
    if config.keys.passphrase_file:
        try:
            read_private(settings.path(config.keys.passphrase_file))
        except ConfigError as error:
            yield _finding("keys.passphrase_file", error)
    yield from _keys(settings, keys)


def _limits(path: Path) -> Iterator[Finding]:
    try:
        read_limits(read_limits_text(path))
    except ConfigError as error:
        where = str(error).partition(":")[0]
        yield _finding("risk.limits" if where == "limits" else f"risk.limits: {where}", error)


def _keys(settings: RunSettings, store: KeyStore) -> Iterator[Finding]:
    try:
        entries = {entry.name: entry for entry in store.entries()}
    except ConfigError as error:
        yield _finding("keys.store", error)
        return
    for name, market in settings.config.markets.items():
        at = joined(joined("markets", name), "key")
        if not market.key:
            continue
        entry = entries.get(market.key)
        if entry is None:
            known = ", ".join(entries) or "a key of the store, which is empty: see `trimaran keys add`"
            yield Finding(at, f"one of {known}", repr(market.key))
            continue
        yield from _fits(at, name, market.hosts, entry)


def _fits(at: str, market: str, hosts: object, entry: KeyEntry) -> Iterator[Finding]:
    """A key of another venue or environment would sign requests that nobody there knows."""
    venue = market.partition(".")[0]
    if entry.venue != venue:
        yield Finding(at, f"a key of {venue}", f"one of {entry.venue}")
    if hosts in (LIVE, TESTNET, SIMULATOR) and entry.environment != hosts:
        yield Finding(at, f"a key of the environment {hosts}", f"one of {entry.environment}")


def _folder(field: str, path: Path) -> Iterator[Finding]:
    """A folder that can be written, or made: then the nearest one above it can."""
    nearest = path
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    try:
        found = nearest.stat()
        if not stat.S_ISDIR(found.st_mode):
            yield Finding(field, "a folder", f"{nearest}, which is none")
            return
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        yield Finding(field, "a folder that can be written", f"{nearest}: {error.strerror}")
        return
    if nearest is path and (found.st_mode & 0o022 or found.st_uid != os.geteuid()):
        yield Finding(
            field, "a folder that only this user can write", f"mode {stat.S_IMODE(found.st_mode):04o}"
        )


def _finding(field: str, error: ConfigError) -> Finding:
    """An error with its own words, under the key that leads to it."""
    before, _, found = str(error).partition(", found")
    expected = before.partition("expected ")[2] or "something that can be used"
    return Finding(field, expected, found.lstrip(": ") or str(error))
