"""How the simulated HTX checks who asks: the signature over method, host, path and sorted parameters.

    METHOD \n host \n path \n AccessKeyId=...&SignatureMethod=...&... (sorted by the bytes of the keys)

Parameters are taken out of the URL, and written again in the one way that the venue knows (UTF-8, capital
hex, `%20` for a space), so what counts is what was said, not how it was escaped. On REST every parameter of
the URL is signed and the body is not; on sockets the four named parameters are. The host is the one that the
client used: REST and sockets of a market have one name on the venue and two ports here, so each will do.
https://www.htx.com/en-us/opend/newApiPages/?id=419
"""

from __future__ import annotations

import base64
import binascii
import enum
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trimaran.venues.sim.trading import ApiKey

VALID_MS: Final = 5 * 60 * 1000
HMAC: Final = "HmacSHA256"
ED25519: Final = "Ed25519"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

KeyOf = Callable[[str], ApiKey | None]


class Denied(enum.Enum):
    """Why a request is not believed."""

    MISSING = "parameters of the signature are missing"
    KEY = "the key is unknown"
    METHOD = "the method of signing is unknown"
    VERSION = "the version of signing is unknown"
    TIME = "the time is malformed or more than five minutes away"
    SIGNATURE = "the signature is wrong"
    PERMISSION = "the key may not do this"


class ParameterNames(msgspec.Struct, frozen=True):
    """What the parameters are called, and the version that goes with the names."""

    key: str
    method: str
    version: str
    time: str
    signature: str
    version_value: str


REST_NAMES: Final = ParameterNames(
    "AccessKeyId", "SignatureMethod", "SignatureVersion", "Timestamp", "Signature", "2"
)
SOCKET_NAMES: Final = ParameterNames(
    "accessKey", "signatureMethod", "signatureVersion", "timestamp", "signature", "2.1"
)


def read_query(raw: str) -> dict[str, str] | None:
    """The parameters of a URL by name; None where one is named twice or is no UTF-8 text."""
    found: dict[str, str] = {}
    for pair in raw.split("&") if raw else ():
        name, _, value = pair.partition("=")
        try:
            name_text = unquote_to_bytes(name.replace("+", " ")).decode()
            value_text = unquote_to_bytes(value.replace("+", " ")).decode()
        except UnicodeDecodeError:
            return None
        if name_text in found:
            return None
        found[name_text] = value_text
    return found


def check(
    parameters: Mapping[str, str],
    names: ParameterNames,
    first_lines: Iterable[str],
    key_of: KeyOf,
    now_ms: int,
) -> ApiKey | Denied:
    """Who asks, or why that is not believed.

    `parameters` are all that is signed, and the signature; `first_lines` are the texts that may stand before
    them (`METHOD\\nhost\\npath\\n`), the likeliest first.
    """
    key_name, signature = parameters.get(names.key), parameters.get(names.signature)
    method = parameters.get(names.method)
    if key_name is None or signature is None or method is None or names.time not in parameters:
        return Denied.MISSING
    if method not in (HMAC, ED25519):
        return Denied.METHOD
    if parameters.get(names.version) != names.version_value:
        return Denied.VERSION
    key = key_of(key_name)
    if key is None:
        return Denied.KEY
    time_ms = _time_ms(parameters[names.time])
    if time_ms is None or abs(time_ms - now_ms) > VALID_MS:
        return Denied.TIME
    signed = signed_text(parameters, names.signature)
    verify = _hmac_matches if method == HMAC else _ed25519_matches
    if any(verify(key, f"{line}{signed}".encode(), signature) for line in first_lines):
        return key
    return Denied.SIGNATURE


def signed_text(parameters: Mapping[str, str], leave_out: str) -> str:
    """The parameters as they are signed."""
    return "&".join(
        f"{_escaped(name)}={_escaped(value)}"
        for name, value in sorted(parameters.items())
        if name != leave_out
    )


def first_lines(method: str, hosts: Sequence[str], path: str) -> list[str]:
    """What may stand before the parameters."""
    return [f"{method}\n{host}\n{path}\n" for host in hosts]


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    return quote(text, safe="")


@lru_cache(maxsize=64)
def _time_ms(text: str) -> int | None:
    if not _TIME.fullmatch(text) or not text.isascii():
        return None
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None


def _hmac_matches(key: ApiKey, text: bytes, signature: str) -> bool:
    if not key.secret:
        return False
    expected = base64.b64encode(hmac.digest(key.secret.encode(), text, "sha256"))
    return hmac.compare_digest(expected, signature.encode())


def _ed25519_matches(key: ApiKey, text: bytes, signature: str) -> bool:
    if not key.public_key:
        return False
    try:
        raw = base64.b64decode(signature, validate=True)
        if base64.b64encode(raw).decode() != signature:
            return False
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_key)).verify(raw, text)
    except (binascii.Error, InvalidSignature, ValueError):
        return False
    return True
