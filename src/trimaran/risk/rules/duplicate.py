"""No order twice: an id never, the same wish of the same strategy not within the window.

One repeat is legal: the next attempt of an intent whose earlier attempts are proved not to be placed.
They are still in `recent_orders`, and not in `open_orders`, where they stay until the proof.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.client_id import ATTEMPT_BITS
from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "duplicate"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses a repeated id, and an equal order within the window."""
    for open_order in context.open_orders:
        if _same_id(order, open_order.order):
            return _refuse_id(order)
    since_ns = context.now_ns - limits.duplicate_window_ns
    for recent in context.recent_orders:
        if _is_next_attempt(order, recent):
            continue
        if _same_id(order, recent):
            return _refuse_id(order)
        if recent.created_ns > since_ns and _same_wish(order, recent):
            found = f"{order.side.name} {order.lots} at {order.price_ticks}"
            what = f"orders of {order.strategy} in {limits.duplicate_window_ns} ns"
            return refuse(order, NAME, "another order", found, what)
    return None


def _same_id(order: OrderRequest, other: OrderRequest) -> bool:
    return order.client_order_id == other.client_order_id or order.intent_id == other.intent_id


def _is_next_attempt(order: OrderRequest, earlier: OrderRequest) -> bool:
    return (
        order.intent_id == earlier.intent_id
        and order.client_order_id > earlier.client_order_id
        and order.client_order_id >> ATTEMPT_BITS == earlier.client_order_id >> ATTEMPT_BITS
    )


def _same_wish(order: OrderRequest, other: OrderRequest) -> bool:
    return (
        order.price_ticks == other.price_ticks
        and order.lots == other.lots
        and order.side is other.side
        and order.instrument_key == other.instrument_key
        and order.strategy == other.strategy
    )


def _refuse_id(order: OrderRequest) -> Refused:
    found = f"{order.client_order_id} of intent {order.intent_id}"
    return refuse(order, NAME, "an id that was not used", found, "client order id")
