"""Every rule, in the order they are asked; the native core gives their places as numbers, from 1.

A new rule is one file, one line here, and one function at the same place in
`native/include/trimaran/risk.hpp`.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.rule import Rule
from trimaran.risk.rules import (
    asset_exposure,
    balance,
    daily_loss,
    drawdown,
    duplicate,
    exposure,
    frozen,
    journal,
    kill,
    leverage,
    liquidation,
    max_lots,
    max_notional,
    max_position,
    message_rate,
    min_notional,
    not_ready,
    open_orders,
    order_rate,
    price_collar,
    quote_age,
    reduce_only,
    restricted,
    self_cross,
    stale_book,
    well_formed,
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        well_formed.NAME,
        well_formed.check,
        "-",
        "The order makes no sense as it is: the program that made it is wrong.",
    ),
    Rule(
        kill.NAME,
        kill.check,
        "`trimaran kill`",
        "Somebody, or the Knight check, stopped trading in this scope.",
    ),
    Rule(
        not_ready.NAME,
        not_ready.check,
        "-",
        "The account is not reconciled with its venue yet, or its private line was lost; wait.",
    ),
    Rule(journal.NAME, journal.check, "-", "The disk has no room for intents; make room."),
    Rule(
        frozen.NAME,
        frozen.check,
        "-",
        "A venue contradicted itself or us; look into it, then release the instrument.",
    ),
    Rule(restricted.NAME, restricted.check, "`allowed`", "The list forbids it."),
    Rule(stale_book.NAME, stale_book.check, "-", "The book is not live; the feed says why."),
    Rule(quote_age.NAME, quote_age.check, "`quote_age_ms_max`", "The book was not confirmed for too long."),
    Rule(max_lots.NAME, max_lots.check, "`order_lots_max`", "One order is too large."),
    Rule(open_orders.NAME, open_orders.check, "`open_orders_max`", "Too many orders are open; cancel some."),
    Rule(
        order_rate.NAME,
        order_rate.check,
        "`rate_orders_max`, `rate_window_ms`",
        "Too many orders in a short time.",
    ),
    Rule(
        message_rate.NAME,
        message_rate.check,
        "`messages_max`, `messages_window_ms`",
        "Too many requests in a short time.",
    ),
    Rule(duplicate.NAME, duplicate.check, "`duplicate_window_ms`", "The same order was made a moment ago."),
    Rule(
        price_collar.NAME,
        price_collar.check,
        "`collar_bps_max`",
        "The price is far from what other venues say, or nobody knows a fair one.",
    ),
    Rule(max_notional.NAME, max_notional.check, "`order_notional_max`", "One order is worth too much."),
    Rule(
        min_notional.NAME, min_notional.check, "the venue's", "One order is worth too little for the venue."
    ),
    Rule(reduce_only.NAME, reduce_only.check, "-", "The order would do more than reduce."),
    Rule(self_cross.NAME, self_cross.check, "-", "An order of ours rests there."),
    Rule(
        max_position.NAME, max_position.check, "`position_lots_max`", "The position could become too large."
    ),
    Rule(
        asset_exposure.NAME,
        asset_exposure.check,
        "`exposure_base_max`",
        "The exposure to the asset could become too large.",
    ),
    Rule(exposure.NAME, exposure.check, "`exposure_max`", "A scope could hold too much."),
    Rule(
        daily_loss.NAME,
        daily_loss.check,
        "`daily_loss_max`",
        "A scope has lost too much today, or its equity is not known.",
    ),
    Rule(
        drawdown.NAME,
        drawdown.check,
        "`drawdown_max`",
        "A scope has fallen too far from its best, or its equity is not known.",
    ),
    Rule(
        leverage.NAME,
        leverage.check,
        "`leverage_max` of an account",
        "The account would be levered too high.",
    ),
    Rule(
        liquidation.NAME,
        liquidation.check,
        "`liquidation_bps_min`, `maintenance_bps`",
        "The account would come too near to its liquidation.",
    ),
    Rule(balance.NAME, balance.check, "`leverage_max` of an instrument", "The account cannot pay it."),
)

assert len({rule.name for rule in RULES}) == len(RULES)
