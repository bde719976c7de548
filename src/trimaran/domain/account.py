"""Account events: what a venue says about our orders and our money, decoded once, at the edge.

Amounts of money are exact decimals, prices are ticks, sizes are lots. `venue_ns` is the venue's clock
(0 where it sends none), `local_ns` the receiver's. Events may come twice and in any order: the state
table absorbs repeats of orders, the ledger those of money.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import NewType

import msgspec

from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName, Side
from trimaran.domain.orders import TERMINAL, OrderState

VenueOrderId = NewType("VenueOrderId", str)
FillId = NewType("FillId", str)  # the venue's trade id: unique per instrument and side of ours
TransferId = NewType("TransferId", str)
FundingId = NewType("FundingId", str)


class Liquidity(enum.IntEnum):
    """Which side of the trade we were."""

    MAKER = 0
    TAKER = 1


class OrderAcked(msgspec.Struct, frozen=True, tag=True):
    """The venue has the order."""

    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    venue_ns: int
    local_ns: int


class OrderRejected(msgspec.Struct, frozen=True, tag=True):
    """The venue definitely refused the order; only listed codes of a venue mean this."""

    client_order_id: ClientOrderId
    code: str
    text: str
    venue_ns: int
    local_ns: int


class OrderLost(msgspec.Struct, frozen=True, tag=True):
    """No definitive answer came: the order may be at the venue or not."""

    client_order_id: ClientOrderId
    cause: str
    local_ns: int


class OrderAbsent(msgspec.Struct, frozen=True, tag=True):
    """The resolver's proof: the venue positively does not know the order, asked often enough."""

    client_order_id: ClientOrderId
    proofs: int
    local_ns: int


class Fill(msgspec.Struct, frozen=True, tag=True):
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

    def __post_init__(self) -> None:
        assert self.price_ticks > 0, self
        assert self.lots > 0, self
        assert self.fee.is_finite(), self


class OrderDone(msgspec.Struct, frozen=True, tag=True):
    """The order has ended at the venue. Fills that happened before may still be heard after."""

    client_order_id: ClientOrderId
    state: OrderState  # a terminal one
    reason: str
    venue_ns: int
    local_ns: int

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


class FundingPaid(msgspec.Struct, frozen=True, tag=True):
    """Funding of a perpetual position."""

    funding_id: FundingId
    instrument_key: InstrumentKey
    asset: Asset
    amount: Decimal  # positive is paid, negative is received
    venue_ns: int
    local_ns: int


AccountEvent = (
    OrderAcked | OrderRejected | OrderLost | OrderAbsent | Fill | OrderDone | Transfer | FundingPaid
)
