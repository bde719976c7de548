"""Orders of HTX spot: how each ask is worded, and what its answer says.

Source: https://huobiapi.github.io/docs/spot/v1/en/#trading

 - The size of a market buy is its value, so it would buy more than it was asked for wherever the price is
   better than the worst. It is sent as an IOC limit at the worst price instead: never more lots, never a
   higher price. Market sells are by size.
 - A limit has a type for each time in force; one that waits for a trigger has a price and rests or is FOK.
 - "Cancelled" means that the request was taken. The end is told by a push or by a query.
 - `filled-amount` of open orders is `field-amount` of all others. `partial-canceled` is an end.
 - Orders that ended without a fill can be asked for during two hours, client ids during eight: a not-found is
   proof of absence only within that time.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec

from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import encode_client_id
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderRequest, OrderType, SelfTrade, TimeInForce
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.htx import fields
from trimaran.venues.htx.envelope import Access, Envelope, part
from trimaran.venues.htx.errors import refusal, unreadable
from trimaran.venues.htx.fields import Id
from trimaran.venues.htx.reports import TYPES, Match, Row, fill_of, is_spot, report_of
from trimaran.venues.wire.asks import (
    CancelAll,
    CancelledAll,
    CancelOrder,
    CancelTaken,
    FillHistory,
    OpenOrders,
    OrderHistory,
    Placed,
    PlaceOrder,
    QueryOrder,
)
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.fault import FaultKind, VenueFault, too_many_rows
from trimaran.venues.wire.message import HttpRequest, Stamp

PLACE_PATH: Final = "/v1/order/orders/place"
CANCEL_BY_CLIENT_PATH: Final = "/v1/order/orders/submitCancelClientOrder"
CANCEL_ALL_PATH: Final = "/v1/order/orders/batchCancelOpenOrders"
OPEN_PATH: Final = "/v1/order/openOrders"
HISTORY_PATH: Final = "/v1/order/orders"
QUERY_BY_CLIENT_PATH: Final = "/v1/order/orders/getClientOrder"
FILLS_PATH: Final = "/v1/order/matchresults"

SOURCE: Final = "spot-api"
OPEN_MAX: Final = 500
HISTORY_MAX: Final = 100
FILLS_MAX: Final = 500
CANCELS_MAX: Final = 100
ENDED_STATES: Final = "filled,partial-canceled,canceled"
NO_MORE: Final = -1
NOT_FOUND: Final = 0
ENDED_CODES: Final = (-1, 5, 6, 7)  # closed long ago, cancelled with fills, filled, cancelled

_LIMITS: Final = {tif: name for name, (kind, tif) in TYPES.items() if kind is OrderType.LIMIT}
_STOPS: Final = {tif: name for name, (kind, tif) in TYPES.items() if kind is OrderType.STOP_LIMIT}


class _Failed(msgspec.Struct, rename="kebab"):
    err_code: Id = ""
    err_msg: str = ""
    order_id: Id | None = None


class _Cancelled(msgspec.Struct):
    success: list[Id] = []
    failed: list[_Failed] = []


class _CancelledAll(msgspec.Struct, rename="kebab"):
    success_count: int
    failed_count: int = 0
    next_id: int | None = NO_MORE


_ID: Final = msgspec.json.Decoder(Id)
_ROW: Final = msgspec.json.Decoder(Row)
_ROWS: Final = msgspec.json.Decoder(list[Row])
_MATCHES: Final = msgspec.json.Decoder(list[Match])
_CANCELLED: Final = msgspec.json.Decoder(_Cancelled)
_CANCELLED_ALL: Final = msgspec.json.Decoder(_CancelledAll)


# --- requests -----------------------------------------------------------------------------------------


def place_parameters(access: Access, order: OrderRequest) -> dict[str, object] | Unsupported:
    """The parameters of an order, the same over REST and over WebSocket."""
    instrument = access.instrument_of(order.instrument_key)
    name = _type_name(order)
    if isinstance(name, Unsupported):
        return name
    parameters: dict[str, object] = {
        "account-id": access.account_id,
        "symbol": instrument.symbol,
        "type": f"{fields.SIDE_TEXT[order.side]}-{name}",
        "amount": fields.size_text(instrument, order.lots),
        "source": SOURCE,
        "client-order-id": encode_client_id(order.client_order_id),
    }
    if name != "market":
        parameters["price"] = fields.price_text(instrument, order.price_ticks)
    if order.order_type.is_triggered:
        rising = (order.order_type is OrderType.STOP_LIMIT) == (order.side is Side.BUY)
        parameters["stop-price"] = fields.price_text(instrument, order.trigger_ticks)
        parameters["operator"] = "gte" if rising else "lte"
    return parameters


def write_place(access: Access, ask: PlaceOrder, stamp: Stamp) -> HttpRequest | Unsupported:
    """https://huobiapi.github.io/docs/spot/v1/en/#place-a-new-order"""
    parameters = place_parameters(access, ask.approved.order)
    if isinstance(parameters, Unsupported):
        return parameters
    return access.post(PLACE_PATH, stamp, "spot.place", parameters)


def write_cancel(access: Access, ask: CancelOrder, stamp: Stamp) -> HttpRequest:
    """By the venue's id where it is known: faster and more stable, says HTX.

    https://huobiapi.github.io/docs/spot/v1/en/#submit-cancel-for-an-order
    """
    access.instrument(ask.ref.symbol)
    if ask.ref.venue_order_id is not None:
        path = f"{HISTORY_PATH}/{_segment(ask.ref.venue_order_id)}/submitcancel"
        return access.post(path, stamp, "spot.cancel", {}, urgent=True)
    assert ask.ref.client_order_id is not None, ask
    body = {"client-order-id": encode_client_id(ask.ref.client_order_id)}
    return access.post(CANCEL_BY_CLIENT_PATH, stamp, "spot.cancel_by_client_id", body, urgent=True)


def cancel_all_parameters(access: Access, ask: CancelAll) -> dict[str, object]:
    """The parameters of a request to cancel everything; at most a hundred orders go at once."""
    parameters: dict[str, object] = {"account-id": access.account_id, "size": CANCELS_MAX}
    if ask.symbol is not None:
        parameters["symbol"] = access.instrument(ask.symbol).symbol
    return parameters


def write_cancel_all(access: Access, ask: CancelAll, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#submit-cancel-for-multiple-orders-by-criteria"""
    parameters = cancel_all_parameters(access, ask)
    return access.post(CANCEL_ALL_PATH, stamp, "spot.cancel_all", parameters, urgent=True)


def write_query(access: Access, ask: QueryOrder, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#get-the-order-detail-of-an-order"""
    access.instrument(ask.ref.symbol)
    if ask.ref.venue_order_id is not None:
        return access.get(f"{HISTORY_PATH}/{_segment(ask.ref.venue_order_id)}", stamp, "spot.query")
    assert ask.ref.client_order_id is not None, ask
    parameters = {"clientOrderId": encode_client_id(ask.ref.client_order_id)}
    return access.get(QUERY_BY_CLIENT_PATH, stamp, "spot.query_by_client_id", parameters)


def write_open(access: Access, ask: OpenOrders, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#get-all-open-orders"""
    parameters = {"account-id": access.account_id, "size": str(OPEN_MAX)}
    if ask.symbol is not None:
        parameters["symbol"] = access.instrument(ask.symbol).symbol
    return access.get(OPEN_PATH, stamp, "spot.open_orders", parameters)


def write_history(access: Access, ask: OrderHistory, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#search-past-orders (windows of 48 hours)"""
    parameters = {
        "symbol": access.instrument(ask.symbol).symbol,
        "states": ENDED_STATES,
        "size": str(HISTORY_MAX),
        **_window(ask.since_ns, stamp, ask.until_ns),
    }
    return access.get(HISTORY_PATH, stamp, "spot.history", parameters)


def write_fills(access: Access, ask: FillHistory, stamp: Stamp) -> HttpRequest | Unsupported:
    """https://huobiapi.github.io/docs/spot/v1/en/#search-match-results (windows of 48 hours)"""
    instrument = access.instrument(ask.symbol)
    if ask.ref is not None:
        if ask.ref.venue_order_id is None:
            reason = "fills of one order are asked for by the venue's order id"
            return Unsupported(Capability.FILL_HISTORY, reason)
        path = f"{HISTORY_PATH}/{_segment(ask.ref.venue_order_id)}/matchresults"
        return access.get(path, stamp, "spot.order_fills")
    parameters = {"symbol": instrument.symbol, "size": str(FILLS_MAX)}
    parameters |= _window(ask.since_ns, stamp, ask.until_ns)
    return access.get(FILLS_PATH, stamp, "spot.fills", parameters)


# --- answers ------------------------------------------------------------------------------------------


def read_place(access: Access, ask: PlaceOrder, envelope: Envelope, local_ns: int) -> Placed:
    """The answer is the order's id and nothing else."""
    order_id = fields.order_id_of(part(_ID, envelope.data, "data"), "data")
    return Placed(ask.approved.order.client_order_id, order_id)


def read_cancel(access: Access, ask: CancelOrder, envelope: Envelope, local_ns: int) -> CancelTaken:
    """Three shapes: by id the id, by client id a state, over WebSocket two lists."""
    if bytes(envelope.data).startswith(b"{"):
        outcome = part(_CANCELLED, envelope.data, "data")
        if outcome.success:
            return CancelTaken()
        if outcome.failed:
            raise VenueFault(access.fault(outcome.failed[0].err_code, outcome.failed[0].err_msg))
        raise unreadable("cancel: expected an order in one of two lists, found none")
    said = part(_ID, envelope.data, "data")
    code = int(said) if str(said).removeprefix("-").isdecimal() and len(str(said)) < 3 else None
    if ask.ref.venue_order_id is None and code == NOT_FOUND:
        raise refusal(FaultKind.NO_SUCH_ORDER, code, "client-order-id not found")
    if ask.ref.venue_order_id is None and code in ENDED_CODES:
        raise refusal(FaultKind.ORDER_ENDED, code, "the order has ended already")
    return CancelTaken()


def read_cancel_all(access: Access, ask: CancelAll, envelope: Envelope, local_ns: int) -> CancelledAll:
    """How many requests were taken; what is left over is told as a failure."""
    outcome = part(_CANCELLED_ALL, envelope.data, "data")
    failed = (f"{outcome.failed_count} orders",) if outcome.failed_count else ()
    more = (f"more from order {outcome.next_id}",) if outcome.next_id not in (None, NO_MORE, 0) else ()
    return CancelledAll(outcome.success_count, failed + more)


def read_query(access: Access, ask: QueryOrder, envelope: Envelope, local_ns: int) -> OrderReport:
    """One order of an instrument that the desk trades."""
    row = part(_ROW, envelope.data, "data")
    instrument = access.known(row.symbol)
    if instrument is None or instrument.symbol != ask.ref.symbol:
        raise unreadable(f"query: expected an order of {ask.ref.symbol}, found one of {row.symbol}")
    return report_of(instrument, row, local_ns)


def read_orders(
    access: Access, ask: OpenOrders | OrderHistory, envelope: Envelope, local_ns: int
) -> tuple[OrderReport, ...]:
    """Orders of the spot account, oldest first; instruments that the desk does not know are left out."""
    rows = part(_ROWS, envelope.data, "data")
    if isinstance(ask, OpenOrders) and len(rows) >= OPEN_MAX:
        raise too_many_rows(f"open orders: expected fewer than {OPEN_MAX}, for more do not come at once")
    reports = [
        report_of(instrument, row, local_ns)
        for row in rows
        if (instrument := access.known(row.symbol)) is not None and is_spot(row.source)
    ]
    reports.sort(key=lambda report: report.created_ns)
    if isinstance(ask, OpenOrders):
        return tuple(reports)
    return tuple(reports[: ask.limit] if ask.since_ns else reports[-ask.limit :])


def read_fills(access: Access, ask: FillHistory, envelope: Envelope, local_ns: int) -> tuple[FillReport, ...]:
    """Fills with their fees, oldest first: all of an order, otherwise the newest of a window."""
    instrument = access.instrument(ask.symbol)
    fills = [
        fill_of(instrument, match, local_ns)
        for match in part(_MATCHES, envelope.data, "data")
        if match.symbol == instrument.symbol and is_spot(match.source)
    ]
    fills.sort(key=lambda fill: fill.venue_ns)
    return tuple(fills if ask.ref else fills[-ask.limit :])


# --- helpers ------------------------------------------------------------------------------------------


def _type_name(order: OrderRequest) -> str | Unsupported:
    """`limit`, `ioc`, ...: what stands behind the side."""
    if order.display_lots:
        return Unsupported(Capability.ICEBERG, "HTX spot has no iceberg orders")
    if order.self_trade is not SelfTrade.VENUE_DEFAULT:
        reason = "HTX spot takes only on or off, and does not say whose order it cancels"
        return Unsupported(Capability.SELF_TRADE, reason)
    if order.reduce_only:
        return Unsupported(Capability.REDUCE_ONLY, "a spot account has no positions")
    match order.order_type:
        case OrderType.LIMIT:
            return _LIMITS[order.tif]
        case OrderType.MARKET:
            return _market_name(order)
        case OrderType.STOP_LIMIT | OrderType.TAKE_PROFIT_LIMIT:
            name = _STOPS.get(order.tif)
            return name if name is not None else _no_trigger(order, "rests, or is fill or kill")
        case _:
            return _no_trigger(order, "has a limit price")


def _no_trigger(order: OrderRequest, expected: str) -> Unsupported:
    profit = order.order_type in (OrderType.TAKE_PROFIT_LIMIT, OrderType.TAKE_PROFIT_MARKET)
    missing = Capability.TAKE_PROFIT if profit else Capability.STOP
    return Unsupported(missing, f"an order that waits for a trigger {expected}")


def _market_name(order: OrderRequest) -> str | Unsupported:
    if order.tif in (TimeInForce.FOK, TimeInForce.POST_ONLY):
        return Unsupported(Capability.MARKET, "a market order fills what it can, and never rests")
    return "ioc" if order.side is Side.BUY else "market"


def _window(since_ns: int, stamp: Stamp, until_ns: int = 0) -> dict[str, str]:
    """The times of a search: 48 hours at most, from `since_ns` where it is given."""
    if not since_ns:
        return {}
    since_ms, until_ms = fields.window_ms(since_ns, until_ns, stamp)
    return {"start-time": str(since_ms), "end-time": str(until_ms)}


def _segment(order_id: VenueOrderId) -> str:
    """An order id as a part of a path."""
    return quote(order_id, safe="")
