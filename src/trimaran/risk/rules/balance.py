"""No order that the account could not pay, with everything that open orders may still take.

Spot: a purchase needs quote for notional and fee, a sale needs base. Perpetual: notional over the
allowed leverage, plus the fee, must be covered by the free margin (`balances` of a margin account are
the venue's available balance, without what open positions hold); orders that only reduce are exempt.
The comparison is `notional + fee * leverage <= free * leverage`, without a division.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.domain.decision import Refused
from trimaran.domain.exact import ZERO
from trimaran.domain.instrument import Asset, ContractKind
from trimaran.domain.orders import OrderRequest
from trimaran.risk.context import OpenOrder, RiskContext, notional_with_fee, spot_reservation
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rule import refuse

NAME: Final = "balance"


def check(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> Refused | None:
    """Refuses what the free balance does not cover."""
    if context.instrument.kind is ContractKind.SPOT:
        return _check_spot(order, context)
    return _check_perpetual(order, context, limits.leverage_max)


def _check_spot(order: OrderRequest, context: RiskContext) -> Refused | None:
    asset, needed = spot_reservation(order, context.instrument, order.lots)
    free = context.balances.get(asset, ZERO) - _spot_reserved(context, asset)
    if needed <= free:
        return None
    return refuse(order, NAME, f"at most {free}", needed, f"{asset} needed")


def _check_perpetual(order: OrderRequest, context: RiskContext, leverage: int) -> Refused | None:
    if order.reduce_only:
        return None
    instrument = context.instrument
    needed = notional_with_fee(order, instrument, order.lots, leverage)
    reserved = _margin_reserved(context, leverage)
    free = context.balances.get(instrument.quote, ZERO) * leverage - reserved
    if needed <= free:
        return None
    what = f"{instrument.quote} of notional and fee at leverage {leverage}"
    return refuse(order, NAME, f"at most {free}", needed, what)


def _spot_reserved(context: RiskContext, asset: Asset) -> Decimal:
    total = ZERO
    for open_order in _same_account(context):
        taken, amount = spot_reservation(open_order.order, open_order.instrument, open_order.remaining_lots)
        total += amount if taken == asset else ZERO
    return total


def _margin_reserved(context: RiskContext, leverage: int) -> Decimal:
    total = ZERO
    for open_order in _same_account(context):
        instrument, order = open_order.instrument, open_order.order
        if instrument.quote == context.instrument.quote and not order.reduce_only:
            total += notional_with_fee(order, instrument, open_order.remaining_lots, leverage)
    return total


def _same_account(context: RiskContext) -> list[OpenOrder]:
    """Spot and margin balances of a market are separate accounts."""
    market, kind = context.instrument.market, context.instrument.kind
    return [
        open_order
        for open_order in context.open_orders
        if open_order.instrument.market == market and open_order.instrument.kind is kind
    ]
