"""The last day of a book in numbers, as tickers tell it."""

from __future__ import annotations

import msgspec

from trimaran.venues.binance.simulator.text import BookText
from trimaran.venues.sim.book import VenueBook


class Day(msgspec.Struct, frozen=True):
    """Prices in ticks, volumes in lots and ticks times lots."""

    open: int
    high: int
    low: int
    last: int
    last_lots: int
    lots: int
    value: int
    trades: int
    first_id: int
    last_id: int

    @property
    def average(self) -> int:
        """The volume weighted price, in whole ticks."""
        return self.value // self.lots if self.lots else self.last

    @property
    def percent(self) -> str:
        """The change of the price in per cent, with three decimals."""
        milli = (self.last - self.open) * 100_000 // max(1, self.open)
        return f"{'-' if milli < 0 else ''}{abs(milli) // 1000}.{abs(milli) % 1000:03d}"

    def change(self, text: BookText) -> str:
        """The change of the price, with its sign."""
        moved = self.last - self.open
        return f"-{text.price(-moved)}" if moved < 0 else text.price(moved)


def day_of(book: VenueBook) -> Day:
    """The last day; before the first trade every price is the middle of the book."""
    bar, last_id = book.bars.last_day(), book.next_trade_id - 1
    if bar is None or not book.recent_fills:
        middle = sum(book.best[0::2]) // 2
        return Day(middle, middle, middle, middle, 0, 0, 0, 0, -1, -1)
    newest = book.recent_fills[-1].executions[-1]
    return Day(
        bar.open, bar.high, bar.low, newest[2], newest[3], bar.lots, bar.value, bar.trades,
        last_id - bar.trades + 1, last_id,
    )  # fmt: skip
