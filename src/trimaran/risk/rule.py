"""What a rule of risk is: a name and a pure function that refuses or has nothing against it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from trimaran.domain.decision import Refused
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits

Check = Callable[[OrderRequest, RiskContext, RiskLimits], Refused | None]


class Rule(msgspec.Struct, frozen=True):
    """One line of the catalogue."""

    name: str
    check: Check


def refuse(
    order: OrderRequest, rule: str, limit: int | str | Decimal, value: int | str | Decimal, what: str
) -> Refused:
    """A refusal; `what` says what was measured, with its unit."""
    text = f"{rule}: {what}: expected {limit}, found {value} ({order.instrument_key})"
    return Refused(order, rule, str(limit), str(value), text)
