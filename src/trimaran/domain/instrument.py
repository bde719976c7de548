"""Instruments: what can be traded, and the integer grid its prices and sizes live on.

A price is a number of ticks, a size a number of lots, both integers; `Decimal` appears only where
a human or a venue's order entry needs it. A lot here is the finest size that the venue's market data can
show; an order must be a multiple of `order_step` lots, and at least `order_lots_min`. Lot and step differ
because orders that rest since before a change of the lot size stay in the book: a real BTCUSDT capture shows
sizes far below its lot. `Fees` are in units of 1e-8 of the notional, so that 10 bps is 100,000 and every
published tier is exact.
"""

from __future__ import annotations

import enum
from decimal import Decimal, localcontext
from typing import NewType

import msgspec

from trimaran.base.errors import ConfigError, GridError
from trimaran.base.limits import FEE_E8_MAX, SIZE_LOTS_MAX

MarketName = NewType("MarketName", str)  # "binance.spot", "okx.swap"
Symbol = NewType("Symbol", str)  # the venue's own spelling: "BTCUSDT", "BTC-USDT-SWAP", "btcusdt"
Asset = NewType("Asset", str)
InstrumentKey = NewType("InstrumentKey", str)  # "binance.spot:BTCUSDT"
PriceTicks = NewType("PriceTicks", int)
SizeLots = NewType("SizeLots", int)


def symbol_in(key: InstrumentKey) -> Symbol:
    """The venue's own spelling in a key."""
    return Symbol(key.partition(":")[2])


class ContractKind(enum.Enum):
    """How a fill settles."""

    SPOT = "spot"
    PERPETUAL = "perpetual"


class Side(enum.IntEnum):
    """Side of an order, of a trade's aggressor, or of a book (bids are BUY)."""

    BUY = 0
    SELL = 1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1


class Fees(msgspec.Struct, frozen=True):
    """Fee rates of the account on one instrument, in 1e-8 of the notional; positive is paid."""

    maker_e8: int
    taker_e8: int

    def __post_init__(self) -> None:
        for name, value in (("maker_e8", self.maker_e8), ("taker_e8", self.taker_e8)):
            if not -FEE_E8_MAX <= value <= FEE_E8_MAX:
                raise ConfigError(f"fees.{name}: expected -{FEE_E8_MAX}..{FEE_E8_MAX}, found {value}")


class Grid(msgspec.Struct, frozen=True):
    """The integer grid `units * 10**exponent`, e.g. 0.05 is units 5, exponent -2."""

    units: int
    exponent: int

    @classmethod
    def of(cls, step: Decimal) -> Grid:
        """The grid of a step size. Raises GridError when the step is not positive and finite."""
        if not step.is_finite() or step <= 0:
            raise GridError(f"step: expected a positive number, found {step}")
        _, digits, exponent = step.normalize().as_tuple()
        assert isinstance(exponent, int)
        units = int("".join(map(str, digits)))
        if not (units < 10**9 and -18 <= exponent <= 9):
            raise GridError(f"step: expected below 10 digits and 1e-18..1e9, found {step}")
        return cls(units, exponent)

    @property
    def step(self) -> Decimal:
        """The step as a decimal."""
        return Decimal(self.units).scaleb(self.exponent)

    def decimal(self, value: int) -> Decimal:
        """`value` steps as an exact decimal."""
        return Decimal(value * self.units).scaleb(self.exponent)

    def steps(self, value: Decimal) -> int:
        """The exact number of steps. Raises GridError off the grid or out of range."""
        with localcontext() as exact:
            exact.prec = 100
            scaled = value / self.step if value.is_finite() else value
            if not scaled.is_finite() or abs(scaled) > SIZE_LOTS_MAX:
                raise GridError(
                    f"value: expected at most {SIZE_LOTS_MAX} steps of {self.step}, found {value}"
                )
            count = int(scaled)
            if count * self.step != value:
                raise GridError(f"value: expected a multiple of {self.step}, found {value}")
        return count

    def steps_floor(self, value: Decimal) -> int:
        """The number of whole steps that fit into a non-negative `value`."""
        return int(value // self.step)


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable thing of one market. Sizes are in base asset unless `contract_size` is not 1."""

    market: MarketName
    symbol: Symbol
    base: Asset
    quote: Asset
    kind: ContractKind
    price_grid: Grid  # one tick
    size_grid: Grid  # one lot
    order_step: int  # lots; an order must be a multiple of it
    order_lots_min: int = 1  # lots; the smallest order that the venue takes
    min_notional: Decimal
    fees: Fees
    contract_size: Decimal = Decimal(1)  # base asset per contract

    @property
    def key(self) -> InstrumentKey:
        """`market:symbol`, unique in the platform."""
        return InstrumentKey(f"{self.market}:{self.symbol}")

    def price(self, ticks: int) -> Decimal:
        """A price in quote asset."""
        return self.price_grid.decimal(ticks)

    def size(self, lots: int) -> Decimal:
        """A size in base asset."""
        return self.size_grid.decimal(lots) * self.contract_size

    def notional(self, ticks: int, lots: int) -> Decimal:
        """price * size in quote asset, exact."""
        return self.price(ticks) * self.size(lots)
