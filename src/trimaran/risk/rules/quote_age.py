"""No order on an old quote. A quote from the future is a broken clock, and refused as well."""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "quote_age"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses when the book was confirmed longer ago than the limit."""
    age_ns = context.now_ns - context.quote_local_ns
    if 0 <= age_ns <= limits.quote_age_ns_max:
        return None
    return refuse(order, NAME, f"0..{limits.quote_age_ns_max}", age_ns, "age of the quote in ns")
