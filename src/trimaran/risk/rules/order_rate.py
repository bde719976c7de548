"""No more orders in a window than the limit: a runaway strategy stops here, not at the venue's ban."""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "order_rate"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses when the window, which ends now, would hold one order too many."""
    since_ns = context.now_ns - limits.rate_window_ns
    count = 1 + sum(recent.created_ns > since_ns for recent in context.recent_orders)
    if count <= limits.rate_orders_max:
        return None
    what = f"orders in {limits.rate_window_ns} ns"
    return refuse(order, NAME, f"at most {limits.rate_orders_max}", count, what)
