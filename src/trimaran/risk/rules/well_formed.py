"""An order that is no order: wrong instrument, price or size that is not positive, size off the order step or
below the venue's smallest order, a trigger or a displayed size that its type does not have, made in the
future.

First after the kill switch, so that the rules behind it may compute with what they read.
"""

from __future__ import annotations

from typing import Final

from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest, OrderType, TimeInForce
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "well_formed"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses what the later rules, and a venue, could not make sense of."""
    key = context.instrument.key
    if order.instrument_key != key:
        return refuse(order, NAME, key, order.instrument_key, "instrument of the context")
    if not 1 <= order.price_ticks <= PRICE_TICKS_MAX:
        return refuse(order, NAME, f"1..{PRICE_TICKS_MAX}", order.price_ticks, "price in ticks")
    if not 1 <= order.lots <= SIZE_LOTS_MAX:
        return refuse(order, NAME, f"1..{SIZE_LOTS_MAX}", order.lots, "size in lots")
    if order.lots % context.instrument.order_step:
        return refuse(
            order, NAME, f"a multiple of {context.instrument.order_step}", order.lots, "size in lots"
        )
    if order.lots < context.instrument.order_lots_min:
        return refuse(
            order, NAME, f"at least {context.instrument.order_lots_min}", order.lots, "size in lots"
        )
    if order.trigger_ticks and not order.order_type.is_triggered:
        return refuse(order, NAME, "0 without a trigger", order.trigger_ticks, "trigger in ticks")
    if order.order_type.is_triggered and not 1 <= order.trigger_ticks <= PRICE_TICKS_MAX:
        return refuse(order, NAME, f"1..{PRICE_TICKS_MAX}", order.trigger_ticks, "trigger in ticks")
    if order.display_lots and not _is_iceberg(order, context.instrument.order_step):
        return refuse(order, NAME, "a part of a resting limit order", order.display_lots, "displayed lots")
    if order.tif is TimeInForce.POST_ONLY and not order.order_type.has_venue_price:
        return refuse(order, NAME, "a type with a limit price", order.order_type.name, "type of post-only")
    if order.created_ns > context.now_ns:
        return refuse(order, NAME, f"at most {context.now_ns}", order.created_ns, "time of creation in ns")
    return None


def _is_iceberg(order: OrderRequest, step: int) -> bool:
    resting = order.order_type is OrderType.LIMIT and order.tif is TimeInForce.GTC
    return resting and 0 < order.display_lots < order.lots and order.display_lots % step == 0
