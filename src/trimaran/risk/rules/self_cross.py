"""No order that would trade with a resting order of ours, whichever strategy it belongs to.

Such a trade moves nothing but fees, and some venues call it manipulation. What may rest counts: limit
orders that are good till cancelled or post-only. Orders that wait for a trigger neither rest nor are
judged.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.orders import OrderType
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import Tables

NAME: Final = "self_cross"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses a price at which our own order stands on the other side."""
    if ask.order_type >= OrderType.STOP_MARKET:
        return None
    met = view.crossing(ask.instrument, ask.side, ask.price_ticks)
    if not met:
        return None
    limit = f"above {met}" if ask.side else f"below {met}"
    return Finding(limit, str(ask.price_ticks), "price in ticks, where an order of ours rests")
