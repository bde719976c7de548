"""One-minute bars of a simulated book, merged into longer ones on request."""

from __future__ import annotations

from collections import deque
from typing import Final

from trimaran.venues.sim.matching import Execution

MINUTE_NS: Final = 60_000_000_000
DAY_NS: Final = 1440 * MINUTE_NS
BARS_MAX: Final = 1_500


class Bar:
    """Open, high, low, close in ticks; volumes in lots and in ticks times lots."""

    __slots__ = (
        "close",
        "high",
        "lots",
        "low",
        "open",
        "start_ns",
        "taker_buy_lots",
        "taker_buy_value",
        "trades",
        "value",
    )

    def __init__(self, start_ns: int, price_ticks: int) -> None:
        self.start_ns = start_ns
        self.open = self.high = self.low = self.close = price_ticks
        self.lots = self.value = self.trades = 0
        self.taker_buy_lots = self.taker_buy_value = 0

    def add(self, side: int, price_ticks: int, lots: int) -> None:
        """One trade; `side` is the aggressor's."""
        self.high = max(self.high, price_ticks)
        self.low = min(self.low, price_ticks)
        self.close = price_ticks
        self.lots += lots
        self.value += price_ticks * lots
        self.trades += 1
        if side == 0:
            self.taker_buy_lots += lots
            self.taker_buy_value += price_ticks * lots

    def merge(self, later: Bar) -> None:
        """Appends a later bar of the same longer interval."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.lots += later.lots
        self.value += later.value
        self.trades += later.trades
        self.taker_buy_lots += later.taker_buy_lots
        self.taker_buy_value += later.taker_buy_value


class Bars:
    """The last `BARS_MAX` minutes that had trades. Minutes without any are left out."""

    def __init__(self) -> None:
        self._minutes: deque[Bar] = deque(maxlen=BARS_MAX)
        self._earlier: Bar | None = None  # the minutes of the last day but the newest, merged

    def add(self, now_ns: int, side: int, executions: list[Execution]) -> None:
        """The executions of one aggressive order."""
        start_ns = now_ns - now_ns % MINUTE_NS
        if not self._minutes or self._minutes[-1].start_ns != start_ns:
            self._earlier = self._merged(start_ns - DAY_NS)
            self._minutes.append(Bar(start_ns, executions[0][2]))
        bar = self._minutes[-1]
        for _, _, price_ticks, lots in executions:
            bar.add(side, price_ticks, lots)

    def of(self, minutes: int, offset_minutes: int = 0) -> list[Bar]:
        """Bars of `minutes` minutes aligned to the epoch less an offset, ascending."""
        assert minutes > 0
        span_ns, offset_ns = minutes * MINUTE_NS, offset_minutes * MINUTE_NS
        merged: list[Bar] = []
        for minute in self._minutes:
            start_ns = minute.start_ns - (minute.start_ns + offset_ns) % span_ns
            if not merged or merged[-1].start_ns != start_ns:
                merged.append(Bar(start_ns, minute.open))
            merged[-1].merge(minute)
        return merged

    def newest(self, minutes: int, offset_minutes: int = 0) -> tuple[Bar | None, Bar | None]:
        """The last two of these bars, the older one first; None where there are not so many."""
        assert minutes > 0
        span_ns, offset_ns = minutes * MINUTE_NS, offset_minutes * MINUTE_NS
        found: list[list[Bar]] = []  # newest first, and so are the minutes of each
        start_ns = -1
        for minute in reversed(self._minutes):
            begin_ns = minute.start_ns - (minute.start_ns + offset_ns) % span_ns
            if begin_ns != start_ns:
                if len(found) == 2:
                    break
                start_ns = begin_ns
                found.append([])
            found[-1].append(minute)
        bars = [_joined(start[::-1], span_ns, offset_ns) for start in found]
        return (bars[1] if len(bars) > 1 else None), (bars[0] if bars else None)

    def last_day(self) -> Bar | None:
        """The last 24 hours with trades in one bar; None before the first trade."""
        if not self._minutes:
            return None
        newest, earlier = self._minutes[-1], self._earlier
        day = Bar((earlier or newest).start_ns, (earlier or newest).open)
        for bar in (earlier, newest):
            if bar is not None:
                day.merge(bar)
        return day

    def _merged(self, since_ns: int) -> Bar | None:
        found: Bar | None = None
        for minute in self._minutes:
            if minute.start_ns > since_ns:
                found = found or Bar(minute.start_ns, minute.open)
                found.merge(minute)
        return found


def _joined(minutes: list[Bar], span_ns: int, offset_ns: int) -> Bar:
    first_ns = minutes[0].start_ns
    joined = Bar(first_ns - (first_ns + offset_ns) % span_ns, minutes[0].open)
    for minute in minutes:
        joined.merge(minute)
    return joined
