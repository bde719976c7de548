"""Exact arithmetic: rounding and floats are errors; one spelling for a number."""

from __future__ import annotations

from decimal import Decimal, FloatOperation, Inexact, localcontext

import pytest

from trimaran.domain.exact import EXACT, canonical


def test_rounding_is_an_error() -> None:
    with localcontext(EXACT), pytest.raises(Inexact):
        Decimal(1) / Decimal(3)


def test_a_float_is_an_error() -> None:
    with localcontext(EXACT), pytest.raises(FloatOperation):
        Decimal(float("0.1"))


def test_what_the_default_context_would_round_is_exact() -> None:
    with localcontext(EXACT):
        assert Decimal(2**50 * 10**9) ** 3 == Decimal((2**50 * 10**9) ** 3)


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("-0.00", "0"), ("1E+3", "1000"), ("1.500", "1.5"), ("-1E-10", "-0.0000000001")],
)
def test_one_spelling(value: str, text: str) -> None:
    assert canonical(Decimal(value)) == text
