"""Which streams share a connection: grouped by base URL, then cut at the venue's limit.

All streams of a symbol that live on one base share a connection, so that a book and its ticker are
lost and found together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import Symbol
from trimaran.venues.binance.link import Link, Stream, Watch
from trimaran.venues.binance.spec import BinanceMarketSpec, Endpoints, StreamSpec


class Shard:
    """Streams that share a connection, and the connections that carry them at the moment."""

    def __init__(
        self, url: str, streams: Sequence[Stream], watches: Sequence[Watch], fed: Sequence[Symbol]
    ) -> None:
        self.url = url
        self.streams = tuple(streams)
        self.watches = tuple(watches)
        self.fed = tuple(fed)  # the symbols whose books get their deltas from here
        self.active: Link | None = None
        self.standby: Link | None = None
        self.switch_reason = ""
        self.attempts = 0  # connections since the last one that was stable


def plan_shards(
    spec: BinanceMarketSpec, hosts: Endpoints, books: Mapping[int, Symbol], limit: int, path: str
) -> tuple[Shard, ...]:
    """Shards of at most `limit` streams for all streams of `spec` of the symbols in `books`."""
    assert limit <= spec.streams_per_connection_max
    shards: list[Shard] = []
    for base in dict.fromkeys(hosts.streams(kind.route) for kind in spec.streams):
        kinds = [kind for kind in spec.streams if hosts.streams(kind.route) == base]
        assert len(kinds) <= limit, "not even one symbol fits on a connection"
        indices, step = list(books), limit // len(kinds)
        for at in range(0, len(indices), step):
            part = {index: books[index] for index in indices[at : at + step]}
            streams = [
                Stream(kind.name(part[index]), index << 16 | kind.kind) for index in part for kind in kinds
            ]
            watches = [watch for kind in kinds for watch in _watches(kind, part)]
            feeds_books = any(kind.kind == Kind.DEPTH for kind in kinds)
            fed = tuple(part.values()) if feeds_books else ()
            shards.append(Shard(base + path, streams, watches, fed))
    return tuple(shards)


def _watches(kind: StreamSpec, books: Mapping[int, Symbol]) -> list[Watch]:
    """One watch over the whole class, and a patient one over each stream of it."""
    keys = {index: index << 16 | kind.kind for index in books}
    if len(books) == 1:
        (index,) = books
        return [Watch(kind.name(books[index]), (keys[index],), kind.class_silence_ns_max)]
    single = [Watch(kind.name(books[index]), (keys[index],), kind.silence_ns_max) for index in books]
    return [Watch("*" + kind.suffix, tuple(keys.values()), kind.class_silence_ns_max), *single]
