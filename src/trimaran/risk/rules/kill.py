"""The kill switch, of four scopes: KILLED stops every order, REDUCE_ONLY all but those that promise to
reduce.

The strictest of the switches that an order passes under counts (`domain/kill.py`). The promise itself is
checked by `reduce_only`. Cancels are no orders and never pass here.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import KillState
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, scopes
from trimaran.risk.tables import Tables

NAME: Final = "kill"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses what a kill switch does not allow now."""
    for scope, _ in scopes(ask, tables):
        state = view.kill(*scope)
        if state != KillState.RUNNING and not (state == KillState.REDUCE_ONLY and ask.reduce_only):
            return Finding(KillState.RUNNING.name, KillState(state).name, "kill switch", scope)
    return None
