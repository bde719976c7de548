"""What an account says beside account events, for people; None for what is no news to them."""

from __future__ import annotations

from trimaran.domain.reports import ForeignFill, ForeignOrder
from trimaran.venues.wire.client_port import (
    ClientEvent,
    ClockFailed,
    LineNews,
    ReconcileFailed,
    RequestFailed,
)
from trimaran.venues.wire.fold_port import FeeKnown, FeeMissing
from trimaran.venues.wire.line_port import Gap, LineDown, LineUp

LINE_UP = "line_up"
LINE_DOWN = "line_down"
FOREIGN = "foreign"
FEE = "fee"
REQUEST_FAILED = "request_failed"
RECONCILE_FAILED = "reconcile_failed"


def describe_account(event: ClientEvent) -> tuple[str, str] | None:
    """(kind, text) of an event of an account."""
    match event:
        case LineNews(line, LineUp()):
            return LINE_UP, f"{line} line is up"
        case LineNews(line, LineDown() as down):
            return LINE_DOWN, f"{line} line is down: {down.reason}"
        case LineNews(line, Gap() as gap):
            return LINE_DOWN, f"{line} line may have missed something: {gap.reason}"
        case LineNews(line, notice):
            return "line", f"{line} line: {notice}"
        case ForeignOrder(report):
            return (
                FOREIGN,
                f"an order that is not of this desk: {report.instrument_key} {report.venue_order_id}",
            )
        case ForeignFill(report):
            return FOREIGN, f"a fill that is not of this desk: {report.instrument_key} {report.fill_id}"
        case FeeMissing(report, booked) if booked:
            return FEE, f"a fill is booked without its fee: {report.instrument_key} {report.fill_id}"
        case FeeKnown() as known:
            name = f"{known.instrument_key} {known.fill_id}"
            return FEE, f"the fee of a fill that is booked: {name} {known.fee} {known.fee_asset}"
        case RequestFailed(what, order, fault):
            return REQUEST_FAILED, f"{what} of {order}: {fault.kind.name} {fault.text}"
        case ReconcileFailed(reason, fault):
            return RECONCILE_FAILED, f"reconciliation ({reason}): {fault.kind.name} {fault.text}"
        case ClockFailed(fault):
            return REQUEST_FAILED, f"the venue's time: {fault.kind.name} {fault.text}"
    return None
