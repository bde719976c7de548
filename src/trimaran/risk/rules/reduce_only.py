"""An order that promises to reduce must: against the position, and not beyond flat.

Open orders of the same side count, because together they could turn the position over. Spot accounts
have no positions to a venue, so the promise cannot be kept there.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.instrument import ContractKind
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext, open_lots
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "reduce_only"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses a reduce-only order that could do more than reduce."""
    if not order.reduce_only:
        return None
    if context.instrument.kind is not ContractKind.PERPETUAL:
        return refuse(order, NAME, "a perpetual", context.instrument.kind.value, "kind of instrument")
    reducible_lots = -order.side.sign * context.position_lots - open_lots(context, order.side)
    if order.lots <= reducible_lots:
        return None
    return refuse(order, NAME, f"at most {max(reducible_lots, 0)}", order.lots, "lots left to reduce")
