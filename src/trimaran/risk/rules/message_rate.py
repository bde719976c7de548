"""No more requests in a window than the limits of the scopes allow: orders and amendments together.

Cancels are counted, and never refused.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import NONSENSE, Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most, scopes
from trimaran.risk.tables import NO_LIMIT, Tables

NAME: Final = "message_rate"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when a window would hold one request too many."""
    for scope, bounds in scopes(ask, tables):
        highest, window_ns = bounds.messages_max, bounds.messages_window_ns
        if highest == NO_LIMIT:
            continue
        oldest_ns = view.nth_message_ns(*scope, highest)
        if oldest_ns != NONSENSE and oldest_ns > ask.now_ns - window_ns:
            return at_most(highest, highest + 1, f"requests in {window_ns} ns", scope)
    return None
