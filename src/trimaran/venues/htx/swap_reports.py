"""HTX swaps' rows of orders and fills, over REST and in pushes, to reports. Sizes are whole contracts.

    https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-get-information-of-order

A fee is negative when it was paid. `order_id` is rounded by many readers of JSON: the id is `order_id_str`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Instrument, Side
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.htx import fields
from trimaran.venues.htx.errors import unreadable
from trimaran.venues.htx.fields import NULL, Id

_T, _F = OrderType, TimeInForce
TYPES: Final[dict[str, tuple[OrderType, TimeInForce | None]]] = {
    "market": (_T.MARKET, _F.IOC),
    "limit": (_T.LIMIT, _F.GTC),
    "ioc": (_T.LIMIT, _F.IOC),
    "fok": (_T.LIMIT, _F.FOK),
    "post_only": (_T.LIMIT, _F.POST_ONLY),
    "1": (_T.LIMIT, _F.GTC),  # the history has numbers in the place of words
    "2": (_T.MARKET, _F.IOC),
    "6": (_T.LIMIT, _F.POST_ONLY),
    "10": (_T.LIMIT, _F.FOK),
    "11": (_T.LIMIT, _F.IOC),
}
_SUFFIXES: Final = (("_ioc", TimeInForce.IOC), ("_fok", TimeInForce.FOK))  # of prices that HTX chooses
RESTING: Final = (1, 2, 3, 4, 11)  # ready, ready, submitted, partly filled, being cancelled
CANCELLED: Final = (5, 7)  # with fills, without
FILLED: Final = 6
FAILED: Final = 10


class Trade(msgspec.Struct):
    """A fill within an order. `trade_id` is shared by all fills of one taker; `id` is unique."""

    id: str
    trade_volume: Decimal
    trade_price: Decimal
    role: str
    created_at: Id
    trade_fee: Decimal | None = None
    fee_asset: str = ""
    real_profit: Decimal | None = None  # by the average price at which lots were opened
    profit: Decimal | None = None  # the same, where it is the only one


class Row(msgspec.Struct):
    """An order, as answers and pushes tell it."""

    contract_code: str
    volume: Decimal
    order_price_type: Id
    direction: str
    status: int
    order_id: Id | None = None
    order_id_str: str | None = None
    client_order_id: Id | None = None
    price: msgspec.Raw = NULL
    trade_volume: Decimal = Decimal(0)
    trade_avg_price: msgspec.Raw = NULL
    reduce_only: int | None = 0
    canceled_source: str | None = None
    fee_asset: str | None = None
    created_at: Id | None = None
    create_date: Id | None = None
    update_time: Id | None = None
    canceled_at: Id | None = None
    trade: list[Trade] | None = None  # of a push: new fills only
    trades: list[Trade] | None = None  # of the details of an order


class Match(msgspec.Struct):
    """A fill as the history tells it."""

    id: str
    contract_code: str
    direction: str
    trade_volume: Decimal
    trade_price: Decimal
    trade_fee: Decimal
    role: str
    create_date: Id
    order_id: Id | None = None
    order_id_str: str | None = None
    fee_asset: str = ""
    real_profit: Decimal | None = None
    offset_profitloss: Decimal | None = None


def type_of(name: Id) -> tuple[OrderType, TimeInForce | None]:
    """What an `order_price_type` says; one that is new to us is a limit without a time in force."""
    text = str(name)
    for suffix, tif in _SUFFIXES:
        if text.endswith(suffix):
            return OrderType.LIMIT, tif
    return TYPES.get(text, (OrderType.LIMIT, None))


def state_of(
    status: int, order_type: OrderType, tif: TimeInForce | None, filled_lots: int
) -> OrderState | None:
    """HTX's number for a state; None for one that is not documented."""
    if status in RESTING:
        return fields.open_state(filled_lots)
    if status in CANCELLED:
        return fields.end_state(order_type, tif)
    if status == FAILED:
        return OrderState.EXPIRED  # it had been taken
    return OrderState.FILLED if status == FILLED else None


def order_id_of(row: Row | Match) -> VenueOrderId:
    """The id of an order, unrounded. Raises DecodeError."""
    return fields.order_id_of(row.order_id_str or row.order_id, "order_id_str")


def report_of(instrument: Instrument, row: Row, local_ns: int, said_ns: int = 0) -> OrderReport:
    """The report of an order. `said_ns` is when a push was made. Raises DecodeError or GridError."""
    order_type, tif = type_of(row.order_price_type)
    filled_lots = fields.contracts_of(row.trade_volume, "trade_volume")
    state = state_of(row.status, order_type, tif, filled_lots)
    if state is None:
        raise unreadable(f"status: expected a documented one, found {row.status}")
    created_ns = fields.time_ns(row.created_at or row.create_date, "created_at")
    later = (
        fields.time_ns(row.update_time, "update_time"),
        fields.time_ns(row.canceled_at, "canceled_at"),
    )
    has_price = order_type is not OrderType.MARKET
    price = fields.positive(row.price, "price") if has_price else None
    return OrderReport(
        instrument_key=instrument.key,
        venue_order_id=order_id_of(row),
        client_order_id=fields.swap_client_id_of(row.client_order_id),
        client_text="" if row.client_order_id is None else str(row.client_order_id),
        state=state,
        side=fields.side_of(row.direction, "direction"),
        order_type=order_type,
        tif=tif,
        price_ticks=fields.ticks_of(instrument, price, "price"),
        lots=fields.contracts_of(row.volume, "volume"),
        filled_lots=filled_lots,
        average_price=fields.positive(row.trade_avg_price, "trade_avg_price"),
        reduce_only=row.reduce_only == 1,
        reason=row.canceled_source or "",
        created_ns=created_ns,
        venue_ns=said_ns or max(created_ns, *later),
        local_ns=local_ns,
    )


def fills_of(instrument: Instrument, row: Row, trades: list[Trade], local_ns: int) -> list[FillReport]:
    """The fills that an order came with. Raises DecodeError or GridError."""
    side = fields.side_of(row.direction, "direction")
    client_order_id = fields.swap_client_id_of(row.client_order_id)
    return [
        _fill(instrument, trade, side, order_id_of(row), client_order_id, row.fee_asset or "", local_ns)
        for trade in trades
    ]


def match_of(instrument: Instrument, match: Match, local_ns: int) -> FillReport:
    """The report of a fill of the history. Raises DecodeError or GridError."""
    trade = Trade(
        id=match.id,
        trade_volume=match.trade_volume,
        trade_price=match.trade_price,
        role=match.role,
        created_at=match.create_date,
        trade_fee=match.trade_fee,
        fee_asset=match.fee_asset,
        real_profit=match.real_profit,
        profit=match.offset_profitloss,
    )
    side = fields.side_of(match.direction, "direction")
    return _fill(instrument, trade, side, order_id_of(match), None, "", local_ns)


def _fill(
    instrument: Instrument,
    trade: Trade,
    side: Side,
    order_id: VenueOrderId,
    client_order_id: ClientOrderId | None,
    fee_asset: str,
    local_ns: int,
) -> FillReport:
    lots = fields.contracts_of(trade.trade_volume, "trade_volume")
    if lots == 0 or trade.trade_price <= 0:
        raise unreadable("trade: expected a price and a size above 0")
    profit = trade.profit if trade.real_profit is None else trade.real_profit
    fee = None if trade.trade_fee is None else -fields.amount(trade.trade_fee, "trade_fee")
    return FillReport(
        fill_id=fields.fill_id_of(trade.id, "id"),
        instrument_key=instrument.key,
        venue_order_id=order_id,
        client_order_id=client_order_id,
        side=side,
        price_ticks=fields.ticks_of(instrument, trade.trade_price, "trade_price"),
        lots=lots,
        liquidity=fields.role_of(trade.role, "role"),
        fee=fee,
        fee_asset=fields.asset_of(trade.fee_asset or fee_asset or instrument.quote, "fee_asset"),
        realised=None if profit is None else fields.amount(profit, "real_profit"),
        venue_ns=fields.time_ns(trade.created_at, "created_at"),
        local_ns=local_ns,
    )
