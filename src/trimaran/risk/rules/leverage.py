"""No order that makes an account's perpetuals worth more than its leverage allows.

The value of all perpetuals of an account with one margin asset, in the worst case of their open orders,
over what it holds of that asset less the losses that are not realised. Profits that are not realised do not
count.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.amount import amount_text
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most, grows, value_after, ways
from trimaran.risk.tables import ACCOUNT, NO_LIMIT, Tables

NAME: Final = "leverage"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses beyond the leverage of the account."""
    terms = tables.terms[ask.instrument]
    scope = (ACCOUNT, terms.account)
    highest = tables.scopes[ACCOUNT][terms.account].leverage_max
    if highest == NO_LIMIT or not terms.perpetual or not grows(ask, view, scope):
        return None
    gross = gross_after(ask, view, tables)
    equity = equity_of(ask, view, tables)
    if equity > 0 and gross <= highest * equity:
        return None
    return at_most(amount_text(highest * max(equity, 0)), amount_text(gross), "value of perpetuals", scope)


def gross_after(ask: Ask, view: RiskView, tables: Tables) -> int:
    """The value of the account's perpetuals if the order stands."""
    terms = tables.terms[ask.instrument]
    _, lots = ways(ask, view, (ACCOUNT, terms.account))
    own = value_after(ask, view, tables, lots)
    return own + view.gross_beside(terms.wallet, terms.quote, ask.instrument)


def equity_of(ask: Ask, view: RiskView, tables: Tables) -> int:
    """What secures them."""
    terms = tables.terms[ask.instrument]
    _, _, lost = view.taken(terms.wallet, terms.quote)
    return view.wallet(terms.wallet, terms.quote) - lost
