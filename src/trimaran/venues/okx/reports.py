"""OKX's orders, fills and waiting algo orders to reports: rows of REST answers and of pushes are the same.

Sources: https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-details,
#order-book-trading-trade-ws-order-channel, #order-book-trading-trade-get-transaction-details-last-3-days and
#order-book-trading-algo-trading-get-algo-order-details.

A row of an instrument that the setup does not have gives None: it has no grid to be told on. An order that
waits for its trigger is an algo order with an id of its own, which is told here as `algo:<id>`; once it is
triggered it is an ordinary order with another id, that still carries our client id (`algoClOrdId`).

Fees are charges when they are negative here, and the other way round in reports. An order ended by us is
CANCELED, one ended by the venue EXPIRED; `cancelSource` tells them apart, on every channel alike.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.domain.account import FillId, Liquidity, VenueOrderId
from trimaran.domain.instrument import Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.okx.envelope import Context
from trimaran.venues.okx.fields import (
    asset_of,
    client_id_of,
    decimal_or_none,
    id_of,
    lots,
    price_ticks,
    side_of,
    time_ns,
)

ALGO: Final = "algo:"  # in front of the id of an order that waits for its trigger
MARKET_PRICE: Final = "-1"
MAKER: Final = "M"
BY_VALUE: Final = "quote_ccy"

TYPES: Final = {
    "limit": (OrderType.LIMIT, TimeInForce.GTC),
    "post_only": (OrderType.LIMIT, TimeInForce.POST_ONLY),
    "ioc": (OrderType.LIMIT, TimeInForce.IOC),
    "fok": (OrderType.LIMIT, TimeInForce.FOK),
    "market": (OrderType.MARKET, TimeInForce.IOC),
    "optimal_limit_ioc": (OrderType.MARKET, TimeInForce.IOC),
}
BY_US: Final = frozenset({"", "1", "20", "38"})  # a cancel of ours, the dead-man switch, a mass cancel
CANCEL_SOURCES: Final = {
    "0": "cancelled by the system",
    "1": "cancelled by the user",
    "2": "reduce-only: not enough margin",
    "3": "risk: close to liquidation",
    "4": "borrowings have reached their cap",
    "6": "deleveraging",
    "7": "delivery",
    "9": "balance too small after funding",
    "10": "expiration",
    "13": "fill-or-kill could not be filled",
    "14": "remainder of immediate-or-cancel",
    "15": "price beyond the limit",
    "17": "the position was closed at market price",
    "20": "dead-man switch",
    "21": "the position was closed",
    "22": "reduce-only would enlarge the position",
    "23": "reduce-only would enlarge the position",
    "27": "price check of the counterparties",
    "31": "post-only would take",
    "32": "self-trade prevention",
    "33": "too many matches of one taker",
    "36": "its stop order was triggered",
    "37": "its stop order was cancelled",
    "38": "cancelled by the user, all of a kind",
    "39": "market-maker protection",
    "42": "chased too far",
    "43": "price beyond the index",
}
ALGO_OPEN: Final = frozenset({"live", "pause"})
ALGO_TRIGGERED: Final = frozenset({"effective", "partially_effective"})


class OrderRow(msgspec.Struct, rename="camel"):
    """An order, with the fill that this push is about."""

    inst_id: str
    ord_id: str
    side: str
    ord_type: str
    state: str
    sz: str
    acc_fill_sz: str = ""
    avg_px: str = ""
    px: str = ""
    cl_ord_id: str = ""
    algo_cl_ord_id: str = ""
    tgt_ccy: str = ""
    reduce_only: str | bool = ""
    cancel_source: str = ""
    c_time: str = ""
    u_time: str = ""
    trade_id: str = ""
    fill_px: str = ""
    fill_sz: str = ""
    fill_time: str = ""
    fill_fee: str = ""
    fill_fee_ccy: str = ""
    fill_pnl: str = ""
    exec_type: str = ""


class FillRow(msgspec.Struct, rename="camel"):
    """A fill as REST tells it."""

    inst_id: str
    ord_id: str
    trade_id: str
    side: str
    fill_px: str
    fill_sz: str
    cl_ord_id: str = ""
    exec_type: str = ""
    fee: str = ""
    fee_ccy: str = ""
    fill_pnl: str = ""
    fill_time: str = ""
    ts: str = ""


class AlgoRow(msgspec.Struct, rename="camel"):
    """An order that waits for its trigger, or waited."""

    inst_id: str
    algo_id: str
    side: str
    state: str
    sz: str
    algo_cl_ord_id: str = ""
    sl_trigger_px: str = ""
    sl_ord_px: str = ""
    tp_trigger_px: str = ""
    tp_ord_px: str = ""
    trigger_px: str = ""
    ord_px: str = ""
    ord_id: str = ""
    ord_id_list: list[str] = []
    reduce_only: str | bool = ""
    fail_code: str = ""
    c_time: str = ""
    u_time: str = ""


def order_report(row: OrderRow, context: Context, local_ns: int) -> OrderReport | None:
    """The order of a row. Raises DecodeError."""
    instrument = context.instruments.get(Symbol(row.inst_id))
    if instrument is None:
        return None
    side = side_of("side", row.side)
    order_type, tif = TYPES.get(row.ord_type, (OrderType.LIMIT if row.px else OrderType.MARKET, None))
    by_value = context.is_spot and _by_value(row.tgt_ccy, order_type, side)
    filled_lots = lots("accFillSz", row.acc_fill_sz, instrument)
    return OrderReport(
        instrument_key=instrument.key,
        venue_order_id=VenueOrderId(id_of("ordId", row.ord_id)),
        client_order_id=client_id_of(row.cl_ord_id, row.algo_cl_ord_id),
        client_text=row.cl_ord_id or row.algo_cl_ord_id,
        state=_state(row.state, row.cancel_source, filled_lots),
        side=side,
        order_type=order_type,
        tif=tif,
        price_ticks=price_ticks("px", row.px, instrument),
        lots=0 if by_value else lots("sz", row.sz, instrument),
        filled_lots=filled_lots,
        average_price=decimal_or_none("avgPx", row.avg_px) if filled_lots else None,
        reduce_only=_flag(row.reduce_only),
        reason=_reason(row.state, row.cancel_source),
        created_ns=time_ns("cTime", row.c_time),
        venue_ns=time_ns("uTime", row.u_time),
        local_ns=local_ns,
    )


def pushed_fill(row: OrderRow, context: Context, local_ns: int) -> FillReport | None:
    """The fill that a push of an order is about; None when only the order's state has changed."""
    instrument = context.instruments.get(Symbol(row.inst_id))
    if instrument is None or not row.trade_id:
        return None
    told = FillRow(
        inst_id=row.inst_id,
        ord_id=row.ord_id,
        trade_id=row.trade_id,
        side=row.side,
        fill_px=row.fill_px,
        fill_sz=row.fill_sz,
        cl_ord_id=row.cl_ord_id or row.algo_cl_ord_id,
        exec_type=row.exec_type,
        fee=row.fill_fee,
        fee_ccy=row.fill_fee_ccy,
        fill_pnl=row.fill_pnl,
        fill_time=row.fill_time,
        ts=row.u_time,
    )
    return fill_report(told, context, local_ns)


def fill_report(row: FillRow, context: Context, local_ns: int) -> FillReport | None:
    """The fill of a row. Raises DecodeError."""
    instrument = context.instruments.get(Symbol(row.inst_id))
    if instrument is None:
        return None
    fee = decimal_or_none("fee", row.fee)
    return FillReport(
        fill_id=FillId(id_of("tradeId", row.trade_id)),
        instrument_key=instrument.key,
        venue_order_id=VenueOrderId(id_of("ordId", row.ord_id)),
        client_order_id=client_id_of(row.cl_ord_id),
        side=side_of("side", row.side),
        price_ticks=_above_zero("fillPx", price_ticks("fillPx", row.fill_px, instrument)),
        lots=_above_zero("fillSz", lots("fillSz", row.fill_sz, instrument)),
        liquidity=Liquidity.MAKER if row.exec_type == MAKER else Liquidity.TAKER,
        fee=None if fee is None else fee.copy_negate(),
        fee_asset=asset_of("feeCcy", row.fee_ccy) if fee or row.fee_ccy else instrument.quote,
        realised=None if context.is_spot else decimal_or_none("fillPnl", row.fill_pnl),
        venue_ns=time_ns("fillTime", row.fill_time or row.ts),
        local_ns=local_ns,
    )


def algo_report(row: AlgoRow, context: Context, local_ns: int) -> OrderReport | None:
    """The algo order of a row; once it was triggered, the id is that of the order which came of it."""
    instrument = context.instruments.get(Symbol(row.inst_id))
    if instrument is None:
        return None
    order_type, trigger, price = _trigger(row)
    return OrderReport(
        instrument_key=instrument.key,
        venue_order_id=_algo_order_id(row),
        client_order_id=client_id_of(row.algo_cl_ord_id),
        client_text=row.algo_cl_ord_id,
        state=_algo_state(row.state),
        side=side_of("side", row.side),
        order_type=order_type,
        tif=TimeInForce.GTC if order_type.has_venue_price else TimeInForce.IOC,
        price_ticks=price_ticks("ordPx", price, instrument),
        lots=lots("sz", row.sz, instrument),
        filled_lots=0,
        trigger_ticks=price_ticks("triggerPx", trigger, instrument),
        reduce_only=_flag(row.reduce_only),
        reason="" if row.fail_code in ("", "0") else f"not placed: {row.fail_code[:16]}",
        created_ns=time_ns("cTime", row.c_time),
        venue_ns=time_ns("uTime", row.u_time),
        local_ns=local_ns,
    )


def _trigger(row: AlgoRow) -> tuple[OrderType, str, str]:
    """Type, trigger price and order price. A plain trigger, which has no direction, is told as a stop."""
    if row.tp_trigger_px and not row.sl_trigger_px:
        at_market = row.tp_ord_px in ("", MARKET_PRICE)
        kind = OrderType.TAKE_PROFIT_MARKET if at_market else OrderType.TAKE_PROFIT_LIMIT
        return kind, row.tp_trigger_px, row.tp_ord_px
    trigger = row.sl_trigger_px or row.trigger_px
    price = row.sl_ord_px if row.sl_trigger_px else row.ord_px
    kind = OrderType.STOP_MARKET if price in ("", MARKET_PRICE) else OrderType.STOP_LIMIT
    return kind, trigger, price


def _algo_order_id(row: AlgoRow) -> VenueOrderId:
    child = row.ord_id or next(iter(row.ord_id_list), "")
    if row.state in ALGO_TRIGGERED and child:
        return VenueOrderId(id_of("ordId", child))
    return VenueOrderId(ALGO + id_of("algoId", row.algo_id))


def _algo_state(text: str) -> OrderState:
    if text in ALGO_OPEN or text in ALGO_TRIGGERED:
        return OrderState.ACKED
    if text == "canceled":
        return OrderState.CANCELED
    if text in ("order_failed", "partially_failed"):
        return OrderState.EXPIRED
    raise DecodeError(DecodeKind.SCHEMA, "state", "a state of an algo order", text)


def _state(text: str, cancel_source: str, filled_lots: int) -> OrderState:
    match text:
        case "live" | "partially_filled":
            return OrderState.PARTIALLY_FILLED if filled_lots else OrderState.ACKED
        case "filled":
            return OrderState.FILLED
        case "canceled" | "mmp_canceled":
            ours = text == "canceled" and cancel_source in BY_US
            return OrderState.CANCELED if ours else OrderState.EXPIRED
    raise DecodeError(DecodeKind.SCHEMA, "state", "a state of an order", text)


def _reason(state: str, cancel_source: str) -> str:
    if state == "mmp_canceled":
        return CANCEL_SOURCES["39"]
    if state != "canceled" or not cancel_source:
        return ""
    return CANCEL_SOURCES.get(cancel_source, f"cancelSource {cancel_source[:16]}")


def _by_value(target: str, order_type: OrderType, side: Side) -> bool:
    """Whether `sz` is an amount of quote asset: the default of market buys of spot."""
    default = order_type is OrderType.MARKET and side is Side.BUY and target == ""
    return target == BY_VALUE or default


def _flag(value: str | bool) -> bool:
    return value is True or value == "true"


def _above_zero(field: str, value: int) -> int:
    if value <= 0:
        raise DecodeError(DecodeKind.RANGE, field, "a number above 0", value)
    return value
