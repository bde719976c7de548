"""The gate: the only place where an order is approved, and the only caller of `Approved`.

The core is asked; the first rule that an order breaks ends it, and that rule says in words what it has
found. A group passes as a whole or not at all, and each leg is judged as if the legs before it were open
already: two legs that fit one by one, and not together, are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from trimaran.domain.decision import Approved, Refused
from trimaran.domain.orders import OrderRequest, OrderType, TimeInForce
from trimaran.risk.ask import Ask, whole
from trimaran.risk.core import RiskCore
from trimaran.risk.rules.catalogue import RULES
from trimaran.risk.tables import Scope, Tables

Named = Callable[[Scope], str]
RESTING = (TimeInForce.GTC, TimeInForce.POST_ONLY)


class Case(msgspec.Struct, frozen=True, gc=False):
    """One order with what the core is asked about it, the fields of `Ask`."""

    order: OrderRequest
    ask: tuple[int, ...]


def gate(
    core: RiskCore, tables: Tables, cases: Sequence[Case], named: Named
) -> tuple[Approved, ...] | Refused:
    """Approves all orders, or refuses all of them with the refusal of the first one that fails."""
    assert cases, "a group has at least one leg"
    if len(cases) == 1:
        return _judged(core, tables, cases[0], named) or (Approved(cases[0].order),)
    try:
        for case in cases:
            refused = _judged(core, tables, case, named)
            if refused is not None:
                return refused
            hold(core, case.order, case.ask[0], case.ask[1])
    finally:
        core.release()
    return tuple([Approved(case.order) for case in cases])


def hold(core: RiskCore, order: OrderRequest, instrument: int, strategy: int) -> None:
    """Makes an order count as open until the core releases it."""
    core.open(
        instrument,
        strategy,
        order.client_order_id,
        order.side,
        order.price_ticks,
        order.lots,
        may_rest(order),
        order.reduce_only,
        True,
    )


def may_rest(order: OrderRequest) -> bool:
    """Whether others may trade with it: it waits in the book, and not for a trigger."""
    return order.order_type is OrderType.LIMIT and order.tif in RESTING


def _judged(core: RiskCore, tables: Tables, case: Case, named: Named) -> Refused | None:
    try:
        number = core.judge(*case.ask)
    except TypeError:  # None is the one thing that the native core does not take
        number = core.judge(*map(whole, case.ask))
    return _refusal(core, tables, case, named, number) if number else None


def _refusal(core: RiskCore, tables: Tables, case: Case, named: Named, number: int) -> Refused:
    rule, order = RULES[number - 1], case.order
    finding = rule.check(Ask(*map(whole, case.ask)), core, tables)
    assert finding is not None, f"{rule.name} refuses in the core and not in words: {case}"
    of = "" if finding.scope is None else f" of {named(finding.scope)}"
    what = f"{rule.name}: {finding.what}{of}"
    text = f"{what}: expected {finding.limit}, found {finding.value} ({order.instrument_key})"
    return Refused(order, rule.name, finding.limit, finding.value, text)
