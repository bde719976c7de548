"""Who asks: the signature of a REST request and of a WebSocket login, byte by byte.

    REST     base64(HMAC-SHA256(secret, timestamp + METHOD + path?query + body)), timestamp in ISO 8601 with
             milliseconds, at most 30 s away from the server's clock
    login    the same over seconds + "GET" + "/users/self/verify"

The signature is compared as text, so that no other spelling of the same bytes passes. A refusal tells which
header was wrong first: absent ones, then the time, the key, the passphrase, the signature.
https://www.okx.com/docs-v5/en/#overview-rest-authentication and #overview-websocket-login.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from trimaran.venues.okx.simulator.refusals import OkxError
from trimaran.venues.sim.trading import ApiKey, Permission

AGE_MAX_MS: Final = 30_000
LOGIN_PATH: Final = "/users/self/verify"
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_HEADERS: Final = (
    ("OK-ACCESS-KEY", "50103"),
    ("OK-ACCESS-PASSPHRASE", "50104"),
    ("OK-ACCESS-SIGN", "50106"),
    ("OK-ACCESS-TIMESTAMP", "50107"),
)

KeyOf = Callable[[str], ApiKey | None]


def signature(secret: str, message: bytes) -> str:
    """What signs a message."""
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def authenticated(
    key_of: KeyOf, headers: Mapping[str, str], method: str, target: str, body: bytes, now_ms: int
) -> ApiKey:
    """The key that signed a REST request. `target` is path and query as sent. Raises OkxError."""
    for name, code in _HEADERS:
        if not headers.get(name):
            raise OkxError(code, f'Request header "{name}" cannot be empty.', 401)
    timestamp = headers["OK-ACCESS-TIMESTAMP"]
    sent_ms = _milliseconds(timestamp)
    if sent_ms is None:
        raise OkxError("50112", "Invalid OK-ACCESS-TIMESTAMP.", 401)
    if abs(now_ms - sent_ms) > AGE_MAX_MS:
        raise OkxError("50102", "Timestamp request expired.", 401)
    key = key_of(headers["OK-ACCESS-KEY"])
    if key is None:
        raise OkxError("50111", "Invalid OK-ACCESS-KEY.", 401)
    if not _same(headers["OK-ACCESS-PASSPHRASE"], key.passphrase):
        raise OkxError("50105", 'Request header "OK-ACCESS-PASSPHRASE" incorrect.', 401)
    message = f"{timestamp}{method}{target}".encode(errors="surrogateescape") + body
    if not _same(headers["OK-ACCESS-SIGN"], signature(key.secret, message)):
        raise OkxError("50113", "Invalid signature.", 401)
    return key


def permitted(key: ApiKey, permission: Permission) -> None:
    """Raises OkxError where the key may not."""
    if permission not in key.permissions:
        raise OkxError("50120", "This API key doesn't have permission to use this function", 401)


def logged_in(key_of: KeyOf, argument: Any, now_ms: int) -> ApiKey:
    """The key that logs in on a socket. Raises OkxError with a code of the socket."""
    fields = argument if isinstance(argument, dict) else {}
    given = {name: fields.get(name) for name in ("apiKey", "passphrase", "timestamp", "sign")}
    name, passphrase, sign = given["apiKey"], given["passphrase"], given["sign"]
    timestamp = str(given["timestamp"]) if isinstance(given["timestamp"], (str, int)) else ""
    if not isinstance(name, str) or not isinstance(passphrase, str) or not isinstance(sign, str):
        raise OkxError("60009", "Login failure")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise OkxError("60004", "Invalid timestamp")
    if not name:
        raise OkxError("60005", "Invalid apiKey")
    if abs(now_ms - int(timestamp) * 1000) > AGE_MAX_MS:
        raise OkxError("60006", "Timestamp request expired")
    key = key_of(name)
    if key is None:
        raise OkxError("60032", "API key doesn't exist.")
    if not _same(passphrase, key.passphrase):
        raise OkxError("60024", "Wrong passphrase")
    if not _same(sign, signature(key.secret, f"{timestamp}GET{LOGIN_PATH}".encode())):
        raise OkxError("60007", "Invalid sign")
    return key


def _milliseconds(text: str) -> int | None:
    if _ISO.fullmatch(text) is None:
        return None
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
