"""Streams of the simulated Binance: their names, and what is sent on them when a book has moved.

A `Channel` is one stream name with its subscribers. A `BookFeed` holds the channels of one book and
turns its changes, tops and fills into frames; diffs are collected per channel, because channels of
different speeds cut the same changes at different moments. Ids:

    spot    U = previous u + 1; consecutive changes have consecutive ids
    USD-M   ids come from a counter shared by all symbols and jump; pu = previous u of the same stream

Streams that speak by the clock are written in `periodic`. An unknown name is acknowledged and then silent, as
on the venue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from trimaran.venues.binance.simulator.periodic import (
    BarStream,
    average_price,
    mini_ticker,
    ticker,
)
from trimaran.venues.binance.simulator.stream_names import (
    ALL,
    ANY_ROUTE_KINDS,
    PUBLIC_KINDS,
    StreamName,
    parse_stream,
)
from trimaran.venues.binance.simulator.text import BookText, mark_price_update
from trimaran.venues.sim.book import Changes, Fill, VenueBook
from trimaran.venues.sim.faults import WHOLE, Faults
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import BINANCE_SPOT
from trimaran.venues.sim.reference import next_funding_ms, reference_of


class Subscriber(Protocol):
    """A connection as the channels see it."""

    def send_text(self, stream: str, payload: str, fraction: float) -> None:
        """Sends a payload in the connection's framing; `fraction` below 1 cuts the frame."""


class Channel:
    """One stream name and who listens to it."""

    def __init__(self, name: str, stream: StreamName, now_ns: int, last_id: int) -> None:
        self.name = name
        self.stream = stream
        self.subscribers: list[Subscriber] = []
        self.due_ns = now_ns + stream.speed_ms * 1_000_000
        self.previous_id = last_id  # u of the last frame
        self.first_id = 0  # of the collected changes; 0: none
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.bars = BarStream(stream.interval) if stream.interval else None
        self.trades = -1  # of the book when it spoke last

    def collect(self, changes: Changes) -> None:
        """Adds changes to the frame that is being collected."""
        if self.first_id == 0:
            self.first_id = changes.first_id
        self.bids.update(changes.bids)
        self.asks.update(changes.asks)

    def restart(self, now_ns: int, last_id: int) -> None:
        """Begins the next frame."""
        self.previous_id = last_id
        self.first_id = 0
        self.bids.clear()
        self.asks.clear()
        step_ns = self.stream.speed_ms * 1_000_000
        self.due_ns = max(self.due_ns + step_ns, now_ns)

    def send(self, payload: str, fraction: float = WHOLE) -> None:
        """Sends to everybody who listens."""
        for subscriber in tuple(self.subscribers):  # sending may end a connection
            subscriber.send_text(self.name, payload, fraction)


class BookFeed:
    """The channels of one book."""

    def __init__(self, book: VenueBook, index_book: VenueBook | None, faults: Faults) -> None:
        """`index_book` is the spot book that a perpetual's index price is read from."""
        self.book = book
        self.text = BookText(book.listing)
        self.price, self.size = self.text.price, self.text.size
        self.listed = True
        self.stale = ""  # a snapshot of some while ago
        self._index_book = index_book
        self._faults = faults
        self._channels: dict[str, list[Channel]] = {}
        self._spot = book.listing.instrument.market == BINANCE_SPOT
        self.keep_stale()

    def wire_id(self, update_id: int) -> int:
        """Frames carry the book's own ids."""
        return update_id

    def keep_stale(self) -> None:
        """Remembers the snapshot of now."""
        self.stale = self.snapshot(0, 1000)

    def delist(self) -> None:
        """Subscriptions get nothing more, requests an invalid symbol."""
        self.listed = False

    def reset(self) -> bool:
        """Binance never starts its ids again."""
        return False

    def snapshot(self, event_ms: int, limit: int) -> str:
        """The answer to a depth request."""
        book, text = self.book, self.text
        bids, asks = (text.levels(book.engine.depth(side, limit)) for side in (0, 1))
        return text.snapshot(event_ms, text.venue_ms(book.last_time_ns), book.last_update_id, bids, asks)

    def channel(self, name: str, stream: StreamName, now_ns: int) -> Channel:
        """The channel of this name, opened when nobody listened yet."""
        channels = self._channels.setdefault(stream.kind, [])
        for channel in channels:
            if channel.name == name:
                return channel
        self._collect()  # a new channel begins after what the others still have to be told
        channel = Channel(name, stream, now_ns, self.book.last_update_id)
        channels.append(channel)
        return channel

    def tell(self, kind: str, payload: str) -> None:
        """Sends a payload that was made elsewhere."""
        for channel in self._channels.get(kind, ()):
            channel.send(payload)

    def leave(self, channel: Channel, subscriber: Subscriber) -> None:
        """Removes a listener, and the channel after its last one."""
        channel.subscribers.remove(subscriber)
        if not channel.subscribers and channel in self._channels.get(channel.stream.kind, ()):
            self._channels[channel.stream.kind].remove(channel)

    def pump(self, moment: Moment) -> None:
        """Sends everything that is due. The server's clock is written as `E`."""
        book, now_ns, event_ms = self.book, moment.wall_ns, moment.server_ms
        self.text.shift_ns = moment.shift_ns
        if not self.listed:
            self._channels.clear()
        depth = self._channels.get("depth", ())
        self._collect()
        for kind, news, write in (
            ("bookTicker", book.tops, self._send_tops),
            ("trade", book.fills, self._send_trades),
            ("aggTrade", book.fills, self._send_aggregates),
        ):
            channels = self._channels.get(kind)
            if channels and news:
                write(channels, event_ms)
        book.tops.clear()
        book.fills.clear()
        for channel in depth:
            if channel.due_ns <= now_ns:
                self._flush(channel, now_ns, event_ms)
        for kind in PERIODIC_KINDS:
            for channel in self._channels.get(kind, ()):
                if channel.due_ns <= now_ns:
                    self._speak(channel, event_ms)
                    channel.restart(now_ns, 0)

    def periodic(self, kind: str, event_ms: int) -> str:
        """What a stream that speaks by the clock says now."""
        if kind == "markPrice":
            return self.mark_price(event_ms, mark_price_update)
        return _PERIODIC[kind](self.text, self.book, event_ms)

    def mark_price(self, event_ms: int, write: Callable[[int, str, str, str, str, int], str]) -> str:
        """Mark, index and funding, in the words of a stream or of REST."""
        now = reference_of(self.book, self._index_book)
        mark, index = self.text.price(now.mark_ticks), self.text.price(now.index_ticks)
        return write(event_ms, self.text.symbol, mark, index, now.rate, next_funding_ms(event_ms))

    def _speak(self, channel: Channel, event_ms: int) -> None:
        book, kind = self.book, channel.stream.kind
        if channel.bars is not None:
            now_ns = event_ms * 1_000_000 - self.text.shift_ns
            for payload in channel.bars.payloads(self.text, book, now_ns, event_ms):
                channel.send(payload)
        elif kind in ("markPrice", "avgPrice") or channel.trades != book.trade_count():
            channel.trades = book.trade_count()
            channel.send(self.periodic(kind, event_ms))

    def _collect(self) -> None:
        changes = self.book.drain()
        if changes is not None:
            for channel in self._channels.get("depth", ()):
                channel.collect(changes)

    def _flush(self, channel: Channel, now_ns: int, event_ms: int) -> None:
        book, text = self.book, self.text
        if channel.first_id == 0:
            channel.due_ns = max(channel.due_ns + channel.stream.speed_ms * 1_000_000, now_ns)
            return
        levels = channel.stream.levels
        bids = sorted(channel.bids.items(), reverse=True) if levels == 0 else book.engine.depth(0, levels)
        asks = sorted(channel.asks.items()) if levels == 0 else book.engine.depth(1, levels)
        bids_text, asks_text = text.levels(bids), text.levels(asks)
        if levels and self._spot:
            payload = text.partial_depth(book.last_update_id, bids_text, asks_text)
        else:
            first_id = channel.previous_id + 1 if self._spot else channel.first_id
            ids = (first_id, book.last_update_id, channel.previous_id)
            time_ms = text.venue_ms(book.last_time_ns)
            payload = text.depth_update(event_ms, time_ms, ids, bids_text, asks_text)
        frames = self._faults.frames(channel.name, payload) if levels == 0 else [(payload, WHOLE)]
        for sent, fraction in frames:
            channel.send(sent, fraction)
        channel.restart(now_ns, book.last_update_id)

    def _send_tops(self, channels: list[Channel], event_ms: int) -> None:
        for top in self.book.tops:
            payload = self.text.book_ticker(event_ms, top)
            for channel in channels:
                channel.send(payload)

    def _send_trades(self, channels: list[Channel], event_ms: int) -> None:
        for fill in self.book.fills:
            for payload in self._trades(fill, event_ms):
                for channel in channels:
                    channel.send(payload)

    def _trades(self, fill: Fill, event_ms: int) -> list[str]:
        time_ms = self.text.venue_ms(fill.time_ns)
        return [
            self.text.trade(event_ms, time_ms, fill.side, fill.first_trade_id + index, ticks, lots)
            for index, (_, _, ticks, lots) in enumerate(fill.executions)
        ]

    def _send_aggregates(self, channels: list[Channel], event_ms: int) -> None:
        for fill in self.book.fills:
            for group in self.book.aggregates(fill):
                payload = self.text.aggregate(event_ms, group)
                for channel in channels:
                    channel.send(payload)


_PERIODIC: Final = {"miniTicker": mini_ticker, "ticker": ticker, "avgPrice": average_price}
PERIODIC_KINDS: Final = ("markPrice", "kline", *_PERIODIC)


class MarketFeed:
    """All feeds of one market and the connections to it."""

    def __init__(
        self, spot: bool, books: dict[str, VenueBook], index_books: dict[str, VenueBook], faults: Faults
    ) -> None:
        self.spot = spot
        self.feeds = {
            symbol.lower(): BookFeed(book, index_books.get(symbol), faults) for symbol, book in books.items()
        }
        self._whole = WholeMarket(self.feeds)

    def join(self, name: str, route: str, subscriber: Subscriber, now_ns: int) -> Channel | None:
        """Subscribes; None where the venue acknowledges and stays silent (unknown name, wrong route)."""
        stream = parse_stream(name, self.spot)
        if stream is None or not self._carries(stream.kind, route):
            return None
        if stream.symbol == ALL:
            return self._whole.join(name, stream, subscriber, now_ns)
        if stream.symbol not in self.feeds or not self.feeds[stream.symbol].listed:
            return None
        channel = self.feeds[stream.symbol].channel(name, stream, now_ns)
        channel.subscribers.append(subscriber)
        return channel

    def leave(self, channel: Channel, subscriber: Subscriber) -> None:
        """Unsubscribes."""
        if channel.stream.symbol == ALL:
            self._whole.leave(channel, subscriber)
        else:
            self.feeds[channel.stream.symbol].leave(channel, subscriber)

    def pump(self, moment: Moment) -> None:
        """Sends everything that is due on every book."""
        self._whole.pump(moment)
        for feed in self.feeds.values():
            feed.pump(moment)

    def tell(self, kind: str, symbol: str, payload: str) -> None:
        """Sends a payload that was made elsewhere to those who listen to a kind of stream."""
        self.feeds[symbol.lower()].tell(kind, payload)
        self._whole.tell(kind, payload)

    def _carries(self, kind: str, route: str) -> bool:
        """Whether a base carries such streams; elsewhere they are acknowledged and silent."""
        if self.spot or kind in ANY_ROUTE_KINDS:
            return True
        return (kind in PUBLIC_KINDS) == (route in ("public", ""))


class WholeMarket:
    """The streams that tell of every book of a market at once."""

    def __init__(self, feeds: Mapping[str, BookFeed]) -> None:
        self._feeds = feeds
        self._channels: list[Channel] = []

    def join(self, name: str, stream: StreamName, subscriber: Subscriber, now_ns: int) -> Channel:
        """Subscribes."""
        channel = next((each for each in self._channels if each.name == name), None)
        if channel is None:
            channel = Channel(name, stream, now_ns, 0)
            self._channels.append(channel)
        channel.subscribers.append(subscriber)
        return channel

    def leave(self, channel: Channel, subscriber: Subscriber) -> None:
        """Unsubscribes."""
        channel.subscribers.remove(subscriber)
        if not channel.subscribers:
            self._channels.remove(channel)

    def pump(self, moment: Moment) -> None:
        """Sends what is due, before the books forget their news."""
        for channel in self._channels:
            kind = channel.stream.kind
            feeds = [feed for feed in self._feeds.values() if feed.listed]
            if kind == "bookTicker":
                for feed in feeds:
                    for top in feed.book.tops:
                        channel.send(feed.text.book_ticker(moment.server_ms, top))
            elif kind != "forceOrder" and channel.due_ns <= moment.wall_ns:
                texts = [feed.periodic(kind, moment.server_ms) for feed in feeds]
                channel.send("[" + ",".join(texts) + "]")
                channel.restart(moment.wall_ns, 0)

    def tell(self, kind: str, payload: str) -> None:
        """Sends a payload that was made elsewhere."""
        for channel in self._channels:
            if channel.stream.kind == kind:
                channel.send(payload)
