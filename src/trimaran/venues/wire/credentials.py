"""The credentials of an API key, made of secrets that do not show themselves."""

from __future__ import annotations

from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret

SEED_DIGITS: Final = 64  # of an Ed25519 private key in hex

__all__ = ["Credentials", "KeyKind", "Secret"]


class Credentials(msgspec.Struct, frozen=True):
    """An API key of a venue. The key itself is public; it names the account, and logs may show it."""

    key: str
    secret: Secret
    passphrase: Secret | None = None  # OKX only
    kind: KeyKind = KeyKind.HMAC


def ed25519_key(secret: Secret) -> Ed25519PrivateKey:
    """The private key in a secret: PEM (PKCS 8), or its 32 bytes in hex. To be parsed once, not every time.

    Raises ConfigError, which does not show it.
    """
    text = secret.reveal().strip()
    key: object = None
    try:
        if len(text) == SEED_DIGITS:
            key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
        else:
            key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("key: expected an Ed25519 private key in PEM, or its 64 hex digits, found neither")
    return key
