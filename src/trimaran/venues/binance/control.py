"""Binance's control frames: replies to requests, and the notice of a coming shutdown.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams ("Live
Subscribing/Unsubscribing", "serverShutdown"). The page shows no fixed envelope for errors, so both
`{"code":..,"msg":..,"id":..}` and `{"error":{"code":..,"msg":..},"id":..}` are read; the notice
comes raw, or wrapped on combined connections as `{"stream":"!serverShutdown","data":{..}}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec


class Accepted(msgspec.Struct, frozen=True):
    """A request was taken. It does not mean that the streams exist: unknown ones stay silent."""

    request_id: int


class Refused(msgspec.Struct, frozen=True):
    """A request was not taken; `request_id` is None when the venue could not read it."""

    request_id: int | None
    code: int
    text: str


class Shutdown(msgspec.Struct, frozen=True):
    """The server will close this connection in about ten minutes."""


class Unknown(msgspec.Struct, frozen=True):
    """Not a control frame that we know; counted, and otherwise ignored."""


Control = Accepted | Refused | Shutdown | Unknown

SHUTDOWN_EVENT: Final = "serverShutdown"
UNKNOWN: Final = Unknown()


class _Error(msgspec.Struct):
    code: int
    msg: str = ""


class _Notice(msgspec.Struct):
    e: str = ""


class _Frame(msgspec.Struct):
    id: int | str | None = None
    error: _Error | None = None
    code: int | None = None
    msg: str = ""
    e: str = ""
    data: _Notice | None = None


_DECODER: Final = msgspec.json.Decoder(_Frame)


def read_control(payload: bytes) -> Control:
    """What a control frame says. Never raises: anything else than the known forms is `Unknown`."""
    try:
        frame = _DECODER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UNKNOWN
    if SHUTDOWN_EVENT in (frame.e, frame.data.e if frame.data else ""):
        return Shutdown()
    request_id = frame.id if isinstance(frame.id, int) else None
    if frame.error is not None:
        return Refused(request_id, frame.error.code, frame.error.msg)
    if frame.code is not None:
        return Refused(request_id, frame.code, frame.msg)
    if request_id is not None:
        return Accepted(request_id)
    return UNKNOWN


def subscribe_text(request_id: int, streams: Sequence[str]) -> str:
    """The request that subscribes to `streams`."""
    request = {"method": "SUBSCRIBE", "params": streams, "id": request_id}
    return msgspec.json.encode(request).decode()
