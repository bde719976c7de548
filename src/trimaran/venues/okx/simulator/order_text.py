"""Orders and fills of the simulated OKX as text: objects of REST, pushes of `orders` and `fills`.

A push repeats the whole order and adds what has just happened: the fill (`fillSz`, `fillPx`, `tradeId`,
`fillFee`, `execType`), or the outcome of an amendment. A push of a mere change of state has no `tradeId`.
https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-order-channel
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from trimaran.venues.okx.simulator.catalogue import Listed
from trimaran.venues.okx.simulator.spelling import (
    BILL_BASE,
    ORDER_BASE,
    SIDES,
    algo_id,
    cancel_source,
    money,
    order_id,
    paid,
    state,
)
from trimaran.venues.sim.codes import SelfTrade
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.numerals import plain
from trimaran.venues.sim.trading import BUY, SimFill, SimOrder

HEAD: Final = "okx_head"  # where the part of an order's text that never changes is kept
NO_FEE: Final = Decimal(0)
SHOWN: Final = Context(prec=17)  # an average that no grid has is written with as many digits
_STP: Final = {
    SelfTrade.ALLOW: "",
    SelfTrade.EXPIRE_TAKER: "cancel_taker",
    SelfTrade.EXPIRE_MAKER: "cancel_maker",
    SelfTrade.EXPIRE_BOTH: "cancel_both",
}


def order_row(listed: Listed, order: SimOrder, now: Moment) -> str:
    """An order as REST answers it."""
    last = order.last_fill
    source, reason = cancel_source(order)
    return (
        f"{{{_head(listed, order, now)},{_body(listed, order, now, '')},{_last_fill(listed, last, now)},"
        f'"cancelSource":"{source}","cancelSourceReason":"{reason}"}}'
    )


def order_push(listed: Listed, order: SimOrder, fill: SimFill | None, now: Moment, amended: str = "") -> str:
    """An order as the channel `orders` pushes it; `amended` is `amendResult` where that is the news."""
    text, book = listed.text, listed.feed.book
    last_ticks = book.recent_fills[-1].executions[-1][2] if book.recent_fills else 0
    ticks = order.price_ticks or last_ticks
    value = plain(*text.amounts.quote(ticks * order.lots))
    request_id = order.extra.get("reqId", "") if amended else ""
    return (
        f"{{{_head(listed, order, now)},{_body(listed, order, now, '0')},{_last_fill(listed, fill, now)},"
        f"{_fill_news(listed, fill)},"
        f'"cancelSource":"{cancel_source(order)[0]}","amendResult":"{amended}",'
        f'"amendSource":"{1 if amended else ""}","reqId":"{request_id}","code":"0","msg":"",'
        f'"notionalUsd":"{value}","lastPx":"{text.price(last_ticks)}"}}'
    )


def fill_row(listed: Listed, order: SimOrder | None, fill: SimFill, now: Moment) -> str:
    """A fill as REST answers it."""
    client_id, tag = (order.client_id, order.extra.get("tag", "")) if order is not None else ("", "")
    time_ms = now.venue_ms(fill.time_ns)
    return (
        f"{{{_fill_head(listed, fill, client_id)},"
        f'"billId":"{BILL_BASE + fill.execution_id}","instType":"{listed.kind}","tag":"{tag}",'
        f'"subType":"{1 if fill.side == BUY else 2}","posSide":"{"net" if listed.text.perpetual else ""}",'
        f'"fee":"{paid(fill.fee)}","feeCcy":"{fill.fee_asset}","feeRate":"","fillIdxPx":"","fillMarkPx":"",'
        f'"fillMarkVol":"","fillFwdPx":"","fillPxUsd":"","fillPxVol":"","fillPnl":"{money(fill.realised)}",'
        f'"fillTime":"{time_ms}","tradeQuoteCcy":"{_trade_quote(listed)}","ts":"{time_ms}"}}'
    )


def fill_push(listed: Listed, order: SimOrder, fill: SimFill, now: Moment) -> str:
    """A fill as the channel `fills` pushes it."""
    return f'{{{_fill_head(listed, fill, order.client_id)},"ts":"{now.venue_ms(fill.time_ns)}","count":"1"}}'


def _fill_head(listed: Listed, fill: SimFill, client_id: str) -> str:
    text = listed.text
    return (
        f'"instId":"{listed.symbol}","tradeId":"{fill.trade_id}","ordId":"{ORDER_BASE + fill.order_id}",'
        f'"clOrdId":"{client_id}","side":"{SIDES[fill.side]}","fillPx":"{text.price(fill.price_ticks)}",'
        f'"fillSz":"{text.size(fill.lots)}","execType":"{"M" if fill.maker else "T"}"'
    )


def _trade_quote(listed: Listed) -> str:
    return "" if listed.text.perpetual else listed.instrument.quote


def _head(listed: Listed, order: SimOrder, now: Moment) -> str:
    """What never changes; made once per order, and once more when an algo order has triggered."""
    found: str | None = order.extra.get(HEAD)
    if found is None:
        found = order.extra[HEAD] = _make_head(listed, order, now)
    return found


def _make_head(listed: Listed, order: SimOrder, now: Moment) -> str:
    extra, swap = order.extra, listed.text.perpetual
    algo = "algo" in extra
    client_id = "" if algo else order.client_id
    fee_asset = listed.settle if swap or order.side != BUY else listed.instrument.base
    own = algo_id(order) if algo else ""
    category = "full_liquidation" if "liquidation" in extra else "normal"
    return (
        f'"instId":"{listed.symbol}","instType":"{listed.kind}","ordId":"{order_id(order)}",'
        f'"clOrdId":"{client_id}","tag":"{extra.get("tag", "")}","side":"{SIDES[order.side]}",'
        f'"posSide":"{"net" if swap else ""}","tdMode":"{extra.get("tdMode", "cash")}",'
        f'"ordType":"{extra.get("ordType", "market" if order.price_ticks == 0 else "limit")}",'
        f'"reduceOnly":"{"true" if order.reduce_only else "false"}","tgtCcy":"{extra.get("tgtCcy", "")}",'
        f'"lever":"{extra.get("lever", "")}","ccy":"","category":"{category}",'
        f'"feeCcy":"{fee_asset}","rebate":"0","rebateCcy":"{fee_asset}",'
        f'"stpId":"","stpMode":"{_STP[SelfTrade(order.self_trade)]}","algoId":"{own}",'
        f'"algoClOrdId":"{order.client_id if algo else ""}","attachAlgoClOrdId":"","attachAlgoOrds":[],'
        f'"linkedAlgoOrd":{{"algoId":""}},"isTpLimit":"false","pxType":"","pxUsd":"","pxVol":"",'
        f'"quickMgnType":"","slOrdPx":"","slTriggerPx":"","slTriggerPxType":"","tpOrdPx":"",'
        f'"tpTriggerPx":"","tpTriggerPxType":"","source":"{"7" if algo else ""}",'
        f'"tradeQuoteCcy":"{_trade_quote(listed)}","cTime":"{now.venue_ms(order.created_ns)}"'
    )


def _body(listed: Listed, order: SimOrder, now: Moment, unfilled: str) -> str:
    """What changes; `unfilled` is the average price of nothing."""
    text = listed.text
    by_value = order.extra.get("value")
    fees = order.fees
    fee = paid(next(iter(fees.values()), NO_FEE)) if fees else "0"
    return (
        f'"px":"{text.price(order.price_ticks) if order.price_ticks else ""}",'
        f'"sz":"{by_value or text.size(order.lots)}","state":"{state(order)}",'
        f'"accFillSz":"{text.size(order.filled_lots)}","avgPx":"{_average(listed, order) or unfilled}",'
        f'"fee":"{fee}",'
        f'"pnl":"{money(order.realised)}","uTime":"{now.venue_ms(order.updated_ns)}"'
    )


def _average(listed: Listed, order: SimOrder) -> str:
    lots = order.filled_lots
    if lots == 0:
        return ""
    whole, rest = divmod(order.filled_value, lots)
    if rest == 0:
        return listed.text.price(whole)
    step = listed.instrument.price_grid.step
    return money(SHOWN.multiply(SHOWN.divide(Decimal(order.filled_value), Decimal(lots)), step))


def _last_fill(listed: Listed, fill: SimFill | None, now: Moment) -> str:
    if fill is None:
        return '"fillPx":"","fillSz":"0","fillTime":"","tradeId":""'
    return (
        f'"fillPx":"{listed.text.price(fill.price_ticks)}","fillSz":"{listed.text.size(fill.lots)}",'
        f'"fillTime":"{now.venue_ms(fill.time_ns)}","tradeId":"{fill.trade_id}"'
    )


def _fill_news(listed: Listed, fill: SimFill | None) -> str:
    """What only pushes tell of a fill."""
    if fill is None:
        return (
            '"execType":"","fillFee":"0","fillFeeCcy":"","fillPnl":"0","fillNotionalUsd":"","fillMarkPx":"",'
            '"fillIdxPx":"","fillFwdPx":"","fillMarkVol":"","fillPxUsd":"","fillPxVol":""'
        )
    value = plain(*listed.text.amounts.quote(fill.price_ticks * fill.lots))
    mark = listed.text.price(sum(listed.feed.book.best[0::2]) // 2) if listed.text.perpetual else ""
    return (
        f'"execType":"{"M" if fill.maker else "T"}","fillFee":"{paid(fill.fee)}",'
        f'"fillFeeCcy":"{fill.fee_asset}","fillPnl":"{money(fill.realised)}","fillNotionalUsd":"{value}",'
        f'"fillMarkPx":"{mark}","fillIdxPx":"","fillFwdPx":"","fillMarkVol":"","fillPxUsd":"","fillPxVol":""'
    )
