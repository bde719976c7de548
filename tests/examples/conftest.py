"""The fourth venue as the acceptance suite wants it: its record, its simulator, what it says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from examples.fourth_venue import entry as fourth_venue
from examples.fourth_venue.simulator import MARKET, RULES, BybitVenue
from tests.support.bybit_speaker import BybitSpeaker
from tests.support.simulator_rules import IDLE_S
from tests.support.speakers import SPEAKERS
from trimaran.domain.instrument import MarketName
from trimaran.engine.hot_twin import TwinHot
from trimaran.native._hot import Hot
from trimaran.venues.registry import with_markets
from trimaran.venues.sim.options import ServerOptions
from trimaran.venues.sim.server import Simulator, running
from trimaran.venues.wire.market_entry import MarketEntry

KNOWN = with_markets(fourth_venue.SPOT)
FURTHER = [name for name in KNOWN if name.startswith("bybit.")]
SPEAKERS["bybit"] = BybitSpeaker
HOTS: dict[str, Callable[[], Any]] = {
    "native": Hot,
    "twin": lambda: TwinHot({entry.dialect: entry.make_decoder for entry in KNOWN.values()}),
}


@pytest.fixture(params=FURTHER)
def entry(request: pytest.FixtureRequest) -> MarketEntry:
    """One market after the other."""
    return KNOWN[MarketName(request.param)]


@pytest.fixture(params=HOTS)
def make_hot(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """The native hot state, then its twin."""
    return HOTS[request.param]


@pytest.fixture
def simulate() -> Callable[[MarketEntry], AbstractAsyncContextManager[Simulator]]:
    """Runs the fourth venue's own simulator, with two instruments."""

    def start(entry: MarketEntry) -> AbstractAsyncContextManager[Simulator]:
        options = ServerOptions(
            venues=(entry.venue,), symbols=("BTC", "XRP"), rate=2.0, seed=5, further_markets=(MARKET,)
        )
        makers = {"bybit": lambda stage: BybitVenue(stage, IDLE_S)}
        return running(Simulator(options, makers, {"bybit": RULES}))

    return start
