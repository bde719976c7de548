"""Algo orders of the simulated OKX as text: what waits for a trigger, and what became of it.

https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading
"""

from __future__ import annotations

import msgspec

from trimaran.venues.okx.simulator.catalogue import Listed
from trimaran.venues.okx.simulator.spelling import SIDES, algo_id, algo_state, order_id, user_id
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.trading import SimOrder


class AlgoTerms(msgspec.Struct, frozen=True):
    """The words of a trigger as the client sent them; those that do not apply are empty."""

    order_type: str  # trigger or conditional
    trigger_price: str = ""
    order_price: str = ""  # -1: at the market
    trigger_kind: str = ""
    stop_trigger: str = ""
    stop_price: str = ""
    stop_kind: str = ""
    profit_trigger: str = ""
    profit_price: str = ""
    profit_kind: str = ""

    @property
    def by_mark(self) -> bool:
        """Whether the price that triggers is not that of the last trade."""
        return (self.trigger_kind or self.stop_kind or self.profit_kind) in ("mark", "index")


def algo_row(listed: Listed, order: SimOrder, now: Moment) -> str:
    """An algo order, for REST and for the channel `orders-algo`."""
    terms: AlgoTerms = order.extra["algo"]
    extra, text, swap = order.extra, listed.text, listed.text.perpetual
    triggered = "triggered_ns" in extra
    placed = order_id(order) if triggered else ""
    placed_list = f'["{placed}"]' if triggered else "[]"
    actual = "sl" if terms.stop_trigger else "tp" if terms.profit_trigger else ""
    last = listed.feed.book.best[0]
    return (
        f'{{"instId":"{listed.symbol}","instType":"{listed.kind}","algoId":"{algo_id(order)}",'
        f'"algoClOrdId":"{order.client_id}","clOrdId":"","ordId":"{placed}",'
        f'"ordIdList":{placed_list},"uid":"{user_id(order.account_id)}",'
        f'"ordType":"{terms.order_type}","side":"{SIDES[order.side]}","posSide":"{"net" if swap else ""}",'
        f'"tdMode":"{extra.get("tdMode", "cash")}","tgtCcy":"{extra.get("tgtCcy", "")}","ccy":"",'
        f'"sz":"{text.size(order.lots)}","state":"{algo_state(order)}","lever":"{extra.get("lever", "")}",'
        f'"tag":"{extra.get("tag", "")}","reduceOnly":"{"true" if order.reduce_only else "false"}",'
        f'"triggerPx":"{terms.trigger_price}","triggerPxType":"{terms.trigger_kind}",'
        f'"ordPx":"{terms.order_price}","slTriggerPx":"{terms.stop_trigger}","slOrdPx":"{terms.stop_price}",'
        f'"slTriggerPxType":"{terms.stop_kind}","tpTriggerPx":"{terms.profit_trigger}",'
        f'"tpOrdPx":"{terms.profit_price}","tpTriggerPxType":"{terms.profit_kind}",'
        f'"actualSz":"{text.size(order.lots) if triggered else "0"}",'
        f'"actualSide":"{actual if triggered else ""}",'
        f'"actualPx":"{(text.price(order.price_ticks) if order.price_ticks else "-1") if triggered else ""}",'
        f'"triggerTime":"{now.venue_ms(extra["triggered_ns"]) if triggered else ""}",'
        f'"last":"{text.price(last)}","cTime":"{now.venue_ms(order.created_ns)}",'
        f'"uTime":"{now.venue_ms(order.updated_ns)}","failCode":"0","failReason":"","closeFraction":"",'
        f'"activePx":"","callbackRatio":"","callbackSpread":"","moveTriggerPx":"","pxVar":"","pxSpread":"",'
        f'"pxLimit":"","szLimit":"","timeInterval":"","attachAlgoOrds":[],"linkedOrd":{{"ordId":""}},'
        f'"amendPxOnTriggerType":"0","isTradeBorrowMode":"","quickMgnType":"","tradeQuoteCcy":""}}'
    )
