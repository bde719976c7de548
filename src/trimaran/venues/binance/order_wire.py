"""Requests over the WebSocket API: `{"id", "method", "params"}`, signed or on a line that has logged in.

    https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/request-format
    https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/authentication-requests

Lines log in with Ed25519 keys only; their requests then carry neither key nor signature. With an HMAC key
each request signs itself. Encoding and signing an order takes some tens of microseconds: the hot way.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.base.secret import KeyKind
from trimaran.venues.binance.fields import MS
from trimaran.venues.binance.routes import Wording
from trimaran.venues.binance.signing import Signer, signer_of, sorted_text
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.message import Stamp

RECV_WINDOW_MS_MAX: Final = 60_000
LOGIN_METHOD: Final = "session.logon"
SUBSCRIBE_METHOD: Final = "userDataStream.subscribe"
SUBSCRIBE_SIGNED_METHOD: Final = "userDataStream.subscribe.signature"

_ENCODER: Final = msgspec.json.Encoder()


class Keys(msgspec.Struct, frozen=True):
    """An account's key, prepared."""

    key: str
    signer: Signer
    logs_in: bool  # its lines log in, so that their requests need no signature


def keys_of(credentials: Credentials) -> Keys:
    """The prepared key of `credentials`. Raises ConfigError when it is unusable."""
    return Keys(credentials.key, signer_of(credentials), credentials.kind is KeyKind.ED25519)


def recv_window_ms(stamp: Stamp) -> int:
    """How long a request may live, as Binance is told: 1 ms to a minute."""
    return max(1, min(stamp.valid_ns // MS, RECV_WINDOW_MS_MAX))


def order_text(wording: Wording, request_id: int, stamp: Stamp, keys: Keys) -> str | Unsupported:
    """An order request as it goes onto a line."""
    method = wording.route.line_method
    if not method:
        return Unsupported(Capability.ORDERS_OVER_WEBSOCKET, "this is asked over REST alone")
    parameters = wording.parameters.copy()
    parameters["recvWindow"] = recv_window_ms(stamp)
    parameters["timestamp"] = stamp.ms
    if keys.logs_in:
        return request_text(request_id, method, parameters)
    return signed_text(request_id, method, parameters, keys)


def signed_text(request_id: int | str, method: str, parameters: dict[str, str | int], keys: Keys) -> str:
    """A request that signs itself; `parameters` has its timestamp, and is completed in place."""
    parameters["apiKey"] = keys.key
    parameters["signature"] = keys.signer.sign(sorted_text(parameters).encode())
    return request_text(request_id, method, parameters)


def request_text(request_id: int | str, method: str, parameters: dict[str, str | int]) -> str:
    """A request as text."""
    return _ENCODER.encode({"id": request_id, "method": method, "params": parameters}).decode()
