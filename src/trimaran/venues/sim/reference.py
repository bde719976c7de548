"""Mark price, index price and funding of a simulated perpetual.

The mark is the middle of its book, the index that of the same venue's spot book, and the funding rate a
tenth of their distance, at most 0.05 %. Nobody pays it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.venues.sim.book import VenueBook

FUNDING_PERIOD_MS: Final = 8 * 3600 * 1000
RATE_E8_MAX: Final = 50_000


class Reference(msgspec.Struct, frozen=True):
    """Prices in ticks of the perpetual; the rate in 1e-8."""

    mark_ticks: int
    index_ticks: int
    rate_e8: int

    @property
    def rate(self) -> str:
        """The rate as text with eight decimals."""
        return f"{'-' if self.rate_e8 < 0 else ''}0.{abs(self.rate_e8):08d}"


def reference_of(book: VenueBook, index_book: VenueBook | None) -> Reference:
    """The reference prices of now; without a spot book the mark is the index too."""
    mark = sum(book.best[0::2]) // 2
    index = mark
    if index_book is not None:
        price = index_book.listing.instrument.price(sum(index_book.best[0::2]) // 2)
        index = book.listing.instrument.price_grid.steps_floor(price)
    rate_e8 = (mark - index) * 10_000_000 // max(1, index)
    return Reference(mark, index, max(-RATE_E8_MAX, min(RATE_E8_MAX, rate_e8)))


def next_funding_ms(now_ms: int) -> int:
    """When funding is due next."""
    return (now_ms // FUNDING_PERIOD_MS + 1) * FUNDING_PERIOD_MS
