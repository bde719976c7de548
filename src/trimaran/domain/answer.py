"""What one frame changed: the answer of the hot state, packed into one integer.

    bits 0..3   kind     what the frame was (`Kind`)
    bits 4..7   error    the `DecodeKind` when kind is ERROR, else 0
    bits 8..15  flags    what it did (`Flag`); an error may carry WENT_STALE and NEED_SNAPSHOT
    bits 16..   book     index of the book it was about; `NO_BOOK` where there is none, or not one alone

An integer, because the answer crosses the border of the native core once per frame.
"""

from __future__ import annotations

import enum
from typing import Final

NO_BOOK: Final = 0xFFFF


class Kind(enum.IntEnum):
    """What a frame turned out to be."""

    IGNORED = 0  # legal JSON, nothing for the books (an unknown event type)
    DEPTH = 1
    TICKER = 2  # best bid and offer
    TRADE = 3
    AGG_TRADE = 4
    SNAPSHOT = 5
    CONTROL = 6  # a reply to a request, or a notice of the venue: the session reads it
    ERROR = 7
    STATS = 8  # 24 hours of a market: last price, volumes
    MARK = 9  # mark price of a perpetual
    FUNDING = 10  # funding rate of a perpetual


class Flag(enum.IntFlag):
    """What a frame did to its book."""

    APPLIED = 1  # the book or ticker took it
    WENT_STALE = 2  # the book was live before this frame and is not any more
    WENT_LIVE = 4  # the book was not live before this frame and is now
    NEED_SNAPSHOT = 8  # continuity is broken: fetch a snapshot
    TOP = 16  # the effective best bid or offer changed
    WAKE = 32  # the scan has an edge above the threshold, or one has just ended
    DUPLICATE = 64  # already contained in the book; ignored
    CROSSED = 128  # bid >= ask after the frame: the book was set stale


class BookStatus(enum.IntEnum):
    """Life of a book. Only LIVE may be traded on or shown as live."""

    DOWN = 0  # no connection
    SYNCING = 1  # deltas are buffered, no snapshot yet
    LIVE = 2
    SUSPECT = 3  # a frame of this market was unreadable; the next delta proves whether it was ours
    STALE = 4  # a gap: a snapshot is needed


STATUS_WORD: Final = {
    BookStatus.DOWN: "down",
    BookStatus.SYNCING: "stale",
    BookStatus.LIVE: "live",
    BookStatus.SUSPECT: "stale",
    BookStatus.STALE: "stale",
}


def pack(kind: int, flags: int, book: int, error: int = 0) -> int:
    """Packs an answer; the native core does the same in `answer.hpp`."""
    return kind | error << 4 | flags << 8 | book << 16


def kind_of(answer: int) -> int:
    """The `Kind` of an answer."""
    return answer & 0xF


def error_of(answer: int) -> int:
    """The `DecodeKind` of an answer whose kind is ERROR, else 0."""
    return answer >> 4 & 0xF


def flags_of(answer: int) -> int:
    """The `Flag` bits of an answer."""
    return answer >> 8 & 0xFF


def book_of(answer: int) -> int:
    """The book index of an answer, or `NO_BOOK`."""
    return answer >> 16
