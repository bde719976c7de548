"""Orders of HTX's USDT swaps, cross margin, in the classic API: how each ask is worded, and what it answers.

Source: https://huobiapi.github.io/docs/usdt_swap/v1/en/#swap-trade-interface

 - The account must be in one-way mode (`single_side`): orders say offset `both`, and may only reduce.
 - An order says its leverage, and is refused where that of the position is another one (1349).
 - A market order is `market`. `optimal_20` is no market order: what it does not fill rests.
 - A post-only order that would take is taken and then cancelled, not refused.
 - An id can be among the cancelled and among the failed at once: it was taken, and is under way.
 - Trigger orders carry no client id: one whose answer was lost could not be found again. There are none here.
 - Cancelled orders can be asked for during two hours, client ids during eight.
 - Accounts in multi-asset mode use the V5 API, which this adapter does not speak.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.domain.instrument import Instrument
from trimaran.domain.orders import OrderRequest, OrderType, SelfTrade, TimeInForce
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.htx import fields
from trimaran.venues.htx.envelope import Access, Envelope, part
from trimaran.venues.htx.errors import refusal, unreadable
from trimaran.venues.htx.fields import Id
from trimaran.venues.htx.swap_reports import Match, Row, fills_of, match_of, order_id_of, report_of
from trimaran.venues.wire.asks import (
    CancelAll,
    CancelledAll,
    CancelOrder,
    CancelTaken,
    FillHistory,
    OpenOrders,
    OrderHistory,
    OrderRef,
    Placed,
    PlaceOrder,
    QueryOrder,
)
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.fault import FaultKind, VenueFault, too_many_rows
from trimaran.venues.wire.message import HttpRequest, Stamp

BASE: Final = "/linear-swap-api/v1/"
PLACE_PATH: Final = f"{BASE}swap_cross_order"
CANCEL_PATH: Final = f"{BASE}swap_cross_cancel"
CANCEL_ALL_PATH: Final = f"{BASE}swap_cross_cancelall"
QUERY_PATH: Final = f"{BASE}swap_cross_order_info"
DETAIL_PATH: Final = f"{BASE}swap_cross_order_detail"
OPEN_PATH: Final = f"{BASE}swap_cross_openorders"
HISTORY_PATH: Final = "/linear-swap-api/v3/swap_cross_hisorders"
FILLS_PATH: Final = "/linear-swap-api/v3/swap_cross_matchresults"

ONE_WAY: Final = "both"
LEVERAGE_DEFAULT: Final = 1  # ours: what an order says where the setup does not
PAGE_SIZE_MAX: Final = 50
EVERYTHING: Final = 0
FINISHED: Final = 2
ENDED_STATES: Final = "5,6,7"
NO_TRIGGERS: Final = Unsupported(
    Capability.STOP, "trigger orders carry no client order id: one whose answer was lost could not be found"
)
_NAMES: Final = {
    TimeInForce.GTC: "limit",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.POST_ONLY: "post_only",
}


class _PlacedRow(msgspec.Struct):
    order_id: Id | None = None
    order_id_str: str | None = None


class _Failed(msgspec.Struct):
    err_code: Id
    err_msg: str = ""
    order_id: Id = ""


class _Cancelled(msgspec.Struct):
    errors: list[_Failed] = []
    successes: str = ""


class _Page(msgspec.Struct):
    orders: list[Row]
    total_page: int = 1


_PLACED: Final = msgspec.json.Decoder(_PlacedRow)
_CANCELLED: Final = msgspec.json.Decoder(_Cancelled)
_ROW: Final = msgspec.json.Decoder(Row)
_ROWS: Final = msgspec.json.Decoder(list[Row])
_PAGE: Final = msgspec.json.Decoder(_Page)
_MATCHES: Final = msgspec.json.Decoder(list[Match])


# --- requests -----------------------------------------------------------------------------------------


def place_parameters(access: Access, order: OrderRequest) -> dict[str, object] | Unsupported:
    """The parameters of an order, the same over REST and over WebSocket."""
    instrument = access.instrument_of(order.instrument_key)
    name = _type_name(order)
    if isinstance(name, Unsupported):
        return name
    parameters: dict[str, object] = {
        "contract_code": instrument.symbol,
        "volume": order.lots,
        "direction": fields.SIDE_TEXT[order.side],
        "offset": ONE_WAY,
        "lever_rate": access.setup.leverage.get(instrument.symbol, LEVERAGE_DEFAULT),
        "order_price_type": name,
        "client_order_id": int(order.client_order_id),
        "reduce_only": int(order.reduce_only),
    }
    if order.order_type is OrderType.LIMIT:
        parameters["price"] = fields.price_text(instrument, order.price_ticks)
    if order.self_trade is SelfTrade.CANCEL_TAKER:
        parameters["self_match_prevent"] = 1
    return parameters


def write_place(access: Access, ask: PlaceOrder, stamp: Stamp) -> HttpRequest | Unsupported:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-place-an-order"""
    parameters = place_parameters(access, ask.approved.order)
    if isinstance(parameters, Unsupported):
        return parameters
    return access.post(PLACE_PATH, stamp, "swap.trade", parameters)


def write_cancel(access: Access, ask: CancelOrder, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-cancel-an-order"""
    return access.post(CANCEL_PATH, stamp, "swap.trade", ref_parameters(access, ask.ref), urgent=True)


def cancel_all_parameters(access: Access, ask: CancelAll) -> dict[str, object] | Unsupported:
    """The parameters of a request to cancel everything of one contract."""
    if ask.triggered:
        return NO_TRIGGERS
    if ask.symbol is None:
        return Unsupported(Capability.CANCEL_ALL, "HTX cancels the orders of one contract at a time")
    return {"contract_code": access.instrument(ask.symbol).symbol}


def write_cancel_all(access: Access, ask: CancelAll, stamp: Stamp) -> HttpRequest | Unsupported:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-cancel-all-orders"""
    parameters = cancel_all_parameters(access, ask)
    if isinstance(parameters, Unsupported):
        return parameters
    return access.post(CANCEL_ALL_PATH, stamp, "swap.trade", parameters, urgent=True)


def write_query(access: Access, ask: QueryOrder, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-get-information-of-order"""
    return access.post(QUERY_PATH, stamp, "swap.read", ref_parameters(access, ask.ref))


def write_open(access: Access, ask: OpenOrders, stamp: Stamp) -> HttpRequest | Unsupported:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-current-unfilled-order-acquisition"""
    if ask.triggered:
        return NO_TRIGGERS
    body: dict[str, object] = {"page_index": max(ask.page, 1), "page_size": PAGE_SIZE_MAX}
    if ask.symbol is not None:
        body["contract_code"] = access.instrument(ask.symbol).symbol
    return access.post(OPEN_PATH, stamp, "swap.read", body)


def write_history(access: Access, ask: OrderHistory, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-get-history-orders (windows of 48 hours)"""
    body: dict[str, object] = {
        "contract": access.instrument(ask.symbol).symbol,
        "trade_type": EVERYTHING,
        "type": FINISHED,
        "status": ENDED_STATES,
        **_window(ask.since_ns, stamp, ask.until_ns),
    }
    return access.post(HISTORY_PATH, stamp, "swap.read", body)


def write_fills(access: Access, ask: FillHistory, stamp: Stamp) -> HttpRequest | Unsupported:
    """Of an order the details of it, otherwise the history (windows of 48 hours).

    https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-get-history-match-results
    """
    symbol = access.instrument(ask.symbol).symbol
    if ask.ref is None:
        body = {
            "contract": symbol,
            "trade_type": EVERYTHING,
            **_window(ask.since_ns, stamp, ask.until_ns, "prev"),
        }
        return access.post(FILLS_PATH, stamp, "swap.read", body)
    order_id = ask.ref.venue_order_id
    if order_id is None or not (order_id.isascii() and order_id.isdecimal()):
        return Unsupported(
            Capability.FILL_HISTORY, "fills of one order are asked for by the venue's order id"
        )
    detail = {
        "contract_code": symbol,
        "order_id": int(order_id),
        "page_index": 1,
        "page_size": PAGE_SIZE_MAX,
    }
    return access.post(DETAIL_PATH, stamp, "swap.read", detail)


def ref_parameters(access: Access, ref: OrderRef) -> dict[str, object]:
    """What names an order: HTX's id where it is known, ours otherwise; both as text."""
    parameters: dict[str, object] = {"contract_code": access.instrument(ref.symbol).symbol}
    if ref.venue_order_id is not None:
        parameters["order_id"] = ref.venue_order_id
    else:
        assert ref.client_order_id is not None, ref
        parameters["client_order_id"] = str(int(ref.client_order_id))
    return parameters


# --- answers ------------------------------------------------------------------------------------------


def read_place(access: Access, ask: PlaceOrder, envelope: Envelope, local_ns: int) -> Placed:
    """The answer is the order's id, and ours again."""
    row = part(_PLACED, envelope.data, "data")
    order_id = fields.order_id_of(row.order_id_str or row.order_id, "data.order_id_str")
    return Placed(ask.approved.order.client_order_id, order_id)


def read_cancel(access: Access, ask: CancelOrder, envelope: Envelope, local_ns: int) -> CancelTaken:
    """Taken where the order is among the successes, whatever the errors say."""
    outcome = part(_CANCELLED, envelope.data, "data")
    if outcome.successes:
        return CancelTaken()
    if outcome.errors:
        raise VenueFault(access.fault(outcome.errors[0].err_code, outcome.errors[0].err_msg))
    raise unreadable("cancel: expected an order in one of two lists, found none")


def read_cancel_all(access: Access, ask: CancelAll, envelope: Envelope, local_ns: int) -> CancelledAll:
    """How many requests were taken, and the ids of those that were not."""
    outcome = part(_CANCELLED, envelope.data, "data")
    taken = [each for each in outcome.successes.split(",") if each]
    failed = tuple(str(each.order_id) for each in outcome.errors if str(each.order_id) not in taken)
    return CancelledAll(len(taken), failed)


def read_query(access: Access, ask: QueryOrder, envelope: Envelope, local_ns: int) -> OrderReport:
    """The one order that was asked for. No order at all is HTX's word that it does not know it."""
    rows = part(_ROWS, envelope.data, "data")
    if not rows:
        raise refusal(FaultKind.NO_SUCH_ORDER, "", "no order is listed under this id")
    instrument = access.instrument(ask.ref.symbol)
    for row in rows:
        if access.known(row.contract_code) is instrument and _is_asked(row, ask.ref):
            return report_of(instrument, row, local_ns)
    raise unreadable(f"query: expected an order of {ask.ref.symbol}, found another one")


def read_open(access: Access, ask: OpenOrders, envelope: Envelope, local_ns: int) -> tuple[OrderReport, ...]:
    """Open orders of contracts that the desk knows, oldest first; all of them or a fault."""
    page = part(_PAGE, envelope.data, "data")
    if page.total_page > 1 and not ask.page:
        raise too_many_rows(f"open orders: expected at most {PAGE_SIZE_MAX}, for more do not come at once")
    return _reports(access, page.orders, local_ns)


def read_history(
    access: Access, ask: OrderHistory, envelope: Envelope, local_ns: int
) -> tuple[OrderReport, ...]:
    """Ended orders, oldest first."""
    reports = _reports(access, part(_ROWS, envelope.data, "data"), local_ns)
    return reports[: ask.limit] if ask.since_ns else reports[-ask.limit :]


def read_fills(access: Access, ask: FillHistory, envelope: Envelope, local_ns: int) -> tuple[FillReport, ...]:
    """Fills with their fees, oldest first: of an order its first fifty, otherwise the newest of a window."""
    instrument = access.instrument(ask.symbol)
    fills = _fills(access, instrument, ask, envelope, local_ns)
    fills.sort(key=lambda fill: fill.venue_ns)
    return tuple(fills if ask.ref else fills[-ask.limit :])


# --- helpers ------------------------------------------------------------------------------------------


def _fills(
    access: Access, instrument: Instrument, ask: FillHistory, envelope: Envelope, local_ns: int
) -> list[FillReport]:
    if ask.ref is not None:
        row = part(_ROW, envelope.data, "data")
        return fills_of(instrument, row, row.trades or [], local_ns)
    return [
        match_of(instrument, match, local_ns)
        for match in part(_MATCHES, envelope.data, "data")
        if access.known(match.contract_code) is instrument
    ]


def _reports(access: Access, rows: list[Row], local_ns: int) -> tuple[OrderReport, ...]:
    reports = [
        report_of(instrument, row, local_ns)
        for row in rows
        if (instrument := access.known(row.contract_code)) is not None
    ]
    return tuple(sorted(reports, key=lambda report: report.created_ns))


def _is_asked(row: Row, ref: OrderRef) -> bool:
    if ref.venue_order_id is not None:
        return order_id_of(row) == ref.venue_order_id
    return fields.swap_client_id_of(row.client_order_id) == ref.client_order_id


def _type_name(order: OrderRequest) -> str | Unsupported:
    if order.display_lots:
        return Unsupported(Capability.ICEBERG, "HTX has no iceberg orders")
    if order.self_trade in (SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_BOTH):
        return Unsupported(Capability.SELF_TRADE, "HTX cancels the taker")
    if order.order_type in (OrderType.TAKE_PROFIT_LIMIT, OrderType.TAKE_PROFIT_MARKET):
        return Unsupported(Capability.TAKE_PROFIT, NO_TRIGGERS.reason)
    if order.order_type.is_triggered:
        return NO_TRIGGERS
    if order.order_type is OrderType.LIMIT:
        return _NAMES[order.tif]
    if order.tif in (TimeInForce.FOK, TimeInForce.POST_ONLY):
        return Unsupported(Capability.MARKET, "a market order fills what it can, and never rests")
    return "market"


def _window(since_ns: int, stamp: Stamp, until_ns: int = 0, direct: str = "next") -> dict[str, object]:
    """From `since_ns` on for 48 hours at most, in the order of time or against it; otherwise the newest."""
    if not since_ns:
        return {"direct": "prev"}
    since_ms, until_ms = fields.window_ms(since_ns, until_ns, stamp)
    return {"start_time": since_ms, "end_time": until_ms, "direct": direct}
