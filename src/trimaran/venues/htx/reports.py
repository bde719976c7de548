"""HTX spot's rows of orders and fills, as REST tells them, to reports; and its words for types and states.

https://huobiapi.github.io/docs/spot/v1/en/#get-the-order-detail-of-an-order and #search-match-results
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.account import Liquidity
from trimaran.domain.instrument import Instrument, Side
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.htx import fields
from trimaran.venues.htx.errors import unreadable
from trimaran.venues.htx.fields import NULL, Id

OTHER_ACCOUNTS: Final = ("margin", "super-margin", "c2c-margin")  # sources of orders that are not of spot

_T, _F = OrderType, TimeInForce
TYPES: Final = {
    "market": (_T.MARKET, _F.IOC),
    "limit": (_T.LIMIT, _F.GTC),
    "ioc": (_T.LIMIT, _F.IOC),
    "limit-maker": (_T.LIMIT, _F.POST_ONLY),
    "limit-fok": (_T.LIMIT, _F.FOK),
    "stop-limit": (_T.STOP_LIMIT, _F.GTC),
    "stop-limit-fok": (_T.STOP_LIMIT, _F.FOK),
}


class Row(msgspec.Struct, rename="kebab"):
    """An order as REST tells it."""

    id: Id
    symbol: str
    amount: Decimal
    type: str
    state: str
    account_id: Id | None = None
    client_order_id: str | None = None
    price: msgspec.Raw = NULL
    stop_price: msgspec.Raw = NULL
    operator: str | None = None
    created_at: Id | None = None
    finished_at: Id | None = None
    canceled_at: Id | None = None
    field_amount: Decimal | None = None
    field_cash_amount: Decimal | None = None
    filled_amount: Decimal | None = None
    filled_cash_amount: Decimal | None = None
    source: str = ""
    canceled_source_desc: str | None = None
    canceled_source: Id | None = None


class Match(msgspec.Struct, rename="kebab"):
    """A fill as REST tells it."""

    symbol: str
    order_id: Id
    trade_id: Id
    price: Decimal
    filled_amount: Decimal
    type: str
    role: str
    created_at: Id
    fee_currency: str = ""
    filled_fees: msgspec.Raw = NULL
    filled_points: msgspec.Raw = NULL
    fee_deduct_currency: str | None = None
    source: str = ""


def type_of(text: str, operator: str | None) -> tuple[Side, OrderType, TimeInForce | None]:
    """What `buy-stop-limit` and the like say; a type that is new to us is a limit without a time in force."""
    side_text, _, name = text.partition("-")
    side = fields.side_of(side_text, "type")
    order_type, tif = TYPES.get(name, (OrderType.LIMIT, None))
    if order_type is OrderType.STOP_LIMIT and operator in ("gte", "lte"):
        stops = (operator == "gte") == (side is Side.BUY)
        order_type = OrderType.STOP_LIMIT if stops else OrderType.TAKE_PROFIT_LIMIT
    return side, order_type, tif


def state_of(
    text: str, order_type: OrderType, tif: TimeInForce | None, filled_lots: int
) -> OrderState | None:
    """HTX's word for a state; None for one that is not documented."""
    if text in ("created", "submitted", "partial-filled", "canceling"):
        return fields.open_state(filled_lots)
    if text in ("partial-canceled", "canceled"):
        return fields.end_state(order_type, tif)
    return OrderState.FILLED if text == "filled" else None


def is_spot(source: str) -> bool:
    """Whether an order is of the spot account, by where it came from."""
    return not source.startswith(OTHER_ACCOUNTS)


def report_of(instrument: Instrument, row: Row, local_ns: int) -> OrderReport:
    """The report of an order as REST tells it. Raises DecodeError or GridError."""
    side, order_type, tif = type_of(row.type, row.operator)
    filled = next((each for each in (row.field_amount, row.filled_amount) if each is not None), Decimal(0))
    cash = row.field_cash_amount if row.field_cash_amount is not None else row.filled_cash_amount
    filled_lots = fields.lots_of(instrument, filled, "filled-amount")
    state = state_of(row.state, order_type, tif, filled_lots)
    if state is None:
        raise unreadable(f"state: expected a documented one, found {row.state}")
    by_value = order_type is OrderType.MARKET and side is Side.BUY
    times = [
        fields.time_ns(each, "created-at") for each in (row.created_at, row.finished_at, row.canceled_at)
    ]
    has_price = order_type is not OrderType.MARKET
    return OrderReport(
        instrument_key=instrument.key,
        venue_order_id=fields.order_id_of(row.id, "id"),
        client_order_id=fields.client_id_of(row.client_order_id or ""),
        client_text=row.client_order_id or "",
        state=state,
        side=side,
        order_type=order_type,
        tif=tif,
        price_ticks=fields.ticks_of(
            instrument, fields.number(row.price, "price") if has_price else None, "price"
        ),
        lots=0 if by_value else fields.lots_of(instrument, row.amount, "amount"),
        filled_lots=filled_lots,
        average_price=fields.average_price(cash, filled),
        trigger_ticks=fields.ticks_of(
            instrument, fields.positive(row.stop_price, "stop-price"), "stop-price"
        ),
        reason=row.canceled_source_desc or str(row.canceled_source or ""),
        created_ns=times[0],
        venue_ns=max(times),
        local_ns=local_ns,
    )


def fill_of(instrument: Instrument, match: Match, local_ns: int) -> FillReport:
    """The report of a fill as REST tells it. Raises DecodeError or GridError."""
    side, _, _ = type_of(match.type, None)
    received = instrument.base if side is Side.BUY else instrument.quote
    fee, fee_asset = fields.paid_fee(
        fields.number(match.filled_fees, "filled-fees"),
        match.fee_currency or received,
        fields.number(match.filled_points, "filled-points"),
        match.fee_deduct_currency or "",
        "fee-currency",
    )
    lots, rest = fields.fill_lots_of(instrument, match.filled_amount, "filled-amount")
    return FillReport(
        fill_id=fields.fill_id_of(match.trade_id, "trade-id"),
        instrument_key=instrument.key,
        venue_order_id=fields.order_id_of(match.order_id, "order-id"),
        client_order_id=None,
        side=side,
        price_ticks=fields.ticks_of(instrument, match.price, "price"),
        lots=lots,
        rest=rest,
        liquidity=Liquidity(fields.role_of(match.role, "role")),
        fee=fee,
        fee_asset=fee_asset,
        venue_ns=fields.time_ns(match.created_at, "created-at"),
        local_ns=local_ns,
    )
