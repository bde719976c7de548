"""Members of a venue's JSON object, read one by one: the twin of `fields.hpp` and of `levels.hpp`.

Every reader raises DecodeError, and the order in which a decoder reads is part of its contract with the
native twin: both report the same first fault. SCHEMA is a missing member or a wrong type, RANGE a number
outside of the limits, OFF_GRID a number finer than its grid, OVERSIZE a side of too many levels.
"""

from __future__ import annotations

from collections.abc import Mapping

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.json_value import JsonValue, NumberText
from trimaran.base.limits import LEVELS_PER_SIDE_MAX, PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.books.decimal_text import WHOLE, cut_steps_of, e12_of, steps_of
from trimaran.domain.instrument import Grid
from trimaran.domain.market import BookGrid, Level

Fields = Mapping[str, JsonValue]


def whole(fields: Fields, key: str, maximum: int) -> int:
    """A whole number of 0..maximum as a JSON number, in any spelling (`5`, `5.0`, `5e0`)."""
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int | NumberText):
        raise DecodeError(DecodeKind.SCHEMA, key, "a whole number", value)
    return _whole(value, key, maximum)


def whole_text(fields: Fields, key: str, maximum: int) -> int:
    """The same as a JSON number or string."""
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise DecodeError(DecodeKind.SCHEMA, key, "a whole number", value)
    return _whole(value, key, maximum)


def number(fields: Fields, key: str, grid: Grid, maximum: int) -> int:
    """A decimal as a JSON number or string, in steps of `grid`."""
    return _steps(fields.get(key), grid, maximum, key)


def price(fields: Fields, key: str, grid: BookGrid) -> int:
    """A price in ticks; 0 is legal."""
    return number(fields, key, grid.price_grid, PRICE_TICKS_MAX)


def size(fields: Fields, key: str, grid: BookGrid) -> int:
    """A size in lots; 0 is legal."""
    return _lots(fields.get(key), grid, key)


def levels(fields: Fields, key: str, grid: BookGrid) -> tuple[Level, ...]:
    """One side of a book, `[[price, size, ...], ...]`, in the venue's order; sizes of 0 stay in."""
    rows = fields.get(key)
    if not isinstance(rows, list):
        raise DecodeError(DecodeKind.SCHEMA, key, "an array of levels", rows)
    if len(rows) > LEVELS_PER_SIDE_MAX:
        raise DecodeError(DecodeKind.OVERSIZE, key, f"at most {LEVELS_PER_SIDE_MAX} levels", len(rows))
    return tuple(level(row, f"{key}[{index}]", grid) for index, row in enumerate(rows))


def level(row: JsonValue, field: str, grid: BookGrid) -> Level:
    """One level, `[price, size, ...]`; `field` names it in the error."""
    if not isinstance(row, list) or len(row) < 2:
        raise DecodeError(DecodeKind.SCHEMA, field, "[price, size]", row)
    price_ticks = _steps(row[0], grid.price_grid, PRICE_TICKS_MAX, field)
    if price_ticks == 0:
        raise DecodeError(DecodeKind.RANGE, field, "a price above 0", row[0])
    return price_ticks, _lots(row[1], grid, field)


def e12(fields: Fields, key: str) -> int:
    """A signed decimal as a JSON string, in 1e-12, towards zero."""
    return e12_of(text(fields, key), key)


def text(fields: Fields, key: str) -> str:
    """A JSON string."""
    value = fields.get(key)
    if not isinstance(value, str) or isinstance(value, NumberText):
        raise DecodeError(DecodeKind.SCHEMA, key, "a string", value)
    return value


def _whole(value: int | str, key: str, maximum: int) -> int:
    try:
        return steps_of(str(value), WHOLE, maximum, key)
    except DecodeError as error:
        if error.kind is DecodeKind.OFF_GRID:
            raise DecodeError(DecodeKind.SCHEMA, key, "a whole number", value) from None
        raise


def _lots(value: JsonValue, grid: BookGrid, field: str) -> int:
    if not grid.cuts_sizes or isinstance(value, bool) or not isinstance(value, int | str):
        return _steps(value, grid.size_grid, SIZE_LOTS_MAX, field)
    return cut_steps_of(str(value), grid.size_grid, SIZE_LOTS_MAX, field)


def _steps(value: JsonValue, grid: Grid, maximum: int, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise DecodeError(DecodeKind.SCHEMA, field, "a decimal number", value)
    return steps_of(str(value), grid, maximum, field)
