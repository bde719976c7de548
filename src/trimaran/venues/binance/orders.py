"""Orders in Binance's words: place, amend, cancel, and every question about them, for both transports.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api

Our id goes along as `newClientOrderId`. An order is found again by the venue's number where it is known,
which is unique for ever, and by our id otherwise.

An amended spot order would be given a random id; it keeps ours because the amendment asks for the same one.
`keepPriority` takes a size alone, and a smaller one: any other change of a spot order is Unsupported, as far
as its terms are known, for the venue would take the size of it and leave the price.

On USD-M, orders that wait for a trigger have endpoints and numbers of their own ("algo:" and the number). The
order that comes of one is an ordinary order, and is known by its own number from then on.

A reduce-only order is none on spot: there is no position that the promise could be held against.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.client_id import encode_client_id
from trimaran.domain.instrument import Instrument
from trimaran.domain.orders import OrderRequest, OrderType, TimeInForce
from trimaran.venues.binance.fields import MS, SIDE_TEXT, WAITING_PREFIX, price_text, size_text
from trimaran.venues.binance.routes import (
    ALGO_CANCEL,
    ALGO_CANCEL_ALL,
    ALGO_OPEN_ORDERS,
    ALGO_PLACE,
    ALGO_QUERY,
    COUNTDOWN,
    SELF_TRADE_TEXT,
    Desk,
    Wording,
)
from trimaran.venues.wire.asks import (
    AmendOrder,
    ArmDeadMan,
    CancelAll,
    CancelOrder,
    FillHistory,
    OpenOrders,
    OrderHistory,
    OrderRef,
    PlaceOrder,
    QueryOrder,
)
from trimaran.venues.wire.capability import Capability, Unsupported

LIMIT_MAX: Final = 1000  # rows of a history

Parameters = dict[str, str | int]
Written = Wording | Unsupported


def write_place(desk: Desk, ask: PlaceOrder) -> Written:
    """A new order. Raises ConfigError for an instrument that the desk does not have."""
    order = ask.approved.order
    instrument = desk.of_order(order.instrument_key)
    refusal = _refusal(desk, order)
    if refusal is not None:
        return refusal
    if order.order_type.is_triggered and desk.words.spec.triggers_apart:
        return Wording(ALGO_PLACE, _conditional(desk, order, instrument))
    return Wording(desk.words.place, _plain(desk, order, instrument))


def write_amend(desk: Desk, ask: AmendOrder) -> Written:
    """Another size, and on USD-M another price, of an order that is open."""
    order, words = ask.approved.order, desk.words
    instrument = desk.of_order(order.instrument_key)
    ref = OrderRef(instrument.symbol, order.client_order_id, ask.venue_order_id)
    size = size_text(instrument, order.lots)
    if not words.perpetual:
        price_ticks, lots = ask.known or (order.price_ticks, order.lots)
        if order.order_type.has_venue_price and order.price_ticks != price_ticks:
            return Unsupported(Capability.AMEND_PRICE, "keepPriority leaves the price: cancel and place anew")
        if order.lots > lots:
            return Unsupported(Capability.AMEND_SIZE, "keepPriority takes a smaller size only")
        kept = {"newQty": size, "newClientOrderId": encode_client_id(order.client_order_id)}
        return Wording(words.amend, {**_found_by(ref), **kept})
    if order.order_type is not OrderType.LIMIT:
        return Unsupported(Capability.AMEND_PRICE, "only limit orders can be amended")
    changed = {
        "side": SIDE_TEXT[order.side],
        "quantity": size,
        "price": price_text(instrument, order.price_ticks),
    }
    return Wording(words.amend, {**_found_by(ref), **changed})


def write_cancel(desk: Desk, ask: CancelOrder) -> Written:
    """The end of one order."""
    desk.instrument(ask.ref.symbol)
    if waits_apart(desk, ask.ref):
        return Wording(ALGO_CANCEL, _conditional_found_by(ask.ref))
    return Wording(desk.words.cancel, _found_by(ask.ref))


def write_cancel_all(desk: Desk, ask: CancelAll) -> Written:
    """The end of every order of one instrument."""
    if ask.symbol is None:
        return Unsupported(Capability.CANCEL_ALL, "it is asked for instrument by instrument")
    desk.instrument(ask.symbol)
    apart = ask.triggered and desk.words.spec.triggers_apart
    return Wording(ALGO_CANCEL_ALL if apart else desk.words.cancel_all, {"symbol": ask.symbol})


def write_query(desk: Desk, ask: QueryOrder) -> Written:
    """One order."""
    desk.instrument(ask.ref.symbol)
    if waits_apart(desk, ask.ref):
        return Wording(ALGO_QUERY, _conditional_found_by(ask.ref))
    return Wording(desk.words.query, _found_by(ask.ref))


def write_open_orders(desk: Desk, ask: OpenOrders) -> Written:
    """All open orders of an instrument or of the market."""
    apart = ask.triggered and desk.words.spec.triggers_apart
    route = ALGO_OPEN_ORDERS if apart else desk.words.open_orders
    if ask.symbol is None:
        return Wording(route, {}, desk.words.open_orders_weight)
    desk.instrument(ask.symbol)
    return Wording(route, {"symbol": ask.symbol})


def write_history(desk: Desk, ask: OrderHistory) -> Written:
    """Orders of an instrument; those that are still open come along and are left out by the reader."""
    desk.instrument(ask.symbol)
    return Wording(desk.words.history, _since(ask.symbol, ask.since_ns, ask.limit, ask.until_ns))


def write_fills(desk: Desk, ask: FillHistory) -> Written:
    """Fills of an instrument, or of one order by the venue's id of it."""
    desk.instrument(ask.symbol)
    if ask.ref is None:
        return Wording(desk.words.fills, _since(ask.symbol, ask.since_ns, ask.limit, ask.until_ns))
    if ask.ref.venue_order_id is None or waits_apart(desk, ask.ref):
        return Unsupported(Capability.FILL_HISTORY, "fills of one order are asked by the venue's order id")
    # Of one order there is no second page: neither a time nor an id goes with `orderId` on both markets.
    parameters = _since(ask.symbol, 0, LIMIT_MAX) | {"orderId": ask.ref.venue_order_id}
    return Wording(desk.words.fills, parameters, desk.words.fills_of_order_weight)


def write_dead_man(desk: Desk, ask: ArmDeadMan) -> Written:
    """USD-M's switch, one an instrument; 0 puts it off."""
    if not desk.words.perpetual:
        return Unsupported(Capability.DEAD_MAN, "spot has no such switch")
    if ask.symbol is None:
        return Unsupported(Capability.DEAD_MAN, "the switch is armed instrument by instrument")
    desk.instrument(ask.symbol)
    return Wording(COUNTDOWN, {"symbol": ask.symbol, "countdownTime": ask.timeout_ns // MS})


def waits_apart(desk: Desk, ref: OrderRef) -> bool:
    """Whether the order is among those that are kept apart: its number says so, or whoever asks."""
    if not desk.words.spec.triggers_apart:
        return False
    number = ref.venue_order_id
    return ref.triggered if number is None else number.startswith(WAITING_PREFIX)


def _refusal(desk: Desk, order: OrderRequest) -> Unsupported | None:
    """Why the market cannot take an order of this kind; None where it can."""
    words, tif = desk.words, order.tif
    priced = order.order_type.has_venue_price
    if order.reduce_only and not words.perpetual:
        return Unsupported(Capability.REDUCE_ONLY, "a spot account has no positions")
    if not priced and tif is TimeInForce.POST_ONLY:
        return Unsupported(Capability.POST_ONLY, "a market order always takes")
    if not priced and tif is TimeInForce.FOK:
        return Unsupported(Capability.FOK, "a market order has no time in force")
    if tif is TimeInForce.POST_ONLY and words.post_only_type and order.order_type is not OrderType.LIMIT:
        return Unsupported(Capability.POST_ONLY, f"{words.post_only_type} waits for no trigger")
    if order.display_lots:
        if not words.iceberg:
            return Unsupported(Capability.ICEBERG, "the market has no iceberg orders")
        if not priced or tif not in (TimeInForce.GTC, TimeInForce.POST_ONLY):
            return Unsupported(Capability.ICEBERG, "only of limit orders that are good till cancelled")
    return None


def _plain(desk: Desk, order: OrderRequest, instrument: Instrument) -> Parameters:
    words = desk.words
    post_only = order.tif is TimeInForce.POST_ONLY and bool(words.post_only_type)
    parameters: Parameters = {
        "symbol": instrument.symbol,
        "side": SIDE_TEXT[order.side],
        "type": words.post_only_type if post_only else words.types[order.order_type],
        "quantity": size_text(instrument, order.lots),
        "newClientOrderId": encode_client_id(order.client_order_id),
        "newOrderRespType": words.taking_answer if _takes(order) else words.resting_answer,
    }
    if order.order_type.has_venue_price:
        parameters["price"] = price_text(instrument, order.price_ticks)
        if not post_only:
            parameters["timeInForce"] = words.tifs[order.tif]
    if order.order_type.is_triggered:
        parameters["stopPrice"] = price_text(instrument, order.trigger_ticks)
    if order.display_lots:
        parameters["icebergQty"] = size_text(instrument, order.display_lots)
    _add_flags(desk, order, parameters)
    return parameters


def _conditional(desk: Desk, order: OrderRequest, instrument: Instrument) -> Parameters:
    parameters: Parameters = {
        "algoType": "CONDITIONAL",
        "symbol": instrument.symbol,
        "side": SIDE_TEXT[order.side],
        "type": desk.words.types[order.order_type],
        "quantity": size_text(instrument, order.lots),
        "triggerPrice": price_text(instrument, order.trigger_ticks),
        "clientAlgoId": encode_client_id(order.client_order_id),
    }
    if order.order_type.has_venue_price:
        parameters["price"] = price_text(instrument, order.price_ticks)
        parameters["timeInForce"] = desk.words.tifs[order.tif]
    _add_flags(desk, order, parameters)
    return parameters


def _add_flags(desk: Desk, order: OrderRequest, parameters: Parameters) -> None:
    mode = SELF_TRADE_TEXT.get(order.self_trade)
    if mode is not None:
        parameters["selfTradePreventionMode"] = mode
    if order.reduce_only:
        parameters["reduceOnly"] = "true"


def _takes(order: OrderRequest) -> bool:
    """Whether the order is over as soon as it was matched once."""
    return order.order_type is OrderType.MARKET or order.tif in (TimeInForce.IOC, TimeInForce.FOK)


def _found_by(ref: OrderRef) -> Parameters:
    if ref.venue_order_id is not None:
        return {"symbol": ref.symbol, "orderId": ref.venue_order_id}
    assert ref.client_order_id is not None, ref
    return {"symbol": ref.symbol, "origClientOrderId": encode_client_id(ref.client_order_id)}


def _conditional_found_by(ref: OrderRef) -> Parameters:
    if ref.venue_order_id is not None:
        return {"algoId": ref.venue_order_id.removeprefix(WAITING_PREFIX)}
    assert ref.client_order_id is not None, ref
    return {"clientAlgoId": encode_client_id(ref.client_order_id)}


def _since(symbol: str, since_ns: int, limit: int, until_ns: int = 0) -> Parameters:
    parameters: Parameters = {"symbol": symbol, "limit": max(1, min(limit, LIMIT_MAX))}
    if since_ns > 0:
        parameters["startTime"] = since_ns // MS
    if until_ns > 0:
        parameters["endTime"] = until_ns // MS
    return parameters
