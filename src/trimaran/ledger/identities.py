"""Identities: which money events were booked, for as long as a repeat of one can come. Bounded memory.

The law: what was booked within MEMORY_NS (24 h) of the newest event's venue time is remembered, and at most
IDENTITIES_MAX of one kind of one instrument (or market). What goes first is what is oldest by the venue's
time, a whole SPAN_NS at once, and `since_ns` rises to a span after the end of the last one that went (not
beyond the newest): two channels may tell one event with times that differ a little. An event that is not
known and older than `since_ns` may be one that was forgotten: nobody may book it (`EventTooOld`). While
nothing was forgotten, nothing is too old.

Only events move time on, so that a replay forgets the same.
"""

from __future__ import annotations

import heapq
from typing import Final

import msgspec

MEMORY_NS: Final = 86_400_000_000_000
SPAN_NS: Final = 10_000_000_000
AHEAD_NS_MAX: Final = 43_200_000_000_000  # of a venue's time before ours: half of the memory
IDENTITIES_MAX: Final = 65_536  # ten minutes at 100 fills a second on one instrument; the newest span is kept
LOTS_BITS: Final = 63
UNKNOWN_TERMS: Final = 0  # the terms cannot be said on the grid of now: no repeat is a conflict

Terms = int  # price in ticks and size in lots, packed: half the memory of a pair


def pack(price_ticks: int, lots: int) -> Terms:
    """Both in one integer; a conflict is another integer."""
    return price_ticks << LOTS_BITS | lots


def unpack(terms: Terms) -> tuple[int, int]:
    """Price in ticks and size in lots."""
    return terms >> LOTS_BITS, terms & (1 << LOTS_BITS) - 1


def is_conflict(known: Terms, told: Terms) -> bool:
    """Whether a repeat contradicts what was booked: by its price, or its size."""
    return known not in (told, UNKNOWN_TERMS)


def happened_ns(venue_ns: int, local_ns: int) -> int:
    """When an event happened: the venue's time, or the receiver's where it sends none, or one that is absurd.

    One fill with a time of the far future would make all that follow too old to be booked.
    """
    return venue_ns if 0 < venue_ns <= local_ns + AHEAD_NS_MAX else local_ns


class IdentitiesImage(msgspec.Struct, frozen=True):
    """What is remembered, sorted: (start of the span, ((identity, price in ticks, lots), ...))."""

    since_ns: int
    spans: tuple[tuple[int, tuple[tuple[str, int, int], ...]], ...]


class Identities:
    """Identities of one kind, each with the terms it was booked with."""

    __slots__ = ("_heap", "_newest", "_spans", "known", "since_ns")

    def __init__(self) -> None:
        self.since_ns = 0
        self.known: dict[str, Terms] = {}  # to be read by the way of a fill; changed here alone
        self._spans: dict[int, list[str]] = {}
        self._heap: list[int] = []  # the spans, the oldest on top
        self._newest = 0

    def __len__(self) -> int:
        return len(self.known)

    def find(self, identity: str) -> Terms | None:
        """The terms under which an event was booked; None: it was not, or was forgotten."""
        return self.known.get(identity)

    def add(self, identity: str, terms: Terms, at_ns: int) -> None:
        """Remembers an event that happened at `at_ns` of the venue's clock."""
        self.known[identity] = terms
        span = at_ns // SPAN_NS
        kept = self._spans.get(span)
        if kept is not None:
            kept.append(identity)
            return
        self._spans[span] = [identity]
        heapq.heappush(self._heap, span)
        self._newest = max(self._newest, span)
        self._forget()

    def restate(self, price: tuple[int, int], lots: tuple[int, int]) -> None:
        """Another grid: prices and sizes times a fraction; terms that have no whole number become unknown."""
        for identity, terms in self.known.items():
            old_price, old_lots = unpack(terms)
            new_price, off_price = divmod(old_price * price[0], price[1])
            new_lots, off_lots = divmod(old_lots * lots[0], lots[1])
            exact = not off_price and not off_lots
            self.known[identity] = pack(new_price, new_lots) if exact else UNKNOWN_TERMS

    def image(self) -> IdentitiesImage:
        """What is remembered; equal for equal memories."""
        spans = tuple(
            (span * SPAN_NS, tuple((name, *unpack(self.known[name])) for name in sorted(self._spans[span])))
            for span in sorted(self._spans)
        )
        return IdentitiesImage(self.since_ns, spans)

    def restore(self, image: IdentitiesImage) -> None:
        """Makes an empty memory what an image says."""
        assert not self.known, "restored into a memory that is not empty"
        for start_ns, names in image.spans:  # not by `add`: what was remembered is not forgotten now
            span = start_ns // SPAN_NS
            self._spans[span] = [name for name, _, _ in names]
            self.known.update((name, pack(price_ticks, lots)) for name, price_ticks, lots in names)
        self._heap = sorted(self._spans)
        self._newest = max(self._spans, default=0)
        self.since_ns = image.since_ns

    def _forget(self) -> None:
        oldest_kept = self._newest - MEMORY_NS // SPAN_NS
        while len(self._heap) > 1 and (self._heap[0] < oldest_kept or len(self.known) > IDENTITIES_MAX):
            span = heapq.heappop(self._heap)
            for identity in self._spans.pop(span):
                del self.known[identity]
            self.since_ns = max(self.since_ns, min(span + 2, self._newest) * SPAN_NS)
