"""A session of the registry, a hot state, and a venue in memory, in virtual time.

Everything between the desk and the venue takes `ONE_WAY_NS`, both ways and in order: requests, answers,
frames, books over REST. The shell is that of `venues.wire.market_feed`, without sockets. After every event
each book that is live is compared with the venue's own at the same id, and each that is not must show no top.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.support.memory_venue import TOO_MANY, MemoryVenue
from tests.support.speakers import speaker_of
from trimaran.domain.answer import BookStatus, Kind
from trimaran.domain.pair import Pair
from trimaran.venues.wire.market_entry import MarketEntry
from trimaran.venues.wire.session_port import (
    Action,
    Alive,
    Close,
    Closed,
    ControlFrame,
    Event,
    FetchSnapshot,
    MarkDown,
    Open,
    Opened,
    SendPing,
    SendText,
    SnapshotApplied,
    SnapshotFailed,
)
from trimaran.venues.wire.translated import total

MS = 1_000_000
SECOND = 1_000 * MS
ONE_WAY_NS = 40 * MS
TICK_NS = 200 * MS
TURN_NS = 100 * MS
PING_NS = 5 * SECOND
RETRY_AFTER_NS = 2 * SECOND
PAIRS = ("BTC-USDT", "ETH-USDT", "XRP-USDT")
NO_TOP = (0, 0, 0, 0)


class VirtualDesk:
    """One market of three books; `log` holds every action with its time since the start, in nanoseconds."""

    def __init__(self, entry: MarketEntry, hot: Any, seed: int = 1) -> None:
        opened = entry.open({key: f"ws://{key}" for key in entry.keys})
        self.symbols: list[Any] = [opened.spell(Pair.parse(pair)) for pair in PAIRS]
        self._translate = None if entry.translate is None else total(entry.translate())
        self.hot, self.market = hot, hot.add_market(entry.dialect)
        self.books = {
            symbol: hot.add_instrument(self.market, symbol, 1, -2, 1, -3, 1, -3, 1, group, 0)
            for group, symbol in enumerate(self.symbols)
        }
        by_index = {book: symbol for symbol, book in self.books.items()}
        self.session = opened.make_session(self.symbols, by_index, random.Random(seed))
        self.venue = MemoryVenue(speaker_of(entry.name, entry.dialect), self.symbols)
        self.now_ns = self.begin_ns = 1_000 * SECOND
        self.log: list[tuple[int, Action]] = []
        self.open: set[int] = set()
        self.deltas = dict.fromkeys(self.symbols, 0)  # frames of books that came in
        self.left_live: list[tuple[int, str]] = []
        self._live: set[str] = set()
        self._fetches: dict[Any, int] = {}  # symbol -> number of the one that counts
        self._numbers = itertools.count()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._every(TICK_NS, lambda: self._take(self.session.on_tick(self.now_ns)))
        self._every(TURN_NS, lambda: self._say(self.venue.turn(self.now_ns // MS)))
        self._every(PING_NS, lambda: self._say(self.venue.ping()))
        self._take(self.session.start(self.now_ns))

    @property
    def counters(self) -> Any:
        """What the session has counted."""
        return self.session.counters

    @property
    def at_ns(self) -> int:
        """The time since the start."""
        return self.now_ns - self.begin_ns

    def live(self, *symbols: str) -> bool:
        """Whether these books are live; all of them when none is named."""
        return self._live.issuperset(symbols or self.symbols)

    def run(self, seconds: float) -> None:
        """Lets time pass."""
        self._run_to(self.now_ns + round(seconds * SECOND), lambda: False)

    def until(self, condition: Callable[[], bool], seconds: float) -> float:
        """Lets time pass until something is true; after how many seconds. Fails when it takes longer."""
        begin_ns = self.now_ns
        self._run_to(begin_ns + round(seconds * SECOND), condition)
        assert condition(), f"it did not come to pass in {seconds} s"
        return (self.now_ns - begin_ns) / SECOND

    def rest(self, seconds: float) -> None:
        """Lets time pass in which the venue has nothing to tell."""
        self.venue.quiet = True
        self.run(seconds)
        self.venue.quiet = False

    def deliver(self, slot: int, payload: bytes) -> int:
        """A frame comes in; the packed answer of the hot state."""
        frame = memoryview(payload if self._translate is None else self._translate(payload))
        answer: int = self.hot.on_frame(self.market, frame, self.now_ns)
        if answer & 0xF == Kind.CONTROL:
            self.event(ControlFrame(slot, payload))  # type: ignore[arg-type]
        else:
            self._look()
            self._take(self.session.on_answer(slot, answer, self.now_ns))  # type: ignore[arg-type]
        return answer

    def event(self, event: Event) -> None:
        """Tells the session."""
        self._take(self.session.on_event(event, self.now_ns))

    def drop(self, slot: int) -> None:
        """A connection ends without a word."""
        self._forget(slot)
        self.event(Closed(slot, "dropped"))  # type: ignore[arg-type]

    def of(self, kind: type) -> list[Any]:
        """The actions of a kind."""
        return [action for _, action in self.log if isinstance(action, kind)]

    def times_of(self, kind: type) -> list[int]:
        """Their times."""
        return [at_ns for at_ns, action in self.log if isinstance(action, kind)]

    def forget(self) -> None:
        """Empties the log."""
        self.log.clear()
        self.left_live.clear()

    def slot_of_books(self) -> int:
        """The connection that carries the books."""
        speaker = self.venue.speaker
        return next(
            slot
            for slot, names in self.venue.subscribed.items()
            if any(speaker.stream(name)[1] is Kind.DEPTH for name in names)
        )

    def _run_to(self, end_ns: int, done: Callable[[], bool]) -> None:
        while not done() and self._agenda[0][0] <= end_ns:
            self.now_ns, _, work = heapq.heappop(self._agenda)
            work()
            self._look()
        if not done():
            self.now_ns = end_ns

    def _at(self, at_ns: int, work: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at_ns, next(self._numbers), work))

    def _later(self, work: Callable[[], None]) -> None:
        self._at(self.now_ns + ONE_WAY_NS, work)

    def _every(self, period_ns: int, work: Callable[[], None]) -> None:
        def turn() -> None:
            self._at(self.now_ns + period_ns, turn)
            work()

        self._at(self.now_ns + period_ns, turn)

    def _say(self, frames: Any) -> None:
        """The venue says something: it comes in a little later, in order."""
        for slot, payload in frames:
            if slot not in self.venue.frozen:
                self._later(lambda slot=slot, payload=payload: self._arrive(slot, payload))  # type: ignore[misc]

    def _arrive(self, slot: int, payload: bytes) -> None:
        if slot not in self.open:
            return
        answer = self.deliver(slot, payload)
        if answer & 0xF in (Kind.DEPTH, Kind.SNAPSHOT):
            self.deltas[self.symbols[answer >> 16]] += 1

    def _take(self, actions: Sequence[Action]) -> None:
        for action in actions:
            self.log.append((self.at_ns, action))
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        match action:
            case Open(slot):
                self._later(lambda: self._later(lambda: self._opened(slot)))
            case SendText(slot, text):
                self._later(lambda: self._heard(slot, text))
            case SendPing(slot):
                if slot not in self.venue.frozen:
                    self._later(lambda: self._later(lambda: self.event(Alive(slot))))
            case Close(slot):
                self._forget(slot)
            case FetchSnapshot(symbol, url):
                number = self._fetches[symbol] = self._fetches.get(symbol, 0) + 1
                self._later(lambda: self._fetched(symbol, number, self.venue.fetch(url, self.now_ns // MS)))
            case MarkDown(_, symbols):
                for symbol in symbols or self.symbols:
                    self._fetches[symbol] = self._fetches.get(symbol, 0) + 1
                    self.hot.mark_book_down(self.books[symbol])
                self._look()
            case _:
                pass

    def _opened(self, slot: Any) -> None:
        if not self.venue.accepts:
            self.event(Closed(slot, "refused"))
            return
        self.open.add(slot)
        self.venue.connect(slot)
        self.event(Opened(slot))

    def _heard(self, slot: int, text: str) -> None:
        if slot in self.open and slot not in self.venue.frozen:
            answers = self.venue.hear(slot, text, self.now_ns // MS)
            self._say([(slot, answer) for answer in answers])

    def _fetched(self, symbol: Any, number: int, body: bytes | int) -> None:
        def arrive() -> None:
            if self._fetches[symbol] != number:
                return
            if isinstance(body, int):
                wait_ns = RETRY_AFTER_NS if body == TOO_MANY else 0
                self.event(SnapshotFailed(symbol, f"HTTP {body}", wait_ns))
            else:
                answer = self.hot.on_snapshot(self.books[symbol], body, self.now_ns)
                self.event(SnapshotApplied(symbol, answer))

        self._later(arrive)

    def _forget(self, slot: int) -> None:
        self.open.discard(slot)
        self.venue.disconnect(slot)

    def _look(self) -> None:
        """What is shown as live is true, and what is not live shows nothing."""
        for symbol, book in self.books.items():
            if self.hot.status(book) != BookStatus.LIVE:
                assert self.hot.top(book)[:4] == NO_TOP
                if symbol in self._live:
                    self._live.discard(symbol)
                    self.left_live.append((self.at_ns, symbol))
                continue
            self._live.add(symbol)
            truth = self.venue.books[symbol].past[self.hot.last_id(book)]
            assert tuple(tuple(self.hot.depth(book, side, 99)) for side in (0, 1)) == truth, symbol
