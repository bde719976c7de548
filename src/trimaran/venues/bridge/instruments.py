"""ccxt's instruments as ours: spot, and linear perpetuals that settle in their quote asset.

A size grid is up to four digits finer than the lot, with at most eight decimals, as the market data may show
sizes from before a change of the lot. What counts significant digits instead of steps is left out: no grid of
ours can hold it. Fee rates that ccxt does not know count as `FEE_UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import FEE_E8_MAX
from trimaran.domain.instrument import ContractKind, Fees, Instrument, MarketName
from trimaran.venues.bridge.messages import MALFORMED, MarketRow
from trimaran.venues.wire.instrument_list import (
    amount_of,
    asset_of,
    decimal_of,
    order_lots_min,
    size_grid,
    step_grid,
    symbol_of,
)

DIGITS_BELOW_LOT: Final = 4
DIGITS_MAX: Final = 8
FEE_UNKNOWN: Final = Decimal("0.002")
E8: Final = 10**8
_ROWS: Final = msgspec.json.Decoder(list[MarketRow])


def read_instruments(
    body: bytes, market: MarketName, kind: ContractKind, symbols: Collection[str]
) -> tuple[Instrument, ...]:
    """The instruments of the child's answer. Raises DecodeError that names the field."""
    try:
        rows = _ROWS.decode(body)
    except msgspec.ValidationError as error:
        raise DecodeError(DecodeKind.SCHEMA, "markets", "rows of the bridge", str(error)) from None
    except MALFORMED as error:
        raise DecodeError(DecodeKind.MALFORMED, "markets", "JSON", str(error)) from None
    return tuple(_instrument(row, market, kind) for row in rows if row.symbol in symbols and _fits(row, kind))


def _fits(row: MarketRow, kind: ContractKind) -> bool:
    if not (row.active and row.tick and row.lot):
        return False
    return row.spot if kind is ContractKind.SPOT else row.swap and row.linear and row.settle == row.quote


def _instrument(row: MarketRow, market: MarketName, kind: ContractKind) -> Instrument:
    symbol = symbol_of(row.symbol)
    tick, lot, smallest, least, contract = (
        f"{symbol}.{name}" for name in ("tick", "lot", "amount_min", "cost_min", "contract_size")
    )
    lots = step_grid(lot, decimal_of(lot, row.lot))
    digits = min(DIGITS_MAX, max(0, DIGITS_BELOW_LOT - lots.exponent))
    grid = size_grid(lot, lots, digits, Decimal(0))
    order_step = grid.steps(lots.step)
    size_min = amount_of(smallest, decimal_of(smallest, row.amount_min))
    size = step_grid(contract, decimal_of(contract, row.contract_size)).step
    return Instrument(
        market=market,
        symbol=symbol,
        base=asset_of(f"{symbol}.base", row.base),
        quote=asset_of(f"{symbol}.quote", row.quote),
        kind=kind,
        price_grid=step_grid(tick, decimal_of(tick, row.tick)),
        size_grid=grid,
        order_step=order_step,
        order_lots_min=order_lots_min(smallest, size_min, grid, order_step),
        min_notional=amount_of(least, decimal_of(least, row.cost_min)),
        fees=Fees(_fee(f"{symbol}.maker", row.maker), _fee(f"{symbol}.taker", row.taker)),
        contract_size=Decimal(1) if kind is ContractKind.SPOT else size,
    )


def _fee(field: str, text: str) -> int:
    rate = decimal_of(field, text)
    rate = FEE_UNKNOWN if rate is None else rate
    if not (rate.is_finite() and abs(rate) * E8 <= FEE_E8_MAX):
        raise DecodeError(DecodeKind.RANGE, field, f"at most {FEE_E8_MAX}e-8", text)
    return int((rate * E8).to_integral_value())
