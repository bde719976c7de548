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

from trimaran.venues.wire.dialogue import UNKNOWN, Accepted, Control, Operation, Refused, Shutdown

SHUTDOWN_EVENT: Final = "serverShutdown"
METHODS: Final = {Operation.SUBSCRIBE: "SUBSCRIBE", Operation.UNSUBSCRIBE: "UNSUBSCRIBE"}


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


class BinanceDialogue:
    """The wording of Binance, spot and USD-M. Implements `Dialogue`."""

    def write(self, operation: Operation, request_id: int, streams: Sequence[str]) -> str:
        """The request that subscribes to `streams`, or ends their subscriptions."""
        request = {"method": METHODS[operation], "params": streams, "id": request_id}
        return msgspec.json.encode(request).decode()

    def read(self, payload: bytes) -> Control:
        """What a control frame says. A request is answered as a whole; the reply does not say which one."""
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
