"""Decimal text to integer grid steps, exactly: the twin of `decimal.hpp`.

No float and no rounding. A number is legal when it follows the JSON grammar, whatever its length or
exponent; whether it is on the grid and within the limits is decided on its exact value.
"""

from __future__ import annotations

import re
from typing import Final

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import NUMBER_BYTES_MAX
from trimaran.domain.instrument import Grid

_NUMBER: Final = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)
_EXPONENT_BOUND: Final = 10_000_000
_DIGITS_MAX: Final = 19  # of a 64-bit value

WHOLE: Final = Grid(1, 0)


def steps_of(text: str, grid: Grid, maximum: int, field: str) -> int:
    """The number of grid steps that `text` stands for.

    Raises DecodeError: SCHEMA (not a number), OFF_GRID (finer than the grid), RANGE (negative, above
    `maximum`, or of more than 19 digits counted in 10**grid.exponent).
    """
    match = _NUMBER.fullmatch(text) if len(text) <= NUMBER_BYTES_MAX else None
    if match is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "a decimal number", text)
    sign, whole, fraction, exponent_text = match.groups()
    fraction = fraction or ""
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return 0
    if sign:
        raise DecodeError(DecodeKind.RANGE, field, "a number that is not negative", text)
    exponent = len(digits) - len(significant) - len(fraction) + _bounded(exponent_text)
    shift = exponent - grid.exponent
    if shift < 0:
        raise DecodeError(DecodeKind.OFF_GRID, field, f"a multiple of {grid.step}", text)
    if len(significant) + shift > _DIGITS_MAX:
        raise DecodeError(DecodeKind.RANGE, field, f"at most {maximum} steps of {grid.step}", text)
    steps, rest = divmod(int(significant + "0" * shift), grid.units)
    if rest:
        raise DecodeError(DecodeKind.OFF_GRID, field, f"a multiple of {grid.step}", text)
    if steps > maximum:
        raise DecodeError(DecodeKind.RANGE, field, f"at most {maximum} steps of {grid.step}", text)
    return steps


def _bounded(exponent: str | None) -> int:
    if exponent is None:
        return 0
    if len(exponent.lstrip("+-0")) > len(str(_EXPONENT_BOUND)):
        return -_EXPONENT_BOUND if exponent.startswith("-") else _EXPONENT_BOUND
    return int(exponent)
