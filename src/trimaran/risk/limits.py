"""The limits of risk, set by the user, read by the rules.

A set of limits belongs to an instrument and an account, because a lot means another size on every
instrument. Notionals are in quote asset, exposures in base asset, ages and windows in nanoseconds.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.limits import SIZE_LOTS_MAX

BPS_ONE: Final = 10_000
NS_MAX: Final = 2**62
COUNT_MAX: Final = 1_000_000
LEVERAGE_MAX: Final = 125  # the highest that a venue of ours offers
AMOUNT_MAX: Final = Decimal(10) ** 18


class RiskLimits(msgspec.Struct, frozen=True):
    """What the rules compare with. Raises ConfigError that names the field."""

    order_notional_max: Decimal  # of one order, in quote
    order_lots_max: int
    quote_age_ns_max: int  # since the book was last known to be right
    collar_bps_max: int  # distance of an order's price from the fair price
    position_lots_max: int  # of one instrument, either way, with its open orders
    exposure_base_max: Decimal  # of one base asset over all instruments, with their open orders
    leverage_max: int  # perpetuals: notional of the orders over the free margin
    open_orders_max: int
    rate_orders_max: int  # orders in `rate_window_ns`
    rate_window_ns: int
    duplicate_window_ns: int  # 0: equal orders are allowed; equal ids never are

    def __post_init__(self) -> None:
        for name in ("order_notional_max", "exposure_base_max"):
            _check_amount(name, getattr(self, name))
        for name in ("order_lots_max", "position_lots_max"):
            _check_integer(name, getattr(self, name), 1, SIZE_LOTS_MAX)
        for name in ("open_orders_max", "rate_orders_max"):
            _check_integer(name, getattr(self, name), 1, COUNT_MAX)
        for name in ("quote_age_ns_max", "rate_window_ns"):
            _check_integer(name, getattr(self, name), 1, NS_MAX)
        _check_integer("duplicate_window_ns", self.duplicate_window_ns, 0, NS_MAX)
        _check_integer("collar_bps_max", self.collar_bps_max, 1, BPS_ONE)
        _check_integer("leverage_max", self.leverage_max, 1, LEVERAGE_MAX)


def _check_amount(name: str, value: object) -> None:
    if not (isinstance(value, Decimal) and value.is_finite() and 0 < value <= AMOUNT_MAX):
        raise ConfigError(f"risk.{name}: expected a decimal above 0, at most {AMOUNT_MAX}, found {value!r}")


def _check_integer(name: str, value: object, lowest: int, highest: int) -> None:
    if not (isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest):
        raise ConfigError(f"risk.{name}: expected an integer {lowest}..{highest}, found {value!r}")
