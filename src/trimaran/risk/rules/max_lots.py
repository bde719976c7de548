"""No order larger than the limit: the plainest guard against a unit that was mixed up."""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most
from trimaran.risk.tables import Tables

NAME: Final = "max_lots"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses a size above the limit."""
    highest = tables.bounds[ask.instrument].lots_max
    return None if ask.lots <= highest else at_most(highest, ask.lots, "size in lots")
