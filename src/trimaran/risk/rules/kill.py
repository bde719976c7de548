"""The kill switch: KILLED stops every order, REDUCE_ONLY all but those that promise to reduce.

The promise itself is checked by `reduce_only`. Cancels are no orders and never pass here.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import KillState, Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "kill"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses what the kill switch does not allow now."""
    state = context.kill
    if state is KillState.RUNNING or (state is KillState.REDUCE_ONLY and order.reduce_only):
        return None
    return refuse(order, NAME, KillState.RUNNING.name, state.name, "kill switch")
