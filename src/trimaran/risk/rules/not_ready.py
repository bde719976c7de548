"""No order on an account that has not been compared with its venue since it was last uncertain."""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import ACCOUNT, Tables

NAME: Final = "not_ready"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses while the account is not reconciled."""
    account = tables.terms[ask.instrument].account
    if view.ready(account):
        return None
    return Finding("reconciled", "not reconciled", "account", (ACCOUNT, account))
