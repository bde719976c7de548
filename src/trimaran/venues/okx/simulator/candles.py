"""Bars on the business socket of the simulated OKX: `candle1m`, `mark-price-candle1H`, `index-candle1Dutc`.

The running bar is repeated when it has changed, at most once a second, with `confirm` "0"; the first push
after its end says "1". Bars from six hours on begin at midnight of UTC+8 unless the name ends with `utc`.
Bars of mark price and index are those of the trades of the swap and the spot book.
https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-candlesticks-channel
"""

from __future__ import annotations

from typing import Final

from trimaran.venues.okx.simulator.text import OkxText, push
from trimaran.venues.sim.bars import MINUTE_NS, Bar
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.channel import Channel, Subscriber
from trimaran.venues.sim.feed import Moment

BAR_MINUTES: Final = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1H": 60, "2H": 120, "4H": 240, "6H": 360, "12H": 720,
    "1D": 1440,
}  # fmt: skip
HONG_KONG_MINUTES: Final = 480
ZONE_FROM_MINUTES: Final = 360
EVERY_MS: Final = 1_000
_KINDS: Final = ("mark-price-candle", "index-candle", "candle")


def bar_minutes(name: str) -> int | None:
    """The length of a bar by its name; None for a name that there is not."""
    minutes = BAR_MINUTES.get(name.removesuffix("utc"))
    return None if minutes is None or (name.endswith("utc") and minutes < ZONE_FROM_MINUTES) else minutes


def zone_minutes(name: str) -> int:
    """How far the day of a bar's name begins before that of UTC."""
    minutes = BAR_MINUTES[name.removesuffix("utc")]
    return HONG_KONG_MINUTES if minutes >= ZONE_FROM_MINUTES and not name.endswith("utc") else 0


def bar_name(channel: str) -> str:
    """The name of the bar in that of a channel; "" where it is no channel of bars."""
    for kind in _KINDS:
        if channel.startswith(kind):
            name = channel.removeprefix(kind)
            return name if bar_minutes(name) is not None else ""
    return ""


class Candles:
    """The channels of bars of one book; they exist while somebody listens."""

    def __init__(self, book: VenueBook, text: OkxText) -> None:
        self._book = book
        self._text = text
        self._channels: dict[str, Channel] = {}
        self._sent: dict[str, tuple[int, str]] = {}  # start of the bar that was sent last, and how it looked

    def carries(self, channel: str) -> bool:
        """Whether there is such a channel for this book."""
        wanted = channel.partition("candle")[0]
        perpetual = self._text.perpetual
        return bool(bar_name(channel)) and (
            wanted == "" or (wanted == "mark-price-" and perpetual) or (wanted == "index-" and not perpetual)
        )

    def join(self, name: str, subscriber: Subscriber, now: Moment) -> None:
        """Subscribes; the running bar is sent at once."""
        channel = self._channels.setdefault(name, Channel(f"{name}:{self._text.symbol}", EVERY_MS))
        channel.subscribers.append(subscriber)
        _, bar = self._newest(name)
        if bar is not None:
            subscriber.send(push(name, self._text.symbol, self._row(name, bar)), 1.0)
            self._sent.setdefault(name, (bar.start_ns, self._row(name, bar)))
        channel.sent_ns = now.wall_ns

    def leave(self, name: str, subscriber: Subscriber) -> None:
        """Removes a listener."""
        channel = self._channels.get(name)
        if channel is not None:
            channel.leave(subscriber)
            if not channel.subscribers:
                del self._channels[name]
                self._sent.pop(name, None)

    def clear(self) -> None:
        """Nobody listens any more."""
        self._channels.clear()
        self._sent.clear()

    def pump(self, now: Moment) -> None:
        """Sends what is due."""
        for name, channel in tuple(self._channels.items()):
            if channel.due(now.wall_ns):
                self._send(name, channel, now)

    def _send(self, name: str, channel: Channel, now: Moment) -> None:
        before, bar = self._newest(name)
        if bar is None:
            return
        start_ns, shown = self._sent.get(name, (0, ""))
        if before is not None and before.start_ns == start_ns and start_ns != bar.start_ns:
            ended = self._row(name, before)
            if ended != shown:
                channel.send(now.wall_ns, push(name, self._text.symbol, ended))
        row = self._row(name, bar)
        if row != shown:
            channel.send(now.wall_ns, push(name, self._text.symbol, row))
        self._sent[name] = (bar.start_ns, row)

    def _newest(self, name: str) -> tuple[Bar | None, Bar | None]:
        bar = bar_name(name)
        return self._book.bars.newest(BAR_MINUTES[bar.removesuffix("utc")], zone_minutes(bar))

    def _row(self, name: str, bar: Bar) -> str:
        length_ns = BAR_MINUTES[bar_name(name).removesuffix("utc")] * MINUTE_NS
        confirmed = bar.start_ns + length_ns <= self._book.last_time_ns
        if name.startswith("candle"):
            return self._text.candle(bar, confirmed)
        return self._text.price_candle(bar, confirmed)
