"""Orders of ours against those of the venue: open ones against its list, ended ones against its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from trimaran.base.errors import DecodeError
from trimaran.domain.account import OrderAcked, OrderAmended, OrderDone, OrderRejected
from trimaran.domain.client_id import ClientOrderId, encode_client_id, unpack_client_id
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.instrument import InstrumentKey
from trimaran.domain.orders import (
    TERMINAL,
    IntentId,
    OrderRequest,
    OrderState,
    StrategyName,
    TimeInForce,
)
from trimaran.domain.records import JournalRecord, OrderAdopted
from trimaran.domain.reports import OrderReport
from trimaran.ledger.difference import DifferenceKind as Kind
from trimaran.ledger.findings import IMPOSSIBLE_NS, Findings, heard
from trimaran.ledger.our_view import OurOrder, OurView

ADOPTED: Final = StrategyName("adopted")  # nobody knows any more which strategy wanted it
FATE_OPEN: Final = frozenset({OrderState.NEW, OrderState.SENDING, OrderState.UNKNOWN})
NEVER_THERE: Final = frozenset({OrderState.REJECTED, OrderState.NOT_PLACED})
KIND_OF_END: Final = {
    OrderState.CANCELED: Kind.ORDER_CANCELED,
    OrderState.FILLED: Kind.ORDER_FILLED,
    OrderState.EXPIRED: Kind.ORDER_EXPIRED,
    OrderState.REJECTED: Kind.ORDER_REJECTED,
    OrderState.NOT_PLACED: Kind.ORDER_REJECTED,
}


def compare_orders(
    view: OurView,
    theirs: AccountSnapshot,
    ended: Iterable[OrderReport],
    told_lots: Mapping[ClientOrderId, int],
    found: Findings,
) -> frozenset[InstrumentKey]:
    """Compares orders, and returns the instruments where some order may have filled more than we know.

    `ended`: the venue's answers about single orders that its list does not have. `told_lots`: what the fills
    that are missing add to what we know to be filled.
    """
    listed: dict[ClientOrderId, OrderReport] = {}
    unsettled: set[InstrumentKey] = set()
    for report in theirs.open_orders:
        client_order_id = report.client_order_id
        if client_order_id is None:
            _foreign(report, found)
        elif client_order_id in listed:
            if not _is_triggered(view, client_order_id):
                _doubled(listed[client_order_id], report, found)
        else:
            listed[client_order_id] = report
            _open_at_venue(view, client_order_id, report, told_lots, found, unsettled)
    answered: set[ClientOrderId] = set()
    for report in ended:
        client_order_id = report.client_order_id
        if client_order_id is None or client_order_id in listed:
            continue
        if client_order_id in view.orders:
            answered.add(client_order_id)
            _ended_at_venue(view, report, told_lots, found, unsettled)
    for client_order_id, order in view.orders.items():
        if client_order_id not in listed and client_order_id not in answered and order.state not in TERMINAL:
            _not_listed(view, order, found, unsettled)
    return frozenset(unsettled)


def describe_ours(order: OurOrder, told_lots: int = 0) -> str:
    """An order of ours in one line; it changes with everything that we hear of it."""
    asked = order.order
    change = "" if order.amending is None else f" -> {order.amending.lots} @ {order.amending.price_ticks}"
    return (
        f"{order.state.name} {asked.side.name} {asked.lots} @ {asked.price_ticks}{change}, "
        f"filled {order.filled_lots + told_lots}"
    )


def describe_theirs(report: OrderReport) -> str:
    """An order of the venue's in one line."""
    return (
        f"{report.state.name} {report.side.name} {report.lots} @ {report.price_ticks}, "
        f"filled {report.filled_lots}"
    )


def _open_at_venue(
    view: OurView,
    client_order_id: ClientOrderId,
    report: OrderReport,
    told_lots: Mapping[ClientOrderId, int],
    found: Findings,
    unsettled: set[InstrumentKey],
) -> None:
    order = view.orders.get(client_order_id)
    if order is None:
        _not_ours_yet(view, client_order_id, report, found, unsettled)
        return
    if found.is_stale(report.venue_ns, order.venue_ns):
        return  # we have heard of something newer
    told = told_lots.get(client_order_id, 0)
    row = _Row(view, order, report, told, found)
    if order.state in TERMINAL:
        if found.is_settled(order.venue_ns):
            row.tell(Kind.ORDER_REVIVED, "it has ended for us, and the venue has it open")
        return
    if order.state in FATE_OPEN:
        acked = OrderAcked(
            client_order_id,
            report.venue_order_id,
            report.created_ns or report.venue_ns,
            report.local_ns,
        )
        row.tell(Kind.ORDER_SENT, "its answer did not come, and the venue has it", corrections=heard(acked))
    if not row.same_order():
        return
    row.same_terms()
    if not row.same_filled():
        unsettled.add(order.order.instrument_key)


class _Row:
    """One order that both sides have."""

    def __init__(
        self, view: OurView, order: OurOrder, report: OrderReport, told_lots: int, found: Findings
    ) -> None:
        self._view = view
        self._order = order
        self._report = report
        self._filled = order.filled_lots + told_lots
        self._told_lots = told_lots
        self._found = found

    def tell(self, kind: Kind, text: str, corrections: tuple[JournalRecord, ...] = ()) -> None:
        order, report = self._order, self._report
        self._found.tell(
            kind,
            encode_client_id(order.order.client_order_id),
            describe_ours(order, self._told_lots),
            describe_theirs(report),
            text,
            ours_ns=order.venue_ns,
            theirs_ns=_state_ns(report),
            key=order.order.instrument_key,
            corrections=corrections,
        )

    def same_order(self) -> bool:
        """Whether it is the order that we mean at all."""
        order, report = self._order, self._report
        if report.instrument_key != order.order.instrument_key:
            self.tell(Kind.ORDER_INSTRUMENT, f"the venue has it on {report.instrument_key}")
        elif report.side is not order.order.side:
            self.tell(Kind.ORDER_SIDE, "the venue has it on the other side")
        elif order.venue_order_id not in (None, report.venue_order_id) and self._keeps_its_id():
            self.tell(
                Kind.ORDER_VENUE_ID,
                f"the venue knew it as {order.venue_order_id}, and now as {report.venue_order_id}",
            )
        elif self._impossible_time():
            self.tell(Kind.ORDER_TIME, f"made at {report.created_ns}, last changed at {report.venue_ns}")
        else:
            return True
        return False

    def _keeps_its_id(self) -> bool:
        """A change may give an order another id, and what comes of a triggered one has its own."""
        return self._order.amending is None and not self._order.order.order_type.is_triggered

    def _impossible_time(self) -> bool:
        order, report = self._order, self._report
        asked_ns = order.order.created_ns - self._found.ahead_ns
        before_asked = 0 < report.created_ns < asked_ns - IMPOSSIBLE_NS
        before_made = 0 < report.venue_ns < report.created_ns - IMPOSSIBLE_NS
        return before_asked or before_made or report.venue_ns > self._found.ended_venue_ns + IMPOSSIBLE_NS

    def same_terms(self) -> None:
        order, report = self._order, self._report
        asked, amending = order.order, order.amending
        prices = {asked.price_ticks} | ({amending.price_ticks} if amending else set())
        sizes = {asked.lots} | ({amending.lots} if amending else set())
        binding = asked.order_type.has_venue_price and report.price_ticks != 0
        other_price = binding and report.price_ticks not in prices
        other_lots = report.lots != 0 and report.lots not in sizes
        amended = heard(
            OrderAmended(
                asked.client_order_id,
                report.price_ticks or asked.price_ticks,
                report.lots or asked.lots,
                report.venue_ns,
                report.local_ns,
            )
        )
        if other_price:
            self.tell(Kind.ORDER_PRICE, "another price than ours", corrections=amended)
        if other_lots:
            self.tell(Kind.ORDER_LOTS, "another size than ours", corrections=amended)
        if asked.order_type.is_triggered and report.trigger_ticks not in (0, asked.trigger_ticks):
            self.tell(Kind.ORDER_TRIGGER, f"it waits for {report.trigger_ticks}, not {asked.trigger_ticks}")

    def same_filled(self) -> bool:
        """Whether both sides agree on what is filled."""
        report = self._report
        if 0 < report.lots < report.filled_lots:
            self.tell(Kind.ORDER_OVERFILLED, "more is filled than it asks for")
        elif report.filled_lots > self._filled:
            self.tell(Kind.ORDER_FILLED_MORE, f"{report.filled_lots - self._filled} lots without a fill")
        elif report.filled_lots < self._filled:
            self.tell(Kind.ORDER_FILLED_LESS, "we have fills that the venue does not count")
        else:
            return True
        return False


def _ended_at_venue(
    view: OurView,
    report: OrderReport,
    told_lots: Mapping[ClientOrderId, int],
    found: Findings,
    unsettled: set[InstrumentKey],
) -> None:
    client_order_id = report.client_order_id
    assert client_order_id is not None
    if report.state not in TERMINAL:
        return
    order = view.orders[client_order_id]
    row = _Row(view, order, report, told_lots.get(client_order_id, 0), found)
    if order.state in NEVER_THERE:
        if report.state not in NEVER_THERE:
            row.tell(Kind.ORDER_PLACED, "it was never placed for us, and the venue had it")
        return
    if not row.same_order():
        return
    if order.state not in TERMINAL and not order.ending:
        row.tell(KIND_OF_END[report.state], f"it has ended: {report.reason}", heard(_end(report)))
    if report.state not in NEVER_THERE and not row.same_filled():
        unsettled.add(order.order.instrument_key)


def _end(report: OrderReport) -> OrderDone | OrderRejected:
    client_order_id = report.client_order_id
    assert client_order_id is not None
    if report.state in NEVER_THERE:
        return OrderRejected(client_order_id, "", report.reason, report.venue_ns, report.local_ns)
    terms = report.state, report.reason, report.venue_ns, report.local_ns, report.filled_lots
    return OrderDone(client_order_id, *terms)


def _not_listed(view: OurView, order: OurOrder, found: Findings, unsettled: set[InstrumentKey]) -> None:
    """Open for us, and the venue's list is without it. Orders under way are the resolver's."""
    asked = order.order
    unsettled.add(asked.instrument_key)
    if order.state in FATE_OPEN or order.ending or not found.is_settled(order.venue_ns):
        return
    kind, text, corrections = Kind.ORDER_MISSING, "the venue does not list it, nor say why", heard()
    if asked.instrument_key in view.delisted:
        kind, text = Kind.ORDER_DELISTED, "its instrument is no longer listed"
        gone = OrderDone(asked.client_order_id, OrderState.CANCELED, text, found.began_ns, found.ended_ns)
        corrections = heard(gone)
    found.tell(
        kind,
        encode_client_id(asked.client_order_id),
        describe_ours(order),
        "not listed",
        text,
        ours_ns=order.venue_ns,
        theirs_ns=0,
        key=asked.instrument_key,
        corrections=corrections,
    )


def _not_ours_yet(
    view: OurView,
    client_order_id: ClientOrderId,
    report: OrderReport,
    found: Findings,
    unsettled: set[InstrumentKey],
) -> None:
    """The id has the form of ours, and the record has no such order."""
    corrections: tuple[JournalRecord, ...] = ()
    kind, text = _whose(view, client_order_id)
    if kind is Kind.ORDER_UNTRACKED and report.instrument_key not in view.instruments:
        kind, text = Kind.ORDER_UNLISTED, "its instrument is not known here"
    elif kind is Kind.ORDER_UNTRACKED and report.lots:
        order = _adopted(client_order_id, report)
        acked = OrderAcked(
            client_order_id,
            report.venue_order_id,
            report.created_ns or report.venue_ns,
            report.local_ns,
        )
        corrections = (OrderAdopted(order, report.venue_order_id, report.local_ns), *heard(acked))
        if report.filled_lots:
            unsettled.add(order.instrument_key)
    found.tell(
        kind,
        encode_client_id(client_order_id) if client_order_id > 0 else report.venue_order_id,
        "unknown",
        describe_theirs(report),
        text,
        ours_ns=0,
        theirs_ns=report.venue_ns,
        key=report.instrument_key,
        corrections=corrections,
    )


def _whose(view: OurView, client_order_id: ClientOrderId) -> tuple[Kind, str]:
    try:
        parts = unpack_client_id(client_order_id)
    except DecodeError:
        return Kind.ORDER_FOREIGN, "its client id is none of ours"
    counter = view.counter
    if parts.region != counter.region:
        return Kind.ORDER_OTHER_REGION, f"region {parts.region} made it, this is {counter.region}"
    if parts.shard != counter.shard:
        return Kind.ORDER_OTHER_SHARD, f"shard {parts.shard} made it, this is {counter.shard}"
    if (parts.epoch, parts.sequence) > (counter.epoch, counter.sequence):
        return Kind.ORDER_OTHER_EPOCH, (
            f"id {parts.sequence} of epoch {parts.epoch} was never given out here; "
            f"the last was {counter.sequence} of epoch {counter.epoch}"
        )
    return Kind.ORDER_UNTRACKED, "its id is ours, and the record does not know it"


def _adopted(client_order_id: ClientOrderId, report: OrderReport) -> OrderRequest:
    return OrderRequest(
        intent_id=IntentId(f"adopted-{encode_client_id(client_order_id)}"),
        client_order_id=client_order_id,
        instrument_key=report.instrument_key,
        side=report.side,
        price_ticks=report.price_ticks,
        lots=report.lots,
        tif=TimeInForce.GTC if report.tif is None else report.tif,
        strategy=ADOPTED,
        group=None,
        reduce_only=report.reduce_only,
        created_ns=report.local_ns,
        order_type=report.order_type,
        trigger_ticks=report.trigger_ticks,
    )


def _foreign(report: OrderReport, found: Findings) -> None:
    found.tell(
        Kind.ORDER_FOREIGN,
        report.venue_order_id,
        "unknown",
        describe_theirs(report),
        "an order that Trimaran did not make",
        ours_ns=0,
        theirs_ns=report.venue_ns,
        key=report.instrument_key,
    )


def _doubled(first: OrderReport, second: OrderReport, found: Findings) -> None:
    client_order_id = first.client_order_id
    if first.venue_order_id == second.venue_order_id or client_order_id is None:
        return
    found.tell(
        Kind.ORDER_DOUBLED,
        encode_client_id(client_order_id),
        f"one order, {first.venue_order_id}",
        f"another one, {second.venue_order_id}",
        "two orders of the venue have one client id",
        ours_ns=0,
        theirs_ns=min(first.venue_ns, second.venue_ns),
        key=second.instrument_key,
    )


def _is_triggered(view: OurView, client_order_id: ClientOrderId) -> bool:
    """Whether the venue may list it twice: as the order that waited, and as what came of it."""
    order = view.orders.get(client_order_id)
    return order is not None and order.order.order_type.is_triggered


def _state_ns(report: OrderReport) -> int:
    """When an order came to be as it is reported; 0 where only the time of its making is told (HTX)."""
    only_made = report.filled_lots > 0 and report.venue_ns == report.created_ns
    return 0 if only_made else report.venue_ns
