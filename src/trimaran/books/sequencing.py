"""The life of one book: which deltas may be applied, when a snapshot bridges, when the book is stale.

The twin of `sequencer.hpp`. Four laws. Binance's "How to manage a local order book correctly":

- OVERLAP (spot): a delta continues the book when `first_id <= last + 1`, and is a gap otherwise. A
  snapshot L bridges when the first delta with `last_id > L` has `first_id <= L + 1`.
- CHAIN (USD-M): a delta continues the book when `previous_id == last`. A snapshot L bridges when the first
  delta with `last_id >= L` has `first_id <= L <= last_id`, or `previous_id == L`, which is the same chain
  one event later.

HTX spot (mbp), whose snapshot is asked for over the same connection:

- LINK: a delta continues the book when `previous_id == last`, also when it says nothing new. A snapshot L
  bridges when the first delta with `last_id > L` has `previous_id == L`, no less: a delta is the difference
  of two pictures, and does not tell what came and went between them. Newer than every delta so far, it waits
  for the next one to prove it.

OKX books and HTX swaps, whose snapshot comes first in the stream:

- STREAM: a delta continues the book when `previous_id == last`, whatever its own id: ids may repeat (nothing
  new) and fall (counted anew). A link that was seen a short while ago is a repeat; anything else is a gap,
  and only another snapshot in the stream heals it. A newer snapshot (of another connection) takes a live book
  along, and the links from there to here are repeats; an older one that the book never was at makes it
  suspect.

Otherwise a delta whose `last_id` is not above the book's is contained in it already and is ignored: after a
planned switch of connections, or a repeat, the book is still exact. A long unbroken run of such deltas means
that the venue has begun to count anew, and is a gap.

A snapshot that was asked for proves nothing by itself: it may be older than what was known (REST lags the
streams), and after an unreadable frame nobody knows which ids it had. So it must not be older than anything
that was applied, and after a loss the book waits for the next delta to continue it. A snapshot in the stream
stands in its place in the order, and proves itself.
"""

from __future__ import annotations

import enum
from collections import deque
from typing import Final

from trimaran.base.limits import (
    BOOK_LEVELS_MAX,
    DUPLICATES_RUN_MAX,
    LEAP_RUN_MAX,
    PENDING_DELTAS_MAX,
    PENDING_LEVELS_MAX,
    RECENT_LINKS,
)
from trimaran.books.l2 import Book
from trimaran.domain.answer import BookStatus, Flag
from trimaran.domain.market import DepthDelta, DepthSnapshot

NO_LEAP: Final = (0, -1)


class Law(enum.IntEnum):
    """How a market proves that nothing is missing."""

    OVERLAP = 0
    CHAIN = 1
    LINK = 2
    STREAM = 3


class SequencedBook:
    """A book and the proof of its continuity. Every method answers the flags of `Flag`."""

    def __init__(self, law: Law, levels_max: int = BOOK_LEVELS_MAX) -> None:
        """`levels_max`: how many levels a side the venue maintains."""
        self._law = law
        self._levels_max = levels_max
        self._awaiting_bridge = False  # a snapshot is loaded, no delta has proved it yet
        self._unproven = False  # something was lost since the last delta
        self._known_id = 0  # everything up to here was applied once on this connection
        self._duplicate_run = 0
        self._pending: list[DepthDelta] = []
        self._pending_levels = 0
        self._recent: deque[tuple[int, int]] = deque(maxlen=RECENT_LINKS)  # links that the book has taken
        self._leap = NO_LEAP  # from where to where a snapshot took the book
        self.book = Book()
        self.status = BookStatus.DOWN
        self.last_id = 0
        self.deltas = self.duplicates = self.gaps = self.crossings = self.snapshots = self.overflows = 0

    @property
    def live(self) -> bool:
        """True when the book may be traded on."""
        return self.status is BookStatus.LIVE

    def on_delta(self, delta: DepthDelta) -> int:
        """Takes a delta: applies it, holds it back for a snapshot, ignores it, or finds a gap."""
        self.deltas += 1
        if self._law is Law.STREAM:
            return self._on_stream_delta(delta)
        if self.status in (BookStatus.LIVE, BookStatus.SUSPECT):
            return self._continue_with(delta)
        if self.status is BookStatus.DOWN:
            self.status = BookStatus.SYNCING
            return self._hold(delta) | Flag.NEED_SNAPSHOT
        if not self._awaiting_bridge:
            self._duplicate_run = self._duplicate_run + 1 if delta.last_id <= self._known_id else 0
            if self._duplicate_run > DUPLICATES_RUN_MAX:
                self._known_id = 0
            return self._hold(delta)
        old = self._contained(delta, self.last_id) and not self._nothing_new(delta)
        if old and self._duplicate_run < DUPLICATES_RUN_MAX:
            return self._duplicate()
        self._awaiting_bridge = self._unproven = False
        if old:
            self._known_id = 0
        if old or not self._bridges(delta, self.last_id):
            return self._hold(delta) | Flag.NEED_SNAPSHOT
        return self._apply(delta)

    def on_stream_snapshot(self, snapshot: DepthSnapshot) -> int:
        """Takes a whole book that came in the stream."""
        if self._law is not Law.STREAM:
            return self.on_snapshot(snapshot)
        has_book = self.live or self.status is BookStatus.SUSPECT
        if has_book and self._passed(snapshot.last_id):
            return Flag.DUPLICATE  # the next delta proves more than it could
        if has_book and snapshot.last_id < self.last_id:
            return Flag.DUPLICATE | self.on_suspicion()
        # Newer than the book: what another connection still tells of the way from there to here is in it.
        if snapshot.last_id < self._known_id:
            self._recent.clear()
        self._leap = (self._known_id, snapshot.last_id) if 0 < self._known_id < snapshot.last_id else NO_LEAP
        self._recent.append((snapshot.last_id, snapshot.last_id))
        self._load(snapshot)
        return Flag.APPLIED | self._settle()

    def on_snapshot(self, snapshot: DepthSnapshot) -> int:
        """Takes a snapshot. One that cannot be bridged changes nothing and asks for another."""
        if self.live or self.status is BookStatus.SUSPECT:
            return Flag.DUPLICATE
        if self.status is BookStatus.DOWN:
            return 0  # it arrived behind the loss of its connection
        if self._law is Law.STREAM:
            return Flag.NEED_SNAPSHOT
        if snapshot.last_id < self._known_id:
            return Flag.NEED_SNAPSHOT
        rest = self._not_contained(snapshot.last_id)
        if rest and not self._bridges(rest[0], snapshot.last_id):
            return Flag.NEED_SNAPSHOT
        self._load(snapshot)
        in_step = any(delta.last_id == snapshot.last_id for delta in self._pending[-1:])
        needs_proof = self._law is Law.CHAIN or (self._law is Law.LINK and not in_step)
        self._awaiting_bridge = self._unproven or (needs_proof and not rest)
        for index, delta in enumerate(rest):
            if index and delta.last_id <= self.last_id:
                continue
            if index and not self._continues(delta):
                self.gaps += 1
                self._set_pending(rest[index:])
                self.status = BookStatus.STALE
                return Flag.NEED_SNAPSHOT
            self._change(delta)
        self._known_id = self.last_id
        self._set_pending([])
        if self._awaiting_bridge:
            self.status = BookStatus.SYNCING
            return Flag.APPLIED
        return Flag.APPLIED | self._settle()

    def on_up(self) -> int:
        """The connection is up: deltas and a snapshot may come, in either order."""
        if self.status is not BookStatus.DOWN:
            return 0
        self.status = BookStatus.SYNCING
        return Flag.NEED_SNAPSHOT

    def on_lost(self) -> int:
        """A depth event of this book was unreadable: what it said is lost."""
        if self._law is Law.STREAM and self.status in (BookStatus.DOWN, BookStatus.SYNCING):
            return self._without_beginning()
        if self.status is BookStatus.DOWN:
            return 0
        self._unproven = True
        was_live = self.live
        had_book = was_live or self.status is BookStatus.SUSPECT or self._awaiting_bridge
        self._awaiting_bridge = False
        if not had_book:
            return 0
        self.gaps += 1
        self.status = BookStatus.STALE
        return Flag.NEED_SNAPSHOT | (Flag.WENT_STALE if was_live else 0)

    def on_suspicion(self) -> int:
        """A frame of this market was unreadable and may have been ours: the next delta proves it."""
        self._unproven = self.status is not BookStatus.DOWN
        if not self.live:
            return 0
        self.status = BookStatus.SUSPECT
        return Flag.WENT_STALE

    def on_down(self) -> int:
        """The connection is lost."""
        was_live = self.live
        self.status = BookStatus.DOWN
        self._awaiting_bridge = self._unproven = False
        self._known_id = 0  # over a new connection the venue may count anew
        self._forget_links()
        self._set_pending([])
        return Flag.WENT_STALE if was_live else 0

    def _not_contained(self, snapshot_id: int) -> list[DepthDelta]:
        for index, delta in enumerate(self._pending):
            if not self._contained(delta, snapshot_id):
                return self._pending[index:]
        return []

    def _contained(self, delta: DepthDelta, snapshot_id: int) -> bool:
        if self._law is Law.CHAIN:
            return delta.last_id < snapshot_id
        return delta.last_id <= snapshot_id

    def _bridges(self, delta: DepthDelta, snapshot_id: int) -> bool:
        if self._law is Law.OVERLAP:
            return delta.first_id <= snapshot_id + 1
        if self._law is Law.LINK:
            return delta.previous_id == snapshot_id
        return delta.first_id <= snapshot_id <= delta.last_id or delta.previous_id == snapshot_id

    def _continues(self, delta: DepthDelta) -> bool:
        if self._law is Law.OVERLAP:
            return delta.first_id <= self.last_id + 1
        return delta.previous_id == self.last_id

    def _nothing_new(self, delta: DepthDelta) -> bool:
        """HTX says so ten times a second: no change, but a proof that none is missing."""
        return self._law is Law.LINK and delta.previous_id == delta.last_id == self.last_id

    def _continue_with(self, delta: DepthDelta) -> int:
        if delta.last_id <= self.last_id and not self._nothing_new(delta):
            if self._duplicate_run < DUPLICATES_RUN_MAX:
                return self._duplicate()
            self._known_id = 0
        elif self._continues(delta):
            return self._apply(delta)
        self._duplicate_run = 0
        return self._hold(delta) | self._gap()

    def _on_stream_delta(self, delta: DepthDelta) -> int:
        if self.status in (BookStatus.DOWN, BookStatus.SYNCING):
            return self._without_beginning()
        if self.status is BookStatus.STALE:
            return 0  # of a chain that is broken
        link = (delta.previous_id, delta.last_id)
        if delta.previous_id == self.last_id:
            if delta.last_id < delta.previous_id:
                self._forget_links()  # counted anew: what was seen means nothing any more
            self._recent.append(link)
            return self._apply(delta)
        # Of the way of a snapshot only so much in a row: where nothing else comes, its connection is gone.
        leapt = self._leap[0] <= delta.previous_id <= delta.last_id <= self._leap[1]
        if leapt and self._duplicate_run < LEAP_RUN_MAX:
            return self._duplicate()
        if link in self._recent and self._duplicate_run < DUPLICATES_RUN_MAX:
            return self._duplicate()
        self._duplicate_run = 0
        return self._gap()

    def _passed(self, snapshot_id: int) -> bool:
        """Whether the book was at that id a short while ago, or is."""
        if snapshot_id == self.last_id or self._leap[0] <= snapshot_id <= self._leap[1]:
            return True
        return any(last_id == snapshot_id for _, last_id in self._recent)

    def _forget_links(self) -> None:
        self._recent.clear()
        self._leap = NO_LEAP

    def _without_beginning(self) -> int:
        """A stream begins with its snapshot. We did not see it, and no other comes unless it is asked for."""
        self.status = BookStatus.STALE
        return Flag.NEED_SNAPSHOT

    def _gap(self) -> int:
        was_live = self.live
        self.gaps += 1
        self.status = BookStatus.STALE
        return Flag.NEED_SNAPSHOT | (Flag.WENT_STALE if was_live else 0)

    def _apply(self, delta: DepthDelta) -> int:
        self._change(delta)
        return Flag.APPLIED | self._settle()

    def _change(self, delta: DepthDelta) -> None:
        """What falls out of the venue's window is not told of any more, so it goes at once."""
        self.book.apply(delta.bids, delta.asks)
        self.book.trim(self._levels_max)
        self.last_id = delta.last_id

    def _load(self, snapshot: DepthSnapshot) -> None:
        self.snapshots += 1
        self.book.load(snapshot.bids, snapshot.asks)
        self.book.trim(self._levels_max)
        self.last_id = snapshot.last_id

    def _duplicate(self) -> int:
        self.duplicates += 1
        self._duplicate_run += 1
        return Flag.DUPLICATE

    def _settle(self) -> int:
        """After a change that continues the book: live, unless the book contradicts itself."""
        was_live = self.live
        self._known_id = self.last_id
        self._duplicate_run = 0
        if self.book.crossed():
            self.crossings += 1
            self._unproven = True
            self.status = BookStatus.STALE
            return Flag.CROSSED | Flag.NEED_SNAPSHOT | (Flag.WENT_STALE if was_live else 0)
        self._unproven = False
        self.status = BookStatus.LIVE
        return 0 if was_live else Flag.WENT_LIVE

    def _hold(self, delta: DepthDelta) -> int:
        count = len(delta.bids) + len(delta.asks)
        flags = 0
        if len(self._pending) == PENDING_DELTAS_MAX or self._pending_levels + count > PENDING_LEVELS_MAX:
            self.overflows += 1
            self._set_pending([])
            flags = Flag.NEED_SNAPSHOT
        self._unproven = (
            False  # whatever was lost lies before this delta, which a snapshot must reach or contain
        )
        self._pending.append(delta)
        self._pending_levels += count
        return flags

    def _set_pending(self, deltas: list[DepthDelta]) -> None:
        self._pending = deltas
        self._pending_levels = sum(len(delta.bids) + len(delta.asks) for delta in deltas)
