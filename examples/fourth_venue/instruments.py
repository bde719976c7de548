"""Bybit's list of spot instruments. Source: https://bybit-exchange.github.io/docs/v5/market/instrument.

Only what has the status `Trading` is returned. Every number is text. Sizes in the market data are as fine as
`basePrecision`, which is also the step of an order.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import VenueError
from trimaran.domain.instrument import ContractKind, Instrument
from trimaran.venues.wire.instrument_list import (
    FeeTable,
    amount_of,
    asset_of,
    decimal_of,
    decode_body,
    decode_entries,
    order_lots_min,
    size_grid,
    step_grid,
    symbol_of,
)
from trimaran.venues.wire.market_spec import MarketSpec

TRADING: Final = "Trading"


class _Lots(msgspec.Struct, rename="camel"):
    base_precision: str
    min_order_qty: str = ""
    min_order_amt: str = ""


class _Ticks(msgspec.Struct, rename="camel"):
    tick_size: str


class _Instrument(msgspec.Struct, rename="camel"):
    symbol: str
    base_coin: str
    quote_coin: str
    status: str
    lot_size_filter: _Lots
    price_filter: _Ticks


class _List(msgspec.Struct):
    rows: list[msgspec.Raw] = msgspec.field(name="list", default_factory=list)


class _Answer(msgspec.Struct, rename="camel"):
    ret_code: int
    ret_msg: str = ""
    result: _List = msgspec.field(default_factory=_List)


_DECODER: Final = msgspec.json.Decoder(_Answer)
_ENTRY_DECODER: Final = msgspec.json.Decoder(_Instrument)


def read_instruments(
    body: bytes, spec: MarketSpec, fees: FeeTable, symbols: Collection[str] | None = None
) -> tuple[Instrument, ...]:
    """The instruments of an answer, in its order. Raises VenueError for an error, DecodeError otherwise."""
    answer = decode_body(_DECODER, body, "instruments")
    if answer.ret_code != 0:
        raise VenueError(f"{spec.market}: expected instruments, found {answer.ret_code}: {answer.ret_msg!r}")
    entries = decode_entries(answer.result.rows, _ENTRY_DECODER, "result.list", "symbol", symbols)
    return tuple(_instrument(entry, spec, fees) for entry in entries if entry.status == TRADING)


def _instrument(entry: _Instrument, spec: MarketSpec, fees: FeeTable) -> Instrument:
    symbol, filters = symbol_of(entry.symbol), entry.lot_size_filter
    tick, lot, smallest, least = (
        f"{symbol}.{name}" for name in ("tickSize", "basePrecision", "minOrderQty", "minOrderAmt")
    )
    lots = step_grid(lot, decimal_of(lot, filters.base_precision))
    grid = size_grid(lot, lots, None, Decimal(0))
    size_min = amount_of(smallest, decimal_of(smallest, filters.min_order_qty))
    order_step = grid.steps(lots.step)
    return Instrument(
        market=spec.market,
        symbol=symbol,
        base=asset_of(f"{symbol}.baseCoin", entry.base_coin),
        quote=asset_of(f"{symbol}.quoteCoin", entry.quote_coin),
        kind=ContractKind.SPOT,
        price_grid=step_grid(tick, decimal_of(tick, entry.price_filter.tick_size)),
        size_grid=grid,
        order_step=order_step,
        order_lots_min=order_lots_min(smallest, size_min, grid, order_step),
        min_notional=amount_of(least, decimal_of(least, filters.min_order_amt)),
        fees=fees.of(symbol),
    )
