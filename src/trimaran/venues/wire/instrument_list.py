"""What the readers of every venue's list of instruments share: envelopes, entries, steps and size grids.

A list comes as an envelope of raw entries, and the entries are decoded one by one, so that a strange symbol
that nobody asked for cannot refuse the whole market. Errors name the field. Steps are exact decimals.

A size grid is as fine as the market data can be, because orders from before a change of the lot still rest
in the books; the lot itself, which an order must keep to, becomes `order_step`. A coin that costs 1e-6 is
traded by the thousand million, and in units of 1e-8 such sizes leave the 62 bits of a level: there the grid
is coarser, as coarse as the largest order, a thousandfold, needs, but never coarser than the lot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind, GridError
from trimaran.base.limits import SIZE_LOTS_MAX, SYMBOL_BYTES_MAX
from trimaran.domain.instrument import Asset, Fees, Grid, Symbol

ORDER_STEP_MAX: Final = 10**9  # lots; what the native scan takes
ORDERS_PER_LEVEL: Final = 1_000  # orders of the largest size that one level must have room for
STEP_MIN: Final = Decimal("1e-18")
AMOUNT_MAX: Final = Decimal("1e18")
MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Body = TypeVar("Body")
Entry = TypeVar("Entry")


class FeeTable(msgspec.Struct, frozen=True):
    """Fee rates of an account: a rate for everything, and exceptions by symbol."""

    default: Fees
    by_symbol: Mapping[str, Fees] = {}

    def of(self, symbol: str) -> Fees:
        """The rates of one symbol."""
        return self.by_symbol.get(symbol, self.default)


def decode_body(decoder: msgspec.json.Decoder[Body], body: bytes, name: str) -> Body:
    """The envelope of a list that is called `name`. Raises DecodeError, MALFORMED or SCHEMA."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _schema_error(error, "", name) from error
    except MALFORMED as error:
        raise DecodeError(DecodeKind.MALFORMED, name, "JSON", body[:80]) from error


def decode_entries(
    raws: Sequence[msgspec.Raw],
    decoder: msgspec.json.Decoder[Entry],
    root: str,
    key: str,
    symbols: Collection[str] | None,
) -> Iterator[Entry]:
    """The entries of the list in the envelope's field `root`; only those whose `key` is among `symbols`.

    Raises DecodeError for one that is asked for and cannot be read; the others are not looked at beyond
    their name.
    """
    names = msgspec.json.Decoder(msgspec.defstruct("_Name", [(key, str)]))
    for at, raw in enumerate(raws):
        if symbols is not None and _name(raw, names, key) not in symbols:
            continue
        field = f"{root}[{at}]"
        try:
            yield decoder.decode(raw)
        except msgspec.ValidationError as error:
            raise _schema_error(error, field, field) from error
        except MALFORMED as error:
            raise DecodeError(DecodeKind.MALFORMED, field, "JSON", bytes(raw)[:80]) from error


def symbol_of(text: str) -> Symbol:
    """A symbol that the platform can hold. Raises DecodeError."""
    if not 0 < len(text.encode()) <= SYMBOL_BYTES_MAX:
        raise DecodeError(DecodeKind.RANGE, "symbol", f"1..{SYMBOL_BYTES_MAX} bytes", text)
    return Symbol(text)


def asset_of(field: str, text: str) -> Asset:
    """An asset, in upper case. Raises DecodeError when it is missing."""
    if not text:
        raise DecodeError(DecodeKind.SCHEMA, field, "an asset", text)
    return Asset(text.upper())


def decimal_of(field: str, text: str) -> Decimal | None:
    """The number in a venue's text; None for the empty text, which means that there is none."""
    if not text:
        return None
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise DecodeError(DecodeKind.SCHEMA, field, "a decimal string", text) from error


def step_grid(field: str, step: Decimal | None) -> Grid:
    """The grid of a step. Raises DecodeError: SCHEMA when there is none, RANGE when it cannot be held."""
    if step is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "a decimal string", None)
    if not (step.is_finite() and STEP_MIN <= step <= AMOUNT_MAX):
        raise DecodeError(DecodeKind.RANGE, field, f"a step of {STEP_MIN}..{AMOUNT_MAX}", str(step))
    try:
        return Grid.of(step)
    except GridError as error:
        raise DecodeError(DecodeKind.RANGE, field, "nine digits, 1e-18..1e9", str(step)) from error


def amount_of(field: str, amount: Decimal | None) -> Decimal:
    """An amount of at least 0; an absent one is 0. Raises DecodeError."""
    if amount is None:
        return Decimal(0)
    if not (amount.is_finite() and 0 <= amount <= AMOUNT_MAX):
        raise DecodeError(DecodeKind.RANGE, field, f"0..{AMOUNT_MAX}", str(amount))
    return amount


def size_grid(field: str, lot_grid: Grid, digits: int | None, size_max: Decimal) -> Grid:
    """The finest of: `digits` decimals, then ten times coarser each, then the lot itself, that has room.

    `size_max` is the largest order, in the unit of the lot; 0 is no bound. `field` is to blame for it.
    """
    finest = lot_grid.exponent if digits is None else min(-digits, lot_grid.exponent)
    decimals = range(finest, lot_grid.exponent + 1) if digits is not None else ()
    for grid in (*(Grid(1, exponent) for exponent in decimals), lot_grid):
        room = size_max * ORDERS_PER_LEVEL <= grid.decimal(SIZE_LOTS_MAX)
        if room and lot_grid.step <= grid.step * ORDER_STEP_MAX:
            return grid
    expected = f"at most {SIZE_LOTS_MAX} steps of {lot_grid.step} in {ORDERS_PER_LEVEL} orders"
    raise DecodeError(DecodeKind.RANGE, field, expected, str(size_max))


def order_lots_min(field: str, amount: Decimal, grid: Grid, order_step: int) -> int:
    """The smallest order in lots of `grid`: `amount`, rounded up to the order step; one such step at least.

    Raises DecodeError that blames `field` when no order could be so large.
    """
    if amount > grid.decimal(SIZE_LOTS_MAX - order_step):
        raise DecodeError(
            DecodeKind.RANGE, field, f"at most {SIZE_LOTS_MAX} steps of {grid.step}", str(amount)
        )
    step = grid.decimal(order_step)
    steps = int(amount // step)
    return max(steps + (steps * step < amount), 1) * order_step


def _name(raw: msgspec.Raw, names: msgspec.json.Decoder[msgspec.Struct], key: str) -> str:
    """The symbol of an entry; empty, which is no symbol, when it has none that can be read."""
    try:
        return str(getattr(names.decode(raw), key))
    except MALFORMED:
        return ""


def _schema_error(error: msgspec.ValidationError, root: str, name: str) -> DecodeError:
    """msgspec's text is `<what> - at `$.<path>``; where the path is missing the root is at fault."""
    what, _, path = str(error).partition(" - at ")
    field = (root + path.strip("`").removeprefix("$")).removeprefix(".") or name
    return DecodeError(DecodeKind.SCHEMA, field, "its documented type", what)
