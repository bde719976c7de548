"""Money in integers: attos, 1e-18 of an asset, rounded against the order.

What an order needs is rounded up, what an account has is rounded down, so that an order which passes in
integers passes in exact numbers too. A term beyond `TERM_MAX` (81 million million units) is INFINITE,
larger than every limit; the core counts such terms and does not add them, so no sum of 2**20 orders
overflows the 128 bits of the native twin. Missing numbers are INFINITE as well, wherever they would make a
need.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Final

from trimaran.base.limits import FEE_E8_ONE
from trimaran.domain.exact import PRECISION_DIGITS, canonical

ATTO_DIGITS: Final = 18
ATTO: Final = 10**ATTO_DIGITS
TERM_MAX: Final = 2**106
WALLET_MAX: Final = 2**110
EXPOSURE_MAX: Final = 2**120
INFINITE: Final = 2**124
PRODUCT_BITS: Final = 126
ORDERS_MAX: Final = 2**20
RATE_ONE: Final = 10**9  # of a rate between assets

assert TERM_MAX * ORDERS_MAX <= 2**PRODUCT_BITS

_TRAPS: Final = [InvalidOperation, DivisionByZero, Overflow]
_UP: Final = Context(prec=PRECISION_DIGITS, rounding=ROUND_CEILING, traps=_TRAPS)
_DOWN: Final = Context(prec=PRECISION_DIGITS, rounding=ROUND_FLOOR, traps=_TRAPS)
_ONE: Final = Decimal(1)


def attos_up(amount: Decimal) -> int:
    """Attos, rounded towards plus infinity. The amount is finite."""
    return int(amount.scaleb(ATTO_DIGITS, _UP).to_integral_value(ROUND_CEILING))


def attos_down(amount: Decimal) -> int:
    """Attos, rounded towards minus infinity. The amount is finite."""
    scaled = amount.scaleb(ATTO_DIGITS, _DOWN)
    return int(scaled if scaled >= 0 else scaled.to_integral_value(ROUND_FLOOR))


def attos_between(amount: Decimal) -> tuple[int, int]:
    """Attos, rounded down and up: one number where nothing is rounded. The amount is finite."""
    scaled = amount.scaleb(ATTO_DIGITS, _UP)
    attos = int(scaled)
    if attos == scaled:
        return attos, attos
    return (attos, attos + 1) if scaled > attos else (attos - 1, attos)


def amount_text(attos: int) -> str:
    """An amount as people read it."""
    if attos >= INFINITE:
        return "unknown or beyond all limits"
    return canonical(decimal_of(attos))


def decimal_of(attos: int) -> Decimal:
    """An amount in units of its asset."""
    return Decimal(attos).scaleb(-ATTO_DIGITS, _UP)


def clamp(value: int, highest: int) -> int:
    """The value, within +-`highest`."""
    return max(-highest, min(value, highest))


def scaled_up(value: int, numerator: int, denominator: int) -> int:
    """`value * numerator / denominator` rounded up, of numbers from 0; INFINITE beyond `TERM_MAX`."""
    if value.bit_length() + numerator.bit_length() > PRODUCT_BITS:
        return INFINITE
    product = value * numerator
    result = product if denominator == 1 else -(-product // denominator)
    return result if result <= TERM_MAX else INFINITE


def scaled_down(value: int, numerator: int, denominator: int) -> int:
    """The same rounded down; `TERM_MAX` beyond it."""
    if value.bit_length() + numerator.bit_length() > PRODUCT_BITS:
        return TERM_MAX
    return min(value * numerator // denominator, TERM_MAX)


def with_fee(notional: int, fee_e8: int) -> int:
    """A notional and the fee on it."""
    return scaled_up(notional, FEE_E8_ONE + fee_e8, FEE_E8_ONE)


def margin(notional: int, fee_e8: int, leverage: int) -> int:
    """The margin of a notional, and the fee on it."""
    return scaled_up(notional, FEE_E8_ONE + fee_e8 * leverage, FEE_E8_ONE * leverage)


def rational(step: Decimal) -> tuple[int, int]:
    """A step in attos, as a fraction that is exact."""
    numerator, denominator = (step.normalize(_UP) * _ONE).as_integer_ratio()
    if ATTO % denominator == 0:
        return numerator * (ATTO // denominator), 1
    scaled = numerator * ATTO
    common = _gcd(scaled, denominator)
    return scaled // common, denominator // common


def _gcd(left: int, right: int) -> int:
    while right:
        left, right = right, left % right
    return left


class Total:
    """A sum of terms that can be taken out again; a term that is INFINITE makes it INFINITE."""

    __slots__ = ("huge", "sum")

    def __init__(self) -> None:
        self.sum = 0
        self.huge = 0

    def add(self, term: int) -> None:
        """One term more."""
        if term > TERM_MAX:
            self.huge += 1
        else:
            self.sum += term

    def take(self, term: int) -> None:
        """One term less, of those that were added."""
        if term > TERM_MAX:
            self.huge -= 1
        else:
            self.sum -= term

    @property
    def value(self) -> int:
        """What it comes to."""
        return INFINITE if self.huge else min(self.sum, INFINITE)

    def without(self, term: int) -> int:
        """What it comes to without one of its terms."""
        huge, rest = (self.huge - 1, self.sum) if term > TERM_MAX else (self.huge, self.sum - term)
        return INFINITE if huge else min(rest, INFINITE)
