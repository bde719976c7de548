"""Reports: what a venue says an account looks like, decoded once, at the edge.

A report is the venue's own view of one thing at one time: an order, a fill, a balance, a position. The
answers of queries and the pushes of private streams are the same reports, so that one fold
(`venues/wire/account_fold.py`) turns both into account events, each fill once. Reports may come twice, late
and in any order; orders that Trimaran never made are reported too, for somebody has to answer for them.

Prices are ticks and sizes are lots of the instrument; amounts of money are exact decimals; fees are positive
when paid. `venue_ns` is the venue's clock, 0 where it sends none.
"""

from __future__ import annotations

import enum
from decimal import Decimal

import msgspec

from trimaran.domain.account import FillId, Liquidity, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName, Side
from trimaran.domain.orders import OrderState, OrderType, TimeInForce


class MarginMode(enum.Enum):
    """What secures a position: the whole account, or an amount set aside for it."""

    CROSS = "cross"
    ISOLATED = "isolated"


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the venue sees it."""

    instrument_key: InstrumentKey
    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None  # None: not an id of ours
    client_text: str = ""  # the id as the venue spells it; empty where it has none
    state: OrderState  # ACKED, PARTIALLY_FILLED or a terminal one; a triggered order that waits is ACKED
    side: Side
    order_type: OrderType
    tif: TimeInForce | None  # None: the venue does not say, or has one that we do not
    price_ticks: int  # 0: it has no price
    lots: int  # 0: the order is by value, as market buys of some venues are
    filled_lots: int
    average_price: Decimal | None = None  # of what was filled, in quote asset
    trigger_ticks: int = 0
    reduce_only: bool = False
    reason: str = ""  # why it ended, in the venue's words
    created_ns: int = 0  # the venue's clock
    venue_ns: int  # of this state
    local_ns: int


class FillReport(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of ours as the venue sees it. `fill_id` is unique per instrument and side of ours."""

    fill_id: FillId
    instrument_key: InstrumentKey
    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None  # None: not ours, or this channel does not say
    side: Side
    price_ticks: int
    lots: int  # at least 1
    rest: Decimal = Decimal(0)  # of a lot, more or less than `lots` say; counts with the order's other fills
    liquidity: Liquidity
    fee: Decimal | None  # None: this channel does not say; another one does
    fee_asset: Asset
    realised: Decimal | None = None  # of a perpetual: what closed lots earned, before fees; None: not said
    venue_ns: int
    local_ns: int


class BalanceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of one account. `free` may be None in a push that does not say."""

    market: MarketName
    asset: Asset
    total: Decimal | None  # wallet balance; None: this push does not say
    free: Decimal | None  # what new orders may use
    venue_ns: int
    local_ns: int


class PositionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One perpetual position, one-way mode. `lots` 0 is a closed one."""

    instrument_key: InstrumentKey
    lots: int  # signed
    entry_price: Decimal | None  # in quote asset; None for a closed position
    mark_price: Decimal | None = None
    liquidation_price: Decimal | None = None
    unrealised: Decimal | None = None  # profit in the margin asset, at the mark
    leverage: Decimal | None = None
    margin_mode: MarginMode | None = None
    venue_ns: int
    local_ns: int


class ForeignOrder(msgspec.Struct, frozen=True, tag=True):
    """An order on our account that Trimaran did not make: placed by hand, by the venue, by a stranger."""

    report: OrderReport


class ForeignFill(msgspec.Struct, frozen=True, tag=True):
    """A fill of an order that Trimaran did not make. Money has moved all the same."""

    report: FillReport


Report = OrderReport | FillReport | BalanceReport | PositionReport
