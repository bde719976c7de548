"""An instrument as the accounts see it: its book, and every number of it as an integer.

A price is a number of ticks, a size a number of lots; `value_unit` is the money of one lot at one tick and
`size_unit` the base asset of one lot, both in the units of `units.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, Inexact
from typing import Final

from trimaran.base.limits import PRICE_TICKS_MAX
from trimaran.domain.instrument import ContractKind, Grid, MarketName, Symbol
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.trading import BUY, SimOrder
from trimaran.venues.sim.units import RATE_ONE, units_of

Books = Mapping[tuple[MarketName, Symbol], VenueBook]
ORDER_LOTS_MAX: Final = 2**50
DIGITS_MAX: Final = 40  # a longer number is on no grid
_EXACT: Final = Context(prec=2 * DIGITS_MAX, traps=[Inexact])
MARKET_BUY_TICKS: Final = PRICE_TICKS_MAX  # the limit of a market order that must be filled or killed
MARKET_SELL_TICKS: Final = 1


class GridReader:
    """Reads decimals as whole steps of a grid."""

    __slots__ = ("_shift", "_units")

    def __init__(self, grid: Grid) -> None:
        self._shift = Decimal(1).scaleb(-grid.exponent)
        self._units = grid.units

    def steps(self, value: Decimal) -> int | None:
        """The number of steps; None off the grid, for what is not finite, and for absurd lengths."""
        if not value.is_finite() or value.adjusted() > DIGITS_MAX:
            return None
        try:
            scaled = _EXACT.multiply(value, self._shift)
        except Inexact:
            return None
        whole = int(scaled)
        if whole != scaled or whole % self._units:
            return None
        return whole // self._units


class Tradable:
    """One instrument of a venue."""

    __slots__ = (
        "base", "book", "funding_index", "listed", "lots_min", "maker_e8", "mark", "market",
        "notional_min", "perpetual", "price_reader", "quote", "resting", "size_reader", "size_unit", "symbol",
        "taker_e8", "value_unit", "waiting",
    )  # fmt: skip

    def __init__(self, book: VenueBook, index_book: VenueBook | None) -> None:
        listing, instrument = book.listing, book.listing.instrument
        self.book = book
        self.funding_index = index_book
        self.market = instrument.market
        self.symbol = instrument.symbol
        self.base = instrument.base
        self.quote = instrument.quote
        self.perpetual = instrument.kind is ContractKind.PERPETUAL
        self.listed = True
        self.price_reader = GridReader(instrument.price_grid)
        self.size_reader = GridReader(instrument.size_grid)
        self.value_unit = units_of(instrument.notional(1, 1))
        self.size_unit = units_of(instrument.size(1))
        lots_min = self.size_reader.steps(listing.min_size)
        assert lots_min is not None, listing
        self.lots_min = lots_min
        self.notional_min = units_of(instrument.min_notional)
        self.maker_e8 = instrument.fees.maker_e8
        self.taker_e8 = instrument.fees.taker_e8
        self.mark = listing.start_ticks
        self.resting: dict[int, SimOrder] = {}  # of accounts, by the id that the engine knows
        self.waiting: dict[int, SimOrder] = {}  # for their triggers, by order id

    def mark_ticks(self) -> int:
        """The middle of the book, or the last one where a side is empty."""
        bid, _, ask, _ = self.book.best
        if bid and ask:
            self.mark = (bid + ask) // 2
        return self.mark

    def value(self, ticks_lots: int) -> int:
        """Money of a sum of price times size."""
        return ticks_lots * self.value_unit

    def fee(self, side: int, price_ticks: int, lots: int, maker: bool, quantum: int) -> int:
        """The fee in the asset that pays it: spot the asset received, a perpetual its margin asset."""
        rate_e8 = self.maker_e8 if maker else self.taker_e8
        if self.perpetual or side != BUY:
            amount = price_ticks * lots * self.value_unit * rate_e8 // RATE_ONE
        else:
            amount = lots * self.size_unit * rate_e8 // RATE_ONE
        return amount - amount % quantum


def index_book(books: Books, book: VenueBook) -> VenueBook | None:
    """The spot book of the same base asset, for a perpetual."""
    instrument = book.listing.instrument
    return next(
        (
            other
            for other in books.values()
            if other is not book
            and other.listing.instrument.base == instrument.base
            and other.listing.instrument.market != instrument.market
        ),
        None,
    )
