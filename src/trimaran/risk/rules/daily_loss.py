"""No order that makes anything larger after a scope has lost too much since midnight UTC.

The loss is the equity at the day's beginning less that of now, as the ticks mark it; without a mark nothing
is known, and nothing passes. Orders that cannot make anything larger pass, so that one can get out.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, fallen
from trimaran.risk.tables import Tables

NAME: Final = "daily_loss"
WHAT: Final = "loss since midnight UTC"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when a scope is below what its owner wants to lose."""
    return fallen(ask, view, tables, lambda bounds: bounds.daily_loss_max, lambda start, peak: start, WHAT)
