"""Decimal text to grid steps: native, twin and exact fractions say the same."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import E12_MAX, PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.books.decimal_text import WHOLE, e12_of, steps_of
from trimaran.domain.instrument import Grid
from trimaran.native import _hot

OK = 0


def twin(text: str, grid: Grid, maximum: int) -> tuple[int, int]:
    try:
        return OK, steps_of(text, grid, maximum, "field")
    except DecodeError as error:
        return error.kind, 0


def both(text: str, grid: Grid, maximum: int) -> tuple[int, int]:
    """What both twins answer."""
    native = _hot.steps_of(text, grid.units, grid.exponent, maximum)
    assert native == twin(text, grid, maximum), (text, grid, maximum)
    return native


def oracle(text: str, grid: Grid, maximum: int) -> set[tuple[int, int]]:
    """The answers that are right: a number can be off the grid and out of range at once."""
    value = Fraction(text) / (Fraction(10) ** grid.exponent * grid.units)
    if value == 0:
        return {(OK, 0)}
    if value < 0:
        return {(DecodeKind.RANGE, 0)}
    faults = set()
    if value.denominator != 1:
        faults.add((int(DecodeKind.OFF_GRID), 0))
    if value > maximum or value * grid.units >= 10**19:
        faults.add((int(DecodeKind.RANGE), 0))
    return faults or {(OK, value.numerator)}


grids = st.builds(
    Grid,
    st.sampled_from([1, 2, 5, 25, 125, 3, 7, 999_999_999]) | st.integers(1, 999_999_999),
    st.integers(-18, 9),
)
maxima = st.sampled_from([PRICE_TICKS_MAX, SIZE_LOTS_MAX, 0, 1, 1000])


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Any legal JSON number of a size that a fraction can hold."""
    whole = draw(st.one_of(st.just("0"), st.integers(0, 10**20).map(str), st.integers(0, 10**40).map(str)))
    fraction = draw(st.one_of(st.just(""), st.text("0123456789", min_size=1, max_size=24), st.just("0" * 30)))
    exponent = draw(st.one_of(st.just(""), st.integers(-40, 40).map(lambda e: f"e{e}"), st.just("E+002")))
    return draw(st.sampled_from(["", "", "-"])) + whole + (f".{fraction}" if fraction else "") + exponent


@settings(max_examples=1000, deadline=None)
@given(numbers(), grids, maxima)
@example("0.1000000000000000000000000000000000000", Grid(1, -1), 1)
@example("1e18", WHOLE, SIZE_LOTS_MAX)
@example("9999999999999999999", Grid(999_999_999, 0), SIZE_LOTS_MAX)
def test_numbers_are_exact(text: str, grid: Grid, maximum: int) -> None:
    assert both(text, grid, maximum) in oracle(text, grid, maximum)


@settings(max_examples=500, deadline=None)
@given(st.integers(0, PRICE_TICKS_MAX), grids, st.integers(0, 5), st.booleans())
def test_multiples_of_the_grid_come_back(steps: int, grid: Grid, zeros: int, scientific: bool) -> None:
    value = grid.decimal(steps)
    text = format(value, "E") if scientific else format(value, "f")
    if "." in text and not scientific:
        text += "0" * zeros
    found = both(text, grid, PRICE_TICKS_MAX)
    digits = len(str(steps * grid.units))
    assert found == (OK, steps) or (digits > 19 and found == (DecodeKind.RANGE, 0))


@settings(max_examples=500, deadline=None)
@given(st.text("0123456789+-.eE ", max_size=12), grids)
def test_texts_that_may_not_be_numbers(text: str, grid: Grid) -> None:
    both(text, grid, PRICE_TICKS_MAX)


@pytest.mark.parametrize(
    "text", ["", "-", ".", "1.", ".1", "01", "+1", "1e", "1e+", " 1", "1 ", "1_0", "١", "0x1", "NaN"]
)
def test_what_is_no_number(text: str) -> None:
    assert both(text, WHOLE, 10)[0] == DecodeKind.SCHEMA


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("0", (OK, 0)),
        ("-0", (OK, 0)),
        ("-0.000e5", (OK, 0)),
        ("0e999999999999999999999", (OK, 0)),
        ("5", (OK, 5)),
        ("500e-2", (OK, 5)),
        ("11", (DecodeKind.RANGE, 0)),
        ("-5", (DecodeKind.RANGE, 0)),
        ("0.5", (DecodeKind.OFF_GRID, 0)),
        ("1e999999999999999999999", (DecodeKind.RANGE, 0)),
        ("1e-999999999999999999999", (DecodeKind.OFF_GRID, 0)),
        ("1" * 999, (DecodeKind.RANGE, 0)),
        ("5." + "0" * 900, (OK, 5)),
    ],
)
def test_table_on_whole_numbers_up_to_ten(text: str, answer: tuple[int, int]) -> None:
    assert both(text, WHOLE, 10) == answer


def twin_e12(text: str) -> tuple[int, int]:
    try:
        return OK, e12_of(text, "field")
    except DecodeError as error:
        return error.kind, 0


def both_e12(text: str) -> tuple[int, int]:
    native = _hot.e12_of(text)
    assert native == twin_e12(text), text
    return native


@settings(max_examples=1000, deadline=None)
@given(numbers())
@example("-0.0001")
@example("4611686.018427387904")
def test_a_signed_number_is_cut_to_whole_units(text: str) -> None:
    value = Fraction(text) * 10**12
    whole = abs(value) // 1
    signed = whole if value >= 0 else -whole
    assert both_e12(text) == ((OK, signed) if whole <= E12_MAX else (DecodeKind.RANGE, 0))


@settings(max_examples=500, deadline=None)
@given(st.text("0123456789+-.eE ", max_size=12))
def test_signed_texts_that_may_not_be_numbers(text: str) -> None:
    both_e12(text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("0.0001515", (OK, 151_500_000)),
        ("-0.000151531545654987", (OK, -151_531_545)),
        ("-0.0000000000009", (OK, 0)),
        ("-0", (OK, 0)),
        ("1e-12", (OK, 1)),
        ("-1E-12", (OK, -1)),
        ("9e-13", (OK, 0)),
        ("1e-99999999999999999999", (OK, 0)),
        ("0e99999999999999999999", (OK, 0)),
        ("0.000000000000000001e6", (OK, 1)),
        ("1e99999999999999999999", (DecodeKind.RANGE, 0)),
        ("64040.123", (OK, 64_040_123 * 10**9)),
        ("-4611686.018427387904", (OK, -E12_MAX)),
        ("-4611686.018427387905", (DecodeKind.RANGE, 0)),
        ("4611686.0184273879049", (OK, E12_MAX)),
        ("0." + "9" * 900, (OK, 10**12 - 1)),
        ("9" * 900, (DecodeKind.RANGE, 0)),
        ("00.1", (DecodeKind.SCHEMA, 0)),
        ("", (DecodeKind.SCHEMA, 0)),
        ("+1", (DecodeKind.SCHEMA, 0)),
    ],
)
def test_table_of_signed_numbers(text: str, answer: tuple[int, int]) -> None:
    assert both_e12(text) == answer


def test_the_error_names_field_expected_and_found() -> None:
    with pytest.raises(DecodeError, match=r"OFF_GRID: price: expected a multiple of 0\.05, found '0\.07'"):
        steps_of("0.07", Grid(5, -2), 10, "price")
