"""OKX's orders over the private WebSocket: `order`, `amend-order` and `cancel-order`.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-place-order and its neighbours. The line
names an instrument by `instIdCode`, a number of the list of instruments; one without a number cannot be
traded here, and goes over REST. Algo orders (stops) are not taken over WebSocket at all. The answer is the
envelope of REST and is read by the same readers; the requests spend the same budgets.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Symbol, symbol_in
from trimaran.venues.okx.envelope import Context
from trimaran.venues.okx.orders import (
    Arguments,
    amend_arguments,
    cancel_arguments,
    is_algo,
    order_arguments,
)
from trimaran.venues.okx.signing import deadline_ms
from trimaran.venues.wire.asks import AmendOrder, Ask, CancelAll, CancelOrder, PlaceOrder
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.message import Stamp

NOT_ALGO: Final = Unsupported(
    Capability.ORDERS_OVER_WEBSOCKET, "orders that wait for a trigger go over REST alone"
)
NOT_THIS: Final = Unsupported(
    Capability.ORDERS_OVER_WEBSOCKET, "the line takes orders, amendments and cancels"
)


def write_order(ask: Ask[object], request_id: int, context: Context, stamp: Stamp) -> str | Unsupported:
    """The text of an order request, or why it cannot go over the line."""
    match ask:
        case PlaceOrder():
            order = ask.approved.order
            if order.order_type.is_triggered:
                return NOT_ALGO
            symbol, arguments = symbol_in(order.instrument_key), order_arguments(order, context)
            return _text("order", request_id, symbol, arguments, context, stamp)
        case AmendOrder():
            symbol = symbol_in(ask.approved.order.instrument_key)
            return _text("amend-order", request_id, symbol, amend_arguments(ask, context), context, stamp)
        case CancelOrder():
            if is_algo(ask.ref):
                return NOT_ALGO
            return _text("cancel-order", request_id, ask.ref.symbol, cancel_arguments(ask), context)
        case CancelAll():
            return context.missing(Capability.CANCEL_ALL) or NOT_THIS
    return NOT_THIS


def _text(
    operation: str,
    request_id: int,
    symbol: Symbol,
    arguments: Arguments | Unsupported,
    context: Context,
    expires: Stamp | None = None,
) -> str | Unsupported:
    if isinstance(arguments, Unsupported):
        return arguments
    code = context.symbol_codes.get(symbol)
    if code is None:
        reason = f"{symbol} has no instIdCode here: it goes over REST"
        return Unsupported(Capability.ORDERS_OVER_WEBSOCKET, reason)
    content: dict[str, Any] = {
        "id": str(request_id),
        "op": operation,
        "args": [{"instIdCode": code, **arguments}],
    }
    if expires is not None:
        content["expTime"] = deadline_ms(expires)
    return msgspec.json.encode(content).decode()
