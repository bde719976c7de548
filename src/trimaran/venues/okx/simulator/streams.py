"""Channels of the simulated OKX: what is sent on them when a book has moved.

    books     the best 400 levels: a snapshot (prevSeqId -1), then updates every 100 ms. One chain of ids for
              all connections: a new subscriber makes the others get what is pending first
    books5, bbo-tbt, tickers, index-tickers, mark-price, funding-rate, open-interest, price-limit
              whole pictures, when they have changed
    trades    one message per aggressive order and price; trades-all (business socket) one per match
    liquidation-orders    accepted and silent

Sequence ids are those of the book's changes, so that after update `seqId` the top equals the newest bbo-tbt
whose `seqId` is not larger. They are not contiguous. On demand they start again from a small number
(`reset`), and after a minute without news a keep-alive repeats the last id with empty sides. For one
instrument the order of pushes is bbo-tbt, books, books5, as documented.
https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import Final

from trimaran.venues.okx.simulator.candles import Candles
from trimaran.venues.okx.simulator.text import OkxText, push, push_text
from trimaran.venues.sim.book import Aggregate, VenueBook
from trimaran.venues.sim.channel import Channel, Subscriber
from trimaran.venues.sim.faults import Faults
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.reference import FUNDING_PERIOD_MS, next_funding_ms, reference_of
from trimaran.venues.sim.window import LevelWindow

BOOK_LEVELS: Final = 400
RESET_ID: Final = 3  # where ids start again
INTERVALS_MS: Final = {
    "books": 100, "books5": 100, "bbo-tbt": 10, "trades": 0, "trades-all": 0, "tickers": 100,
    "index-tickers": 100, "mark-price": 200, "funding-rate": 30_000, "open-interest": 3_000,
    "price-limit": 200,
}  # fmt: skip
REPEATED_S: Final = {"mark-price": 10.0, "funding-rate": 60.0}  # without news; the others as `keep_alive_s`
SWAP_ONLY: Final = frozenset({"mark-price", "funding-rate", "open-interest"})
SPOT_ONLY: Final = frozenset({"index-tickers"})
BUSINESS_ONLY: Final = frozenset({"trades-all"})
PICTURES: Final = (
    "books5", "tickers", "index-tickers", "mark-price", "funding-rate", "open-interest", "price-limit",
)  # fmt: skip
FUNDING_KEPT: Final = 300  # rates that were charged
FIRST_RATE: Final = "0.00010000"  # of the periods before the simulator began


class OkxFeed:
    """The channels of one book."""

    def __init__(
        self, book: VenueBook, index_book: VenueBook | None, faults: Faults, keep_alive_s: float, now: Moment,
        checksum: int | None = 0,
    ) -> None:  # fmt: skip
        """`index_book` is the spot book that a swap's index price is read from."""
        self.book = book
        self.listed = True
        self.text = OkxText(book.listing, checksum)
        self.price, self.size = self.text.price, self.text.size
        self._index_book = index_book
        self._faults = faults
        self._keep_alive_s = keep_alive_s
        self._now = now
        self._eras = [(0, 0)]  # first change of the book, what is taken off its id
        self._window = LevelWindow(book, BOOK_LEVELS, True)
        self._sent_id = self.book_id
        self._pictures: dict[str, str] = {}  # channel -> what it showed last
        symbol = book.listing.instrument.symbol
        self.channels = {
            name: Channel(f"{name}:{symbol}", interval_ms)
            for name, interval_ms in INTERVALS_MS.items()
            if name not in (SPOT_ONLY if self.text.perpetual else SWAP_ONLY)
        }
        self.candles = Candles(book, self.text)
        self._funding_ms = next_funding_ms(now.server_ms)
        self.past_funding: deque[tuple[int, str]] = deque(  # when it was charged, and the rate
            [(self._funding_ms - back * FUNDING_PERIOD_MS, FIRST_RATE) for back in (3, 2, 1)], FUNDING_KEPT
        )

    @property
    def book_id(self) -> int:
        """The sequence id of now."""
        return self.wire_id(self.book.last_update_id)

    def wire_id(self, update_id: int) -> int:
        """The sequence id of a change of the book."""
        era = self._eras[bisect_right(self._eras, (update_id, 2**63)) - 1]
        return update_id - era[1]

    def keep_stale(self) -> None:
        """OKX has no snapshots beside the stream; those of REST carry no promise."""

    def delist(self) -> None:
        """Subscriptions get nothing more."""
        self.listed = False

    def reset(self) -> bool:
        """Starts the sequence again: one update leads from the last id to a small one."""
        self._flush(self._now)
        before = self.book_id
        if before <= RESET_ID:
            return False
        update_id = self.book.last_update_id
        self._eras.append((update_id, update_id - RESET_ID))
        if self.channels["books"].subscribers:
            self._send_update(self._now, "", self.book_id)
        return True

    def join(self, name: str, subscriber: Subscriber) -> None:
        """Subscribes; pictures and the snapshot of `books` are sent at once."""
        channel, now = self.channels[name], self._now
        if not self.listed:
            return
        if name == "books":
            if channel.subscribers:
                self._flush(now)
            else:
                self._window = LevelWindow(self.book, BOOK_LEVELS, True)
                self._sent_id = self.book_id
            sides = self.text.sides(self._window.told(0), self._window.told(1))
            data = self.text.book(sides, now.server_ms, -1, self._sent_id)
            subscriber.send(push("books", self.text.symbol, data, "snapshot"), 1.0)
        elif name in PICTURES or name == "bbo-tbt":
            subscriber.send(push(name, self.text.symbol, self._picture(name, now)), 1.0)
        channel.subscribers.append(subscriber)
        channel.sent_ns = now.wall_ns

    def pump(self, now: Moment) -> None:
        """Sends everything that is due."""
        self._now = now
        book, channels, wall_ns = self.book, self.channels, now.wall_ns
        book.drain()
        if not self.listed:
            for channel in channels.values():
                channel.subscribers.clear()
            self.candles.clear()
        if now.server_ms >= self._funding_ms:
            self.past_funding.append((self._funding_ms, reference_of(book, self._index_book).rate))
            self._funding_ms = next_funding_ms(now.server_ms)
        if channels["books"].due(wall_ns):
            self._flush(now)
        if book.tops and channels["bbo-tbt"].due(wall_ns):
            self._send_top(now)
        if book.fills:
            if channels["trades"].subscribers:
                self._send_trades(now)
            if channels["trades-all"].subscribers:
                self._send_all_trades(now)
            book.fills.clear()
        self.candles.pump(now)
        for name in PICTURES:
            if name in channels and channels[name].due(wall_ns):
                self._send_picture(name, channels[name], now)
        if not channels["bbo-tbt"].subscribers:
            book.tops.clear()
        elif channels["bbo-tbt"].silent_for(wall_ns, self._keep_alive_s):
            channels["bbo-tbt"].send(
                wall_ns, push("bbo-tbt", self.text.symbol, self._picture("bbo-tbt", now))
            )

    def ticker(self, now: Moment) -> str:
        """The 24 hour ticker."""
        book = self.book
        last = book.recent_fills[-1].executions[-1][2:] if book.recent_fills else book.best[2:]
        return self.text.ticker(book.best, last, book.bars.last_day(), now.venue_ms(book.last_time_ns))

    def mark_price(self, now: Moment) -> str:
        """The mark price."""
        return self.text.mark_price(reference_of(self.book, self._index_book), now.server_ms)

    def funding(self, now: Moment) -> str:
        """The funding rate."""
        next_ms = next_funding_ms(now.server_ms)
        return self.text.funding(reference_of(self.book, self._index_book), next_ms, now.server_ms)

    def _picture(self, name: str, now: Moment) -> str:
        book, text = self.book, self.text
        if name == "bbo-tbt":
            return text.picture(text.top(book.best), now.venue_ms(book.last_time_ns), self.book_id)
        if name == "books5":
            sides = text.sides(book.engine.depth(0, 5), book.engine.depth(1, 5))
            return text.picture(sides, now.server_ms, self.book_id)
        if name == "index-tickers":
            return text.index_ticker(book, now.server_ms)
        if name == "open-interest":
            return text.open_interest(book, now.server_ms)
        if name == "price-limit":
            return text.price_limit(book, now.server_ms)
        return {"tickers": self.ticker, "mark-price": self.mark_price, "funding-rate": self.funding}[name](
            now
        )

    def _send_picture(self, name: str, channel: Channel, now: Moment) -> None:
        """Sends a picture that is not that of the last time but for its time and id."""
        picture = self._picture(name, now)
        shown = picture.partition(',"ts":')[0]
        repeated_s = REPEATED_S.get(name, self._keep_alive_s)
        if shown == self._pictures.get(name) and not channel.silent_for(now.wall_ns, repeated_s):
            return
        self._pictures[name] = shown
        channel.send(now.wall_ns, push(name, self.text.symbol, picture))

    def _flush(self, now: Moment) -> None:
        """Sends what has changed among the best 400 levels since the last update."""
        channel = self.channels["books"]
        if not channel.subscribers:
            return
        self._send_top(now)
        bids, asks = self._window.advance() if self.book_id != self._sent_id else ([], [])
        if bids or asks:
            self._send_update(now, self.text.sides(bids, asks), self.book_id)
        elif channel.silent_for(now.wall_ns, self._keep_alive_s):
            self._send_update(now, "", self._sent_id)

    def _send_update(self, now: Moment, sides: str, book_id: int) -> None:
        channel = self.channels["books"]
        data = self.text.book(sides or self.text.sides((), ()), now.server_ms, self._sent_id, book_id)
        self._sent_id = book_id
        channel.sent_ns = now.wall_ns
        payload = push_text("books", self.text.symbol, data, "update")
        for sent, fraction in self._faults.frames(channel.name, payload):
            channel.send(now.wall_ns, sent.encode(), fraction)

    def _send_top(self, now: Moment) -> None:
        channel, tops = self.channels["bbo-tbt"], self.book.tops
        if tops and channel.subscribers:
            top = tops[-1]
            data = self.text.picture(
                self.text.top(top.best), now.venue_ms(top.time_ns), self.wire_id(top.update_id)
            )
            channel.send(now.wall_ns, push("bbo-tbt", self.text.symbol, data))
        tops.clear()

    def _send_trades(self, now: Moment) -> None:
        for fill in self.book.fills:
            time_ms = now.venue_ms(fill.time_ns)
            for group in self.book.aggregates(fill):
                data = self.text.trade(group, time_ms, self.book_id)
                self.channels["trades"].send(now.wall_ns, push("trades", self.text.symbol, data))

    def _send_all_trades(self, now: Moment) -> None:
        """One message per match."""
        channel = self.channels["trades-all"]
        for fill in self.book.fills:
            time_ms = now.venue_ms(fill.time_ns)
            for number, (_, _, price_ticks, lots) in enumerate(fill.executions):
                trade_id = fill.first_trade_id + number
                match = Aggregate(0, fill.time_ns, fill.side, price_ticks, lots, trade_id, trade_id)
                row = self.text.trade(match, time_ms, None)
                channel.send(now.wall_ns, push("trades-all", self.text.symbol, row))
