"""HTX's control frames, spot and swap: pings in the data, replies to requests. Compressed, like all else.

Source: https://huobiapi.github.io/docs/spot/v1/en/#websocket-market-data and
https://huobiapi.github.io/docs/usdt_swap/v1/en/#websocket-heartbeat-and-authentication-interface

A request names one topic, and its reply echoes the id. The reply to a request for a book is data, not
control; only its refusal comes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError
from trimaran.venues.wire.dialogue import (
    UNKNOWN,
    Accepted,
    Control,
    Operation,
    Ping,
    Refused,
    Unsubscribed,
    request_id_of,
)
from trimaran.venues.wire.inflate import inflate

KEYS: Final = {Operation.SUBSCRIBE: "sub", Operation.UNSUBSCRIBE: "unsub", Operation.SNAPSHOT: "req"}
INCREMENTAL_PART: Final = ".depth.size_"  # of the topics of swaps that come as increments when asked so
TOO_MANY: Final = "too many request"


class _Frame(msgspec.Struct, rename="kebab"):
    ping: int | None = None
    id: str | int | None = None
    status: str = ""
    subbed: str | None = None
    unsubbed: str | None = None
    err_code: str | int = ""
    err_msg: str = ""


_DECODER: Final = msgspec.json.Decoder(_Frame)


class HtxDialogue:
    """The wording of HTX, spot and swap. Implements `Dialogue`."""

    def write(self, operation: Operation, request_id: int, streams: Sequence[str]) -> str:
        """The request about the one topic in `streams`."""
        (topic,) = streams
        request = {KEYS[operation]: topic, "id": str(request_id)}
        if operation is not Operation.SNAPSHOT and INCREMENTAL_PART in topic:
            request["data_type"] = "incremental"
        return msgspec.json.encode(request).decode()

    def read(self, payload: bytes) -> Control:
        """What a control frame says."""
        try:
            frame = _DECODER.decode(inflate(payload))
        except (DecodeError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return UNKNOWN
        if frame.ping is not None:
            return Ping(f'{{"pong":{frame.ping}}}')
        request_id = request_id_of(frame.id)
        if frame.status == "error":
            slow_down = TOO_MANY in frame.err_msg
            return Refused(request_id, frame.err_code, frame.err_msg, None, slow_down)
        if frame.status == "ok" and frame.subbed is not None:
            return Accepted(request_id, frame.subbed)
        if frame.status == "ok" and frame.unsubbed is not None:
            return Unsubscribed(request_id, frame.unsubbed)
        return UNKNOWN
