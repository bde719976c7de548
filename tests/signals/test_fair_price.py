"""The fair price is the median of the mids: exact, and one venue that ran away does not move it."""

from __future__ import annotations

from decimal import Decimal
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.signals.fair_price import fair_price

prices = st.decimals("0.01", "1000000", places=2)
tops = st.tuples(prices, prices)


@pytest.mark.parametrize(
    ("books", "fair"),
    [
        ([], None),
        ([("1", "2")], "1.5"),
        ([("1", "1")], "1"),
        ([("1", "2"), ("3", "4")], "2.5"),
        ([("3", "4"), ("900", "1000"), ("1", "2")], "3.5"),
        ([("0.01", "0.02"), ("0.02", "0.03")], "0.02"),
    ],
)
def test_table(books: list[tuple[str, str]], fair: str | None) -> None:
    found = fair_price((Decimal(bid), Decimal(ask)) for bid, ask in books)
    assert found == (None if fair is None else Decimal(fair))


@given(st.lists(tops, min_size=1, max_size=9))
def test_it_is_the_median_of_the_mids(books: list[tuple[Decimal, Decimal]]) -> None:
    assert fair_price(books) == median([(bid + ask) / 2 for bid, ask in books])


@given(st.lists(tops, min_size=2, max_size=8), tops)
def test_one_book_cannot_leave_the_others(
    books: list[tuple[Decimal, Decimal]], mad: tuple[Decimal, Decimal]
) -> None:
    mids = [(bid + ask) / 2 for bid, ask in books]
    found = fair_price([*books, mad])
    assert found is not None
    assert min(mids) <= found <= max(mids)
