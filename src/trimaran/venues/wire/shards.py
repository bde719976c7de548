"""Which streams share a connection: grouped by URL, then cut at the venue's limits.

All streams of a symbol that live on one URL share a connection, so that a book and its ticker are
lost and found together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import Symbol
from trimaran.venues.wire.link import Link, Watch
from trimaran.venues.wire.market_spec import Endpoints, SessionSpec, StreamSpec
from trimaran.venues.wire.requests import Stream


class Silence(msgspec.Struct):
    """How a book's stream was dealt with since it last brought a delta. Times in nanoseconds."""

    marked_ns: int  # when the book was last marked down
    resubscribed_ns: int = 0
    resubscriptions: int = 0


class Shard:
    """Streams that share a connection, and the connections that carry them at the moment."""

    def __init__(
        self,
        url: str,
        streams: Sequence[Stream],
        watches: Sequence[Watch],
        fed: Mapping[Symbol, Stream],
        dead_ns: int,
    ) -> None:
        self.url = url
        self.streams = tuple(streams)
        self.watches = tuple(watches)
        self.fed = dict(fed)  # the symbols whose books get their deltas from here, and by which stream
        self.dead_ns = dead_ns  # of the streams in `fed`: silent for so long they are dead; 0: who knows
        self.silences: dict[Symbol, Silence] = {}  # of books whose streams have fallen silent
        self.active: Link | None = None
        self.standby: Link | None = None
        self.switch_reason = ""
        self.attempts = 0  # connections since the last one that was stable

    @property
    def links(self) -> tuple[Link, ...]:
        """The connections that are there or on their way."""
        return tuple(link for link in (self.active, self.standby) if link is not None)

    def other(self, link: Link) -> Link | None:
        """The connection that carries the same streams as `link`, if there is one."""
        return next((each for each in self.links if each is not link), None)


def plan_shards(
    spec: SessionSpec, hosts: Endpoints, books: Mapping[int, Symbol], limit: int
) -> tuple[Shard, ...]:
    """Shards of at most `limit` streams for all streams of `spec` of the symbols in `books`."""
    assert limit <= spec.streams_per_connection_max
    shards: list[Shard] = []
    urls = {kind: hosts.streams(kind.route) + spec.path(kind.route) for kind in spec.streams}
    for url in dict.fromkeys(urls.values()):
        kinds = [kind for kind in spec.streams if urls[kind] == url]
        assert len(kinds) <= limit, "not even one symbol fits on a connection"
        feeds_books = any(kind.kind == Kind.DEPTH for kind in kinds)
        indices, step = list(books), limit // len(kinds)
        if feeds_books and spec.books_per_connection_max:
            step = min(step, spec.books_per_connection_max)
        for at in range(0, len(indices), step):
            part = {index: books[index] for index in indices[at : at + step]}
            streams = [
                Stream(kind.name(part[index]), index << 16 | kind.kind) for index in part for kind in kinds
            ]
            watches = [watch for kind in kinds for watch in _watches(kind, part)]
            fed = {part[stream.key >> 16]: stream for stream in streams if stream.key & 0xF == Kind.DEPTH}
            dead_ns = next((kind.dead_ns for kind in kinds if kind.kind == Kind.DEPTH), 0)
            shards.append(Shard(url, streams, watches, fed, dead_ns))
    return tuple(shards)


def _watches(kind: StreamSpec, books: Mapping[int, Symbol]) -> list[Watch]:
    """One watch over the whole class, and a patient one over each stream of it."""
    keys = {index: index << 16 | kind.kind for index in books}
    if len(books) == 1:
        (index,) = books
        silence_ns_max = min(kind.class_silence_ns_max, kind.dead_ns or kind.class_silence_ns_max)
        return [Watch(kind.name(books[index]), (keys[index],), silence_ns_max)]
    silence_ns_max = kind.dead_ns or kind.silence_ns_max
    single = [Watch(kind.name(books[index]), (keys[index],), silence_ns_max) for index in books]
    return [Watch(kind.label, tuple(keys.values()), kind.class_silence_ns_max), *single]
