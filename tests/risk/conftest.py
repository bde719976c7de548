"""A context in which a plain order passes; tests change one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.support.instruments import PERPETUAL, SPOT
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import KillState
from trimaran.domain.instrument import (
    Asset,
    Instrument,
    Side,
)
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.risk.context import OpenOrder, RiskContext
from trimaran.risk.limits import RiskLimits

NOW_NS = 1_000_000_000_000
LIMITS = RiskLimits(
    order_notional_max=Decimal(10_000),
    order_lots_max=100_000,
    quote_age_ns_max=1_000_000_000,
    collar_bps_max=50,
    position_lots_max=200_000,
    exposure_base_max=Decimal(2),
    leverage_max=2,
    open_orders_max=5,
    rate_orders_max=3,
    rate_window_ns=1_000_000_000,
    duplicate_window_ns=500_000_000,
)


@pytest.fixture
def make_order() -> Callable[..., OrderRequest]:
    """Builds orders: by default buy 0.01 BTC at 50,000.00 on spot."""

    def make(**changes: Any) -> OrderRequest:
        plain = OrderRequest(
            IntentId("intent-1"),
            ClientOrderId(16),
            SPOT.key,
            Side.BUY,
            5_000_000,
            1_000,
            TimeInForce.IOC,
            StrategyName("cross"),
            None,
            False,
            NOW_NS,
        )
        return msgspec.structs.replace(plain, **changes)

    return make


@pytest.fixture
def make_context() -> Callable[..., RiskContext]:
    """Builds contexts: by default a quiet spot market around 50,000 and a full account."""

    def make(**changes: Any) -> RiskContext:
        plain = RiskContext(
            SPOT,
            BookStatus.LIVE,
            4_999_900,
            5_000_100,
            NOW_NS,
            Decimal(50_000),
            NOW_NS,
            0,
            Decimal(0),
            {Asset("USDT"): Decimal(100_000), Asset("BTC"): Decimal(1)},
            (),
            (),
            KillState.RUNNING,
        )
        return msgspec.structs.replace(plain, **changes)

    return make


@pytest.fixture
def make_limits() -> Callable[..., RiskLimits]:
    """Builds limits: by default wide enough for the plain order."""

    def make(**changes: Any) -> RiskLimits:
        return msgspec.structs.replace(LIMITS, **changes)

    return make


@pytest.fixture
def make_open(make_order: Callable[..., OrderRequest]) -> Callable[..., OpenOrder]:
    """Builds open orders of another intent, strategy and price than the plain order."""

    def make(instrument: Instrument = SPOT, lots: int = 1_000, **changes: Any) -> OpenOrder:
        identity: dict[str, Any] = {
            "intent_id": IntentId("open-1"),
            "client_order_id": ClientOrderId(160),
            "strategy": StrategyName("other"),
            "instrument_key": instrument.key,
            "lots": lots,
        }
        return OpenOrder(make_order(**(identity | changes)), instrument, lots)

    return make


@pytest.fixture
def perpetual() -> Instrument:
    """BTCUSDT perpetual: tick 0.1, lot 0.001."""
    return PERPETUAL


@pytest.fixture
def spot() -> Instrument:
    """BTCUSDT spot: tick 0.01, lot 0.00001, taker fee 10 bps."""
    return SPOT
