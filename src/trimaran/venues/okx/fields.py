"""Texts of OKX's answers to exact values. Every number of OKX is a text, and "" means that there is none.

Each reader raises DecodeError that names the field: SCHEMA for what is no number, RANGE for one that the
platform cannot hold, OFF_GRID for one between the ticks or lots of its instrument.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX, TIME_MS_MAX
from trimaran.books.decimal_text import WHOLE, steps_of
from trimaran.domain.client_id import ClientOrderId, decode_client_id
from trimaran.domain.instrument import Asset, Instrument, Side

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_AMOUNT_MAX: Final = Decimal("1e40")
_FINEST: Final = -60  # exponent; both keep sums within the digits of the exact context
_NS_PER_MS: Final = 1_000_000


def decimal(field: str, text: str) -> Decimal:
    """A number that must be there."""
    if not _NUMBER.fullmatch(text):
        raise DecodeError(DecodeKind.SCHEMA, field, "a decimal number", text)
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    if not (isinstance(exponent, int) and exponent >= _FINEST and value.copy_abs() < _AMOUNT_MAX):
        raise DecodeError(
            DecodeKind.RANGE, field, f"below {_AMOUNT_MAX} and not finer than 1e{_FINEST}", text
        )
    return value


def decimal_or_none(field: str, text: str) -> Decimal | None:
    """A number that may be missing."""
    return decimal(field, text) if text else None


def price_ticks(field: str, text: str, instrument: Instrument) -> int:
    """A price in ticks; a missing one is 0, and so is -1, the market price of algo orders."""
    if text in ("", "-1"):
        return 0
    return steps_of(text, instrument.price_grid, PRICE_TICKS_MAX, field)


def lots(field: str, text: str, instrument: Instrument) -> int:
    """A size in lots; a missing one is 0."""
    return steps_of(text, instrument.size_grid, SIZE_LOTS_MAX, field) if text else 0


def signed_lots(field: str, text: str, instrument: Instrument) -> int:
    """A size in lots that may be below 0; a missing one is 0."""
    size = lots(field, text.removeprefix("-"), instrument)
    return -size if text.startswith("-") else size


def time_ns(field: str, text: str) -> int:
    """Milliseconds as text, in nanoseconds; a missing one is 0."""
    return steps_of(text, WHOLE, TIME_MS_MAX, field) * _NS_PER_MS if text else 0


def side_of(field: str, text: str) -> Side:
    """Buy or sell."""
    side = SIDES.get(text)
    if side is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "buy or sell", text)
    return side


def asset_of(field: str, text: str) -> Asset:
    """An asset that must be named."""
    if not 0 < len(text) <= 32:
        raise DecodeError(DecodeKind.SCHEMA, field, "an asset", text)
    return Asset(text.upper())


def client_id_of(*texts: str) -> ClientOrderId | None:
    """The first of the texts that is an id of ours; None when none of them is."""
    for text in texts:
        try:
            return decode_client_id(text)
        except DecodeError:
            continue
    return None


def id_of(field: str, text: str) -> str:
    """An id of the venue: it must be there, and of ordinary characters."""
    if not (0 < len(text) <= 64 and text.isascii() and text.replace("-", "").isalnum()):
        raise DecodeError(DecodeKind.SCHEMA, field, "an id", text)
    return text
