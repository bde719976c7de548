"""No more open orders at once than the limit, orders of unknown fate included."""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "open_orders"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses when the order would be one too many."""
    count = len(context.open_orders) + 1
    if count <= limits.open_orders_max:
        return None
    return refuse(order, NAME, f"at most {limits.open_orders_max}", count, "open orders")
