"""No order twice: an id never, the same wish of the same strategy not within the window.

One repeat is legal: the next attempt of an intent whose earlier attempts are not open any more, proved not
to be placed. The attempts of an intent share their client order id but for its last four bits.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.client_id import ATTEMPT_BITS
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import Tables

NAME: Final = "duplicate"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses a repeated id, and an equal order within the window."""
    if ask.amend:
        return None
    sequence = ask.client_order_id >> ATTEMPT_BITS
    last = view.last_attempt(sequence)
    repeated = last != 0 and (ask.client_order_id <= last or ask.prior_sequence != sequence)
    if view.sequence_open(sequence) or repeated or ask.prior_sequence not in (0, sequence):
        return Finding("an id that was not used", str(ask.client_order_id), "client order id and intent")
    window_ns = tables.bounds[ask.instrument].duplicate_window_ns
    wish = (ask.instrument, ask.strategy, ask.side, ask.price_ticks, ask.lots)
    if not window_ns or view.wish_ns(*wish, sequence) <= ask.now_ns - window_ns:
        return None
    side = "sell" if ask.side else "buy"
    found = f"{side} {ask.lots} at {ask.price_ticks}"
    return Finding("another order", found, f"orders of the strategy in {window_ns} ns")
