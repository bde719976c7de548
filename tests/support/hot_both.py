"""The native hot state and its twin, told the same, asked the same after every step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any, Final

import msgspec

from trimaran.domain.dialect import Dialect
from trimaran.native._hot import Hot as NativeHot

ALL: Final = 1 << 20
CAPS: Final = (0, 777, 10**9)
EACH: Final = (
    "status", "last_id", "top", "book_top", "ticker", "last_trade", "reference", "counters", "state_hash",
    "edges", "units",
)  # fmt: skip
Levels = list[tuple[int, int]]


class Row(msgspec.Struct, frozen=True):
    """One market with one book; sizes have three decimals."""

    dialect: Dialect
    symbol: str
    price_places: int
    fee_e8: int


class Both:
    """Market and book n are those of row n; all books are of one group."""

    def __init__(self, twin: Any, rows: Sequence[Row]) -> None:
        self.native = NativeHot()
        self._hots = (self.native, twin)
        self._count = len(rows)
        for hot in self._hots:
            for number, row in enumerate(rows):
                assert hot.add_market(row.dialect) == number
                grids = (1, -row.price_places, 1, -3, 1, -3)
                assert hot.add_instrument(number, row.symbol, *grids, 5, 0, row.fee_e8) == number
            hot.set_threshold(-20_000)

    def tell(self, name: str, *arguments: Any) -> Any:
        """Calls a method of both; their answer."""
        native, twin = (getattr(hot, name)(*arguments) for hot in self._hots)
        assert native == twin, (name, arguments)
        native_seen, twin_seen = (self._look(hot) for hot in self._hots)
        assert native_seen == twin_seen, (name, arguments)
        return native

    def whole(self, book: int) -> tuple[Levels, Levels]:
        """Both sides of a book."""
        return self.native.depth(book, 0, ALL), self.native.depth(book, 1, ALL)

    def check_silence(self, book: int) -> None:
        """A book that is not live offers nothing."""
        hot = self.native
        assert hot.top(book)[:4] == (0, 0, 0, 0)
        assert hot.ladder(book, 0, 1) == hot.ladder(book, 1, 1) == []
        for other in range(self._count):
            if other == book:
                continue
            assert (hot.edge(book, other), hot.edge(other, book)) == (None, None)
            assert hot.walk(book, other, 10**9) == hot.walk(other, book, 10**9) == (0, 0, 0, 0, 0)
        assert all(book not in pair[:2] for pair in hot.edges(book))

    def _look(self, hot: Any) -> list[Any]:
        books = range(self._count)
        seen = [getattr(hot, name)(book) for book in books for name in EACH]
        seen += [hot.depth(book, side, 5) for book in books for side in (0, 1)]
        seen += [hot.ladder(book, side, 5) for book in books for side in (0, 1)]
        seen += [hot.edge(*pair) for pair in permutations(books, 2)]
        seen += [hot.walk(*pair, cap) for pair in permutations(books, 2) for cap in CAPS]
        return [*seen, *((hot.frames(market), hot.faults(market)) for market in books)]
