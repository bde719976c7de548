"""What OKX says about orders: accepted or not, how they are, what was filled; over REST and over the line.

Sources: as in `orders.py`. An answer must be to what was asked: one that names another order than ours is a
fault of unknown effect. Lists come newest first and are told oldest first. A page has 100 rows: where that is
full, OpenOrders fails rather than passing off a part as the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientOrderId, encode_client_id
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.okx.envelope import Context, all_of, only
from trimaran.venues.okx.orders import PAGE_MAX, id_arguments, is_algo
from trimaran.venues.okx.reports import (
    ALGO,
    AlgoRow,
    FillRow,
    OrderRow,
    algo_report,
    fill_report,
    order_report,
)
from trimaran.venues.wire.asks import (
    AmendOrder,
    Ask,
    CancelledAll,
    CancelMany,
    CancelOrder,
    CancelTaken,
    FillHistory,
    OpenOrders,
    OrderHistory,
    Placed,
    PlaceOrder,
    QueryOrder,
)
from trimaran.venues.wire.fault import too_many_rows

Rows = Sequence[msgspec.Raw]


class _Ack(msgspec.Struct, rename="camel"):
    ord_id: str = ""
    cl_ord_id: str = ""
    algo_id: str = ""
    algo_cl_ord_id: str = ""


_ACKS: Final = msgspec.json.Decoder(_Ack)
_ORDERS: Final = msgspec.json.Decoder(OrderRow)
_FILLS: Final = msgspec.json.Decoder(FillRow)
_ALGOS: Final = msgspec.json.Decoder(AlgoRow)


def _placed(ask: PlaceOrder, raws: Rows, context: Context, local_ns: int) -> Placed:
    order = ask.approved.order
    return _accepted(order.client_order_id, order.order_type.is_triggered, raws)


def _amended(ask: AmendOrder, raws: Rows, context: Context, local_ns: int) -> Placed:
    return _accepted(ask.approved.order.client_order_id, False, raws)


def _accepted(client_order_id: ClientOrderId, algo: bool, raws: Rows) -> Placed:
    """The venue's id of an order; the row must not name another client id than ours."""
    row = only(raws, _ACKS)
    told, mine = (row.algo_cl_ord_id if algo else row.cl_ord_id), encode_client_id(client_order_id)
    if told not in ("", mine):
        raise DecodeError(DecodeKind.SCHEMA, "clOrdId", mine, told)
    venue_id = row.algo_id if algo else row.ord_id
    if not venue_id:
        raise DecodeError(DecodeKind.SCHEMA, "algoId" if algo else "ordId", "an id", venue_id)
    return Placed(client_order_id, VenueOrderId(f"{ALGO}{venue_id}" if algo else venue_id))


def _cancel_taken(ask: CancelOrder, raws: Rows, context: Context, local_ns: int) -> CancelTaken:
    only(raws, _ACKS)
    return CancelTaken()


def _many_cancelled(ask: CancelMany, raws: Rows, context: Context, local_ns: int) -> CancelledAll:
    return CancelledAll(len(raws))


def _queried(ask: QueryOrder, raws: Rows, context: Context, local_ns: int) -> OrderReport:
    algo, wanted = is_algo(ask.ref), next(iter(id_arguments(ask.ref).values()))
    if algo:
        waiting = only(raws, _ALGOS)
        report, told = algo_report(waiting, context, local_ns), (waiting.algo_id, waiting.algo_cl_ord_id)
    else:
        row = only(raws, _ORDERS)
        report, told = order_report(row, context, local_ns), (row.ord_id, row.cl_ord_id)
    if report is None or wanted not in told:
        raise DecodeError(DecodeKind.SCHEMA, "data[0]", f"order {wanted}", told)
    return report


def _opened(ask: OpenOrders, raws: Rows, context: Context, local_ns: int) -> tuple[OrderReport, ...]:
    if len(raws) >= PAGE_MAX and not ask.page:
        raise too_many_rows(f"expected less than a page of {PAGE_MAX} open orders, found {len(raws)}")
    if ask.triggered:
        found = [algo_report(row, context, local_ns) for row in all_of(raws, _ALGOS)]
    else:
        found = [order_report(row, context, local_ns) for row in all_of(raws, _ORDERS)]
    return tuple(report for report in found if report is not None)


def _ended(ask: OrderHistory, raws: Rows, context: Context, local_ns: int) -> tuple[OrderReport, ...]:
    found = [order_report(row, context, local_ns) for row in reversed(all_of(raws, _ORDERS))]
    return tuple(report for report in found if report is not None)


def _filled(ask: FillHistory, raws: Rows, context: Context, local_ns: int) -> tuple[FillReport, ...]:
    found = [fill_report(row, context, local_ns) for row in reversed(all_of(raws, _FILLS))]
    fills = [report for report in found if report is not None]
    if ask.ref is not None and ask.ref.venue_order_id is None:  # the venue finds fills by its own id alone
        fills = [fill for fill in fills if fill.client_order_id == ask.ref.client_order_id]
    return tuple(fills)


READERS: Final[Mapping[type[Ask[Any]], Callable[[Any, Rows, Context, int], object]]] = {
    PlaceOrder: _placed,
    AmendOrder: _amended,
    CancelOrder: _cancel_taken,
    CancelMany: _many_cancelled,
    QueryOrder: _queried,
    OpenOrders: _opened,
    OrderHistory: _ended,
    FillHistory: _filled,
}
