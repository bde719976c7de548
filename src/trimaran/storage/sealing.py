"""Envelopes of AES-256-GCM: each secret under a data key of its own, each data key under the master key.

    master key = 32 random bytes in a key file, or argon2id(passphrase, salt)
    sealed     = nonce + AES-GCM(data key, text, label)
    wrapped    = nonce + AES-GCM(master key, data key, label)

The label is authenticated with both, so that an envelope cannot be moved to another name, venue or
environment. Nonces are 96 random bits (NIST SP 800-38D, 8.2.2); a data key seals once. The costs of argon2id
are those that RFC 9106 gives second, for machines with little memory to spare: 64 MiB, three passes, four
lanes.
"""

from __future__ import annotations

import os
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from trimaran.base.errors import ConfigError
from trimaran.base.secret import Secret

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SALT_BYTES: Final = 16
ARGON_PASSES: Final = 3
ARGON_LANES: Final = 4
ARGON_KIB: Final = 64 * 1024


class MasterKey:
    """The key that wraps data keys. It shows itself to nobody."""

    __slots__ = ("_bytes",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise ConfigError(f"key file: expected {KEY_BYTES} bytes, found {len(raw)}")
        self._bytes = raw

    def __repr__(self) -> str:
        return "MasterKey(***)"

    def __reduce__(self) -> str:
        raise TypeError("a master key is not pickled")

    @classmethod
    def from_passphrase(cls, passphrase: Secret, salt: bytes) -> MasterKey:
        """The key that a passphrase gives; takes a few tenths of a second on purpose."""
        argon = Argon2id(
            salt=salt, length=KEY_BYTES, iterations=ARGON_PASSES, lanes=ARGON_LANES, memory_cost=ARGON_KIB
        )
        return cls(argon.derive(passphrase.reveal().encode()))

    def seal(self, text: bytes, label: bytes) -> Envelope:
        """Seals a text under a fresh data key."""
        data_key = os.urandom(KEY_BYTES)
        return Envelope(
            wrapped=_encrypt(self._bytes, data_key, label), sealed=_encrypt(data_key, text, label)
        )

    def open(self, envelope: Envelope, label: bytes) -> bytes:
        """The text of an envelope. Raises ConfigError for a wrong key, and for anything that was changed."""
        try:
            data_key = _decrypt(self._bytes, envelope.wrapped, label)
            return _decrypt(data_key, envelope.sealed, label)
        except (InvalidTag, ValueError):
            raise ConfigError(
                "key store: expected the right key file or passphrase, and an entry that nobody has changed"
            ) from None


class Envelope(msgspec.Struct, frozen=True):
    """A sealed text with its wrapped data key; both begin with their nonce."""

    wrapped: bytes
    sealed: bytes


def _encrypt(key: bytes, text: bytes, label: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, label)


def _decrypt(key: bytes, packed: bytes, label: bytes) -> bytes:
    if len(packed) <= NONCE_BYTES:
        raise ValueError("too short")
    return AESGCM(key).decrypt(packed[:NONCE_BYTES], packed[NONCE_BYTES:], label)
