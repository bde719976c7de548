"""What the gate knows when it judges one order: a frozen view, taken in the same step.

Nothing here is live: two orders judged with the same context get the same answer. What open orders
may still do is not summed up by the caller but given as the orders themselves, so that every rule
derives its own reservation and none can forget one.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext

import msgspec

from trimaran.base.limits import FEE_E8_ONE
from trimaran.domain.answer import BookStatus
from trimaran.domain.decision import KillState
from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.instrument import Asset, ContractKind, Instrument, Side
from trimaran.domain.orders import OrderRequest


class OpenOrder(msgspec.Struct, frozen=True):
    """An order that may still fill: approved and not terminal (SENDING and UNKNOWN count)."""

    order: OrderRequest
    instrument: Instrument
    remaining_lots: int

    def __post_init__(self) -> None:
        assert self.order.instrument_key == self.instrument.key, self
        assert self.remaining_lots > 0, self


class RiskContext(msgspec.Struct, frozen=True):
    """The view of one instrument and one account. Times are of the local clock."""

    instrument: Instrument
    book_status: BookStatus
    bid_ticks: int | None  # best prices of the book; None: that side is empty
    ask_ticks: int | None
    quote_local_ns: int  # when the book was last confirmed
    fair_price: Decimal | None  # in quote; None: nobody knows one
    now_ns: int
    position_lots: int  # signed; of a spot instrument: bought less sold
    exposure_base: Decimal  # signed; of the base asset over all instruments
    balances: Mapping[Asset, Decimal]  # free, of the instrument's market, open orders NOT yet deducted
    open_orders: tuple[OpenOrder, ...]  # of the account, all instruments and markets
    recent_orders: tuple[OrderRequest, ...]  # approved within the longest window, all instruments
    kill: KillState

    def __post_init__(self) -> None:
        assert self.exposure_base.is_finite(), self.exposure_base
        assert all(balance.is_finite() for balance in self.balances.values()), self.balances

    def after(self, order: OrderRequest, instrument: Instrument) -> RiskContext:
        """The context once `order` is approved too: what the next leg of its group is judged by."""
        return msgspec.structs.replace(
            self,
            open_orders=(*self.open_orders, OpenOrder(order, instrument, order.lots)),
            recent_orders=(*self.recent_orders, order),
        )


def spot_reservation(order: OrderRequest, instrument: Instrument, lots: int) -> tuple[Asset, Decimal]:
    """What `lots` of a spot order can take from the account at worst, and of which asset.

    A purchase reserves the taker fee in quote as well. Some venues take it from the base received
    instead; reserving it is right for both. A rebate is not counted on.
    """
    assert instrument.kind is ContractKind.SPOT, instrument
    if order.side is Side.SELL:
        return instrument.base, instrument.size(lots)
    return instrument.quote, notional_with_fee(order, instrument, lots)


def notional_with_fee(order: OrderRequest, instrument: Instrument, lots: int, fee_times: int = 1) -> Decimal:
    """Notional at the order's limit price, plus `fee_times` the dearer fee, in quote."""
    fee_e8 = max(instrument.fees.maker_e8, instrument.fees.taker_e8, 0) * fee_times
    return instrument.notional(order.price_ticks, lots) * (FEE_E8_ONE + fee_e8) / FEE_E8_ONE


def open_lots(context: RiskContext, side: Side) -> int:
    """Lots of the context's instrument that open orders of one side may still fill."""
    key = context.instrument.key
    return sum(
        open_order.remaining_lots
        for open_order in context.open_orders
        if open_order.order.side is side and open_order.order.instrument_key == key
    )


def open_base(context: RiskContext, side: Side) -> Decimal:
    """Base asset that open orders of one side may still fill, over all instruments of that base."""
    base = context.instrument.base
    with localcontext(EXACT):
        return sum(
            (
                open_order.instrument.size(open_order.remaining_lots)
                for open_order in context.open_orders
                if open_order.order.side is side and open_order.instrument.base == base
            ),
            ZERO,
        )
