"""Orders of HTX over WebSocket: the same parameters as over REST, in other envelopes.

    spot   `/ws/trade`          {"cid":..,"ch":"create-order","params":{..}}
           https://www.htx.com/en-us/opend/newApiPages/ ("ws Place An Spot Order")
    swaps  `/linear-swap-trade` {"op":"create_cross_order","cid":..,"data":{..}}
           https://www.htx.com/en-us/opend/newApiPages/?id=8cb89359-77b5-11ed-9966-1902650839d

The line is logged in once, and its requests are not signed. `cid` is the request id; the answer echoes it, in
REST's envelope. The limits are those of REST.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from trimaran.domain.client_id import encode_client_id
from trimaran.venues.htx import orders, swap_orders
from trimaran.venues.htx.envelope import Access
from trimaran.venues.wire.asks import Ask, CancelAll, CancelOrder, PlaceOrder
from trimaran.venues.wire.capability import Capability, Unsupported

NOT_HERE: Final = Unsupported(Capability.ORDERS_OVER_WEBSOCKET, "the line takes orders and cancels only")


def write_spot(access: Access, ask: Ask[object], request_id: int) -> str | Unsupported:
    """The text of a request to spot's order line."""
    if isinstance(ask, PlaceOrder):
        return _spot("create-order", request_id, orders.place_parameters(access, ask.approved.order))
    if isinstance(ask, CancelOrder):
        return _spot("cancel", request_id, _spot_ref(access, ask))
    if isinstance(ask, CancelAll):
        return _spot("cancelall", request_id, orders.cancel_all_parameters(access, ask))
    return NOT_HERE


def write_swap(access: Access, ask: Ask[object], request_id: int) -> str | Unsupported:
    """The text of a request to the order line of swaps."""
    if isinstance(ask, PlaceOrder):
        parameters = swap_orders.place_parameters(access, ask.approved.order)
        return _swap("create_cross_order", request_id, parameters)
    if isinstance(ask, CancelOrder):
        return _swap("cross_cancel", request_id, swap_orders.ref_parameters(access, ask.ref))
    if isinstance(ask, CancelAll):
        return _swap("cross_cancelall", request_id, swap_orders.cancel_all_parameters(access, ask))
    return NOT_HERE


def _spot_ref(access: Access, ask: CancelOrder) -> dict[str, object]:
    access.instrument(ask.ref.symbol)
    if ask.ref.venue_order_id is not None:
        return {"order-ids": [ask.ref.venue_order_id]}
    assert ask.ref.client_order_id is not None, ask
    return {"client-order-ids": [encode_client_id(ask.ref.client_order_id)]}


def _spot(channel: str, request_id: int, params: Mapping[str, object] | Unsupported) -> str | Unsupported:
    if isinstance(params, Unsupported):
        return params
    return msgspec.json.encode({"cid": str(request_id), "ch": channel, "params": params}).decode()


def _swap(operator: str, request_id: int, data: Mapping[str, object] | Unsupported) -> str | Unsupported:
    if isinstance(data, Unsupported):
        return data
    return msgspec.json.encode({"op": operator, "cid": str(request_id), "data": data}).decode()
