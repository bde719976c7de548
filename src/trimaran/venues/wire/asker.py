"""Asks carried to a market and back: the governor's leave, a signature, one departure, a typed answer.

    ask -> dialect.write -> gate (waits for the governor) -> carrier -> dialect.read -> answer

A request leaves once. It is written twice: as a draft, which says what it costs, and with the time of now
when it may leave. It is sent again in one case only: the venue refused it for its time (FaultKind.CLOCK).
Then the venue's time is asked for and the request is sent once more, if it is no order, or if the refusal
proves that nothing was done and the order is not older yet than it may be: who waits for its end counts from
its beginning. An order that has waited is looked at again when it may leave, and once more when it has its
connection: it can be too old by then (the process may have been halted), or stopped by a kill switch
(`still`). Right before its first byte it is counted (`writes`), by whoever writes it.

A request that is refused as expired although it cannot have been on its way for so long is such a one too.

Whatever goes wrong is a `VenueFault`. Its effect is REFUSED where nothing can have been done: not sent at all
(the governor forbade it, nobody was reached), or refused by a documented code; otherwise it is UNKNOWN.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, TypeVar

from msgspec.structs import replace

from trimaran.domain.account import VenueOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.ports import Clock
from trimaran.venues.wire.asks import (
    AmendOrder,
    Ask,
    CancelAll,
    CancelMany,
    CancelOrder,
    PlaceOrder,
    ServerTime,
)
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.clock_offset import VenueClock, VenueTime
from trimaran.venues.wire.dialect import MarketDialect
from trimaran.venues.wire.fault import Effect, Fault, FaultKind, VenueFault
from trimaran.venues.wire.governor import Admitted, Cost, Governor, Rank, Stopped, Ticket
from trimaran.venues.wire.limiter import WindowBudget
from trimaran.venues.wire.message import DRAFT, NO_HEADERS, HttpReply, HttpRequest, Sender, Stamp
from trimaran.venues.wire.patience import ASK, Patience, departure_ns_max
from trimaran.venues.wire.rest import RestError, stop_ordered_ns

T = TypeVar("T")

SECOND: Final = 1_000_000_000
RISK_ASKS: Final = (PlaceOrder, AmendOrder)
ORDER_ASKS: Final = (PlaceOrder, AmendOrder, CancelOrder, CancelMany, CancelAll)
STOPPING: Final = (FaultKind.RATE_LIMITED, FaultKind.BANNED)
COUNTS_NS: Final = 10_000_000
COSTS_KEPT: Final = 4_096
STALE: Final = "LOCAL_STALE"  # the code of an order that grew too old here
UNCOUNTED: Final = "LOCAL_KNIGHT"  # of one that would be written more often than was intended


class Carrier(Protocol):
    """Another way than REST for a request."""

    async def carry(self, ask: Ask[object], stamp: Stamp, answer_s_max: float) -> HttpReply | None:
        """The reply; None when nothing was sent and REST may be taken. Raises RestError when it was, or may
        have been, and no reply came."""


class Gate:
    """The governor of a venue, for those who wait. One for all clients of the venue."""

    def __init__(self, governor: Governor) -> None:
        self.governor = governor
        self.connects: dict[str, WindowBudget | None] = {}  # attempts of private lines to a host
        self._changed = asyncio.Event()
        self._waiting = 0

    def changed(self) -> None:
        """Something was settled: who waits looks again."""
        if self._waiting:
            self._changed.set()
            self._changed = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Returns after `seconds`, or earlier when something was settled."""
        self._waiting += 1
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._changed.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1


class Asker:
    """Carries asks of one account to one market."""

    def __init__(
        self,
        dialect: MarketDialect,
        gate: Gate,
        rest: Sender,
        clock: Clock,
        venue_clock: VenueClock,
        account: str = "",
    ) -> None:
        self.venue_clock = venue_clock
        self._dialect = dialect
        self._gate = gate
        self._rest = rest
        self._clock = clock
        self._account = account
        self._sync: asyncio.Lock = asyncio.Lock()
        self._synced_ns = -SECOND
        self.still: Callable[[Approved], str] = lambda approved: ""  # a code: an order may not leave now
        # whoever is about to write an order asks; False: it must not
        self.writes: Callable[[Approved], bool] = lambda approved: True
        # what was written did nothing, which is proved: it may be written once more
        self.undone: Callable[[Approved], None] = lambda approved: None
        self._counted_ns = 0  # when the venue's own count was read last
        self._costs: dict[object, Cost] = {}  # by the shape of a request

    async def ask(
        self, ask: Ask[T], patience: Patience = ASK, carrier: Carrier | None = None, began_ns: int = 0
    ) -> T | Unsupported:
        """The answer; `Unsupported` where the market has no such thing. Raises VenueFault.

        `began_ns` (monotonic): since when an order waits, where that was before this call.
        """
        began_ns = began_ns or self._clock.monotonic_ns()
        if isinstance(ask, RISK_ASKS) and not self.venue_clock.synced:
            await self._sync_for_order()
        try:
            return await self._once(ask, patience, carrier, began_ns)
        except VenueFault as error:
            fault = error.fault
            if not may_leave_again(ask, fault) or isinstance(ask, ServerTime):
                raise
        return await self.ask_again(ask, patience, carrier, began_ns, fault)

    async def ask_again(
        self, ask: Ask[T], patience: Patience, carrier: Carrier | None, began_ns: int, fault: Fault
    ) -> T | Unsupported:
        """The answer to what left at `began_ns` and was refused for its time. Raises VenueFault."""
        try:
            await self.sync_clock()
        except VenueFault:
            if isinstance(ask, ORDER_ASKS):
                raise VenueFault(fault) from None
            raise
        if isinstance(ask, ORDER_ASKS) and self._clock.monotonic_ns() - began_ns > patience.valid_ns:
            raise VenueFault(fault)
        self.uncount(ask)
        return await self._once(ask, patience, carrier, began_ns)

    async def sync_clock(self) -> None:
        """Learns the venue's time; who comes while somebody asks is served too. Raises VenueFault."""
        came_ns = self._clock.monotonic_ns()
        async with self._sync:
            if self._synced_ns >= came_ns:
                return
            await self._once(ServerTime(), ASK, None, came_ns)
            self._synced_ns = self._clock.monotonic_ns()

    # --- at once --------------------------------------------------------------------------------------

    def admit_now(self, ask: PlaceOrder | AmendOrder | CancelOrder, now: VenueTime) -> Ticket | None:
        """A place in the governor's count; None when it would have to wait, is stopped, or does not exist.

        `answer_now`, `settle_now` or `give_back` must follow. What a request costs is remembered by its shape
        (`MarketDialect.write`). Raises ConfigError as the dialect does.
        """
        shape = shape_of(ask)
        cost = self._costs.get(shape)
        if cost is None:
            written = self._dialect.write(ask, DRAFT)
            if isinstance(written, Unsupported):
                return None
            cost = self._gate.governor.cost_of(written, self._account, rank_of(ask))
            if len(self._costs) >= COSTS_KEPT:
                self._costs.clear()
            self._costs[shape] = cost
        return self._gate.governor.admit_now(cost, now)

    def answer_now(
        self, ask: Ask[T], ticket: Ticket, reply: HttpReply, sent_ns: int, patience: Patience
    ) -> T:
        """The answer to a request that `admit_now` let pass. Raises VenueFault."""
        now = self.venue_clock.at(self._clock.monotonic_ns())
        headers = NO_HEADERS
        if now.local_ns - self._counted_ns >= COUNTS_NS:  # each says all that those before it said
            self._counted_ns, headers = now.local_ns, reply.headers
        self._gate.governor.settle(ticket, now, headers)
        self._gate.changed()
        return self._read(ask, ticket, reply, sent_ns, patience)

    def settle_now(self, ticket: Ticket) -> None:
        """The same without an answer."""
        self._settle(ticket, None, True)

    def give_back(self, ticket: Ticket) -> None:
        """It has never left."""
        self._settle(ticket, None, False)

    # --- helpers --------------------------------------------------------------------------------------

    async def _sync_for_order(self) -> None:
        """An order that is stamped by a guess could be taken for much longer than its law says."""
        try:
            await self.sync_clock()
        except VenueFault as error:
            text = f"not sent: the venue's time is not known ({error})"[:200]
            raise VenueFault(Fault(FaultKind.UNAVAILABLE, Effect.REFUSED, "", text)) from error

    def _must_stay(self, ask: Ask[object], patience: Patience, waited_ns: int) -> Fault | None:
        """Why an order that has waited may not leave after all: it grew too old, or somebody stops it."""
        if not isinstance(ask, PlaceOrder | AmendOrder):
            return None
        if waited_ns > departure_ns_max(patience):
            return Fault(FaultKind.EXPIRED, Effect.REFUSED, STALE, "not sent: it has waited for too long")
        code = self.still(ask.approved)
        return Fault(FaultKind.REJECTED, Effect.REFUSED, code, "not sent: it was stopped") if code else None

    async def _once(
        self, ask: Ask[T], patience: Patience, carrier: Carrier | None, began_ns: int
    ) -> T | Unsupported:
        written = self._dialect.write(ask, DRAFT)
        if isinstance(written, Unsupported):
            return written
        ticket = await self._admitted(written, rank_of(ask), patience.wait_s_max)
        reply, left, sent_ns = None, True, self._clock.monotonic_ns()
        must_stay = self._must_stay(ask, patience, sent_ns - began_ns)
        if must_stay is not None:
            self._settle(ticket, None, False)
            raise VenueFault(must_stay)
        try:
            reply = await self._carried(ask, patience, carrier, began_ns)
        except RestError as error:
            left = error.may_have_left
            raise VenueFault(_fault_of(error)) from error
        except VenueFault:  # the last look
            left = False
            raise
        finally:
            self._settle(ticket, reply, left)
        return self._read(ask, ticket, reply, sent_ns, patience)

    async def _carried(
        self, ask: Ask[T], patience: Patience, carrier: Carrier | None, began_ns: int
    ) -> HttpReply:
        """Written whole, with the time of now: it may have waited."""
        stamp = self._stamp(patience)
        if carrier is not None:
            reply = await carrier.carry(ask, stamp, patience.answer_s_max)
            if reply is not None:
                return reply
        written = self._dialect.write(ask, stamp)
        assert isinstance(written, HttpRequest)
        if not isinstance(ask, PlaceOrder | AmendOrder):
            return await self._rest.send(written, patience.answer_s_max)
        departs = partial(self._departs, ask, patience, began_ns)
        return await self._rest.send(written, patience.answer_s_max, departs)

    def _departs(self, ask: PlaceOrder | AmendOrder, patience: Patience, began_ns: int) -> None:
        """The last look at an order, which has its connection now. Raises VenueFault: it has not left."""
        must_stay = self._must_stay(ask, patience, self._clock.monotonic_ns() - began_ns)
        if must_stay is not None:
            raise VenueFault(must_stay)
        self.count(ask)

    def count(self, ask: Ask[object]) -> None:
        """To be called by who is about to write an order. Raises VenueFault: it must not.

        It may have left before, so that this proves nothing about it.
        """
        if isinstance(ask, PlaceOrder | AmendOrder) and not self.writes(ask.approved):
            text = "not sent: it would be written more often than was intended"
            raise VenueFault(Fault(FaultKind.REJECTED, Effect.UNKNOWN, UNCOUNTED, text))

    def uncount(self, ask: Ask[object]) -> None:
        """It was not written after all, or is proved to have done nothing: it may be written once more."""
        if isinstance(ask, PlaceOrder | AmendOrder):
            self.undone(ask.approved)

    def _read(self, ask: Ask[T], ticket: Ticket, reply: HttpReply, sent_ns: int, patience: Patience) -> T:
        heard_ns = self._clock.monotonic_ns()
        try:
            answer = self._dialect.read(ask, reply, self._clock.wall_ns())
        except VenueFault as error:
            self._obey(ticket, error.fault, stop_ordered_ns(reply), heard_ns)
            if error.fault.kind is FaultKind.EXPIRED and heard_ns - sent_ns < patience.valid_ns // 2:
                raise VenueFault(replace(error.fault, kind=FaultKind.CLOCK)) from error
            raise
        if isinstance(ask, ServerTime) and isinstance(answer, int):
            self.venue_clock.add(sent_ns, answer, heard_ns)
        return answer

    def _obey(self, ticket: Ticket, fault: Fault, stop_ns: int, now_ns: int) -> None:
        """A refusal for the rate stops its scope for as long as it says, or fills its budgets."""
        refused = fault.kind in STOPPING
        stop_ns = max(stop_ns, fault.retry_after_ns if refused else 0)
        if stop_ns:
            if self._gate.governor.stop(ticket, now_ns + stop_ns, fault.of_account):
                self._rest.stop(ticket.url, stop_ns)
        elif refused:
            self._gate.governor.exhausted(ticket, self.venue_clock.at(now_ns))

    async def _admitted(self, request: HttpRequest, rank: Rank | None, wait_s_max: float) -> Ticket:
        """A place in the governor's count. Raises VenueFault when it is stopped, or the wait is too long."""
        governor, began_ns = self._gate.governor, self._clock.monotonic_ns()
        ticket = governor.enter(request, self._account, rank)
        try:
            while True:
                now_ns = self._clock.monotonic_ns()
                verdict = governor.admit(ticket, self.venue_clock.at(now_ns))
                if isinstance(verdict, Admitted):
                    return ticket
                if isinstance(verdict, Stopped):
                    text = f"not sent: the venue ordered {verdict.scope} to stop"
                    raise VenueFault(_not_sent(text, verdict.local_ns - now_ns))
                left_s = wait_s_max - (now_ns - began_ns) / SECOND
                if left_s <= 0:
                    raise VenueFault(_not_sent("not sent: no room in the venue's limits", 0))
                await self._gate.wait(min(left_s, (verdict.local_ns - now_ns) / SECOND))
        finally:
            if not ticket.admitted:
                governor.leave(ticket)
                self._gate.changed()

    def _settle(self, ticket: Ticket, reply: HttpReply | None, left: bool) -> None:
        now = self.venue_clock.at(self._clock.monotonic_ns())
        if left:
            self._gate.governor.settle(ticket, now, reply.headers if reply is not None else {})
        else:
            self._gate.governor.give_back(ticket)
        self._gate.changed()

    def _stamp(self, patience: Patience) -> Stamp:
        return self.venue_clock.stamp(self._clock.monotonic_ns(), patience.valid_ns)


def may_leave_again(ask: Ask[object], fault: Fault) -> bool:
    """Whether a refusal is one for the time, after which the same request may leave once more."""
    refused = fault.effect is Effect.REFUSED or not isinstance(ask, ORDER_ASKS)
    return fault.kind is FaultKind.CLOCK and refused


def rank_of(ask: Ask[object]) -> Rank | None:
    """Who is served first: an order's rank; None where its urgency says it."""
    if isinstance(ask, PlaceOrder | AmendOrder):
        return Rank.CLOSE if ask.approved.order.reduce_only else Rank.OPEN
    return Rank.CANCEL if isinstance(ask, ServerTime) else None  # nothing is stamped without the time


def shape_of(ask: PlaceOrder | AmendOrder | CancelOrder) -> object:
    """What the cost of an order request depends on: see `MarketDialect.write`."""
    if isinstance(ask, CancelOrder):
        ref = ask.ref
        return ref.symbol, ref.triggered, _space_of(ref.venue_order_id)
    order = ask.approved.order
    kind = (order.instrument_key, order.order_type, order.tif, order.reduce_only)
    return kind if isinstance(ask, PlaceOrder) else (kind, _space_of(ask.venue_order_id))


def _space_of(venue_order_id: VenueOrderId | None) -> str | None:
    """What stands before the colon in an id of the venue: orders of one space cost alike."""
    return None if venue_order_id is None else venue_order_id.rpartition(":")[0]


def _not_sent(text: str, retry_after_ns: int) -> Fault:
    return Fault(FaultKind.RATE_LIMITED, Effect.REFUSED, "", text, max(retry_after_ns, 0))


def _fault_of(error: RestError) -> Fault:
    effect = Effect.UNKNOWN if error.may_have_left else Effect.REFUSED
    return Fault(FaultKind.UNKNOWN, effect, "", str(error)[:200], error.retry_after_ns)
