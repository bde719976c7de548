"""Bybit's control frames. Source: https://bybit-exchange.github.io/docs/v5/ws/connect.

A request has one answer, with its `req_id`; a refusal names the topic in its text. A ping is a message, and
so is its answer, whose `ret_msg` is `pong` on spot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from trimaran.venues.wire.dialogue import (
    UNKNOWN,
    Accepted,
    Control,
    Operation,
    Pong,
    Refused,
    Unsubscribed,
    request_id_of,
)

OPERATIONS: Final = {Operation.SUBSCRIBE: "subscribe", Operation.UNSUBSCRIBE: "unsubscribe"}
TOO_OFTEN: Final = "Too many"


class _Frame(msgspec.Struct):
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""
    req_id: str | int | None = None


_DECODER: Final = msgspec.json.Decoder(_Frame)


class BybitDialogue:
    """The wording of Bybit. Implements `Dialogue`."""

    def write(self, operation: Operation, request_id: int, streams: Sequence[str]) -> str:
        """The request that subscribes to `streams`, or ends their subscriptions."""
        request = {"req_id": str(request_id), "op": OPERATIONS[operation], "args": list(streams)}
        return msgspec.json.encode(request).decode()

    def read(self, payload: bytes) -> Control:
        """What a control frame says."""
        try:
            frame = _DECODER.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return UNKNOWN
        request_id = request_id_of(frame.req_id)
        match frame:
            case _Frame(op="ping" | "pong"):
                return Pong()
            case _Frame(op="subscribe" | "unsubscribe", success=False):
                slow_down = frame.ret_msg.startswith(TOO_OFTEN)
                return Refused(request_id, frame.op, frame.ret_msg, slow_down=slow_down)
            case _Frame(op="subscribe", success=True):
                return Accepted(request_id)
            case _Frame(op="unsubscribe", success=True):
                return Unsubscribed(request_id)
        return UNKNOWN
