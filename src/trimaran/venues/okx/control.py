"""OKX's control frames: an answer for every argument of a request, errors, the notice of a service upgrade.

Source: https://www.okx.com/docs-v5/en/#overview-websocket-subscribe, #overview-websocket-notification and
#overview-websocket-connect (`ping` and `pong` are bare text). A stream is called `channel:instId` here. An
error has no `arg`; where its text names the channel and the instrument, as 60018 does, they are taken from
there.
"""

from __future__ import annotations

import re
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
    Shutdown,
    Unsubscribed,
    request_id_of,
)

OPERATIONS: Final = {Operation.SUBSCRIBE: "subscribe", Operation.UNSUBSCRIBE: "unsubscribe"}
PONG: Final = b"pong"
UPGRADE_CODE: Final = "64008"  # the connection will be closed in about a minute
SLOW_DOWN_CODES: Final = ("60014", "50011")
NAMED: Final = re.compile(r"channel:([\w-]{1,40}),\s?instId:([\w-]{1,32})")


class _Argument(msgspec.Struct, rename="camel"):
    channel: str = ""
    inst_id: str = ""


class _Frame(msgspec.Struct):
    event: str = ""
    id: str | int | None = None
    code: str = ""
    msg: str = ""
    arg: _Argument | None = None


_DECODER: Final = msgspec.json.Decoder(_Frame)


class OkxDialogue:
    """The wording of OKX. Implements `Dialogue`."""

    def write(self, operation: Operation, request_id: int, streams: Sequence[str]) -> str:
        """The request that subscribes to `streams`, or ends their subscriptions."""
        pairs = [stream.split(":", 1) for stream in streams]
        arguments = [{"channel": channel, "instId": instrument} for channel, instrument in pairs]
        request = {"id": str(request_id), "op": OPERATIONS[operation], "args": arguments}
        return msgspec.json.encode(request).decode()

    def read(self, payload: bytes) -> Control:
        """What a control frame says."""
        if payload == PONG:
            return Pong()
        try:
            frame = _DECODER.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return UNKNOWN
        request_id = request_id_of(frame.id)
        match frame:
            case _Frame(event="subscribe", arg=_Argument() as argument):
                return Accepted(request_id, f"{argument.channel}:{argument.inst_id}")
            case _Frame(event="unsubscribe", arg=_Argument() as argument):
                return Unsubscribed(request_id, f"{argument.channel}:{argument.inst_id}")
            case _Frame(event="error"):
                named = NAMED.search(frame.msg)
                stream = ":".join(named.groups()) if named is not None else None
                slow_down = frame.code in SLOW_DOWN_CODES
                return Refused(request_id, frame.code, frame.msg, stream, slow_down)
            case _Frame(event="notice") if frame.code == UPGRADE_CODE:
                return Shutdown()
        return UNKNOWN
