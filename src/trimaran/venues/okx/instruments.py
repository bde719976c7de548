"""OKX's list of instruments, spot and swaps, to instruments.

Source: https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments

Only what trades now is returned: state `live`, and of the swaps those that are linear and settle in USDT.
Every number is text, and the empty text means that there is none. Sizes of swaps are contracts; a contract
is `ctVal` times `ctMult` of the base asset, which `ctValCcy` names.

OKX does not say how fine the sizes in its market data can be, and its largest order (`maxLmtSz`, 1e12 of
anything) says nothing about the size of a level. So the grid is four digits finer than the lot, with at
most eight decimals: room for sizes from before a change of the lot, and for levels of 1e10 lots and more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import VenueError
from trimaran.domain.instrument import ContractKind, Instrument, Symbol
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

LIVE: Final = "live"
LINEAR: Final = "linear"
SETTLED_IN: Final = "USDT"
DIGITS_BELOW_LOT: Final = 4
DIGITS_MAX: Final = 8
NO_SIZE_MAX: Final = Decimal(0)


class _Instrument(msgspec.Struct, rename="camel"):
    inst_id: str
    state: str
    tick_sz: str
    lot_sz: str
    min_sz: str = ""
    base_ccy: str = ""
    quote_ccy: str = ""
    settle_ccy: str = ""
    ct_type: str = ""
    ct_val: str = ""
    ct_mult: str = ""
    ct_val_ccy: str = ""


class _Code(msgspec.Struct, rename="camel"):
    inst_id: str
    inst_id_code: int | None = None


class _Answer(msgspec.Struct):
    code: str
    msg: str = ""
    data: list[msgspec.Raw] | None = None


_DECODER: Final = msgspec.json.Decoder(_Answer)
_ENTRY_DECODER: Final = msgspec.json.Decoder(_Instrument)
_CODE_DECODER: Final = msgspec.json.Decoder(_Code)


def read_instruments(
    body: bytes, spec: MarketSpec, fees: FeeTable, symbols: Collection[str] | None = None
) -> tuple[Instrument, ...]:
    """The instruments of an answer, in its order; only `symbols` when they are given.

    Raises VenueError when the answer is an error, and DecodeError naming the field: MALFORMED or SCHEMA for
    the body, RANGE for a symbol or a number that the platform cannot hold. A symbol that is asked for and
    does not trade is left out, and one that is not asked for is not looked at beyond its name.
    """
    answer = decode_body(_DECODER, body, "instruments")
    if answer.code != "0":
        raise VenueError(f"{spec.market}: expected instruments, found code {answer.code!r}: {answer.msg!r}")
    entries = decode_entries(answer.data or [], _ENTRY_DECODER, "data", "instId", symbols)
    return tuple(_instrument(entry, spec, fees) for entry in entries if _trades(entry, spec))


def read_symbol_codes(body: bytes, symbols: Collection[str] | None = None) -> Mapping[Symbol, int]:
    """`instIdCode` of each instrument that has one: the number by which the order line names it.

    Raises DecodeError naming the field, as `read_instruments` does.
    """
    answer = decode_body(_DECODER, body, "instruments")
    entries = decode_entries(answer.data or [], _CODE_DECODER, "data", "instId", symbols)
    return {symbol_of(each.inst_id): each.inst_id_code for each in entries if each.inst_id_code is not None}


def _trades(entry: _Instrument, spec: MarketSpec) -> bool:
    linear = entry.ct_type == LINEAR and entry.settle_ccy == SETTLED_IN
    return entry.state == LIVE and (spec.contract is ContractKind.SPOT or linear)


def _instrument(entry: _Instrument, spec: MarketSpec, fees: FeeTable) -> Instrument:
    symbol = symbol_of(entry.inst_id)
    spot = spec.contract is ContractKind.SPOT
    tick, lot = f"{symbol}.tickSz", f"{symbol}.lotSz"
    lot_grid = step_grid(lot, decimal_of(lot, entry.lot_sz))
    digits = min(DIGITS_MAX, max(0, DIGITS_BELOW_LOT - lot_grid.exponent))
    grid = size_grid(lot, lot_grid, digits, NO_SIZE_MAX)
    order_step, smallest = grid.steps(lot_grid.step), f"{symbol}.minSz"
    size_min = amount_of(smallest, decimal_of(smallest, entry.min_sz))
    return Instrument(
        market=spec.market,
        symbol=symbol,
        base=asset_of(f"{symbol}.base", entry.base_ccy if spot else entry.ct_val_ccy),
        quote=asset_of(f"{symbol}.quote", entry.quote_ccy if spot else entry.settle_ccy),
        kind=spec.contract,
        price_grid=step_grid(tick, decimal_of(tick, entry.tick_sz)),
        size_grid=grid,
        order_step=order_step,
        order_lots_min=order_lots_min(smallest, size_min, grid, order_step),
        min_notional=Decimal(0),
        fees=fees.of(symbol),
        contract_size=Decimal(1) if spot else _contract_size(entry),
    )


def _contract_size(entry: _Instrument) -> Decimal:
    """Base asset per contract. Raises DecodeError when it is missing or 0."""
    size = Decimal(1)
    for name, text in (("ctVal", entry.ct_val), ("ctMult", entry.ct_mult)):
        field = f"{entry.inst_id}.{name}"
        size *= step_grid(field, decimal_of(field, text)).step
    return amount_of(f"{entry.inst_id}.ctVal*ctMult", size)
