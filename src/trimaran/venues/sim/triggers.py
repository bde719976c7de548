"""Stop and take-profit orders: they wait outside the book until a price has gone far enough.

    stop          buy at or above the trigger, sell at or below it
    take-profit   buy at or below the trigger, sell at or above it

The price is that of the last trade, or the mark price where the order says so. They bind no money while they
wait; one whose money is missing when its time comes ends as REJECTED.
"""

from __future__ import annotations

from trimaran.venues.sim.accounts import Account
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.filters import STOPS, Numbers
from trimaran.venues.sim.order_desk import OrderDesk
from trimaran.venues.sim.tradable import Tradable
from trimaran.venues.sim.trading import (
    BUY,
    EndReason,
    Happening,
    OrderSpec,
    Refusal,
    SimOrder,
    Status,
    Why,
)

Span = tuple[int, int]  # lowest and highest price in ticks; zeros: there was none


class Triggers:
    """The waiting orders of a venue. They stand in `Tradable.waiting`."""

    def __init__(self, desk: OrderDesk) -> None:
        self._desk = desk
        self._seen: dict[Tradable, int] = {}  # the trade up to which prices were looked at

    def wait(
        self, account: Account, tradable: Tradable, spec: OrderSpec, numbers: Numbers, now_ns: int
    ) -> SimOrder | Refusal:
        """Takes a waiting order; one that would not have to wait is refused."""
        order = self._desk.new(account, spec, numbers, now_ns)
        last_ticks = _last_ticks(tradable.book) or tradable.mark_ticks()
        if _reached(order, (last_ticks, last_ticks), tradable.mark_ticks()):
            return Refusal(Why.WOULD_TRIGGER)
        order.status = Status.WAITING
        account.shelves[tradable.market].open_order(order)
        if not tradable.waiting:
            self._seen[tradable] = tradable.book.next_trade_id
        tradable.waiting[order.order_id] = order
        self._desk.tell(Happening.ACCEPTED, order, now_ns)
        return order

    def turn(self, tradable: Tradable, now_ns: int) -> None:
        """Lets the orders go whose price was reached since the last turn, oldest first."""
        span = _span_since(tradable.book, self._seen.get(tradable, 0))
        self._seen[tradable] = tradable.book.next_trade_id
        mark_ticks = tradable.mark_ticks()
        for order in [each for each in tradable.waiting.values() if _reached(each, span, mark_ticks)]:
            if order.status is Status.WAITING:
                self._fire(tradable, order, now_ns)

    def _fire(self, tradable: Tradable, order: SimOrder, now_ns: int) -> None:
        account = self._desk.accounts.by_id[order.account_id]
        del tradable.waiting[order.order_id]
        order.status = Status.NEW
        order.updated_ns = now_ns
        self._desk.tell(Happening.TRIGGERED, order, now_ns)
        if self._desk.work(account, tradable, order, now_ns, new=False) is not None:
            self._desk.end(account, tradable, order, EndReason.TRIGGER_FAILED, now_ns)
        self._desk.conclude(now_ns)


def _reached(order: SimOrder, span: Span, mark_ticks: int) -> bool:
    low, high = (mark_ticks, mark_ticks) if order.trigger_by_mark else span
    if low == 0:
        return False
    upwards = (order.side == BUY) == (order.type in STOPS)
    return high >= order.trigger_ticks if upwards else low <= order.trigger_ticks


def _last_ticks(book: VenueBook) -> int:
    return book.recent_fills[-1].executions[-1][2] if book.recent_fills else 0


def _span_since(book: VenueBook, first_trade_id: int) -> Span:
    """The prices of the trades from an id on."""
    low = high = 0
    for fill in reversed(book.recent_fills):
        if fill.first_trade_id < first_trade_id:
            break
        for _, _, ticks, _ in fill.executions:
            low, high = min(low or ticks, ticks), max(high, ticks)
    return low, high
