"""Who asks, and whether what they ask has been signed: keys, signatures and clocks of the simulated Binance.

REST signs the bytes of the query and of the body as they were sent, one after the other without anything
between them; the WebSocket API signs `name=value` of all parameters, sorted, raw, joined by `&`. HMAC-SHA256
in hexadecimal of either case, or Ed25519 in base64. A request counts while
`timestamp < server + 1000 ms` and `server - timestamp <= recvWindow`.
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trimaran.venues.binance.simulator.refusals import ApiError, bad, illegal, missing, no_key
from trimaran.venues.sim.trading import ApiKey, Permission

RECV_WINDOW_MS: Final = 5_000
RECV_WINDOW_MAX_MS: Final = 60_000
AHEAD_MS: Final = 1_000
MICROSECONDS_FROM: Final = 10**14  # a timestamp so large is in microseconds
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")
_HEX: Final = re.compile(r"[A-Fa-f0-9]{64}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{1,512}={0,2}")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,20}")
_WINDOW: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,3})?")
_INVALID: Final = "Signature for this request is not valid."

FindKey = Callable[[str], ApiKey | None]


def key_of(text: str, find: FindKey) -> ApiKey:
    """The key that a request names. Raises -2014 for what is none, -2015 for one that nobody has."""
    if _KEY.fullmatch(text) is None:
        raise ApiError(401, -2014, "API-key format invalid.")
    key = find(text)
    if key is None:
        raise no_key()
    return key


def allow(key: ApiKey, needs: Permission) -> None:
    """Raises -2015 when the key may not do that."""
    if needs not in key.permissions:
        raise no_key()


def check_rest_signature(key: ApiKey, query: str, body: str) -> None:
    """Raises -1102 without a signature, -1022 where it is not that of the bytes that were sent."""
    signed = _split_signature(body)
    if signed is not None:
        payload, signature = query + signed[0], signed[1]
    else:
        signed = _split_signature(query)
        if signed is None:
            raise missing("signature")
        payload, signature = signed[0] + body, signed[1]
    if not payload.isascii():
        raise bad(-1022, _INVALID)
    check_signature(key, payload, unquote_plus(signature))


def check_params_signature(key: ApiKey, params: Mapping[str, str]) -> None:
    """The same for the parameters of the WebSocket API."""
    signature = params.get("signature")
    if not signature:
        raise missing("signature")
    payload = "&".join([f"{name}={params[name]}" for name in sorted(params) if name != "signature"])
    check_signature(key, payload, signature)


def check_signature(key: ApiKey, payload: str, signature: str) -> None:
    """Raises -1100 for what cannot be a signature of such a key, -1022 for a wrong one."""
    if key.public_key:
        if _BASE64.fullmatch(signature) is None:
            raise illegal("signature", "^[A-Za-z0-9+/]{1,512}={0,2}$")
        if not _ed25519(key.public_key, payload, signature):
            raise bad(-1022, _INVALID)
        return
    if _HEX.fullmatch(signature) is None:
        raise illegal("signature", "^[A-Fa-f0-9]{64}$")
    expected = hmac.digest(key.secret.encode(), payload.encode(), "sha256").hex()
    if not hmac.compare_digest(expected, signature.lower()):
        raise bad(-1022, _INVALID)


def check_time(params: Mapping[str, str], server_ms: int) -> None:
    """Raises -1102 without a timestamp, -1021 for one that is too old or too new, -1131 for a long window."""
    text, window_text = params.get("timestamp"), params.get("recvWindow")
    if not text or _TIMESTAMP.fullmatch(text) is None:
        raise missing("timestamp")
    sent_ms = int(text)
    if sent_ms >= MICROSECONDS_FROM:
        sent_ms //= 1000
    if sent_ms >= server_ms + AHEAD_MS:
        raise bad(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    behind_ms = server_ms - sent_ms
    if window_text is None:
        late = behind_ms > RECV_WINDOW_MS
    else:
        if _WINDOW.fullmatch(window_text) is None:
            raise missing("recvWindow")
        window_ms = Decimal(window_text)
        if window_ms > RECV_WINDOW_MAX_MS:
            raise bad(-1131, "recvWindow must be less than 60000.")
        late = behind_ms > window_ms
    if late:
        raise bad(-1021, "Timestamp for this request is outside of the recvWindow.")


def rest_params(query: str, body: str) -> dict[str, str]:
    """Parameters of the query and of a form body; those of the query win. Raises -1101 for doubles."""
    found: dict[str, str] = {}
    for text in (body, query):
        pairs = parse_qsl(text, keep_blank_values=True)
        if len({name for name, _ in pairs}) < len(pairs):
            raise bad(-1101, "Duplicate values for a parameter detected.")
        found.update(pairs)
    return found


def _split_signature(text: str) -> tuple[str, str] | None:
    """What stands before a signature that comes last, and the signature; None without one."""
    head, found, signature = text.rpartition("signature=")
    if not found or "&" in signature or (head and not head.endswith("&")):
        return None
    return head.removesuffix("&"), signature


@lru_cache(maxsize=256)
def _public_key(hexadecimal: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(hexadecimal))


def _ed25519(public_key: str, payload: str, signature: str) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        if base64.b64encode(raw).decode() != signature:  # bits that mean nothing are not zero
            return False
        _public_key(public_key).verify(raw, payload.encode())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
