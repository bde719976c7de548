"""Money of the simulated venues: whole numbers of 1e-18, exact and fast; decimals at the border.

The product of the finest tick, the finest lot and the finest fee rate of `instruments.py` is 1e-18, so that
no amount that an order can cause is rounded unless a venue says so.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

UNIT_DECIMALS: Final = 18
ONE: Final = 10**UNIT_DECIMALS
WIDE: Final = Context(prec=80)
RATE_ONE: Final = 10**8  # fee and funding rates are in 1e-8
WALLET_QUANTUM: Final = 10 ** (UNIT_DECIMALS - 8)  # wallets are shown with eight decimals

_FINE: Final = Decimal(1).scaleb(-UNIT_DECIMALS)
_COARSE: Final = Decimal(1).scaleb(-8)
_ONE: Final = Decimal(ONE)


def money(units: int) -> Decimal:
    """Units as a decimal with eight places, or with all eighteen where eight do not suffice."""
    coarse, rest = divmod(units, WALLET_QUANTUM)
    return WIDE.multiply(Decimal(units), _FINE) if rest else WIDE.multiply(Decimal(coarse), _COARSE)


def units_of(amount: Decimal) -> int:
    """A decimal in units. Raises ValueError for what is finer than a unit, or no number at all."""
    scaled = WIDE.multiply(amount, _ONE)
    units = int(scaled) if scaled.is_finite() else 0
    if units != scaled:
        raise ValueError(f"amount: expected a multiple of 1e-{UNIT_DECIMALS}, found {amount}")
    return units


def units_floor(amount: Decimal) -> int:
    """A decimal in units; what is finer than a unit is dropped."""
    return int(WIDE.multiply(amount, _ONE))


def ceil_div(amount: int, divisor: int) -> int:
    """Division that rounds up."""
    return -(-amount // divisor)
