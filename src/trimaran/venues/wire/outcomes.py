"""What the answer to an order, an amendment or a cancel proves, told once: the same law for every way. Pure.

    order      definitive refusal -> OrderRejected;  accepted -> OrderAcked and more;  all else -> OrderLost
    amendment  definitive refusal -> AmendRefused;  accepted -> OrderAmended, at once or by a report;
               all else -> AmendLost
    cancel     what the venue says of the order; RequestFailed otherwise

Two refusals prove less than they seem. That a client id is taken says that an order of that id is at the
venue, so it is `OrderLost`, for the resolver to find. That there is nothing to change says that the order has
the terms that were asked for, perhaps by an amendment that was lost: the order is asked about, and tells.

Who reports a failure is told whether the order is to be asked about, so that its true state is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from trimaran.domain.account import AmendLost, AmendRefused, OrderLost, OrderRejected
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import InstrumentKey
from trimaran.domain.ports import Clock
from trimaran.domain.reports import OrderReport
from trimaran.venues.wire.account_fold import AccountFold
from trimaran.venues.wire.asks import OrderRef, Placed
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.client_port import ClientEvent, RequestFailed
from trimaran.venues.wire.clock_offset import VenueClock
from trimaran.venues.wire.fault import Effect, Fault, FaultKind

NO_VENUE_TIME: Final = 0
LOCAL: Final = "LOCAL_"  # how the codes of refusals begin that are our own
ASKED_ABOUT: Final = (FaultKind.NO_SUCH_ORDER, FaultKind.ORDER_ENDED, FaultKind.NOTHING_TO_CHANGE)


class Outcomes:
    """Turns answers into events. `tell` hands events on, and is called once with each."""

    def __init__(
        self,
        fold: AccountFold,
        clock: Clock,
        venue_clock: VenueClock,
        tell: Callable[[Sequence[ClientEvent]], None],
        judged: Callable[[bool], None] = lambda definitive: None,
    ) -> None:
        """`judged` hears of every answer to an order, and of every one that did not come."""
        self._fold = fold
        self._clock = clock
        self._venue_clock = venue_clock
        self._tell = tell
        self._judged = judged

    # --- orders ---------------------------------------------------------------------------------------

    def placed(self, answer: Placed, instrument_key: InstrumentKey) -> Sequence[ClientEvent]:
        """The venue has the order."""
        self._judged(True)
        now_ns = self._clock.monotonic_ns()
        venue_ns = self._venue_clock.at(now_ns).venue_ns
        return self.told(self._fold.placed(answer, instrument_key, now_ns, venue_ns, self._clock.wall_ns()))

    def not_placed(self, client_order_id: ClientOrderId, fault: Fault) -> Sequence[ClientEvent]:
        """The order met a fault."""
        if fault.effect is Effect.UNKNOWN or fault.kind is FaultKind.DUPLICATE_ID:
            return self.lost(client_order_id, f"{fault.kind.name} {fault.code} {fault.text}")
        if fault.code and not fault.code.startswith(LOCAL):  # else it has not left
            self._judged(True)
        rejected = self._rejected(client_order_id, fault.code or fault.kind.name, fault.text)
        news = self._fold.refused(client_order_id)  # a push may have said so before
        return self.told([rejected]) if news else [rejected]

    def unsupported(self, client_order_id: ClientOrderId, answer: Unsupported) -> Sequence[ClientEvent]:
        """The market has no such order: nothing has left."""
        self._fold.refused(client_order_id)
        return self.told([self._rejected(client_order_id, answer.capability.name, answer.reason)])

    def lost(self, client_order_id: ClientOrderId, cause: str) -> Sequence[ClientEvent]:
        """No definitive answer came."""
        self._judged(False)
        return self.told([OrderLost(client_order_id, cause, self._clock.wall_ns())])

    # --- amendments -----------------------------------------------------------------------------------

    def amended(
        self, client_order_id: ClientOrderId, answer: Placed, key: InstrumentKey
    ) -> Sequence[ClientEvent]:
        """The venue has taken an amendment."""
        self._fold.amend_taken(client_order_id, self._clock.monotonic_ns())
        return self.placed(answer, key)

    def amend_failed(self, client_order_id: ClientOrderId, fault: Fault) -> Sequence[ClientEvent]:
        """An amendment met a fault."""
        failed = RequestFailed("amend", client_order_id, fault)
        if fault.effect is Effect.REFUSED and fault.kind is not FaultKind.NOTHING_TO_CHANGE:
            self._fold.amend_ended(client_order_id, lost=False)
            wall_ns = self._clock.wall_ns()
            refused = AmendRefused(client_order_id, fault.code or fault.kind.name, fault.text, wall_ns)
            return self.told([failed, refused])
        return self.told([failed, *self._amend_lost(client_order_id, f"{fault.kind.name} {fault.text}")])

    def amend_lost(self, client_order_id: ClientOrderId, cause: str) -> Sequence[ClientEvent]:
        """No definitive answer came to an amendment."""
        return self.told(self._amend_lost(client_order_id, cause))

    def _amend_lost(self, client_order_id: ClientOrderId, cause: str) -> list[ClientEvent]:
        if not self._fold.amend_ended(client_order_id, lost=True):
            return []
        return [AmendLost(client_order_id, cause, self._clock.wall_ns())]

    # --- cancels and questions ------------------------------------------------------------------------

    def cancel_failed(self, ref: OrderRef, fault: Fault) -> Sequence[ClientEvent]:
        """A cancel met a fault."""
        return self.told([RequestFailed("cancel", ref.client_order_id, fault)])

    def reported(self, report: OrderReport) -> Sequence[ClientEvent]:
        """An answer tells of an order."""
        return self.told(self._fold.report(report, self._clock.monotonic_ns()))

    def retold(self, report: OrderReport) -> Sequence[ClientEvent]:
        """The same, for who asked about the order, whether it is news or not."""
        return self.told(self._fold.retell(report, self._clock.monotonic_ns()))

    def told(self, events: Sequence[ClientEvent]) -> Sequence[ClientEvent]:
        """Hands events on."""
        self._tell(events)
        return events

    def _rejected(self, client_order_id: ClientOrderId, code: str, text: str) -> OrderRejected:
        return OrderRejected(client_order_id, code, text, NO_VENUE_TIME, self._clock.wall_ns())


def asked_about(fault: Fault) -> bool:
    """Whether the order must be asked about after an amendment or a cancel that met this."""
    return fault.effect is Effect.UNKNOWN or fault.kind in ASKED_ABOUT


def unsupported(answer: Unsupported) -> Fault:
    """The fault of something that the market does not have."""
    return Fault(FaultKind.UNSUPPORTED, Effect.REFUSED, answer.capability.name, answer.reason)
