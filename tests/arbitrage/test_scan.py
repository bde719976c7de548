"""The scan: both twins on two to four books of different grids, and the walk against brute force."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from math import floor, lcm
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.arbitrage.scan import Group, Member, ladder
from trimaran.base.errors import ConfigError
from trimaran.base.limits import EDGE_E8_MAX, FEE_E8_ONE, GROUP_BOOKS_MAX, PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.books.sequencing import Law
from trimaran.domain.answer import NO_BOOK, Flag, flags_of
from trimaran.domain.instrument import Grid
from trimaran.engine.hot_twin import TwinHot
from trimaran.native._hot import Hot as NativeHot
from trimaran.venues.binance.parse import BinanceDecoder

Levels = list[tuple[int, int]]


class Row(NamedTuple):
    """One book: its grids, order step and fee, and what is in it, in ticks and lots."""

    price: Grid
    size: Grid
    order_step: int
    fee_e8: int
    bids: Levels
    asks: Levels


def both(threshold_e8: int = 0) -> tuple[Any, Any]:
    hots = NativeHot(), TwinHot({0: lambda: BinanceDecoder(Law.OVERLAP)})
    for hot in hots:
        hot.add_market(0)
        hot.set_threshold(threshold_e8)
    return hots


def add(hot: Any, name: str, row: Row) -> int:
    size = row.size.units, row.size.exponent
    grids = row.price.units, row.price.exponent, *size, *size
    return int(hot.add_instrument(0, name, *grids, row.order_step, 0, row.fee_e8))


def load(hot: Any, book: int, row: Row) -> int:
    """A snapshot of the row; flags."""
    sides = {
        name: [(format(row.price.decimal(p), "f"), format(row.size.decimal(s), "f")) for p, s in levels]
        for name, levels in (("bids", row.bids), ("asks", row.asks))
    }
    return flags_of(hot.on_snapshot(book, json.dumps({"lastUpdateId": 5, **sides}).encode(), 1))


def built(rows: list[Row], threshold_e8: int = 0) -> tuple[Any, Any]:
    hots = both(threshold_e8)
    for hot in hots:
        books = [add(hot, f"BOOK{n}", row) for n, row in enumerate(rows)]
        hot.mark_up(0)
        for book, row in zip(books, rows, strict=True):
            load(hot, book, row)
    return hots


def plain(row: Row) -> tuple[list[tuple[Fraction, Fraction]], list[tuple[Fraction, Fraction]]]:
    """Asks and bids as prices and sizes in quote and base."""
    tick, lot = Fraction(row.price.step), Fraction(row.size.step)
    return [(p * tick, s * lot) for p, s in row.asks], [(p * tick, s * lot) for p, s in row.bids]


def taken(levels: list[tuple[Fraction, Fraction]], size: Fraction) -> Fraction:
    """Money for a size, best levels first."""
    money = Fraction(0)
    for price, available in levels:
        take = min(size, available)
        money += take * price
        size -= take
    assert size == 0
    return money


def marginal(levels: list[tuple[Fraction, Fraction]], at: Fraction) -> Fraction | None:
    """The price of the next unit behind a size; None where the book ends."""
    for price, available in levels:
        if at < available:
            return price
        at -= available
    return None


def step_of(buy: Row, sell: Row) -> Fraction:
    """The smallest size that is whole order steps in both books."""
    steps = [Fraction(row.size.step) * row.order_step for row in (buy, sell)]
    scale = lcm(*(step.denominator for step in steps))
    return Fraction(lcm(*(int(step * scale) for step in steps)), scale)


def best_size(buy: Row, sell: Row, cap: Fraction) -> Fraction:
    """Brute force: from border to border while the next unit still pays, then down to whole steps."""
    asks, bids = plain(buy)[0], plain(sell)[1]
    keep, cost = 1 - Fraction(sell.fee_e8, FEE_E8_ONE), 1 + Fraction(buy.fee_e8, FEE_E8_ONE)
    borders = {cap}
    for levels in (asks, bids):
        at = Fraction(0)
        for _, size in levels:
            at += size
            borders.add(min(at, cap))
    reached = Fraction(0)
    for border in sorted(borders):
        ask, bid = marginal(asks, reached), marginal(bids, reached)
        if ask is None or bid is None or bid * keep <= ask * cost:
            break
        reached = border
    step = step_of(buy, sell)
    return floor(reached / step) * step


@st.composite
def rows(draw: st.DrawFn) -> Row:
    price = Grid(draw(st.sampled_from([1, 5, 25])), draw(st.integers(-3, 0)))
    size = Grid(draw(st.sampled_from([1, 1, 2, 5])), draw(st.integers(-3, 0)))
    ticks = st.integers(-6, 6).map(lambda n: max(int(100 / price.step) + n, 1))
    lots = st.integers(1, 30)
    bids = draw(st.dictionaries(ticks, lots, max_size=5))
    top = max(bids, default=0)
    asks = {top + 1 + n: s for n, s in draw(st.dictionaries(st.integers(0, 8), lots, max_size=5)).items()}
    if not bids:
        asks = {p + int(100 / price.step): s for p, s in asks.items()}
    fee = draw(st.sampled_from([0, 0, 10_000, 100_000, 5_000_000, -20_000]))
    return Row(
        price, size, draw(st.integers(1, 4)), fee, sorted(bids.items(), reverse=True), sorted(asks.items())
    )


@settings(max_examples=400, deadline=None)
@given(st.lists(rows(), min_size=2, max_size=4), st.integers(0, 60_000))
def test_the_walk_is_the_best_size_and_its_money_is_exact(books: list[Row], cap: int) -> None:
    native, twin = built(books)
    price_exponent, size_exponent, _, _ = native.units(0)
    unit = Fraction(10) ** size_exponent
    for buy in range(len(books)):
        for sell in range(len(books)):
            if buy == sell:
                continue
            assert native.walk(buy, sell, cap) == twin.walk(buy, sell, cap)
            size, cost, proceeds, worst_ask, worst_bid = native.walk(buy, sell, cap)
            best = best_size(books[buy], books[sell], cap * unit)
            money = Fraction(10) ** (price_exponent + size_exponent)
            assert size * unit == best
            assert cost * money == taken(plain(books[buy])[0], best)
            assert proceeds * money == taken(plain(books[sell])[1], best)
            if size:
                assert Fraction(books[buy].price.step) * worst_ask == marginal(
                    plain(books[buy])[0], best - unit
                )
                assert Fraction(books[sell].price.step) * worst_bid == marginal(
                    plain(books[sell])[1], best - unit
                )


@settings(max_examples=300, deadline=None)
@given(st.lists(rows(), min_size=2, max_size=4), st.sampled_from([0, -10_000_000, 100_000]))
def test_edges_are_exact_and_the_twins_agree(books: list[Row], threshold_e8: int) -> None:
    native, twin = built(books, threshold_e8)
    above = []
    for buy, b in enumerate(books):
        for sell, s in enumerate(books):
            if buy == sell:
                continue
            expected = None
            if b.asks and s.bids:
                ask, bid = b.asks[0][0] * Fraction(b.price.step), s.bids[0][0] * Fraction(s.price.step)
                net = bid * (1 - Fraction(s.fee_e8, FEE_E8_ONE)) - ask * (1 + Fraction(b.fee_e8, FEE_E8_ONE))
                expected = floor(net / ask * FEE_E8_ONE)
                above += [(buy, sell, expected)] if expected >= threshold_e8 else []
            assert native.edge(buy, sell) == twin.edge(buy, sell) == expected
    for book in range(len(books)):
        assert native.edges(book) == twin.edges(book) == above
        assert native.units(book) == twin.units(book)


def gain_of(hot: Any, books: list[Row], buy: int, sell: int, cap: int) -> int:
    """What a walked pair gains, with each fee rounded down, in common units."""
    _, cost, proceeds, _, _ = hot.walk(buy, sell, cap)
    fees = floor(Fraction(cost * books[buy].fee_e8, FEE_E8_ONE))
    return int(proceeds - cost - fees - floor(Fraction(proceeds * books[sell].fee_e8, FEE_E8_ONE)))


@settings(max_examples=400, deadline=None)
@given(st.lists(rows(), min_size=2, max_size=4), st.integers(0, 60_000))
def test_the_best_pair_gains_most_or_lacks_least(books: list[Row], cap: int) -> None:
    native, twin = built(books)
    best = native.best(0, cap, 0)
    assert best == twin.best(0, cap, 0) == native.best(len(books) - 1, cap, 0)
    assert native.best(0, cap, 10**9)[:2] == twin.best(0, cap, 10**9)[:2] == (NO_BOOK, NO_BOOK)  # all too old
    pairs = [(b, s) for b in range(len(books)) for s in range(len(books)) if b != s]
    known = [(b, s) for b, s in pairs if native.edge(b, s) is not None]
    buy, sell, edge_e8, *walked = best
    if not known:
        assert best == (NO_BOOK, NO_BOOK, 0, 0, 0, 0, 0, 0)
        return
    assert edge_e8 == native.edge(buy, sell)
    gains = {pair: gain_of(native, books, *pair, cap) for pair in known}
    if max(gains.values()) > 0:
        assert gains[buy, sell] == max(gains.values())
        assert tuple(walked) == native.walk(buy, sell, cap)
    else:
        assert edge_e8 == max(native.edge(*pair) for pair in known)
        assert walked == [0, 0, 0, 0, 0]


CENT, LOT = Grid(1, -2), Grid(1, 0)
CHEAP = Row(CENT, LOT, 1, 0, [(9_990, 5)], [(10_000, 5), (10_010, 5)])
DEAR = Row(CENT, LOT, 1, 0, [(10_050, 4), (10_020, 4), (10_005, 9)], [(10_060, 1)])


@pytest.mark.parametrize(
    ("cheap", "dear", "cap", "walk"),
    [
        ({}, {}, 100, (8, 80_030, 80_280, 10_010, 10_020)),
        ({}, {}, 6, (6, 60_010, 60_240, 10_010, 10_020)),
        ({}, {}, 0, (0, 0, 0, 0, 0)),
        ({"order_step": 3}, {}, 100, (6, 60_010, 60_240, 10_010, 10_020)),
        ({"order_step": 3}, {"order_step": 2}, 100, (6, 60_010, 60_240, 10_010, 10_020)),
        ({"order_step": 5}, {"order_step": 2}, 100, (0, 0, 0, 0, 0)),
        ({"fee_e8": 200_000}, {}, 100, (4, 40_000, 40_200, 10_000, 10_050)),
        ({"fee_e8": 200_000}, {"fee_e8": 300_000}, 100, (0, 0, 0, 0, 0)),
        ({"fee_e8": 500_000}, {}, 100, (0, 0, 0, 0, 0)),  # the last unit gives nothing: not worth doing
        ({"fee_e8": 499_999}, {}, 100, (4, 40_000, 40_200, 10_000, 10_050)),
        ({"asks": []}, {}, 100, (0, 0, 0, 0, 0)),
        ({}, {"bids": []}, 100, (0, 0, 0, 0, 0)),
    ],
)
def test_walks(cheap: dict[str, Any], dear: dict[str, Any], cap: int, walk: tuple[int, ...]) -> None:
    for hot in built([CHEAP._replace(**cheap), DEAR._replace(**dear)]):
        assert hot.walk(0, 1, cap) == walk


def test_a_pair_wakes_while_it_pays_and_when_it_ends() -> None:
    for hot in both(threshold_e8=10_000):
        books = [add(hot, name, row) for name, row in (("CHEAP", CHEAP), ("DEAR", DEAR))]
        hot.mark_up(0)
        assert load(hot, books[0], CHEAP) & (Flag.TOP | Flag.WAKE) == Flag.TOP
        assert load(hot, books[1], DEAR) & Flag.WAKE
        assert hot.edges(0) == hot.edges(1) == [(0, 1, 500_000)]

        def ticker(update_id: int, bid: str, hot: Any = hot) -> int:
            frame = f'{{"u":{update_id},"s":"DEAR","b":"{bid}","B":"9","a":"100.60","A":"1"}}'
            return flags_of(hot.on_frame(0, frame.encode(), 1))

        assert ticker(6, "100.40") == Flag.APPLIED | Flag.TOP | Flag.WAKE
        assert ticker(7, "100.40") == Flag.APPLIED
        assert ticker(8, "100.00") == Flag.APPLIED | Flag.TOP | Flag.WAKE  # gone, and that is news
        assert hot.edges(0) == []
        assert ticker(9, "99.99") == Flag.APPLIED | Flag.TOP
        assert ticker(10, "100.01") == Flag.APPLIED | Flag.TOP | Flag.WAKE  # exactly the threshold
        assert hot.mark_down(0) == Flag.WENT_STALE | Flag.TOP | Flag.WAKE
        assert (hot.edges(0), hot.edge(0, 1), hot.walk(0, 1, 9)) == ([], None, (0, 0, 0, 0, 0))


def test_extreme_numbers_do_not_overflow() -> None:
    penny = Row(LOT, LOT, 1, -5_000_000, [], [(1, SIZE_LOTS_MAX)])
    palace = Row(LOT, LOT, 1, -5_000_000, [(PRICE_TICKS_MAX, SIZE_LOTS_MAX)], [])
    for hot in built([penny, palace]):
        assert hot.edge(0, 1) == EDGE_E8_MAX
        size = SIZE_LOTS_MAX
        assert hot.walk(0, 1, size) == (size, size, PRICE_TICKS_MAX * size, 1, PRICE_TICKS_MAX)
        assert hot.edge(1, 0) is None


def test_what_is_too_large_in_common_units_is_left_alone() -> None:
    coarse = Row(Grid(999_999_999, 0), Grid(1, 0), 1, 0, [(PRICE_TICKS_MAX, 5)], [])
    fine = Row(Grid(1, -9), Grid(1, -9), 1, 0, [], [(1_000, SIZE_LOTS_MAX)])
    for hot in built([fine, coarse]):
        assert hot.edge(0, 1) is None
        assert hot.walk(0, 1, 1_000) == (0, 0, 0, 0, 0)


def test_order_steps_beyond_any_size_give_no_size() -> None:
    coarse = Row(Grid(1, 0), Grid(999_999_999, 0), 1_000_000_000, 0, [(10, 9)], [(11, 9)])
    fine = Row(Grid(1, 0), Grid(999_999_998, -9), 999_999_937, 0, [(20, 10**9)], [(21, 9)])
    for hot in built([coarse, fine]):
        assert (hot.edge(0, 1) or 0) > 0
        assert hot.walk(0, 1, SIZE_LOTS_MAX) == (0, 0, 0, 0, 0)


def test_grids_too_far_apart_are_refused_and_change_nothing() -> None:
    for hot in built([CHEAP, DEAR]):
        before = [hot.units(0), hot.units(1), hot.walk(0, 1, 100)]
        for grid in (Grid(1, 8), Grid(1, -12)):
            with pytest.raises((ValueError, ConfigError), match="more than 9 decimals apart"):
                add(hot, "FAR", CHEAP._replace(price=grid))
        assert [hot.units(0), hot.units(1), hot.walk(0, 1, 100)] == before


def test_the_border_checks_its_arguments() -> None:
    hot = built([CHEAP, DEAR])[0]
    for change in ({"order_step": 0}, {"fee_e8": 5_000_001}, {"price": Grid(0, 0)}, {"size": Grid(1, 10)}):
        with pytest.raises(ValueError, match="expected"):
            add(hot, "NEW", CHEAP._replace(**change))
    for index in range(2, GROUP_BOOKS_MAX):
        assert add(hot, f"B{index}", CHEAP) == index
    with pytest.raises(ValueError, match="group: too many books"):
        add(hot, "ONE_MORE", CHEAP)
    with pytest.raises(ValueError, match="already there"):
        add(hot, "BOOK0", CHEAP)
    for call in (lambda: hot.walk(0, 0, 1), lambda: hot.walk(0, 1, -1), lambda: hot.edge(1, 1)):
        with pytest.raises(ValueError, match="expected"):
            call()
    with pytest.raises(IndexError):
        hot.edges(GROUP_BOOKS_MAX)


def test_a_ladder_begins_at_the_newer_level() -> None:
    levels = [(10, 1), (11, 2), (13, 3)]
    assert ladder(levels, True, (0, 0)) == levels
    assert ladder(levels, True, (11, 9)) == [(11, 9), (13, 3)]
    assert ladder(levels, True, (9, 9)) == [(9, 9), *levels]
    assert ladder(levels[::-1], False, (11, 9)) == [(11, 9), (10, 1)]


def test_a_group_forgets_a_pair_that_has_ended() -> None:
    group = Group()
    for book in (0, 1):
        group.add(Member(book, CENT, LOT, 1, 0))
    rng = random.Random(1)
    for _ in range(500):
        tops = [tuple((rng.randrange(4), 1) for _ in range(2)) for _ in range(2)]
        for index, (bid, ask) in enumerate(tops):
            group.update(index, bid, ask, 0)
        assert group.active(0, 1) is (tops[0][1][0] > 0 and tops[1][0][0] >= tops[0][1][0])
