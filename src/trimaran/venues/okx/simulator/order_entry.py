"""Orders of the simulated OKX: place, amend, cancel, each with the row that answers it.

A row is `(done, text)`: its `sCode` is "0", or the venue's code and words for what the exchange refused.
Facts of the venue that live here: spot market buys are sized in the quote asset unless `tgtCcy` says
otherwise, sizes of swaps are contracts, self-trade prevention cancels the maker unless the order says
otherwise, `tdMode` is `cash` for spot and decides the margin mode of a swap, and WebSocket orders may name
instruments by code. https://www.okx.com/docs-v5/en/#order-book-trading-trade
"""

from __future__ import annotations

import re
from typing import Any, Final

from trimaran.venues.okx.simulator.catalogue import Catalogue, Listed
from trimaran.venues.okx.simulator.clocks import Clock
from trimaran.venues.okx.simulator.order_args import (
    CLIENT_ID,
    TAG,
    AmendArgs,
    CancelArgs,
    OrderArgs,
    Text,
    flag,
    number,
    text,
)
from trimaran.venues.okx.simulator.refusals import (
    BOTH_AND_FOK,
    NO_CANCEL_ID,
    NO_ID,
    NO_INSTRUMENT,
    NOT_AMENDED,
    NOT_CANCELLED,
    NOTHING_NEW,
    Words,
    amend_refused,
    cancel_refused,
    missing,
    place_refused,
    wrong,
)
from trimaran.venues.okx.simulator.spelling import ORDER_BASE, number_of, order_id
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

Row = tuple[bool, str]
_HARMLESS: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_SIDES: Final = {"buy": BUY, "sell": SELL}
_TYPES: Final = {
    "limit": (OrderTypeSim.LIMIT, Tif.GTC),
    "market": (OrderTypeSim.MARKET, Tif.IOC),
    "optimal_limit_ioc": (OrderTypeSim.MARKET, Tif.IOC),
    "post_only": (OrderTypeSim.LIMIT, Tif.POST_ONLY),
    "fok": (OrderTypeSim.LIMIT, Tif.FOK),
    "ioc": (OrderTypeSim.LIMIT, Tif.IOC),
}
_STP: Final = {
    "": SelfTrade.EXPIRE_MAKER,
    "cancel_maker": SelfTrade.EXPIRE_MAKER,
    "cancel_taker": SelfTrade.EXPIRE_TAKER,
    "cancel_both": SelfTrade.EXPIRE_BOTH,
}


class OrderEntry:
    """Turns requests into orders of the exchange."""

    def __init__(self, catalogue: Catalogue, exchange: Exchange, clock: Clock) -> None:
        self._catalogue = catalogue
        self._exchange = exchange
        self._clock = clock

    def listed(self, symbol: Text, code: Text = "") -> Listed | None:
        """The instrument of a request; a code wins over a name."""
        if code not in ("", None) and isinstance(code, (str, int)):
            return self._catalogue.coded(code)
        return self._catalogue.named(text(symbol))

    def place(self, account_id: int, args: OrderArgs) -> Row:
        """A new order."""
        found = self._spec(account_id, args)
        if isinstance(found, Words):
            return self._row(text(args.cl_ord_id), "", found, f',"tag":"{_clean(args.tag)}"')
        listed, spec = found
        order = self._exchange.place(account_id, spec, self._clock.trading_ns())
        if isinstance(order, Refusal):
            words = place_refused(order, paying(listed, spec.side), listed.symbol)
            return self._row(spec.client_id, "", words, f',"tag":"{spec.extra["tag"]}"')
        return self._row(spec.client_id, order_id(order), None, f',"tag":"{spec.extra["tag"]}"')

    def cancel(self, account_id: int, args: CancelArgs) -> Row:
        """Cancels an order that is open and waits for no trigger."""
        client_id, number_text = text(args.cl_ord_id), text(args.ord_id)
        listed = self.listed(args.inst_id, args.inst_id_code)
        if listed is None:
            return self._row(client_id, number_text, _no_instrument(args.inst_id, args.inst_id_code))
        if not number_text and not client_id:
            return self._row("", "", NO_CANCEL_ID)
        order = self.find(account_id, listed, number_text, client_id)
        if order is None or order.status is Status.WAITING:
            return self._row(client_id, number_text, NOT_CANCELLED)
        outcome = self._exchange.cancel(account_id, order, self._clock.trading_ns())
        words = cancel_refused(outcome) if isinstance(outcome, Refusal) else None
        return self._row(_client_id(order), order_id(order), words)

    def amend(self, account_id: int, args: AmendArgs) -> Row:
        """Changes price or size. With `cxlOnFail` an order that cannot be changed is cancelled."""
        client_id, number_text, request_id = text(args.cl_ord_id), text(args.ord_id), text(args.req_id)
        listed = self.listed(args.inst_id, args.inst_id_code)
        order = None if listed is None else self.find(account_id, listed, number_text, client_id)
        words = self._change(account_id, listed, order, args)
        if words is not None and order is not None and order.status.open and flag(args.cxl_on_fail):
            self._exchange.cancel(account_id, order, self._clock.trading_ns())
        if order is not None:
            client_id, number_text = _client_id(order), order_id(order)
        return self._row(client_id, number_text, words, f',"reqId":"{_clean(request_id)}"')

    def find(self, account_id: int, listed: Listed, number_text: str, client_id: str) -> SimOrder | None:
        """An order by its id, or else by that of the client."""
        if number_text:
            order = self._exchange.order_by_id(account_id, listed.market, number_of(number_text, ORDER_BASE))
        else:
            order = self._exchange.order_by_client_id(account_id, listed.market, client_id)
        return order if order is not None and order.symbol == listed.symbol else None

    def margin_mode(self, account_id: int, listed: Listed, mode: str) -> Words | None:
        """Makes the margin mode of an instrument, of which there is one, that of an order."""
        if not listed.text.perpetual:
            return None if mode in ("", "cash") else wrong("tdMode")
        if mode not in ("cross", "isolated"):
            return wrong("tdMode") if mode else missing("tdMode")
        isolated = mode == "isolated"
        if self._exchange.leverage(account_id, listed.market, listed.symbol)[1] == isolated:
            return None
        refused = self._exchange.set_isolated(
            account_id, listed.market, listed.symbol, isolated, self._clock.trading_ns()
        )
        return wrong("tdMode") if refused is not None and refused.why is not Why.NOTHING_TO_CHANGE else None

    def extra(self, account_id: int, listed: Listed, args: Any, order_type: str) -> dict[str, Any]:
        """What is written about an order and means nothing to the exchange."""
        lever = ""
        if listed.text.perpetual:
            lever = str(self._exchange.leverage(account_id, listed.market, listed.symbol)[0])
        return {
            "tdMode": text(args.td_mode) or "cash",
            "tag": text(args.tag),
            "ordType": order_type,
            "lever": lever,
        }

    def _change(
        self, account_id: int, listed: Listed | None, order: SimOrder | None, args: AmendArgs
    ) -> Words | None:
        """Why an amendment failed; None when it was made."""
        size, price = (number(each) if text(each) else None for each in (args.new_sz, args.new_px))
        if listed is None:
            return _no_instrument(args.inst_id, args.inst_id_code)
        if not text(args.ord_id) and not text(args.cl_ord_id):
            return NO_ID
        if text(args.req_id) and CLIENT_ID.fullmatch(text(args.req_id)) is None:
            return wrong("reqId")
        if order is None or order.status is Status.WAITING:
            return NOT_AMENDED
        if size is None and price is None:
            return (
                wrong("newPx" if text(args.new_px) else "newSz")
                if text(args.new_px) or text(args.new_sz)
                else NOTHING_NEW
            )
        if (text(args.new_sz) and size is None) or (text(args.new_px) and price is None):
            return wrong("newSz" if size is None else "newPx")
        order.extra["reqId"] = text(args.req_id)
        outcome = self._exchange.amend(account_id, order, price, size, self._clock.trading_ns())
        if isinstance(outcome, Refusal):
            return amend_refused(outcome, paying(listed, order.side), listed.symbol)
        return None

    def _spec(self, account_id: int, args: OrderArgs) -> tuple[Listed, OrderSpec] | Words:
        listed = self.listed(args.inst_id, args.inst_id_code)
        if listed is None:
            return _no_instrument(args.inst_id, args.inst_id_code)
        side, order_type = _SIDES.get(text(args.side)), text(args.ord_type)
        kind = _TYPES.get(order_type)
        client_id, tag, stp = text(args.cl_ord_id), text(args.tag), _STP.get(text(args.stp_mode))
        if side is None or kind is None or stp is None:
            return _first_wrong((("side", args.side, side), ("ordType", args.ord_type, kind),
                                 ("stpMode", args.stp_mode, stp)))  # fmt: skip
        if (client_id and CLIENT_ID.fullmatch(client_id) is None) or (tag and TAG.fullmatch(tag) is None):
            return wrong("tag" if not client_id or CLIENT_ID.fullmatch(client_id) else "clOrdId")
        if text(args.pos_side) not in ("", "net"):
            return wrong("posSide")
        if args.attach_algo_ords:
            return wrong("attachAlgoOrds")
        if stp is SelfTrade.EXPIRE_BOTH and order_type == "fok":
            return BOTH_AND_FOK
        size = number(args.sz)
        if size is None:
            return wrong("sz") if text(args.sz) else missing("sz")
        price = number(args.px) if kind[0] is OrderTypeSim.LIMIT else None
        if price is None and kind[0] is OrderTypeSim.LIMIT:
            return (
                wrong("px")
                if text(args.px)
                else Words("51204", "The price for the limit order cannot be empty.")
            )
        by_value = kind[0] is OrderTypeSim.MARKET and self._by_value(listed, side, text(args.tgt_ccy))
        if by_value is None:
            return wrong("tgtCcy")
        refused = self.margin_mode(account_id, listed, text(args.td_mode))
        if refused is not None:
            return refused
        extra = self.extra(account_id, listed, args, order_type)
        if by_value:
            extra["value"] = text(args.sz)
        if kind[0] is OrderTypeSim.MARKET and not listed.text.perpetual:
            extra["tgtCcy"] = "quote_ccy" if by_value else "base_ccy"
        spec = OrderSpec(
            market=listed.market, symbol=listed.symbol, side=side, type=kind[0], tif=kind[1], price=price,
            size=None if by_value else size, quote_size=size if by_value else None,
            reduce_only=flag(args.reduce_only) and listed.text.perpetual, client_id=client_id,
            self_trade=stp, extra=extra,
        )  # fmt: skip
        return listed, spec

    @staticmethod
    def _by_value(listed: Listed, side: int, target: str) -> bool | None:
        """Whether a market order's size is in the quote asset; None for a word that there is not."""
        if listed.text.perpetual:
            return False
        if target not in ("", "base_ccy", "quote_ccy"):
            return None
        return target == "quote_ccy" if target else side == BUY

    def _row(self, client_id: str, number_text: str, words: Words | None, more: str = "") -> Row:
        """The row that answers an operation on one order."""
        code, said, sub_code = ("0", "", "") if words is None else (words.code, words.text, words.sub_code)
        return words is None, (
            f'{{"clOrdId":"{_clean(client_id)}","ordId":"{_clean(number_text)}"{more},'
            f'"ts":"{self._clock.server_ms()}","sCode":"{code}","sMsg":"{said}","subCode":"{sub_code}"}}'
        )


def paying(listed: Listed, side: int) -> str:
    """The asset that an order needs."""
    return listed.settle if listed.text.perpetual or side == BUY else listed.instrument.base


def _no_instrument(symbol: Text, code: Text) -> Words:
    return NO_INSTRUMENT if text(symbol) or code not in ("", None) else missing("instId")


def _first_wrong(parameters: tuple[tuple[str, Text, object], ...]) -> Words:
    """The first of some parameters that means nothing."""
    name, value, _ = next(each for each in parameters if each[2] is None)
    return wrong(name) if text(value) else missing(name)


def _client_id(order: SimOrder) -> str:
    return "" if "algo" in order.extra else order.client_id


def _clean(value: Text) -> str:
    """A text of the client that goes back to it; nothing, where it could break out of its quotes."""
    written = text(value)
    return written if _HARMLESS.fullmatch(written) else ""
