"""Streams of the simulated Binance that speak by the clock: bars, tickers of the day, mean prices.

    <s>@kline_<interval>   every 2 s (USD-M 250 ms) while there is news; once more when a bar is over
    <s>@miniTicker, <s>@ticker, !miniTicker@arr, and on USD-M !ticker@arr and !markPrice@arr   every second
    <s>@avgPrice           every second, spot

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams. A bar
without a trade has no trade ids (-1) and stands where the last one ended. Bars are those of the market's own
time.
"""

from __future__ import annotations

from typing import Final

from trimaran.venues.binance.simulator.day import day_of
from trimaran.venues.binance.simulator.text import INTERVAL_MINUTES, BookText
from trimaran.venues.sim.bars import MINUTE_NS, Bar
from trimaran.venues.sim.book import VenueBook

KLINE_MS: Final = {True: 2_000, False: 250}  # market is spot -> interval
TICKER_MS: Final = 1_000
INTERVALS: Final = frozenset(INTERVAL_MINUTES)


class BarStream:
    """What one stream of bars has said so far."""

    def __init__(self, interval: str) -> None:
        self.interval = interval
        self._minutes = INTERVAL_MINUTES[interval]
        self._start_ns = -1  # of the bar that is told
        self._trades = -1  # of the book when it was told last

    def payloads(self, text: BookText, book: VenueBook, now_ns: int, event_ms: int) -> list[str]:
        """The end of a bar, should it be over, and the one of now when it has news."""
        span_ns = self._minutes * MINUTE_NS
        start_ns = now_ns - now_ns % span_ns
        told_ns, self._start_ns = self._start_ns, start_ns
        over = 0 <= told_ns < start_ns
        if not over and book.trade_count() == self._trades:
            return []
        self._trades = book.trade_count()
        older, newest = book.bars.newest(self._minutes)
        last_id = book.next_trade_id - 1
        frames = []
        if over:
            ended = next(
                (bar for bar in (newest, older) if bar is not None and bar.start_ns == told_ns), None
            )
            ended_id = last_id
            if newest is not None and newest.start_ns > told_ns:
                ended_id -= newest.trades
            frames.append(self._text(text, told_ns, ended, newest, ended_id, event_ms, True))
        current = newest if newest is not None and newest.start_ns == start_ns else None
        frames.append(self._text(text, start_ns, current, newest, last_id, event_ms, False))
        return frames

    def _text(
        self, text: BookText, start_ns: int, bar: Bar | None, before: Bar | None, last_id: int,
        event_ms: int, closed: bool,
    ) -> str:  # fmt: skip
        first_id = last_id - bar.trades + 1 if bar is not None else -1
        if bar is None:
            bar, last_id = Bar(start_ns, 0 if before is None else before.close), -1
        price, size, start_ms = text.price, text.size, start_ns // 1_000_000
        end_ms = start_ms + self._minutes * 60_000 - 1
        return (
            f'{{"e":"kline","E":{event_ms},"s":"{text.symbol}","k":{{"t":{start_ms},"T":{end_ms},'
            f'"s":"{text.symbol}","i":"{self.interval}","f":{first_id},"L":{last_id},"o":"{price(bar.open)}",'
            f'"c":"{price(bar.close)}","h":"{price(bar.high)}","l":"{price(bar.low)}","v":"{size(bar.lots)}",'
            f'"n":{bar.trades},"x":{"true" if closed else "false"},"q":"{text.quote(bar.value)}",'
            f'"V":"{size(bar.taker_buy_lots)}","Q":"{text.quote(bar.taker_buy_value)}","B":"0"}}}}'
        )


def mini_ticker(text: BookText, book: VenueBook, event_ms: int) -> str:
    """The day in short."""
    day = day_of(book)
    return (
        f'{{"e":"24hrMiniTicker","E":{event_ms},"s":"{text.symbol}","c":"{text.price(day.last)}",'
        f'"o":"{text.price(day.open)}","h":"{text.price(day.high)}","l":"{text.price(day.low)}",'
        f'"v":"{text.size(day.lots)}","q":"{text.quote(day.value)}"}}'
    )


def ticker(text: BookText, book: VenueBook, event_ms: int) -> str:
    """The day at length; spot adds the best bid and offer."""
    day = day_of(book)
    top = ""
    if text.spot:
        bid_ticks, bid_lots, ask_ticks, ask_lots = book.best
        top = (
            f'"x":"{text.price(day.open)}","b":"{text.price(bid_ticks)}","B":"{text.size(bid_lots)}",'
            f'"a":"{text.price(ask_ticks)}","A":"{text.size(ask_lots)}",'
        )
    return (
        f'{{"e":"24hrTicker","E":{event_ms},"s":"{text.symbol}","p":"{day.change(text)}","P":"{day.percent}",'
        f'"w":"{text.price(day.average)}",{top}"c":"{text.price(day.last)}","Q":"{text.size(day.last_lots)}",'
        f'"o":"{text.price(day.open)}","h":"{text.price(day.high)}","l":"{text.price(day.low)}",'
        f'"v":"{text.size(day.lots)}","q":"{text.quote(day.value)}","O":{event_ms - 86_400_000},'
        f'"C":{event_ms},"F":{day.first_id},"L":{day.last_id},"n":{day.trades}}}'
    )


def average_price(text: BookText, book: VenueBook, event_ms: int) -> str:
    """The volume weighted price of five minutes."""
    return (
        f'{{"e":"avgPrice","E":{event_ms},"s":"{text.symbol}","i":"5m","w":"{text.price(five_minutes(book))}",'
        f'"T":{event_ms}}}'
    )


def five_minutes(book: VenueBook) -> int:
    """The volume weighted price of the last five minutes, in whole ticks."""
    newest = book.bars.newest(5)[1]
    return newest.value // newest.lots if newest is not None and newest.lots else day_of(book).last
