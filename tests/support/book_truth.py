"""Whether what the desk shows as live is what the simulator has: every book, after every frame.

A book that is live is compared with the simulator's own best bid and offer at the id that the book claims,
and, where a newer ticker corrects the top, with those at the ticker's id. Ids that start again (OKX) begin an
era.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tests.support.market_stage import HotSink
from trimaran.domain.answer import BookStatus, Flag, Kind
from trimaran.domain.instrument import Grid, Instrument
from trimaran.venues.sim.book import Best
from trimaran.venues.sim.feed import Feed
from trimaran.venues.sim.server import Simulator
from trimaran.venues.wire.market_entry import MarketEntry

_MRID = re.compile(rb'"mrid":(\d+)')
WRONG_MAX = 20  # kept, of those that are reported


def _mrid(payload: bytes) -> int:
    found = _MRID.search(zlib.decompress(payload, 31))
    assert found is not None
    return int(found[1])


# What only the simulator knows: where a venue counts by connection, which change of its book a frame tells.
CHANGE_OF: Mapping[str, Callable[[bytes], int]] = {"htx.swap": _mrid}


class Truth:
    """The best bids and offers of one simulated book by the id that frames carry."""

    def __init__(self, feed: Feed, instrument: Instrument) -> None:
        """`instrument` is the desk's, whose grids may be finer than the simulator's own."""
        listed = feed.book.listing.instrument
        self.feed = feed
        self._ticks = _ratio(listed.price_grid, instrument.price_grid)
        self._lots = _ratio(listed.size_grid, instrument.size_grid)
        self._ids, self._bests = [0], [feed.book.best]
        self._eras = [(0, self._offset())]  # first change, and what is taken off its id
        self._ends: list[int] = []  # last change of every era but this one

    def restarted(self) -> None:
        """To be called right after a reset: the change of now has a number in both eras."""
        now = self.feed.book.last_update_id
        if self._offset() != self._eras[-1][1]:
            self._eras.append((now, self._offset()))
            self._ends.append(now)

    def best_at(self, wire_id: int) -> list[Best]:
        """(bid ticks, bid lots, ask ticks, ask lots) after the change `wire_id`.

        Two of them when a number was given in this era and in the one before: frames of that one may still
        be on their way.
        """
        self._refresh()
        ends = [*self._ends, self.feed.book.last_update_id]
        eras = list(zip(self._eras, ends, strict=True))[-2:]
        changes = [wire_id + offset for (first, offset), end in eras if first <= wire_id + offset <= end]
        assert changes, f"an id that the venue has not given yet: {wire_id}, {self._eras[-2:]}"
        found = [self._bests[bisect_right(self._ids, change) - 1] for change in changes]
        ticks, lots = self._ticks, self._lots
        return [
            (bid * ticks, b_lots * lots, ask * ticks, a_lots * lots) for bid, b_lots, ask, a_lots in found
        ]

    def _refresh(self) -> None:
        fresh = []
        for top in reversed(self.feed.book.recent_tops):
            if top.update_id <= self._ids[-1]:
                break
            fresh.append(top)
        for top in reversed(fresh):
            self._ids.append(top.update_id)
            self._bests.append(top.best)

    def _offset(self) -> int:
        now = self.feed.book.last_update_id
        return now - self.feed.wire_id(now)


def _ratio(coarse: Grid, fine: Grid) -> int:
    steps = coarse.step / fine.step
    assert steps == int(steps), f"{coarse} is not on {fine}"
    return int(steps)


class Wrong(msgspec.Struct, frozen=True):
    """A book that was shown as live and was not the venue's."""

    market: str
    symbol: str
    wire_id: int
    what: str
    shown: tuple[int, ...]
    truth: tuple[int, ...]


class Findings:
    """What all watchers have found."""

    def __init__(self) -> None:
        self.compared: Counter[str] = Counter()  # by market: books, after a frame that touched them
        self.quotes_compared = 0  # tops that a newer ticker corrected
        self.wrong: list[Wrong] = []
        self.wrong_count = 0

    def note(self, wrong: Wrong) -> None:
        """Keeps the first ones."""
        self.wrong_count += 1
        if len(self.wrong) < WRONG_MAX:
            self.wrong.append(wrong)


class WatchedSink(HotSink):
    """Books of one market, compared after every frame."""

    def __init__(
        self,
        entry: MarketEntry,
        instruments: Sequence[Instrument],
        hot: Any,
        first_group: int,
        simulator: Simulator,
        findings: Findings,
    ) -> None:
        super().__init__(entry, instruments, hot, first_group)
        self.findings = findings
        self._change_of = CHANGE_OF.get(entry.name)
        self._changes: dict[int, int] = {}  # book -> the change that it has come to, where frames tell it
        self._truths: dict[int, tuple[str, Truth]] = {}
        for symbol, book in self.index.items():
            feed = simulator.feed_of(entry.name, symbol)
            assert feed is not None
            self._truths[book] = symbol, Truth(feed, self.instruments[symbol])

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        answer = super().on_frame(payload, local_ns)
        book = answer >> 16
        if book in self._truths:
            of_book = answer & 0xF in (Kind.DEPTH, Kind.SNAPSHOT)
            if self._change_of is not None and of_book and answer >> 8 & Flag.APPLIED:
                self._changes[book] = self._change_of(bytes(payload))
            self.check(book)
        return answer

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        answer = super().on_snapshot(symbol, payload, local_ns)
        self.check(self.index[symbol])
        return answer

    def restarted(self, symbol: str) -> None:
        """To be called right after a reset of a book's numbers."""
        self._truths[self.index[symbol]][1].restarted()

    def check(self, book: int) -> None:
        """One book, when it is live."""
        hot = self.hot
        if hot.status(book) != BookStatus.LIVE:
            return
        truth = self._truths[book][1]
        wire_id = self._changes[book] if self._change_of is not None else hot.last_id(book)
        inner, shown = hot.book_top(book), hot.top(book)[:4]
        self.findings.compared[self.entry.name] += 1
        self._compare(book, wire_id, "book", inner, truth)
        if shown != inner:
            self.findings.quotes_compared += 1
            self._compare(book, hot.ticker(book)[0], "ticker", shown, truth)

    def _compare(self, book: int, wire_id: int, what: str, shown: tuple[int, ...], truth: Truth) -> None:
        expected = truth.best_at(wire_id)
        if shown not in expected:
            symbol = self._truths[book][0]
            self.findings.note(Wrong(self.entry.name, symbol, wire_id, what, shown, expected[0]))
