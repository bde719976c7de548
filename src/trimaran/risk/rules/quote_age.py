"""No order on an old quote. A quote from the future is a broken clock, and refused as well."""

from __future__ import annotations

from typing import Final

from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import Tables

NAME: Final = "quote_age"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses when the book was confirmed longer ago than the limit."""
    age_ns, highest_ns = ask.now_ns - ask.quote_ns, tables.bounds[ask.instrument].quote_age_ns_max
    if 0 <= age_ns <= highest_ns:
        return None
    return Finding(f"0..{highest_ns}", str(age_ns), "age of the quote in ns")
