"""The acceptance suite runs over every market of the registry; nothing here lists venues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trimaran.engine.hot_twin import TwinHot
from trimaran.native._hot import Hot
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.market_entry import MarketEntry

HOTS: dict[str, Callable[[], Any]] = {
    "native": Hot,
    "twin": lambda: TwinHot({entry.dialect: entry.make_decoder for entry in MARKETS.values()}),
}


@pytest.fixture(params=MARKETS)
def entry(request: pytest.FixtureRequest) -> MarketEntry:
    """One market after the other."""
    return MARKETS[request.param]


@pytest.fixture(params=HOTS)
def make_hot(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """The native hot state, then its twin."""
    return HOTS[request.param]
