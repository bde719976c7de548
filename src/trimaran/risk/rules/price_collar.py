"""No order far from the fair price, on either side: a price that is too good is a mistake as well.

Exact: the fair price in ticks is a fraction, and `|price * denominator - numerator| * 10000 <= bps *
numerator`. Without a fair price there is no collar, and so no order.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.limits import BPS_ONE
from trimaran.risk.rule import Finding
from trimaran.risk.tables import Tables

NAME: Final = "price_collar"

_PART_MAX: Final = 2**62


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses a limit price outside of the collar."""
    numerator, denominator = ask.fair_numerator, ask.fair_denominator
    if not (0 < numerator <= _PART_MAX and 0 < denominator <= _PART_MAX):
        return Finding("a positive number", "none", "fair price in ticks")
    bps = tables.bounds[ask.instrument].collar_bps_max
    if abs(ask.price_ticks * denominator - numerator) * BPS_ONE <= bps * numerator:
        return None
    fair = f"{numerator}/{denominator}" if denominator > 1 else str(numerator)
    return Finding(f"within {bps} bps of {fair}", str(ask.price_ticks), "price in ticks")
