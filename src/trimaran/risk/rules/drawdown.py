"""No order that makes anything larger after the equity of a scope has fallen too far from its highest mark.

Without a mark nothing is known, and nothing passes. Orders that cannot make anything larger pass.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, fallen
from trimaran.risk.tables import Tables

NAME: Final = "drawdown"
WHAT: Final = "fall from the highest equity"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when a scope is below what its owner wants to lose."""
    return fallen(ask, view, tables, lambda bounds: bounds.drawdown_max, lambda start, peak: peak, WHAT)
