"""Orders by the patient way: whoever places waits for room in the limits, and for the answer.

An order goes over the line while that is up, over REST otherwise, and never twice. What answers prove stands
in `outcomes.py`. An amendment or a cancel that failed because the order ended, is not known, or without a
definitive answer, is followed by one question about the order, so that its true state is heard. The quick way
(`quick_orders.py`) hands over what it cannot do at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from trimaran.base.errors import ConfigError
from trimaran.domain.account import OrderAcked, OrderRejected, VenueOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import symbol_in
from trimaran.venues.wire.asker import Carrier
from trimaran.venues.wire.asks import (
    AmendOrder,
    CancelOrder,
    CancelTaken,
    OrderRef,
    Placed,
    PlaceOrder,
    QueryOrder,
)
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.client_port import ClientEvent, RequestFailed
from trimaran.venues.wire.fault import Fault, FaultKind, VenueFault
from trimaran.venues.wire.outcomes import Outcomes, asked_about, unsupported
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.shared import Shared


class OrderDesk:
    """Places, amends and cancels, one request each."""

    def __init__(self, shared: Shared, outcomes: Outcomes, carrier: Carrier | None) -> None:
        self.under_way = 0  # orders and amendments without an answer
        self._asker = shared.asker
        self._fold = shared.fold
        self._clock = shared.clock
        self._options = shared.options
        self._hears = shared.hears
        self._outcomes = outcomes
        self._carrier = carrier

    # --- orders ---------------------------------------------------------------------------------------

    async def place(self, approved: Approved, began_ns: int = 0) -> Sequence[ClientEvent]:
        """Sends an order once; its outcome (OrderAcked, OrderRejected or OrderLost) and what else is new."""
        self._fold.expect(approved.order)
        answer = self._asker.ask(PlaceOrder(approved), self._options.order, self._carrier, began_ns)
        return await self._place(approved, answer)

    async def place_again(self, approved: Approved, began_ns: int, fault: Fault) -> Sequence[ClientEvent]:
        """The same for an order that was refused for its time (`fault`), having left at `began_ns`."""
        ask, patience = PlaceOrder(approved), self._options.order
        return await self._place(
            approved, self._asker.ask_again(ask, patience, self._carrier, began_ns, fault)
        )

    async def _place(
        self, approved: Approved, answering: Awaitable[Placed | Unsupported]
    ) -> Sequence[ClientEvent]:
        order, outcomes = approved.order, self._outcomes
        client_order_id = order.client_order_id
        self.under_way += 1
        try:
            answer = await answering
        except VenueFault as error:
            return outcomes.not_placed(client_order_id, error.fault)
        except ConfigError:
            self._fold.refused(client_order_id)
            raise
        except BaseException as error:  # cancelled, or a bug that shows when the order may have left
            outcomes.lost(client_order_id, f"nobody waited for the answer: {type(error).__name__}")
            raise
        finally:
            self.under_way -= 1
        if isinstance(answer, Unsupported):
            return outcomes.unsupported(client_order_id, answer)
        events = outcomes.placed(answer, order.instrument_key)
        if any(isinstance(event, OrderAcked | OrderRejected) for event in events):
            return events
        venue_ns = self._asker.venue_clock.at(self._clock.monotonic_ns()).venue_ns
        ack = OrderAcked(client_order_id, answer.venue_order_id, venue_ns, self._clock.wall_ns())
        return [ack, *events]  # a push has told of it before

    # --- amendments -----------------------------------------------------------------------------------

    async def amend(
        self, approved: Approved, venue_order_id: VenueOrderId | None = None, began_ns: int = 0
    ) -> Sequence[ClientEvent]:
        """Changes an order to what `approved` says; the events of the answer."""
        self._fold.expect_amended(approved.order)
        ask = AmendOrder(approved, venue_order_id, self._fold.terms(approved.order.client_order_id))
        return await self._amend(ask, self._asker.ask(ask, self._options.order, self._carrier, began_ns))

    async def amend_again(self, ask: AmendOrder, began_ns: int, fault: Fault) -> Sequence[ClientEvent]:
        """The same for one that was refused for its time."""
        patience = self._options.order
        return await self._amend(ask, self._asker.ask_again(ask, patience, self._carrier, began_ns, fault))

    async def _amend(
        self, ask: AmendOrder, answering: Awaitable[Placed | Unsupported]
    ) -> Sequence[ClientEvent]:
        order, outcomes = ask.approved.order, self._outcomes
        self.under_way += 1
        try:
            answer = await answering
        except VenueFault as error:
            return [
                *outcomes.amend_failed(order.client_order_id, error.fault),
                *await self._after_amend(ask, error.fault),
            ]
        except ConfigError:
            self._fold.amend_ended(order.client_order_id, lost=False)
            raise
        except BaseException as error:
            outcomes.amend_lost(
                order.client_order_id, f"nobody waited for the answer: {type(error).__name__}"
            )
            raise
        if isinstance(answer, Unsupported):
            return outcomes.amend_failed(order.client_order_id, unsupported(answer))
        events = outcomes.amended(order.client_order_id, answer, order.instrument_key)
        silent = answer.report is None and not self._hears()
        return [*events, *await self.query(_ref_of(ask))] if silent else events

    async def _after_amend(self, ask: AmendOrder, fault: Fault) -> Sequence[ClientEvent]:
        if not asked_about(fault):
            return ()
        return await self.query(_ref_of(ask), retell=fault.kind is FaultKind.NOTHING_TO_CHANGE)

    # --- cancels and questions ------------------------------------------------------------------------

    async def cancel(self, ref: OrderRef) -> Sequence[ClientEvent]:
        """Asks for an order's end; the events of the answer. The end itself may be told later."""
        return await self._cancel(ref, self._asker.ask(CancelOrder(ref), self._options.order, self._carrier))

    async def cancel_urgently(self, ref: OrderRef, patience: Patience) -> None:
        """The same without the question that may follow: who ends many asks for all of them."""
        try:
            answer = await self._asker.ask(CancelOrder(ref), patience, self._carrier)
        except VenueFault as error:
            self._outcomes.cancel_failed(ref, error.fault)
            return
        if not isinstance(answer, Unsupported) and answer.report is not None:
            self._outcomes.reported(answer.report)

    async def cancel_again(self, ref: OrderRef, began_ns: int, fault: Fault) -> Sequence[ClientEvent]:
        """The same for one that was refused for its time."""
        ask, patience = CancelOrder(ref), self._options.order
        return await self._cancel(ref, self._asker.ask_again(ask, patience, self._carrier, began_ns, fault))

    async def _cancel(
        self, ref: OrderRef, answering: Awaitable[CancelTaken | Unsupported]
    ) -> Sequence[ClientEvent]:
        try:
            answer = await answering
        except VenueFault as error:
            events = self._outcomes.cancel_failed(ref, error.fault)
            return [*events, *await self.query(ref)] if asked_about(error.fault) else events
        if isinstance(answer, Unsupported):
            return self._outcomes.cancel_failed(ref, unsupported(answer))
        if answer.report is None:
            return [] if self._hears() else await self.query(ref)
        return self._outcomes.reported(answer.report)

    async def query(self, ref: OrderRef, retell: bool = False) -> Sequence[ClientEvent]:
        """One question about an order. `retell`: its state is told whether it is news or not."""
        try:
            report = await self._asker.ask(QueryOrder(ref), self._options.ask)
        except VenueFault as error:
            return self._outcomes.told([RequestFailed("query", ref.client_order_id, error.fault)])
        if isinstance(report, Unsupported):
            return []
        return self._outcomes.retold(report) if retell else self._outcomes.reported(report)


def _ref_of(ask: AmendOrder) -> OrderRef:
    order = ask.approved.order
    return OrderRef(symbol_in(order.instrument_key), order.client_order_id, ask.venue_order_id)
