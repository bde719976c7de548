"""Account events: what a venue says about our orders and our money, decoded once, at the edge.

Amounts of money are exact decimals, prices are ticks, sizes are lots. `venue_ns` is the venue's clock
(0 where it sends none), `local_ns` the receiver's. Events may come twice and in any order: the state
table absorbs repeats of orders, the ledger those of money.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Final, NewType

import msgspec

from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName, Side
from trimaran.domain.orders import TERMINAL, OrderState

VenueOrderId = NewType("VenueOrderId", str)
FillId = NewType("FillId", str)  # the venue's trade id: unique per instrument and side of ours
TransferId = NewType("TransferId", str)
FundingId = NewType("FundingId", str)
InterestId = NewType("InterestId", str)
AdjustmentId = NewType("AdjustmentId", str)


OPENING: Final = "opening|"  # what the ids of opening balances begin with
NOT_AWAITED: Final = -1  # instead of filled lots: they were waited for long enough


class Liquidity(enum.IntEnum):
    """Which side of the trade we were."""

    MAKER = 0
    TAKER = 1


class OrderAcked(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The venue has the order."""

    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    venue_ns: int
    local_ns: int


class OrderRejected(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The venue definitely refused the order; only listed codes of a venue mean this."""

    client_order_id: ClientOrderId
    code: str
    text: str
    venue_ns: int
    local_ns: int


class OrderLost(msgspec.Struct, frozen=True, gc=False, tag=True):
    """No definitive answer came: the order may be at the venue or not."""

    client_order_id: ClientOrderId
    cause: str
    local_ns: int


class OrderAbsent(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The resolver's proof: the venue positively does not know the order, asked often enough."""

    client_order_id: ClientOrderId
    proofs: int
    local_ns: int


class Fill(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A trade of ours."""

    fill_id: FillId
    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    side: Side
    price_ticks: int
    lots: int
    liquidity: Liquidity
    fee: Decimal  # positive is paid, negative is a rebate
    fee_asset: Asset
    venue_ns: int
    local_ns: int
    realised: Decimal | None = None  # profit of lots that it closed, before fees, as the venue booked it

    def __post_init__(self) -> None:
        assert self.price_ticks > 0, self
        assert self.lots > 0, self
        assert self.fee.is_finite(), self
        assert self.realised is None or self.realised.is_finite(), self


class OrderDone(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The order has ended at the venue. Fills that happened before may still be heard after."""

    client_order_id: ClientOrderId
    state: OrderState  # a terminal one
    reason: str
    venue_ns: int
    local_ns: int
    filled_lots: int = 0  # in total, as the venue says; 0: it does not say; `NOT_AWAITED`: see there

    def __post_init__(self) -> None:
        assert self.state in TERMINAL, self


class Transfer(msgspec.Struct, frozen=True, tag=True):
    """Money that came into a market's account (positive) or left it, other than by trading.

    The opening balances of a ledger are transfers. Trimaran itself never withdraws: it only hears.
    """

    transfer_id: TransferId
    market: MarketName
    asset: Asset
    amount: Decimal
    venue_ns: int
    local_ns: int


def opening_id(market: MarketName, asset: Asset, began_ns: int) -> TransferId:
    """Of the opening balance of an asset, as of `began_ns` of the venue's clock."""
    return TransferId(f"{OPENING}{market}|{asset}|{began_ns}")


def opened_ns(transfer: Transfer) -> int:
    """The moment (venue's clock) that an opening balance is of; 0 for any other transfer."""
    began = transfer.transfer_id.rpartition("|")[2]
    return int(began) if transfer.transfer_id.startswith(OPENING) and began.isdecimal() else 0


class FundingPaid(msgspec.Struct, frozen=True, tag=True):
    """Funding of a perpetual position."""

    funding_id: FundingId
    instrument_key: InstrumentKey
    asset: Asset
    amount: Decimal  # positive is paid, negative is received
    venue_ns: int
    local_ns: int


class InterestPaid(msgspec.Struct, frozen=True, tag=True):
    """Interest on a borrowed asset, or on one that was lent."""

    interest_id: InterestId
    market: MarketName
    asset: Asset
    amount: Decimal  # positive is paid, negative is received
    venue_ns: int
    local_ns: int


class Adjusted(msgspec.Struct, frozen=True, tag=True):
    """A difference between the ledger and the venue that no other event explains, booked as what it is.

    Never made silently: whoever makes it tells a `Discrepancy` with the same evidence.
    """

    adjustment_id: AdjustmentId
    market: MarketName
    asset: Asset
    amount: Decimal  # what the venue has more than the ledger; negative when less
    evidence: str
    venue_ns: int
    local_ns: int


class PositionAdjusted(msgspec.Struct, frozen=True, tag=True):
    """The same of a perpetual position: lots that no fill explains. An opening position is one too."""

    adjustment_id: AdjustmentId
    instrument_key: InstrumentKey
    lots: int  # signed: what the venue has more than the ledger
    price: Decimal  # in quote asset, at which they are taken over
    evidence: str
    venue_ns: int
    local_ns: int

    def __post_init__(self) -> None:
        assert self.lots != 0, self
        assert self.price.is_finite(), self
        assert self.price > 0, self


class OrderAmended(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The venue has changed price or size of an open order of ours; it may have lost its place."""

    client_order_id: ClientOrderId
    price_ticks: int
    lots: int
    venue_ns: int
    local_ns: int


class AmendRefused(msgspec.Struct, frozen=True, tag=True):
    """The venue definitely refused to change an order: it is as it was. Only listed codes mean this."""

    client_order_id: ClientOrderId
    code: str
    text: str
    local_ns: int


class AmendLost(msgspec.Struct, frozen=True, tag=True):
    """No definitive answer came to a change: the order has the old terms or the new ones."""

    client_order_id: ClientOrderId
    cause: str
    local_ns: int


class ProbeAbsent(msgspec.Struct, frozen=True, tag=True):
    """The venue positively does not know an order: not by its id, not among the open ones, not in the
    history, not among the fills. One such answer; the resolver wants several. No part of durable state."""

    client_order_id: ClientOrderId
    asked_ns: int  # local clock, when the first question left
    local_ns: int


class ProbeFailed(msgspec.Struct, frozen=True, tag=True):
    """One of the questions met an error: it says nothing about the order."""

    client_order_id: ClientOrderId
    cause: str
    local_ns: int


ProbeAnswer = ProbeAbsent | ProbeFailed

AccountEvent = (
    OrderAcked
    | OrderRejected
    | OrderLost
    | OrderAbsent
    | OrderAmended
    | AmendRefused
    | AmendLost
    | Fill
    | OrderDone
    | Transfer
    | FundingPaid
    | InterestPaid
    | Adjusted
    | PositionAdjusted
)
