"""Algo orders of the simulated OKX: `trigger` and `conditional`, placed, cancelled, listed.

    trigger       waits until the last price reaches `triggerPx` from where it is now
    conditional   stop loss (`slTriggerPx`) or take profit (`tpTriggerPx`), one of the two

`-1` as the price of the order means at the market. When it triggers, an order with an `ordId` of its own
trades, and the algo order is `effective`. Triggers go by the last price, or by the mark price when they say
so; the index price counts as the mark price.
https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.venues.okx.simulator.algo_text import AlgoTerms
from trimaran.venues.okx.simulator.catalogue import Listed
from trimaran.venues.okx.simulator.clocks import Clock
from trimaran.venues.okx.simulator.order_args import CLIENT_ID, AlgoArgs, CancelAlgoArgs, flag, number, text
from trimaran.venues.okx.simulator.order_entry import OrderEntry, Row, paying
from trimaran.venues.okx.simulator.refusals import (
    NO_INSTRUMENT,
    NOT_CANCELLED,
    Words,
    missing,
    place_refused,
    would_trigger,
    wrong,
)
from trimaran.venues.okx.simulator.spelling import ALGO_BASE, algo_id, number_of
from trimaran.venues.sim.codes import SelfTrade
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.trading import (
    BUY,
    SELL,
    OrderSpec,
    OrderTypeSim,
    Refusal,
    SimOrder,
    Status,
    Tif,
    Why,
)

AT_MARKET: Final = "-1"
_SIDES: Final = {"buy": BUY, "sell": SELL}
_NO_SIZE: Final = Decimal(0)
_STOPS: Final = (OrderTypeSim.STOP_MARKET, OrderTypeSim.STOP_LIMIT)


class AlgoEntry:
    """Turns requests into orders that wait for a trigger."""

    def __init__(self, entry: OrderEntry, exchange: Exchange, clock: Clock) -> None:
        self._entry = entry
        self._exchange = exchange
        self._clock = clock

    def place(self, account_id: int, args: AlgoArgs) -> Row:
        """A new algo order."""
        client_id = text(args.algo_cl_ord_id) or text(args.cl_ord_id)
        listed = self._entry.listed(args.inst_id)
        if listed is None:
            return _row(client_id, "", NO_INSTRUMENT if text(args.inst_id) else missing("instId"))
        spec = self._spec(account_id, listed, args, client_id)
        if isinstance(spec, Words):
            return _row(client_id, "", spec)
        order = self._exchange.place(account_id, spec, self._clock.trading_ns())
        if not isinstance(order, Refusal):
            return _row(client_id, algo_id(order), None)
        if order.why is Why.DUPLICATE_ID:
            return _row(client_id, "", Words("51065", "algoClOrdId already exists."))
        if order.why is Why.WOULD_TRIGGER:
            return _row(client_id, "", would_trigger(spec.type in _STOPS, spec.side))
        return _row(client_id, "", place_refused(order, paying(listed, spec.side), listed.symbol))

    def cancel(self, account_id: int, args: CancelAlgoArgs) -> Row:
        """Cancels an algo order that has not triggered."""
        client_id, number_text = text(args.algo_cl_ord_id), text(args.algo_id)
        listed = self._entry.listed(args.inst_id)
        if listed is None:
            return _row(client_id, number_text, NO_INSTRUMENT if text(args.inst_id) else missing("instId"))
        order = self.find(account_id, listed, number_text, client_id)
        if order is None or order.status is not Status.WAITING:
            return _row(client_id, number_text, NOT_CANCELLED)
        outcome = self._exchange.cancel(account_id, order, self._clock.trading_ns())
        return _row(order.client_id, algo_id(order), NOT_CANCELLED if isinstance(outcome, Refusal) else None)

    def find(self, account_id: int, listed: Listed, number_text: str, client_id: str) -> SimOrder | None:
        """An algo order by its id, or else by that of the client."""
        if number_text:
            order = self._exchange.order_by_id(account_id, listed.market, number_of(number_text, ALGO_BASE))
        else:
            order = self._exchange.order_by_client_id(account_id, listed.market, client_id)
        return (
            order if order is not None and order.symbol == listed.symbol and "algo" in order.extra else None
        )

    def _spec(self, account_id: int, listed: Listed, args: AlgoArgs, client_id: str) -> OrderSpec | Words:
        side = _SIDES.get(text(args.side))
        if side is None:
            return wrong("side")
        if text(args.ord_type) not in ("trigger", "conditional"):
            return wrong("ordType")
        if client_id and CLIENT_ID.fullmatch(client_id) is None:
            return wrong("algoClOrdId")
        if text(args.close_fraction) not in ("", "1") or text(args.pos_side) not in ("", "net"):
            return wrong("closeFraction" if text(args.pos_side) in ("", "net") else "posSide")
        mode = text(args.td_mode)
        if not listed.text.perpetual:
            mode = "cash" if mode in ("cash", "cross", "isolated") else mode
        terms = _terms(args)
        if isinstance(terms, Words):
            return terms
        trigger = number(terms.trigger_price or terms.stop_trigger or terms.profit_trigger)
        price_text = terms.order_price or terms.stop_price or terms.profit_price
        price = None if price_text == AT_MARKET else number(price_text)
        if trigger is None or (price is None and price_text != AT_MARKET):
            return wrong("triggerPx" if trigger is None else "orderPx")
        size = self._size(account_id, listed, args)
        if size is None or (size == 0 and not text(args.close_fraction)):
            return wrong("sz") if text(args.sz) else missing("sz")
        refused = self._entry.margin_mode(account_id, listed, mode)
        if refused is not None:
            return refused
        extra = self._entry.extra(account_id, listed, args, "market" if price is None else "limit")
        extra |= {"algo": terms, "tdMode": mode}
        kind = self._kind(listed, side, terms, trigger, price is None)
        reduces = (flag(args.reduce_only) or bool(text(args.close_fraction))) and listed.text.perpetual
        return OrderSpec(
            market=listed.market, symbol=listed.symbol, side=side, type=kind,
            tif=Tif.IOC if price is None else Tif.GTC, price=price, size=size, trigger_price=trigger,
            reduce_only=reduces, client_id=client_id, self_trade=SelfTrade.EXPIRE_MAKER, extra=extra,
            trigger_by_mark=terms.by_mark,
        )  # fmt: skip

    def _size(self, account_id: int, listed: Listed, args: AlgoArgs) -> Decimal | None:
        """The size, or that of the whole position for `closeFraction` 1."""
        if not text(args.close_fraction):
            return number(args.sz)
        for each in self._exchange.positions(account_id, listed.market):
            if each.symbol == listed.symbol and each.lots:
                return listed.instrument.size_grid.decimal(abs(each.lots))
        return _NO_SIZE

    def _kind(
        self, listed: Listed, side: int, terms: AlgoTerms, trigger: Decimal, at_market: bool
    ) -> OrderTypeSim:
        """A stop triggers when the price runs away from the order, a take-profit when it comes nearer."""
        stop, fills = bool(terms.stop_trigger), listed.feed.book.recent_fills
        if terms.trigger_price:
            now = self._exchange.mark_price(listed.market, listed.symbol)
            if fills and not terms.by_mark:
                now = listed.instrument.price(fills[-1].executions[-1][2])
            stop = (trigger > now) == (side == BUY)
        if stop:
            return OrderTypeSim.STOP_MARKET if at_market else OrderTypeSim.STOP_LIMIT
        return OrderTypeSim.TAKE_PROFIT_MARKET if at_market else OrderTypeSim.TAKE_PROFIT_LIMIT


def _terms(args: AlgoArgs) -> AlgoTerms | Words:
    stop, profit = text(args.sl_trigger_px), text(args.tp_trigger_px)
    if text(args.ord_type) == "trigger":
        if not text(args.trigger_px) or not text(args.order_px):
            return missing("orderPx" if text(args.trigger_px) else "triggerPx")
        return AlgoTerms(
            "trigger", text(args.trigger_px), text(args.order_px), text(args.trigger_px_type) or "last"
        )
    if bool(stop) == bool(profit):
        return wrong("tpTriggerPx") if stop else missing("slTriggerPx")
    if stop:
        return AlgoTerms(
            "conditional", stop_trigger=stop, stop_price=text(args.sl_ord_px) or AT_MARKET,
            stop_kind=text(args.sl_trigger_px_type) or "last",
        )  # fmt: skip
    return AlgoTerms(
        "conditional", profit_trigger=profit, profit_price=text(args.tp_ord_px) or AT_MARKET,
        profit_kind=text(args.tp_trigger_px_type) or "last",
    )  # fmt: skip


def _row(client_id: str, number_text: str, words: Words | None) -> Row:
    code, said = ("0", "") if words is None else (words.code, words.text)
    written = client_id if CLIENT_ID.fullmatch(client_id) else ""
    known = number_text if number_text.isascii() and number_text.isdigit() else ""
    return words is None, (
        f'{{"algoId":"{known}","algoClOrdId":"{written}","clOrdId":"","sCode":"{code}","sMsg":"{said}",'
        f'"tag":""}}'
    )
