"""The incremental books of simulated HTX swaps: `depth.size_20.high_freq` and `depth.size_150.high_freq`.

The first message is a snapshot, the next are updates with absolute sizes, 0 removes; the version grows by one
with every message of the connection, so that a hole means a loss. The book is looked at every 30 ms. A level
that leaves the best N is removed. The other data type, which is the default, repeats whole pictures.
https://www.htx.com/en-us/opend/newApiPages/?id=8cb7d9d1-77b5-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trimaran.venues.htx.simulator.text import SwapText
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.channel import NEVER_NS, Subscriber, next_due_ns
from trimaran.venues.sim.compress import gzip_member
from trimaran.venues.sim.faults import WHOLE, Faults
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.matching import LevelView
from trimaran.venues.sim.window import LevelWindow

Sides = tuple[list[LevelView], list[LevelView]]
INTERVAL_NS: Final = 30_000_000
FIRST_VERSION: Final = 1_512_467
KINDS: Final = {"depth.size_20.high_freq": 20, "depth.size_150.high_freq": 150}


class _Follower:
    """A subscription with the version that its connection has come to."""

    def __init__(self, subscriber: Subscriber, whole: bool, topic: str, number: int) -> None:
        self.subscriber = subscriber
        self.whole = whole
        self.stream = f"{topic}#{number}"
        self.version = FIRST_VERSION + 1000 * number


class _Depth:
    """One of the topics."""

    def __init__(self, book: VenueBook, topic: str, levels: int) -> None:
        self.topic = topic
        self.levels = levels
        self.followers: list[_Follower] = []
        self.window = LevelWindow(book, levels, True)
        self.told_id = book.last_update_id
        self.due_ns = NEVER_NS


class HighFreqBook:
    """`Increments` of a swap book."""

    def __init__(
        self, book: VenueBook, text: SwapText, faults: Faults, inner_topic: Callable[[str], str]
    ) -> None:
        self._book = book
        self._text = text
        self._faults = faults
        self._inner_topic = inner_topic
        self._joined = 0
        self._depths = {
            kind: _Depth(book, f"market.{text.symbol}.{kind}", levels) for kind, levels in KINDS.items()
        }

    def serves(self, kind: str) -> bool:
        """Whether this kind of topic is served here."""
        return kind in self._depths

    def join(self, kind: str, subscriber: Subscriber, whole: bool, now: Moment) -> None:
        """Subscribes; the others get what is pending first, so that the snapshot stands on their chain."""
        depth = self._depths[kind]
        self._speak(depth, now)
        if not depth.followers:
            depth.window = LevelWindow(self._book, depth.levels, True)
        self._joined += 1
        follower = _Follower(subscriber, whole, depth.topic, self._joined)
        depth.followers.append(follower)
        sides = depth.window.told(0), depth.window.told(1)
        subscriber.send(self._payload(depth, follower, self._halves(depth, sides, "snapshot", now)), WHOLE)

    def leave(self, kind: str, subscriber: Subscriber) -> None:
        """Unsubscribes."""
        depth = self._depths[kind]
        for follower in [each for each in depth.followers if each.subscriber is subscriber]:
            depth.followers.remove(follower)
            self._faults.forget(follower.stream)

    def keep_stale(self) -> None:
        """Swaps have no snapshots beside the stream."""

    def pump(self, now: Moment) -> None:
        """Sends everything that is due."""
        for depth in self._depths.values():
            if depth.followers and now.wall_ns >= depth.due_ns:
                depth.due_ns = next_due_ns(depth.due_ns, INTERVAL_NS, now.wall_ns)
                self._speak(depth, now)

    def _speak(self, depth: _Depth, now: Moment) -> None:
        if not depth.followers or self._book.last_update_id == depth.told_id:
            return
        changes = depth.window.advance()
        depth.told_id = self._book.last_update_id
        if not (changes[0] or changes[1]):
            return
        update = whole = None
        for follower in tuple(depth.followers):
            if follower.whole:
                sides = depth.window.told(0), depth.window.told(1)
                whole = whole or self._halves(depth, sides, "snapshot", now)
            else:
                update = update or self._halves(depth, changes, "update", now)
            halves = whole if follower.whole else update
            assert halves is not None
            payload = self._payload(depth, follower, halves)
            for sent, fraction in self._faults.frames(follower.stream, payload):
                follower.subscriber.send(sent, fraction)

    def _halves(self, depth: _Depth, levels: Sides, event: str, now: Moment) -> tuple[str, str]:
        """The text before and after the version."""
        bids, asks = (self._text.levels(side) for side in levels)
        time_ms = now.server_ms
        return (
            f'{{"ch":"{depth.topic}","ts":{time_ms},"tick":{{"mrid":{self._book.last_update_id},'
            f'"id":{time_ms // 1000},"bids":{bids},"asks":{asks},"ts":{time_ms},"version":',
            f',"ch":"{self._inner_topic(depth.topic)}","event":"{event}"}}}}',
        )

    def _payload(self, depth: _Depth, follower: _Follower, halves: tuple[str, str]) -> bytes:
        follower.version += 1
        return gzip_member(f"{halves[0]}{follower.version}{halves[1]}".encode())
