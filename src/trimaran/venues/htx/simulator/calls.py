"""A private request to the simulated HTX after its sender is known, and what an endpoint is.

An endpoint answers what stands in `data`; the envelope is that of its family. Refusals are `HtxError`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from trimaran.domain.instrument import Instrument
from trimaran.venues.htx.simulator.refusals import HtxError
from trimaran.venues.sim.gate import Request
from trimaran.venues.sim.trading import ApiKey, Permission, SimOrder
from trimaran.venues.sim.unreadable import UNREADABLE

BODY_BYTES_MAX: Final = 256 * 1024
_MAGNITUDE_MAX: Final = 24
_FIELD: Final = re.compile(r"`\$(?:\[\.*\d*\])?\.?(?P<name>[A-Za-z0-9_-]*)")
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
T = TypeVar("T")


class Family(enum.Enum):
    """Endpoints with one envelope and one way of saying errors."""

    SPOT = "status, err-code in words"
    SPOT_V2 = "code, message"
    SWAP = "status, err_code in numbers, ts"
    SWAP_V3 = "code, msg, ts; errors as SWAP"
    V5 = "code, message, ts"


class Limit(msgspec.Struct, frozen=True):
    """So many requests of a user within a sliding window; endpoints of one group share it."""

    requests: int
    seconds: int
    group: str = ""  # "": of this endpoint alone


class Call(msgspec.Struct, frozen=True):
    """A request whose sender is known. `now_ns` is of the trading clock, `time_ms` the server's time."""

    key: ApiKey
    query: Mapping[str, str]
    body: bytes
    now_ns: int
    time_ms: int
    path_id: str = ""  # the id in the path

    @property
    def account_id(self) -> int:
        """The exchange's id of the account."""
        return self.key.account_id


class Endpoint(msgspec.Struct, frozen=True):
    """A private endpoint."""

    method: str
    path: str
    answer: Callable[[Call], object]
    family: Family
    limit: Limit
    request: Request = Request.QUERY
    permission: Permission = Permission.READ


def read(decoder: msgspec.json.Decoder[T], body: bytes, family: Family) -> T:
    """The body of a request. Raises HtxError that names the field."""
    try:
        return decoder.decode(body or b"{}")
    except UNREADABLE as error:
        found = _FIELD.search(str(error))
        raise bad_field(found["name"] if found else "", family) from None


def bad_field(name: str, family: Family) -> HtxError:
    """A field that is missing or makes no sense."""
    if family is Family.SPOT:
        return HtxError("validation-format-error", f"Format Error: {name}.")
    if family is Family.SPOT_V2:
        return HtxError(2002, f"invalid field value in `{name}`")
    return HtxError(1030, f"Input error. Check the field {name}.")


def sane(value: Decimal | None, name: str, family: Family) -> Decimal | None:
    """A number that may be worked with. Raises HtxError for infinities and the like."""
    if value is not None and not (value.is_finite() and abs(value.adjusted()) <= _MAGNITUDE_MAX):
        raise bad_field(name, family)
    return value


def encoded(answer: object) -> str:
    """JSON with decimals as numbers."""
    return _encoder.encode(answer).decode()


def envelope(family: Family, data: object, time_ms: int) -> Mapping[str, Any]:
    """A good answer."""
    if family is Family.SPOT:
        return {"status": "ok", "data": data}
    if family is Family.SPOT_V2:
        return {"code": 200, "message": "success", "data": data, "success": True}
    if family is Family.SWAP:
        return {"status": "ok", "data": data, "ts": time_ms}
    if family is Family.SWAP_V3:
        return {"code": 200, "msg": "", "data": data, "ts": time_ms}
    return {"code": 200, "message": "Success", "data": data, "ts": time_ms}


def error_envelope(family: Family, error: HtxError, time_ms: int) -> Mapping[str, Any]:
    """A refusal."""
    if family is Family.SPOT:
        words = {"status": "error", "err-code": error.code, "err-msg": error.text, "data": None}
        return words if error.state is None else {**words, "order-state": error.state}
    if family is Family.SPOT_V2:
        code = error.code if isinstance(error.code, int) else 500
        return {"code": code, "message": error.text, "data": None, "success": False}
    if family in (Family.SWAP, Family.SWAP_V3):
        return {"status": "error", "err_code": error.code, "err_msg": error.text, "ts": time_ms}
    return {"code": error.code, "message": error.text, "data": None, "ts": time_ms}


def found_by(order: SimOrder | None, now_ns: int) -> SimOrder | None:
    """The order as queries find it: not before it is visible."""
    return order if order is not None and order.visible_from_ns <= now_ns else None


def plain_text(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def size_of(instrument: Instrument, lots: int) -> Decimal:
    """Lots in base asset, or in contracts."""
    return instrument.size_grid.decimal(lots)


def value_of(instrument: Instrument, ticks_lots: int) -> Decimal:
    """A sum of ticks times lots in quote asset."""
    unit = instrument.price_grid.step * instrument.size_grid.step * instrument.contract_size
    return ticks_lots * unit


def average_price(instrument: Instrument, order: SimOrder) -> Decimal:
    """What its fills cost on average; 0 without fills. 18 decimals at most."""
    if not order.filled_lots:
        return Decimal(0)
    average = instrument.price_grid.step * order.filled_value / order.filled_lots
    return round(average, 18)


def page_of(query_size: str | None, default: int, most: int) -> int:
    """How many rows are wanted; what makes no sense is the default."""
    plain = query_size is not None and query_size.isascii() and query_size.isdigit() and len(query_size) < 9
    return max(1, min(int(query_size or default), most)) if plain else default
