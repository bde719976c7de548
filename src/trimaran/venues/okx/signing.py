"""OKX's signatures: the headers of a REST request, and the login of a private connection.

    REST       base64(HMAC-SHA256(secret, timestamp + method + target + body)), timestamp in ISO 8601, UTC, ms
    WebSocket  base64(HMAC-SHA256(secret, seconds + "GET" + "/users/self/verify"))

Source: https://www.okx.com/docs-v5/en/#overview-rest-authentication and #overview-websocket-login. `target`
is the path with its query exactly as it is sent, and the body is signed byte for byte. The demo environment
has the same host as the live one and is told apart by one header:
https://www.okx.com/docs-v5/en/#overview-demo-trading-services
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.message import Stamp

LOGIN_TARGET: Final = "/users/self/verify"
DEMO_HEADERS: Final[Mapping[str, str]] = {"x-simulated-trading": "1"}
ED25519_REASON: Final = "OKX signs with HMAC-SHA256 alone; its keys are a key, a secret and a passphrase"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def check_credentials(credentials: Credentials) -> None:
    """Raises ConfigError for a key that OKX does not have: another kind, or one without a passphrase."""
    if credentials.kind is not KeyKind.HMAC:
        raise ConfigError(f"key {credentials.key}: expected an HMAC key, found {credentials.kind.value}")
    if credentials.passphrase is None:
        raise ConfigError(f"key {credentials.key}: expected a passphrase, found none")


def timestamp(venue_ns: int) -> str:
    """A time as REST headers carry it: `2020-12-08T09:08:57.715Z`."""
    moment = _EPOCH + timedelta(milliseconds=venue_ns // 1_000_000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def signature(secret: Secret, text: str) -> str:
    """The signature of a text, in base 64."""
    digest = hmac.new(secret.reveal().encode(), text.encode(), hashlib.sha256).digest()
    return b64encode(digest).decode("ascii")


def rest_headers(
    credentials: Credentials, stamp: Stamp, method: str, target: str, body: bytes
) -> Mapping[str, str]:
    """The headers that sign a request; `target` is its path and query. Credentials are checked ones."""
    assert credentials.passphrase is not None
    moment = timestamp(stamp.venue_ns)
    return {
        "OK-ACCESS-KEY": credentials.key,
        "OK-ACCESS-SIGN": signature(credentials.secret, moment + method + target + body.decode()),
        "OK-ACCESS-TIMESTAMP": moment,
        "OK-ACCESS-PASSPHRASE": credentials.passphrase.reveal(),
    }


def login_text(credentials: Credentials, stamp: Stamp) -> str:
    """The request that logs a private connection in; it is valid for 30 seconds."""
    assert credentials.passphrase is not None
    seconds = str(stamp.venue_ns // 1_000_000_000)
    argument = {
        "apiKey": credentials.key,
        "passphrase": credentials.passphrase.reveal(),
        "timestamp": seconds,
        "sign": signature(credentials.secret, f"{seconds}GET{LOGIN_TARGET}"),
    }
    return msgspec.json.encode({"op": "login", "args": [argument]}).decode()


def deadline_ms(stamp: Stamp) -> str:
    """`expTime`: OKX does not process the request after it, by its own clock, in milliseconds.

    Of orders and amendments: https://www.okx.com/docs-v5/en/#overview-general-info ("request effective
    deadline").
    """
    return str((stamp.venue_ns + stamp.valid_ns) // 1_000_000)
