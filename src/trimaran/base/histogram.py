"""A histogram of durations: 32 buckets in each power of two, so a percentile is right within 1/32.

It records in constant time and space, whatever the number of samples, so that it can run for months.
"""

from __future__ import annotations

from typing import Final

_SUB_BITS: Final = 5
_SUB: Final = 1 << _SUB_BITS
_POWERS: Final = 48  # 2**48 ns are three days


class Histogram:
    """Counts of integers >= 0."""

    def __init__(self) -> None:
        self._counts = [0] * (_SUB * (_POWERS + 1))
        self.count = 0
        self.largest = 0

    def record(self, value: int) -> None:
        """Counts one value; a negative one (a clock that jumped) counts as 0."""
        value = max(value, 0)
        self.count += 1
        self.largest = max(self.largest, value)
        self._counts[min(_index(value), len(self._counts) - 1)] += 1

    def percentile(self, share: float) -> int | None:
        """A bound that `share` (0..1) of the values do not exceed; None while empty."""
        if not self.count:
            return None
        wanted, seen = share * self.count, 0
        for index, count in enumerate(self._counts):
            seen += count
            if seen >= wanted and count:
                return min(_upper(index), self.largest)
        return self.largest


def _index(value: int) -> int:
    if value < _SUB:
        return value
    power = value.bit_length() - _SUB_BITS - 1
    return (power + 1) * _SUB + (value >> power) - _SUB


def _upper(index: int) -> int:
    if index < _SUB:
        return index
    power, offset = divmod(index, _SUB)
    return ((offset + _SUB + 1) << (power - 1)) - 1
