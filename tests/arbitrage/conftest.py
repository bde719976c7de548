"""Instruments of two markets, and opportunities between them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, MarketName, Symbol
from trimaran.domain.opportunity import Opportunity, Pair

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


@pytest.fixture
def spot() -> Instrument:
    return SPOT


@pytest.fixture
def perpetual() -> Instrument:
    return PERPETUAL


@pytest.fixture
def make_opportunity() -> Callable[..., Opportunity]:
    """An opportunity that is worth something; any field can be changed."""

    def make(**changes: Any) -> Opportunity:
        plain = Opportunity(
            pair=Pair(SPOT.key, PERPETUAL.key),
            edge_e8=1_000,
            size=Decimal(1),
            buy_lots=100_000,
            sell_lots=1_000,
            buy_limit_ticks=6_000_000,
            sell_limit_ticks=600_500,
            cost=Decimal(60_000),
            proceeds=Decimal(60_050),
            fees=Decimal(10),
            buy_age_ns=5,
            sell_age_ns=7,
            local_ns=1_000,
        )
        return replace(plain, **changes)

    return make
