"""The border between the session of a private line (pure) and the shell that runs it.

    shell: events in -> session -> actions out -> shell carries them out, or hands them on

As in `session_port`, whose connection records are used here too: time is an argument, slots name connections
and are never used twice. What a line brings (reports, replies to orders, notices) is among the actions.
"""

from __future__ import annotations

import msgspec

from trimaran.domain.reports import Report
from trimaran.venues.wire.asks import TokenAction
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.fault import Fault
from trimaran.venues.wire.lines import LineReply
from trimaran.venues.wire.market_spec import MINUTE, MS, SECOND
from trimaran.venues.wire.session_port import (
    Alive,
    Close,
    Closed,
    Open,
    Opened,
    SendPing,
    SendText,
    Slot,
)


class AskForToken(msgspec.Struct, frozen=True):
    """Ask a `StreamToken` over REST; report `TokenGot` or `TokenFailed`."""

    action: TokenAction
    token: str = ""


class AskForTime(msgspec.Struct, frozen=True):
    """Ask the venue for its time over REST; report `TimeKnown` when it is known."""


class LineUp(msgspec.Struct, frozen=True):
    """The line is logged in and everything is subscribed. What happened before is to be asked for."""

    since_ns: int  # the venue's clock
    slot: Slot


class LineDown(msgspec.Struct, frozen=True):
    """Nothing is pushed, no order is taken, until `LineUp`."""

    reason: str


class Gap(msgspec.Struct, frozen=True):
    """Reports may be missing between two times of the venue's clock: reconcile over REST."""

    since_ns: int
    until_ns: int
    reason: str


class LineHalted(msgspec.Struct, frozen=True):
    """Alarm: the venue does not accept the key. Nothing more is tried until somebody calls `resume`."""

    fault: Fault


class LineSwitched(msgspec.Struct, frozen=True):
    """Notice: the connection was replaced without a break."""

    old: Slot
    new: Slot
    reason: str


class LineTrouble(msgspec.Struct, frozen=True):
    """Notice: a connection was lost or refused, or a token was not given; it is tried again."""

    reason: str
    fault: Fault | None = None


class RepliesLost(msgspec.Struct, frozen=True):
    """The connection that carried these requests is gone: their answers will not come."""

    request_ids: tuple[int, ...]
    reason: str


LineNotice = LineUp | LineDown | Gap | LineHalted | LineSwitched | LineTrouble
LineAction = (
    Open
    | SendText
    | SendPing
    | Close
    | AskForToken
    | AskForTime
    | RepliesLost
    | LineReply
    | LineNotice
    | Report
)


class TokenGot(msgspec.Struct, frozen=True):
    """The venue gave a token, or prolonged it."""

    action: TokenAction
    token: str


class TokenFailed(msgspec.Struct, frozen=True):
    """It did not. `fault` tells why where there was an answer."""

    action: TokenAction
    reason: str
    fault: Fault | None = None


class TimeKnown(msgspec.Struct, frozen=True):
    """The estimated clock was corrected just now."""


LineEvent = Opened | Closed | Alive | TokenGot | TokenFailed | TimeKnown


class LineCounters(msgspec.Struct):
    """What a line has seen; only ever grows. Metrics read it."""

    opens: int = 0  # connection attempts
    reconnects: int = 0  # after a loss
    half_open: int = 0
    switches: int = 0  # planned replacements without a break
    switches_failed: int = 0
    gaps: int = 0
    logins_refused: int = 0
    subscriptions_refused: int = 0
    unanswered: int = 0  # logins and subscriptions
    pings_answered: int = 0  # of the kind that a venue sends in its data
    reports: int = 0
    replies: int = 0
    unknown: int = 0  # frames that were not understood


class LineConfig(msgspec.Struct, frozen=True):
    """How a line behaves; all times in nanoseconds. The defaults suit the live exchange."""

    reconnect: Backoff = Backoff(base_ns=500 * MS, cap_ns=30 * SECOND)
    stable_ns: int = MINUTE  # a link that lasted so long resets the back-off
    reply_ns_max: int = 10 * SECOND  # for the login, and for all subscriptions
    connects_share: float = 0.4  # of the venue's limit on attempts; market data shares the address
    age_margin_ns: int = 10 * MINUTE  # so much before the venue's limit a link is replaced
    overlap_ns: int = 2 * SECOND  # a link that was replaced still listens
    retire_ns_max: int = 15 * SECOND  # and waits no longer for answers
    gap_margin_ns: int = 10 * SECOND  # so much before the last frame a gap may begin
    time_ns_max: int = 5 * SECOND  # a login waits no longer for the time it asked for
