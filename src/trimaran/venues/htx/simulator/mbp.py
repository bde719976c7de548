"""The incremental books of simulated HTX spot: `mbp.5`, `mbp.20`, `mbp.150`, `mbp.400`.

    subscribe   increments only: seqNum, prevSeqNum, absolute sizes, 0 removes
    request     the book as last told, on the same socket; its seqNum is that of an increment

The best N levels are told. One that is pushed out by better ones is not maintained any more, and told again
when it comes back. 5 and 20 levels speak at every change and name only the side that changed; 150 and 400
every 100 ms with both sides, also when nothing changed, which keeps the sequence. Ids jump.
https://www.htx.com/en-us/opend/newApiPages/?id=7ec516fc-7773-11ed-9966-0242ac110003
"""

from __future__ import annotations

from typing import Final

from trimaran.venues.htx.simulator.text import SpotText, frame
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.channel import Channel, Subscriber
from trimaran.venues.sim.faults import Faults
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.window import LevelWindow

LEVELS_INTERVAL_MS: Final = {5: 0, 20: 0, 150: 100, 400: 100}
REQUEST_LEVELS: Final = (5, 20, 150)


class _Depth:
    """One of the topics: what was told last, and to whom."""

    def __init__(self, book: VenueBook, topic: str, levels: int) -> None:
        self.topic = topic
        self.channel = Channel(topic, LEVELS_INTERVAL_MS[levels])
        self.levels = levels
        self.told_id = book.last_update_id
        self.window = LevelWindow(book, levels, False)
        self.stale = ""  # an old answer to a request


class MbpBook:
    """`Increments` of a spot book, and the answers to requests for it."""

    def __init__(self, book: VenueBook, text: SpotText, faults: Faults, zero_levels: int) -> None:
        """`zero_levels` of size 0 stand at the end of each side of an answer."""
        self._book = book
        self._text = text
        self._faults = faults
        self._zero_levels = zero_levels
        self._depths = {
            f"mbp.{levels}": _Depth(book, f"market.{text.symbol}.mbp.{levels}", levels)
            for levels in LEVELS_INTERVAL_MS
        }

    def serves(self, kind: str) -> bool:
        """Whether this kind of topic is served here."""
        return kind in self._depths

    def join(self, kind: str, subscriber: Subscriber, whole: bool, now: Moment) -> None:
        """Subscribes. The chain goes on where it is; a new chain begins at the book of now."""
        depth = self._depths[kind]
        self._begin(depth)
        depth.channel.subscribers.append(subscriber)

    def leave(self, kind: str, subscriber: Subscriber) -> None:
        """Unsubscribes."""
        self._depths[kind].channel.leave(subscriber)

    def keep_stale(self) -> None:
        """Remembers the answers of now."""
        for depth in self._depths.values():
            self._begin(depth)
            depth.stale = self._data(depth)

    def request(self, kind: str) -> str | None:
        """What stands in `data` of the answer to a request; None where there is none."""
        depth = self._depths.get(kind)
        if depth is None or depth.levels not in REQUEST_LEVELS:
            return None
        self._begin(depth)
        return depth.stale if depth.stale and self._faults.take_stale() else self._data(depth)

    def pump(self, now: Moment) -> None:
        """Sends everything that is due."""
        for depth in self._depths.values():
            if depth.channel.due(now.wall_ns):
                self._speak(depth, now)

    def _begin(self, depth: _Depth) -> None:
        """Nobody listens: the chain may begin anew."""
        if not depth.channel.subscribers:
            depth.told_id = self._book.last_update_id
            depth.window = LevelWindow(self._book, depth.levels, False)

    def _data(self, depth: _Depth) -> str:
        sides = [depth.window.told(side) for side in (0, 1)]
        for side, step in ((0, -1), (1, 1)):
            worst = sides[side][-1][0] if sides[side] else 1
            sides[side] += [(max(1, worst + step * (1 + each)), 0) for each in range(self._zero_levels)]
        bids, asks = (self._text.levels(side) for side in sides)
        return f'{{"seqNum":{depth.told_id},"bids":{bids},"asks":{asks}}}'

    def _speak(self, depth: _Depth, now: Moment) -> None:
        """Sends the changes since the last time."""
        book_id, told_id = self._book.last_update_id, depth.told_id
        ticks = LEVELS_INTERVAL_MS[depth.levels] == 0
        if ticks and book_id == told_id:
            return
        bids, asks = depth.window.advance() if book_id != told_id else ([], [])
        if ticks and not (bids or asks):
            return
        depth.told_id = book_id
        sides = "".join(
            f',"{name}":{self._text.levels(levels)}'
            for name, levels in (("bids", bids), ("asks", asks))
            if levels or not ticks
        )
        tick = f'{{"seqNum":{book_id},"prevSeqNum":{told_id}{sides}}}'
        payload = frame(depth.topic, now.server_ms, tick)
        for sent, fraction in self._faults.frames(depth.topic, payload):
            depth.channel.send(now.wall_ns, sent, fraction)
