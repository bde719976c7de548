"""The acceptance suite runs over every market of the registry; nothing here lists venues.

A venue that lives elsewhere runs the same tests with an `entry` and a `simulate` of its own, as
`tests/examples` does.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.support.simulator_rules import STRICT
from trimaran.engine.hot_twin import TwinHot
from trimaran.native._hot import Hot
from trimaran.venues.registry import MARKETS
from trimaran.venues.sim.server import Simulator
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.market_entry import MarketEntry

HOTS: dict[str, Callable[[], Any]] = {
    "native": Hot,
    "twin": lambda: TwinHot({entry.dialect: entry.make_decoder for entry in MARKETS.values()}),
}


@pytest.fixture(params=MARKETS)
def entry(request: pytest.FixtureRequest) -> MarketEntry:
    """One market after the other."""
    return MARKETS[request.param]


@pytest.fixture
def simulate() -> Callable[[MarketEntry], AbstractAsyncContextManager[Simulator]]:
    """Runs the simulator of a market's venue, with two instruments."""

    def start(entry: MarketEntry) -> AbstractAsyncContextManager[Simulator]:
        return simulating(
            SimulatorOptions(venues=(entry.venue,), symbols=("BTC", "XRP"), rate=2.0, seed=5, **STRICT)
        )

    return start


@pytest.fixture(params=HOTS)
def make_hot(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """The native hot state, then its twin."""
    return HOTS[request.param]
