"""Asks a market for one order by every channel, and says what that proves.

    by our id -> among the open orders -> in the history -> among the fills

Whatever is found goes into the fold, and the order's state is told, again if need be. `ProbeAbsent` is told
only when every channel has answered and none knows the order: to the first question the venue's own
NO_SUCH_ORDER, with an effect that is REFUSED; a channel may be missing only where the market has none, and
history and fills may not both be. Anything else, a fault above all, is `ProbeFailed` and proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from trimaran.domain.account import ProbeAbsent, ProbeAnswer, ProbeFailed, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.wire.asks import OrderRef, QueryOrder
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault
from trimaran.venues.wire.reconciler import Reconciler
from trimaran.venues.wire.shared import Shared

MARGIN_NS: Final = 1_000_000_000  # venues stamp in milliseconds, and clocks are known within a bound
STRANGERS_MAX: Final = 50  # fills that name no order of ours are asked about, so many at most


class Unproved(Exception):
    """A channel did not say that it does not know the order; the text says which."""


class Prober:
    """The questions about one order. `found` takes the reports of the order itself."""

    def __init__(self, shared: Shared, reconciler: Reconciler, found: Callable[[OrderReport], None]) -> None:
        self._asker = shared.asker
        self._reconciler = reconciler
        self._patience = shared.options.ask
        self._clock = shared.clock
        self._hear = shared.hear
        self._tell_found = found
        self._owned = shared.fold.owns
        self._triggers_apart = shared.spec.triggers_apart

    async def probe(self, ref: OrderRef, since_ns: int) -> ProbeAnswer | None:
        """None when the order was found. `since_ns` (local clock, wall): the order cannot be older."""
        assert ref.client_order_id is not None, ref
        number, asked_ns = ref.client_order_id, self._clock.wall_ns()
        try:
            if await self._found(ref, number, self._venue_since(since_ns, asked_ns)):
                return None
        except VenueFault as error:
            return ProbeFailed(number, str(error), self._clock.wall_ns())
        except Unproved as error:
            return ProbeFailed(number, str(error), self._clock.wall_ns())
        return ProbeAbsent(number, asked_ns, self._clock.wall_ns())

    async def _found(self, ref: OrderRef, number: ClientOrderId, since_ns: int) -> bool:
        """Whether any channel knows the order; False only when all of them positively do not."""
        for triggered in (False, True) if self._triggers_apart else (False,):
            if await self._queried(OrderRef(ref.symbol, number, None, triggered)):
                return True
        if self._among(await self._reconciler.open_orders(ref.symbol), number):
            return True
        history = await self._reconciler.history(ref.symbol, since_ns)
        if not isinstance(history, Unsupported) and self._among(history, number):
            return True
        fills, whole = await self._reconciler.fills_or_part(ref.symbol, since_ns)
        if isinstance(fills, Unsupported):
            if isinstance(history, Unsupported):
                raise Unproved("the market has neither a history nor fills")
            return False
        found = await self._among_fills(ref, fills, number)
        if not found and not whole:
            raise Unproved("there are more fills since then than can be asked for")
        return found

    async def _queried(self, ref: OrderRef) -> bool:
        try:
            report = await self._asker.ask(QueryOrder(ref), self._patience)
        except VenueFault as error:
            fault = error.fault
            if fault.kind is FaultKind.NO_SUCH_ORDER and fault.effect is Effect.REFUSED:
                return False
            raise
        if isinstance(report, Unsupported):
            raise Unproved(f"the market cannot be asked for an order: {report.reason}")
        return self._among([report], ref.client_order_id)

    def _among(self, reports: Sequence[OrderReport], number: ClientOrderId | None) -> bool:
        """Whether the order is among these, all of which the fold hears of."""
        found = False
        for report in reports:
            if number is not None and report.client_order_id == number:
                found = True
                self._tell_found(report)
            else:
                self._hear(report)
        return found

    async def _among_fills(self, ref: OrderRef, fills: Sequence[FillReport], number: ClientOrderId) -> bool:
        """Fills that name no order of ours, and whose order is not known yet, are asked about."""
        if any(fill.client_order_id == number for fill in fills):
            return True
        strangers: dict[VenueOrderId, None] = {}
        for fill in fills:
            if not self._owned(fill):
                strangers[fill.venue_order_id] = None
        if len(strangers) > STRANGERS_MAX:
            raise Unproved(f"fills of {len(strangers)} orders that nobody has told of")
        found = False
        for venue_order_id in strangers:
            theirs = OrderRef(ref.symbol, None, venue_order_id)
            report = await self._asker.ask(QueryOrder(theirs), self._patience)
            if isinstance(report, Unsupported):
                raise Unproved("a fill of an order that cannot be asked for")
            found = self._among([report], number) or found
        return found

    def _venue_since(self, since_ns: int, wall_ns: int) -> int:
        """The venue's time of a time of our wall clock, at the earliest."""
        now = self._asker.venue_clock.at(self._clock.monotonic_ns())
        return max(1, now.venue_ns - now.error_ns - (wall_ns - since_ns) - MARGIN_NS)
