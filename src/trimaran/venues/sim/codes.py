"""The numbers that cross the border of the matching engine, and its limits.

The native kernel (`native/include/trimaran/matching.hpp`) has the same values; the suite of the
engine compares them.
"""

from __future__ import annotations

import enum
from typing import Final

from trimaran.base.limits import SIZE_LOTS_MAX, UPDATE_ID_MAX

ORDERS_MAX: Final = 2**20  # resting orders of one book
LEVELS_MAX: Final = 2**16  # price levels of one side
CHANGES_MAX: Final = 2**18  # changed levels of one side before a drain
ORDER_ID_MAX: Final = UPDATE_ID_MAX
LEVEL_LOTS_MAX: Final = SIZE_LOTS_MAX  # one level's orders together: what a market data frame may carry

assert CHANGES_MAX > 2 * LEVELS_MAX  # one order may touch every level of a side


class OrderKind(enum.IntEnum):
    """How long an order lives and what it may do."""

    LIMIT = 0
    MARKET = 1
    IOC = 2
    FOK = 3
    POST_ONLY = 4


class SelfTrade(enum.IntEnum):
    """What happens when an order meets one of the same owner. Owner 0, the crowd, is exempt."""

    ALLOW = 0
    EXPIRE_TAKER = 1
    EXPIRE_MAKER = 2
    EXPIRE_BOTH = 3


class Outcome(enum.IntEnum):
    """What became of an order or a request. Below zero: refused, nothing was done."""

    RESTING = 1  # rests, perhaps after a part was filled
    FILLED = 2
    EXPIRED = 3  # MARKET or IOC: the rest found no counterpart
    KILLED = 4  # FOK that could not be filled at once; nothing was done
    WOULD_CROSS = 5  # POST_ONLY that would have traded; nothing was done
    SELF_TRADED = 6  # the rest was expired by self-trade prevention
    UNKNOWN_ID = -1
    DUPLICATE_ID = -2  # an order with this id rests; ids of finished orders are forgotten
    BAD_SIZE = -3
    BAD_PRICE = -4
    BAD_SIDE = -5
    BAD_KIND = -6
    BAD_ID = -7
    BAD_OWNER = -8
    BAD_SELF_TRADE = -9
    ORDERS_FULL = -10
    LEVEL_FULL = -11  # the level would hold too many lots, or the side too many levels
    CHANGES_FULL = -12  # nobody drains the changes
    BAD_DISPLAY = -13  # a slice that is not of what rests, or of an order that never rests
