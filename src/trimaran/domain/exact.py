"""Exact decimal arithmetic: the one context in which money is added and multiplied.

Python's default context rounds silently at 28 digits, and a price times a size can be longer. Here
rounding is an error: `Inexact` is trapped, and so is mixing a float into a sum. The precision is far
above what the grid limits allow (a notional has at most about 80 digits), so a trap is a programmer
error or a number that no venue sends. Only the places that must round (an average entry cost) leave
this context, and say so.
"""

from __future__ import annotations

from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Final

PRECISION_DIGITS: Final = 120
ZERO: Final = Decimal(0)

EXACT: Final = Context(
    prec=PRECISION_DIGITS,
    rounding=ROUND_HALF_EVEN,
    traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, FloatOperation],
)  # use as `with localcontext(EXACT):`, which works on a copy
ROUNDING: Final = Context(
    prec=PRECISION_DIGITS,
    rounding=ROUND_HALF_EVEN,
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation],
)  # for the few quotients that have no finite decimal


def canonical(value: Decimal) -> str:
    """One spelling for equal numbers: no exponent, no trailing zeros, no negative zero."""
    if value == 0:
        return "0"
    return format(value.normalize(EXACT), "f")
