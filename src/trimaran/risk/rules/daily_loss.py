"""No order that makes anything larger after a scope has lost too much since midnight UTC.

The loss is the equity at the day's beginning less that of now, as the ticks mark it; without a mark nothing
is known, and nothing passes. Orders that cannot make anything larger pass, so that one can get out.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.amount import amount_text
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most, grows, scopes
from trimaran.risk.tables import NO_LIMIT, Tables

NAME: Final = "daily_loss"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when a scope is below what its owner wants to lose."""
    for scope, bounds in scopes(ask, tables):
        highest = bounds.daily_loss_max
        if highest == NO_LIMIT or not grows(ask, view, scope):
            continue
        known, equity, start, _ = view.equity(*scope)
        if not known:
            return at_most(amount_text(highest), "unknown", "loss since midnight UTC", scope)
        if start - equity > highest:
            return at_most(
                amount_text(highest), amount_text(start - equity), "loss since midnight UTC", scope
            )
    return None
