"""The topics of one book of the simulated Bybit: orderbook.200 every 200 ms, publicTrade, tickers.

The book's messages are one chain for all connections, counted by one. A new subscriber makes the others get
what is pending first, then it gets the whole book with the number of the last message.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from examples.fourth_venue.simulator_text import BybitText, push
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.channel import Channel, Subscriber
from trimaran.venues.sim.faults import Faults
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.window import LevelWindow

LEVELS: Final = 200
FIRST_ID: Final = 2
INTERVALS_MS: Final = {f"orderbook.{LEVELS}": 200, "publicTrade": 0, "tickers": 50}
KEPT: Final = 10_000


class BybitFeed:
    """A `Feed`."""

    def __init__(self, book: VenueBook, faults: Faults, now: Moment) -> None:
        self.book = book
        self.listed = True
        self.text = BybitText(book.listing)
        self.price, self.size = self.text.price, self.text.size
        self.channels = {
            name: Channel(f"{name}.{self.text.symbol}", interval) for name, interval in INTERVALS_MS.items()
        }
        self._depth, self._trades, self._ticker = self.channels.values()
        self._faults = faults
        self._now = now
        self._window = LevelWindow(book, LEVELS, True)
        self._sent = deque([(book.last_update_id, FIRST_ID)], KEPT)  # change of the book -> u
        self._last = ""

    def wire_id(self, update_id: int) -> int:
        """The `u` of the newest message that told of a change, or of what came before it."""
        told = (u for change, u in reversed(self._sent) if change <= update_id)
        return next(told, self._sent[0][1])

    def keep_stale(self) -> None:
        """There are no snapshots beside the stream."""

    def delist(self) -> None:
        """Subscriptions get nothing more."""
        self.listed = False

    def reset(self) -> bool:
        """Numbers start again with a whole book."""
        self._sent.append((self.book.last_update_id, 1))
        self._window = LevelWindow(self.book, LEVELS, True)
        self._depth.send(self._now.wall_ns, self._whole())
        return True

    def join(self, name: str, subscriber: Subscriber) -> None:
        """Subscribes; the book and the ticker are told whole at once."""
        if name == f"orderbook.{LEVELS}":
            self._flush(self._now)
            subscriber.send(self._whole(), 1.0)
        elif name == "tickers":
            subscriber.send(self._ticker_frame(), 1.0)
        self.channels[name].subscribers.append(subscriber)

    def pump(self, now: Moment) -> None:
        """Sends everything that is due."""
        self._now = now
        self.book.drain()
        self.book.tops.clear()
        if not self.listed:
            for channel in self.channels.values():
                channel.subscribers.clear()
        if self._depth.due(now.wall_ns):
            self._flush(now)
        for fill in self.book.fills:
            data = self.text.trades(fill, now.venue_ms(fill.time_ns))
            self._trades.send(now.wall_ns, push(self._trades.name, "snapshot", now.server_ms, data))
        self.book.fills.clear()
        last = str(self.text.ticker(self.book))
        if last != self._last and self._ticker.due(now.wall_ns):
            self._last = last
            self._ticker.send(now.wall_ns, self._ticker_frame())

    def _flush(self, now: Moment) -> None:
        bids, asks = self._window.advance()
        if not (bids or asks):
            return
        u = self._sent[-1][1] + 1
        self._sent.append((self.book.last_update_id, u))
        for payload, fraction in self._faults.frames(self._depth.name, self._frame("delta", u, bids, asks)):
            self._depth.send(now.wall_ns, payload, fraction)

    def _whole(self) -> bytes:
        return self._frame("snapshot", self._sent[-1][1], self._window.told(0), self._window.told(1))

    def _frame(self, kind: str, u: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> bytes:
        data = {
            "s": self.text.symbol, "b": self.text.rows(bids), "a": self.text.rows(asks), "u": u,
            "seq": self.book.last_update_id,
        }  # fmt: skip
        return push(self._depth.name, kind, self._now.server_ms, data)

    def _ticker_frame(self) -> bytes:
        return push(self._ticker.name, "snapshot", self._now.server_ms, self.text.ticker(self.book))
