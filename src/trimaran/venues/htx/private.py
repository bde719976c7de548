"""The private lines of HTX spot: `/ws/v2`, which pushes, and `/ws/trade`, which takes orders. Plain text.

Source: https://huobiapi.github.io/docs/spot/v1/en/#websocket-account-and-order

 - `orders#*` tells what becomes of orders, in the order of what happened, and knows no fees: order reports
   come from here, and no fills.
 - `trade.clearing#*#0` tells fills with their fees, out of order: fills come from here, and nothing else.
   Mode 1 would tell cancellations once more, possibly before the fills that came first.
 - `accounts.update#2` tells total and free together, of every change, and all of it at the beginning. A code
   500 means that it says nothing any more: what it would have said is asked for, and the line is replaced.

An order by value is told in quote asset: neither its size nor what is filled of it is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import TrimaranError
from trimaran.base.printable import printable
from trimaran.domain.account import Liquidity, VenueOrderId
from trimaran.domain.instrument import ContractKind, Instrument, Side
from trimaran.domain.orders import OrderState, OrderType
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport
from trimaran.venues.htx import fields
from trimaran.venues.htx.envelope import SUCCESS, Access, part
from trimaran.venues.htx.errors import SPOT_LINE, SPOT_WINDOW_NS, fault_of
from trimaran.venues.htx.fields import NULL, Id
from trimaran.venues.htx.reports import is_spot, state_of, type_of
from trimaran.venues.htx.signing import Place, spot_login
from trimaran.venues.htx.spec import SPOT
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.dialogue import request_id_of
from trimaran.venues.wire.inflate import inflate
from trimaran.venues.wire.lines import (
    LineEnded,
    LineMessage,
    LinePing,
    LineReply,
    LineShutdown,
    LineSpec,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    Stale,
    SubscriptionRefused,
    SubscriptionTaken,
)
from trimaran.venues.wire.message import HttpReply, Stamp

ORDERS: Final = "orders#*"
CLEARING: Final = "trade.clearing#*#0"
BALANCES: Final = "accounts.update#2"
TRADE_ACCOUNT: Final = "trade"
HEAD_BYTES: Final = 96
ECHO_BYTES_MAX: Final = 128
TIMED_OUT: Final = 100
SYSTEM_ERROR: Final = 500
UNREADABLE: Final = (
    TrimaranError,
    msgspec.MsgspecError,
    UnicodeDecodeError,
    RecursionError,
    ArithmeticError,
    ValueError,
)


class _Frame(msgspec.Struct):
    action: str = ""
    ch: str | None = None
    code: Id | None = None
    data: msgspec.Raw = NULL
    message: str | None = None
    cid: Id | None = None
    ping: Id | None = None


class _OrderEvent(msgspec.Struct, rename="camel"):
    event_type: str
    symbol: str
    order_status: str
    order_id: Id | None = None
    client_order_id: str | None = None
    type: str = ""
    order_side: str = ""
    order_source: str = ""
    order_price: msgspec.Raw = NULL
    order_size: msgspec.Raw = NULL
    exec_amt: msgspec.Raw = NULL
    remain_amt: msgspec.Raw = NULL
    stop_price: msgspec.Raw = NULL
    operator: str | None = None
    order_create_time: Id | None = None
    trade_time: Id | None = None
    last_act_time: Id | None = None
    canceled_source_desc: str | None = None
    err_message: str | None = None


class _Clearing(msgspec.Struct, rename="camel"):
    event_type: str
    symbol: str
    order_id: Id
    order_side: str
    trade_price: Decimal = Decimal(0)
    trade_volume: Decimal = Decimal(0)
    trade_id: Id | None = None
    trade_time: Id | None = None
    aggressor: bool = True
    transact_fee: msgspec.Raw = NULL
    fee_currency: str | None = None
    fee_deduct: msgspec.Raw = NULL
    fee_deduct_type: str | None = None
    client_order_id: str | None = None
    source: str = ""


class _Change(msgspec.Struct, rename="camel"):
    currency: str
    account_id: Id | None = None
    balance: msgspec.Raw = NULL
    available: msgspec.Raw = NULL
    account_type: str = TRADE_ACCOUNT
    change_time: Id | None = None


_FRAME: Final = msgspec.json.Decoder(_Frame)
_ORDER_EVENT: Final = msgspec.json.Decoder(_OrderEvent)
_CLEARING: Final = msgspec.json.Decoder(_Clearing)
_CHANGE: Final = msgspec.json.Decoder(_Change)


class HtxSpotLine:
    """The wording of one line of one spot account. Implements `LineDialogue`."""

    def __init__(self, line: LineSpec, base: str, setup: AccountSetup) -> None:
        """`base` is the base URL that `line` names. Raises ConfigError for a key that is none."""
        self._access = Access(SPOT.market, ContractKind.SPOT, setup)
        self._place = Place.of(base + line.path)
        self._pushes = line.pushes

    def login(self, request_id: int, stamp: Stamp) -> str | None:
        """Both lines log in alike. Raises ConfigError without credentials."""
        params = spot_login(self._access.signer, self._place, stamp)
        return msgspec.json.encode({"action": "req", "ch": "auth", "params": params}).decode()

    def subscriptions(self, first_id: int, stamp: Stamp) -> Sequence[tuple[str, str]]:
        """Three topics, by their names; requests have no ids. None on the line that takes orders."""
        if not self._pushes:
            return ()
        return tuple(
            (topic, msgspec.json.encode({"action": "sub", "ch": topic}).decode())
            for topic in (ORDERS, CLEARING, BALANCES)
        )

    def read(self, payload: bytes, local_ns: int) -> Sequence[LineMessage]:
        """What a frame says."""
        text = payload
        try:
            text = inflate(payload)
            return self._read(_FRAME.decode(text), text, local_ns)
        except UNREADABLE:
            return (LineUnknown(bytes(text[:HEAD_BYTES]), unreadable=True),)

    def _read(self, frame: _Frame, text: bytes, local_ns: int) -> Sequence[LineMessage]:
        request_id = None if frame.action else request_id_of(frame.cid)
        if request_id is not None:
            return (LineReply(request_id, HttpReply(SUCCESS, text)),)
        # HTX's example of a clearing has no action.
        if frame.action == "push" or (not frame.action and frame.code is None and frame.ch is not None):
            return self._pushed(frame, local_ns)
        if frame.action == "ping" and len(frame.data) <= ECHO_BYTES_MAX:
            return (LinePing(f'{{"action":"pong","data":{bytes(frame.data).decode()}}}'),)
        if frame.ping is not None:
            return (LinePing(msgspec.json.encode({"pong": frame.ping}).decode()),)
        if frame.action == "req" and frame.ch == "auth":
            return (self._logged_in(frame),)
        if frame.action == "sub" and frame.ch is not None:
            return self._subscribed(frame, frame.ch)
        if frame.code is not None and str(frame.code) == str(TIMED_OUT):
            return (LineShutdown(),)
        return (LineUnknown(text[:HEAD_BYTES]),)

    def _logged_in(self, frame: _Frame) -> LineMessage:
        if str(frame.code) == str(SUCCESS):
            return LoggedIn()
        return LoginRefused(fault_of(SPOT_LINE, frame.code, frame.message or "", SPOT_WINDOW_NS))

    def _subscribed(self, frame: _Frame, topic: str) -> Sequence[LineMessage]:
        if str(frame.code) == str(SUCCESS):
            return (SubscriptionTaken(topic),)
        text = frame.message or ""
        fault = fault_of(SPOT_LINE, frame.code, text, SPOT_WINDOW_NS)
        if topic.startswith("accounts.update") and str(frame.code) == str(SYSTEM_ERROR):
            reason = f"{topic}: {printable(text)}"
            return (Stale(reason), LineEnded(reason))
        return (SubscriptionRefused(topic, fault),)

    def _pushed(self, frame: _Frame, local_ns: int) -> Sequence[LineMessage]:
        reader = _READERS.get((frame.ch or "").partition("#")[0])
        if reader is None:
            return (LineUnknown((frame.ch or "").encode()[:HEAD_BYTES]),)
        return reader(self._access, frame.data, local_ns)


# --- pushes -------------------------------------------------------------------------------------------


def _order(access: Access, data: msgspec.Raw, local_ns: int) -> Sequence[OrderReport]:
    event = part(_ORDER_EVENT, data, "data")
    instrument = access.known(event.symbol)
    if instrument is None or not is_spot(event.order_source):
        return ()
    if event.event_type in ("trigger", "deletion"):
        ours = fields.client_id_of(event.client_order_id or "") is not None
        return (_conditional(instrument, event, local_ns),) if ours else ()
    return (_report(instrument, event, local_ns),)


def _report(instrument: Instrument, event: _OrderEvent, local_ns: int) -> OrderReport:
    side, order_type, tif = type_of(event.type, event.operator)
    by_value = order_type is OrderType.MARKET and side is Side.BUY
    filled = fields.number(event.exec_amt, "execAmt") or Decimal(0)
    size = fields.number(event.order_size, "orderSize")
    if size is None:
        size = fields.total(filled, fields.number(event.remain_amt, "remainAmt") or Decimal(0))
    filled_lots = 0 if by_value else fields.lots_of(instrument, filled, "execAmt")
    state = state_of(event.order_status, order_type, tif, filled_lots)
    if state is None:
        raise ValueError(event.order_status)
    if by_value and event.order_status == "partial-filled":
        state = OrderState.PARTIALLY_FILLED
    has_price = order_type is not OrderType.MARKET
    created_ns = fields.time_ns(event.order_create_time, "orderCreateTime")
    said = event.trade_time if event.event_type == "trade" else event.last_act_time
    return OrderReport(
        instrument_key=instrument.key,
        venue_order_id=fields.order_id_of(event.order_id, "orderId"),
        client_order_id=fields.client_id_of(event.client_order_id or ""),
        client_text=event.client_order_id or "",
        state=state,
        side=side,
        order_type=order_type,
        tif=tif,
        price_ticks=fields.ticks_of(
            instrument, fields.number(event.order_price, "orderPrice") if has_price else None, "orderPrice"
        ),
        lots=0 if by_value else fields.lots_of(instrument, size, "orderSize"),
        filled_lots=filled_lots,
        trigger_ticks=fields.ticks_of(
            instrument, fields.positive(event.stop_price, "stopPrice"), "stopPrice"
        ),
        reason=event.canceled_source_desc or "",
        created_ns=created_ns,
        venue_ns=fields.time_ns(said, "time") or created_ns,
        local_ns=local_ns,
    )


def _conditional(instrument: Instrument, event: _OrderEvent, local_ns: int) -> OrderReport:
    """A conditional order that ended before it came to the book; HTX may say no more than whose it was."""
    failed = event.event_type == "trigger"
    return OrderReport(
        instrument_key=instrument.key,
        venue_order_id=VenueOrderId(
            "" if event.order_id is None else fields.id_text(event.order_id, "orderId")
        ),
        client_order_id=fields.client_id_of(event.client_order_id or ""),
        client_text=event.client_order_id or "",
        state=OrderState.EXPIRED if failed else OrderState.CANCELED,
        side=fields.side_of(event.order_side or event.type.partition("-")[0], "orderSide"),
        order_type=OrderType.STOP_LIMIT,
        tif=None,
        price_ticks=0,
        lots=0,
        filled_lots=0,
        reason=printable(event.err_message or ""),
        venue_ns=fields.time_ns(event.last_act_time, "lastActTime"),
        local_ns=local_ns,
    )


def _cleared(access: Access, data: msgspec.Raw, local_ns: int) -> Sequence[FillReport]:
    event = part(_CLEARING, data, "data")
    instrument = access.known(event.symbol)
    if instrument is None or event.event_type != "trade" or not is_spot(event.source):
        return ()
    side = fields.side_of(event.order_side, "orderSide")
    received = instrument.base if side is Side.BUY else instrument.quote
    fee, fee_asset = fields.paid_fee(
        fields.number(event.transact_fee, "transactFee"),
        event.fee_currency or received,
        fields.number(event.fee_deduct, "feeDeduct"),
        event.fee_deduct_type or "",
        "feeCurrency",
    )
    price_ticks = fields.ticks_of(instrument, event.trade_price, "tradePrice")
    if price_ticks == 0:
        raise ValueError("tradePrice")
    lots, rest = fields.fill_lots_of(instrument, event.trade_volume, "tradeVolume")
    report = FillReport(
        fill_id=fields.fill_id_of(event.trade_id, "tradeId"),
        instrument_key=instrument.key,
        venue_order_id=fields.order_id_of(event.order_id, "orderId"),
        client_order_id=fields.client_id_of(event.client_order_id or ""),
        side=side,
        price_ticks=price_ticks,
        lots=lots,
        rest=rest,
        liquidity=Liquidity.TAKER if event.aggressor else Liquidity.MAKER,
        fee=fee,
        fee_asset=fee_asset,
        venue_ns=fields.time_ns(event.trade_time, "tradeTime"),
        local_ns=local_ns,
    )
    return (report,)


def _changed(access: Access, data: msgspec.Raw, local_ns: int) -> Sequence[BalanceReport]:
    change = part(_CHANGE, data, "data")
    ours = access.setup.account_id
    of_another = ours and change.account_id is not None and str(change.account_id) != ours
    if change.account_type != TRADE_ACCOUNT or of_another:
        return ()
    report = BalanceReport(
        market=access.market,
        asset=fields.asset_of(change.currency, "currency"),
        total=fields.number(change.balance, "balance"),
        free=fields.number(change.available, "available"),
        venue_ns=fields.time_ns(change.change_time, "changeTime"),
        local_ns=local_ns,
    )
    return (report,)


_Reader = Callable[[Access, msgspec.Raw, int], Sequence[LineMessage]]
_READERS: Final[Mapping[str, _Reader]] = {
    "orders": _order,
    "trade.clearing": _cleared,
    "accounts.update": _changed,
}
