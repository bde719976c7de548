"""The gate: the only place where an order is approved, and the only caller of `Approved`.

Every rule of the catalogue is asked in its order; the first refusal ends it. A group passes as a whole
or not at all, and each leg is judged as if the legs before it were open already: two legs that fit one
by one, and not together, are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import localcontext

import msgspec

from trimaran.domain.decision import Approved, Refused
from trimaran.domain.exact import EXACT
from trimaran.domain.instrument import Instrument
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rules.catalogue import RULES


class Leg(msgspec.Struct, frozen=True):
    """One order of a group with the view and the limits of its own instrument."""

    order: OrderRequest
    context: RiskContext
    limits: RiskLimits


def gate(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Approved | Refused:
    """Approves an order that breaks no rule; otherwise names the first rule that it breaks."""
    refused = _first_refusal(order, context, limits)
    return Approved(order) if refused is None else refused


def gate_group(legs: Sequence[Leg]) -> tuple[Approved, ...] | Refused:
    """Approves all legs, or refuses all of them with the refusal of the first leg that fails."""
    assert legs, "a group has at least one leg"
    earlier: list[tuple[OrderRequest, Instrument]] = []
    for leg in legs:
        context = leg.context
        for order, instrument in earlier:
            context = context.after(order, instrument)
        refused = _first_refusal(leg.order, context, leg.limits)
        if refused is not None:
            return refused
        earlier.append((leg.order, leg.context.instrument))
    return tuple(Approved(leg.order) for leg in legs)


def _first_refusal(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    with localcontext(EXACT):
        for rule in RULES:
            refused = rule.check(order, context, limits)
            if refused is not None:
                return refused
    return None
