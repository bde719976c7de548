"""No order that the venue would refuse as too small.

Orders that only reduce a perpetual are exempt, as on Binance USD-M ("Order's notional must be no
smaller than 5.0 (unless you choose reduce only)", code -4164,
https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code).
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.amount import amount_text, scaled_up
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import Tables

NAME: Final = "min_notional"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses a notional below the instrument's minimum."""
    terms = tables.terms[ask.instrument]
    if ask.price_ticks * ask.lots >= terms.tick_lots_min or (ask.reduce_only and terms.perpetual):
        return None
    notional = scaled_up(ask.price_ticks * ask.lots, terms.value_numerator, terms.value_denominator)
    lowest = scaled_up(terms.tick_lots_min, terms.value_numerator, terms.value_denominator)
    return Finding(f"at least {amount_text(lowest)}", amount_text(notional), "notional in quote")
