"""What a rule of risk is: a name and a pure function that finds something against an order, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from trimaran.risk.amount import INFINITE, PRODUCT_BITS, RATE_ONE, amount_text, scaled_up
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.tables import NO_LIMIT, STRATEGY, Scope, ScopeBounds, Tables


class Finding(msgspec.Struct, frozen=True):
    """What was compared, as text; `what` says what was measured, with its unit, of `scope` if it has one."""

    limit: str
    value: str
    what: str
    scope: Scope | None = None


Check = Callable[[Ask, RiskView, Tables], Finding | None]


class Rule(msgspec.Struct, frozen=True):
    """One line of the catalogue."""

    name: str
    check: Check
    limits: str  # which keys of the limits file it reads, for the page
    meaning: str  # what a refusal means, for the page


def at_most(limit: int | str, value: int | str, what: str, scope: Scope | None = None) -> Finding:
    """The usual finding."""
    return Finding(f"at most {limit}", str(value), what, scope)


def scopes(ask: Ask, tables: Tables) -> Iterator[tuple[Scope, ScopeBounds]]:
    """The scopes of an order with their limits, the widest first."""
    for scope in tables.scopes_of(ask.instrument, ask.strategy):
        yield scope, tables.scopes[scope[0]][scope[1]]


def worst(position: int, buys: int, sells: int) -> int:
    """The larger of both ways a position could go."""
    return max(position + buys, sells - position)


def ways(ask: Ask, view: RiskView, scope: Scope) -> tuple[int, int]:
    """Worst lots of the instrument before and after the order: of the strategy alone in its own scope."""
    if scope[0] == STRATEGY:
        position = view.strategy_lots(ask.strategy, ask.instrument)
        waiting = [view.strategy_open(ask.strategy, ask.instrument, side) for side in (0, 1)]
    else:
        position = view.position(ask.instrument)
        waiting = [view.open_lots(ask.instrument, side) for side in (0, 1)]
    before = worst(position, *waiting)
    waiting[ask.side] += ask.open_lots
    return before, worst(position, *waiting)


def grows(ask: Ask, view: RiskView, scope: Scope) -> bool:
    """Whether the order could make something larger than it is; all others may pass to get out."""
    before, after = ways(ask, view, scope)
    return after > before and not ask.reduce_only


def value_after(ask: Ask, view: RiskView, tables: Tables, lots: int) -> int:
    """The value of so many lots of the instrument, in attos of quote, at the dearer of mark and offer."""
    price_ticks = max(view.mark(ask.instrument)[1], ask.ask_ticks)
    if not lots:
        return 0
    if price_ticks <= 0 or lots.bit_length() + price_ticks.bit_length() > PRODUCT_BITS:
        return INFINITE
    terms = tables.terms[ask.instrument]
    return scaled_up(lots * price_ticks, terms.value_numerator, terms.value_denominator)


def in_limits_asset(value: int, rate_e9: int) -> int:
    """An amount of quote in the asset of the limits."""
    if not value:
        return 0
    return scaled_up(value, rate_e9, RATE_ONE) if rate_e9 > 0 else INFINITE


def fallen(
    ask: Ask,
    view: RiskView,
    tables: Tables,
    highest_of: Callable[[ScopeBounds], int],
    from_of: Callable[[int, int], int],
    what: str,
) -> Finding | None:
    """The first scope whose equity is too far below `from_of(start of the day, peak)`, or is not known.

    `highest_of` is how far it may be. Orders that cannot make anything larger pass, to get out.
    """
    for scope, bounds in scopes(ask, tables):
        highest = highest_of(bounds)
        if highest == NO_LIMIT or not grows(ask, view, scope):
            continue
        known, equity, start, peak = view.equity(*scope)
        if not known:
            return at_most(amount_text(highest), "unknown", what, scope)
        fall = from_of(start, peak) - equity
        if fall > highest:
            return at_most(amount_text(highest), amount_text(fall), what, scope)
    return None
