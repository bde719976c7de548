"""What is durable, as data: `engine/durable.py` folds records into it, and nothing else changes it.

Memory is bounded: an order is forgotten `ENDED_KEPT_NS` after it and its group have ended, by the times of
the records, and earlier where more than `ENDED_ORDERS_MAX` have. A late word about it is not understood any
more; its fills are, because the ledger knows them. Changes and cancels are remembered as long, for message
rates.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from trimaran.base.limits import ENDED_ORDERS_MAX
from trimaran.domain.client_id import ClientIdCounter, ClientOrderId, counter_at, last_id_of
from trimaran.domain.facts import Fact, GroupClosed, InstrumentFrozen
from trimaran.domain.instrument import Instrument, InstrumentKey, MarketName
from trimaran.domain.kill import KillScope
from trimaran.domain.orders import StrategyName
from trimaran.domain.records import EquityMarked, LimitsSet
from trimaran.engine.groups import Groups
from trimaran.engine.kill import KillSwitches
from trimaran.engine.orders import OrderEntry, Orders
from trimaran.engine.trades import Trades
from trimaran.ledger.ledger import Ledger

ENDED_KEPT_NS: Final = 600_000_000_000  # a late event about an order is understood for so long
MESSAGES_MAX: Final = 65_536
NOTHING_OWED: Final[Mapping[InstrumentKey, Decimal]] = MappingProxyType({})


class DurableState:
    """Orders, groups, ledger, what strategies traded, switches, limits, equity marks. Read by everybody."""

    def __init__(self, instruments: Mapping[InstrumentKey, Instrument], counter: ClientIdCounter) -> None:
        self.instruments = dict(instruments)
        self.ledger = Ledger(self.instruments)
        self.last_id = last_id_of(counter)  # the last in a record
        self.book = Orders()
        self.orders = self.book.entries  # every order that is remembered
        self.working = self.book.working  # those that have not ended
        self.groups = Groups()
        self.kill = KillSwitches()
        self.limits: LimitsSet | None = None
        self.frozen: dict[InstrumentKey, str] = {}  # where something was contradictory, and what
        self.markets: set[MarketName] = set()  # those whose money has been heard of
        self.opened: dict[MarketName, int] = {}  # the venue's time of their opening balances
        self.now_ns = 0  # the newest time of a record
        self.trades = Trades()
        self.equities: dict[KillScope, EquityMarked] = {}  # the newest marks
        self.messages: deque[tuple[int, ClientOrderId]] = deque()  # recent changes and cancels
        self.ended: deque[tuple[int, ClientOrderId]] = deque()  # (since when it may be forgotten, order)

    @property
    def counter(self) -> ClientIdCounter:
        """The source of ids, after the last one in a record."""
        return counter_at(self.last_id)

    @property
    def groups_closed(self) -> int:
        """How many groups have ended."""
        return self.groups.closed

    def owed(self, strategy: StrategyName) -> Mapping[InstrumentKey, Decimal]:
        """What a strategy is to give back, in base asset, by instrument; long is positive."""
        return self.groups.owed.get(strategy, NOTHING_OWED)

    def pass_to(self, now_ns: int) -> None:
        """Time as the records tell it: it never goes back, and what has ended long ago is forgotten."""
        now_ns = self.now_ns = max(now_ns, self.now_ns)
        ended = self.ended
        while ended and (ended[0][0] < now_ns - ENDED_KEPT_NS or len(ended) > ENDED_ORDERS_MAX):
            self.book.forget(ended.popleft()[1])
        messages = self.messages
        while messages and (messages[0][0] < now_ns - ENDED_KEPT_NS or len(messages) > MESSAGES_MAX):
            messages.popleft()

    def freeze(self, key: InstrumentKey, text: str, now_ns: int) -> list[Fact]:
        """Stops new orders on an instrument until a person releases it; the first cause is kept."""
        if key in self.frozen:
            return []
        self.frozen[key] = text
        return [InstrumentFrozen(key, text, now_ns)]

    def after_end(self, entry: OrderEntry, now_ns: int) -> GroupClosed | None:
        """What the end of an order means for its group; each group is closed once."""
        group = entry.order.group
        known = None if group is None else self.groups.open.get(group)
        if group is None or known is None or entry.order.client_order_id not in known.orders:
            self.ended.append((self.now_ns, entry.order.client_order_id))
            return None
        working = self.book.working
        for each in known.orders:
            if each in working:
                return None
        entries = [self.book.entries[each] for each in known.orders]
        closed = self.groups.close(group, entries, self.instruments, now_ns)
        self.ended.extend([(self.now_ns, each) for each in known.orders])
        return closed

    def in_open_group(self, entry: OrderEntry) -> bool:
        """Whether the fills of an order are counted when its group closes."""
        group = None if entry.order.group is None else self.groups.open.get(entry.order.group)
        return group is not None and entry.order.client_order_id in group.orders
