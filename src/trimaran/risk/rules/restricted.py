"""No order that the restricted list forbids: of an instrument or of all instruments of an asset, a side or
both, or all but those that promise to reduce.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import NO_BUYS, NO_SELLS, REDUCE_ONLY, Tables

NAME: Final = "restricted"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses what the list does not allow."""
    restriction = tables.bounds[ask.instrument].restriction
    if restriction & (NO_SELLS if ask.side else NO_BUYS):
        side = "sales" if ask.side else "purchases"
        return Finding(f"no {side}", side, "restricted list")
    if restriction & REDUCE_ONLY and not ask.reduce_only:
        return Finding("reduce-only orders", "another one", "restricted list")
    return None
