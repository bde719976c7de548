"""The wire dialects that the hot state decodes. Their numbers cross the border of the native core."""

from __future__ import annotations

import enum


class Dialect(enum.IntEnum):
    """How a market's frames are written, and how its depth events prove continuity."""

    BINANCE_SPOT = 0
    BINANCE_USDM = 1
    OKX = 2  # spot and swaps
    HTX_SPOT = 3
    HTX_SWAP = 4
