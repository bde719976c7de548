"""How the simulated Binance writes orders and trades of spot: answers and reports, JSON text by hand.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints and
https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.venues.binance.simulator.market_accounts import CANCEL_ID
from trimaran.venues.binance.simulator.text import BookText
from trimaran.venues.sim.trading import BUY, EndReason, SimFill, SimOrder, Status

SIDES: Final = ("BUY", "SELL")
ORDER_TYPE: Final = "type"  # in `SimOrder.extra`, in the venue's words
TIF: Final = "tif"
STP: Final = "stp"
QUOTE_SIZE: Final = "quote_size"
STRATEGY: Final = "strategy"  # text of further fields, with a leading comma
_STATUS: Final = {
    Status.WAITING: "NEW",
    Status.NEW: "NEW",
    Status.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    Status.FILLED: "FILLED",
    Status.CANCELED: "CANCELED",
    Status.EXPIRED: "EXPIRED",
    Status.REJECTED: "REJECTED",
}
_EXPIRY: Final = {
    EndReason.IOC_REMAINDER: "UNFILLED_IOC_QUANTITY_EXPIRED",
    EndReason.FOK_MISSED: "UNFILLED_FOK_ORDER_EXPIRED",
    EndReason.NO_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    EndReason.DELISTED: "EXCHANGE_CANCELED",
}
ZERO: Final = "0.00000000"


def money(value: Decimal) -> str:
    """An amount with eight decimals."""
    return format(value, ".8f")


def status(order: SimOrder) -> str:
    """The status of an order in the venue's words."""
    if order.end_reason is EndReason.SELF_TRADE and order.status is Status.EXPIRED:
        return "EXPIRED_IN_MATCH"
    return _STATUS[order.status]


def ack(text: BookText, order: SimOrder, server_ms: int) -> str:
    """The shortest answer to a new order."""
    return (
        f'{{"symbol":"{text.symbol}","orderId":{order.order_id},"orderListId":-1,'
        f'"clientOrderId":"{order.client_id}","transactTime":{server_ms}}}'
    )


def result(text: BookText, order: SimOrder, fills: bool) -> str:
    """The answer RESULT to a new order, or FULL with its fills."""
    tail = ""
    if fills:
        rows = [
            f'{{"price":"{text.price(fill.price_ticks)}","qty":"{text.size(fill.lots)}",'
            f'"commission":"{money(fill.fee)}","commissionAsset":"{fill.fee_asset}","tradeId":{fill.trade_id}}}'
            for fill in order.fills
        ]
        tail = f',"fills":[{",".join(rows)}]'
    return (
        f'{{"symbol":"{text.symbol}","orderId":{order.order_id},"orderListId":-1,'
        f'"clientOrderId":"{order.client_id}","transactTime":{text.venue_ms(order.updated_ns)},'
        f"{_sizes(text, order)}{_optional(text, order)},"
        f'"workingTime":{_working_ms(text, order)},"selfTradePreventionMode":"{order.extra[STP]}"{tail}}}'
    )


def cancelled(text: BookText, order: SimOrder) -> str:
    """The answer to a cancellation: `clientOrderId` is the id of the request."""
    return (
        f'{{"symbol":"{text.symbol}","origClientOrderId":"{order.client_id}","orderId":{order.order_id},'
        f'"orderListId":-1,"clientOrderId":"{order.extra.get(CANCEL_ID, "")}",'
        f'"transactTime":{text.venue_ms(order.updated_ns)},{_sizes(text, order)}{_optional(text, order)},'
        f'"selfTradePreventionMode":"{order.extra[STP]}"}}'
    )


def queried(text: BookText, order: SimOrder) -> str:
    """An order as queries answer it."""
    working = "false" if order.status is Status.WAITING else "true"
    return (
        f'{{"symbol":"{text.symbol}","orderId":{order.order_id},"orderListId":-1,'
        f'"clientOrderId":"{order.client_id}",{_sizes(text, order)},'
        f'"stopPrice":"{text.price(order.trigger_ticks)}","icebergQty":"{text.size(order.display_lots)}",'
        f'"time":{text.venue_ms(order.created_ns)},"updateTime":{text.venue_ms(order.updated_ns)},'
        f'"isWorking":{working},"workingTime":{_working_ms(text, order)},'
        f'"selfTradePreventionMode":"{order.extra[STP]}"{order.extra.get(STRATEGY, "")}}}'
    )


def amended(text: BookText, order: SimOrder, before: str, execution_id: int) -> str:
    """The answer to an amendment; `before` is the client id until then."""
    return (
        f'{{"transactTime":{text.venue_ms(order.updated_ns)},"executionId":{execution_id},"amendedOrder":'
        f'{{"symbol":"{text.symbol}","orderId":{order.order_id},"orderListId":-1,'
        f'"origClientOrderId":"{before}","clientOrderId":"{order.client_id}",'
        f'"price":"{text.price(order.price_ticks)}","qty":"{text.size(order.lots)}",'
        f'"executedQty":"{text.size(order.filled_lots)}","preventedQty":"{ZERO}","quoteOrderQty":"{ZERO}",'
        f'"cumulativeQuoteQty":"{text.quote(order.filled_value)}","status":"{status(order)}",'
        f'"timeInForce":"{order.extra[TIF]}","type":"{order.extra[ORDER_TYPE]}","side":"{SIDES[order.side]}",'
        f'"workingTime":{_working_ms(text, order)},"selfTradePreventionMode":"{order.extra[STP]}"}}}}'
    )


def trade(text: BookText, fill: SimFill) -> str:
    """A fill as `myTrades` answers it."""
    return (
        f'{{"symbol":"{text.symbol}","id":{fill.trade_id},"orderId":{fill.order_id},"orderListId":-1,'
        f'"price":"{text.price(fill.price_ticks)}","qty":"{text.size(fill.lots)}",'
        f'"quoteQty":"{text.quote(fill.price_ticks * fill.lots)}","commission":"{money(fill.fee)}",'
        f'"commissionAsset":"{fill.fee_asset}","time":{text.venue_ms(fill.time_ns)},'
        f'"isBuyer":{_bool(fill.side == BUY)},"isMaker":{_bool(fill.maker)},"isBestMatch":true}}'
    )


def report(
    text: BookText, order: SimOrder, execution: str, fill: SimFill | None, times_ms: tuple[int, int],
    execution_id: int, before: str = "",
) -> str:  # fmt: skip
    """An `executionReport`. `times_ms` are of the event and of the transaction; `before` an old client id."""
    client_id, original = order.client_id, before
    if execution == "CANCELED":
        client_id, original = order.extra.get(CANCEL_ID, ""), client_id
    if fill is None:
        last = f'"l":"{ZERO}","z":"{text.size(order.filled_lots)}","L":"{ZERO}","n":"0","N":null'
        trade_id, maker, last_quote = -1, "false", ZERO
    else:
        last = (
            f'"l":"{text.size(fill.lots)}","z":"{text.size(order.filled_lots)}",'
            f'"L":"{text.price(fill.price_ticks)}","n":"{money(fill.fee)}","N":"{fill.fee_asset}"'
        )
        trade_id, maker = fill.trade_id, _bool(fill.maker)
        last_quote = text.quote(fill.price_ticks * fill.lots)
    on_book = _bool(order.status in (Status.NEW, Status.PARTIALLY_FILLED))
    reason = _EXPIRY.get(order.end_reason, "") if execution == "EXPIRED" else ""
    extra = order.extra
    return (
        f'{{"e":"executionReport","E":{times_ms[0]},"s":"{text.symbol}","c":"{client_id}",'
        f'"S":"{SIDES[order.side]}","o":"{extra[ORDER_TYPE]}","f":"{extra[TIF]}",'
        f'"q":"{text.size(_lots(order))}","p":"{text.price(order.price_ticks)}",'
        f'"P":"{text.price(order.trigger_ticks)}","F":"{text.size(order.display_lots)}","g":-1,'
        f'"C":"{original}","x":"{execution}","X":"{status(order)}","r":"NONE","i":{order.order_id},{last},'
        f'"T":{times_ms[1]},"t":{trade_id},"I":{execution_id},"w":{on_book},"m":{maker},'
        f'"M":{_bool(fill is not None)},'
        f'"O":{text.venue_ms(order.created_ns)},"Z":"{text.quote(order.filled_value)}","Y":"{last_quote}",'
        f'"Q":"{extra.get(QUOTE_SIZE, ZERO)}","W":{_working_ms(text, order)},"V":"{extra[STP]}"'
        + (f',"eR":"{reason}"}}' if reason else "}")
    )


def _lots(order: SimOrder) -> int:
    return order.lots or order.filled_lots


def _working_ms(text: BookText, order: SimOrder) -> int:
    working_ns = order.working_ns if order.trigger_ticks else order.created_ns
    return text.venue_ms(working_ns) if working_ns else -1


def _sizes(text: BookText, order: SimOrder) -> str:
    extra = order.extra
    return (
        f'"price":"{text.price(order.price_ticks)}","origQty":"{text.size(_lots(order))}",'
        f'"executedQty":"{text.size(order.filled_lots)}","origQuoteOrderQty":"{extra.get(QUOTE_SIZE, ZERO)}",'
        f'"cummulativeQuoteQty":"{text.quote(order.filled_value)}","status":"{status(order)}",'
        f'"timeInForce":"{extra[TIF]}","type":"{extra[ORDER_TYPE]}","side":"{SIDES[order.side]}"'
    )


def _optional(text: BookText, order: SimOrder) -> str:
    found = str(order.extra.get(STRATEGY, ""))
    if order.trigger_ticks:
        found += f',"stopPrice":"{text.price(order.trigger_ticks)}"'
    if order.display_lots:
        found += f',"icebergQty":"{text.size(order.display_lots)}"'
    reason = _EXPIRY.get(order.end_reason)
    if order.status is Status.EXPIRED and reason:
        found += f',"expiryReason":"{reason}"'
    return found


def _bool(value: bool) -> str:
    return "true" if value else "false"
