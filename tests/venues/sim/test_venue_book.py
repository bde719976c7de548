"""A venue's book: ids of changes and trades, news, aggregates, bars."""

from __future__ import annotations

import random

from trimaran.native._matching import Matching
from trimaran.venues.sim.bars import MINUTE_NS, Bars
from trimaran.venues.sim.book import UpdateIds, VenueBook
from trimaran.venues.sim.codes import OrderKind, Outcome
from trimaran.venues.sim.instruments import instruments_of


def make_book(ids: UpdateIds) -> VenueBook:
    return VenueBook(instruments_of(("BTCUSDT",))[0], Matching(), ids, 1000)


def test_contiguous_ids_cover_every_change() -> None:
    book = make_book(UpdateIds(100))
    assert book.drain() is None
    first, _ = book.submit(1, 0, 0, 50, 3, OrderKind.LIMIT)
    book.submit(2, 0, 0, 49, 3, OrderKind.LIMIT)
    book.submit(3, 0, 1, 49, 6, OrderKind.IOC)  # two levels in one operation
    changes = book.drain()
    assert changes is not None
    assert (changes.first_id, changes.last_id) == (101, 104)
    assert (changes.bids, changes.asks) == ([(50, 0), (49, 0)], [])
    assert book.drain() is None
    assert book.cancel(4, first) == Outcome.UNKNOWN_ID
    assert book.drain() is None
    assert [(top.update_id, top.best) for top in book.tops] == [(101, (50, 3, 0, 0)), (104, (0, 0, 0, 0))]


def test_shared_ids_jump_and_never_overlap() -> None:
    shared = UpdateIds(0, random.Random(1))
    books = [make_book(shared), make_book(shared)]
    previous = 0
    for turn in range(50):
        book = books[turn % 2]
        book.submit(turn, 0, 0, 50 + turn, 1, OrderKind.LIMIT)
        changes = book.drain()
        assert changes is not None
        assert previous < changes.first_id <= changes.last_id == shared.last
        previous = changes.last_id
    assert previous > 200


def test_trades_and_aggregates() -> None:
    book = make_book(UpdateIds(1))
    for price, lots in ((50, 1), (50, 2), (51, 3)):
        book.submit(1, 0, 1, price, lots, OrderKind.LIMIT)
    book.submit(2, 0, 0, 0, 5, OrderKind.MARKET)
    book.submit(3, 0, 0, 0, 1, OrderKind.MARKET)
    first, second = book.fills
    assert (first.first_trade_id, second.first_trade_id, book.trade_count()) == (1000, 1003, 4)
    groups = book.aggregates(first) + book.aggregates(second)
    seen = [
        (group.aggregate_id, group.price_ticks, group.lots, group.first_trade_id, group.last_trade_id)
        for group in groups
    ]
    assert seen == [(500, 50, 3, 1000, 1001), (501, 51, 2, 1002, 1002), (502, 51, 1, 1003, 1003)]


def test_bars_merge() -> None:
    bars = Bars()
    bars.add(MINUTE_NS, 0, [(1, 0, 10, 2), (2, 0, 12, 1)])
    bars.add(2 * MINUTE_NS, 1, [(3, 0, 9, 4)])
    assert [(bar.open, bar.high, bar.low, bar.close, bar.lots) for bar in bars.of(1)] == [
        (10, 12, 10, 12, 3),
        (9, 9, 9, 9, 4),
    ]
    (merged,) = bars.of(5)
    assert (merged.start_ns, merged.open, merged.high, merged.low, merged.close) == (0, 10, 12, 9, 9)
    assert (merged.lots, merged.value, merged.trades, merged.taker_buy_lots) == (7, 68, 3, 3)


def test_the_last_day_forgets_what_is_older() -> None:
    bars = Bars()
    assert bars.last_day() is None
    for minute, price in ((0, 10), (1, 30), (1440, 20), (1441, 25)):
        bars.add(minute * MINUTE_NS, 0, [(1, 0, price, 1)])
    day = bars.last_day()
    assert day is not None
    assert (day.open, day.high, day.low, day.close, day.lots) == (20, 25, 20, 25, 2)


def test_days_may_begin_in_another_time_zone() -> None:
    bars = Bars()
    for hour in (15, 16, 17):
        bars.add(hour * 60 * MINUTE_NS, 0, [(1, 0, hour, 1)])
    assert [bar.start_ns // MINUTE_NS // 60 for bar in bars.of(1440, 480)] == [-8, 16]
