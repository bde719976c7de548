"""The fair price: the median of the mids, exact; one book that has run away leaves it between the others."""

from __future__ import annotations

from fractions import Fraction
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.signals.fair_price import fair_price

doubled = st.integers(2, 2**51)


@pytest.mark.parametrize(
    ("books", "expected"),
    [
        ([], Fraction(0)),
        ([3], Fraction(3, 2)),
        ([2, 2], Fraction(1)),
        ([4, 6], Fraction(5, 2)),
        ([7, 3, 9], Fraction(7, 2)),
        ([8, 1, 2, 4], Fraction(3, 2)),
    ],
)
def test_table(books: list[int], expected: Fraction) -> None:
    assert Fraction(*fair_price(books)) == expected


@given(st.lists(doubled, min_size=1, max_size=9))
def test_it_is_the_median_of_the_mids(books: list[int]) -> None:
    assert Fraction(*fair_price(books)) == median([Fraction(each, 2) for each in books])


@given(st.lists(doubled, min_size=2, max_size=8), doubled)
def test_one_book_cannot_leave_the_others(books: list[int], mad: int) -> None:
    mids = [Fraction(each, 2) for each in books]
    assert min(mids) <= Fraction(*fair_price([*books, mad])) <= max(mids)
