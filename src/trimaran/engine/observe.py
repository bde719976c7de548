"""Stages 2 and 4 of the step, seen from Python: what a woken frame changed, and what it is worth."""

from __future__ import annotations

from typing import Final

from trimaran.arbitrage.opportunity import measure
from trimaran.base.errors import DecodeKind
from trimaran.domain.answer import NO_BOOK, BookStatus, Flag, Kind, book_of, error_of, flags_of, kind_of
from trimaran.domain.facts import BookChanged, Fact, FrameRefused
from trimaran.domain.opportunity import Opportunity
from trimaran.engine.desk import Desk, Underlying, underlying_of

WAKE: Final = int(Flag.WAKE)  # without an enum's arithmetic
STATUSES: Final = tuple(BookStatus)  # by number


def market_facts(desk: Desk, answer: int, market: int) -> list[Fact]:
    """Refused frames and changed book statuses."""
    facts: list[Fact] = []
    book = book_of(answer)
    if kind_of(answer) == Kind.ERROR:
        key = None if book == NO_BOOK else desk.legs[book].instrument.key
        name = desk.setup.markets[market].name
        facts.append(FrameRefused(name, DecodeKind(error_of(answer)), key, desk.now_ns))
    for changed in _books(desk, book, market):
        before, after = desk.book_status[changed], STATUSES[desk.hot.status(changed)]
        if before is not after:
            desk.book_status[changed] = after
            facts.append(BookChanged(desk.legs[changed].instrument.key, before, after, desk.now_ns))
    return facts


def opportunities(desk: Desk, answer: int, market: int, facts: list[Fact]) -> list[Opportunity]:
    """What pays now among the books that the answer touched, largest net first; episodes go to `facts`."""
    if not flags_of(answer) & WAKE:
        return []
    found: list[Opportunity] = []
    touched: dict[Underlying, int] = {}
    for book in _books(desk, book_of(answer), market):
        touched.setdefault(underlying_of(desk.legs[book].instrument), book)
    for underlying, book in touched.items():
        present: list[Opportunity] = []
        for buy, sell, edge_e8 in desk.hot.edges(book):
            measured = measure(
                desk.hot, desk.legs[buy], desk.legs[sell], edge_e8, desk.setup.notional_max, desk.now_ns
            )
            if measured is not None:
                present.append(measured)
        facts.extend(desk.episodes.update(desk.pairs[underlying], present, desk.now_ns))
        found += present
    return sorted(found, key=lambda opportunity: opportunity.net, reverse=True)


def _books(desk: Desk, book: int, market: int) -> list[int]:
    if book != NO_BOOK:
        return [book]
    return [each for each, owner in enumerate(desk.market_of_book) if owner == market]
