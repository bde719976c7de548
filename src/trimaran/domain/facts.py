"""Facts: what a step says has happened. Journal, screens and metrics read facts, never live state.

A fact is complete in itself: it carries the values before and after, so that a reader needs no other
state to show it.
"""

from __future__ import annotations

import enum
from decimal import Decimal

import msgspec

from trimaran.base.errors import DecodeKind
from trimaran.domain.account import (
    Adjusted,
    Fill,
    FundingPaid,
    InterestPaid,
    PositionAdjusted,
    Transfer,
)
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved, KillState, Refused
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName, Side
from trimaran.domain.kill import KillScope
from trimaran.domain.opportunity import Opportunity, Pair
from trimaran.domain.orders import GroupId, OrderEvent, OrderState, StrategyName


class Purpose(enum.Enum):
    """What a group of orders is for."""

    OPEN = "open"  # takes an opportunity
    UNWIND = "unwind"  # gives back what one leg filled more than the other
    EXECUTE = "execute"  # buys or sells for its own sake: what it fills is owed to nobody


class ClosedLeg(msgspec.Struct, frozen=True, gc=False):
    """One ended order of a group."""

    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    side: Side
    lots: int
    filled_lots: int


class OrderApproved(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Risk let an order pass."""

    approved: Approved
    local_ns: int


class OrderRefused(msgspec.Struct, frozen=True, tag=True):
    """Risk stopped an order, and with it the legs of its group."""

    refused: Refused
    local_ns: int


class OrderStateChanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An order moved in the state table."""

    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    before: OrderState
    event: OrderEvent
    after: OrderState
    filled_lots: int
    reason: str
    local_ns: int


class OrderTermsChanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What an open order may still do has changed, or may have: while a change is under way, the venue may
    have either terms, and the worse of them counts."""

    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    price_ticks: int
    lots: int  # filled ones included, here and below
    asked_price_ticks: int  # of a change under way; 0: there is none
    asked_lots: int
    filled_lots: int
    reason: str
    local_ns: int


class FillBooked(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The ledger took a fill; `realised` is in the quote asset, before fees."""

    fill: Fill
    realised: Decimal
    strategy: StrategyName | None = None  # whose order it was; None: of an order that is not known


class FillRepeated(msgspec.Struct, frozen=True, tag=True):
    """A fill that was booked before; nothing changed. `conflict`: it now has another price or size."""

    fill: Fill
    conflict: bool


class EventTooOld(msgspec.Struct, frozen=True, tag=True):
    """Money that was not booked: the event is older than what the ledger remembers, so that nobody can say
    whether it was booked before. The instrument (or, of a payment, every instrument of its market) is to be
    frozen until reconciliation has compared balances and positions and a person has released it."""

    event: Fill | Transfer | FundingPaid | InterestPaid | Adjusted | PositionAdjusted
    remembered_ns: int  # the venue's time from which on everything is remembered


class BalanceChanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A balance of a market's account changed."""

    market: MarketName
    asset: Asset
    before: Decimal
    after: Decimal
    local_ns: int


class PositionChanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A position changed. Lots are signed; costs are what the open lots cost, signed alike, in quote."""

    instrument_key: InstrumentKey
    before_lots: int
    after_lots: int
    before_cost: Decimal
    after_cost: Decimal
    local_ns: int


class KillChanged(msgspec.Struct, frozen=True, tag=True):
    """A kill switch was moved, and by whom."""

    scope: KillScope
    before: KillState
    after: KillState
    actor: str
    reason: str
    local_ns: int


class BookChanged(msgspec.Struct, frozen=True, tag=True):
    """The status of a book changed; only LIVE may be traded on or shown as live."""

    instrument_key: InstrumentKey
    before: BookStatus
    after: BookStatus
    local_ns: int


class FrameRefused(msgspec.Struct, frozen=True, tag=True):
    """A frame or a snapshot could not be decoded; nothing of it was applied."""

    market: MarketName
    kind: DecodeKind
    instrument_key: InstrumentKey | None  # None: it does not say whose it was
    local_ns: int


class OpportunitySeen(msgspec.Struct, frozen=True, tag=True):
    """An opportunity has appeared."""

    opportunity: Opportunity


class OpportunityEnded(msgspec.Struct, frozen=True, tag=True):
    """An opportunity is gone. `missed_because` is None when `taken` names the group that took it."""

    pair: Pair
    lifetime_ns: int
    best_edge_e8: int
    best_net: Decimal
    taken: GroupId | None
    missed_because: str | None
    local_ns: int


class InstrumentFrozen(msgspec.Struct, frozen=True, tag=True):
    """An account event contradicted what is known of an order: nothing more is sent there."""

    instrument_key: InstrumentKey
    text: str
    local_ns: int


class GroupClosed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Every leg of a group has ended. `residual`, in base asset: bought less sold less fees taken in it."""

    group: GroupId
    strategy: StrategyName
    purpose: Purpose
    legs: tuple[ClosedLeg, ...]
    residual: Decimal
    local_ns: int


class Discrepancy(msgspec.Struct, frozen=True, tag=True):
    """What we believed and what the venue says differ. Found by reconciliation, never corrected silently."""

    kind: str  # of `ledger/compare.py`
    market: MarketName
    subject: str  # an order, a fill, an asset or an instrument
    ours: str
    theirs: str
    done: str  # what was done: "opened", "adopted", "booked", "adjusted", "reported"
    local_ns: int


class LimitsChanged(msgspec.Struct, frozen=True, tag=True):
    """Another set of risk limits is in force."""

    before_version: int
    version: int
    digest: str
    actor: str
    local_ns: int


class InstrumentReleased(msgspec.Struct, frozen=True, tag=True):
    """A person has released a frozen instrument."""

    instrument_key: InstrumentKey
    actor: str
    local_ns: int


class MarketReady(msgspec.Struct, frozen=True, tag=True):
    """Whether a market is reconciled: only then new orders go there. `text` says what is missing."""

    market: MarketName
    ready: bool
    text: str
    local_ns: int


LedgerFact = FillBooked | FillRepeated | EventTooOld | BalanceChanged | PositionChanged
OrderFact = OrderApproved | OrderRefused | OrderStateChanged | OrderTermsChanged
MarketFact = BookChanged | FrameRefused | OpportunitySeen | OpportunityEnded
ControlFact = KillChanged | LimitsChanged | InstrumentFrozen | InstrumentReleased | MarketReady | Discrepancy
Fact = OrderFact | LedgerFact | MarketFact | GroupClosed | ControlFact
