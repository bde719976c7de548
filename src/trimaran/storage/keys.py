"""The key store: API keys of venues, sealed in one file.

    <folder>/keys.json     names, venues and public halves in the clear; secrets in envelopes (`sealing.py`)
    <folder>/master.key    32 random bytes, where no passphrase was chosen when the store was made

Both files are 0600, and refused otherwise; their folder is made with 0700. The file is read whole, changed,
and replaced whole; whatever does not follow its schema is refused with the name of the field.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.storage.private_file import exclusive, read_private, write_private
from trimaran.storage.sealing import KEY_BYTES, SALT_BYTES, Envelope, MasterKey

STORE: Final = "keys.json"
MASTER: Final = "master.key"
VERSION: Final = 1
CANARY: Final = b"trimaran key store"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
TEXT_MAX: Final = 16_384

AskPassphrase = Callable[[], Secret]


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key, open. `environment` names a set of hosts: live, testnet, or `simulator`."""

    name: str
    venue: str
    environment: str
    kind: KeyKind
    key: str
    secret: Secret
    passphrase: Secret | None = None  # of the venue (OKX), not of the store


class KeyEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key as the file holds it."""

    name: str
    venue: str
    environment: str
    kind: KeyKind
    key: str
    envelope: Envelope

    def label(self) -> bytes:
        """What is authenticated with the secret: everything that stands in the clear."""
        return msgspec.json.encode([self.name, self.venue, self.environment, self.kind.value, self.key])


class _Inside(msgspec.Struct, forbid_unknown_fields=True):
    secret: str
    passphrase: str | None = None


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    salt: bytes | None  # of a passphrase; None: a key file
    canary: Envelope  # tells a wrong key at once, before anything is added under it
    entries: tuple[KeyEntry, ...] = ()


class KeyStore:
    """The store in one folder. Reading the list needs no key; adding and opening do."""

    def __init__(self, folder: Path, ask_passphrase: AskPassphrase) -> None:
        """`ask_passphrase` is called at most once, and only for a store that has one."""
        self._folder = folder
        self._ask = ask_passphrase
        self._master: MasterKey | None = None

    @property
    def exists(self) -> bool:
        """Whether the store was made."""
        return (self._folder / STORE).exists()

    def create(self, passphrase: Secret | None) -> None:
        """Makes an empty store under a passphrase or a key file. Raises ConfigError if it is there.

        A key file without a store is of a creation that was cut off, and is taken: nothing is sealed with it.
        """
        if self.exists:
            raise ConfigError(f"{self._folder}: expected no key store, found one")
        salt = None
        if passphrase is None:
            if not (self._folder / MASTER).exists():
                write_private(self._folder / MASTER, os.urandom(KEY_BYTES))
            self._master = MasterKey(read_private(self._folder / MASTER))
        else:
            salt = os.urandom(SALT_BYTES)
            self._master = MasterKey.from_passphrase(passphrase, salt)
        self._write(_File(version=VERSION, salt=salt, canary=self._master.seal(CANARY, CANARY)))

    def entries(self) -> tuple[KeyEntry, ...]:
        """What is stored, secrets still sealed; in the order of adding."""
        return self._read().entries if self.exists else ()

    def add(self, key: StoredKey) -> None:
        """Seals and stores a key. Raises ConfigError for a bad field or a name that is taken."""
        _check(key)
        with exclusive(self._folder):
            self._add(key)

    def open(self, name: str) -> StoredKey:
        """A key with its secrets. Raises ConfigError for an unknown name, a wrong key, a changed entry."""
        file = self._read()
        entry = _named(file, name)
        text = self._key_of(file).open(entry.envelope, entry.label())
        try:
            inside = msgspec.json.decode(text, type=_Inside)
        except msgspec.MsgspecError:
            raise ConfigError(f"key store: {name}: expected a secret, found something else") from None
        return StoredKey(
            name=entry.name,
            venue=entry.venue,
            environment=entry.environment,
            kind=entry.kind,
            key=entry.key,
            secret=Secret(inside.secret),
            passphrase=Secret(inside.passphrase) if inside.passphrase is not None else None,
        )

    def remove(self, name: str) -> None:
        """Forgets a key. Raises ConfigError for an unknown name."""
        with exclusive(self._folder):
            self._remove(name)

    def _add(self, key: StoredKey) -> None:
        file = self._read()
        if any(entry.name == key.name for entry in file.entries):
            raise ConfigError(f"name: expected one that is free, found {key.name!r}; remove it first")
        blank = KeyEntry(
            name=key.name,
            venue=key.venue,
            environment=key.environment,
            kind=key.kind,
            key=key.key,
            envelope=Envelope(b"", b""),
        )
        inside = _Inside(key.secret.reveal(), key.passphrase.reveal() if key.passphrase else None)
        envelope = self._key_of(file).seal(msgspec.json.encode(inside), blank.label())
        entry = msgspec.structs.replace(blank, envelope=envelope)
        self._write(msgspec.structs.replace(file, entries=(*file.entries, entry)))

    def _remove(self, name: str) -> None:
        file = self._read()
        entry = _named(file, name)
        left = tuple(each for each in file.entries if each is not entry)
        self._write(msgspec.structs.replace(file, entries=left))

    def _key_of(self, file: _File) -> MasterKey:
        if self._master is None:
            master = (
                MasterKey(read_private(self._folder / MASTER))
                if file.salt is None
                else MasterKey.from_passphrase(self._ask(), file.salt)
            )
            master.open(file.canary, CANARY)
            self._master = master
        return self._master

    def _read(self) -> _File:
        path = self._folder / STORE
        data = read_private(path)
        try:
            file = msgspec.json.decode(data, type=_File)
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{path}: expected a key store, found: {error}") from None
        if file.version != VERSION:
            raise ConfigError(f"{path}: version: expected {VERSION}, found {file.version}")
        return file

    def _write(self, file: _File) -> None:
        write_private(self._folder / STORE, msgspec.json.format(msgspec.json.encode(file)))


def _named(file: _File, name: str) -> KeyEntry:
    for entry in file.entries:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in file.entries) or "no key at all"
    raise ConfigError(f"name: expected one of {known}, found {name!r}")


def _check(key: StoredKey) -> None:
    if not NAME.fullmatch(key.name):
        raise ConfigError(
            f"name: expected up to 64 of a-z, 0-9, '.', '_', '-', no punctuation first, found {key.name!r}"
        )
    for field, text in (("key", key.key), ("venue", key.venue), ("environment", key.environment)):
        if not (text and text.isascii() and text.isprintable() and len(text) <= TEXT_MAX):
            raise ConfigError(f"{field}: expected printable text, found {text[:40]!r}")
    for field, secret in (("secret", key.secret), ("passphrase", key.passphrase)):
        if secret is not None and not 0 < len(secret.reveal()) <= TEXT_MAX:
            raise ConfigError(f"{field}: expected 1..{TEXT_MAX} characters, found {len(secret.reveal())}")
