"""No order that could carry the net exposure to its base asset beyond the limit, over all instruments and
accounts.

As with positions, only the order's own direction is judged, with all open orders of that side.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.amount import amount_text, scaled_up
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most
from trimaran.risk.tables import Tables

NAME: Final = "asset_exposure"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when the worst case is beyond the limit of the asset."""
    terms = tables.terms[ask.instrument]
    size = scaled_up(ask.open_lots, terms.size_numerator, terms.size_denominator)
    total = view.exposure(terms.base, ask.side) + view.open_base(terms.base, ask.side) + size
    highest = tables.exposure_max[terms.base]
    if total <= highest:
        return None
    what = f"exposure in base asset towards {'sell' if ask.side else 'buy'}"
    return at_most(amount_text(highest), amount_text(total), what)
