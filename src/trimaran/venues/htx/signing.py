"""Signatures of HTX: over a query, and over the login of a private line. HMAC and Ed25519.

    spot   https://huobiapi.github.io/docs/spot/v1/en/#authentication
    swaps  https://huobiapi.github.io/docs/usdt_swap/v1/en/#signature-authentication-amp-verification

What is signed is four lines: method, host, path, and the query sorted by the ASCII of its names, values
percent-encoded. The host is the one that the request really goes to, as its `Host` header says it. The body
of a POST is not signed. Times are whole seconds of UTC, and HTX takes them within five minutes; a request
carries no deadline of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from trimaran.base.secret import KeyKind
from trimaran.venues.wire.credentials import Credentials, ed25519_key
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.message import Stamp

METHOD_NAMES: Final = {KeyKind.HMAC: "HmacSHA256", KeyKind.ED25519: "Ed25519"}
REST_VERSION: Final = "2"
LINE_VERSION: Final = "2.1"  # of spot's lines; those of swaps sign as REST does
DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Signer:
    """A key that signs. The private key is parsed once."""

    def __init__(self, credentials: Credentials) -> None:
        """Raises ConfigError when the secret is no key of its kind."""
        self.key = credentials.key
        self.method_name = METHOD_NAMES[credentials.kind]
        self._sign = _maker(credentials)

    def sign(self, text: str) -> str:
        """The signature of a text, in base 64."""
        return base64.b64encode(self._sign(text.encode())).decode()


class Place(msgspec.Struct, frozen=True):
    """Where a URL leads, in the words of a signature."""

    host: str  # lower case; with its port unless that is the scheme's own
    path: str

    @classmethod
    def of(cls, url: str) -> Place:
        """The place of a URL without a query."""
        parts = urlsplit(url)
        port = parts.port
        named = port is not None and port != DEFAULT_PORTS.get(parts.scheme)
        host = (parts.hostname or "").lower()
        return cls(f"{host}:{port}" if named else host, parts.path)


def encode_query(parameters: Mapping[str, str]) -> str:
    """A query, sorted by the ASCII of the names; values percent-encoded, with upper-case digits."""
    pairs = sorted(parameters.items(), key=lambda pair: pair[0].encode())
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def signed_query(
    signer: Signer, method: str, place: Place, parameters: Mapping[str, str], stamp: Stamp
) -> str:
    """The whole query of a request: its parameters, those of the signature, and the signature itself."""
    query = encode_query({**parameters, **_rest_parameters(signer, stamp)})
    signature = signer.sign(_payload(method, place, query))
    return f"{query}&Signature={quote(signature, safe='')}"


def spot_login(signer: Signer, place: Place, stamp: Stamp) -> dict[str, str]:
    """The parameters that log in on spot's `/ws/v2` and `/ws/trade`.

    https://huobiapi.github.io/docs/spot/v1/en/#authentication-2
    """
    parameters = {
        "accessKey": signer.key,
        "signatureMethod": signer.method_name,
        "signatureVersion": LINE_VERSION,
        "timestamp": utc_text(stamp),
    }
    signature = signer.sign(_payload("GET", place, encode_query(parameters)))
    return {"authType": "api", **parameters, "signature": signature}


def swap_login(signer: Signer, place: Place, stamp: Stamp) -> dict[str, str]:
    """The parameters that log in on `/linear-swap-notification` and `/linear-swap-trade`.

    https://huobiapi.github.io/docs/usdt_swap/v1/en/#authentication
    """
    parameters = _rest_parameters(signer, stamp)
    signature = signer.sign(_payload("GET", place, encode_query(parameters)))
    return {**parameters, "Signature": signature}


def utc_text(stamp: Stamp) -> str:
    """`YYYY-MM-DDThh:mm:ss` of UTC."""
    return datetime.fromtimestamp(stamp.venue_ns // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _rest_parameters(signer: Signer, stamp: Stamp) -> dict[str, str]:
    return {
        "AccessKeyId": signer.key,
        "SignatureMethod": signer.method_name,
        "SignatureVersion": REST_VERSION,
        "Timestamp": utc_text(stamp),
    }


def _payload(method: str, place: Place, query: str) -> str:
    return f"{method}\n{place.host}\n{place.path}\n{query}"


def _maker(credentials: Credentials) -> Callable[[bytes], bytes]:
    if credentials.kind is KeyKind.ED25519:
        return ed25519_key(credentials.secret).sign
    secret = credentials.secret.reveal().encode()
    return lambda message: hmac.digest(secret, message, hashlib.sha256)
