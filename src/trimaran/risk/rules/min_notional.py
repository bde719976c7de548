"""No order that the venue would refuse as too small.

Orders that only reduce a perpetual are exempt, as on Binance USD-M ("Order's notional must be no
smaller than 5.0 (unless you choose reduce only)", code -4164,
https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code).
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.instrument import ContractKind
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "min_notional"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses a notional below the instrument's minimum."""
    instrument = context.instrument
    if order.reduce_only and instrument.kind is ContractKind.PERPETUAL:
        return None
    notional = instrument.notional(order.price_ticks, order.lots)
    if notional >= instrument.min_notional:
        return None
    return refuse(order, NAME, f"at least {instrument.min_notional}", notional, "notional in quote")
