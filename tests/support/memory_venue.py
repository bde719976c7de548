"""A venue that lives in memory: books that change ten times a second, connections, and faults on demand.

It has no clock and no sockets: `virtual_desk` hands it what the desk says and asks it, every turn, what it
has to tell. What is true of a book at every id is remembered, so that whatever a desk shows can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.hot_rig import text
from tests.support.speakers import Ask, Best, Speaker
from trimaran.domain.answer import Kind

Levels = tuple[tuple[int, int], ...]  # (ticks, lots), best first
Sides = tuple[Levels, Levels]

LEVELS = 5
BID, ASK = 10_000, 10_001
FIRST_ID = 1_000
TOO_MANY = 429


class MemoryBook:
    """Five levels a side; every turn changes one on each side and takes the next id."""

    def __init__(self) -> None:
        self.last_id = FIRST_ID
        self._sides = tuple({start + step * at: 1_000 + at for at in range(LEVELS)} for start, step in STEPS)
        self.past: dict[int, Sides] = {self.last_id: self.now()}

    def now(self) -> Sides:
        """The whole book."""
        bids, asks = self._sides
        return tuple(sorted(bids.items(), reverse=True)), tuple(sorted(asks.items()))

    def turn(self) -> Sides:
        """One change; lots 0 for a level that is gone."""
        self.last_id += 1
        at = self.last_id % LEVELS
        lots = 0 if at and self.last_id % 3 == 0 else self.last_id
        changed = []
        for side, (start, step) in zip(self._sides, STEPS, strict=True):
            ticks = start + step * at
            side[ticks] = lots
            if lots == 0:
                del side[ticks]
            changed.append(((ticks, lots),))
        self.past[self.last_id] = self.now()
        return changed[0], changed[1]


STEPS = ((BID, -1), (ASK, 1))


class MemoryVenue:
    """One market. What a test may change stands in the public fields."""

    def __init__(self, speaker: Speaker, symbols: list[str]) -> None:
        self.speaker = speaker
        self.books = {symbol: MemoryBook() for symbol in symbols}
        self.subscribed: dict[int, list[str]] = {}  # slot -> streams
        self.frozen: set[int] = set()  # slots on which nothing is heard or said
        self.accepts = True  # connections
        self.quiet = False  # no data; heartbeats go on
        self.pace = 1  # how many turns from one word to the next
        self.turns = 0
        self.gone: set[str] = set()  # symbols that do not exist any more
        self.loses: set[str] = set()  # symbols whose next delta is lost
        self.slow_downs = 0  # requests that are too many: the next ones
        self.refused = 0
        self.pings = 0
        self.pongs: list[tuple[int, int]] = []  # (slot, number) as they were answered

    def connect(self, slot: int) -> None:
        """A connection is there."""
        self.subscribed[slot] = []

    def disconnect(self, slot: int) -> None:
        """A connection is gone."""
        self.subscribed.pop(slot, None)
        self.frozen.discard(slot)

    def hear(self, slot: int, message: str, ms: int) -> list[bytes]:
        """The answers to one message, in their order."""
        ask = self.speaker.read(message)
        if ask.operation == "ping":
            return [self.speaker.pong()]
        if ask.operation == "pong":
            self.pongs.append((slot, ask.request_id))
            return []
        if self.slow_downs and ask.operation != "unsubscribe":
            self.slow_downs -= 1
            return [self.speaker.slow_down(ask)]
        if self.speaker.answers_as_a_whole():
            for name in ask.names:
                self._operate(slot, ask, name)
            return [self.speaker.accept(ask, "")]
        return [answer for name in ask.names for answer in self._answers(slot, ask, name, ms)]

    def fetch(self, url: str, ms: int) -> bytes | int:
        """A whole book over REST, or a status that is an error."""
        symbol = self.speaker.rest_symbol(url)
        if self.slow_downs:
            self.slow_downs -= 1
            return TOO_MANY
        return 400 if symbol in self.gone else self._whole(symbol, ms, None)

    def turn(self, ms: int) -> Iterator[tuple[int, bytes]]:
        """What is said now: (slot, frame)."""
        self.turns += 1
        if self.quiet and self.speaker.never_silent:
            yield from self._nothing_new(ms)
        if self.quiet or self.turns % self.pace:
            return
        for symbol, book in self.books.items():
            if symbol in self.gone:
                continue
            previous = book.last_id
            bids, asks = book.turn()
            ids = (book.last_id, book.last_id, previous)
            lost = symbol in self.loses
            self.loses.discard(symbol)
            for slot, kind in self._listeners(symbol):
                if kind is not Kind.DEPTH:
                    yield slot, self.speaker.other(kind, symbol, book.last_id, ms, *best_of(book.now()))
                elif not lost:
                    yield slot, self.speaker.delta(symbol, ids, ms, text(bids), text(asks))

    def ping(self) -> Iterator[tuple[int, bytes]]:
        """The server's pings in its data, where it sends such."""
        self.pings += 1
        frame = self.speaker.ping(self.pings)
        return iter(() if frame is None else [(slot, frame) for slot in self.subscribed])

    def _nothing_new(self, ms: int) -> Iterator[tuple[int, bytes]]:
        """Deltas without a change, from venues that repeat themselves."""
        for symbol, book in self.books.items():
            ids = (book.last_id, book.last_id, book.last_id)
            for slot, kind in self._listeners(symbol):
                if kind is Kind.DEPTH and symbol not in self.gone:
                    yield slot, self.speaker.delta(symbol, ids, ms, (), ())

    def _listeners(self, symbol: str) -> Iterator[tuple[int, Kind]]:
        """Depth last: the ticker of a change is told before the change, as OKX documents."""
        for slot, names in self.subscribed.items():
            streams = [self.speaker.stream(name) for name in names]
            kinds = [kind for whose, kind in streams if whose == symbol]
            yield from ((slot, kind) for kind in sorted(kinds, key=lambda kind: kind is Kind.DEPTH))

    def _answers(self, slot: int, ask: Ask, name: str, ms: int) -> list[bytes]:
        symbol, kind = self.speaker.stream(name)
        if symbol in self.gone and ask.operation != "unsubscribe":
            self.refused += 1
            return [self.speaker.refuse(ask, name)]
        if ask.operation == "whole":
            return [self._whole(symbol, ms, ask)]
        self._operate(slot, ask, name)
        answers = [self.speaker.accept(ask, name)]
        if ask.operation == "subscribe" and kind is Kind.DEPTH and self.speaker.whole_first:
            answers.append(self._whole(symbol, ms, None))
        return answers

    def _operate(self, slot: int, ask: Ask, name: str) -> None:
        held = self.subscribed[slot]
        if ask.operation == "subscribe":
            held.append(name)
        else:
            held.remove(name)

    def _whole(self, symbol: str, ms: int, ask: Ask | None) -> bytes:
        book = self.books[symbol]
        bids, asks = book.now()
        return self.speaker.whole(symbol, book.last_id, ms, text(bids), text(asks), ask)


def best_of(sides: Sides) -> tuple[Best, Best]:
    """The best bid and ask as text."""
    (bid,), (ask,) = text(sides[0][:1]), text(sides[1][:1])
    return bid, ask
