"""Binance's exchangeInfo, spot and USD-M, to instruments.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-endpoints
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Exchange-Information

Only what trades now is returned: status TRADING, and on USD-M contract type PERPETUAL. Steps are
decimal strings and stay decimals. The minimum notional stands in MIN_NOTIONAL or NOTIONAL, as
`minNotional` on spot and as `notional` on USD-M. Unknown fields and filters are ignored. Entries are
decoded one by one, so that a strange symbol that nobody asked for cannot refuse the whole market.

The size grid is as fine as the market data can be (`baseAssetPrecision` on spot, `quantityPrecision` on
USD-M), because orders from before a change of the lot still rest in the books; the lot itself, which
an order must keep to, becomes `order_step`. A coin that costs 1e-6 is traded by the thousand million, and
in units of 1e-8 such sizes leave the 62 bits of a level: there the grid is coarser, as coarse as the
largest order, a thousandfold, needs, but never coarser than the lot.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind, GridError
from trimaran.base.limits import SIZE_LOTS_MAX, SYMBOL_BYTES_MAX
from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, Symbol
from trimaran.venues.binance.spec import BinanceMarketSpec

TRADING: Final = "TRADING"
PERPETUAL: Final = "PERPETUAL"
ORDER_STEP_MAX: Final = 10**9  # lots; what the native scan takes
ORDERS_PER_LEVEL: Final = 1_000  # orders of the largest size that one level must have room for
STEP_MIN: Final = Decimal("1e-18")
AMOUNT_MAX: Final = Decimal("1e18")


class FeeTable(msgspec.Struct, frozen=True):
    """Fee rates of an account: a rate for everything, and exceptions by symbol."""

    default: Fees
    by_symbol: Mapping[str, Fees] = {}

    def of(self, symbol: str) -> Fees:
        """The rates of one symbol."""
        return self.by_symbol.get(symbol, self.default)


Digits = Annotated[int, msgspec.Meta(ge=0, le=18)]


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    tick_size: Decimal | None = None
    step_size: Decimal | None = None
    max_qty: Decimal | None = None
    min_notional: Decimal | None = None
    notional: Decimal | None = None


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: list[_Filter]
    contract_type: str = ""  # USD-M only
    base_asset_precision: Digits | None = None  # spot: decimals of sizes in market data
    quantity_precision: Digits | None = None  # USD-M: the same


class _Name(msgspec.Struct):
    symbol: str


class _ExchangeInfo(msgspec.Struct):
    symbols: list[msgspec.Raw]


_DECODER: Final = msgspec.json.Decoder(_ExchangeInfo)
_NAME_DECODER: Final = msgspec.json.Decoder(_Name)
_SYMBOL_DECODER: Final = msgspec.json.Decoder(_Symbol)
_MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_instruments(
    body: bytes, spec: BinanceMarketSpec, fees: FeeTable, symbols: Collection[str] | None = None
) -> tuple[Instrument, ...]:
    """The instruments of an exchangeInfo body, in its order; only `symbols` when they are given.

    Raises DecodeError naming the field: MALFORMED or SCHEMA for the body, RANGE for a symbol or a
    step that the platform cannot hold. A symbol that is asked for and does not trade is left out, and
    one that is not asked for is not looked at beyond its name.
    """
    try:
        raws = _DECODER.decode(body).symbols
    except msgspec.ValidationError as error:
        raise _schema_error(error, "") from error
    except _MALFORMED as error:
        raise DecodeError(DecodeKind.MALFORMED, "exchangeInfo", "JSON", body[:80]) from error
    entries = (_entry(at, raw) for at, raw in enumerate(raws) if symbols is None or _name(raw) in symbols)
    return tuple(_instrument(entry, spec, fees) for entry in entries if _trades(entry, spec))


def _name(raw: msgspec.Raw) -> str:
    """The symbol of an entry; empty, which is no symbol, when it has none that can be read."""
    try:
        return _NAME_DECODER.decode(raw).symbol
    except _MALFORMED:
        return ""


def _entry(at: int, raw: msgspec.Raw) -> _Symbol:
    field = f"symbols[{at}]"
    try:
        return _SYMBOL_DECODER.decode(raw)
    except msgspec.ValidationError as error:
        raise _schema_error(error, field) from error
    except _MALFORMED as error:
        raise DecodeError(DecodeKind.MALFORMED, field, "JSON", bytes(raw)[:80]) from error


def _trades(entry: _Symbol, spec: BinanceMarketSpec) -> bool:
    perpetual = spec.contract is not ContractKind.PERPETUAL or entry.contract_type == PERPETUAL
    return perpetual and entry.status == TRADING


def _instrument(entry: _Symbol, spec: BinanceMarketSpec, fees: FeeTable) -> Instrument:
    if not 0 < len(entry.symbol.encode()) <= SYMBOL_BYTES_MAX:
        raise DecodeError(DecodeKind.RANGE, "symbol", f"1..{SYMBOL_BYTES_MAX} bytes", entry.symbol)
    by_type = {rule.filter_type: rule for rule in entry.filters}
    price, lot = by_type.get("PRICE_FILTER"), by_type.get("LOT_SIZE")
    lot_grid = _grid(f"{entry.symbol}.LOT_SIZE.stepSize", lot.step_size if lot else None)
    size_max = _size_max(entry.symbol, lot.max_qty if lot else None)
    digits = entry.base_asset_precision if spec.contract is ContractKind.SPOT else entry.quantity_precision
    size_grid = _size_grid(entry.symbol, lot_grid, digits, size_max)
    return Instrument(
        market=spec.market,
        symbol=Symbol(entry.symbol),
        base=Asset(entry.base_asset),
        quote=Asset(entry.quote_asset),
        kind=spec.contract,
        price_grid=_grid(f"{entry.symbol}.PRICE_FILTER.tickSize", price.tick_size if price else None),
        size_grid=size_grid,
        order_step=size_grid.steps(lot_grid.step),
        min_notional=_min_notional(entry.symbol, by_type),
        fees=fees.of(entry.symbol),
    )


def _size_grid(symbol: str, lot_grid: Grid, digits: int | None, size_max: Decimal) -> Grid:
    """The finest of: `digits` decimals, then ten times coarser each, then the lot itself, that has room."""
    finest = lot_grid.exponent if digits is None else min(-digits, lot_grid.exponent)
    decimals = range(finest, lot_grid.exponent + 1) if digits is not None else ()
    for grid in (*(Grid(1, exponent) for exponent in decimals), lot_grid):
        room = size_max * ORDERS_PER_LEVEL <= grid.decimal(SIZE_LOTS_MAX)
        if room and lot_grid.step <= grid.step * ORDER_STEP_MAX:
            return grid
    expected = f"at most {SIZE_LOTS_MAX} steps of {lot_grid.step} in {ORDERS_PER_LEVEL} orders"
    raise DecodeError(DecodeKind.RANGE, f"{symbol}.LOT_SIZE.maxQty", expected, str(size_max))


def _size_max(symbol: str, size: Decimal | None) -> Decimal:
    """The largest order in base asset; 0, like an absent one, is no bound."""
    if size is None:
        return Decimal(0)
    if not (size.is_finite() and 0 <= size <= AMOUNT_MAX):
        raise DecodeError(DecodeKind.RANGE, f"{symbol}.LOT_SIZE.maxQty", f"0..{AMOUNT_MAX}", str(size))
    return size


def _grid(field: str, step: Decimal | None) -> Grid:
    if step is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "a decimal string", None)
    if not (step.is_finite() and STEP_MIN <= step <= AMOUNT_MAX):
        raise DecodeError(DecodeKind.RANGE, field, f"a step of {STEP_MIN}..{AMOUNT_MAX}", str(step))
    try:
        return Grid.of(step)
    except GridError as error:
        raise DecodeError(DecodeKind.RANGE, field, "nine digits, 1e-18..1e9", str(step)) from error


def _min_notional(symbol: str, by_type: Mapping[str, _Filter]) -> Decimal:
    """The larger one where both filters are there; 0 where there is none."""
    found = Decimal(0)
    for name in ("MIN_NOTIONAL", "NOTIONAL"):
        rule = by_type.get(name)
        for value in (rule.min_notional, rule.notional) if rule else ():
            if value is None:
                continue
            if not value.is_finite() or value < 0:
                raise DecodeError(
                    DecodeKind.RANGE, f"{symbol}.{name}", "a notional of at least 0", str(value)
                )
            found = max(found, value)
    return found


def _schema_error(error: msgspec.ValidationError, root: str) -> DecodeError:
    """msgspec's text is `<what> - at `$.<path>``; where the path is missing the root is at fault."""
    what, _, path = str(error).partition(" - at ")
    field = (root + path.strip("`").removeprefix("$")).removeprefix(".") or "exchangeInfo"
    return DecodeError(DecodeKind.SCHEMA, field, "its documented type", what)
