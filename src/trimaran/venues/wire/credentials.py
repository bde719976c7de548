"""The credentials of an API key, made of secrets that do not show themselves."""

from __future__ import annotations

import msgspec

from trimaran.base.secret import KeyKind, Secret

__all__ = ["Credentials", "KeyKind", "Secret"]


class Credentials(msgspec.Struct, frozen=True):
    """An API key of a venue. The key itself is public; it names the account, and logs may show it."""

    key: str
    secret: Secret
    passphrase: Secret | None = None  # OKX only
    kind: KeyKind = KeyKind.HMAC
