"""No order that could not be recorded: a journal without room takes facts and cancels, and no new intents."""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import Tables

NAME: Final = "journal"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses while the journal has no room for intents."""
    if view.takes_risk():
        return None
    return Finding("room for new intents", "none", "journal")
