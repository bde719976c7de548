"""The resolver: what became of an order whose answer did not come. It asks, and waits until asking proves.

The law:

 1. An order that is SENDING when its request can no longer be answered, or that was SENDING when the process
    began, is lost: UNKNOWN.
 2. An UNKNOWN order is asked for at once, and again and again. What is found ends the inquiry, whenever it is
    found. That nothing is found proves something only from `VenueLaw.provable_ns` on: before, the request may
    still arrive, or the order may be there and not be seen.
 3. After `proofs` such answers, each to a question that left after that time and a pause after the one
    before, the order was never placed (`OrderAbsent`). An answer to an earlier question than the last one is
    none: who was slow may have looked before that time.
 4. An error is never a not-found. It takes nothing back, and proves nothing.
 5. A change (amendment) that was lost is asked about from its own `provable_ns` on, until the venue tells the
    terms of the order; no count of answers ends it.
 6. An order that is open for us and missing from the venue's list is asked about in the same way, before
    anything else about it. Once it is found open, it is missing no more. Its proof of absence contradicts,
    and freezes; and it ends the order, for nobody will ever tell its end.
 7. A cancel that was asked for is asked for again while the order is open.
 8. An order that has ended at the venue is not asked about: its fills are waited for, `UNTOLD_NS` and no
    longer (`Ending`). Whoever hears `NOT_AWAITED` tells it.

Time is counted here, from tick to tick, and never faster than `STEP_NS_MAX` a tick: a clock that jumps ahead
proves nothing early. A step back that is shorter than that is no time, nor is the way forth again. It begins
with the process: what was recorded before the start counts as sent at the start. Nothing here is durable.
Pure: the step carries out what `tick` and `answered` say.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

from trimaran.domain.account import (
    NOT_AWAITED,
    AmendLost,
    OrderAbsent,
    OrderDone,
    OrderLost,
    ProbeAbsent,
    ProbeAnswer,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.commands import CancelOrder, ProbeOrder
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.kill import market_in
from trimaran.domain.orders import OrderState
from trimaran.domain.venue_law import VenueLaw
from trimaran.engine.orders import OrderEntry

STEP_NS_MAX: Final = 500_000_000  # of counted time, from one tick to the next
ANSWER_NS_MAX: Final = 30_000_000_000  # a question without any answer is asked again
ASK_PAUSE_NS_MAX: Final = 30_000_000_000  # between questions that cannot prove anything yet
UNTOLD_NS: Final = 60_000_000_000  # for so long the fills of an order that has ended are waited for
STARTED: Final = "the process that sent it has ended"

Verdict = OrderLost | AmendLost | OrderDone | ProbeOrder | CancelOrder


class Question(enum.Enum):
    """What an inquiry is about."""

    FATE = "fate"  # of an order that is SENDING or UNKNOWN
    TERMS = "terms"  # of an order with a change that was lost
    MISSING = "missing"  # whether an order that we know to be open is there at all


class Inquiry(msgspec.Struct):
    """One order that is asked about. Times are counted ones, but for those of the local clock."""

    question: Question
    instrument_key: InstrumentKey
    law: VenueLaw
    sent_ns: int  # when the request was recorded at the latest
    since_ns: int  # local clock: the order is not older
    next_ns: int  # when to ask
    pause_ns: int  # between questions that cannot prove anything yet
    asked_ns: int | None = None  # when the question left that has no answer yet
    asked_local_ns: int = 0  # the same by the local clock
    proofs: int = 0


class Resolver:
    """The inquiries of a desk."""

    def __init__(self, laws: Mapping[MarketName, VenueLaw]) -> None:
        """Only orders of markets that have a law are looked after."""
        self.inquiries: dict[ClientOrderId, Inquiry] = {}
        self._laws = laws
        self._count_ns = 0
        self._seen_ns = 0
        self._started = False
        self._cancelled: dict[ClientOrderId, int] = {}  # when a cancel was asked for last
        self._missing: dict[ClientOrderId, MarketName] = {}
        self._untold: dict[ClientOrderId, int] = {}  # since when fills of ended orders are waited for

    def tick(self, working: Mapping[ClientOrderId, OrderEntry], now_ns: int) -> list[Verdict]:
        """Time has passed. `working` are the orders that have not ended; `now_ns` is of the local clock."""
        if not self._laws:
            return []
        passed_ns = now_ns - self._seen_ns
        if passed_ns > 0 or passed_ns < -STEP_NS_MAX:  # a little back: an event that another one overtook
            self._count_ns += min(max(passed_ns, 0), STEP_NS_MAX)
            self._seen_ns = now_ns
        verdicts: list[Verdict] = []
        for client_order_id, entry in working.items():
            law = self._laws.get(market_in(entry.order.instrument_key))
            if law is None:
                continue
            if entry.ending is not None:
                verdicts += self._wait_for_fills(entry, now_ns)
                continue
            question = self._question(client_order_id, entry)
            if question is not None:
                verdicts += self._inquire(question, entry, law, now_ns)
            if entry.cancel_ns and entry.is_open:
                verdicts += self._cancel_again(entry, law)
        self._started = True
        self._drop(working)
        return verdicts

    def answered(
        self, answer: ProbeAnswer, working: Mapping[ClientOrderId, OrderEntry]
    ) -> OrderAbsent | None:
        """A question was answered with not-found, or by an error; the proof, if this one completes it."""
        inquiry = self.inquiries.get(answer.client_order_id)
        entry = working.get(answer.client_order_id)
        if inquiry is None or inquiry.asked_ns is None or entry is None:
            return None
        if isinstance(answer, ProbeAbsent) and answer.asked_ns < inquiry.asked_local_ns:
            return None
        asked_ns, inquiry.asked_ns = inquiry.asked_ns, None
        law = inquiry.law
        if not isinstance(answer, ProbeAbsent):
            inquiry.next_ns = self._count_ns + law.probe_retry_ns
            return None
        if inquiry.question is Question.TERMS or not law.proves(inquiry.sent_ns, asked_ns):
            inquiry.next_ns = self._later(inquiry)
            return None
        inquiry.proofs += 1
        inquiry.next_ns = self._count_ns + law.proof_pause_ns
        if inquiry.proofs < law.proofs or entry.state is OrderState.SENDING:
            return None
        self._missing.pop(answer.client_order_id, None)
        del self.inquiries[answer.client_order_id]
        return OrderAbsent(answer.client_order_id, inquiry.proofs, answer.local_ns)

    def miss(self, client_order_id: ClientOrderId, market: MarketName) -> None:
        """An order that is open for us is not in the list of its market."""
        self._missing[client_order_id] = market

    def found(self, client_order_id: ClientOrderId) -> bool:
        """The venue has told that it has an order; whether it was missing."""
        return self._missing.pop(client_order_id, None) is not None

    def cancelled(self, client_order_id: ClientOrderId) -> None:
        """A cancel has just been asked for."""
        self._cancelled[client_order_id] = self._count_ns

    def asks(self, market: MarketName) -> int:
        """How many orders of a market are asked about that we believed to be open."""
        return sum(each == market for each in self._missing.values())

    def _wait_for_fills(self, entry: OrderEntry, now_ns: int) -> list[Verdict]:
        client_order_id, ending = entry.order.client_order_id, entry.ending
        since_ns = self._untold.setdefault(client_order_id, self._count_ns)
        if ending is None or self._count_ns < since_ns + UNTOLD_NS:
            return []
        return [OrderDone(client_order_id, ending.state, ending.reason, 0, now_ns, NOT_AWAITED)]

    def _question(self, client_order_id: ClientOrderId, entry: OrderEntry) -> Question | None:
        if entry.ending is not None:
            return None
        if entry.state is OrderState.SENDING or entry.state is OrderState.UNKNOWN:
            return Question.FATE
        if client_order_id in self._missing:
            return Question.MISSING
        return None if entry.amendment is None else Question.TERMS

    def _inquire(self, question: Question, entry: OrderEntry, law: VenueLaw, now_ns: int) -> list[Verdict]:
        client_order_id = entry.order.client_order_id
        inquiry = self.inquiries.get(client_order_id)
        if inquiry is None or inquiry.question is not question:
            inquiry = self._opened(question, entry, law)
            self.inquiries[client_order_id] = inquiry
        lost: list[Verdict] = []
        if self._may_wait(question, entry):
            if self._started and not law.proves(inquiry.sent_ns, self._count_ns):
                return []
            cause = "no answer came" if self._started else STARTED
            event = OrderLost if question is Question.FATE else AmendLost
            lost.append(event(client_order_id, cause, now_ns))
        if question is Question.TERMS and not law.proves(inquiry.sent_ns, self._count_ns):
            return lost  # the old terms would prove nothing: the change may still arrive
        if inquiry.asked_ns is not None and self._count_ns < inquiry.asked_ns + ANSWER_NS_MAX:
            return lost
        if self._count_ns < inquiry.next_ns:
            return lost
        inquiry.asked_ns, inquiry.asked_local_ns = self._count_ns, now_ns
        return [*lost, ProbeOrder(client_order_id, inquiry.instrument_key, inquiry.since_ns)]

    def _may_wait(self, question: Question, entry: OrderEntry) -> bool:
        """Whether an answer may still come by itself."""
        if question is Question.FATE:
            return entry.state is OrderState.SENDING
        return entry.amendment is not None and not entry.amendment.lost

    def _opened(self, question: Question, entry: OrderEntry, law: VenueLaw) -> Inquiry:
        return Inquiry(
            question=question,
            instrument_key=entry.order.instrument_key,
            law=law,
            sent_ns=self._count_ns,
            since_ns=entry.order.created_ns,
            next_ns=self._count_ns,
            pause_ns=law.probe_retry_ns,
        )

    def _later(self, inquiry: Inquiry) -> int:
        """When to ask next after an answer that cannot prove anything yet: less and less often."""
        at_ns = self._count_ns + inquiry.pause_ns
        inquiry.pause_ns = min(inquiry.pause_ns * 2, ASK_PAUSE_NS_MAX)
        return max(
            min(at_ns, inquiry.law.provable_ns(inquiry.sent_ns)), self._count_ns + inquiry.law.proof_pause_ns
        )

    def _cancel_again(self, entry: OrderEntry, law: VenueLaw) -> list[Verdict]:
        client_order_id = entry.order.client_order_id
        before_ns = self._cancelled.get(client_order_id)
        if before_ns is not None and self._count_ns < before_ns + 2 * law.probe_retry_ns:
            return []
        self._cancelled[client_order_id] = self._count_ns
        return [CancelOrder(client_order_id, entry.order.instrument_key, "still open")]

    def _drop(self, working: Mapping[ClientOrderId, OrderEntry]) -> None:
        """What is known is not asked for any more."""
        for client_order_id in list(self.inquiries):
            entry = working.get(client_order_id)
            if entry is None or self._question(client_order_id, entry) is None:
                del self.inquiries[client_order_id]
        for gone in [each for each in self._missing if each not in working or working[each].ending]:
            del self._missing[gone]
        for gone in [each for each in self._untold if each not in working]:
            del self._untold[gone]
        for gone in [each for each in self._cancelled if each not in working]:
            del self._cancelled[gone]
