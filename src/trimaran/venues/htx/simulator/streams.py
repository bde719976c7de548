"""Topics of the simulated HTX that repeat whole pictures: bbo, trades, depth snapshots, 24 h, bars.

`HtxFeed` holds the topics of one book of either market. The books that are told change by change are those
of `mbp` (spot) and `high_freq` (swap), plugged in as `Increments`. A frame is compressed
once for all who listen. On subscribing to trades, bars and the 24 h statistics the last known tick is sent
at once, with its old time.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Final, Protocol

from trimaran.venues.htx.simulator.text import HtxText, SpotText, frame
from trimaran.venues.sim.bars import Bar
from trimaran.venues.sim.book import Fill, Top, VenueBook
from trimaran.venues.sim.channel import Channel, Subscriber
from trimaran.venues.sim.feed import Moment

PERIOD_MINUTES: Final = {
    "1min": 1, "5min": 5, "15min": 15, "30min": 30, "60min": 60, "4hour": 240, "1day": 1440,
}  # fmt: skip
HONG_KONG_MINUTES: Final = 480  # days begin in this time zone
STEP_LEVELS: Final = 150
_TOPIC: Final = re.compile(r"market\.(?P<symbol>[A-Za-z0-9-]{3,20})\.(?P<kind>[A-Za-z0-9_.]{3,40})")
_INTERVALS_MS: Final = {
    "bbo": 0, "trade.detail": 0, "detail": 500, "ticker": 100, "depth.step0": 1000,
    "mbp.refresh.5": 100, "mbp.refresh.10": 100, "mbp.refresh.20": 100,
    **{f"kline.{period}": 500 for period in PERIOD_MINUTES},
}  # fmt: skip
_KNOWN_AT_ONCE: Final = ("trade.detail", "detail", "kline.")
REQUEST_TRADES: Final = 300  # of an answer to a request
_SPOT_ONLY: Final = frozenset({"ticker", "mbp.refresh.5", "mbp.refresh.10", "mbp.refresh.20"})


class Increments(Protocol):
    """A book told change by change."""

    def serves(self, kind: str) -> bool:
        """Whether this kind of topic is served here."""

    def join(self, kind: str, subscriber: Subscriber, whole: bool, now: Moment) -> None:
        """Subscribes; `whole` asks for pictures instead of changes, where that can be had."""

    def leave(self, kind: str, subscriber: Subscriber) -> None:
        """Unsubscribes."""

    def keep_stale(self) -> None:
        """Remembers the answers to requests, to be given as old ones later."""

    def pump(self, now: Moment) -> None:
        """Sends everything that is due."""


def parse_topic(topic: str) -> tuple[str, str] | None:
    """Symbol and kind of `market.<symbol>.<kind>`; None when it is no topic."""
    found = _TOPIC.fullmatch(topic)
    return None if found is None else (found["symbol"], found["kind"])


class HtxFeed:
    """The topics of one book."""

    def __init__(
        self,
        book: VenueBook,
        text: HtxText,
        increments: Increments,
        now: Moment,
        inner_topic: Callable[[str], str] = lambda topic: topic,
    ) -> None:
        """`inner_topic` answers what a swap's frame says inside, which is not always its own topic."""
        self.book = book
        self.text = text
        self.listed = True
        self.increments = increments
        self.now = now
        self._inner_topic = inner_topic
        self._channels: dict[str, Channel] = {}
        self._shown: dict[str, str] = {}  # kind -> the picture of the last time

    @property
    def price(self) -> Callable[[int], str]:
        """Writes ticks."""
        return self.text.price

    @property
    def size(self) -> Callable[[int], str]:
        """Writes lots."""
        return self.text.size

    @property
    def book_id(self) -> int:
        """The id of the newest change."""
        return self.book.last_update_id

    def wire_id(self, update_id: int) -> int:
        """Frames carry the book's own ids."""
        return update_id

    def keep_stale(self) -> None:
        """Remembers the answers to requests."""
        self.increments.keep_stale()

    def delist(self) -> None:
        """Subscriptions get nothing more."""
        self.listed = False

    def reset(self) -> bool:
        """HTX never starts its ids again."""
        return False

    def topic(self, kind: str) -> str:
        """The whole topic."""
        return f"market.{self.text.symbol}.{kind}"

    def serves(self, kind: str) -> bool:
        """Whether the kind is one of the pictures of this market."""
        return kind in _INTERVALS_MS and (isinstance(self.text, SpotText) or kind not in _SPOT_ONLY)

    def join(self, kind: str, subscriber: Subscriber, whole: bool) -> None:
        """Subscribes to anything that is served."""
        if self.increments.serves(kind):
            self.increments.join(kind, subscriber, whole, self.now)
            return
        if kind not in self._channels:
            self._channels[kind] = Channel(kind, _INTERVALS_MS[kind])
        known = self.picture(kind) if kind.startswith(_KNOWN_AT_ONCE) else None
        if known is not None:
            old_ms = self.now.venue_ms(self._last_fill_ns()) if self.book.recent_fills else self.now.server_ms
            subscriber.send(frame(self.topic(kind), old_ms, known), 1.0)
        self._channels[kind].subscribers.append(subscriber)

    def leave(self, kind: str, subscriber: Subscriber) -> None:
        """Unsubscribes."""
        if self.increments.serves(kind):
            self.increments.leave(kind, subscriber)
        elif kind in self._channels:
            self._channels[kind].leave(subscriber)

    def pump(self, now: Moment) -> None:
        """Sends everything that is due."""
        self.now = now
        book = self.book
        book.drain()
        if self.listed:
            self.increments.pump(now)
            for kind, channel in self._channels.items():
                if channel.due(now.wall_ns):
                    self._speak(kind, channel, now)
        book.tops.clear()
        book.fills.clear()

    def day(self) -> Bar:
        """The last 24 hours; an empty bar at the top of the book before the first trade."""
        return self.book.bars.last_day() or Bar(self.book.last_time_ns, self.book.best[2])

    def candles(self, period: str) -> list[Bar]:
        """Bars of a period, ascending."""
        minutes = PERIOD_MINUTES[period]
        return self.book.bars.of(minutes, HONG_KONG_MINUTES if minutes >= 1440 else 0)

    def ticker(self) -> str:
        """The 24 h ticker of spot, without the braces."""
        assert isinstance(self.text, SpotText)
        fills = self.book.recent_fills
        last = fills[-1].executions[-1][2:] if fills else self.book.best[2:]
        return self.text.ticker(self.day(), self.book.best, last)

    def trades(self, fill: Fill) -> str:
        """One aggressive order's trades."""
        return self.text.trades(fill, self.now.venue_ms(fill.time_ns))

    def depth(self, levels: int, topic: str) -> str:
        """A picture of the best levels."""
        engine, text = self.book.engine, self.text
        bids, asks = (text.levels(engine.depth(side, levels)) for side in (0, 1))
        return text.depth(bids, asks, self.now.server_ms, self.book_id, topic)

    def newest_trades(self) -> str:
        """What stands in `data` of the answer to a request for trades, newest first."""
        rows = [
            row
            for fill in itertools.islice(reversed(self.book.recent_fills), REQUEST_TRADES)
            for row in reversed(self.text.trade_rows(fill, self.now.venue_ms(fill.time_ns)))
        ]
        return "[" + ",".join(rows[:REQUEST_TRADES]) + "]"

    def _last_fill_ns(self) -> int:
        return self.book.recent_fills[-1].time_ns

    def picture(self, kind: str) -> str | None:
        """What stands in `tick` now; None when nothing is known yet."""
        if kind == "trade.detail":
            return self.trades(self.book.recent_fills[-1]) if self.book.recent_fills else None
        if kind == "detail":
            return self.text.day(self.day(), self.now.server_ms, self.book_id)
        if kind == "ticker":
            return f"{{{self.ticker()}}}"
        if kind.startswith("mbp.refresh."):
            levels = int(kind.rpartition(".")[2])
            engine, text = self.book.engine, self.text
            bids, asks = (text.levels(engine.depth(side, levels)) for side in (0, 1))
            return f'{{"seqNum":{self.book_id},"bids":{bids},"asks":{asks}}}'
        if kind.startswith("kline."):
            bars = self.candles(kind.removeprefix("kline."))
            return self.text.candle(bars[-1], self.book_id) if bars else None
        return self.depth(STEP_LEVELS, self._inner_topic(self.topic(kind)))

    def _speak(self, kind: str, channel: Channel, now: Moment) -> None:
        topic = self.topic(kind)
        if kind == "bbo":
            if self.book.tops:
                self._send_top(self.book.tops[-1], channel, now)
        elif kind == "trade.detail":
            for fill in self.book.fills:
                channel.send(now.wall_ns, frame(topic, now.server_ms, self.trades(fill)))
        else:
            picture = self.picture(kind)
            if picture is not None and (picture != self._shown.get(kind) or kind == "depth.step0"):
                self._shown[kind] = picture
                channel.send(now.wall_ns, frame(topic, now.server_ms, picture))

    def _send_top(self, top: Top, channel: Channel, now: Moment) -> None:
        topic = self.topic("bbo")
        tick = self.text.bbo(top, now.venue_ms(top.time_ns), self._inner_topic(topic))
        channel.send(now.wall_ns, frame(topic, now.server_ms, tick))
