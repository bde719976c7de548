"""Decimal text to integer grid steps, exactly: the twin of `decimal.hpp`.

No float and no rounding. A number is legal when it follows the JSON grammar, whatever its length or
exponent; whether it is on the grid and within the limits is decided on its exact value.
"""

from __future__ import annotations

import re
from typing import Final

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import E12_MAX, NUMBER_BYTES_MAX
from trimaran.domain.instrument import Grid

_NUMBER: Final = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)
_EXPONENT_BOUND: Final = 10_000_000
_DIGITS_MAX: Final = 19  # of a 64-bit value
_TENS: Final[tuple[int, ...]] = tuple(10**power for power in range(_DIGITS_MAX))

WHOLE: Final = Grid(1, 0)


def steps_of(text: str, grid: Grid, maximum: int, field: str) -> int:
    """The number of grid steps that `text` stands for.

    Raises DecodeError: SCHEMA (not a number), OFF_GRID (finer than the grid), RANGE (negative, above
    `maximum`, or of more than 19 digits counted in 10**grid.exponent).
    """
    whole, dot, fraction = text.partition(".")
    shift = grid.exponent + len(fraction)
    if shift < len(_TENS) and len(text) - min(shift, 0) < _DIGITS_MAX and text.isascii():
        digits = whole + fraction
        # Nearly every number is of this kind; everything else, and every error, is told below.
        if digits.isdecimal() and whole and (whole[0] != "0" or len(whole) == 1) and (fraction or not dot):
            if shift < 0:
                steps, rest = divmod(int(digits) * _TENS[-shift], grid.units)
            else:
                steps, rest = divmod(int(digits), grid.units * _TENS[shift])
            if not rest and steps <= maximum:
                return steps
    return _any_steps_of(text, grid, maximum, field)


def grid_text(value: int, grid: Grid) -> str:
    """`value` steps of a grid as a plain decimal, exactly: no exponent, no trailing zeros."""
    assert value > 0, value
    digits, exponent = str(value * grid.units), grid.exponent
    if exponent >= 0:
        return digits + "0" * exponent
    digits = digits.rjust(1 - exponent, "0")
    fraction = digits[exponent:].rstrip("0")
    return f"{digits[:exponent]}.{fraction}" if fraction else digits[:exponent]


def _any_steps_of(text: str, grid: Grid, maximum: int, field: str) -> int:
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


def cut_steps_of(text: str, grid: Grid, maximum: int, field: str) -> int:
    """The same, but what is finer than the grid is cut off: of sizes that are only shown, not of prices.

    Raises DecodeError SCHEMA or RANGE.
    """
    try:
        return steps_of(text, grid, maximum, field)
    except DecodeError as error:
        if error.kind is not DecodeKind.OFF_GRID:
            raise
    value = _cut(text, -grid.exponent)
    if value is None or value // grid.units > maximum:
        raise DecodeError(DecodeKind.RANGE, field, f"at most {maximum} steps of {grid.step}", text)
    return value // grid.units


def e12_of(text: str, field: str) -> int:
    """The whole number of 1e-12 in `text`, towards zero: for what lives on no grid, and may be negative.

    Raises DecodeError: SCHEMA (not a number), RANGE (beyond `E12_MAX` either way).
    """
    if len(text) > NUMBER_BYTES_MAX or not _NUMBER.fullmatch(text):
        raise DecodeError(DecodeKind.SCHEMA, field, "a decimal number", text)
    value = _cut(text.removeprefix("-"), 12)
    if value is None:
        raise DecodeError(DecodeKind.RANGE, field, f"at most {E12_MAX} times 1e-12", text)
    return -value if text.startswith("-") else value


def _cut(text: str, places: int) -> int | None:
    """The whole number of 10**-places in a number that is not negative; None above `E12_MAX`."""
    match = _NUMBER.fullmatch(text)
    assert match is not None
    _, whole, fraction, exponent_text = match.groups()
    digits = whole + (fraction or "")
    wanted = len(whole) + places + _bounded(exponent_text)  # digits before the cut
    kept = digits[: max(wanted, 0)].lstrip("0")
    missing = max(wanted - len(digits), 0)
    if not kept:
        return 0
    if len(kept) + missing > _DIGITS_MAX:
        return None
    value = int(kept) * 10**missing
    return value if value <= E12_MAX else None


def _bounded(exponent: str | None) -> int:
    if exponent is None:
        return 0
    if len(exponent.lstrip("+-0")) > len(str(_EXPONENT_BOUND)):
        return -_EXPONENT_BOUND if exponent.startswith("-") else _EXPONENT_BOUND
    return int(exponent)
