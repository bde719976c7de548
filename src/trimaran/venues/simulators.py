"""The simulated venues by name, over one common market.

    async with simulating(SimulatorOptions(venues=("okx",), symbols=("BTC",))) as simulator: ...

Listeners are at fixed distances from the port base:

    0 admin handles, REST of Binance   1 Binance spot streams   2 Binance USD-M streams
    3 REST of OKX                      4 OKX streams
    5 REST of HTX spot                 6 HTX spot streams       7 REST of HTX swap   8 HTX swap streams
    9 Binance spot WebSocket API       10 Binance USD-M WebSocket API

The desk side never imports this.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.ports import Clock
from trimaran.venues.binance.simulator.venue import BinanceRules, BinanceVenue
from trimaran.venues.htx.simulator.venue import HtxRules, HtxVenue
from trimaran.venues.okx.simulator.venue import OkxRules, OkxVenue
from trimaran.venues.sim.options import ServerOptions
from trimaran.venues.sim.server import Simulator, running, serve_until_told
from trimaran.venues.sim.trading import ClientIds
from trimaran.venues.sim.venue_rules import RULES

HTX_IDS: Final = {"unique": ClientIds.UNIQUE_DAY, "free": ClientIds.FREE}


class SimulatorOptions(ServerOptions, frozen=True):
    """What to simulate, where to listen, and what each venue demands of its clients."""

    binance: BinanceRules = BinanceRules()
    okx: OkxRules = OkxRules()
    htx: HtxRules = HtxRules()


def simulator_of(options: SimulatorOptions, clock: Clock | None = None) -> Simulator:
    """A simulator that does not run yet; `clock` is this machine's by default.

    Raises ConfigError for rules that no venue has.
    """
    ids = HTX_IDS.get(options.htx.ids)
    if ids is None:
        raise ConfigError(f"htx.ids: expected one of {', '.join(HTX_IDS)}, found {options.htx.ids!r}")
    return Simulator(
        options,
        {
            "binance": lambda stage: BinanceVenue(stage, options.binance),
            "okx": lambda stage: OkxVenue(stage, options.okx),
            "htx": lambda stage: HtxVenue(stage, options.htx),
        },
        {**RULES, "htx": msgspec.structs.replace(RULES["htx"], client_ids=ids)},
        clock,
    )


@contextlib.asynccontextmanager
async def simulating(options: SimulatorOptions) -> AsyncIterator[Simulator]:
    """A running simulator for the time of a block."""
    async with running(simulator_of(options)) as simulator:
        yield simulator


async def serve(options: SimulatorOptions) -> None:
    """Runs until SIGTERM, SIGINT or `options.seconds`; prints one JSON line with the URLs when ready."""
    await serve_until_told(simulator_of(options))
