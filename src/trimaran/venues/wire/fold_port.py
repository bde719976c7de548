"""What the fold of an account's reports gives out, beside account events: questions, alarms, reports."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import msgspec

from trimaran.domain.account import (
    AmendLost,
    Fill,
    FillId,
    OrderAcked,
    OrderAmended,
    OrderDone,
    OrderRejected,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Asset, InstrumentKey, Side
from trimaran.domain.orders import TERMINAL, OrderState
from trimaran.domain.reports import (
    BalanceReport,
    FillReport,
    ForeignFill,
    ForeignOrder,
    OrderReport,
    PositionReport,
)

V = TypeVar("V")


class FillsMissing(msgspec.Struct, frozen=True):
    """The venue says that more was filled than the fills tell that came: ask `FillHistory`."""

    instrument_key: InstrumentKey
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    lots: int  # that are missing


class FeeMissing(msgspec.Struct, frozen=True):
    """A fill's fee has not come: ask `FillHistory`. `booked`: it went out with a fee of 0, alarm."""

    report: FillReport
    booked: bool


class FeeKnown(msgspec.Struct, frozen=True):
    """The fee of a fill that went out with 0."""

    fill_id: FillId
    instrument_key: InstrumentKey
    client_order_id: ClientOrderId
    side: Side
    fee: Decimal
    fee_asset: Asset


class OwnerMissing(msgspec.Struct, frozen=True):
    """A fill of an order that nobody has told of yet: ask `QueryOrder` by the venue's id."""

    report: FillReport


class OpenOrder(msgspec.Struct, frozen=True):
    """An order of ours that is open as far as we know."""

    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    venue_order_id: VenueOrderId | None


FoldQuestion = FillsMissing | FeeMissing | OwnerMissing
FoldEvent = (
    OrderAcked
    | OrderRejected
    | OrderDone
    | Fill
    | OrderAmended
    | AmendLost
    | ForeignOrder
    | ForeignFill
    | FeeKnown
    | FoldQuestion
    | BalanceReport
    | PositionReport
)


def told_again(report: OrderReport, number: ClientOrderId) -> list[FoldEvent]:
    """What a report says of an order of which everything was told before."""
    if report.state is OrderState.REJECTED:
        return [OrderRejected(number, "", report.reason, report.venue_ns, report.local_ns)]
    at_ns = report.created_ns or report.venue_ns
    events: list[FoldEvent] = [OrderAcked(number, report.venue_order_id, at_ns, report.local_ns)]
    if report.state in TERMINAL:
        terms = report.state, report.reason, report.venue_ns, report.local_ns, report.filled_lots
        events.append(OrderDone(number, *terms))
    return events


def key_of(report: BalanceReport | PositionReport) -> object:
    """What a report is about."""
    if isinstance(report, PositionReport):
        return report.instrument_key
    return report.market, report.asset


def nothing_of(report: BalanceReport | PositionReport, wall_ns: int) -> BalanceReport | PositionReport:
    """Nothing of what a report told of; when it went is not known, so a push since then is newer."""
    if isinstance(report, PositionReport):
        key, at_ns = report.instrument_key, report.venue_ns
        return PositionReport(instrument_key=key, lots=0, entry_price=None, venue_ns=at_ns, local_ns=wall_ns)
    return msgspec.structs.replace(report, total=Decimal(0), free=Decimal(0), local_ns=wall_ns)


def shape_of(report: OrderReport) -> tuple[OrderState, int, int, int]:
    """What must change of an order before it is news."""
    return report.state, report.price_ticks, report.lots, report.filled_lots


def bound(kept: dict[tuple[InstrumentKey, VenueOrderId], V], most: int) -> None:
    """Forgets the oldest of a memory that has become too large."""
    if len(kept) > most:
        del kept[next(iter(kept))]
