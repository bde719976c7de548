"""An order that is no order: of nothing that is traded here, price or size that is not positive, size off
the order step or below the venue's smallest order, a trigger or a displayed size that its type does not
have, made in the future.

First, so that the rules behind it may compute with what they read.
"""

from __future__ import annotations

from typing import Final

from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.domain.client_id import ID_BITS
from trimaran.domain.orders import OrderType, TimeInForce
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding
from trimaran.risk.tables import Tables

NAME: Final = "well_formed"

_TIME_NS_MAX: Final = 2**62


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses what the later rules, and a venue, could not make sense of."""
    if not 0 <= ask.instrument < len(tables.terms):
        return Finding("an instrument of this desk", "another one", "instrument")
    return (
        _identity(ask, tables) or _size(ask, tables) or _shape(ask, tables.terms[ask.instrument].order_step)
    )


def _identity(ask: Ask, tables: Tables) -> Finding | None:
    if not 0 <= ask.strategy < len(tables.scopes[3]):
        return Finding("a strategy of this desk", "another one", "strategy")
    if not 0 < ask.client_order_id < 1 << ID_BITS:
        return Finding("1 to 2**62 - 1", str(ask.client_order_id), "client order id")
    if ask.side not in (0, 1) or ask.reduce_only not in (0, 1):
        return Finding("0 or 1", f"{ask.side} and {ask.reduce_only}", "side and reduce-only")
    if not 0 <= ask.now_ns <= _TIME_NS_MAX:
        return Finding(f"0..{_TIME_NS_MAX}", str(ask.now_ns), "time of now in ns")
    if not 0 <= ask.created_ns <= ask.now_ns:
        return Finding(f"0..{ask.now_ns}", str(ask.created_ns), "time of creation in ns")
    return None


def _size(ask: Ask, tables: Tables) -> Finding | None:
    terms = tables.terms[ask.instrument]
    if not 1 <= ask.price_ticks <= PRICE_TICKS_MAX:
        return Finding(f"1..{PRICE_TICKS_MAX}", str(ask.price_ticks), "price in ticks")
    if not 1 <= ask.lots <= SIZE_LOTS_MAX:
        return Finding(f"1..{SIZE_LOTS_MAX}", str(ask.lots), "size in lots")
    if ask.lots % terms.order_step:
        return Finding(f"a multiple of {terms.order_step}", str(ask.lots), "size in lots")
    if ask.lots < terms.order_lots_min:
        return Finding(f"at least {terms.order_lots_min}", str(ask.lots), "size in lots")
    if not 0 <= ask.filled_lots < ask.lots:
        return Finding(f"more than the {ask.filled_lots} that are filled", str(ask.lots), "size in lots")
    if not (0 <= ask.held_lots <= SIZE_LOTS_MAX and 0 <= ask.held_price_ticks <= PRICE_TICKS_MAX):
        return Finding("terms of an order", f"{ask.held_lots} at {ask.held_price_ticks}", "terms held")
    return None


def _shape(ask: Ask, step: int) -> Finding | None:
    if not (0 <= ask.order_type <= OrderType.TAKE_PROFIT_LIMIT and 0 <= ask.tif <= TimeInForce.POST_ONLY):
        return Finding("a type and a time in force", f"{ask.order_type} and {ask.tif}", "type of the order")
    kind = OrderType(ask.order_type)
    if ask.trigger_ticks and not kind.is_triggered:
        return Finding("0 without a trigger", str(ask.trigger_ticks), "trigger in ticks")
    if kind.is_triggered and not 1 <= ask.trigger_ticks <= PRICE_TICKS_MAX:
        return Finding(f"1..{PRICE_TICKS_MAX}", str(ask.trigger_ticks), "trigger in ticks")
    if ask.display_lots and not _is_iceberg(ask, step):
        return Finding("a part of a resting limit order", str(ask.display_lots), "displayed lots")
    if ask.tif == TimeInForce.POST_ONLY and not kind.has_venue_price:
        return Finding("a type with a limit price", kind.name, "type of post-only")
    return None


def _is_iceberg(ask: Ask, step: int) -> bool:
    resting = ask.order_type == OrderType.LIMIT and ask.tif == TimeInForce.GTC
    return resting and 0 < ask.display_lots < ask.lots and ask.display_lots % step == 0
