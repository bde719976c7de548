"""Binance's exchangeInfo, spot and USD-M, to instruments.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-endpoints
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Exchange-Information

Only what trades now is returned: status TRADING, and on USD-M contract type PERPETUAL. Steps are
decimal strings and stay decimals. The minimum notional stands in MIN_NOTIONAL or NOTIONAL, as
`minNotional` on spot and as `notional` on USD-M. Unknown fields and filters are ignored.

The size grid is as fine as the market data can be (`baseAssetPrecision` on spot, `quantityPrecision` on
USD-M), because orders from before a change of the lot still rest in the books; the lot itself, which
an order must keep to, becomes `order_step`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind, GridError
from trimaran.base.limits import SYMBOL_BYTES_MAX
from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, Symbol
from trimaran.venues.binance.spec import BinanceMarketSpec

TRADING: Final = "TRADING"
PERPETUAL: Final = "PERPETUAL"


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


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]


_DECODER: Final = msgspec.json.Decoder(_ExchangeInfo)


def read_instruments(
    body: bytes, spec: BinanceMarketSpec, fees: FeeTable, symbols: Collection[str] | None = None
) -> tuple[Instrument, ...]:
    """The instruments of an exchangeInfo body, in its order; only `symbols` when they are given.

    Raises DecodeError naming the field: MALFORMED or SCHEMA for the body, RANGE for a symbol or a
    step that the platform cannot hold. A symbol that is asked for and does not trade is left out.
    """
    try:
        info = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise _schema_error(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(DecodeKind.MALFORMED, "exchangeInfo", "JSON", body[:80]) from error
    return tuple(
        _instrument(entry, spec, fees)
        for entry in info.symbols
        if (symbols is None or entry.symbol in symbols) and _trades(entry, spec)
    )


def _trades(entry: _Symbol, spec: BinanceMarketSpec) -> bool:
    perpetual = spec.contract is not ContractKind.PERPETUAL or entry.contract_type == PERPETUAL
    return perpetual and entry.status == TRADING


def _instrument(entry: _Symbol, spec: BinanceMarketSpec, fees: FeeTable) -> Instrument:
    if not 0 < len(entry.symbol.encode()) <= SYMBOL_BYTES_MAX:
        raise DecodeError(DecodeKind.RANGE, "symbol", f"1..{SYMBOL_BYTES_MAX} bytes", entry.symbol)
    by_type = {rule.filter_type: rule for rule in entry.filters}
    price, lot = by_type.get("PRICE_FILTER"), by_type.get("LOT_SIZE")
    lot_grid = _grid(f"{entry.symbol}.LOT_SIZE.stepSize", lot.step_size if lot else None)
    digits = entry.base_asset_precision if spec.contract is ContractKind.SPOT else entry.quantity_precision
    size_grid = lot_grid if digits is None else Grid(1, min(-digits, lot_grid.exponent))
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


def _grid(field: str, step: Decimal | None) -> Grid:
    if step is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "a decimal string", None)
    try:
        return Grid.of(step)
    except GridError as error:
        raise DecodeError(DecodeKind.RANGE, field, "a step above 0", str(step)) from error


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


def _schema_error(error: msgspec.ValidationError) -> DecodeError:
    """msgspec's text is `<what> - at `$.<path>``; where the path is missing the root is at fault."""
    what, _, path = str(error).partition(" - at ")
    field = path.strip("`").removeprefix("$.") or "exchangeInfo"
    return DecodeError(DecodeKind.SCHEMA, field, "its documented type", what)
