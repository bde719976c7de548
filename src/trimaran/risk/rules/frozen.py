"""No order on an instrument of which something contradictory was heard, until a person has released it."""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import Tables

NAME: Final = "frozen"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses while the instrument is frozen."""
    if not view.frozen(ask.instrument):
        return None
    return Finding("released", "frozen", "instrument")
