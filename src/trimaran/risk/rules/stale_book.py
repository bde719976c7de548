"""No order against a book that is not known to be right: not LIVE, a side missing, or crossed."""

from __future__ import annotations

from typing import Final

from trimaran.domain.answer import BookStatus
from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "stale_book"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses unless the book is live and its best prices make sense."""
    if context.book_status is not BookStatus.LIVE:
        return refuse(order, NAME, BookStatus.LIVE.name, context.book_status.name, "status of the book")
    bid, ask = context.bid_ticks, context.ask_ticks
    if bid is None or ask is None or not 0 < bid < ask:
        return refuse(order, NAME, "0 < bid < ask", f"{bid} and {ask}", "best prices in ticks")
    return None
