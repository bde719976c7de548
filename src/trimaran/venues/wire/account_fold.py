"""Reports of an account folded into account events: each order's ack and end once, each fill once. Pure.

    pushes, answers, history -> report -> [OrderAcked, OrderAmended, Fill, OrderDone, ForeignOrder, ...]

Reports come twice, late and in any order, from channels that know different things. Whatever the order, the
same events come out in the end: one ack, one end, each fill, and the last price and size. Two reports of one
thing are ordered by their `venue_ns` alone; an older price, balance or position never replaces a newer one.

What does not add up is asked for: `FillsMissing` when an order says for MISSING_NS that more was filled than
the fills tell, again after twice that, four times and so on up to MISSING_NS_MAX, until it adds up. Fills
that come after the end pass. Fills whose owner or fee is not known wait in `fold_fills`. An amendment that
the venue has taken and that no report has shown within AMEND_NS is `AmendLost`, and one that was lost owes
its terms: the next answer to a question about the order tells them, changed or not.

Memory: orders that are open are kept; of those that ended (and add up) the last ORDERS_KEPT, of foreign
orders the last FOREIGN_KEPT. A report of an order that was forgotten makes an ack and an end again, which
the state table absorbs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence, Set
from typing import Final

import msgspec

from trimaran.domain.account import (
    AmendLost,
    OrderAcked,
    OrderAmended,
    OrderDone,
    OrderRejected,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import InstrumentKey
from trimaran.domain.orders import TERMINAL, OrderRequest, OrderState
from trimaran.domain.reports import (
    BalanceReport,
    FillReport,
    ForeignOrder,
    OrderReport,
    PositionReport,
    Report,
)
from trimaran.venues.wire.asks import Placed
from trimaran.venues.wire.fold_fills import FOREIGN, FillDesk, Foreign, Owner
from trimaran.venues.wire.fold_holdings import HoldingDesk
from trimaran.venues.wire.fold_port import (
    FillsMissing,
    FoldEvent,
    OpenOrder,
    bound,
    shape_of,
    told_again,
)

MISSING_NS: Final = 500_000_000
MISSING_NS_MAX: Final = 60_000_000_000
AMEND_NS: Final = 2_000_000_000
ORDERS_KEPT: Final = 10_000
FOREIGN_KEPT: Final = 4_096


class _Order(msgspec.Struct):
    """An order of ours, as far as reports have told."""

    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    price_ticks: int = 0  # 0: not known, or it has none
    lots: int = 0
    terms_ns: int = 0  # the venue's time of price and size
    wanted: tuple[int, int] = (0, 0)  # price and size that an amendment asked for last
    amending: bool = False  # and no report has shown them, and no answer refused them
    owes_terms: bool = False  # an amendment was lost: the terms must be told
    venue_order_id: VenueOrderId | None = None
    acked: bool = False
    done: bool = False
    told_lots: int = 0  # filled, as the venue's reports of the order say
    seen_lots: int = 0  # filled, as the fills say that came
    booked_lots: int = 0  # filled, as an earlier process has booked; some of it may come again
    ask_ns: int = 0  # when to ask for fills that are missing; 0: none are
    asks: int = 0


class AccountFold:
    """The fold of one account's market. Local times must not run backwards."""

    def __init__(self) -> None:
        self._orders: dict[ClientOrderId, _Order] = {}
        self._ended: OrderedDict[ClientOrderId, None] = OrderedDict()  # in the order of ending
        self._owners: dict[tuple[InstrumentKey, VenueOrderId], ClientOrderId | Foreign] = {}
        self._foreign: dict[tuple[InstrumentKey, VenueOrderId], OrderReport] = {}
        self._short: dict[ClientOrderId, _Order] = {}  # orders that do not add up
        self._taken: dict[ClientOrderId, int] = {}  # amendments that no report has shown: until when to wait
        self._holdings = HoldingDesk()
        self._fills = FillDesk(self._owner)

    def expect(self, order: OrderRequest) -> None:
        """An order of ours is about to be sent."""
        known = self._order(order.client_order_id, order.instrument_key)
        known.lots = order.lots
        known.price_ticks = order.price_ticks if order.order_type.has_venue_price else 0

    def resume(self, order: OrderRequest, filled_lots: int, asked: OrderRequest | None) -> None:
        """An order of an earlier process that has not ended, and of which so much was booked.

        `asked`: a change of it of which nobody has heard whether it was taken.
        """
        self.expect(order)
        self._orders[order.client_order_id].booked_lots = filled_lots
        if asked is not None:
            self.expect_amended(asked)
            self.amend_ended(order.client_order_id, lost=True)

    def expect_amended(self, order: OrderRequest) -> None:
        """An order of ours is about to be changed into this."""
        price_ticks = order.price_ticks if order.order_type.has_venue_price else 0
        known = self._order(order.client_order_id, order.instrument_key)
        known.wanted, known.amending = (price_ticks, order.lots), True

    def amend_taken(self, client_order_id: ClientOrderId, now_ns: int) -> None:
        """The venue has taken an amendment; a report will show it."""
        order = self._orders.get(client_order_id)
        if order is not None and order.amending:
            self._taken[client_order_id] = now_ns + AMEND_NS

    def amend_ended(self, client_order_id: ClientOrderId, lost: bool) -> bool:
        """An amendment was refused, and the order is as it was; or no answer came to it.

        False when a report has shown the new terms before, so that nothing is to be told.
        """
        order = self._orders.get(client_order_id)
        if order is None:
            return True
        unseen, order.amending = order.amending, lost and order.amending
        order.owes_terms |= order.amending
        return unseen

    def placed(
        self, answer: Placed, instrument_key: InstrumentKey, now_ns: int, venue_ns: int, wall_ns: int
    ) -> list[FoldEvent]:
        """The answer to an order: an ack, stamped with the two times, and whatever else it says."""
        order = self._order(answer.client_order_id, instrument_key)
        events: list[FoldEvent] = []
        if answer.report is not None:
            events += self.report(answer.report, now_ns)
        elif not order.acked:
            order.acked = True
            events.append(OrderAcked(order.client_order_id, answer.venue_order_id, venue_ns, wall_ns))
        events += self._claim(order, answer.venue_order_id)
        self._count(now_ns)
        for fill in answer.fills:
            events += self.report(fill, now_ns)
        return events

    def refused(self, client_order_id: ClientOrderId) -> bool:
        """The order was never placed: it is not open. False when a report has told of the refusal before.

        An order that a report has acked stays what it is: the refusal contradicts it, and is told.
        """
        order = self._orders.get(client_order_id)
        if order is None or order.acked:
            return True
        news, order.done = not order.done, True
        self._keep_few(order)
        return news

    def gone(self, client_order_id: ClientOrderId) -> None:
        """It is proved that the venue does not know the order (any more): nobody is to ask for it again."""
        order = self._orders.get(client_order_id)
        if order is not None:
            order.done = True
            self._short.pop(client_order_id, None)
            self._keep_few(order)

    def terms(self, client_order_id: ClientOrderId) -> tuple[int, int] | None:
        """Price in ticks (0: none) and lots of an order of ours, as they are in force; None: not known."""
        order = self._orders.get(client_order_id)
        return None if order is None or not order.lots else (order.price_ticks, order.lots)

    def venue_order_id(self, client_order_id: ClientOrderId) -> VenueOrderId | None:
        """The venue's id of an order of ours, where it has told it."""
        order = self._orders.get(client_order_id)
        return order.venue_order_id if order is not None else None

    def owns(self, report: FillReport) -> bool:
        """Whether it is known whose order a fill belongs to."""
        return self._fills.owner_of(report) is not None

    def retell(self, report: OrderReport, now_ns: int) -> list[FoldEvent]:
        """The answer to a question about an order of ours: who asks is told its state, news or not."""
        events = self.report(report, now_ns)
        number = report.client_order_id
        if number is None:
            return events
        events = events or told_again(report, number)
        order = self._orders.get(number)
        if order is not None and order.owes_terms and not order.done:
            if not any(isinstance(event, OrderAmended) for event in events):
                terms = order.price_ticks, order.lots
                events.append(OrderAmended(number, *terms, report.venue_ns, report.local_ns))
            order.owes_terms = order.amending = False
        return events

    def open_orders(self) -> Sequence[OpenOrder]:
        """Orders of ours of which no end was told, those whose fills are complete included."""
        return [
            OpenOrder(order.client_order_id, order.instrument_key, order.venue_order_id)
            for order in self._orders.values()
            if not order.done
        ]

    def report(self, report: Report, now_ns: int) -> list[FoldEvent]:
        """The events of a report, in their order; none when it brings no news."""
        match report:
            case OrderReport():
                return self._on_order(report, now_ns)
            case FillReport():
                return self._on_fill(report, now_ns)
            case BalanceReport() | PositionReport():
                return self._holdings.add(report)

    def listed(
        self, kind: type[BalanceReport | PositionReport], keys: Set[object], as_of_ns: int, wall_ns: int
    ) -> list[FoldEvent]:
        """A whole list of what is held has come: see `HoldingDesk.listed`."""
        return self._holdings.listed(kind, keys, as_of_ns, wall_ns)

    def on_tick(self, now_ns: int, wall_ns: int = 0) -> list[FoldEvent]:
        """Questions and alarms that are due; to be called several times a second."""
        events = self._fills.on_tick(now_ns)
        for number in [number for number, due_ns in self._taken.items() if due_ns <= now_ns]:
            del self._taken[number]
            amended = self._orders.get(number)
            if amended is not None and amended.amending and not amended.done:
                amended.owes_terms = True
                events.append(AmendLost(number, "taken, and shown by no report", wall_ns))
        for order in self._short.values():
            if now_ns < order.ask_ns:
                continue
            order.asks += 1
            order.ask_ns = now_ns + min(MISSING_NS << min(order.asks, 16), MISSING_NS_MAX)
            lots = order.told_lots - max(order.seen_lots, order.booked_lots)
            venue_order_id = order.venue_order_id or VenueOrderId("")
            events.append(FillsMissing(order.instrument_key, order.client_order_id, venue_order_id, lots))
        return events

    # --- orders ---------------------------------------------------------------------------------------

    def _on_order(self, report: OrderReport, now_ns: int) -> list[FoldEvent]:
        client_order_id = report.client_order_id
        if client_order_id is None:
            owner = self._owner(report.instrument_key, report.venue_order_id)
            if not isinstance(owner, int):
                return self._on_foreign(report)
            client_order_id = owner
        order = self._order(client_order_id, report.instrument_key)
        events = self._on_ours(order, report)
        events += self._claim(order, report.venue_order_id)
        order.told_lots = max(order.told_lots, report.filled_lots)
        self._count(now_ns)
        self._add_up(order, now_ns)
        return events

    def _on_ours(self, order: _Order, report: OrderReport) -> list[FoldEvent]:
        events: list[FoldEvent] = []
        if report.state is OrderState.REJECTED:
            if not order.done:
                events.append(
                    OrderRejected(order.client_order_id, "", report.reason, report.venue_ns, report.local_ns)
                )
                order.done = True
            return events
        if not order.acked:
            order.acked = True
            at_ns = report.created_ns or report.venue_ns
            events.append(OrderAcked(order.client_order_id, report.venue_order_id, at_ns, report.local_ns))
        if report.state not in TERMINAL:
            events += self._terms(order, report)
        elif not order.done:
            order.done = True
            events.append(
                OrderDone(
                    order.client_order_id,
                    report.state,
                    report.reason,
                    report.venue_ns,
                    report.local_ns,
                    max(order.told_lots, report.filled_lots),
                )
            )
        return events

    def _terms(self, order: _Order, report: OrderReport) -> list[FoldEvent]:
        """Price and size of an open order; a change by a newer report is told.

        Of two reports of one millisecond the one that an amendment asked for is the newer one.
        """
        price_ticks, lots = report.price_ticks or order.price_ticks, report.lots or order.lots
        tie = report.venue_ns == order.terms_ns != 0
        if report.venue_ns < order.terms_ns or (tie and (price_ticks, lots) != order.wanted):
            return []
        changed = (order.price_ticks and price_ticks != order.price_ticks) or (
            order.lots and lots != order.lots
        )
        order.price_ticks, order.lots, order.terms_ns = price_ticks, lots, report.venue_ns
        if order.amending and (price_ticks, lots) == order.wanted:
            order.amending, order.owes_terms, changed = False, False, True
            self._taken.pop(order.client_order_id, None)
        if not changed or order.done:
            return []
        return [OrderAmended(order.client_order_id, price_ticks, lots, report.venue_ns, report.local_ns)]

    def _on_foreign(self, report: OrderReport) -> list[FoldEvent]:
        key = (report.instrument_key, report.venue_order_id)
        known = self._foreign.pop(key, None)
        stale = known is not None and (
            report.venue_ns < known.venue_ns or (known.state in TERMINAL and report.state not in TERMINAL)
        )
        newest = known if known is not None and stale else report
        self._foreign[key] = newest
        bound(self._foreign, FOREIGN_KEPT)
        if known is not None and shape_of(newest) == shape_of(known):
            return []
        news: list[FoldEvent] = [ForeignOrder(report)]
        if known is None:
            self._owners[key] = FOREIGN
            bound(self._owners, 2 * (ORDERS_KEPT + FOREIGN_KEPT))
            news += self._fills.recheck()
        return news

    # --- fills ----------------------------------------------------------------------------------------

    def _on_fill(self, report: FillReport, now_ns: int) -> list[FoldEvent]:
        events = self._fills.add(report, now_ns)
        self._count(now_ns)
        order = self._orders.get(report.client_order_id) if report.client_order_id is not None else None
        if order is not None:
            events += self._claim(order, report.venue_order_id)
            self._count(now_ns)
        return events

    def _claim(self, order: _Order, venue_order_id: VenueOrderId) -> list[FoldEvent]:
        """The venue's id of an order of ours is known: fills that waited for it are its own."""
        key = (order.instrument_key, venue_order_id)
        if not venue_order_id or self._owners.get(key) == order.client_order_id:
            return []
        order.venue_order_id = venue_order_id
        self._owners[key] = order.client_order_id
        bound(self._owners, 2 * (ORDERS_KEPT + FOREIGN_KEPT))
        return self._fills.recheck()

    def _count(self, now_ns: int) -> None:
        """Adds the fills that have become known as ours to their orders."""
        for client_order_id, instrument_key, lots in self._fills.take_ours():
            order = self._order(client_order_id, instrument_key)
            order.seen_lots += lots
            self._add_up(order, now_ns)

    def _add_up(self, order: _Order, now_ns: int) -> None:
        if order.told_lots > max(order.seen_lots, order.booked_lots):
            if order.client_order_id not in self._short:
                order.asks, order.ask_ns = 0, now_ns + MISSING_NS
                self._short[order.client_order_id] = order
        else:
            self._short.pop(order.client_order_id, None)
        self._keep_few(order)

    # --- memory ---------------------------------------------------------------------------------------

    def _order(self, client_order_id: ClientOrderId, instrument_key: InstrumentKey) -> _Order:
        order = self._orders.get(client_order_id)
        if order is None:
            order = self._orders[client_order_id] = _Order(client_order_id, instrument_key)
        return order

    def _owner(self, instrument_key: InstrumentKey, venue_order_id: VenueOrderId) -> Owner:
        return self._owners.get((instrument_key, venue_order_id))

    def _keep_few(self, order: _Order) -> None:
        """Of orders that ended and add up, only the last are kept."""
        if not order.done or order.client_order_id in self._short:
            return
        self._ended.setdefault(order.client_order_id, None)
        if len(self._ended) > ORDERS_KEPT:
            oldest, _ = self._ended.popitem(last=False)
            forgotten = self._orders.pop(oldest, None)
            if forgotten is not None and forgotten.venue_order_id is not None:
                self._owners.pop((forgotten.instrument_key, forgotten.venue_order_id), None)
