"""Paper trading: real books, orders that are filled on paper.

An order sent at `t` arrives at `t + latency_ns` and is matched there, as IOC, against the levels that
the book displays then, best first, within its limit price. The answer is heard at once after arrival:
ack, fills, end. What this model promises and what it does not:

- It never fills more than was displayed. What we took from a level is not there for us again until
  the level has changed its size (the market's next word about it), although the real book still shows
  it, because our orders are not real.
- It does not move the market: others do not react to us. So it is too kind to large orders.
- It takes only. A resting order needs a place in a queue, which a book of levels does not tell; other
  times in force than IOC are rejected as unsupported.
- A book that is not live at arrival rejects: nobody knows what would have been filled.

The runner calls `due(now_ns)` before it applies anything newer than `next_due_ns` to the books, so that
an order meets the book of its arrival. Events carry the arrival as `venue_ns`.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Final, Protocol

import msgspec

from trimaran.domain.account import (
    AccountEvent,
    Fill,
    FillId,
    Liquidity,
    OrderAcked,
    OrderDone,
    OrderRejected,
    VenueOrderId,
)
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.commands import Command, SendOrder
from trimaran.domain.decision import Approved
from trimaran.domain.exact import EXACT
from trimaran.domain.instrument import Asset, ContractKind, Instrument, InstrumentKey, MarketName, Side
from trimaran.domain.orders import OrderRequest, OrderState, TimeInForce
from trimaran.venues.sim.paper_account import PaperAccount, taker_fee

UNSUPPORTED: Final = "UNSUPPORTED_BY_PAPER"
UNKNOWN_INSTRUMENT: Final = "UNKNOWN_INSTRUMENT"
DUPLICATE_ID: Final = "DUPLICATE_CLIENT_ORDER_ID"
SIZE_TOO_SMALL: Final = "SIZE_TOO_SMALL"
BOOK_NOT_LIVE: Final = "BOOK_NOT_LIVE"
INSUFFICIENT_BALANCE: Final = "INSUFFICIENT_BALANCE"
REDUCE_ONLY: Final = "REDUCE_ONLY_WOULD_INCREASE"
FILLED: Final = "FILLED"
UNFILLED_IOC: Final = "UNFILLED_IOC"

LEVELS_FIRST: Final = 32  # levels read at once; doubled while the order could take more


class BookView(Protocol):
    """What the paper venue sees of the live books."""

    def depth(self, key: InstrumentKey, side: Side, count: int) -> Sequence[tuple[int, int]]:
        """The best `count` levels of a side (bids are BUY), best first: (price_ticks, lots > 0)."""

    def status(self, key: InstrumentKey) -> BookStatus:
        """The status of the book."""

    def update_id(self, key: InstrumentKey) -> int:
        """The venue's id of the book's last update: it names what an order was matched against."""


class _InFlight(msgspec.Struct, frozen=True, order=True):
    arrival_ns: int
    number: int
    approved: Approved


class _Taken(msgspec.Struct, frozen=True):
    displayed_lots: int
    taken_lots: int


class PaperVenue:
    """Takes approved orders, answers with account events. Reads no clock: time is an argument."""

    def __init__(
        self,
        instruments: Mapping[InstrumentKey, Instrument],
        books: BookView,
        latency_ns: int,
        balances: Mapping[tuple[MarketName, Asset], Decimal],
    ) -> None:
        assert latency_ns >= 0, latency_ns
        self.account = PaperAccount(balances)
        self._instruments = dict(instruments)
        self._books = books
        self._latency_ns = latency_ns
        self._in_flight: list[_InFlight] = []
        self._used_ids: set[ClientOrderId] = set()
        self._sent = 0
        self._fills = 0
        self._taken: dict[tuple[InstrumentKey, Side], dict[int, _Taken]] = {}

    @property
    def next_due_ns(self) -> int | None:
        """When the next order arrives; None when nothing is under way."""
        return self._in_flight[0].arrival_ns if self._in_flight else None

    def send(self, approved: Approved, now_ns: int) -> None:
        """Sends an order. Everything that becomes of it, a rejection too, comes out of `due`."""
        assert isinstance(approved, Approved), type(approved)
        self._sent += 1
        heapq.heappush(self._in_flight, _InFlight(now_ns + self._latency_ns, self._sent, approved))

    def carry_out(self, command: Command, now_ns: int) -> None:
        """Takes a command. Nothing rests here: there is nothing to cancel, to change or to ask for."""
        if isinstance(command, SendOrder):
            self.send(command.approved, now_ns)

    def due(self, now_ns: int) -> list[AccountEvent]:
        """Matches every order that has arrived by `now_ns`, in the order of arrival."""
        events: list[AccountEvent] = []
        while self._in_flight and self._in_flight[0].arrival_ns <= now_ns:
            arrived = heapq.heappop(self._in_flight)
            events += self._arrive(arrived, now_ns)
        return events

    def _arrive(self, arrived: _InFlight, now_ns: int) -> list[AccountEvent]:
        order, at_ns = arrived.approved.order, arrived.arrival_ns
        rejection = self._rejection(order)
        self._used_ids.add(order.client_order_id)
        if rejection is not None:
            code, text = rejection
            return [OrderRejected(order.client_order_id, code, text, at_ns, now_ns)]
        update_id = self._books.update_id(order.instrument_key)
        venue_order_id = VenueOrderId(f"paper-{arrived.number}-{update_id}")
        events: list[AccountEvent] = [OrderAcked(order.client_order_id, venue_order_id, at_ns, now_ns)]
        filled_lots = 0
        for ticks, lots in self._match(order):
            events.append(self._fill(order, ticks, lots, at_ns, now_ns))
            filled_lots += lots
        complete = filled_lots == order.lots
        state, reason = (OrderState.FILLED, FILLED) if complete else (OrderState.EXPIRED, UNFILLED_IOC)
        events.append(OrderDone(order.client_order_id, state, reason, at_ns, now_ns))
        return events

    def _rejection(self, order: OrderRequest) -> tuple[str, str] | None:
        """The code and the text of a rejection, in the order in which a venue would look."""
        instrument = self._instruments.get(order.instrument_key)
        if instrument is None:
            return UNKNOWN_INSTRUMENT, f"no such instrument: {order.instrument_key}"
        if order.tif is not TimeInForce.IOC:
            return UNSUPPORTED, f"unsupported by paper: expected IOC, found {order.tif.name}"
        if order.client_order_id in self._used_ids:
            return DUPLICATE_ID, f"client order id {order.client_order_id} was used before"
        if order.lots < instrument.order_lots_min:
            return (
                SIZE_TOO_SMALL,
                f"size: expected at least {instrument.order_lots_min} lots, found {order.lots}",
            )
        status = self._books.status(order.instrument_key)
        if status is not BookStatus.LIVE:
            return BOOK_NOT_LIVE, f"book: expected LIVE at arrival, found {status.name}"
        if instrument.kind is ContractKind.SPOT:
            return self._spot_shortage(order, instrument)
        if order.reduce_only and self._reducible_lots(order) <= 0:
            return REDUCE_ONLY, f"reduce only: position is {self.account.position_lots(instrument.key)} lots"
        return None

    def _spot_shortage(self, order: OrderRequest, instrument: Instrument) -> tuple[str, str] | None:
        """A venue locks the notional at the limit price, or the size, before it matches."""
        with localcontext(EXACT):
            if order.side is Side.BUY:
                asset, needed = instrument.quote, instrument.notional(order.price_ticks, order.lots)
            else:
                asset, needed = instrument.base, instrument.size(order.lots)
        held = self.account.balance(instrument.market, asset)
        if needed <= held:
            return None
        return INSUFFICIENT_BALANCE, f"{asset}: expected at least {needed}, found {held}"

    def _reducible_lots(self, order: OrderRequest) -> int:
        return -order.side.sign * self.account.position_lots(order.instrument_key)

    def _match(self, order: OrderRequest) -> list[tuple[int, int]]:
        """What the order takes: (price_ticks, lots), best first; remembers it as taken."""
        side = order.side.opposite
        wanted = min(order.lots, self._reducible_lots(order)) if order.reduce_only else order.lots
        count = LEVELS_FIRST
        while True:
            levels = self._books.depth(order.instrument_key, side, count)
            whole = len(levels) < count
            taken = self._still_taken(order.instrument_key, side, levels, whole)
            takes = _walk(levels, taken, order, wanted)
            enough = sum(lots for _, lots in takes) == wanted
            if enough or whole or not _within(order, levels[-1][0]):
                break
            count *= 2
        displayed = dict(levels)
        for ticks, lots in takes:
            before = taken.get(ticks)
            already = before.taken_lots if before else 0
            taken[ticks] = _Taken(displayed[ticks], already + lots)
        return takes

    def _still_taken(
        self, key: InstrumentKey, side: Side, levels: Sequence[tuple[int, int]], whole: bool
    ) -> dict[int, _Taken]:
        """What we took and the market has not spoken about since. Levels beyond the view are kept."""
        taken = self._taken.setdefault((key, side), {})
        displayed = dict(levels)
        for ticks in list(taken):
            # Bids fall and asks rise away from the best price, so a sign makes both alike.
            beyond = not whole and (ticks - levels[-1][0]) * -side.sign > 0
            if not beyond and displayed.get(ticks) != taken[ticks].displayed_lots:
                del taken[ticks]
        return taken

    def _fill(self, order: OrderRequest, ticks: int, lots: int, at_ns: int, now_ns: int) -> Fill:
        instrument = self._instruments[order.instrument_key]
        fee, fee_asset = taker_fee(instrument, order.side, ticks, lots)
        self.account.settle(instrument, order.side, ticks, lots, fee, fee_asset)
        self._fills += 1
        return Fill(
            fill_id=FillId(f"paper-{self._fills}"),
            client_order_id=order.client_order_id,
            instrument_key=order.instrument_key,
            side=order.side,
            price_ticks=ticks,
            lots=lots,
            liquidity=Liquidity.TAKER,
            fee=fee,
            fee_asset=fee_asset,
            venue_ns=at_ns,
            local_ns=now_ns,
        )


def _within(order: OrderRequest, ticks: int) -> bool:
    """Whether a level's price is acceptable to the order."""
    return ticks <= order.price_ticks if order.side is Side.BUY else ticks >= order.price_ticks


def _walk(
    levels: Sequence[tuple[int, int]], taken: Mapping[int, _Taken], order: OrderRequest, wanted: int
) -> list[tuple[int, int]]:
    takes: list[tuple[int, int]] = []
    for ticks, displayed_lots in levels:
        if wanted == 0 or not _within(order, ticks):
            break
        before = taken.get(ticks)
        lots = min(wanted, displayed_lots - (before.taken_lots if before else 0))
        if lots > 0:
            takes.append((ticks, lots))
            wanted -= lots
    return takes
