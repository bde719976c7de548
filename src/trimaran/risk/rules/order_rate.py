"""No more orders in a window than the limits allow: a runaway strategy stops here, not at the venue's ban.

The window ends now; the order is one too many while the oldest of as many as the limit allows is still in it.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import NONSENSE, Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most, scopes
from trimaran.risk.tables import INSTRUMENT, NO_LIMIT, Scope, Tables

NAME: Final = "order_rate"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when a window would hold one order too many."""
    if ask.amend:
        return None
    bounds = tables.bounds[ask.instrument]
    place = (INSTRUMENT, ask.instrument)
    found = _full(ask, view, place, bounds.rate_orders_max, bounds.rate_window_ns)
    if found is not None:
        return found
    for scope, limits in scopes(ask, tables):
        if limits.rate_orders_max != NO_LIMIT:
            found = _full(ask, view, scope, limits.rate_orders_max, limits.rate_window_ns)
            if found is not None:
                return found
    return None


def _full(ask: Ask, view: RiskView, scope: Scope, highest: int, window_ns: int) -> Finding | None:
    oldest_ns = view.nth_order_ns(*scope, highest)
    if oldest_ns == NONSENSE or oldest_ns <= ask.now_ns - window_ns:
        return None
    named = None if scope[0] == INSTRUMENT else scope
    return at_most(highest, highest + 1, f"orders in {window_ns} ns", named)
