"""A driver that runs a session in virtual time and plays an obedient venue, unless told otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from trimaran.domain.answer import Flag, Kind, pack
from trimaran.domain.instrument import Symbol
from trimaran.venues.wire.dialogue import Dialogue
from trimaran.venues.wire.market_spec import MarketSpec
from trimaran.venues.wire.session import SessionConfig, VenueSession
from trimaran.venues.wire.session_port import (
    Action,
    Alive,
    Close,
    Closed,
    ControlFrame,
    Open,
    Opened,
    SendPing,
    SendText,
    Slot,
)

MS = 1_000_000
SECOND = 1000 * MS
TICK_NS = 200 * MS


class Driver:
    """Virtual time around one session; `log` holds every action with its time since the start.

    A driver of a venue names its dialogue, a usual market, and answers in `obey`. `gone` streams are refused,
    `mute` ones bring no whole book.
    """

    dialogue: ClassVar[Callable[[], Dialogue]]
    usual_spec: ClassVar[MarketSpec]
    usual_symbols: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        spec: MarketSpec | None = None,
        symbols: Iterable[str] | None = None,
        config: SessionConfig | None = None,
        seed: int = 1,
    ) -> None:
        spec, self.symbols = spec or self.usual_spec, list(symbols or self.usual_symbols)
        names = [Symbol(symbol) for symbol in self.symbols]
        rng, config = random.Random(seed), config or SessionConfig()
        self.session = VenueSession(spec.session, type(self).dialogue(), spec.live, names, rng, config)
        self.gone: set[str] = set()
        self.mute: set[str] = set()
        self.lost: set[tuple[int, str]] = set()  # slot and stream of what ended because it was gone
        self.snapshots = 0
        self.begin_ns = self.now_ns = 1_000 * SECOND
        self.log: list[tuple[int, Action]] = []
        self.open: dict[int, str] = {}  # slot -> url
        self.subscribed: dict[int, list[str]] = {}
        self.accepts = True  # connections
        self.replies = True  # to subscriptions
        self.pongs = True
        self.speaks: Callable[[int], Iterable[int]] = lambda slot: ()  # answers per tick and slot

    def obey(self, slot: int, text: str) -> None:
        """Plays the venue: notes what was subscribed, and answers."""
        raise NotImplementedError

    def hold(self, slot: int, stream: str) -> None:
        """A subscription was accepted."""
        self.subscribed.setdefault(slot, []).append(stream)

    def lose(self, slot: int, stream: str) -> None:
        """A stream is gone: what was held of it has ended without a word, and may be unsubscribed in vain."""
        self.lost.add((slot, stream))
        if stream in self.subscribed.get(slot, ()):
            self.subscribed[slot].remove(stream)

    def release(self, slot: int, stream: str) -> bool:
        """A subscription has ended as asked. False: there was none any more; otherwise there must be one."""
        if (slot, stream) in self.lost and stream not in self.subscribed.get(slot, ()):
            return False
        self.subscribed[slot].remove(stream)
        return True

    def whole_book(self, slot: int, symbol: str) -> None:
        """A whole book comes in the stream, and is what the book needed."""
        self.snapshots += 1
        self.answer(slot, pack(Kind.SNAPSHOT, Flag.APPLIED | Flag.WENT_LIVE, self.symbols.index(symbol)))

    @property
    def counters(self) -> Any:
        return self.session.counters

    def start(self) -> Driver:
        self.take(self.session.start(self.now_ns))
        return self

    def run(self, seconds: float) -> Driver:
        """Lets time pass in ticks."""
        end_ns = self.now_ns + round(seconds * SECOND)
        while self.now_ns < end_ns:
            self.now_ns += TICK_NS
            for slot in list(self.open):
                for answer in self.speaks(slot):
                    self.answer(slot, answer)
            self.take(self.session.on_tick(self.now_ns))
        return self

    def event(self, event: Any) -> None:
        self.take(self.session.on_event(event, self.now_ns))

    def answer(self, slot: int, answer: int) -> None:
        self.take(self.session.on_answer(Slot(slot), answer, self.now_ns))

    def drop(self, slot: int) -> None:
        del self.open[slot]
        self.event(Closed(Slot(slot), "dropped"))

    def control(self, slot: int, text: str | bytes) -> None:
        payload = text.encode() if isinstance(text, str) else text
        self.event(ControlFrame(Slot(slot), payload))

    def take(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self.log.append((self.now_ns - self.begin_ns, action))
            match action:
                case Open(slot, url):
                    if self.accepts:
                        self.open[slot] = url
                        self.event(Opened(slot))
                    else:
                        self.event(Closed(slot, "refused"))
                case Close(slot):
                    self.open.pop(slot, None)
                case SendPing(slot) if self.pongs:
                    self.event(Alive(slot))
                case SendText(slot, text):
                    self.obey(slot, text)
                case _:
                    pass

    def of(self, kind: type) -> list[Any]:
        return [action for _, action in self.log if isinstance(action, kind)]

    def times_of(self, kind: type) -> list[int]:
        return [at_ns for at_ns, action in self.log if isinstance(action, kind)]

    def texts(self, slot: int | None = None) -> list[str]:
        return [sent.text for sent in self.of(SendText) if slot in (None, sent.slot)]

    def forget(self) -> None:
        self.log.clear()


def chatter(*kinds: Kind, books: int = 1) -> Callable[[int], list[int]]:
    """Every stream of `kinds` speaks at every tick."""
    answers = [pack(kind, 1, book) for kind in kinds for book in range(books)]
    return lambda slot: answers
