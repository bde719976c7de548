"""The fair price of an asset: the median of the mid prices of its live books.

The median, because one venue that has run away must not move what its own orders are judged by. In
integers: the mids come doubled and in one unit, and the answer is a fraction, so that nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable


def fair_price(doubled_mids: Iterable[int]) -> tuple[int, int]:
    """The median mid as (numerator, denominator) in the unit of the mids; a numerator of 0 without any."""
    doubled = sorted(doubled_mids)
    if not doubled:
        return 0, 1
    middle = len(doubled) // 2
    if len(doubled) % 2:
        return doubled[middle], 2
    return doubled[middle - 1] + doubled[middle], 4
