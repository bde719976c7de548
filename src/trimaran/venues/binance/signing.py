"""Binance's signatures: of REST queries, and of requests over the WebSocket API. The two rules differ.

    REST           the query as it goes onto the wire, percent-encoded; `signature` is its last parameter
    WebSocket API  all parameters but `signature`, sorted by name, `name=value` joined by `&`, not encoded

    https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security
    https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/request-security

A key is prepared once, not for every request. HMAC signatures are lower-case hex, Ed25519 ones are base64,
which a query carries percent-encoded.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Protocol
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind
from trimaran.venues.wire.credentials import Credentials, ed25519_key

Parameters = Mapping[str, str | int]


class Signer(Protocol):
    """A prepared key."""

    def sign(self, payload: bytes) -> str:
        """The signature of exactly these bytes, as the venue spells it in JSON."""


class HmacSigner:
    """HMAC-SHA256 with the text that the venue gave as the secret."""

    def __init__(self, secret: str) -> None:
        self._prepared = hmac.new(secret.encode(), digestmod="sha256")

    def sign(self, payload: bytes) -> str:
        """Lower-case hex."""
        code = self._prepared.copy()
        code.update(payload)
        return code.hexdigest()


class Ed25519Signer:
    """Ed25519 (RFC 8032) with a private key of ours, whose public half the venue knows."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def sign(self, payload: bytes) -> str:
        """Base64 with padding."""
        return b64encode(self._key.sign(payload)).decode()


def signer_of(credentials: Credentials) -> Signer:
    """The prepared key of `credentials`. Raises ConfigError, which does not show it, when it is unusable."""
    secret = credentials.secret.reveal()
    if not secret or not credentials.key:
        raise ConfigError("binance key: expected a key and its secret, found an empty one")
    if credentials.kind is KeyKind.HMAC:
        return HmacSigner(secret)
    return Ed25519Signer(ed25519_key(credentials.secret))


def signed_query(parameters: Iterable[tuple[str, str | int]], signer: Signer) -> str:
    """A query string with `signature` as its last parameter."""
    query = query_text(parameters)
    return f"{query}&signature={quote(signer.sign(query.encode()), safe='')}"


def query_text(parameters: Iterable[tuple[str, str | int]]) -> str:
    """`name=value` joined by `&`, values percent-encoded, in the order given."""
    return "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parameters)


def sorted_text(parameters: Parameters) -> str:
    """What the WebSocket API signs."""
    return "&".join([f"{name}={parameters[name]}" for name in sorted(parameters)])
