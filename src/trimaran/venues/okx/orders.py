"""OKX's orders over REST: what is sent to place, amend, cancel and ask. What comes back: `answers.py`.

Sources: https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-place-order and its neighbours, and for
orders that wait for a trigger #order-book-trading-algo-trading-post-place-algo-order. The arguments of an
order are the same over WebSocket (`order_wire.py`), except that the instrument goes by its number there.

Client ids go as the 13 characters of `domain/client_id.py`, which OKX's 32 alphanumeric ones have room for.
Sizes are base asset on spot, also of market buys (tgtCcy), and contracts on swaps. A stop is an algo order of
type `conditional` by the last price: one whose trigger has been reached already is refused, so that it never
becomes a market order by mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimaran.books.decimal_text import grid_text
from trimaran.domain.client_id import encode_client_id
from trimaran.domain.instrument import Instrument, Side, symbol_in
from trimaran.domain.orders import OrderRequest, OrderType, SelfTrade, TimeInForce
from trimaran.venues.okx.envelope import Context, Draft, get, post
from trimaran.venues.okx.reports import ALGO, MARKET_PRICE
from trimaran.venues.wire.asks import (
    AmendOrder,
    Ask,
    CancelAll,
    CancelMany,
    CancelOrder,
    FillHistory,
    OpenOrders,
    OrderHistory,
    OrderRef,
    PlaceOrder,
    QueryOrder,
)
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.market_spec import MS
from trimaran.venues.wire.message import Charge, Stamp

PAGE_MAX: Final = 100
Arguments = dict[str, Any]
ORDER_TYPES: Final = {
    TimeInForce.GTC: "limit",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.POST_ONLY: "post_only",
}
SELF_TRADE: Final = {
    SelfTrade.CANCEL_TAKER: "cancel_taker",
    SelfTrade.CANCEL_MAKER: "cancel_maker",
    SelfTrade.CANCEL_BOTH: "cancel_both",
}
STOPS: Final = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)


def is_algo(ref: OrderRef) -> bool:
    """Whether an order is looked for among those that wait for a trigger."""
    if ref.venue_order_id is not None:
        return ref.venue_order_id.startswith(ALGO)
    return ref.triggered


def order_arguments(order: OrderRequest, context: Context) -> Arguments | Unsupported:
    """The arguments of an order that rests or trades at once, without its instrument."""
    refused = _refusal(order, context)
    if refused is not None:
        return refused
    instrument = context.instrument(symbol_in(order.instrument_key))
    arguments = _common(order, context, instrument)
    arguments["clOrdId"] = encode_client_id(order.client_order_id)
    if order.order_type is OrderType.MARKET:
        arguments["ordType"] = "market"
        if context.is_spot:
            arguments["tgtCcy"] = "base_ccy"
    else:
        arguments["ordType"] = ORDER_TYPES[order.tif]
        arguments["px"] = grid_text(order.price_ticks, instrument.price_grid)
    if order.self_trade is not SelfTrade.VENUE_DEFAULT:
        arguments["stpMode"] = SELF_TRADE[order.self_trade]
    return arguments


def amend_arguments(ask: AmendOrder, context: Context) -> Arguments | Unsupported:
    """The arguments of an amendment, without its instrument. The new size counts what is filled already."""
    order = ask.approved.order
    if order.order_type is not OrderType.LIMIT:
        return Unsupported(Capability.AMEND_PRICE, "only limit orders are amended: cancel, and place anew")
    instrument = context.instrument(symbol_in(order.instrument_key))
    return {
        **id_arguments(OrderRef(instrument.symbol, order.client_order_id, ask.venue_order_id)),
        "newSz": _size(order, instrument),
        "newPx": grid_text(order.price_ticks, instrument.price_grid),
    }


def cancel_arguments(ask: CancelOrder) -> Arguments:
    """The arguments of a cancel, without its instrument."""
    return id_arguments(ask.ref)


def charges_of(ask: Ask[object]) -> tuple[Charge, ...]:
    """What an order request costs, over REST and over WebSocket alike."""
    match ask:
        case PlaceOrder():
            order = ask.approved.order
            budget = "algo-place" if order.order_type.is_triggered else "place"
            of_account = () if order.order_type.is_triggered else (Charge("orders"),)
            return (Charge(f"{budget}:{symbol_in(order.instrument_key)}"), *of_account)
        case AmendOrder():
            symbol = symbol_in(ask.approved.order.instrument_key)
            return (Charge(f"amend:{symbol}"), Charge("orders"))
        case CancelOrder():
            budget = "algo-cancel" if is_algo(ask.ref) else "cancel"
            return (Charge(f"{budget}:{ask.ref.symbol}"),)
    return ()


def _place(ask: PlaceOrder, context: Context, stamp: Stamp) -> Draft | Unsupported:
    order = ask.approved.order
    algo = order.order_type.is_triggered
    arguments = _algo_arguments(order, context) if algo else order_arguments(order, context)
    if isinstance(arguments, Unsupported):
        return arguments
    content = {"instId": symbol_in(order.instrument_key), **arguments}
    path = "/api/v5/trade/order-algo" if algo else "/api/v5/trade/order"
    return post(path, content, *charges_of(ask), expires=not algo, urgent=order.reduce_only)


def _amend(ask: AmendOrder, context: Context, stamp: Stamp) -> Draft | Unsupported:
    arguments = amend_arguments(ask, context)
    if isinstance(arguments, Unsupported):
        return arguments
    content = {"instId": symbol_in(ask.approved.order.instrument_key), **arguments}
    return post("/api/v5/trade/amend-order", content, *charges_of(ask), expires=True)


def _cancel(ask: CancelOrder, context: Context, stamp: Stamp) -> Draft:
    content = {"instId": ask.ref.symbol, **cancel_arguments(ask)}
    if is_algo(ask.ref):
        return post("/api/v5/trade/cancel-algos", [content], *charges_of(ask), urgent=True)
    return post("/api/v5/trade/cancel-order", content, *charges_of(ask), urgent=True)


def _cancel_many(ask: CancelMany, context: Context, stamp: Stamp) -> Draft:
    """https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-cancel-multiple-orders, and algo orders.

    All of a request are of one kind: those that wait for a trigger are cancelled apart.
    """
    symbol, algo = ask.refs[0].symbol, is_algo(ask.refs[0])
    content = [{"instId": symbol, **id_arguments(ref)} for ref in ask.refs]
    if algo:
        charge = Charge(f"algo-cancel:{symbol}", len(content))
        return post("/api/v5/trade/cancel-algos", content, charge, urgent=True)
    charge = Charge(f"cancel-batch:{symbol}", len(content))
    return post("/api/v5/trade/cancel-batch-orders", content, charge, urgent=True)


def _cancel_all(ask: CancelAll, context: Context, stamp: Stamp) -> Unsupported:
    refused = context.missing(Capability.CANCEL_ALL)
    assert refused is not None
    return refused


def _query(ask: QueryOrder, context: Context, stamp: Stamp) -> Draft:
    symbol = context.instrument(ask.ref.symbol).symbol
    arguments = id_arguments(ask.ref)
    if is_algo(ask.ref):
        return get("/api/v5/trade/order-algo", arguments, Charge("algo-query"))
    return get("/api/v5/trade/order", {"instId": symbol, **arguments}, Charge(f"query:{symbol}"))


def _open_orders(ask: OpenOrders, context: Context, stamp: Stamp) -> Draft:
    behind = (ask.behind or "").removeprefix(ALGO)
    parameters = {
        "instType": context.kind,
        "instId": ask.symbol or "",
        "after": behind,
        "limit": str(PAGE_MAX),
    }
    if ask.triggered:
        path = "/api/v5/trade/orders-algo-pending"
        return get(path, {"ordType": "conditional", **parameters}, Charge("algo-pending"))
    return get("/api/v5/trade/orders-pending", parameters, Charge("pending"))


def _history(ask: OrderHistory, context: Context, stamp: Stamp) -> Draft:
    symbol = context.instrument(ask.symbol).symbol
    bounds = _range(ask.since_ns, ask.limit, ask.until_ns)
    parameters = {"instType": context.kind, "instId": symbol, **bounds}
    return get("/api/v5/trade/orders-history", parameters, Charge("history"))


def _fills(ask: FillHistory, context: Context, stamp: Stamp) -> Draft:
    symbol = context.instrument(ask.symbol).symbol
    venue_id = ask.ref.venue_order_id if ask.ref is not None else None
    order = venue_id if venue_id is not None and not venue_id.startswith(ALGO) else ""
    parameters = {"instType": context.kind, "instId": symbol, "ordId": order}
    bounds = _range(ask.since_ns, ask.limit, ask.until_ns)
    return get("/api/v5/trade/fills", {**parameters, **bounds}, Charge("fills"))


def _refusal(order: OrderRequest, context: Context) -> Unsupported | None:
    """What OKX does not offer of this order."""
    market = order.order_type is OrderType.MARKET
    if order.display_lots:
        return context.missing(Capability.ICEBERG)
    if order.reduce_only and context.is_spot:
        return context.missing(Capability.REDUCE_ONLY)
    if market and order.tif in (TimeInForce.FOK, TimeInForce.POST_ONLY):
        wanted = Capability.FOK if order.tif is TimeInForce.FOK else Capability.POST_ONLY
        return Unsupported(wanted, "a market order fills what it can, and the rest ends")
    if order.tif is TimeInForce.FOK and order.self_trade is SelfTrade.CANCEL_BOTH:
        return Unsupported(Capability.SELF_TRADE, "cancel_both does not go with fill-or-kill")
    return None


def _algo_arguments(order: OrderRequest, context: Context) -> Arguments | Unsupported:
    """The arguments of an order that waits for its trigger."""
    refused = _refusal(order, context)
    if refused is not None:
        return refused
    limit = order.order_type.has_venue_price
    if limit and order.tif is not TimeInForce.GTC:
        stop = Capability.STOP if order.order_type in STOPS else Capability.TAKE_PROFIT
        return Unsupported(stop, "an algo order becomes a resting limit order or a market order")
    if order.self_trade is not SelfTrade.VENUE_DEFAULT:
        return Unsupported(Capability.SELF_TRADE, "algo orders take no stpMode")
    instrument = context.instrument(symbol_in(order.instrument_key))
    arguments = _common(order, context, instrument)
    prefix = "sl" if order.order_type in STOPS else "tp"
    arguments |= {
        "algoClOrdId": encode_client_id(order.client_order_id),
        "ordType": "conditional",
        f"{prefix}TriggerPx": grid_text(order.trigger_ticks, instrument.price_grid),
        f"{prefix}TriggerPxType": "last",
        f"{prefix}OrdPx": grid_text(order.price_ticks, instrument.price_grid) if limit else MARKET_PRICE,
    }
    if context.is_spot and not limit and order.side is Side.BUY:
        arguments["tgtCcy"] = "base_ccy"
    return arguments


def _common(order: OrderRequest, context: Context, instrument: Instrument) -> Arguments:
    arguments: Arguments = {
        "tdMode": context.trade_mode,
        "side": "buy" if order.side is Side.BUY else "sell",
        "sz": _size(order, instrument),
    }
    if order.reduce_only:
        arguments["reduceOnly"] = True
    return arguments


def _size(order: OrderRequest, instrument: Instrument) -> str:
    """In contracts where there are contracts: the grid of sizes counts in them."""
    return grid_text(order.lots, instrument.size_grid)


def id_arguments(ref: OrderRef) -> dict[str, str]:
    names = ("algoId", "algoClOrdId") if is_algo(ref) else ("ordId", "clOrdId")
    if ref.venue_order_id is not None:
        return {names[0]: ref.venue_order_id.removeprefix(ALGO)}
    assert ref.client_order_id is not None, ref
    return {names[1]: encode_client_id(ref.client_order_id)}


def _range(since_ns: int, limit: int, until_ns: int = 0) -> dict[str, str]:
    """Bounds in whole milliseconds, the end one wider; of what lies between them OKX tells the newest."""
    begin = str(since_ns // MS) if since_ns else ""
    end = str(-(-until_ns // MS) + 1) if until_ns else ""
    return {"begin": begin, "end": end, "limit": str(max(1, min(limit, PAGE_MAX)))}


WRITERS: Final[Mapping[type[Ask[Any]], Callable[[Any, Context, Stamp], Draft | Unsupported]]] = {
    PlaceOrder: _place,
    AmendOrder: _amend,
    CancelOrder: _cancel,
    CancelMany: _cancel_many,
    CancelAll: _cancel_all,
    QueryOrder: _query,
    OpenOrders: _open_orders,
    OrderHistory: _history,
    FillHistory: _fills,
}
