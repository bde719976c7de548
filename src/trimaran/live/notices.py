"""What the connections of a desk say about themselves: alarms and notices, kept, counted and told.

A notice is rare, and somebody should read it. The last ones are kept for status and result, every one is
counted, and each is told as one short line, but no more than a terminal can bear: a venue that refuses every
connection must not fill a disk with it. Text that came from outside is cut and made printable here.
"""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from trimaran.base.printable import printable
from trimaran.domain.facts import (
    Discrepancy,
    Fact,
    InstrumentFrozen,
    InstrumentReleased,
    KillChanged,
    LimitsChanged,
    MarketReady,
)
from trimaran.domain.ports import Clock
from trimaran.engine.readiness import FIRST
from trimaran.venues.wire.session_port import (
    ConnectionLost,
    NoData,
    Notice,
    SnapshotTrouble,
    SubscriptionEnded,
    SubscriptionRefused,
    Switched,
)

RECENT_MAX: Final = 20
TEXT_MAX: Final = 160
LINES_MAX: Final = 10  # told in one window
WINDOW_NS: Final = 10_000_000_000
FROZEN: Final = "frozen"
KILL: Final = "kill"
ALARMS: Final = (
    "no_data",
    "subscription_refused",
    "subscription_ended",
    FROZEN,
    KILL,
    "no_room",
    "discrepancy",
)
# Facts that a person may have to hear of; the others are by far the most.
TOLD: Final = frozenset(
    (InstrumentFrozen, InstrumentReleased, MarketReady, Discrepancy, KillChanged, LimitsChanged)
)


class NoticeRow(msgspec.Struct, frozen=True):
    """One notice, as status and result show it."""

    number: int  # counts from 1, over all markets
    at: str  # local time, HH:MM:SS
    local_ns: int
    market: str
    kind: str
    alarm: bool
    text: str


class Notices:
    """The notices of all markets. `tell` receives the lines, without a line feed."""

    def __init__(self, clock: Clock, tell: Callable[[str], None]) -> None:
        self.recent: deque[NoticeRow] = deque(maxlen=RECENT_MAX)
        self._counts: dict[str, dict[str, int]] = {}
        self._clock = clock
        self._tell = tell
        self._number = 0
        self._window_ns = 0  # monotonic time at which the window began
        self._told = 0
        self._untold = 0

    def take(self, market: str, notice: Notice) -> None:
        """Keeps, counts and tells one notice of a market."""
        self.say(market, *describe(notice))

    def take_facts(self, facts: Sequence[Fact]) -> None:
        """Tells what a person must hear of the facts of a step."""
        for fact in facts:
            said = describe_fact(fact) if type(fact) in TOLD else None
            if said is not None:
                self.say(*said)

    def say(self, market: str, kind: str, text: str) -> None:
        """Keeps, counts and tells one line about a market."""
        counts = self._counts.setdefault(market, {})
        counts[kind] = counts.get(kind, 0) + 1
        self._number += 1
        now_ns = self._clock.wall_ns()
        row = NoticeRow(
            self._number, local_time(now_ns), now_ns, market, kind, kind in ALARMS, shortened(text)
        )
        self.recent.append(row)
        tell = self._tell if kind == KILL else self._tell_rarely
        tell(f"{row.at} {row.market}: {row.text}")

    def counts_of(self, market: str) -> Mapping[str, int]:
        """Notices of a market by kind, since the start."""
        return dict(self._counts.get(market, {}))

    def _tell_rarely(self, line: str) -> None:
        now_ns = self._clock.monotonic_ns()
        if not self._told or now_ns - self._window_ns >= WINDOW_NS:
            self._window_ns, self._told = now_ns, 0
        if self._told >= LINES_MAX:
            self._untold += 1
            return
        self._told += 1
        more = f" ({self._untold} notices before it were not shown)" if self._untold else ""
        self._untold = 0
        self._tell(line + more)


def describe(notice: Notice) -> tuple[str, str]:
    """(kind, text) of a notice."""
    match notice:
        case NoData(stream, silent_ns):
            return "no_data", f"no data on {stream} for {silent_ns / 1e9:.0f} s"
        case SubscriptionRefused(_, code, text, streams):
            return (
                "subscription_refused",
                f"subscription refused ({code}): {text} {' '.join(streams)}".strip(),
            )
        case SubscriptionEnded(_, stream):
            return "subscription_ended", f"the venue ended {stream}"
        case Switched(_, _, reason):
            return "switched", f"connection replaced: {reason}"
        case ConnectionLost(_, reason):
            return "connection_lost", f"connection lost: {reason}"
        case SnapshotTrouble(symbol, reason):
            return "snapshot_trouble", f"snapshot of {symbol}: {reason}"


def describe_fact(fact: Fact) -> tuple[str, str, str] | None:
    """(market or other subject, kind, text) of a fact that a person must hear; None for any other."""
    match fact:
        case InstrumentFrozen(key, text):
            return key.split(":")[0], FROZEN, f"{key} is frozen: {text}"
        case InstrumentReleased(key, actor):
            return key.split(":")[0], "released", f"{key} is released by {actor}"
        case MarketReady(market, True):
            return market, "ready", "reconciled: new orders may go there"
        case MarketReady(market, False, text) if text != FIRST:  # at every start, and no news
            return market, "not_ready", f"no new order goes there: {text}"
        case Discrepancy(_, market, subject, _, theirs, "opened"):
            return market, "opened", f"the ledger begins with {theirs} {subject}"
        case Discrepancy(kind, market, subject, ours, theirs, done):
            text = f"{kind}: {subject}: we have {ours}, the venue {theirs}: {done}"
            return market, "discrepancy", text
        case KillChanged(scope, _, after, actor, reason):
            return scope.text, KILL, f"{scope.text} is {after.name}, by {actor}: {reason}"
        case LimitsChanged(_, version, _, actor):
            return "risk", "limits", f"limits of version {version} are in force, set by {actor}"
    return None


def shortened(text: str) -> str:
    """One short line that a terminal can show: at most `TEXT_MAX` characters."""
    line = printable(text, TEXT_MAX + 1)
    return line if len(line) <= TEXT_MAX else line[: TEXT_MAX - 1] + "…"


def local_time(wall_ns: int) -> str:
    """HH:MM:SS of this machine's time zone."""
    moment = datetime.datetime.fromtimestamp(wall_ns / 1e9, tz=datetime.UTC)
    return moment.astimezone().strftime("%H:%M:%S")
