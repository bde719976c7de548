"""Orders by the quick way: from an approved order to the socket in one call, without a task and a future.

    send: line up? room in every budget? -> text, stamped now -> fold expects it -> socket -> True
    reply, by request id -> dialect.read -> outcomes -> fold -> events
    no reply by the deadline, or the line is lost -> OrderLost, AmendLost, RequestFailed

What cannot be done at once is not begun: False, and nothing has left; the patient way (`order_desk.py`) takes
it. So the way is decided before anything leaves, as ever, and both ways share the law of answers
(`outcomes.py`), the fold, the governor and the one departure. Questions that follow an answer, and the second
departure after a refusal for the time, are left to the patient way as tasks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import msgspec

from trimaran.base.buggify import hooks, point
from trimaran.domain.account import VenueOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import symbol_in
from trimaran.venues.wire.asker import may_leave_again
from trimaran.venues.wire.asks import (
    AmendOrder,
    CancelOrder,
    CancelTaken,
    OrderRef,
    Placed,
    PlaceOrder,
)
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.dialect import MarketDialect
from trimaran.venues.wire.fault import Effect, Fault, FaultKind, VenueFault
from trimaran.venues.wire.governor import Ticket
from trimaran.venues.wire.line_feed import LineFeed
from trimaran.venues.wire.line_port import RepliesLost
from trimaran.venues.wire.lines import LineReply
from trimaran.venues.wire.message import Stamp
from trimaran.venues.wire.order_desk import OrderDesk
from trimaran.venues.wire.outcomes import Outcomes, asked_about
from trimaran.venues.wire.shared import Shared

SECOND: Final = 1_000_000_000

OrderAsk = PlaceOrder | AmendOrder | CancelOrder
Spawn = Callable[[Callable[[], Awaitable[object]]], object]


class _Sent(msgspec.Struct, eq=False):
    """A request without an answer."""

    ask: OrderAsk
    ticket: Ticket
    sent_ns: int


class QuickOrders:
    """The quick way over one order line. Whoever hears the feed passes replies and losses on to it."""

    def __init__(
        self,
        shared: Shared,
        outcomes: Outcomes,
        dialect: MarketDialect,
        feed: LineFeed,
        patient: OrderDesk,
        spawn: Spawn,
    ) -> None:
        self._dialect = dialect
        self._feed = feed
        self._asker = shared.asker
        self._fold = shared.fold
        self._outcomes = outcomes
        self._patient = patient
        self._clock = shared.clock
        self._patience = shared.options.order
        self._answer_ns = round(self._patience.answer_s_max * SECOND)
        self._hears = shared.hears
        self._spawn = spawn
        self._sent: dict[int, _Sent] = {}
        self._deadlines: deque[tuple[int, int]] = deque()  # (local time, request id), in their order

    @property
    def under_way(self) -> int:
        """Requests without an answer."""
        return len(self._sent)

    def place(self, approved: Approved) -> bool:
        """Sends an order once; False when nothing has left, for it could not be at once.

        Raises ConfigError for an instrument that the desk does not have.
        """
        return self._send(PlaceOrder(approved))

    def amend(self, approved: Approved, venue_order_id: VenueOrderId | None = None) -> bool:
        """Changes an open order; False as above."""
        known = self._fold.terms(approved.order.client_order_id)
        return self._send(AmendOrder(approved, venue_order_id, known))

    def cancel(self, ref: OrderRef) -> bool:
        """Asks for an order's end; False as above."""
        return self._send(CancelOrder(ref))

    def _send(self, ask: OrderAsk) -> bool:
        asker, session = self._asker, self._feed.session
        if not (session.is_up and asker.venue_clock.synced):
            return False
        now_ns = self._clock.monotonic_ns()
        now = asker.venue_clock.at(now_ns)
        ticket = asker.admit_now(ask, now)
        if ticket is None:
            return False
        left = False
        try:
            request_id = session.take_id()
            text = self._dialect.write_order(ask, request_id, Stamp(now.venue_ns, self._patience.valid_ns))
            if isinstance(text, Unsupported):
                return False
            if isinstance(ask, PlaceOrder):
                self._fold.expect(ask.approved.order)
            elif isinstance(ask, AmendOrder):
                self._fold.expect_amended(ask.approved.order)
            left = self._written(ask, text, request_id)
        finally:
            if not left:
                asker.give_back(ticket)
        if left:
            self._sent[request_id] = _Sent(ask, ticket, now_ns)
            self._deadlines.append((now_ns + self._answer_ns, request_id))
        return left

    def _written(self, ask: OrderAsk, text: str, request_id: int) -> bool:
        """Counted, then written; False when it may not be counted: the patient way refuses it, too."""
        if isinstance(ask, CancelOrder):
            return self._feed.send_order(text, request_id)
        if not self._asker.writes(ask.approved):
            return False
        if hooks:
            point("line.before_write")
        left = self._feed.send_order(text, request_id)
        if hooks:
            point("line.after_write")
        if not left:
            self._asker.undone(ask.approved)
        return left

    # --- answers --------------------------------------------------------------------------------------

    def on_reply(self, reply: LineReply) -> bool:
        """A reply came in; False when it answers nothing of this way."""
        sent = self._sent.pop(reply.request_id, None)
        if sent is None:
            return False
        ask = sent.ask
        if hooks:
            point("line.before_answer")
        try:
            answer = self._asker.answer_now(ask, sent.ticket, reply.reply, sent.sent_ns, self._patience)
        except VenueFault as error:
            self._failed(sent, error.fault)
            return True
        except Exception as error:  # a bug, that shows when the order has left
            self._failed(sent, _silence(f"the answer was not understood: {type(error).__name__}"))
            raise
        if isinstance(ask, PlaceOrder):
            assert isinstance(answer, Placed)
            self._outcomes.placed(answer, ask.approved.order.instrument_key)
        elif isinstance(ask, AmendOrder):
            assert isinstance(answer, Placed)
            self._amended(ask, answer)
        else:
            assert isinstance(answer, CancelTaken)
            if answer.report is not None:
                self._outcomes.reported(answer.report)
            elif not self._hears():
                self._spawn(partial(self._patient.query, ask.ref))
        return True

    def on_lost(self, lost: RepliesLost) -> None:
        """Replies that will not come."""
        for request_id in lost.request_ids:
            self._give_up(request_id, f"the line was lost: {lost.reason}")

    def on_tick(self, now_ns: int) -> None:
        """Gives up what was not answered in time; to be called several times a second."""
        deadlines = self._deadlines
        while deadlines and deadlines[0][0] <= now_ns:
            self._give_up(
                deadlines.popleft()[1], f"no reply over the line within {self._patience.answer_s_max} s"
            )

    def end(self) -> None:
        """Nobody will hear the answers any more: what is under way is lost."""
        for request_id in list(self._sent):
            self._give_up(request_id, "nobody waited for the answer: the client was stopped")

    # --- helpers --------------------------------------------------------------------------------------

    def _give_up(self, request_id: int, why: str) -> None:
        sent = self._sent.pop(request_id, None)
        if sent is not None:
            self._asker.settle_now(sent.ticket)
            self._failed(sent, _silence(why))

    def _amended(self, ask: AmendOrder, answer: Placed) -> None:
        order = ask.approved.order
        self._outcomes.amended(order.client_order_id, answer, order.instrument_key)
        if answer.report is None and not self._hears():
            self._spawn(partial(self._patient.query, _ref_of(ask)))

    def _failed(self, sent: _Sent, fault: Fault) -> None:
        ask, patient = sent.ask, self._patient
        again = may_leave_again(ask, fault)
        if isinstance(ask, PlaceOrder):
            if again:
                self._spawn(partial(patient.place_again, ask.approved, sent.sent_ns, fault))
            else:
                self._outcomes.not_placed(ask.approved.order.client_order_id, fault)
        elif isinstance(ask, AmendOrder):
            if again:
                self._spawn(partial(patient.amend_again, ask, sent.sent_ns, fault))
                return
            self._outcomes.amend_failed(ask.approved.order.client_order_id, fault)
            if asked_about(fault):
                changed = fault.kind is FaultKind.NOTHING_TO_CHANGE
                self._spawn(partial(patient.query, _ref_of(ask), retell=changed))
        elif again:
            self._spawn(partial(patient.cancel_again, ask.ref, sent.sent_ns, fault))
        else:
            self._outcomes.cancel_failed(ask.ref, fault)
            if asked_about(fault):
                self._spawn(partial(patient.query, ask.ref))


def _ref_of(ask: AmendOrder) -> OrderRef:
    order = ask.approved.order
    return OrderRef(symbol_in(order.instrument_key), order.client_order_id, ask.venue_order_id)


def _silence(why: str) -> Fault:
    return Fault(FaultKind.UNKNOWN, Effect.UNKNOWN, "", why[:200])
