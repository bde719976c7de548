"""No order against a book that is not known to be right: not LIVE, a side missing, or crossed."""

from __future__ import annotations

from typing import Final

from trimaran.domain.answer import BookStatus
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import Tables

NAME: Final = "stale_book"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses unless the book is live and its best prices make sense."""
    if ask.status != BookStatus.LIVE:
        known = 0 <= ask.status <= BookStatus.STALE
        found = BookStatus(ask.status).name if known else str(ask.status)
        return Finding(BookStatus.LIVE.name, found, "status of the book")
    if not 0 < ask.bid_ticks < ask.ask_ticks:
        return Finding("0 < bid < ask", f"{ask.bid_ticks} and {ask.ask_ticks}", "best prices in ticks")
    return None
