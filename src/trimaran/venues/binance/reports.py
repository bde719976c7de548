"""Binance's orders and fills in answers, of both markets and transports, as reports.

One struct reads the orders of both markets: the same thing has other names in other answers
(`cummulativeQuoteQty` with two m, `cumulativeQuoteQty` of amended orders, `cumQuote` on USD-M). Orders of a
cancel carry our id in `origClientOrderId`, and that of the cancel in `clientOrderId`. Orders and fills of
instruments that the desk does not trade are left out of lists: there is no grid to say them on.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/enums
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures/common-definition
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.domain.account import FillId, Liquidity, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Asset, Instrument, Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.binance.fields import (
    MS,
    Milliseconds,
    Number,
    amount,
    amount_or_none,
    average_price,
    client_id_of,
    lots_of,
    order_id_of,
    positive_or_none,
    side_of,
    ticks_of,
    waiting_id_of,
)
from trimaran.venues.wire.instrument_list import asset_of

_STATES: Final[Mapping[str, OrderState]] = {
    "NEW": OrderState.ACKED,
    "PENDING_NEW": OrderState.ACKED,
    "PENDING_CANCEL": OrderState.ACKED,
    "NEW_INSURANCE": OrderState.ACKED,  # a liquidation that the insurance fund, or others, take over
    "NEW_ADL": OrderState.ACKED,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
}
_ALGO_STATES: Final[Mapping[str, OrderState]] = {
    "NEW": OrderState.ACKED,
    "TRIGGERING": OrderState.ACKED,
    "TRIGGERED": OrderState.ACKED,
    "FINISHED": OrderState.FILLED,  # or cancelled after it was triggered: what was filled decides
    "CANCELED": OrderState.CANCELED,
    "REJECTED": OrderState.EXPIRED,  # by the engine, long after the order itself was taken
    "EXPIRED": OrderState.EXPIRED,
}
_TYPES: Final[Mapping[str, OrderType]] = {
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_LOSS": OrderType.STOP_MARKET,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "STOP_MARKET": OrderType.STOP_MARKET,
    "STOP": OrderType.STOP_LIMIT,
    "TRAILING_STOP_MARKET": OrderType.STOP_MARKET,
    "TAKE_PROFIT_LIMIT": OrderType.TAKE_PROFIT_LIMIT,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT_MARKET,
}
_TIFS: Final[Mapping[str, TimeInForce]] = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTX": TimeInForce.POST_ONLY,
}


class FillOfOrder(msgspec.Struct, rename="camel"):
    """A fill inside the answer to a new spot order."""

    price: str
    qty: str
    commission: Decimal
    commission_asset: str
    trade_id: Number = -1


class OrderBody(msgspec.Struct, rename="camel"):
    """An order in an answer. What only some answers have is empty elsewhere."""

    symbol: str
    order_id: Number
    client_order_id: str = ""
    orig_client_order_id: str = ""
    status: str = ""  # empty: an ACK, which says nothing but the ids
    side: str = ""
    type: str = ""
    orig_type: str = ""
    time_in_force: str = ""
    price: str = ""
    orig_qty: str = ""
    qty: str = ""
    executed_qty: str = ""
    avg_price: str = ""
    cummulative_quote_qty: str = ""
    cumulative_quote_qty: str = ""
    cum_quote: str = ""
    stop_price: str = ""
    reduce_only: bool = False
    expiry_reason: str = ""
    time: Milliseconds = 0
    update_time: Milliseconds = 0
    transact_time: Milliseconds = 0
    fills: list[FillOfOrder] = []


class AlgoBody(msgspec.Struct, rename="camel"):
    """A conditional order of USD-M in an answer."""

    algo_id: Number
    client_algo_id: str
    symbol: str
    side: str
    order_type: str
    algo_status: str
    quantity: str
    trigger_price: str
    price: str = ""
    time_in_force: str = ""
    reduce_only: bool = False
    actual_order_id: str | int = ""  # of the order that came of it
    actual_qty: str = ""
    actual_price: str = ""
    create_time: Milliseconds = 0
    update_time: Milliseconds = 0


class FillBody(msgspec.Struct, rename="camel"):
    """A fill in a history: `isBuyer` and `isMaker` on spot, `side` and `maker` on USD-M."""

    symbol: str
    id: Number
    order_id: Number
    price: str
    qty: str
    commission: Decimal
    commission_asset: str
    time: Milliseconds
    realized_pnl: Decimal | None = None  # of USD-M
    is_buyer: bool | None = None
    is_maker: bool | None = None
    side: str = ""
    maker: bool | None = None


def order_report(order: OrderBody, instrument: Instrument, local_ns: int) -> OrderReport:
    """The report of an order. Raises DecodeError that names the field."""
    filled = lots_of(instrument, order.executed_qty, "executedQty")
    price_ticks = ticks_of(instrument, order.price, "price")
    name, text = order.orig_type or order.type, order.orig_client_order_id or order.client_order_id
    order_type = type_of(name, price_ticks)
    return OrderReport(
        instrument_key=instrument.key,
        venue_order_id=order_id_of(order.order_id),
        client_order_id=client_id_of(text),
        client_text=text,
        state=state_of(order.status, filled, order_type, "status"),
        side=side_of(order.side, "side"),
        order_type=order_type,
        tif=tif_of(name, order.time_in_force),
        price_ticks=price_ticks,
        lots=lots_of(instrument, order.orig_qty or order.qty, "origQty"),
        filled_lots=filled,
        average_price=_average(order) if filled else None,
        trigger_ticks=ticks_of(instrument, order.stop_price, "stopPrice") if order.stop_price else 0,
        reduce_only=order.reduce_only,
        reason=order.expiry_reason,
        created_ns=order.time * MS,
        venue_ns=(order.update_time or order.transact_time or order.time) * MS,
        local_ns=local_ns,
    )


def algo_report(order: AlgoBody, instrument: Instrument, local_ns: int) -> OrderReport:
    """The report of a conditional order, by the number of the order that came of it once there is one."""
    lots = lots_of(instrument, order.quantity, "quantity")
    filled = lots_of(instrument, order.actual_qty or "0", "actualQty")  # empty until it is triggered
    price_ticks = ticks_of(instrument, order.price or "0", "price")
    return OrderReport(
        instrument_key=instrument.key,
        venue_order_id=VenueOrderId(str(order.actual_order_id or "")) or waiting_id_of(order.algo_id),
        client_order_id=client_id_of(order.client_algo_id),
        client_text=order.client_algo_id,
        state=algo_state_of(order.algo_status, filled, lots, "algoStatus"),
        side=side_of(order.side, "side"),
        order_type=type_of(order.order_type, price_ticks),
        tif=tif_of(order.order_type, order.time_in_force),
        price_ticks=price_ticks,
        lots=lots,
        filled_lots=filled,
        average_price=positive_or_none(order.actual_price, "actualPrice") if filled else None,
        trigger_ticks=ticks_of(instrument, order.trigger_price, "triggerPrice"),
        reduce_only=order.reduce_only,
        created_ns=order.create_time * MS,
        venue_ns=(order.update_time or order.create_time) * MS,
        local_ns=local_ns,
    )


def fills_of_order(order: OrderBody, instrument: Instrument, local_ns: int) -> tuple[FillReport, ...]:
    """The fills inside the answer to a new order: it took, for a maker is filled later."""
    if not order.fills:
        return ()
    return tuple(
        fill_of(
            instrument,
            fill.trade_id,
            order.order_id,
            client_id_of(order.client_order_id),
            side=side_of(order.side, "side"),
            price=fill.price,
            size=fill.qty,
            maker=False,
            fee=(fill.commission, fill.commission_asset),
            times=(order.transact_time, local_ns),
        )
        for fill in order.fills
        if fill.trade_id >= 0
    )


def fill_report(
    fill: FillBody, instrument: Instrument, client_order_id: ClientOrderId | None, local_ns: int
) -> FillReport:
    """The report of a fill in a history. Raises DecodeError."""
    maker = fill.is_maker if fill.maker is None else fill.maker
    if maker is None:
        raise DecodeError(DecodeKind.SCHEMA, "isMaker", "true or false", None)
    return fill_of(
        instrument,
        fill.id,
        fill.order_id,
        client_order_id,
        side=_side(fill),
        price=fill.price,
        size=fill.qty,
        maker=maker,
        fee=(fill.commission, fill.commission_asset),
        times=(fill.time, local_ns),
        realised=fill.realized_pnl,
    )


def fill_of(
    instrument: Instrument,
    trade_id: int,
    order_id: int,
    client_order_id: ClientOrderId | None,
    *,
    side: Side,
    price: str,
    size: str,
    maker: bool,
    fee: tuple[Decimal | None, str],
    times: tuple[int, int],
    realised: Decimal | None = None,
) -> FillReport:
    """The report of a fill. `fee` is (amount, asset), the amount None where this channel does not say it, as
    `realised`; `times` are the venue's, in ms, and the receiver's, in ns. Raises DecodeError."""
    paid, asset = fee
    return FillReport(
        fill_id=FillId(str(trade_id)),
        instrument_key=instrument.key,
        venue_order_id=order_id_of(order_id),
        client_order_id=client_order_id,
        side=side,
        price_ticks=_positive(ticks_of(instrument, price, "price"), "price", price),
        lots=_positive(lots_of(instrument, size, "qty"), "qty", size),
        liquidity=Liquidity.MAKER if maker else Liquidity.TAKER,
        fee=None if paid is None else amount(paid, "commission"),
        fee_asset=Asset(asset) if paid is None else asset_of("commissionAsset", asset),
        realised=None if realised is None else amount(realised, "realizedPnl"),
        venue_ns=times[0] * MS,
        local_ns=times[1],
    )


def traded(by_symbol: Mapping[Symbol, Instrument], symbol: str) -> Instrument | None:
    """The instrument of a row; None where the desk does not trade it."""
    return by_symbol.get(Symbol(symbol))


def state_of(status: str, filled_lots: int, order_type: OrderType, field: str) -> OrderState:
    """The state of a status. Raises DecodeError for one that nobody documented.

    An order that waited for its trigger was taken before the engine could reject it: it has ended.
    """
    state = _STATES.get(status)
    if state is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "a documented status", status)
    if state is OrderState.REJECTED and order_type.is_triggered:
        return OrderState.EXPIRED
    return OrderState.PARTIALLY_FILLED if state is OrderState.ACKED and filled_lots else state


def algo_state_of(status: str, filled_lots: int, lots: int, field: str) -> OrderState:
    """The state of a conditional order's status. Raises DecodeError."""
    state = _ALGO_STATES.get(status)
    if state is None:
        raise DecodeError(DecodeKind.SCHEMA, field, "a documented status", status)
    if state is OrderState.FILLED and filled_lots < lots:
        return OrderState.CANCELED
    return OrderState.PARTIALLY_FILLED if state is OrderState.ACKED and filled_lots else state


def type_of(name: str, price_ticks: int) -> OrderType:
    """The type of an order; of types that we do not have, limit or market by their price.

    TAKE_PROFIT is a market order on spot and a limit order on USD-M; the price tells them apart.
    """
    known = _TYPES.get(name)
    if known is not None:
        return known
    if name == "TAKE_PROFIT":
        return OrderType.TAKE_PROFIT_LIMIT if price_ticks else OrderType.TAKE_PROFIT_MARKET
    return OrderType.LIMIT if price_ticks else OrderType.MARKET


def tif_of(name: str, text: str) -> TimeInForce | None:
    """How long an order of type `name` rests; None for what we have no word for."""
    return TimeInForce.POST_ONLY if name == "LIMIT_MAKER" else _TIFS.get(text)


def _average(order: OrderBody) -> Decimal | None:
    average = positive_or_none(order.avg_price, "avgPrice")
    if average is not None:
        return average
    quote = order.cummulative_quote_qty or order.cumulative_quote_qty or order.cum_quote
    value, filled = amount_or_none(quote, "cumQuote"), amount_or_none(order.executed_qty, "executedQty")
    return average_price(value, filled) if value is not None and filled is not None else None


def _side(fill: FillBody) -> Side:
    if fill.is_buyer is None:
        return side_of(fill.side, "side")
    return Side.BUY if fill.is_buyer else Side.SELL


def _positive(value: int, field: str, text: str) -> int:
    if value <= 0:
        raise DecodeError(DecodeKind.RANGE, field, "above 0", text)
    return value
