"""Grid steps as decimal text, in the ways in which venues write numbers.

    fixed   always so many decimals               Binance: 0.10600000
    plain   no trailing zeros, no exponent        OKX: 0.106, 63920; sizes and prices of HTX swaps
    java    as Java prints a double               HTX spot: 38.0, 8.0E-5, 1.2345678E7

A venue shows the same few thousand prices and sizes again and again, so texts are kept. Integers all the
way: nothing passes through a float.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trimaran.domain.instrument import Grid, Instrument

TEXTS_MAX: Final = 5_000  # kept per grid; then it starts again
Writer = Callable[[int, int], str]  # of value * 10**exponent, the value not negative


def fixed(decimals: int) -> Writer:
    """Writes with all of `decimals` decimals; the value must not have more."""

    def write(value: int, exponent: int) -> str:
        assert exponent + decimals >= 0, "a venue that cannot write its own grid"
        return scaled(value * 10 ** (exponent + decimals), decimals)

    return write


def scaled(value: int, decimals: int) -> str:
    """`value * 10**-decimals`, with all decimals."""
    if decimals == 0:
        return str(value)
    digits = str(value).zfill(decimals + 1)
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def plain(value: int, exponent: int) -> str:
    """Without trailing zeros and without an exponent."""
    if exponent >= 0:
        return str(value * 10**exponent)
    text = scaled(value, -exponent).rstrip("0")
    return text.removesuffix(".")


def java(value: int, exponent: int) -> str:
    """As `Double.toString` writes it: scientific below 1e-3 and from 1e7 on, always with a point."""
    digits = str(value).rstrip("0")
    if not digits:
        return "0.0"
    magnitude = len(str(value)) - 1 + exponent  # of the first digit
    if -3 <= magnitude < 7:
        text = plain(value, exponent)
        return text if "." in text else text + ".0"
    return f"{digits[0]}.{digits[1:] or '0'}E{magnitude}"


class Numerals:
    """Steps of one grid as text."""

    def __init__(self, grid: Grid, write: Writer) -> None:
        self._units = grid.units
        self._exponent = grid.exponent
        self._write = write
        self._texts: dict[int, str] = {}

    def text(self, steps: int) -> str:
        """`steps` grid steps."""
        found = self._texts.get(steps)
        if found is None:
            found = self._write(steps * self._units, self._exponent)
            if len(self._texts) >= TEXTS_MAX:
                self._texts.clear()
            self._texts[steps] = found
        return found


class Amounts:
    """Sums of lots, and of ticks times lots, in base and quote asset as `(value, exponent)`, exact."""

    def __init__(self, instrument: Instrument) -> None:
        contract, price, size = Grid.of(instrument.contract_size), instrument.price_grid, instrument.size_grid
        self._base = contract.units * size.units, contract.exponent + size.exponent
        self._quote = self._base[0] * price.units, self._base[1] + price.exponent

    def base(self, lots: int) -> tuple[int, int]:
        """An amount of the base asset."""
        return lots * self._base[0], self._base[1]

    def quote(self, ticks_lots: int) -> tuple[int, int]:
        """An amount of the quote asset; the argument is a sum of ticks times lots."""
        return ticks_lots * self._quote[0], self._quote[1]
