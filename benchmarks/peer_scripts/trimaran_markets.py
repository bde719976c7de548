"""The markets and books that our side is measured with: grids as the venues publish them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from trimaran.backtest.run import BOOK, LIMITS
from trimaran.base.limits import FEE_E8_ONE
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, MarketName, Symbol
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.hot import Hot
from trimaran.engine.loop import Loop
from trimaran.strategies.catalogue import STRATEGIES
from trimaran.venues.sim.paper import PaperVenue

FEES = Fees(maker_e8=100_000, taker_e8=100_000)  # 0.1 %


class Market(msgspec.Struct, frozen=True):
    """One market; `spelling` makes a symbol of a base asset."""

    dialect: Dialect
    spelling: str
    price_grid: Grid
    size_grid: Grid
    order_step: int = 1  # lots
    contract_size: Decimal = Decimal(1)

    def symbol(self, base: str) -> str:
        """How the venue calls the asset against USDT."""
        text = self.spelling.format(base)
        return text.lower() if self.dialect is Dialect.HTX_SPOT else text

    def instrument(self, name: str, base: str) -> Instrument:
        """The instrument of an asset."""
        spot = self.contract_size == 1 and self.dialect is not Dialect.BINANCE_USDM
        return Instrument(
            market=MarketName(name),
            symbol=Symbol(self.symbol(base)),
            base=Asset(base),
            quote=Asset("USDT"),
            kind=ContractKind.SPOT if spot else ContractKind.PERPETUAL,
            price_grid=self.price_grid,
            size_grid=self.size_grid,
            order_step=self.order_step,
            min_notional=Decimal(5),
            fees=FEES,
            contract_size=self.contract_size,
        )


MARKETS = {
    "binance.spot": Market(Dialect.BINANCE_SPOT, "{}USDT", Grid(1, -2), Grid(1, -8), 1_000),
    "binance.usdm": Market(Dialect.BINANCE_USDM, "{}USDT", Grid(1, -1), Grid(1, -3)),
    "okx.spot": Market(Dialect.OKX, "{}-USDT", Grid(1, -1), Grid(1, -8), 1_000),
    "okx.swap": Market(Dialect.OKX, "{}-USDT-SWAP", Grid(1, -1), Grid(1, -8), 1_000_000, Decimal("0.01")),
    "htx.spot": Market(Dialect.HTX_SPOT, "{}usdt", Grid(1, -2), Grid(1, -6)),
    "htx.swap": Market(Dialect.HTX_SWAP, "{}-USDT", Grid(1, -1), Grid(1, 0), 1, Decimal("0.001")),
}


def add_book(hot: Hot, market: int, kind: Market, symbol: str, group: int) -> int:
    """A book of a market of that kind; its index."""
    base = Grid.of(kind.size_grid.step * kind.contract_size)
    return hot.add_instrument(
        market,
        symbol,
        kind.price_grid.units,
        kind.price_grid.exponent,
        kind.size_grid.units,
        kind.size_grid.exponent,
        base.units,
        base.exponent,
        kind.order_step,
        group,
        FEES.taker_e8,
    )


def make_loop(hot: Hot, markets: Sequence[tuple[str, Market]], bases: Sequence[str]) -> Loop:
    """A desk as a live one is built: loop, step, strategies, paper venue.

    The threshold is out of reach, so what is timed is the usual frame, after which nothing is to be done.
    """
    setups = tuple(
        MarketSetup(MarketName(name), kind.dialect, tuple(kind.instrument(name, base) for base in bases))
        for name, kind in markets
    )
    setup = DeskSetup(setups, BOOK, threshold_e8=FEE_E8_ONE, notional_max=LIMITS.order_notional_max)
    desk = Desk(setup, hot, [make() for make in STRATEGIES.values()], ClientIdCounter(0, 0, 1))
    return Loop(desk, PaperVenue(desk.instruments, desk, 0, {}), lambda facts: None)
