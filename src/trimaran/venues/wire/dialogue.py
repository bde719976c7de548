"""What is said on a connection: the port between the shared session and the wording of one venue.

A session decides when to subscribe, a venue's `control.py` how that is written and what an answer means.
Everything that a venue says about requests, heartbeats and itself is one of the records below; frames with
market data never come this way.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec


class Operation(enum.Enum):
    """What a request asks for."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    SNAPSHOT = "snapshot"  # the whole book of one stream, once, over the same connection


class Accepted(msgspec.Struct, frozen=True):
    """A subscription was taken: one stream of a request, or all of it when `stream` is None.

    It does not mean that the streams exist: on some venues unknown ones stay silent.
    """

    request_id: int | None
    stream: str | None = None


class Unsubscribed(msgspec.Struct, frozen=True):
    """A subscription has ended on request: one stream, or the whole request when `stream` is None."""

    request_id: int | None
    stream: str | None = None


class Refused(msgspec.Struct, frozen=True):
    """A request was not taken; `request_id` and `stream` are None when the venue does not name them."""

    request_id: int | None
    code: int | str
    text: str
    stream: str | None = None
    slow_down: bool = False  # refused for its rate, not for what it asked


class Shutdown(msgspec.Struct, frozen=True):
    """The server will close this connection soon."""


class Ping(msgspec.Struct, frozen=True):
    """The server asks whether we live; `reply_text` is what it wants to hear, at once."""

    reply_text: str


class Pong(msgspec.Struct, frozen=True):
    """The server's answer to our text ping."""


class Unknown(msgspec.Struct, frozen=True):
    """Not a control frame that we know; counted, and otherwise ignored."""


Reply = Accepted | Unsubscribed | Refused
Control = Reply | Shutdown | Ping | Pong | Unknown

UNKNOWN: Final = Unknown()
REQUEST_DIGITS_MAX: Final = 18


class Dialogue(Protocol):
    """The wording of one market."""

    def write(self, operation: Operation, request_id: int, streams: Sequence[str]) -> str:
        """The text of a request. Asking for an operation that the venue does not have is a bug."""

    def read(self, payload: bytes) -> Control:
        """What a control frame says. Never raises: anything else than the known forms is `Unknown`."""


def request_id_of(echo: str | int | None) -> int | None:
    """The id of a request, from an echo that is a number or its text; None for anything else."""
    if isinstance(echo, str):
        return int(echo) if echo.isascii() and echo.isdecimal() and len(echo) <= REQUEST_DIGITS_MAX else None
    return echo
