"""Which streams share a connection: grouped by URL, then cut at the venue's limits.

All streams of a symbol that live on one URL share a connection, so that a book and its ticker are
lost and found together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import Symbol
from trimaran.venues.wire.link import Link, Watch
from trimaran.venues.wire.market_spec import Endpoints, SessionSpec, StreamSpec
from trimaran.venues.wire.requests import Stream


class Shard:
    """Streams that share a connection, and the connections that carry them at the moment."""

    def __init__(
        self, url: str, streams: Sequence[Stream], watches: Sequence[Watch], fed: Mapping[Symbol, Stream]
    ) -> None:
        self.url = url
        self.streams = tuple(streams)
        self.watches = tuple(watches)
        self.fed = dict(fed)  # the symbols whose books get their deltas from here, and by which stream
        self.active: Link | None = None
        self.standby: Link | None = None
        self.switch_reason = ""
        self.attempts = 0  # connections since the last one that was stable


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
            shards.append(Shard(url, streams, watches, fed))
    return tuple(shards)


def _watches(kind: StreamSpec, books: Mapping[int, Symbol]) -> list[Watch]:
    """One watch over the whole class, and a patient one over each stream of it."""
    keys = {index: index << 16 | kind.kind for index in books}
    if len(books) == 1:
        (index,) = books
        return [Watch(kind.name(books[index]), (keys[index],), kind.class_silence_ns_max)]
    single = [Watch(kind.name(books[index]), (keys[index],), kind.silence_ns_max) for index in books]
    return [Watch(kind.label, tuple(keys.values()), kind.class_silence_ns_max), *single]
