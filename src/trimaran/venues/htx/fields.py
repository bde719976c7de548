"""HTX's field values, both ways: ticks and lots as decimals, ids, sides, times, amounts of money.

HTX writes numbers as JSON numbers or as text, with exponents, and with up to 18 decimals; all of them become
exact decimals, and an error names the field. An order by value, which Trimaran never sends and anybody else
may, fills in fractions of a lot: sizes of spot that are finer than the grid are cut to it, as those of the
market data are.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.domain.account import FillId, Liquidity, VenueOrderId
from trimaran.domain.client_id import ClientOrderId, decode_client_id, decode_client_id_decimal
from trimaran.domain.instrument import Asset, Grid, Instrument, Side
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.venues.wire.market_spec import HOUR, MS
from trimaran.venues.wire.message import Stamp

AMOUNT_MAX: Final = Decimal("1e18")
AMOUNT_DIGITS_MAX: Final = 60
AMOUNT_EXPONENT_MIN: Final = -40  # no asset has so many decimals
EXACT: Final = Context(prec=200)
AVERAGE: Final = Context(prec=28)
ID_CHARACTERS_MAX: Final = 96
QUERY_WINDOW_MS: Final = 48 * HOUR // MS  # of a search by time
TIME_DIGITS_MAX: Final = 13  # of milliseconds until the year 2286
NULL: Final = msgspec.Raw(b"null")

Id = int | str  # a number of any length, or its text

SIDE_TEXT: Final = {Side.BUY: "buy", Side.SELL: "sell"}
_SIDES: Final = {text: side for side, text in SIDE_TEXT.items()}
_ROLES: Final = {"taker": Liquidity.TAKER, "maker": Liquidity.MAKER}
_NUMBER: Final = msgspec.json.Decoder(Decimal)
_NOTHING: Final = (b"", b"null", b'""')
_POINTS: Final = {"point": "HBPOINT"}  # the lines' name of what REST calls hbpoint


def price_text(instrument: Instrument, ticks: int) -> str:
    """A price as orders carry it: plain decimals, no exponent."""
    return _plain(instrument.price_grid, ticks)


def size_text(instrument: Instrument, lots: int) -> str:
    """A size of spot as orders carry it, in base asset."""
    return _plain(instrument.size_grid, lots)


def amount(value: Decimal, field: str) -> Decimal:
    """An amount of either sign. Raises DecodeError when it is none that can exist."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or len(digits) > AMOUNT_DIGITS_MAX or abs(value) > AMOUNT_MAX:
        raise _range(field, f"at most {AMOUNT_MAX} either way, {AMOUNT_DIGITS_MAX} digits", value)
    if value and exponent < AMOUNT_EXPONENT_MIN:
        raise _range(field, f"at most {-AMOUNT_EXPONENT_MIN} decimals", value)
    return value


def number(raw: msgspec.Raw, field: str) -> Decimal | None:
    """The number of a member that may be absent, null or an empty text. Raises DecodeError."""
    if bytes(raw) in _NOTHING:
        return None
    try:
        return amount(_NUMBER.decode(raw), field)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(DecodeKind.SCHEMA, field, "a number", bytes(raw)[:40]) from error


def positive(raw: msgspec.Raw, field: str) -> Decimal | None:
    """A price that lives on no grid; None where it is absent or 0. Raises DecodeError."""
    value = number(raw, field)
    return value if value is not None and value > 0 else None


def ticks_of(instrument: Instrument, value: Decimal | None, field: str) -> int:
    """A price in ticks; 0 where there is none. Raises DecodeError or GridError."""
    if value is None:
        return 0
    grid = instrument.price_grid
    units = _units_of(amount(value, field), grid)
    ticks = grid.steps(value) if units is None or units % grid.units else units // grid.units
    if not 0 <= ticks <= PRICE_TICKS_MAX:
        raise _range(field, f"0..{PRICE_TICKS_MAX} ticks", value)
    return ticks


def lots_of(instrument: Instrument, value: Decimal, field: str) -> int:
    """A size in lots, of at least 0, cut to the grid where it is finer. Raises DecodeError."""
    grid = instrument.size_grid
    units = _units_of(amount(value, field), grid)
    if units is not None and 0 <= (whole := units // grid.units) <= SIZE_LOTS_MAX:
        return whole
    scaled = EXACT.divide(value, grid.step)
    lots = int(scaled.to_integral_value(ROUND_DOWN))
    if scaled < 0 or lots > SIZE_LOTS_MAX:
        raise _range(field, f"0..{SIZE_LOTS_MAX} lots", value)
    return lots


def _units_of(value: Decimal, grid: Grid) -> int | None:
    """`value` in units of 10**grid.exponent; None where it is finer than they are."""
    scaled = EXACT.scaleb(value, -grid.exponent)
    units = int(scaled)
    return units if units == scaled else None


def fill_lots_of(instrument: Instrument, value: Decimal, field: str) -> tuple[int, Decimal]:
    """The lots of a trade, one at least, and what is left over of a lot. Raises DecodeError.

    Who buys by value takes fractions of a lot from the orders of others: of ours, too.
    """
    if value <= 0:
        raise _range(field, "a size above 0", value)
    lots = max(lots_of(instrument, value, field), 1)
    return lots, EXACT.subtract(EXACT.divide(value, instrument.size_grid.step), Decimal(lots))


def contracts_of(value: Decimal, field: str) -> int:
    """A whole number of contracts, of at least 0. Raises DecodeError."""
    count = int(amount(value, field))
    if value < 0 or count != value:
        raise _range(field, "a whole number of contracts", value)
    return count


def total(first: Decimal, *others: Decimal) -> Decimal:
    """The sum, exactly."""
    result = first
    for each in others:
        result = EXACT.add(result, each)
    return result


def average_price(quote: Decimal | None, filled: Decimal) -> Decimal | None:
    """quote / filled to 28 digits; None where there is nothing to divide."""
    return AVERAGE.divide(quote, filled) if quote is not None and quote > 0 and filled > 0 else None


def side_of(text: str, field: str) -> Side:
    """buy or sell. Raises DecodeError."""
    side = _SIDES.get(text.lower())
    if side is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "buy or sell", text)
    return side


def role_of(text: str, field: str) -> Liquidity:
    """taker or maker; histories of swaps write it with a capital. Raises DecodeError."""
    role = _ROLES.get(text.lower())
    if role is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "taker or maker", text)
    return role


def client_id_of(text: str) -> ClientOrderId | None:
    """Our id in the text of spot; None when somebody else made it."""
    try:
        return decode_client_id(text)
    except DecodeError:
        return None


def swap_client_id_of(value: Id | None) -> ClientOrderId | None:
    """Our id in the number of swaps; None when there is none, or somebody else made it."""
    try:
        return decode_client_id_decimal(str(value)[:ID_CHARACTERS_MAX])
    except DecodeError:
        return None


def id_text(value: Id | None, field: str) -> str:
    """An id as text. Raises DecodeError when there is none, or it is absurdly long."""
    text = "" if value is None else str(value)
    if not 0 < len(text) <= ID_CHARACTERS_MAX or not text.isprintable():
        raise DecodeError(DecodeKind.SCHEMA, field, f"an id of 1..{ID_CHARACTERS_MAX} characters", text)
    return text


def order_id_of(value: Id | None, field: str) -> VenueOrderId:
    """The venue's id of an order. Raises DecodeError."""
    return VenueOrderId(id_text(value, field))


def fill_id_of(value: Id | None, field: str) -> FillId:
    """The venue's id of a trade. Raises DecodeError."""
    return FillId(id_text(value, field))


def asset_of(text: str, field: str) -> Asset:
    """An asset, in upper case as everywhere. Raises DecodeError when there is none."""
    return Asset(id_text(text, field).upper())


def paid_fee(
    charged: Decimal | None, asset: str, deducted: Decimal | None, deducted_from: str, field: str
) -> tuple[Decimal, Asset]:
    """A fee of spot and its asset: what was deducted in tokens or points where it was, else what was charged.

    https://huobiapi.github.io/docs/spot/v1/en/#faq-4 (question 4): one of the two is paid, never both.
    """
    if deducted and deducted_from:
        return deducted, asset_of(_POINTS.get(deducted_from, deducted_from), field)
    return charged or Decimal(0), asset_of(asset, field)


def time_ns(milliseconds: Id | None, field: str) -> int:
    """Nanoseconds of milliseconds, a number or its text; 0 where there are none. Raises DecodeError."""
    text = str(milliseconds or 0)
    if not (text.isascii() and text.isdecimal() and len(text) <= TIME_DIGITS_MAX):
        raise DecodeError(DecodeKind.RANGE, field, "milliseconds since the epoch", text)
    return int(text) * MS


def window_ms(since_ns: int, until_ns: int, stamp: Stamp) -> tuple[int, int]:
    """The bounds of a search in milliseconds, never further apart than HTX takes; 0 ends it now.

    The end is one wider than `until_ns`, for HTX does not say whether its bounds belong to the search.
    """
    since_ms = since_ns // MS
    until_ms = until_ns // MS + 1 if until_ns else -(-stamp.venue_ns // MS)
    return since_ms, min(since_ms + QUERY_WINDOW_MS, max(until_ms, since_ms))


def end_state(order_type: OrderType, tif: TimeInForce | None) -> OrderState:
    """What HTX's "cancelled" is: what may not rest was ended by the venue, everything else by a request.

    HTX refuses requests to cancel an IOC or FOK order, and has one word for both ends.
    """
    ended_by_venue = order_type is OrderType.MARKET or tif in (TimeInForce.IOC, TimeInForce.FOK)
    return OrderState.EXPIRED if ended_by_venue else OrderState.CANCELED


def open_state(filled_lots: int) -> OrderState:
    """The state of an order that has not ended."""
    return OrderState.PARTIALLY_FILLED if filled_lots else OrderState.ACKED


def _plain(grid: Grid, steps: int) -> str:
    assert steps > 0, steps
    text = format(grid.decimal(steps), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _range(field: str, expected: str, value: Decimal) -> DecodeError:
    return DecodeError(DecodeKind.RANGE, field, expected, str(value)[:60])
