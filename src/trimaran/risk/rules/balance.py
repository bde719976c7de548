"""No order that the account could not pay, with everything that open orders may still take.

Spot: a purchase needs quote for notional and fee, a sale needs base. Perpetual: notional over the leverage
of the instrument, plus the fee, must be covered by the wallet less what positions hold and have lost;
orders that only reduce are exempt. Needs are rounded up and wallets down, to 1e-18.
"""

from __future__ import annotations

from typing import Final

from trimaran.risk.amount import INFINITE, PRODUCT_BITS, amount_text, margin, scaled_up, with_fee
from trimaran.risk.ask import Ask
from trimaran.risk.core import RiskView
from trimaran.risk.rule import Finding, at_most
from trimaran.risk.tables import ACCOUNT, Tables, Terms

NAME: Final = "balance"


def check(ask: Ask, view: RiskView, tables: Tables) -> Finding | None:
    """Refuses what the free balance does not cover."""
    terms = tables.terms[ask.instrument]
    if terms.perpetual and ask.reduce_only:
        return None
    asset = terms.base if ask.side and not terms.perpetual else terms.quote
    leverage = tables.bounds[ask.instrument].leverage_max
    needs = (
        _need(terms, leverage, ask.side, ask.lots - ask.filled_lots, ask.price_ticks),
        _need(terms, leverage, ask.side, ask.held_lots, ask.held_price_ticks),
    )
    needed, held, lost = view.taken(terms.wallet, asset)
    free = view.wallet(terms.wallet, asset) - needed - held - lost
    if max(needs) <= free:
        return None
    kind = "base" if asset == terms.base else "quote"
    what = f"{kind} asset needed of what is free in the account"
    return at_most(amount_text(free), amount_text(max(needs)), what, (ACCOUNT, terms.account))


def _need(terms: Terms, leverage: int, side: int, lots: int, price_ticks: int) -> int:
    if side and not terms.perpetual:
        return scaled_up(lots, terms.size_numerator, terms.size_denominator)
    if lots.bit_length() + price_ticks.bit_length() > PRODUCT_BITS:
        return INFINITE
    notional = scaled_up(lots * price_ticks, terms.value_numerator, terms.value_denominator)
    if terms.perpetual:
        return margin(notional, terms.fee_e8, leverage)
    return with_fee(notional, terms.fee_e8)
