"""HTX's lists of instruments, spot and swaps, to instruments.

    spot   https://huobiapi.github.io/docs/spot/v1/en/#get-market-symbols-setting
    swaps  https://huobiapi.github.io/docs/usdt_swap/v1/en/#general-query-swap-info

Only what trades now is returned: state `online` (and open to programs), and of the contracts those with
status 1 that never expire and settle in USDT. Assets are lower case on spot, and upper case here as
everywhere else.

On spot the tick is 10^-pp and the lot 10^-ap. Sizes in market data can be finer than the lot: the grid has
eight decimals where the largest order leaves room for them. Sizes of swaps are whole contracts, of
`contract_size` base asset each.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from trimaran.base.errors import VenueError
from trimaran.domain.instrument import ContractKind, Grid, Instrument
from trimaran.venues.wire.instrument_list import (
    FeeTable,
    amount_of,
    asset_of,
    decode_body,
    decode_entries,
    order_lots_min,
    size_grid,
    step_grid,
    symbol_of,
)
from trimaran.venues.wire.market_spec import MarketSpec

ONLINE: Final = "online"
ENABLED: Final = "enabled"
TRADING: Final = 1
PERPETUAL: Final = "swap"
SETTLED_IN: Final = "USDT"
DIGITS: Final = 8  # of sizes in market data on spot

Digits = Annotated[int, msgspec.Meta(ge=0, le=18)]


class _Symbol(msgspec.Struct):
    symbol: str
    state: str
    bc: str
    qc: str
    pp: Digits
    ap: Digits
    at: str = ENABLED  # trading by programs
    minov: Decimal | None = None
    minoa: Decimal | None = None
    lominoa: Decimal | None = None
    maxoa: Decimal | None = None
    lomaxoa: Decimal | None = None


class _Contract(msgspec.Struct):
    contract_code: str
    contract_size: Decimal
    price_tick: Decimal
    contract_status: int
    contract_type: str = PERPETUAL


class _Answer(msgspec.Struct):
    status: str
    data: list[msgspec.Raw] | None = None  # null in an error
    spot_code: str | int = msgspec.field(default="", name="err-code")
    spot_text: str = msgspec.field(default="", name="err-msg")
    swap_code: str | int = msgspec.field(default="", name="err_code")
    swap_text: str = msgspec.field(default="", name="err_msg")


_DECODER: Final = msgspec.json.Decoder(_Answer)
_SYMBOL_DECODER: Final = msgspec.json.Decoder(_Symbol)
_CONTRACT_DECODER: Final = msgspec.json.Decoder(_Contract)


def read_instruments(
    body: bytes, spec: MarketSpec, fees: FeeTable, symbols: Collection[str] | None = None
) -> tuple[Instrument, ...]:
    """The instruments of an answer, in its order; only `symbols` when they are given.

    Raises VenueError when the answer is an error, and DecodeError naming the field: MALFORMED or SCHEMA for
    the body, RANGE for a symbol or a number that the platform cannot hold. A symbol that is asked for and
    does not trade is left out, and one that is not asked for is not looked at beyond its name.
    """
    answer = decode_body(_DECODER, body, "instruments")
    if answer.status != "ok":
        code, text = answer.spot_code or answer.swap_code, answer.spot_text or answer.swap_text
        raise VenueError(f"{spec.market}: expected instruments, found {answer.status!r} {code!r}: {text!r}")
    entries = answer.data or []
    if spec.contract is ContractKind.SPOT:
        listed = decode_entries(entries, _SYMBOL_DECODER, "data", "symbol", symbols)
        return tuple(_spot(each, spec, fees) for each in listed if _is_online(each))
    contracts = decode_entries(entries, _CONTRACT_DECODER, "data", "contract_code", symbols)
    return tuple(_swap(each, spec, fees) for each in contracts if _is_perpetual(each))


def _is_online(entry: _Symbol) -> bool:
    return entry.state == ONLINE and entry.at == ENABLED


def _is_perpetual(entry: _Contract) -> bool:
    settled = entry.contract_code.rpartition("-")[2] == SETTLED_IN
    return entry.contract_status == TRADING and entry.contract_type == PERPETUAL and settled


def _spot(entry: _Symbol, spec: MarketSpec, fees: FeeTable) -> Instrument:
    symbol = symbol_of(entry.symbol)
    largest, field = entry.lomaxoa, f"{symbol}.lomaxoa"
    if largest is None:
        largest, field = entry.maxoa, f"{symbol}.maxoa"
    lot_grid = Grid(1, -entry.ap)
    grid = size_grid(field, lot_grid, DIGITS, amount_of(field, largest))
    order_step = grid.steps(lot_grid.step)
    smallest = {f"{symbol}.minoa": entry.minoa, f"{symbol}.lominoa": entry.lominoa}
    size_min, size_min_field = max((amount_of(name, amount), name) for name, amount in smallest.items())
    return Instrument(
        market=spec.market,
        symbol=symbol,
        base=asset_of(f"{symbol}.bc", entry.bc),
        quote=asset_of(f"{symbol}.qc", entry.qc),
        kind=spec.contract,
        price_grid=Grid(1, -entry.pp),
        size_grid=grid,
        order_step=order_step,
        order_lots_min=order_lots_min(size_min_field, size_min, grid, order_step),
        min_notional=amount_of(f"{symbol}.minov", entry.minov),
        fees=fees.of(symbol),
    )


def _swap(entry: _Contract, spec: MarketSpec, fees: FeeTable) -> Instrument:
    symbol = symbol_of(entry.contract_code)
    base, _, quote = symbol.rpartition("-")
    return Instrument(
        market=spec.market,
        symbol=symbol,
        base=asset_of(f"{symbol}.base", base),
        quote=asset_of(f"{symbol}.quote", quote),
        kind=spec.contract,
        price_grid=step_grid(f"{symbol}.price_tick", entry.price_tick),
        size_grid=Grid(1, 0),
        order_step=1,
        order_lots_min=1,
        min_notional=Decimal(0),
        fees=fees.of(symbol),
        contract_size=step_grid(f"{symbol}.contract_size", entry.contract_size).step,
    )
