"""Which simulated venues there are, and how they are asked for."""

from __future__ import annotations

import pytest

from trimaran.base.errors import ConfigError
from trimaran.venues.sim.markets import VENUES
from trimaran.venues.simulators import SimulatorOptions, simulating, simulator_of


def test_by_default_all_venues_with_eight_spot_and_eight_perpetual_instruments_each() -> None:
    simulator = simulator_of(SimulatorOptions())
    assert tuple(simulator.venues) == VENUES == ("binance", "okx", "htx")
    for market in simulator.faults:
        assert sum(name == market for name, _ in simulator.feeds) == 8
    assert len(simulator.feeds) == 48


@pytest.mark.parametrize("venues", [(), ("kraken",), ("okx", "okx")])
def test_venues_are_checked(venues: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="venues"):
        SimulatorOptions(venues=venues)


async def test_one_venue_alone_has_the_admin_handles_too() -> None:
    async with simulating(SimulatorOptions(venues=("htx",), symbols=("LTC",))) as simulator:
        urls = simulator.urls()
    assert set(urls) == {"venues", "admin", "seed"}
    assert set(urls["venues"]) == {"htx"}
    assert set(urls["venues"]["htx"]) == {"spot", "swap"}
