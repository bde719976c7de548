"""Binance's field values, both ways: ticks and lots as decimal text, ids, sides, times, amounts of money.

What is written is exact and plain: no exponent, no trailing zeros. What is read is checked against the grid
and the limits, and an error names the field. Empty text means absent.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Annotated, Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX, TIME_MS_MAX
from trimaran.books.decimal_text import grid_text, steps_of
from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientOrderId, decode_client_id
from trimaran.domain.instrument import Instrument, Side
from trimaran.venues.wire.instrument_list import decimal_of

MS: Final = 1_000_000
AMOUNT_MAX: Final = Decimal("1e18")
AMOUNT_EXPONENT_MIN: Final = -40  # no asset has so many decimals
WAITING_PREFIX: Final = "algo:"
EXACT: Final = Context(prec=100)
AVERAGE: Final = Context(prec=28)

Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=TIME_MS_MAX)]
Number = Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]  # of an order or a trade; -1: none

SIDE_TEXT: Final = {Side.BUY: "BUY", Side.SELL: "SELL"}
_SIDES: Final = {text: side for side, text in SIDE_TEXT.items()}


def price_text(instrument: Instrument, ticks: int) -> str:
    """A price as orders carry it."""
    return grid_text(ticks, instrument.price_grid)


def size_text(instrument: Instrument, lots: int) -> str:
    """A size as orders carry it: on Binance in base asset, on both markets."""
    return grid_text(lots, instrument.size_grid)


def ticks_of(instrument: Instrument, text: str, field: str) -> int:
    """A price in ticks, where "0" stands for none. Raises DecodeError, also for the empty text."""
    return steps_of(text, instrument.price_grid, PRICE_TICKS_MAX, field)


def lots_of(instrument: Instrument, text: str, field: str) -> int:
    """A size in lots. Raises DecodeError, also for the empty text."""
    return steps_of(text, instrument.size_grid, SIZE_LOTS_MAX, field)


def signed_lots_of(instrument: Instrument, text: str, field: str) -> int:
    """A size in lots that may be negative. Raises DecodeError."""
    if text.startswith("-"):
        return -lots_of(instrument, text[1:], field)
    return lots_of(instrument, text, field)


def amount(value: Decimal, field: str) -> Decimal:
    """An amount of money of either sign. Raises DecodeError when it is no amount that can exist."""
    if not value.is_finite() or abs(value) > AMOUNT_MAX:
        raise DecodeError(DecodeKind.RANGE, field, f"at most {AMOUNT_MAX} either way", str(value)[:40])
    if value and value.adjusted() < AMOUNT_EXPONENT_MIN:
        raise DecodeError(DecodeKind.RANGE, field, f"at least 1e{AMOUNT_EXPONENT_MIN}", str(value)[:40])
    return value


def amount_or_none(text: str, field: str) -> Decimal | None:
    """An amount of money; None for the empty text. Raises DecodeError."""
    value = decimal_of(field, text)
    return None if value is None else amount(value, field)


def positive_or_none(text: str, field: str) -> Decimal | None:
    """A price that lives on no grid; None where the text is empty or says 0. Raises DecodeError."""
    value = amount_or_none(text, field)
    return value if value is not None and value > 0 else None


def total(first: Decimal, second: Decimal) -> Decimal:
    """The sum, exactly."""
    return EXACT.add(first, second)


def average_price(quote: Decimal, filled: Decimal) -> Decimal | None:
    """quote / filled to 28 digits; None where there is nothing to divide."""
    return AVERAGE.divide(quote, filled) if quote > 0 and filled > 0 else None


def side_of(text: str, field: str) -> Side:
    """BUY or SELL. Raises DecodeError."""
    side = _SIDES.get(text)
    if side is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "BUY or SELL", text)
    return side


def client_id_of(text: str) -> ClientOrderId | None:
    """Our id in the venue's text; None when somebody else made it."""
    try:
        return decode_client_id(text)
    except DecodeError:
        return None


def order_id_of(number: int) -> VenueOrderId:
    """The venue's number of an order."""
    return VenueOrderId(str(number))


def waiting_id_of(number: int) -> VenueOrderId:
    """The number of a conditional order of USD-M. These are numbered apart, and say so."""
    return VenueOrderId(f"{WAITING_PREFIX}{number}")
