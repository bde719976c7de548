"""The best levels of a book as a venue with a bounded feed has told them, and what to tell next.

A feed of the best N levels is the difference of two pictures of N levels. A level that enters is told; one
that is pushed out by better ones is either deleted explicitly (OKX, HTX swap) or not maintained any more
and left to the client (HTX spot).
"""

from __future__ import annotations

from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.matching import LevelView


class LevelWindow:
    """The best `depth` levels of each side as last told."""

    def __init__(self, book: VenueBook, depth: int, deletes_pushed_out: bool) -> None:
        self._book = book
        self._depth = depth
        self._deletes_pushed_out = deletes_pushed_out
        self._told = [dict(book.engine.depth(side, depth)) for side in (0, 1)]

    def told(self, side: int) -> list[LevelView]:
        """The levels as last told, best first."""
        return list(self._told[side].items())

    def advance(self) -> tuple[list[LevelView], list[LevelView]]:
        """What has changed since, bids and asks, best first; lots 0 for a level that is gone."""
        return self._advance(0), self._advance(1)

    def _advance(self, side: int) -> list[LevelView]:
        old, listed = self._told[side], self._book.engine.depth(side, self._depth)
        new = dict(listed)
        if new == old:
            return []
        self._told[side] = new
        gone = old.keys() - new.keys()
        if gone and not self._deletes_pushed_out and len(listed) == self._depth:
            worst = listed[-1][0]
            gone = {ticks for ticks in gone if (ticks > worst if side == 0 else ticks < worst)}
        levels = [*(new.items() - old.items()), *((ticks, 0) for ticks in gone)]
        levels.sort(reverse=side == 0)
        return levels
