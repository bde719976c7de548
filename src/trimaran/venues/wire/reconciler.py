"""Asks a market over REST for everything that a private line may have missed, and hands it to the fold.

Open orders first; then fills since the time of the gap, page by page; then orders that we believed open and
that are not among the open ones, one by one; then balances and positions. Whatever comes goes into the fold,
which knows what is news. A fault ends the round: nothing is taken for done that was not answered. A round
that has ended gives back what it found, so that it can be compared with what we believe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from trimaran.domain.account import FillId, VenueOrderId
from trimaran.domain.instrument import Side, Symbol, symbol_in
from trimaran.domain.orders import TERMINAL
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport, PositionReport, Report
from trimaran.venues.wire.asker import Asker
from trimaran.venues.wire.asks import (
    Ask,
    Balances,
    FillHistory,
    OpenOrders,
    OrderHistory,
    OrderRef,
    Positions,
    QueryOrder,
)
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.client_port import ClientOptions
from trimaran.venues.wire.fault import Effect, Fault, FaultKind, VenueFault
from trimaran.venues.wire.fold_port import OpenOrder
from trimaran.venues.wire.private_spec import PrivateSpec

T = TypeVar("T")
HeldT = TypeVar("HeldT", BalanceReport, PositionReport)
Held = BalanceReport | PositionReport
Listed = Callable[[type[Held], Sequence[Held], int], None]  # kind, all of it, venue's time of the question

TIME_STEP_NS: Final = 1_000_000  # venues stamp in milliseconds
WINDOWS_MAX: Final = 50  # what lies further back is no gap, and venues do not keep it for ever
PAGES_MAX: Final = 200  # of one instrument; a client that missed more has other troubles
HISTORY_PAGE: Final = 1000  # rows of a page of orders; venues cut it to what they have


class Found(msgspec.Struct, frozen=True):
    """What a round has found at the venue: all that is open, and all that is held."""

    open_orders: tuple[OrderReport, ...]
    balances: tuple[BalanceReport, ...]
    positions: tuple[PositionReport, ...]


class Reconciler:
    """The questions after a gap. `hear` takes reports, `gone` orders that the venue does not know."""

    def __init__(
        self,
        asker: Asker,
        options: ClientOptions,
        symbols: Sequence[Symbol],
        spec: PrivateSpec,
        hear: Callable[[Report], None],
        gone: Callable[[OpenOrder, VenueFault], None],
        venue_ns: Callable[[], int] = int,
        listed: Listed = lambda *_: None,
    ) -> None:
        self._asker = asker
        self._patience = options.ask
        self._page = options.page
        self._open_page = spec.open_page
        self._symbols = tuple(symbols)
        self._triggers_apart = spec.triggers_apart
        self._hear = hear
        self._gone = gone
        self._fills_newest = spec.fills_newest  # a full page has the newest rows, and pages lead back
        self._window_ns = spec.history_window_ns  # how far an answer reaches; 0: to its end
        self._venue_ns = venue_ns  # the venue's time now, at the earliest
        self._listed = listed

    async def everything(self, believed: Callable[[], Sequence[OpenOrder]], since_ns: int) -> Found:
        """One round. `believed`: what is open as far as we know. Raises VenueFault."""
        before = {order.client_order_id for order in believed()}
        open_orders = await self.open_now()
        open_ids = {report.client_order_id for report in open_orders}
        for symbol in self._symbols:
            await self.fills(symbol, since_ns)
        for order in believed():  # a fill may have told of one whose answer was lost
            ours = order.client_order_id in before - open_ids and order.venue_order_id is not None
            if ours:
                await self._query(order)
        balances = await self._list(BalanceReport, Balances())
        positions = await self._list(PositionReport, Positions())
        return Found(open_orders, balances, positions)

    async def fills(
        self, symbol: Symbol, since_ns: int, ref: OrderRef | None = None
    ) -> Sequence[FillReport] | Unsupported:
        """Fills of an instrument, or of one order, window by window, all of which the fold has heard of.

        Raises VenueFault, also when there are more pages than `PAGES_MAX`. What lies behind `WINDOWS_MAX` is
        left out.
        """
        return (await self.fills_or_part(symbol, since_ns, ref))[0]

    async def fills_or_part(
        self, symbol: Symbol, since_ns: int, ref: OrderRef | None = None
    ) -> tuple[Sequence[FillReport] | Unsupported, bool]:
        """The same, and whether these are all."""
        whole = True
        seen: dict[tuple[FillId, Side], FillReport] = {}
        if since_ns and ref is None and self._window_ns:
            earliest_ns = self._venue_ns() - WINDOWS_MAX * self._window_ns
            since_ns, whole = max(since_ns, earliest_ns), since_ns >= earliest_ns
            while (until_ns := since_ns + self._window_ns) < self._venue_ns():
                await self._fills_between(symbol, since_ns, until_ns, None, seen)
                since_ns = until_ns
        unsupported = await self._fills_between(symbol, since_ns, 0, ref, seen)
        if unsupported is not None:
            return unsupported, False
        return tuple(seen.values()), whole

    async def _fills_between(
        self,
        symbol: Symbol,
        since_ns: int,
        until_ns: int,
        ref: OrderRef | None,
        seen: dict[tuple[FillId, Side], FillReport],
    ) -> Unsupported | None:
        """Page by page, until one brings no news: venues cut answers shorter than they were asked for.

        Raises VenueFault when there are more than `PAGES_MAX`: a list that is cut proves nothing.
        """
        for _ in range(PAGES_MAX):
            ask = FillHistory(symbol, since_ns, self._page, ref, until_ns)
            page = await self._asker.ask(ask, self._patience)
            if isinstance(page, Unsupported):
                return page
            news = [fill for fill in page if (fill.fill_id, fill.side) not in seen]
            for fill in news:
                seen[fill.fill_id, fill.side] = fill
                self._hear(fill)
            if not news and (ref is not None or len(page) < self._page):
                return None
            times = [fill.venue_ns for fill in page]
            since_ns, until_ns = self._next_page(times, bool(news), since_ns, until_ns)
            if until_ns and until_ns < since_ns:
                return None
        raise _too_many("fills")

    async def history(self, symbol: Symbol, since_ns: int) -> tuple[OrderReport, ...] | Unsupported:
        """Orders of an instrument that were made since then and have ended. Raises VenueFault."""
        rows: dict[VenueOrderId, OrderReport] = {}
        until_ns = 0
        for _ in range(PAGES_MAX):
            ask = OrderHistory(symbol, since_ns, HISTORY_PAGE, until_ns)
            page = await self._asker.ask(ask, self._patience)
            if isinstance(page, Unsupported):
                return page
            news = [report for report in page if report.venue_order_id not in rows]
            rows |= {report.venue_order_id: report for report in news}
            if not news:
                return tuple(rows.values())
            times = [report.created_ns or report.venue_ns for report in page]
            since_ns, until_ns = self._next_page(times, True, since_ns, until_ns)
            if until_ns and until_ns < since_ns:
                return tuple(rows.values())
        raise _too_many("orders")

    def _next_page(
        self, times_ns: Sequence[int], news: bool, since_ns: int, until_ns: int
    ) -> tuple[int, int]:
        """The bounds of the page behind one. Of a whole page of one moment the rest is out of reach."""
        step_ns = 0 if news else TIME_STEP_NS
        if self._fills_newest:
            oldest_ns = min(times_ns)
            return since_ns, min(oldest_ns, until_ns or oldest_ns) - step_ns
        return max(since_ns, *times_ns) + step_ns, until_ns

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Every open order of one instrument, those that wait for a trigger included. Raises VenueFault."""
        rows = await self._of_one(symbol, False)
        if self._triggers_apart:
            rows += await self._of_one(symbol, True)
        return rows

    async def open_now(self) -> tuple[OrderReport, ...]:
        """Every order that is open, all of which the fold has heard of. Raises VenueFault."""
        rows = await self._open_orders(False)
        return rows + await self._open_orders(True) if self._triggers_apart else rows

    async def _open_orders(self, triggered: bool) -> tuple[OrderReport, ...]:
        """The orders that are open, all of which the fold has heard of."""
        rows = await self._of_all(triggered)
        if rows is None:
            each = [await self._of_one(symbol, triggered) for symbol in self._symbols]
            rows = tuple(report for reports in each for report in reports)
        for report in rows:
            self._hear(report)
        return rows

    async def _of_one(self, symbol: Symbol, triggered: bool) -> tuple[OrderReport, ...]:
        """The open orders of one instrument, page by page where the venue has pages."""
        if not self._open_page:
            return await self._rows(OpenOrders(symbol, triggered))
        rows: dict[VenueOrderId, OrderReport] = {}
        behind: VenueOrderId | None = None
        for page in range(1, PAGES_MAX):
            found = await self._rows(OpenOrders(symbol, triggered, page, behind))
            rows |= {report.venue_order_id: report for report in found}
            if len(found) < self._open_page:
                return tuple(rows.values())
            behind = found[-1].venue_order_id
        raise _too_many("open orders")

    async def _of_all(self, triggered: bool) -> tuple[OrderReport, ...] | None:
        """The open orders of the whole market; None where they must be asked for instrument by instrument."""
        try:
            rows = await self._asker.ask(OpenOrders(None, triggered), self._patience)
        except VenueFault as error:
            if error.fault.kind is not FaultKind.TOO_MANY_ORDERS:
                raise
            return None
        return None if isinstance(rows, Unsupported) else rows

    async def _query(self, order: OpenOrder) -> None:
        """One order; and where it was triggered meanwhile, what came of it, which has an id of its own."""
        symbol = symbol_in(order.instrument_key)
        ref = OrderRef(symbol, order.client_order_id, order.venue_order_id)
        try:
            report = await self._asker.ask(QueryOrder(ref), self._patience)
        except VenueFault as error:
            if error.fault.kind is not FaultKind.NO_SUCH_ORDER:
                raise
            self._gone(order, error)
            return
        if isinstance(report, Unsupported):
            return
        self._hear(report)
        if report.venue_order_id != order.venue_order_id and report.state not in TERMINAL:
            own = await self._asker.ask(
                QueryOrder(OrderRef(symbol, order.client_order_id, report.venue_order_id)), self._patience
            )
            if not isinstance(own, Unsupported):
                self._hear(own)

    async def _list(self, kind: type[HeldT], ask: Ask[tuple[HeldT, ...]]) -> tuple[HeldT, ...]:
        """Everything that is held of a kind; what is not in the list is held no more.

        A row that does not say its time is at least as new as the question: a push since then is newer.
        """
        asked_ns = self._venue_ns()
        rows = await self._asker.ask(ask, self._patience)
        if isinstance(rows, Unsupported):
            return ()
        for report in rows:
            self._hear(report if report.venue_ns else replace(report, venue_ns=asked_ns))
        self._listed(kind, rows, asked_ns)
        return rows

    async def _rows(self, ask: Ask[tuple[T, ...]]) -> tuple[T, ...]:
        """The rows of an answer; none where the market has no such thing."""
        rows = await self._asker.ask(ask, self._patience)
        return () if isinstance(rows, Unsupported) else rows


def _too_many(what: str) -> VenueFault:
    return VenueFault(Fault(FaultKind.UNKNOWN, Effect.UNKNOWN, "", f"more than {PAGES_MAX} pages of {what}"))
