"""A simulator of one market's venue whose crowd stands still, and somebody who trades with our account."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any, Final

from tests.support.simulator_rules import LAX
from trimaran.domain.instrument import Side, Symbol
from trimaran.domain.pair import Pair
from trimaran.venues.sim.exchange import SimExchange
from trimaran.venues.sim.exchange_port import DEMO_ACCOUNT_ID
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.gate import TradingFaults
from trimaran.venues.sim.parameters import FlowParameters
from trimaran.venues.sim.server import Simulator
from trimaran.venues.sim.server_stage import Connection
from trimaran.venues.sim.trading import (
    ApiKey,
    OrderSpec,
    OrderTypeSim,
    Permission,
    SimOrder,
    Tif,
)
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.market_entry import MarketEntry

STILL: Final = FlowParameters(
    volatility_bps=0, jumps_per_s=0, shocks_per_s=0, takers_per_s=1e-6, requotes_per_s=1e-6, crowd_per_s=1e-6,
    taker_excitation_per_s=0,
)  # fmt: skip
OTHER: Final = 2  # the account of who trades with ours
RICH: Final = Decimal(10) ** 9


class Room:
    """A simulator of one market's venue, without a crowd, and the account that is traded with."""

    def __init__(self, entry: MarketEntry, simulator: Simulator) -> None:
        self.entry = entry
        self.simulator = simulator
        self.exchange: SimExchange = simulator.exchanges[entry.venue]
        self.symbol: Symbol = entry.spell(Pair.parse("BTC-USDT"))
        self.market = entry.name
        urls = simulator.urls()
        self.hosts = {f"{entry.venue}.{kind}": bases for kind, bases in urls["venues"][entry.venue].items()}
        self.keys: Mapping[str, Any] = urls["accounts"][entry.venue]
        book = self.exchange.book(self.market, self.symbol)
        assert book is not None
        self.book = book
        self.sim_instrument = book.listing.instrument
        assets = {self.sim_instrument.quote: RICH, self.sim_instrument.base: RICH}
        nobody = ApiKey("other", "secret", "word", frozenset(Permission), OTHER)
        self.exchange.add_account([nobody], dict.fromkeys(self.exchange.markets, assets))

    @property
    def stage(self) -> Any:
        return self.simulator.stage

    def now_ns(self) -> int:
        return self.simulator.stage.trading_ns()

    def faults(self, **trading: Any) -> None:
        """Puts faults of the private side in force; without arguments, none."""
        self.simulator.set_faults(FaultPlan(trading=TradingFaults(**trading)))

    def levels(self, side: Side) -> list[tuple[Decimal, Decimal]]:
        """(price, size in the unit of orders), best first."""
        grid = self.sim_instrument
        rows = self.book.engine.depth(int(side), 10_000)
        return [(grid.price(ticks), grid.size_grid.decimal(lots)) for ticks, lots in rows]

    def best(self, side: Side) -> Decimal:
        return self.levels(side)[0][0]

    def free_price(self, side: Side, away: int = 0) -> Decimal:
        """A price next to the touch at which nobody rests, so that who comes first is first."""
        taken = {price for price, _ in self.levels(side)}
        tick = self.sim_instrument.price_grid.step * -side.sign
        price = self.best(side)
        for _ in range(away + 1):
            price += tick
            while price in taken:
                price += tick
        return price

    def other_hand(self, side: Side, size: Decimal) -> SimOrder:
        """Our account places an order that rests, by somebody else's hand."""
        return self.other(side, self.free_price(side), size, Tif.GTC, DEMO_ACCOUNT_ID)

    def other(
        self, side: Side, price: Decimal, size: Decimal, tif: Tif = Tif.IOC, account_id: int = OTHER
    ) -> SimOrder:
        """The other account places a limit order; what it meets it takes."""
        spec = OrderSpec(
            market=self.market, symbol=self.symbol, side=int(side), type=OrderTypeSim.LIMIT, tif=tif,
            price=price, size=size,
        )  # fmt: skip
        order = self.exchange.place(account_id, spec, self.now_ns())
        assert isinstance(order, SimOrder), order
        return order

    def fill(self, side: Side, price: Decimal, size: Decimal) -> None:
        """Somebody takes all that is better than an order of ours, and `size` of it."""
        better = [lots for level, lots in self.levels(side) if (level - price) * side.sign > 0]
        self.other(side.opposite, price, sum(better, size))

    def pass_time(self, seconds: float) -> None:
        """The market lives through some seconds at once."""
        world = self.simulator.world
        self.stage.events += world.advance(world.now_ns + round(seconds * 1e9))
        self.simulator.turn()

    def revoke(self) -> None:
        """The demo account's key is none any more."""
        del self.exchange.accounts._keys[self.keys["key"]]

    def private_connections(self) -> list[Connection]:
        return [each for each in self.stage.connections_of(self.market) if each.private]


@contextlib.asynccontextmanager
async def room_of(entry: MarketEntry, **options: Any) -> AsyncIterator[Room]:
    """A simulator of the market's venue for the time of a block."""
    lax = {} if options.get("limits") else LAX
    settings = {"symbols": ("BTC",), "flow": STILL, "limits": False, **lax, **options}
    async with simulating(SimulatorOptions(venues=(entry.venue,), **settings)) as simulator:
        yield Room(entry, simulator)
