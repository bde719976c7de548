"""Secrets that do not show themselves.

A `Secret` prints as stars wherever it is printed: in logs, in exceptions, in the repr of whatever holds it.
Only `reveal` gives the text; signing and the key store call it, and nothing else.
"""

from __future__ import annotations

import enum
from typing import Final

STARS: Final = "Secret(***)"


class Secret:
    """A text that must not be shown; neither hashable nor picklable."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return STARS

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return STARS

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


class KeyKind(enum.Enum):
    """How a key signs."""

    HMAC = "hmac"  # the secret is the text that the venue gave
    ED25519 = "ed25519"  # the secret is a private key in PEM (PKCS 8), or its 32-byte seed in hex
