"""No order worth more than the limit, at its limit price."""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "max_notional"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses a notional above the limit."""
    notional = context.instrument.notional(order.price_ticks, order.lots)
    if notional <= limits.order_notional_max:
        return None
    return refuse(order, NAME, f"at most {limits.order_notional_max}", notional, "notional in quote")
