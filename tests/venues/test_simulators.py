"""Which simulated venues there are, and how they are asked for."""

from __future__ import annotations

import socket

import pytest

from trimaran.base.errors import ConfigError
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.markets import VENUES
from trimaran.venues.simulators import SimulatorOptions, simulating, simulator_of


def test_by_default_all_venues_with_ten_spot_and_ten_perpetual_instruments_each() -> None:
    simulator = simulator_of(SimulatorOptions())
    assert tuple(simulator.venues) == VENUES == ("binance", "okx", "htx")
    for market in simulator.faults:
        assert sum(name == market for name, _ in simulator.feeds) == 10
    assert len(simulator.feeds) == 60


@pytest.mark.parametrize("venues", [(), ("kraken",), ("okx", "okx")])
def test_venues_are_checked(venues: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="venues"):
        SimulatorOptions(venues=venues)


async def test_one_venue_alone_has_the_admin_handles_too() -> None:
    async with simulating(SimulatorOptions(venues=("htx",), symbols=("LTC",))) as simulator:
        urls = simulator.urls()
    assert set(urls) == {"venues", "admin", "seed", "accounts"}
    assert set(urls["venues"]) == {"htx"}
    assert set(urls["venues"]["htx"]) == {"spot", "swap"}


@pytest.mark.parametrize(("offset", "kind"), [(6, "streams"), (0, "pages")])
async def test_a_port_that_is_taken_is_named_and_the_others_are_free_again(offset: int, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = SimulatorOptions(venues=("htx",), symbols=("LTC",), port_base=port - offset)
        named = port if kind == "streams" else r"\d+"  # streams of spot are the first to listen
        for _ in range(2):
            with pytest.raises(
                ConfigError, match=f"port {named}: expected it to be free, found Address already"
            ):
                async with simulating(options):
                    pass


def test_how_many_tops_are_kept_can_be_chosen() -> None:
    simulator = simulator_of(SimulatorOptions(venues=("okx",), symbols=("BTC",), tops_kept=10))
    simulator.world.advance(simulator.world.now_ns + 5_000_000_000)
    assert [len(book.recent_tops) for book in simulator.world.books.values()] == [10, 10]
    with pytest.raises(ConfigError, match="tops_kept"):
        SimulatorOptions(tops_kept=0)


def test_connections_that_do_not_exist_yet_cannot_be_held() -> None:
    with pytest.raises(ConfigError, match="half_open"):
        SimulatorOptions(faults=FaultPlan(half_open=True))
