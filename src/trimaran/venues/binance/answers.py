"""What Binance answers to asks about orders, of either transport, as the answers that they promise.

An answer about another order than the one that was asked about is no answer: it is refused, and the fate of
the order that was asked about stays open.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.domain.client_id import ClientOrderId, encode_client_id
from trimaran.domain.orders import TERMINAL
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.binance.account import done_code
from trimaran.venues.binance.fields import order_id_of, waiting_id_of
from trimaran.venues.binance.orders import waits_apart
from trimaran.venues.binance.reports import (
    AlgoBody,
    FillBody,
    OrderBody,
    algo_report,
    fill_report,
    fills_of_order,
    order_report,
    traded,
)
from trimaran.venues.binance.routes import Desk
from trimaran.venues.wire.asks import (
    AmendOrder,
    ArmDeadMan,
    Armed,
    CancelAll,
    CancelledAll,
    CancelOrder,
    CancelTaken,
    Disarmed,
    FillHistory,
    OpenOrders,
    OrderHistory,
    OrderRef,
    Placed,
    PlaceOrder,
    QueryOrder,
)


class _Amended(msgspec.Struct, rename="camel"):
    amended_order: OrderBody
    transact_time: int = 0


class _CancelledRow(msgspec.Struct, rename="camel"):
    """An order that was cancelled with all others, or a list of orders with its own reports."""

    order_id: int | None = None
    order_reports: list[msgspec.Raw] = []


class _AlgoCancelled(msgspec.Struct, rename="camel"):
    """The answer to cancelling a conditional order: all of it, or just its ids and a word."""

    algo_id: int
    client_algo_id: str = ""
    algo_status: str = ""


class _Countdown(msgspec.Struct, rename="camel"):
    symbol: str
    countdown_time: str | int


_ORDER: Final = msgspec.json.Decoder(OrderBody)
_ORDERS: Final = msgspec.json.Decoder(list[OrderBody])
_AMENDED: Final = msgspec.json.Decoder(_Amended)
_ALGO: Final = msgspec.json.Decoder(AlgoBody)
_ALGOS: Final = msgspec.json.Decoder(list[AlgoBody])
_ALGO_CANCELLED: Final = msgspec.json.Decoder(_AlgoCancelled)
_CANCELLED: Final = msgspec.json.Decoder(list[_CancelledRow])
_FILLS: Final = msgspec.json.Decoder(list[FillBody])
_COUNTDOWN: Final = msgspec.json.Decoder(_Countdown)


def read_place(desk: Desk, ask: PlaceOrder, body: bytes, local_ns: int) -> Placed:
    """The order as the venue took it, with the fills that it had at once where the answer has them."""
    order = ask.approved.order
    instrument = desk.of_order(order.instrument_key)
    if order.order_type.is_triggered and desk.words.spec.triggers_apart:
        algo = _ALGO.decode(body)
        _same_text(algo.client_algo_id, order.client_order_id)
        report = algo_report(algo, instrument, local_ns)
        return Placed(order.client_order_id, report.venue_order_id, report)
    placed = _ORDER.decode(body)
    _same_text(placed.client_order_id, order.client_order_id)
    number = order_id_of(placed.order_id)
    if not placed.status:
        return Placed(order.client_order_id, number)
    fills = fills_of_order(placed, instrument, local_ns)
    return Placed(order.client_order_id, number, order_report(placed, instrument, local_ns), fills)


def read_amend(desk: Desk, ask: AmendOrder, body: bytes, local_ns: int) -> Placed:
    """The order as it is now."""
    order = ask.approved.order
    instrument = desk.of_order(order.instrument_key)
    if desk.words.perpetual:
        amended = _ORDER.decode(body)
    else:
        answer = _AMENDED.decode(body)
        amended = msgspec.structs.replace(answer.amended_order, transact_time=answer.transact_time)
    _same_text(amended.client_order_id, order.client_order_id)
    report = order_report(amended, instrument, local_ns)
    return Placed(order.client_order_id, report.venue_order_id, report)


def read_cancel(desk: Desk, ask: CancelOrder, body: bytes, local_ns: int) -> CancelTaken:
    """The order as it ended. A conditional one may be answered by its ids alone."""
    instrument = desk.instrument(ask.ref.symbol)
    if not waits_apart(desk, ask.ref):
        order = _ORDER.decode(body)
        return CancelTaken(_about(order_report(order, instrument, local_ns), ask.ref))
    ids = _ALGO_CANCELLED.decode(body)
    if not ids.algo_status:
        return CancelTaken()
    algo = _ALGO.decode(body)
    return CancelTaken(_about(algo_report(algo, instrument, local_ns), ask.ref, algo.algo_id))


def read_cancel_all(desk: Desk, ask: CancelAll, body: bytes, local_ns: int) -> CancelledAll:
    """Spot counts what it cancelled; USD-M only says that it did."""
    if desk.words.perpetual:
        done_code(body)
        return CancelledAll(None)
    rows = _CANCELLED.decode(body)
    return CancelledAll(sum(len(row.order_reports) or row.order_id is not None for row in rows))


def read_query(desk: Desk, ask: QueryOrder, body: bytes, local_ns: int) -> OrderReport:
    """The order as it is."""
    instrument = desk.instrument(ask.ref.symbol)
    if waits_apart(desk, ask.ref):
        algo = _ALGO.decode(body)
        return _about(algo_report(algo, instrument, local_ns), ask.ref, algo.algo_id)
    return _about(order_report(_ORDER.decode(body), instrument, local_ns), ask.ref)


def read_open_orders(desk: Desk, ask: OpenOrders, body: bytes, local_ns: int) -> tuple[OrderReport, ...]:
    """Open orders of instruments that the desk trades."""
    if ask.triggered and desk.words.spec.triggers_apart:
        algos = [(traded(desk.by_symbol, row.symbol), row) for row in _ALGOS.decode(body)]
        return tuple(algo_report(row, instrument, local_ns) for instrument, row in algos if instrument)
    return _reports(desk, body, local_ns)


def read_history(desk: Desk, ask: OrderHistory, body: bytes, local_ns: int) -> tuple[OrderReport, ...]:
    """Orders that ended, oldest first, as Binance sends them."""
    return tuple(report for report in _reports(desk, body, local_ns) if report.state in TERMINAL)


def read_fills(desk: Desk, ask: FillHistory, body: bytes, local_ns: int) -> tuple[FillReport, ...]:
    """Fills, oldest first, as Binance sends them. They do not name our order unless it was asked for."""
    instrument = desk.instrument(ask.symbol)
    asked, ours = (None, None) if ask.ref is None else (ask.ref.venue_order_id, ask.ref.client_order_id)
    rows = [row for row in _FILLS.decode(body) if row.symbol == ask.symbol]
    return tuple(
        fill_report(row, instrument, ours, local_ns)
        for row in rows
        if asked is None or order_id_of(row.order_id) == asked
    )


def read_dead_man(desk: Desk, ask: ArmDeadMan, body: bytes, local_ns: int) -> Armed | Disarmed:
    """Whether the switch is armed. The venue does not say when it fires."""
    answer = _COUNTDOWN.decode(body)
    if answer.symbol != ask.symbol or not str(answer.countdown_time).isdigit():
        raise DecodeError(DecodeKind.SCHEMA, "countdownTime", f"of {ask.symbol}", answer.symbol)
    return Armed(0) if int(answer.countdown_time) else Disarmed()


def _reports(desk: Desk, body: bytes, local_ns: int) -> tuple[OrderReport, ...]:
    rows = [(traded(desk.by_symbol, row.symbol), row) for row in _ORDERS.decode(body)]
    return tuple(
        order_report(row, instrument, local_ns) for instrument, row in rows if instrument is not None
    )


def _same_text(found: str, asked: ClientOrderId) -> None:
    expected = encode_client_id(asked)
    if found != expected:
        raise DecodeError(DecodeKind.SCHEMA, "clientOrderId", expected, found)


def _about(report: OrderReport, ref: OrderRef, algo_id: int | None = None) -> OrderReport:
    """The report, which must be of the order that was asked for; `algo_id` of one that waits, or waited.

    A text that is no id of ours is overlooked: it was found by ours, and may be that of a cancel.
    """
    number = report.venue_order_id if algo_id is None else waiting_id_of(algo_id)
    if ref.venue_order_id not in (None, number):
        raise DecodeError(DecodeKind.SCHEMA, "orderId", str(ref.venue_order_id), number)
    if ref.client_order_id in (None, report.client_order_id):
        return report
    if report.client_order_id is not None:
        raise DecodeError(DecodeKind.SCHEMA, "clientOrderId", str(ref.client_order_id), report.client_text)
    return msgspec.structs.replace(report, client_order_id=ref.client_order_id)
