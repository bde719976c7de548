"""How the simulated Binance writes orders, fills and positions of USD-M, JSON text by hand.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api and
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams. An order that waits
for its trigger is an algo order with a number of its own space; it becomes an order when it is triggered.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.venues.binance.simulator.spot_text import ORDER_TYPE, SIDES, STP, TIF
from trimaran.venues.binance.simulator.text import BookText
from trimaran.venues.sim.trading import BUY, EndReason, MarginView, SimFill, SimOrder, SimPosition, Status

ALGO_OFFSET: Final = 3_000_000_000  # algo ids are numbers of orders, plus this
ALGO: Final = "algo"  # in `SimOrder.extra`: the order type in the words of algo orders
GOOD_TILL: Final = "gtd"
TIME_OVER: Final = "time_over"  # the order was good till a date that is over
WORKING: Final = "working"  # what triggers: CONTRACT_PRICE or MARK_PRICE
_STATUS: Final = {
    Status.WAITING: "NEW",
    Status.NEW: "NEW",
    Status.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    Status.FILLED: "FILLED",
    Status.CANCELED: "CANCELED",
    Status.EXPIRED: "EXPIRED",
    Status.REJECTED: "REJECTED",
}
_ALGO_STATUS: Final = {
    Status.WAITING: "NEW",
    Status.CANCELED: "CANCELED",
    Status.EXPIRED: "EXPIRED",
    Status.REJECTED: "REJECTED",
}


def money(value: Decimal) -> str:
    """An amount of an asset, with eight decimals."""
    return format(value, ".8f")


def status(order: SimOrder) -> str:
    """The status of an order in the venue's words."""
    if order.end_reason is EndReason.SELF_TRADE and order.status is Status.EXPIRED:
        return "EXPIRED_IN_MATCH"
    if order.status is Status.CANCELED and TIME_OVER in order.extra:
        return "EXPIRED"
    return _STATUS[order.status]


def average(text: BookText, order: SimOrder) -> str:
    """The mean price of the fills, cut to the precision of prices plus one digit."""
    if order.filled_lots == 0:
        return text.price(0)
    ticks = order.filled_value // order.filled_lots
    rest = order.filled_value - ticks * order.filled_lots
    return text.price(ticks) if rest == 0 else money(text.exact_price(order.filled_value, order.filled_lots))


def placed(text: BookText, order: SimOrder, acknowledged: bool = False) -> str:
    """The answer to a new, changed or cancelled order; an acknowledgement knows nothing of fills."""
    state, filled = ("NEW", 0) if acknowledged else (status(order), order.filled_lots)
    return (
        f'{{"orderId":{order.order_id},{_head(text, order, state)},"cumQty":"{text.size(filled)}",'
        f'"executedQty":"{text.size(filled)}",{_tail(text, order)}}}'
    )


def queried(text: BookText, order: SimOrder) -> str:
    """An order as queries answer it."""
    return (
        f'{{"orderId":{order.order_id},{_head(text, order, status(order))},'
        f'"avgPrice":"{average(text, order)}","executedQty":"{text.size(order.filled_lots)}",'
        f'"cumQuote":"{text.quote(order.filled_value)}","time":{text.venue_ms(order.created_ns)},'
        f"{_tail(text, order)}}}"
    )


def _head(text: BookText, order: SimOrder, state: str) -> str:
    return (
        f'"symbol":"{text.symbol}","status":"{state}","clientOrderId":"{order.client_id}",'
        f'"price":"{text.price(order.price_ticks)}","origQty":"{text.size(order.lots)}"'
    )


def _tail(text: BookText, order: SimOrder) -> str:
    extra = order.extra
    original = extra.get(ALGO, extra[ORDER_TYPE])
    return (
        f'"timeInForce":"{extra[TIF]}","type":"{extra[ORDER_TYPE]}","reduceOnly":{_bool(order.reduce_only)},'
        f'"closePosition":false,"side":"{SIDES[order.side]}","positionSide":"BOTH",'
        f'"stopPrice":"{text.price(order.trigger_ticks)}","workingType":"{_working(order)}",'
        f'"priceProtect":false,"origType":"{original}","priceMatch":"NONE",'
        f'"selfTradePreventionMode":"{extra[STP]}","goodTillDate":{extra.get(GOOD_TILL, 0)},'
        f'"updateTime":{text.venue_ms(order.updated_ns)}'
    )


def trade(text: BookText, fill: SimFill) -> str:
    """A fill as `userTrades` answers it."""
    return (
        f'{{"symbol":"{text.symbol}","id":{fill.trade_id},"orderId":{fill.order_id},"side":"{SIDES[fill.side]}",'
        f'"price":"{text.price(fill.price_ticks)}","qty":"{text.size(fill.lots)}",'
        f'"realizedPnl":"{money(fill.realised)}","quoteQty":"{text.quote(fill.price_ticks * fill.lots)}",'
        f'"commission":"{money(fill.fee)}","commissionAsset":"{fill.fee_asset}",'
        f'"time":{text.venue_ms(fill.time_ns)},"positionSide":"BOTH","buyer":{_bool(fill.side == BUY)},'
        f'"maker":{_bool(fill.maker)}}}'
    )


def algo_status(order: SimOrder) -> str:
    """The status of an algo order: FINISHED once its order has ended, TRIGGERED while that is open."""
    if order.working_ns and order.status is not Status.WAITING:
        return "TRIGGERED" if order.status.open else "FINISHED"
    return _ALGO_STATUS.get(order.status, "TRIGGERED")


def algo(text: BookText, order: SimOrder, query: bool = False) -> str:
    """An algo order."""
    extra, triggered = order.extra, order.working_ns and order.status is not Status.WAITING
    trigger_ms = text.venue_ms(order.working_ns) if triggered else 0
    more = ""
    if query:
        actual = str(order.order_id) if triggered else ""
        price = average(text, order) if order.filled_lots else "0.00000"
        more = f'"actualOrderId":"{actual}","actualPrice":"{price}",'
    return (
        f'{{"algoId":{order.order_id + ALGO_OFFSET},"clientAlgoId":"{order.client_id}",'
        f'"algoType":"CONDITIONAL","orderType":"{extra[ALGO]}","symbol":"{text.symbol}",'
        f'"side":"{SIDES[order.side]}","positionSide":"BOTH","timeInForce":"{extra[TIF]}",'
        f'"quantity":"{text.size(order.lots)}","algoStatus":"{algo_status(order)}",{more}'
        f'"triggerPrice":"{text.price(order.trigger_ticks)}","price":"{text.price(order.price_ticks)}",'
        f'"icebergQuantity":null,"selfTradePreventionMode":"{extra[STP]}",'
        f'"workingType":"{_working(order)}","priceMatch":"NONE","closePosition":false,'
        f'"priceProtect":false,"reduceOnly":{_bool(order.reduce_only)},"activatePrice":"","callbackRate":"",'
        f'"createTime":{text.venue_ms(order.created_ns)},"updateTime":{text.venue_ms(order.updated_ns)},'
        f'"triggerTime":{trigger_ms},"goodTillDate":{extra.get(GOOD_TILL, 0)}}}'
    )


def order_update(
    text: BookText, order: SimOrder, execution: str, fill: SimFill | None, times_ms: tuple[int, int]
) -> str:
    """An `ORDER_TRADE_UPDATE`. `times_ms` are of the event and of the transaction."""
    extra = order.extra
    if fill is None:
        last, fees, realised = f'"l":"{text.size(0)}"', "", "0"
        price, trade_id, maker = text.price(0), 0, "false"
    else:
        last, fees = f'"l":"{text.size(fill.lots)}"', f'"N":"{fill.fee_asset}","n":"{money(fill.fee)}",'
        price, trade_id, maker = text.price(fill.price_ticks), fill.trade_id, _bool(fill.maker)
        realised = money(fill.realised)
    return (
        f'{{"e":"ORDER_TRADE_UPDATE","T":{times_ms[1]},"E":{times_ms[0]},"o":{{"s":"{text.symbol}",'
        f'"c":"{order.client_id}","S":"{SIDES[order.side]}","o":"{extra[ORDER_TYPE]}","f":"{extra[TIF]}",'
        f'"q":"{text.size(order.lots)}","p":"{text.price(order.price_ticks)}","ap":"{average(text, order)}",'
        f'"sp":"{text.price(order.trigger_ticks)}","x":"{execution}","X":"{status(order)}",'
        f'"i":{order.order_id},{last},"z":"{text.size(order.filled_lots)}","L":"{price}",{fees}'
        f'"T":{times_ms[1]},"t":{trade_id},"b":"0","a":"0","m":{maker},"R":{_bool(order.reduce_only)},'
        f'"wt":"{_working(order)}","ot":"{extra.get(ALGO, extra[ORDER_TYPE])}","ps":"BOTH",'
        f'"cp":false,"rp":"{realised}","pP":false,"si":0,"ss":0,"V":"{extra[STP]}","pm":"NONE",'
        f'"gtd":{extra.get(GOOD_TILL, 0)}}}}}'
    )


def force_order(text: BookText, order: SimOrder, fill: SimFill, time_ms: int, event_ms: int) -> str:
    """A liquidation as everybody is told."""
    return (
        f'{{"e":"forceOrder","E":{event_ms},"o":{{"s":"{text.symbol}","S":"{SIDES[order.side]}","o":"LIMIT",'
        f'"f":"IOC","q":"{text.size(order.lots)}","p":"{text.price(fill.price_ticks)}",'
        f'"ap":"{average(text, order)}","X":"{status(order)}","l":"{text.size(fill.lots)}",'
        f'"z":"{text.size(order.filled_lots)}","T":{time_ms}}}}}'
    )


def trade_lite(text: BookText, order: SimOrder, fill: SimFill, times_ms: tuple[int, int]) -> str:
    """A `TRADE_LITE`, which comes before the full update of the same fill."""
    return (
        f'{{"e":"TRADE_LITE","E":{times_ms[0]},"T":{times_ms[1]},"s":"{text.symbol}",'
        f'"q":"{text.size(order.lots)}","p":"{text.price(order.price_ticks)}","m":{_bool(fill.maker)},'
        f'"c":"{order.client_id}","S":"{SIDES[order.side]}","L":"{text.price(fill.price_ticks)}",'
        f'"l":"{text.size(fill.lots)}","t":{fill.trade_id},"i":{order.order_id}}}'
    )


def algo_update(text: BookText, order: SimOrder, state: str, times_ms: tuple[int, int]) -> str:
    """An `ALGO_UPDATE`."""
    extra = order.extra
    child = str(order.order_id) if state in ("TRIGGERED", "FINISHED") else ""
    average_text = average(text, order) if order.filled_lots else "0.00000"
    return (
        f'{{"e":"ALGO_UPDATE","T":{times_ms[1]},"E":{times_ms[0]},"o":{{"caid":"{order.client_id}",'
        f'"aid":{order.order_id + ALGO_OFFSET},"at":"CONDITIONAL","o":"{extra[ALGO]}","s":"{text.symbol}",'
        f'"S":"{SIDES[order.side]}","ps":"BOTH","f":"{extra[TIF]}","q":"{text.size(order.lots)}","X":"{state}",'
        f'"ai":"{child}","ap":"{average_text}","aq":"{text.size(order.filled_lots)}","act":"{extra[ORDER_TYPE]}",'
        f'"tp":"{text.price(order.trigger_ticks)}","p":"{text.price(order.price_ticks)}","V":"{extra[STP]}",'
        f'"wt":"{_working(order)}","pm":"NONE","cp":false,"pP":false,'
        f'"R":{_bool(order.reduce_only)},"tt":{text.venue_ms(order.working_ns) if child else 0},'
        f'"gtd":{extra.get(GOOD_TILL, 0)},"rm":""}}}}'
    )


def account_update(
    reason: str, times_ms: tuple[int, int], balances: list[tuple[str, Decimal, Decimal, Decimal]],
    positions: list[str],
) -> str:  # fmt: skip
    """An `ACCOUNT_UPDATE`. `balances` are asset, wallet, cross wallet, change; `positions` are texts."""
    rows = [
        f'{{"a":"{asset}","wb":"{money(wallet)}","cw":"{money(cross)}","bc":"{money(change)}"}}'
        for asset, wallet, cross, change in balances
    ]
    return (
        f'{{"e":"ACCOUNT_UPDATE","T":{times_ms[1]},"E":{times_ms[0]},"a":{{"B":[{",".join(rows)}],'
        f'"P":[{",".join(positions)}],"m":"{reason}"}}}}'
    )


def position_update(text: BookText, position: SimPosition) -> str:
    """A position within an `ACCOUNT_UPDATE`."""
    mode = "isolated" if position.isolated else "cross"
    return (
        f'{{"s":"{text.symbol}","pa":"{signed(text, position.lots)}","ep":"{position.entry_price}",'
        f'"cr":"{money(position.realised)}","up":"{money(position.unrealised)}","mt":"{mode}",'
        f'"iw":"{money(position.isolated_margin)}","ps":"BOTH","ma":"USDT","bep":"{position.entry_price}"}}'
    )


def margin_call(event_ms: int, view: MarginView, rows: list[tuple[BookText, SimPosition]]) -> str:
    """A `MARGIN_CALL` for positions that are near their end."""
    texts = [
        f'{{"s":"{text.symbol}","ps":"BOTH","pa":"{signed(text, row.lots)}",'
        f'"mt":"{"ISOLATED" if row.isolated else "CROSSED"}","iw":"{money(row.isolated_margin)}",'
        f'"mp":"{money(row.mark_price)}","up":"{money(row.unrealised)}","mm":"{money(row.maintenance_margin)}"}}'
        for text, row in rows
    ]
    return f'{{"e":"MARGIN_CALL","E":{event_ms},"cw":"{money(view.cross_wallet)}","p":[{",".join(texts)}]}}'


def signed(text: BookText, lots: int) -> str:
    """A size with its sign."""
    return f"-{text.size(-lots)}" if lots < 0 else text.size(lots)


def _working(order: SimOrder) -> str:
    return str(order.extra.get(WORKING, "CONTRACT_PRICE"))


def _bool(value: bool) -> str:
    return "true" if value else "false"
