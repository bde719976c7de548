"""No order larger than the limit: the plainest guard against a unit that was mixed up."""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "max_lots"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses a size above the limit."""
    if order.lots <= limits.order_lots_max:
        return None
    return refuse(order, NAME, f"at most {limits.order_lots_max}", order.lots, "size in lots")
