"""Orders, fills and their names as simulated HTX spot writes them.

Amounts and prices of REST have 18 decimals. A market buy is by value: its amount is what it may spend. The
fields of fills are `field-*` in one order's details and in histories, `filled-*` among open orders.
https://www.htx.com/en-us/opend/newApiPages/?id=7ec4ee16-7773-11ed-9966-0242ac110003
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from trimaran.domain.instrument import Instrument
from trimaran.venues.htx.simulator.calls import plain_text, size_of, value_of
from trimaran.venues.htx.simulator.cancels import is_canceling
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.trading import BUY, OrderTypeSim, SimFill, SimOrder, Status, Tif

FIRST_ORDER: Final = 356_501_383_000_000
FIRST_ACCOUNT: Final = 100_000
FIRST_MATCH: Final = 313_288_753_000_000
SOURCE: Final = "spot-api"
Row = dict[str, Any]

TYPES: Final = {
    "market": (OrderTypeSim.MARKET, Tif.GTC),
    "limit": (OrderTypeSim.LIMIT, Tif.GTC),
    "ioc": (OrderTypeSim.LIMIT, Tif.IOC),
    "limit-maker": (OrderTypeSim.LIMIT, Tif.POST_ONLY),
    "limit-fok": (OrderTypeSim.LIMIT, Tif.FOK),
    "stop-limit": (OrderTypeSim.STOP_LIMIT, Tif.GTC),
    "stop-limit-fok": (OrderTypeSim.STOP_LIMIT, Tif.FOK),
}
SIDES: Final = ("buy", "sell")


def wire_id(order: SimOrder) -> int:
    """The id on the wire."""
    return FIRST_ORDER + order.order_id


def order_id_of(text: str) -> int:
    """The exchange's id; 0, which no order has, for what is no id."""
    return int(text) - FIRST_ORDER if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def account_of(account_id: int) -> int:
    """The number of an account on the wire."""
    return FIRST_ACCOUNT + account_id


def type_of(order: SimOrder) -> str:
    """Side and type, as the order was placed."""
    return str(order.extra.get("type") or f"{SIDES[order.side]}-limit")


def by_value(order: SimOrder) -> bool:
    """Whether the order is for an amount of quote asset."""
    return order.type is OrderTypeSim.MARKET and order.side == BUY


def state_of(order: SimOrder) -> str:
    """The state of an order. `partial-canceled` is the end of an order that had fills."""
    if is_canceling(order):
        return "canceling"
    if order.status is Status.WAITING:
        return "created"
    if order.status is Status.NEW:
        return "submitted"
    if order.status is Status.PARTIALLY_FILLED:
        return "partial-filled"
    if order.status is Status.FILLED:
        return "filled"
    if order.status is Status.REJECTED:
        return "rejected"
    return "partial-canceled" if order.filled_lots else "canceled"


def amount_of(instrument: Instrument, order: SimOrder) -> Decimal:
    """The size of the order, or its value."""
    if by_value(order):
        return Decimal(str(order.extra.get("amount", 0)))
    return size_of(instrument, order.lots)


def long_text(value: Decimal) -> str:
    """With 18 decimals, but for a bare zero."""
    return f"{value:.18f}" if value else "0.0"


def fees_of(order: SimOrder) -> Decimal:
    """What was paid so far; a spot order pays in one asset."""
    return sum(order.fees.values(), Decimal(0))


def order_row(instrument: Instrument, order: SimOrder, moment: Moment, detail: bool) -> Row:
    """An order; `detail` has the older names, and when it ended."""
    created_ms, ended_ms = moment.venue_ms(order.created_ns), moment.venue_ms(order.updated_ns)
    name = "field" if detail else "filled"
    filled = size_of(instrument, order.filled_lots)
    row: Row = {
        "id": wire_id(order),
        "symbol": instrument.symbol,
        "account-id": account_of(order.account_id),
        "client-order-id": order.client_id,
        "amount": long_text(amount_of(instrument, order)),
        "price": long_text(instrument.price(order.price_ticks)),
        "created-at": created_ms,
        "type": type_of(order),
        f"{name}-amount": long_text(filled),
        f"{name}-cash-amount": long_text(value_of(instrument, order.filled_value)),
        f"{name}-fees": long_text(fees_of(order)),
        "source": SOURCE,
        "state": state_of(order),
    }
    if order.trigger_ticks:
        row |= {
            "stop-price": plain_text(instrument.price(order.trigger_ticks)),
            "operator": order.extra.get("operator", "gte"),
        }
    if detail:
        canceled = order.status in (Status.CANCELED, Status.EXPIRED, Status.REJECTED)
        row |= {
            "finished-at": 0 if order.status.open else ended_ms,
            "canceled-at": ended_ms if canceled else 0,
        }
        if canceled:
            row["canceled-source"] = "api"
    return row


def match_row(instrument: Instrument, order_type: str, fill: SimFill, moment: Moment) -> Row:
    """A fill, as queries answer it."""
    return {
        "symbol": instrument.symbol,
        "fee-currency": fill.fee_asset.lower(),
        "source": SOURCE,
        "order-id": FIRST_ORDER + fill.order_id,
        "created-at": moment.venue_ms(fill.time_ns),
        "role": "maker" if fill.maker else "taker",
        "price": plain_text(instrument.price(fill.price_ticks)),
        "match-id": fill.trade_id,
        "trade-id": fill.trade_id,
        "filled-amount": plain_text(size_of(instrument, fill.lots)),
        "filled-fees": plain_text(fill.fee),
        "filled-points": "0.0",
        "fee-deduct-currency": "",
        "fee-deduct-state": "done",
        "id": FIRST_MATCH + fill.execution_id,
        "type": order_type,
    }
