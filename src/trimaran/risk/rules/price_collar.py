"""No order far from the fair price, on either side: a price that is too good is a mistake as well.

Exact: `|price - fair| * 10000 <= bps * fair`, without a division. Without a fair price there is no
collar, and so no order.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import BPS_ONE, RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "price_collar"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses a limit price outside of the collar."""
    fair = context.fair_price
    if fair is None or not fair.is_finite() or fair <= 0:
        return refuse(order, NAME, "a positive number", str(fair), "fair price in quote")
    price = context.instrument.price(order.price_ticks)
    if abs(price - fair) * BPS_ONE <= fair * limits.collar_bps_max:
        return None
    return refuse(order, NAME, f"within {limits.collar_bps_max} bps of {fair}", price, "price in quote")
