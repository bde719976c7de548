"""Every rule, in the order they are asked. A new rule is one file and one line here."""

from __future__ import annotations

from typing import Final

from trimaran.risk.rule import Rule
from trimaran.risk.rules import (
    balance,
    duplicate,
    kill,
    max_lots,
    max_notional,
    max_position,
    min_notional,
    open_orders,
    order_rate,
    price_collar,
    quote_age,
    reduce_only,
    stale_book,
    well_formed,
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(kill.NAME, kill.check),
    Rule(well_formed.NAME, well_formed.check),  # the rules below rely on it
    Rule(stale_book.NAME, stale_book.check),
    Rule(quote_age.NAME, quote_age.check),
    Rule(max_lots.NAME, max_lots.check),
    Rule(open_orders.NAME, open_orders.check),
    Rule(order_rate.NAME, order_rate.check),
    Rule(duplicate.NAME, duplicate.check),
    Rule(price_collar.NAME, price_collar.check),
    Rule(max_notional.NAME, max_notional.check),
    Rule(min_notional.NAME, min_notional.check),
    Rule(reduce_only.NAME, reduce_only.check),
    Rule(max_position.NAME, max_position.check),
    Rule(balance.NAME, balance.check),
)

assert len({rule.name for rule in RULES}) == len(RULES)
