"""Numbers as venues write them, against exact decimals and Java's rules."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.domain.instrument import Grid
from trimaran.venues.sim.instruments import instruments_of
from trimaran.venues.sim.markets import HTX_SWAP, MARKETS
from trimaran.venues.sim.numerals import TEXTS_MAX, Amounts, Numerals, fixed, java, plain, scaled


@given(st.integers(0, 10**15), st.integers(-10, 4))
def test_every_way_of_writing_is_exact(value: int, exponent: int) -> None:
    exact = Decimal(value).scaleb(exponent)
    assert Decimal(plain(value, exponent)) == exact
    assert Decimal(java(value, exponent)) == exact
    assert Decimal(fixed(10)(value, exponent)) == exact
    assert "E" not in plain(value, exponent)


@pytest.mark.parametrize(
    ("value", "exponent", "text"),
    [
        (8, -5, "8.0E-5"),
        (912, -9, "9.12E-7"),
        (1, -3, "0.001"),
        (38, 0, "38.0"),
        (9_999_999, 0, "9999999.0"),
        (12_345_678, 0, "1.2345678E7"),
        (10_000_000, 0, "1.0E7"),
        (0, -6, "0.0"),
        (6_174_209, -2, "61742.09"),
    ],
)
def test_as_java_prints_doubles(value: int, exponent: int, text: str) -> None:
    assert java(value, exponent) == text


@pytest.mark.parametrize(
    ("value", "exponent", "text"),
    [(639_200, -1, "63920"), (5, -3, "0.005"), (12, 2, "1200"), (0, -4, "0"), (100, 0, "100")],
)
def test_plain_has_no_trailing_zeros(value: int, exponent: int, text: str) -> None:
    assert plain(value, exponent) == text


def test_fixed_keeps_them() -> None:
    assert Numerals(Grid.of(Decimal("0.05")), fixed(4)).text(3) == "0.1500"
    assert scaled(7, 0) == "7"
    with pytest.raises(AssertionError):
        fixed(1)(5, -2)


def test_texts_that_are_kept_have_a_bound() -> None:
    numerals = Numerals(Grid.of(Decimal("0.05")), plain)
    for _ in range(2):
        for steps in range(2 * TEXTS_MAX):
            assert Decimal(numerals.text(steps)) == steps * Decimal("0.05")
            assert len(numerals._texts) <= TEXTS_MAX


def test_amounts_of_contracts() -> None:
    market = next(each for each in MARKETS if each.name == HTX_SWAP)
    instrument = instruments_of(("BTC",), (market,))[0].instrument
    amounts = Amounts(instrument)
    assert plain(*amounts.base(256)) == "0.256"
    assert plain(*amounts.quote(617_446 * 256)) == "15806.6176"
