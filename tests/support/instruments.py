"""The instruments that most tests trade: Bitcoin on spot and as a perpetual."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, MarketName, Symbol

SPOT = Instrument(
    market=MarketName("binance.spot"),
    symbol=Symbol("BTCUSDT"),
    base=Asset("BTC"),
    quote=Asset("USDT"),
    kind=ContractKind.SPOT,
    price_grid=Grid(1, -2),
    size_grid=Grid(1, -5),
    order_step=1,
    min_notional=Decimal(5),
    fees=Fees(100_000, 100_000),
)
PERPETUAL = replace(
    SPOT,
    market=MarketName("binance.usdm"),
    kind=ContractKind.PERPETUAL,
    price_grid=Grid(1, -1),
    size_grid=Grid(1, -3),
    fees=Fees(20_000, 50_000),
)
