"""Binance's exchangeInfo, spot and USD-M, to instruments.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-endpoints
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Exchange-Information

Only what trades now is returned: status TRADING, and on USD-M contract type PERPETUAL. Steps are
decimal strings and stay decimals. The minimum notional stands in MIN_NOTIONAL or NOTIONAL, as
`minNotional` on spot and as `notional` on USD-M. Unknown fields and filters are ignored. Entries are
decoded one by one, so that a strange symbol that nobody asked for cannot refuse the whole market.

The size grid is `baseAssetPrecision` on spot and `quantityPrecision` on USD-M, where there is room for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.domain.instrument import Asset, ContractKind, Instrument
from trimaran.venues.wire.instrument_list import (
    FeeTable,
    amount_of,
    decode_body,
    decode_entries,
    order_lots_min,
    size_grid,
    step_grid,
    symbol_of,
)
from trimaran.venues.wire.market_spec import MarketSpec

TRADING: Final = "TRADING"
PERPETUAL: Final = "PERPETUAL"

Digits = Annotated[int, msgspec.Meta(ge=0, le=18)]


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    tick_size: Decimal | None = None
    step_size: Decimal | None = None
    min_qty: Decimal | None = None
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


class _ExchangeInfo(msgspec.Struct):
    symbols: list[msgspec.Raw]


_DECODER: Final = msgspec.json.Decoder(_ExchangeInfo)
_SYMBOL_DECODER: Final = msgspec.json.Decoder(_Symbol)


def read_instruments(
    body: bytes, spec: MarketSpec, fees: FeeTable, symbols: Collection[str] | None = None
) -> tuple[Instrument, ...]:
    """The instruments of an exchangeInfo body, in its order; only `symbols` when they are given.

    Raises DecodeError naming the field: MALFORMED or SCHEMA for the body, RANGE for a symbol or a
    step that the platform cannot hold. A symbol that is asked for and does not trade is left out, and
    one that is not asked for is not looked at beyond its name.
    """
    raws = decode_body(_DECODER, body, "exchangeInfo").symbols
    entries = decode_entries(raws, _SYMBOL_DECODER, "symbols", "symbol", symbols)
    return tuple(_instrument(entry, spec, fees) for entry in entries if _trades(entry, spec))


def _trades(entry: _Symbol, spec: MarketSpec) -> bool:
    perpetual = spec.contract is not ContractKind.PERPETUAL or entry.contract_type == PERPETUAL
    return perpetual and entry.status == TRADING


def _instrument(entry: _Symbol, spec: MarketSpec, fees: FeeTable) -> Instrument:
    symbol = symbol_of(entry.symbol)
    by_type = {rule.filter_type: rule for rule in entry.filters}
    price, lot = by_type.get("PRICE_FILTER"), by_type.get("LOT_SIZE")
    lot_grid = step_grid(f"{symbol}.LOT_SIZE.stepSize", lot.step_size if lot else None)
    size_max_field = f"{symbol}.LOT_SIZE.maxQty"
    size_max = amount_of(size_max_field, lot.max_qty if lot else None)
    digits = entry.base_asset_precision if spec.contract is ContractKind.SPOT else entry.quantity_precision
    grid = size_grid(size_max_field, lot_grid, digits, size_max)
    order_step, size_min_field = grid.steps(lot_grid.step), f"{symbol}.LOT_SIZE.minQty"
    size_min = amount_of(size_min_field, lot.min_qty if lot else None)
    return Instrument(
        market=spec.market,
        symbol=symbol,
        base=Asset(entry.base_asset),
        quote=Asset(entry.quote_asset),
        kind=spec.contract,
        price_grid=step_grid(f"{symbol}.PRICE_FILTER.tickSize", price.tick_size if price else None),
        size_grid=grid,
        order_step=order_step,
        order_lots_min=order_lots_min(size_min_field, size_min, grid, order_step),
        min_notional=_min_notional(symbol, by_type),
        fees=fees.of(symbol),
    )


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
