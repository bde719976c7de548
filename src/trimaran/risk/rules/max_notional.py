"""No order worth more than the limit, at its limit price.

The limit is kept as ticks times lots, rounded down, so that the comparison is exact.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.amount import amount_text, scaled_up
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most
from trimaran.risk.tables import Tables

NAME: Final = "max_notional"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses a notional above the limit."""
    highest = tables.bounds[ask.instrument].tick_lots_max
    if ask.price_ticks * ask.lots <= highest:
        return None
    terms = tables.terms[ask.instrument]
    notional = scaled_up(ask.price_ticks * ask.lots, terms.value_numerator, terms.value_denominator)
    limit = scaled_up(highest, terms.value_numerator, terms.value_denominator)
    return at_most(amount_text(limit), amount_text(notional), "notional in quote")
