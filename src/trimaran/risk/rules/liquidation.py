"""No order that brings an account nearer to its liquidation than the limit.

If every price of its perpetuals went against it by the distance, what is left must still cover their
maintenance margin: `value * (distance + maintenance) <= equity`, both in bps. Hedges within an account are
not counted as such.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.amount import WALLET_MAX, amount_text
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.limits import BPS_ONE
from trimaran.risk.rule import Finding, grows
from trimaran.risk.rules.leverage import equity_of, gross_after
from trimaran.risk.tables import ACCOUNT, NO_LIMIT, Tables

NAME: Final = "liquidation"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when a move of the distance would liquidate."""
    terms = tables.terms[ask.instrument]
    scope = (ACCOUNT, terms.account)
    bps = tables.scopes[ACCOUNT][terms.account].liquidation_bps
    if bps == NO_LIMIT or not terms.perpetual or not grows(ask, view, scope):
        return None
    gross, equity = gross_after(ask, view, tables), equity_of(ask, view, tables)
    if gross <= WALLET_MAX and equity > 0 and gross * bps <= equity * BPS_ONE:
        return None
    what = f"equity for perpetuals worth {amount_text(gross)}, {bps} bps of it"
    needed = amount_text(-(-gross * bps // BPS_ONE)) if gross <= WALLET_MAX else "an unknown amount"
    return Finding(f"at least {needed}", amount_text(equity), what, scope)
