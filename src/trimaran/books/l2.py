"""An L2 book of one instrument: the twin of `book.hpp`, and the plain statement of what a book is.

Prices are ticks, sizes are lots, both integers. A level's size is absolute and 0 removes it; removing a
price that is not there is normal. A side that is full forgets its worst level.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from trimaran.base.limits import BOOK_LEVELS_MAX
from trimaran.domain.instrument import Side
from trimaran.domain.market import Level

_FNV_OFFSET: Final = 14695981039346656037
_FNV_PRIME: Final = 1099511628211
_WORD: Final = 2**64 - 1


class BookSide:
    """One side, sorted so that the best level stands last."""

    def __init__(self, side: Side) -> None:
        self._sign = side.sign
        self._keys: list[int] = []
        self._sizes: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def clear(self) -> None:
        """Forgets every level."""
        self._keys.clear()
        self._sizes.clear()

    def apply(self, price_ticks: int, size_lots: int) -> None:
        """Sets, inserts or removes one level."""
        key = self._sign * price_ticks
        if key in self._sizes:
            if size_lots:
                self._sizes[key] = size_lots
            else:
                del self._sizes[key]
                del self._keys[bisect_left(self._keys, key)]
        elif size_lots:
            self._insert(key, size_lots)

    def trim(self, count: int) -> None:
        """Forgets the worst levels beyond `count`: a venue that shows so many does not maintain the rest."""
        beyond = len(self._keys) - count
        for key in self._keys[: max(beyond, 0)]:
            del self._sizes[key]
        del self._keys[: max(beyond, 0)]

    def levels(self, count: int | None = None) -> list[Level]:
        """The best `count` levels, best first; all without a count."""
        keys = self._keys[::-1] if count is None else self._keys[: -count - 1 : -1]
        return [(self._sign * key, self._sizes[key]) for key in keys]

    def best(self) -> Level:
        """The best level, (0, 0) when the side is empty."""
        if not self._keys:
            return (0, 0)
        return (self._sign * self._keys[-1], self._sizes[self._keys[-1]])

    def _insert(self, key: int, size_lots: int) -> None:
        if len(self._keys) == BOOK_LEVELS_MAX:
            if key < self._keys[0]:
                return
            del self._sizes[self._keys.pop(0)]
        self._keys.insert(bisect_left(self._keys, key), key)
        self._sizes[key] = size_lots


class Book:
    """Both sides of an L2 book."""

    def __init__(self) -> None:
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Applies the levels of one delta, in their order."""
        for price_ticks, size_lots in bids:
            self.bids.apply(price_ticks, size_lots)
        for price_ticks, size_lots in asks:
            self.asks.apply(price_ticks, size_lots)

    def load(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Replaces the book by a snapshot."""
        self.clear()
        self.apply(bids, asks)

    def trim(self, count: int) -> None:
        """Forgets the worst levels of each side beyond `count`."""
        self.bids.trim(count)
        self.asks.trim(count)

    def clear(self) -> None:
        """Forgets both sides."""
        self.bids.clear()
        self.asks.clear()

    def crossed(self) -> bool:
        """True when the best bid is not below the best ask."""
        return len(self.bids) > 0 and len(self.asks) > 0 and self.bids.best()[0] >= self.asks.best()[0]

    def depth(self, side: int, count: int) -> Sequence[Level]:
        """The best `count` levels of side 0 (bids) or 1 (asks)."""
        return (self.bids if side == Side.BUY else self.asks).levels(count)

    def state_hash(self) -> int:
        """FNV-1a over 64-bit words: both sides best first as price, size, each closed by its level count."""
        words: list[int] = []
        for side in (self.bids, self.asks):
            for level in side.levels():
                words.extend(level)
            words.append(len(side))
        value = _FNV_OFFSET
        for word in words:
            value = (value ^ word) * _FNV_PRIME & _WORD
        return value
