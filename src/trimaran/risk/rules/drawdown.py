"""No order that makes anything larger after the equity of a scope has fallen too far from its highest mark.

Without a mark nothing is known, and nothing passes. Orders that cannot make anything larger pass.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.amount import amount_text
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most, grows, scopes
from trimaran.risk.tables import NO_LIMIT, Tables

NAME: Final = "drawdown"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when a scope is below what its owner wants to lose."""
    for scope, bounds in scopes(ask, tables):
        highest = bounds.drawdown_max
        if highest == NO_LIMIT or not grows(ask, view, scope):
            continue
        known, equity, _, peak = view.equity(*scope)
        if not known:
            return at_most(amount_text(highest), "unknown", "fall from the highest equity", scope)
        if peak - equity > highest:
            return at_most(
                amount_text(highest), amount_text(peak - equity), "fall from the highest equity", scope
            )
    return None
