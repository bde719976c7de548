"""The border between a venue's session (pure) and the shell that runs it (sockets, timers).

    shell: events in -> session -> actions out -> shell carries them out

A session opens no socket and reads no clock: every method receives `now_ns`, nanoseconds of a
monotonic clock, and answers with the actions to be carried out, in their order. One shell
(`market_feed.MarketFeed`) runs the session of any venue.

Slots name connections. A session never uses a slot twice, so an event of a connection that was
given up is recognised and ignored. Sessions keep their own timers (back-off, rate limits), so every
action is to be carried out at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NewType, Protocol

import msgspec

from trimaran.domain.instrument import Symbol

Slot = NewType("Slot", int)


class Open(msgspec.Struct, frozen=True):
    """Connect to `url`; report `Opened`, or `Closed` when it fails."""

    slot: Slot
    url: str


class SendText(msgspec.Struct, frozen=True):
    """Send one text message."""

    slot: Slot
    text: str


class SendPing(msgspec.Struct, frozen=True):
    """Send one WebSocket ping; any answer is reported as `Alive`."""

    slot: Slot


class Close(msgspec.Struct, frozen=True):
    """Close the connection, or give up opening it. The session has forgotten the slot already."""

    slot: Slot
    reason: str


class FetchSnapshot(msgspec.Struct, frozen=True):
    """GET `url`, hand the body to the sink, report `SnapshotApplied` or `SnapshotFailed`."""

    symbol: Symbol
    url: str


class MarkDown(msgspec.Struct, frozen=True):
    """Books have lost their feed: tell the sink, and drop their snapshots that are on the way.

    `symbols` names the books; empty: all books of the session.
    """

    reason: str
    symbols: tuple[Symbol, ...] = ()


class NoData(msgspec.Struct, frozen=True):
    """Alarm: a subscribed stream has said nothing for `silent_ns`. Raised once per silence."""

    stream: str
    silent_ns: int


class SubscriptionRefused(msgspec.Struct, frozen=True):
    """Alarm: the venue refused a request. `streams` is empty when it does not say which one."""

    slot: Slot
    code: int | str
    text: str
    streams: tuple[str, ...]


class SubscriptionEnded(msgspec.Struct, frozen=True):
    """Alarm: the venue ended a subscription that nobody asked it to end; it will be asked for again."""

    slot: Slot
    stream: str


class Switched(msgspec.Struct, frozen=True):
    """Notice: a connection was replaced by another without a break."""

    old: Slot
    new: Slot
    reason: str


class ConnectionLost(msgspec.Struct, frozen=True):
    """Notice: a connection ended, could not be opened, or was given up; another one will be opened."""

    slot: Slot
    reason: str


class SnapshotTrouble(msgspec.Struct, frozen=True):
    """Notice: a snapshot could not be fetched; it will be tried again."""

    symbol: Symbol
    reason: str


Notice = NoData | SubscriptionRefused | SubscriptionEnded | Switched | ConnectionLost | SnapshotTrouble
Action = Open | SendText | SendPing | Close | FetchSnapshot | MarkDown | Notice
Actions = Sequence[Action]


class Opened(msgspec.Struct, frozen=True):
    """The WebSocket handshake is done."""

    slot: Slot


class Closed(msgspec.Struct, frozen=True):
    """A connection ended, or could not be opened."""

    slot: Slot
    reason: str


class Alive(msgspec.Struct, frozen=True):
    """A ping or a pong came in."""

    slot: Slot


class ControlFrame(msgspec.Struct, frozen=True):
    """A frame that the sink called CONTROL: a reply, or a notice of the venue (a copy of its bytes)."""

    slot: Slot
    payload: bytes


class SnapshotApplied(msgspec.Struct, frozen=True):
    """The sink has judged a snapshot; `answer` is its packed answer (`domain.answer`)."""

    symbol: Symbol
    answer: int


class SnapshotFailed(msgspec.Struct, frozen=True):
    """A snapshot could not be fetched. `retry_after_ns` > 0 is the venue's order to stop for so long."""

    symbol: Symbol
    reason: str
    retry_after_ns: int


Event = Opened | Closed | Alive | ControlFrame | SnapshotApplied | SnapshotFailed


class SessionCounters(msgspec.Struct):
    """What a session has seen; only ever grows. Metrics read it."""

    opens: int = 0  # connection attempts
    reconnects: int = 0  # attempts to replace a connection that was lost
    half_open: int = 0  # connections given up because they were silent
    switches: int = 0  # planned replacements without a break
    switches_failed: int = 0
    resyncs: int = 0  # times that a book asked for a snapshot
    snapshot_fetches: int = 0  # snapshots asked for, by whatever way the venue has
    snapshots_too_old: int = 0
    snapshot_errors: int = 0  # refused, unreadable, or not fetched at all
    decode_errors: int = 0  # frames that the sink could not read
    pings_answered: int = 0  # of the kind that a venue sends in its data
    control_unknown: int = 0  # control frames that the session could not read
    subscriptions_refused: int = 0
    subscriptions_unanswered: int = 0
    subscriptions_ended: int = 0  # by the venue, unasked
    books_silent: int = 0  # times that a book was marked down because its stream said nothing
    no_data_alarms: int = 0


class MarketSession(Protocol):
    """A venue's market data session, as the shell drives it."""

    counters: SessionCounters

    def start(self, now_ns: int) -> Actions:
        """The first actions."""

    def on_answer(self, slot: Slot, answer: int, now_ns: int) -> Actions:
        """A data frame came in on `slot` and the sink answered `answer`. Called once per frame."""

    def on_event(self, event: Event, now_ns: int) -> Actions:
        """Anything rarer than a data frame."""

    def on_tick(self, now_ns: int) -> Actions:
        """Time has passed; called every 100 to 250 ms."""


class FrameSink(Protocol):
    """Where frames go: the hot state, or something that records on the way to it."""

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        """Takes one frame, borrowed until this returns; the packed answer (`domain.answer`)."""

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        """Takes one REST snapshot; the packed answer."""

    def on_down(self, reason: str, symbols: Sequence[Symbol]) -> None:
        """The books of `symbols` have lost their feed and are not live any more; empty: all books."""
