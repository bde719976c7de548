"""The fair price of an asset: the median of the mid prices of its live books.

The median, because one venue that has run away must not move what its own orders are judged by.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal


def fair_price(tops: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """The median of (bid + ask) / 2 over (bid, ask) of live books in quote asset; None without any."""
    doubled = sorted(bid + ask for bid, ask in tops)
    if not doubled:
        return None
    middle = len(doubled) // 2
    if len(doubled) % 2:
        return doubled[middle] / 2
    return (doubled[middle - 1] + doubled[middle]) / 4
