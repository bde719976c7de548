"""Instruments of two markets, and opportunities between them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from trimaran.domain.instrument import Instrument
from trimaran.domain.opportunity import Opportunity, Pair


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
