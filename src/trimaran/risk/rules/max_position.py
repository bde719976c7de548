"""No order that could carry a position beyond its limit, if it and all open orders of its side fill.

Only the order's own direction is judged, so an order that brings an excessive position back always passes.
Opposite open orders are not counted as a relief: they may never fill.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most
from trimaran.risk.tables import Tables

NAME: Final = "max_position"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when the worst case is beyond the limit."""
    lots = ask.sign * view.position(ask.instrument) + view.open_lots(ask.instrument, ask.side) + ask.open_lots
    highest = tables.bounds[ask.instrument].position_lots_max
    if lots <= highest:
        return None
    return at_most(highest, lots, f"position in lots towards {'sell' if ask.side else 'buy'}")
