"""What a strategy is: opportunities and ended groups in, proposals out.

A strategy never touches a venue and never approves its own orders. It reads time from its arguments, and
whatever it remembers it can lose: after a restart it starts with nothing but the durable state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.facts import GroupClosed, Purpose
from trimaran.domain.instrument import Instrument, InstrumentKey, Side
from trimaran.domain.opportunity import Opportunity, Pair
from trimaran.domain.orders import OrderRequest, OrderState, OrderType, SelfTrade, StrategyName, TimeInForce


class LegDraft(msgspec.Struct, frozen=True):
    """One order that a strategy wants; an IOC limit order unless it says otherwise."""

    instrument_key: InstrumentKey
    side: Side
    price_ticks: int  # the worst price that is accepted
    lots: int
    tif: TimeInForce = TimeInForce.IOC
    order_type: OrderType = OrderType.LIMIT
    trigger_ticks: int = 0  # of a triggered type
    display_lots: int = 0  # of an iceberg; 0: all of it
    reduce_only: bool = False
    self_trade: SelfTrade = SelfTrade.VENUE_DEFAULT
    valid_until_ns: int = 0  # local clock: proved absent, it may be sent anew until then; 0: never


class Proposal(msgspec.Struct, frozen=True):
    """Orders that pass risk together or not at all."""

    strategy: StrategyName
    purpose: Purpose
    legs: tuple[LegDraft, ...]
    pair: Pair | None  # the opportunity that it takes


class AmendDraft(msgspec.Struct, frozen=True):
    """Other terms for an open order of the strategy; `lots` are in total, filled ones included."""

    client_order_id: ClientOrderId
    price_ticks: int
    lots: int


class CancelDraft(msgspec.Struct, frozen=True):
    """An open order of the strategy that it does not want any more."""

    client_order_id: ClientOrderId
    reason: str


Wish = Proposal | AmendDraft | CancelDraft


class OwnOrder(msgspec.Struct, frozen=True):
    """An order of a strategy that has not ended, as durable state knows it."""

    order: OrderRequest  # with the terms that are in force
    state: OrderState
    filled_lots: int
    changing: bool  # an amendment is under way: there can be no other one
    cancelling: bool


class Skipped(msgspec.Struct, frozen=True):
    """An opportunity that the strategy lets go, and why."""

    pair: Pair
    reason: str


class DeskView(Protocol):
    """What a strategy may look at."""

    def instrument(self, key: InstrumentKey, /) -> Instrument:
        """An instrument."""

    def top_ticks(self, key: InstrumentKey, /) -> tuple[int, int]:
        """(bid_ticks, ask_ticks); 0 where a side is unknown or the book is not live."""

    def working(self, key: InstrumentKey, /) -> bool:
        """True while an order of ours is open there."""

    def halted(self, key: InstrumentKey, strategy: StrategyName, /) -> bool:
        """True while a strategy may send nothing there: frozen, not reconciled, or a kill switch."""

    def own_orders(self, strategy: StrategyName, /) -> Sequence[OwnOrder]:
        """The orders of a strategy that have not ended, the oldest first."""

    def owed(self, strategy: StrategyName, /) -> Mapping[InstrumentKey, Decimal]:
        """Residuals that a strategy is to give back, in base asset, by instrument; long is positive."""

    @property
    def notional_max(self) -> Decimal:
        """The largest order that is worth proposing, in quote asset."""


class Strategy(Protocol):
    """A member of the catalogue."""

    name: StrategyName

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Proposal | Skipped:
        """An opportunity is there, or has changed."""

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> Wish | None:
        """All orders of a group of this strategy have ended."""

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Wish]:
        """A tenth of a second has passed."""

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """Risk refused a proposal, by this rule. A refused change leaves the order as it is."""
