"""One suite for both books, and both books against each other and against a plain dictionary."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from trimaran.base.limits import BOOK_LEVELS_MAX, PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.books.l2 import Book as TwinBook
from trimaran.native._hot import Book as NativeBook

ALL = 1 << 20
EMPTY_HASH = TwinBook().state_hash()
Level = tuple[int, int]


def sides(book: Any) -> tuple[list[Level], list[Level]]:
    return list(book.depth(0, ALL)), list(book.depth(1, ALL))


def test_a_new_book_is_empty(book: Any) -> None:
    assert sides(book) == ([], [])
    assert not book.crossed()
    assert book.state_hash() == EMPTY_HASH


LEVELS_SET = [
    # (what, bids of the deltas in their order, bids afterwards)
    ("one", [[(10, 5)]], [(10, 5)]),
    ("sorted best first", [[(10, 5), (12, 1), (11, 2)]], [(12, 1), (11, 2), (10, 5)]),
    ("size is absolute", [[(10, 5)], [(10, 3)]], [(10, 3)]),
    ("the last of a repeated price counts", [[(10, 5), (10, 7), (10, 6)]], [(10, 6)]),
    ("zero removes", [[(10, 5), (11, 5)], [(11, 0)]], [(10, 5)]),
    ("removing what is not there is normal", [[(10, 5)], [(9, 0), (11, 0)]], [(10, 5)]),
    ("removed and set again", [[(10, 5)], [(10, 0), (10, 4)]], [(10, 4)]),
    ("set and removed again", [[(10, 5), (10, 0)]], []),
    ("the last level goes", [[(10, 5)], [(10, 0)]], []),
    (
        "smallest and largest",
        [[(1, 1), (PRICE_TICKS_MAX, SIZE_LOTS_MAX)]],
        [(PRICE_TICKS_MAX, SIZE_LOTS_MAX), (1, 1)],
    ),
]


@pytest.mark.parametrize(
    ("deltas", "expected"), [row[1:] for row in LEVELS_SET], ids=[row[0] for row in LEVELS_SET]
)
@pytest.mark.parametrize("side", [0, 1])
def test_levels(book: Any, side: int, deltas: list[list[Level]], expected: list[Level]) -> None:
    for delta in deltas:
        book.apply(*(delta, []) if side == 0 else ([], delta))
    assert list(book.depth(side, ALL)) == (expected if side == 0 else expected[::-1])
    assert list(book.depth(1 - side, ALL)) == []


@pytest.mark.parametrize(
    ("bids", "asks", "crossed"),
    [
        ([], [], False),
        ([10], [], False),
        ([], [10], False),
        ([10], [11], False),
        ([10], [10], True),
        ([11], [10], True),
    ],
)
def test_crossed(book: Any, bids: list[int], asks: list[int], crossed: bool) -> None:
    book.apply([(price, 1) for price in bids], [(price, 1) for price in asks])
    assert book.crossed() is crossed


def test_depth_is_cut(book: Any) -> None:
    book.load([(3, 1), (2, 1), (1, 1)], [(4, 1), (5, 1)])
    assert list(book.depth(0, 2)) == [(3, 1), (2, 1)]
    assert list(book.depth(1, 0)) == []
    assert list(book.depth(1, 99)) == [(4, 1), (5, 1)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
def test_trimming_keeps_the_best(book: Any, count: int) -> None:
    bids, asks = [(12, 1), (11, 2), (10, 5)], [(13, 1), (14, 2)]
    book.load(bids, asks)
    book.trim(count)
    assert sides(book) == (bids[:count], asks[:count])
    book.apply([(10, 7), (13, 0)], [(13, 3)])  # what was forgotten may come again
    best = [level for level in bids[:count] if level[0] != 10]
    assert sides(book) == ([*best, (10, 7)], [(13, 3), *asks[1:count]])


def test_a_snapshot_replaces(book: Any) -> None:
    book.load([(10, 1)], [(20, 1)])
    book.load([(5, 2)], [])
    assert sides(book) == ([(5, 2)], [])
    book.clear()
    assert sides(book) == ([], [])
    assert book.state_hash() == EMPTY_HASH


def test_any_order_of_a_snapshot_is_the_same_book(make_book: Callable[[], Any]) -> None:
    rng = random.Random(3)
    bids = [(price, price % 7 + 1) for price in range(1000, 700, -1)]
    asks = [(price, price % 5 + 1) for price in range(1001, 1300)]
    hashes = set()
    for order in range(4):
        book = make_book()
        if order:
            rng.shuffle(bids)
            rng.shuffle(asks)
        book.load([*bids, (1, 0)] if order == 3 else bids, asks)
        hashes.add(book.state_hash())
    assert len(hashes) == 1


def test_the_hash_tells_sides_sizes_and_counts_apart(make_book: Callable[[], Any]) -> None:
    books = [
        ([(1, 2)], []),
        ([], [(1, 2)]),
        ([(2, 1)], []),
        ([(1, 2), (2, 1)], []),
        ([(2, 1)], [(3, 2)]),
        ([], []),
    ]
    hashes = set()
    for bids, asks in books:
        book = make_book()
        book.load(bids, asks)
        hashes.add(book.state_hash())
    assert len(hashes) == len(books)


def full_book(make_book: Callable[[], Any]) -> Any:
    """Bids 2, 4, ..: the side is full."""
    book = make_book()
    for start in range(1, BOOK_LEVELS_MAX + 1, 10_000):
        book.apply([(2 * price, 1) for price in range(start, start + 10_000)], [])
    return book


def test_a_full_side_forgets_its_worst_level(make_book: Callable[[], Any]) -> None:
    book = full_book(make_book)
    best = 2 * BOOK_LEVELS_MAX
    for level, worst in [((1, 5), 2), ((best + 2, 5), 4), ((9, 5), 6), ((7, 0), 6), ((6, 3), 6), ((5, 1), 6)]:
        book.apply([level], [])
        bids = list(book.depth(0, ALL))
        assert (len(bids), bids[-1][0]) == (BOOK_LEVELS_MAX, worst), level
    book.apply([(6, 0)], [])
    assert len(book.depth(0, ALL)) == BOOK_LEVELS_MAX - 1
    book.apply([(1, 5)], [])
    assert list(book.depth(0, ALL))[-1] == (1, 5)


def test_a_full_side_is_the_same_in_both() -> None:
    native, twin = full_book(NativeBook), full_book(TwinBook)
    rng = random.Random(5)
    for _ in range(300):
        delta = [(rng.randrange(1, 2 * BOOK_LEVELS_MAX + 50), rng.choice([0, 1, 2, 3])) for _ in range(20)]
        native.apply(delta, [])
        twin.apply(delta, [])
    assert native.state_hash() == twin.state_hash()


def test_a_snapshot_beyond_the_limit_is_cut_in_both() -> None:
    bids = [(price, 1) for price in range(BOOK_LEVELS_MAX + 7, 0, -1)]
    native, twin = NativeBook(), TwinBook()
    native.load(bids, [])
    twin.load(bids, [])
    assert native.state_hash() == twin.state_hash()
    assert len(native.depth(0, ALL)) == BOOK_LEVELS_MAX


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 16, 24, 25, 40, 57, 200, 900])
def test_every_place_of_a_deep_side(count: int) -> None:
    """Each position that the search from the back can end at, for presence and absence."""
    for at in range(0, 2 * count + 3, 1 if count < 60 else 13):
        for size in (0, 5):
            native, twin = NativeBook(), TwinBook()
            for book in (native, twin):
                book.load(
                    [(2 * n, 1) for n in range(count, 0, -1)], [(2 * n, 1) for n in range(1, count + 1)]
                )
                book.apply([(at or 1, size)], [(at or 1, size)])
            assert sides(native) == sides(twin)
            assert native.state_hash() == twin.state_hash()


def test_long_random_streams_end_alike() -> None:
    rng = random.Random(11)
    native, twin = NativeBook(), TwinBook()
    plain: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for step in range(4000):
        spread = rng.choice([5, 60, 700])
        delta = tuple(
            [
                (1000 + sign * rng.randrange(spread), rng.choice([0, 0, 1, 2**62]))
                for _ in range(rng.randrange(5))
            ]
            for sign in (-1, 1)
        )
        for book in (native, twin):
            book.apply(*delta)
        for side, levels in zip(plain, delta, strict=True):
            for price, size in levels:
                side[price] = size
        if step % 500 == 499:
            assert native.state_hash() == twin.state_hash()
            held = [{price: size for price, size in side.items() if size} for side in plain]
            assert sides(native) == (sorted(held[0].items(), reverse=True), sorted(held[1].items()))


@pytest.mark.parametrize(
    "level", [(0, 1), (-1, 1), (PRICE_TICKS_MAX + 1, 1), (1, -1), (1, SIZE_LOTS_MAX + 1)]
)
def test_the_border_refuses_levels_out_of_range(level: Level) -> None:
    with pytest.raises(ValueError, match="level: expected"):
        NativeBook().apply([level], [])


prices = st.integers(1, 40) | st.integers(1, 3000) | st.sampled_from([1, PRICE_TICKS_MAX])
levels = st.lists(st.tuples(prices, st.sampled_from([0, 1, 2, SIZE_LOTS_MAX])), max_size=30)


class BothBooks(RuleBasedStateMachine):
    """Anything that can be done to a book, done to both."""

    def __init__(self) -> None:
        super().__init__()
        self.native, self.twin = NativeBook(), TwinBook()

    def do(self, name: str, *arguments: Sequence[Level]) -> None:
        getattr(self.native, name)(*arguments)
        getattr(self.twin, name)(*arguments)

    @initialize(first=st.integers(1, 500), count=st.sampled_from([0, 3, 300]))
    def start_deep(self, first: int, count: int) -> None:
        bids = [(first + 3 * n, n + 1) for n in range(count, 0, -1)]
        self.do("load", bids, bids[::-1])

    @rule(bids=levels, asks=levels)
    def apply(self, bids: list[Level], asks: list[Level]) -> None:
        self.do("apply", bids, asks)

    @rule(bids=levels, asks=levels)
    def load(self, bids: list[Level], asks: list[Level]) -> None:
        self.do("load", bids, asks)

    @rule(count=st.integers(0, 60))
    def trim(self, count: int) -> None:
        self.native.trim(count)
        self.twin.trim(count)

    @rule()
    def clear(self) -> None:
        self.do("clear")

    @invariant()
    def are_the_same(self) -> None:
        assert sides(self.native) == sides(self.twin)
        assert self.native.state_hash() == self.twin.state_hash()
        assert self.native.crossed() == self.twin.crossed()


BothBooks.TestCase.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
TestBothBooks = BothBooks.TestCase


@settings(max_examples=100, deadline=None)
@given(levels, levels)
def test_loading_is_applying_to_an_empty_book(bids: list[Level], asks: list[Level]) -> None:
    for make in (NativeBook, TwinBook):
        loaded, applied = make(), make()
        loaded.load(bids, asks)
        applied.apply(bids, asks)
        assert loaded.state_hash() == applied.state_hash()
