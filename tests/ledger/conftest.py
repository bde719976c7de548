"""Two instruments and short builders of account events."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from trimaran.domain.account import Fill, FillId, Liquidity, Transfer, TransferId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import (
    Asset,
    ContractKind,
    Fees,
    Grid,
    Instrument,
    InstrumentKey,
    MarketName,
    Side,
    Symbol,
)
from trimaran.ledger.ledger import Ledger


def _instrument(market: str, symbol: str, base: str, quote: str, kind: ContractKind) -> Instrument:
    return Instrument(
        market=MarketName(market),
        symbol=Symbol(symbol),
        base=Asset(base),
        quote=Asset(quote),
        kind=kind,
        price_grid=Grid(1, 0),
        size_grid=Grid(1, -1),
        order_step=1,
        min_notional=Decimal(5),
        fees=Fees(100_000, 100_000),
    )


@pytest.fixture(scope="session")
def instruments() -> dict[InstrumentKey, Instrument]:
    """BTCUSDT and ETHBTC spot, BTCUSDT perpetual; a tick is 1, a lot is 0.1."""
    rows = (
        _instrument("spot", "BTCUSDT", "BTC", "USDT", ContractKind.SPOT),
        _instrument("spot", "ETHBTC", "ETH", "BTC", ContractKind.SPOT),
        _instrument("usdm", "BTCUSDT", "BTC", "USDT", ContractKind.PERPETUAL),
    )
    return {row.key: row for row in rows}


@pytest.fixture
def ledger(instruments: dict[InstrumentKey, Instrument]) -> Ledger:
    """An empty ledger."""
    return Ledger(instruments)


@pytest.fixture(scope="session")
def make_fill() -> Callable[..., Fill]:
    """Builds a fill: id, instrument, side, price, size in lots, fee, fee asset."""

    def make(
        fill_id: str, key: str, side: str, price: int, lots: int, fee: str = "0", fee_asset: str = "USDT"
    ) -> Fill:
        return Fill(
            FillId(fill_id),
            ClientOrderId(16),
            InstrumentKey(key),
            Side[side],
            price,
            lots,
            Liquidity.TAKER,
            Decimal(fee),
            Asset(fee_asset),
            1,
            2,
        )

    return make


@pytest.fixture(scope="session")
def make_transfer() -> Callable[..., Transfer]:
    """Builds a transfer: id, market, asset, amount."""

    def make(transfer_id: str, market: str, asset: str, amount: Any) -> Transfer:
        return Transfer(TransferId(transfer_id), MarketName(market), Asset(asset), Decimal(amount), 1, 2)

    return make
