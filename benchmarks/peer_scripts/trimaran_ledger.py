"""Our end of the ledger benchmark: fills into the ledger, and into the bare sums."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from decimal import Decimal

from measuring import Reply, Side, clock_cost_ns, percentiles_us, settle

from trimaran.domain.account import Fill, FillId, Liquidity
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import (
    Asset,
    ContractKind,
    Fees,
    Grid,
    Instrument,
    MarketName,
    Symbol,
)
from trimaran.domain.instrument import Side as OrderSide
from trimaran.ledger.ledger import Ledger

START_NS, STEP_NS = 1_700_000_000_000_000_000, 1_000_000
FEE = Decimal("0.00000123")


def ledger_fill(side: Side, kind: str, count: int, bare: bool) -> Reply:
    """Microseconds of each fill."""
    instrument = instrument_of(kind)
    told = fills(instrument, count)
    take: Callable[[Fill], object] = (
        bare_books(instrument) if bare else Ledger({instrument.key: instrument}).apply
    )
    settle()
    costs = array("q", bytes(8 * count))
    clock = time.perf_counter_ns
    for number, fill in enumerate(told):
        start = clock()
        take(fill)
        costs[number] = clock() - start
    return percentiles_us(costs, clock_cost_ns()) | {"fills": count}


def instrument_of(kind: str) -> Instrument:
    """BTCUSDT with the grids of Binance."""
    return Instrument(
        market=MarketName(f"binance.{'spot' if kind == 'spot' else 'usdm'}"),
        symbol=Symbol("BTCUSDT"),
        base=Asset("BTC"),
        quote=Asset("USDT"),
        kind=ContractKind(kind),
        price_grid=Grid(1, -2),
        size_grid=Grid(1, -5),
        order_step=1,
        min_notional=Decimal(5),
        fees=Fees(0, 0),
    )


def fills(instrument: Instrument, count: int) -> list[Fill]:
    """Three purchases, three sales, and so on, each of another price and size."""
    return [
        Fill(
            FillId(str(10**9 + number)),
            ClientOrderId(16 + number),
            instrument.key,
            OrderSide(number // 3 % 2),
            6_000_000 + number % 97,
            100 + number % 7,
            Liquidity.TAKER,
            FEE,
            instrument.base if instrument.kind is ContractKind.SPOT else instrument.quote,
            START_NS + number * STEP_NS,
            START_NS + number * STEP_NS,
        )
        for number in range(count)
    ]


def bare_books(instrument: Instrument) -> Callable[[Fill], None]:
    """The same sums and nothing else."""
    lot, tick = instrument.size_grid.step, instrument.price_grid.step
    base, quote = instrument.base, instrument.quote
    wallet = {base: Decimal(0), quote: Decimal(0)}
    perpetual = instrument.kind is ContractKind.PERPETUAL
    held = cost = Decimal(0)

    def take(fill: Fill) -> None:
        nonlocal held, cost
        size = lot * (fill.lots if fill.side is OrderSide.BUY else -fill.lots)
        value = size * (tick * fill.price_ticks)
        realised = Decimal(0)
        if held * size >= 0:
            cost += value
        elif abs(size) <= abs(held):
            released = cost * (-size / held)
            realised = -value - released
            cost -= released
        else:
            closing = value * (-held / size)
            realised = -closing - cost
            cost = value - closing
        held += size
        if perpetual:
            wallet[quote] += realised
        else:
            wallet[base] += size
            wallet[quote] -= value
        wallet[fill.fee_asset] -= fill.fee

    return take
