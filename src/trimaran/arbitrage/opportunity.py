"""Measures opportunities: from the scan's integers to decimals that a desk can judge."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Protocol

import msgspec

from trimaran.base.limits import FEE_E8_ONE, SIZE_LOTS_MAX
from trimaran.domain.answer import NO_BOOK
from trimaran.domain.exact import EXACT
from trimaran.domain.instrument import Instrument
from trimaran.domain.opportunity import Opportunity, Pair


class ScanView(Protocol):
    """What measuring reads of the hot state."""

    def walk(self, buy: int, sell: int, size_cap: int, /) -> tuple[int, int, int, int, int]:
        """(size, cost, proceeds, worst_ask_ticks, worst_bid_ticks) in common units, before fees."""

    def units(self, book: int, /) -> tuple[int, int, int, int]:
        """(price_exponent, size_exponent) of the group, (price_factor, size_factor) of the book."""

    def top(self, book: int, /) -> tuple[int, int, int, int, int, int, int]:
        """(bid_ticks, bid_lots, ask_ticks, ask_lots, last_id, venue_ns, local_ns)."""


class BestView(ScanView, Protocol):
    """What looking for the best pair reads beside."""

    def best(
        self, book: int, size_cap: int, since_ns: int, /
    ) -> tuple[int, int, int, int, int, int, int, int]:
        """(buy_book, sell_book, edge_e8, size, ..) of the group's quotes since; `NO_BOOK`: no pair."""


class Leg(msgspec.Struct, frozen=True):
    """One book of a pair."""

    book: int
    instrument: Instrument


class BestPair(msgspec.Struct, frozen=True):
    """The best pair of an underlying over all its books, whether it gains or not."""

    pair: Pair
    edge_e8: int  # net of taker fees, at the top
    opportunity: Opportunity | None  # walked; None where not one whole order step pays
    buy_age_ns: int
    sell_age_ns: int


def best_pair(
    scan: BestView,
    legs: Sequence[Leg],
    books: Sequence[int],
    notional_max: Decimal,
    now_ns: int,
    age_ns_max: int,
) -> BestPair | None:
    """The best pair of the books of one underlying; `legs` by book. None while no two have fresh quotes."""
    asks = (legs[book].instrument.price(scan.top(book)[2]) for book in books)
    ask = next((price for price in asks if price > 0), None)
    if ask is None:
        return None
    size_exponent = scan.units(books[0])[1]
    cap = min(int((notional_max / ask).scaleb(-size_exponent)), SIZE_LOTS_MAX)
    buy_book, sell_book, edge_e8, size, *_ = scan.best(books[0], cap, now_ns - age_ns_max)
    if buy_book == NO_BOOK:
        return None
    buy, sell = legs[buy_book], legs[sell_book]
    return BestPair(
        pair=Pair(buy.instrument.key, sell.instrument.key),
        edge_e8=edge_e8,
        opportunity=measure(scan, buy, sell, edge_e8, notional_max, now_ns) if size else None,
        buy_age_ns=now_ns - scan.top(buy_book)[6],
        sell_age_ns=now_ns - scan.top(sell_book)[6],
    )


def measure(
    scan: ScanView, buy: Leg, sell: Leg, edge_e8: int, notional_max: Decimal, now_ns: int
) -> Opportunity | None:
    """Walks both books up to `notional_max` (quote). None when not one whole order step pays."""
    price_exponent, size_exponent, _, buy_factor = scan.units(buy.book)
    _, _, _, sell_factor = scan.units(sell.book)
    buy_top, sell_top = scan.top(buy.book), scan.top(sell.book)
    ask = buy.instrument.price(buy_top[2])
    if ask <= 0:
        return None
    cap = min(int((notional_max / ask).scaleb(-size_exponent)), SIZE_LOTS_MAX)
    size, cost_units, proceeds_units, ask_ticks, bid_ticks = scan.walk(buy.book, sell.book, cap)
    if size == 0:
        return None
    with localcontext(EXACT):
        cost = Decimal(cost_units).scaleb(price_exponent + size_exponent)
        proceeds = Decimal(proceeds_units).scaleb(price_exponent + size_exponent)
        fees_e8 = cost * buy.instrument.fees.taker_e8 + proceeds * sell.instrument.fees.taker_e8
        return Opportunity(
            pair=Pair(buy.instrument.key, sell.instrument.key),
            edge_e8=edge_e8,
            size=Decimal(size).scaleb(size_exponent),
            buy_lots=size // buy_factor,
            sell_lots=size // sell_factor,
            buy_limit_ticks=ask_ticks,
            sell_limit_ticks=bid_ticks,
            cost=cost,
            proceeds=proceeds,
            fees=fees_e8 / FEE_E8_ONE,
            buy_age_ns=now_ns - buy_top[6],
            sell_age_ns=now_ns - sell_top[6],
            local_ns=now_ns,
        )
