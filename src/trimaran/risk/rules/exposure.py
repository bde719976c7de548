"""No order that makes the exposure of a scope larger than its limit: all, the venue, the account, the
strategy.

The exposure of an instrument is the larger of both ways that its position could go with its open orders,
valued at the offer; a scope has the sum of its instruments, in the asset of the limits. What has no mark,
or whose quote asset has no rate, is worth more than any limit. Orders that cannot make it larger pass.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.amount import INFINITE, amount_text
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most, in_limits_asset, scopes, value_after, ways
from trimaran.risk.tables import NO_LIMIT, Tables

NAME: Final = "exposure"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when a scope would hold too much."""
    for scope, bounds in scopes(ask, tables):
        if bounds.exposure_max == NO_LIMIT or ask.reduce_only:
            continue
        before, after = ways(ask, view, scope)
        if after <= before:
            continue
        value = value_after(ask, view, tables, after)
        own = in_limits_asset(value, view.rate(tables.terms[ask.instrument].quote))
        total = own + view.exposure_beside(*scope, ask.instrument, ask.strategy)
        if total > bounds.exposure_max:
            limit = amount_text(bounds.exposure_max)
            return at_most(limit, amount_text(min(total, INFINITE)), "exposure", scope)
    return None
