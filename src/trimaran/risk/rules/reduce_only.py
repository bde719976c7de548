"""An order that promises to reduce must: against the position, and not beyond flat.

Open orders of the same side count, because together they could turn the position over. Spot accounts
have no positions to a venue, so the promise cannot be kept there.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most
from trimaran.risk.tables import Tables

NAME: Final = "reduce_only"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses a reduce-only order that could do more than reduce."""
    if not ask.reduce_only:
        return None
    if not tables.terms[ask.instrument].perpetual:
        return Finding("a perpetual", "spot", "kind of instrument")
    reducible = -ask.sign * view.position(ask.instrument) - view.open_lots(ask.instrument, ask.side)
    if ask.open_lots <= reducible:
        return None
    return at_most(max(reducible, 0), ask.open_lots, "lots left to reduce")
