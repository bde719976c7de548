"""No more open orders at once than the limits of the instrument and of the four scopes allow.

Everything that may still fill is open: SENDING and UNKNOWN orders too. An amendment opens nothing.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most, scopes
from trimaran.risk.tables import INSTRUMENT, NO_LIMIT, Tables

NAME: Final = "open_orders"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when the order would be one too many."""
    if ask.amend:
        return None
    count = view.open_count(INSTRUMENT, ask.instrument) + 1
    highest = tables.bounds[ask.instrument].open_orders_max
    if count > highest:
        return at_most(highest, count, "open orders of the instrument")
    for scope, bounds in scopes(ask, tables):
        count = view.open_count(*scope) + 1
        if bounds.open_orders_max != NO_LIMIT and count > bounds.open_orders_max:
            return at_most(bounds.open_orders_max, count, "open orders", scope)
    return None
