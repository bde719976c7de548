"""Private connections: what they carry, and the port between the shared session and a venue's wording.

A line is one private WebSocket connection of a market: it pushes reports, takes orders, or both. The
session (`line_session.py`) logs in, subscribes, keeps the heart beating, replaces and reconnects; how each of
these is said is the venue's `private.py`. Sans-I/O: text in, records out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from trimaran.domain.reports import Report
from trimaran.venues.wire.fault import Fault
from trimaran.venues.wire.market_spec import MINUTE, SECOND, Heartbeat
from trimaran.venues.wire.message import HttpReply, Stamp


class LineSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One private connection of a market, in numbers. 0 stands for a limit that the venue does not have."""

    name: str  # "private", "orders": unique within the market, for people
    base: str  # key of the base URL among those of the market: "ws_private", "ws_api"
    path: str  # behind it; `{token}` where a token opens it
    pushes: bool  # carries reports
    takes_orders: bool
    needs_token: bool = False  # a `StreamToken` is asked for over REST first, and kept alive
    token_keep_ns: int = 0  # how often
    compressed: bool = False  # frames are gzip members
    heartbeat: Heartbeat
    heartbeat_text: str = ""  # of Heartbeat.TEXT_PING
    quiet_ns: int = 5 * SECOND  # without any frame for so long we ask; 10 s in all means half-open
    server_ping_ns: int = 0  # of Heartbeat.SERVER_PING: the server asks at least so often
    connection_age_ns_max: int = 0
    shutdown_notice_ns: int = 10 * MINUTE
    messages_per_s_max: int = 0
    connects_max: int = 0
    connects_window_ns: int = 0


class LoggedIn(msgspec.Struct, frozen=True):
    """The login was accepted; subscriptions may follow."""


class LoginRefused(msgspec.Struct, frozen=True):
    """The login was refused."""

    fault: Fault


class SubscriptionTaken(msgspec.Struct, frozen=True):
    """A subscription was taken. `name` as in `LineDialogue.subscriptions`; empty where it is not said."""

    name: str = ""


class SubscriptionRefused(msgspec.Struct, frozen=True):
    """A subscription was refused."""

    name: str
    fault: Fault


class LineReply(msgspec.Struct, frozen=True):
    """The answer to an order request over the line, in the form in which `MarketDialect.read` reads it."""

    request_id: int
    reply: HttpReply


class LinePing(msgspec.Struct, frozen=True):
    """The server asks whether we live; `reply_text` is what it wants to hear, at once."""

    reply_text: str


class LinePong(msgspec.Struct, frozen=True):
    """The server's answer to our text ping."""


class LineShutdown(msgspec.Struct, frozen=True):
    """The server will close this connection soon."""


class LineEnded(msgspec.Struct, frozen=True):
    """The venue has ended what the line carried (token expired, logout, key revoked): open another one."""

    reason: str
    fault: Fault | None = None  # where the key itself is the reason


class Stale(msgspec.Struct, frozen=True):
    """The venue says that its reports have a hole: ask for everything again over REST."""

    reason: str


class LineUnknown(msgspec.Struct, frozen=True):
    """Not a frame that we know; counted, and otherwise ignored unless it cannot be read at all."""

    head: bytes = b""  # its first bytes, for the log
    unreadable: bool = False  # whatever it said is missing: a hole


LineMessage = (
    LoggedIn
    | LoginRefused
    | SubscriptionTaken
    | SubscriptionRefused
    | LineReply
    | LinePing
    | LinePong
    | LineShutdown
    | LineEnded
    | Stale
    | LineUnknown
    | Report
)


class LineDialogue(Protocol):
    """A venue's wording on one line of one account."""

    def login(self, request_id: int, stamp: Stamp) -> str | None:
        """The text that logs in; None where the URL, or every single request, does it."""

    def subscriptions(self, first_id: int, stamp: Stamp) -> Sequence[tuple[str, str]]:
        """(name, text) of every subscription, in the order in which they are sent after the login. The n-th
        text carries the request id `first_id + n` where the venue has ids."""

    def read(self, payload: bytes, local_ns: int) -> Sequence[LineMessage]:
        """What a frame says, inflated already. Never raises: what is not understood is `LineUnknown`."""
