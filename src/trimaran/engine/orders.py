"""Orders of ours and where they are in their lives; and the law of a change of one.

`domain/orders.py` has the table of the states. A change of price or size (an amendment) is beside it, for the
order is open all the time:

 1. One change at a time, of an order that the venue is known to have.
 2. While it is under way the venue may have either terms. The worse of both counts as open risk, and the
    order is full only when it is full under both.
 3. It ends with `OrderAmended` that has the terms that were asked for, with `AmendRefused`, and with the end
    of the order. `AmendLost` does not end it: the resolver asks the venue, whose next word about the terms
    (`OrderAmended`, also with the old ones) does.
 4. `OrderAmended` with other terms than either is the venue's word all the same: they are taken over. The one
    that repeats what is known changes nothing.
 5. Once no change is under way, an order that is filled as far as its terms go is complete.

An order that has ended at the venue, which says that more was filled than the fills tell that came, ends here
when they have come: until then its untold lots count as open risk, its group waits, and nothing is asked of
the venue about it (`Ending`). How long that may take is the resolver's law.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec
from msgspec.structs import replace

from trimaran.domain.account import AmendLost, AmendRefused, OrderAmended, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.exact import ZERO
from trimaran.domain.facts import OrderStateChanged, OrderTermsChanged
from trimaran.domain.instrument import InstrumentKey
from trimaran.domain.orders import TERMINAL, OrderEvent, OrderRequest, OrderState, advance
from trimaran.ledger.regrid import Ratio

NO_VENUE_ID = VenueOrderId("")
STRAYS_MAX: Final = 1_024


class Amendment(msgspec.Struct, frozen=True):
    """A change that is under way."""

    order: OrderRequest  # what the order is to become
    opened_ns: int
    lost: bool = False  # no definitive answer came


class Ending(msgspec.Struct, frozen=True):
    """The end that an order has at the venue, and will have here when its fills were told."""

    state: OrderState
    reason: str
    filled_lots: int  # in total, as the venue says


class OrderEntry(msgspec.Struct, gc=False):
    """An order and where it is in its life."""

    order: OrderRequest
    state: OrderState
    changed_ns: int  # of the last record that changed something about it
    filled_lots: int = 0
    base_fee: Decimal = ZERO  # what the venue took from the base asset that was bought
    venue_order_id: VenueOrderId = NO_VENUE_ID
    amendment: Amendment | None = None
    cancel_ns: int = 0  # since when it is to be cancelled; 0: it is not
    venue_ns: int = 0  # the venue's time of the newest event about it; 0: none has come
    owes: bool = False  # whether what it fills beyond its group is to be given back
    ending: Ending | None = None

    @property
    def lots_max(self) -> int:
        """The most that the order can fill in total."""
        if self.amendment is None:
            return self.order.lots
        return max(self.order.lots, self.amendment.order.lots)

    @property
    def worst(self) -> OrderRequest:
        """The order with the worse of the terms that the venue may have."""
        if self.amendment is None:
            return self.order
        price_ticks = max(self.order.price_ticks, self.amendment.order.price_ticks)
        return replace(self.order, price_ticks=price_ticks, lots=self.lots_max)

    @property
    def is_open(self) -> bool:
        """Whether the venue is known to have it."""
        if self.ending is not None:
            return False
        return self.state is OrderState.ACKED or self.state is OrderState.PARTIALLY_FILLED


class Orders:
    """All orders that are remembered. Only `engine/durable.py` and `engine/accounts.py` change them."""

    def __init__(self) -> None:
        self.entries: dict[ClientOrderId, OrderEntry] = {}
        self.working: dict[ClientOrderId, OrderEntry] = {}  # those that have not ended
        self.at_work: dict[InstrumentKey, int] = {}  # how many of them, by instrument
        self.strays: dict[ClientOrderId, int] = {}  # lots of fills whose order is not known, the newest last

    def add(self, entry: OrderEntry) -> None:
        """A new order, which has not ended."""
        client_order_id, key = entry.order.client_order_id, entry.order.instrument_key
        assert client_order_id not in self.entries, client_order_id
        self.entries[client_order_id] = self.working[client_order_id] = entry
        self.at_work[key] = self.at_work.get(key, 0) + 1

    def move(
        self, entry: OrderEntry, event: OrderEvent, reason: str, now_ns: int
    ) -> OrderStateChanged | None:
        """Moves an order in the state table. None when nothing changed. Raises IllegalTransition."""
        client_order_id = entry.order.client_order_id
        before = entry.state
        after = advance(before, event)
        filled = event is OrderEvent.PARTIAL_FILL or event is OrderEvent.FULL_FILL
        if after is before and not filled:
            return None
        entry.state = after
        entry.changed_ns = now_ns
        key = entry.order.instrument_key
        if after in TERMINAL and before not in TERMINAL:
            self._end(client_order_id, entry)
        return OrderStateChanged(
            client_order_id, key, before, event, after, entry.filled_lots, reason, now_ns
        )

    def stray(self, client_order_id: ClientOrderId, lots: int) -> None:
        """A fill whose order is not known; it may be adopted later."""
        self.strays[client_order_id] = self.strays.pop(client_order_id, 0) + lots
        if len(self.strays) > STRAYS_MAX:
            del self.strays[next(iter(self.strays))]

    def forget(self, client_order_id: ClientOrderId) -> None:
        """An order that has ended is not remembered any more."""
        entry = self.entries.pop(client_order_id)
        assert entry.state in TERMINAL, entry

    def restate(self, key: InstrumentKey, price: Ratio, lots: Ratio) -> int:
        """Another grid: the orders of an instrument on it. How many of those at work do not fit on it.

        What does not fit is counted up, for what may be filled is never less than what counts as open risk.
        """
        misfits = 0
        for entry in self.entries.values():
            if entry.order.instrument_key != key:
                continue
            order, fits = _restated(entry.order, price, lots)
            if entry.amendment is not None:
                asked, asked_fits = _restated(entry.amendment.order, price, lots)
                entry.amendment = replace(entry.amendment, order=asked)
                fits = fits and asked_fits
            filled_lots, rest = divmod(entry.filled_lots * lots[0], lots[1])
            entry.order, entry.filled_lots = order, filled_lots
            misfits += not (fits and not rest) and entry.order.client_order_id in self.working
        return misfits

    def open_amendment(self, asked: OrderRequest, now_ns: int) -> OrderTermsChanged:
        """A change is about to be asked for: law 1."""
        entry = self.entries[asked.client_order_id]
        assert entry.is_open, entry
        assert entry.amendment is None, entry
        entry.amendment = Amendment(asked, now_ns)
        entry.changed_ns = now_ns
        return terms_of(entry, "asked", now_ns)

    def amended(self, event: OrderAmended) -> OrderTermsChanged | None:
        """The venue's word about the terms of an order that has not ended: laws 3 and 4."""
        entry = self.entries[event.client_order_id]
        terms = (event.price_ticks, event.lots)
        known = (entry.order.price_ticks, entry.order.lots) == terms
        under_way = entry.amendment
        if under_way is not None:
            asked = (under_way.order.price_ticks, under_way.order.lots) == terms
            if asked or under_way.lost:
                entry.amendment = None
        if known and entry.amendment is under_way:
            return None
        entry.order = replace(entry.order, price_ticks=event.price_ticks, lots=event.lots)
        entry.changed_ns = event.local_ns
        return terms_of(entry, "amended", event.local_ns)

    def amend_refused(self, event: AmendRefused) -> OrderTermsChanged | None:
        """The order is as it was."""
        entry = self.entries[event.client_order_id]
        if entry.amendment is None:
            return None
        entry.amendment = None
        entry.changed_ns = event.local_ns
        return terms_of(entry, f"{event.code}: {event.text}", event.local_ns)

    def amend_lost(self, event: AmendLost) -> OrderTermsChanged | None:
        """The order has either terms."""
        entry = self.entries[event.client_order_id]
        if entry.amendment is None or entry.amendment.lost:
            return None
        entry.amendment = replace(entry.amendment, lost=True)
        entry.changed_ns = event.local_ns
        return terms_of(entry, f"lost: {event.cause}", event.local_ns)

    def await_fills(self, entry: OrderEntry, ending: Ending, now_ns: int) -> OrderTermsChanged:
        """An order has ended at the venue, and not all of its fills were told: no other ones will be."""
        _settle(entry, ending.filled_lots)
        entry.ending = ending
        entry.changed_ns = now_ns
        told = terms_of(entry, f"ended, fills still to come: {ending.reason}", now_ns)
        return replace(told, lots=ending.filled_lots)

    def _end(self, client_order_id: ClientOrderId, entry: OrderEntry) -> None:
        del self.working[client_order_id]
        entry.ending = None
        _settle(entry, entry.filled_lots)
        key = entry.order.instrument_key
        left = self.at_work[key] - 1
        if left:
            self.at_work[key] = left
        else:
            del self.at_work[key]


def _settle(entry: OrderEntry, filled_lots: int) -> None:
    """No change is under way any more."""
    if entry.amendment is None:
        return
    if filled_lots > entry.order.lots:
        entry.order = entry.amendment.order  # nothing else allows what it has filled
    entry.amendment = None


def _restated(order: OrderRequest, price: Ratio, lots: Ratio) -> tuple[OrderRequest, bool]:
    """An order on another grid, counted up where it has no whole numbers there; and whether it has."""
    counts = {
        "price_ticks": divmod(-order.price_ticks * price[0], price[1]),
        "trigger_ticks": divmod(-order.trigger_ticks * price[0], price[1]),
        "lots": divmod(-order.lots * lots[0], lots[1]),
        "display_lots": divmod(-order.display_lots * lots[0], lots[1]),
    }
    whole = {name: -count for name, (count, _) in counts.items()}
    return replace(order, **whole), not any(rest for _, rest in counts.values())


def terms_of(entry: OrderEntry, reason: str, now_ns: int) -> OrderTermsChanged:
    """The fact that tells the terms of an order as they are now."""
    order, asked = entry.order, entry.amendment
    return OrderTermsChanged(
        order.client_order_id,
        order.instrument_key,
        order.price_ticks,
        order.lots,
        0 if asked is None else asked.order.price_ticks,
        0 if asked is None else asked.order.lots,
        entry.filled_lots,
        reason,
        now_ns,
    )
