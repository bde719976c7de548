"""No order that could carry a position beyond its limit, if it and all open orders of its side fill.

Two limits: lots of the instrument, and the net exposure to its base asset over all instruments. Only
the order's own direction is judged, so an order that brings an excessive position back always passes.
Opposite open orders are not counted as a relief: they may never fill.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext, open_base, open_lots
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "max_position"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses when the worst case is beyond a limit."""
    sign = order.side.sign
    lots = sign * context.position_lots + open_lots(context, order.side) + order.lots
    if lots > limits.position_lots_max:
        what = f"position in lots towards {order.side.name}"
        return refuse(order, NAME, f"at most {limits.position_lots_max}", lots, what)
    size = context.instrument.size(order.lots)
    base = sign * context.exposure_base + open_base(context, order.side) + size
    if base > limits.exposure_base_max:
        what = f"exposure in {context.instrument.base} towards {order.side.name}"
        return refuse(order, NAME, f"at most {limits.exposure_base_max}", base, what)
    return None
