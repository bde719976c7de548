"""A position at average cost, and what a trade does to it.

`lots` are signed. `cost` is what the open lots cost, in quote, signed as they are: 2 lots bought at 10
are +20, 2 lots sold short at 10 are -20. A trade that increases adds its notional to the cost. A trade
that reduces releases a share of the cost and realises the difference to its own notional. A trade
beyond flat first closes, then opens at its own price.

The share `cost * closed / lots` may have no finite decimal. It is rounded to 1e-8 (half to even), as
the wallets of the venues are; the rest of the cost is the exact difference. So nothing is lost: the
sum of realised and unrealised is exact always, and a full close realises exactly.

What a fill realises depends on the fills before it, and on the venue's rounding. Where the venue says what
it realised, that is what the wallet gets (`trade_as_told`), and the cost is the exact difference. So fills
may be heard in any order: the wallet is the venue's after each, and the cost once all of them are told. Until
then a flat position may have a cost; at most DUST of one is rounding, and is dropped.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.exact import ROUNDING, ZERO

COST_STEP: Final = Decimal("1e-8")
DUST: Final = Decimal("1e-6")


class Position(msgspec.Struct, frozen=True, gc=False):
    """Open lots of one instrument, and what was earned with those that were closed."""

    lots: int = 0
    cost: Decimal = ZERO
    realised: Decimal = ZERO  # in quote, before fees and funding


FLAT: Final = Position()
_divide = ROUNDING.divide


def trade(position: Position, lots: int, notional: Decimal) -> tuple[Position, Decimal]:
    """The position after a trade of signed `lots` with signed `notional`, and what it realised.

    Both are positive for a purchase. Called within the exact context.
    """
    assert lots != 0, lots
    assert (lots > 0) == (notional > 0), (lots, notional)
    if position.lots * lots >= 0:
        return Position(position.lots + lots, position.cost + notional, position.realised), ZERO
    if abs(lots) <= abs(position.lots):
        return _reduce(position, lots, notional)
    closing = -position.lots
    closing_notional = notional * closing / lots  # price * size of whole lots: finite
    closed, realised = _reduce(position, closing, closing_notional)
    return Position(lots - closing, notional - closing_notional, closed.realised), realised


def trade_as_told(position: Position, lots: int, notional: Decimal, realised: Decimal) -> Position:
    """The position after a trade that realised what the venue says. Called within the exact context."""
    held, cost = position.lots + lots, position.cost + notional + realised
    if not held and abs(cost) <= DUST:
        cost = ZERO
    return Position(held, cost, position.realised + realised)


def _reduce(position: Position, lots: int, notional: Decimal) -> tuple[Position, Decimal]:
    released = position.cost if lots == -position.lots else _share(position.cost, -lots, position.lots)
    realised = -notional - released
    after = Position(position.lots + lots, position.cost - released, position.realised + realised)
    return after, realised


def _share(cost: Decimal, part: int, whole: int) -> Decimal:
    return _divide(cost * part, whole).quantize(COST_STEP, context=ROUNDING)
