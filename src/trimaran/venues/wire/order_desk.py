"""Orders on their way to a market, and what their answers prove.

    definitive refusal -> OrderRejected;  accepted -> OrderAcked and the rest;  all else -> OrderLost

An order goes over the line while that is up, over REST otherwise, and never twice. Two refusals prove less
than they seem: that a client id is taken says that an order of that id is at the venue, so it is `OrderLost`,
for the resolver to find; an amendment or a cancel that failed because the order ended, is not known, or
without a definitive answer, is followed by one question about the order, so that its true state is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trimaran.base.errors import ConfigError
from trimaran.domain.account import OrderAcked, OrderLost, OrderRejected, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import InstrumentKey, symbol_in
from trimaran.domain.ports import Clock
from trimaran.venues.wire.account_fold import AccountFold
from trimaran.venues.wire.asker import Asker, Carrier
from trimaran.venues.wire.asks import AmendOrder, CancelOrder, OrderRef, Placed, PlaceOrder, QueryOrder
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.client_port import ClientEvent, ClientOptions, RequestFailed
from trimaran.venues.wire.fault import Effect, Fault, FaultKind, VenueFault

NO_VENUE_TIME = 0
ASKED_ABOUT = (FaultKind.NO_SUCH_ORDER, FaultKind.ORDER_ENDED, FaultKind.NOTHING_TO_CHANGE)


class OrderDesk:
    """Places, amends and cancels. `tell` hands events on, and is called once with each."""

    def __init__(
        self,
        asker: Asker,
        fold: AccountFold,
        carrier: Carrier | None,
        clock: Clock,
        options: ClientOptions,
        tell: Callable[[Sequence[ClientEvent]], None],
        hears: Callable[[], bool],
    ) -> None:
        self._asker = asker
        self._fold = fold
        self._carrier = carrier
        self._clock = clock
        self._options = options
        self._tell = tell
        self._hears = hears  # whether changes of orders are pushed to us

    async def place(self, approved: Approved) -> Sequence[ClientEvent]:
        """Sends an order once; its outcome (OrderAcked, OrderRejected or OrderLost) and what else is new."""
        order = approved.order
        client_order_id = order.client_order_id
        self._fold.expect(order)
        try:
            answer = await self._asker.ask(PlaceOrder(approved), self._options.order, self._carrier)
        except VenueFault as error:
            return self._not_placed(client_order_id, error.fault)
        except ConfigError:
            self._fold.refused(client_order_id)
            raise
        except BaseException as error:  # cancelled, or a bug that shows when the order may have left
            self._told([self._lost(client_order_id, f"nobody waited for the answer: {type(error).__name__}")])
            raise
        if isinstance(answer, Unsupported):
            self._fold.refused(client_order_id)
            return self._told([self._rejected(client_order_id, answer.capability.name, answer.reason)])
        events = self._told(self._placed(answer, order.instrument_key))
        if any(isinstance(event, OrderAcked | OrderRejected) for event in events):
            return events
        venue_ns = self._asker.venue_clock.at(self._clock.monotonic_ns()).venue_ns
        ack = OrderAcked(client_order_id, answer.venue_order_id, venue_ns, self._clock.wall_ns())
        return [ack, *events]  # a push has told of it before

    async def amend(
        self, approved: Approved, venue_order_id: VenueOrderId | None = None
    ) -> Sequence[ClientEvent]:
        """Changes an order to what `approved` says; the events of the answer."""
        order = approved.order
        ref = OrderRef(symbol_in(order.instrument_key), order.client_order_id, venue_order_id)
        self._fold.expect_amended(order)
        try:
            ask = AmendOrder(approved, venue_order_id)
            answer = await self._asker.ask(ask, self._options.order, self._carrier)
        except VenueFault as error:
            return await self._failed("amend", ref, error.fault)
        if isinstance(answer, Unsupported):
            return self._told([RequestFailed("amend", order.client_order_id, _unsupported(answer))])
        events = self._told(self._placed(answer, order.instrument_key))
        silent = answer.report is None and not self._hears()
        return [*events, *await self._query(ref)] if silent else events

    async def cancel(self, ref: OrderRef) -> Sequence[ClientEvent]:
        """Asks for an order's end; the events of the answer. The end itself may be told later."""
        try:
            answer = await self._asker.ask(CancelOrder(ref), self._options.order, self._carrier)
        except VenueFault as error:
            return await self._failed("cancel", ref, error.fault)
        if isinstance(answer, Unsupported):
            return self._told([RequestFailed("cancel", ref.client_order_id, _unsupported(answer))])
        if answer.report is None:
            return [] if self._hears() else await self._query(ref)
        return self._told(self._fold.report(answer.report, self._clock.monotonic_ns()))

    async def _failed(self, what: str, ref: OrderRef, fault: Fault) -> Sequence[ClientEvent]:
        events = self._told([RequestFailed(what, ref.client_order_id, fault)])
        if fault.effect is Effect.REFUSED and fault.kind not in ASKED_ABOUT:
            return events
        return [*events, *await self._query(ref)]

    async def _query(self, ref: OrderRef) -> Sequence[ClientEvent]:
        try:
            report = await self._asker.ask(QueryOrder(ref), self._options.ask)
        except VenueFault as error:
            return self._told([RequestFailed("query", ref.client_order_id, error.fault)])
        if isinstance(report, Unsupported):
            return []
        return self._told(self._fold.report(report, self._clock.monotonic_ns()))

    def _placed(self, answer: Placed, instrument_key: InstrumentKey) -> Sequence[ClientEvent]:
        now_ns = self._clock.monotonic_ns()
        venue_ns = self._asker.venue_clock.at(now_ns).venue_ns
        return self._fold.placed(answer, instrument_key, now_ns, venue_ns, self._clock.wall_ns())

    def _not_placed(self, client_order_id: ClientOrderId, fault: Fault) -> Sequence[ClientEvent]:
        if fault.effect is Effect.UNKNOWN or fault.kind is FaultKind.DUPLICATE_ID:
            return self._told([self._lost(client_order_id, f"{fault.kind.name} {fault.code} {fault.text}")])
        rejected = self._rejected(client_order_id, fault.code or fault.kind.name, fault.text)
        news = self._fold.refused(client_order_id)  # a push may have said so before
        return self._told([rejected]) if news else [rejected]

    def _lost(self, client_order_id: ClientOrderId, cause: str) -> OrderLost:
        return OrderLost(client_order_id, cause, self._clock.wall_ns())

    def _rejected(self, client_order_id: ClientOrderId, code: str, text: str) -> OrderRejected:
        return OrderRejected(client_order_id, code, text, NO_VENUE_TIME, self._clock.wall_ns())

    def _told(self, events: Sequence[ClientEvent]) -> Sequence[ClientEvent]:
        self._tell(events)
        return events


def _unsupported(answer: Unsupported) -> Fault:
    capability: Capability = answer.capability
    return Fault(FaultKind.UNSUPPORTED, Effect.REFUSED, capability.name, answer.reason)
