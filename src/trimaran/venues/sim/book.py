"""A simulated venue's book: the matching engine plus what a venue remembers about it.

The engine knows orders; a venue also numbers its changes and trades, keeps the last ones, and tells
the public. Whoever trades (the synthetic crowd, later an account) goes through `submit` and `cancel`
here, so that every change gets its update id and every execution its trade id.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from itertools import pairwise
from typing import Final, Protocol

import msgspec

from trimaran.domain.ports import Rng
from trimaran.native._matching import Matching as NativeMatching
from trimaran.venues.sim.bars import Bars
from trimaran.venues.sim.book_rules import ORDINARY, BookRules
from trimaran.venues.sim.codes import OrderKind
from trimaran.venues.sim.instruments import SimInstrument
from trimaran.venues.sim.matching import Execution, LevelView, Submitted
from trimaran.venues.sim.matching import Matching as TwinMatching

Engine = NativeMatching | TwinMatching
Best = tuple[int, int, int, int]  # bid ticks, bid lots, ask ticks, ask lots

RECENT_MAX: Final = 1_000  # fills kept for REST
TOPS_KEPT: Final = 4_000  # for whoever checks a book afterwards, unless told otherwise
UNREAD_MAX: Final = 100_000  # tops and fills that nobody collected; the oldest go


class Top(msgspec.Struct, frozen=True, gc=False):
    """The best bid and offer after one operation that changed it."""

    time_ns: int
    update_id: int
    best: Best


class Fill(msgspec.Struct, frozen=True):
    """What one aggressive order traded. Trade ids run from `first_trade_id`, one per execution."""

    time_ns: int
    side: int  # of the aggressor
    first_trade_id: int
    first_aggregate_id: int  # one per run of equal prices
    executions: list[Execution]


class Aggregate(msgspec.Struct, frozen=True, gc=False):
    """The executions of one aggressive order at one price."""

    aggregate_id: int
    time_ns: int
    side: int
    price_ticks: int
    lots: int
    first_trade_id: int
    last_trade_id: int


class Changes(msgspec.Struct, frozen=True, gc=False):
    """Levels changed since the last drain, each once with its lots of now (0: gone), best first."""

    first_id: int
    last_id: int
    bids: list[LevelView]
    asks: list[LevelView]


class Watcher(Protocol):
    """Who wants to know when the crowd meets an order of an account."""

    def met(self, book: VenueBook, now_ns: int, first_trade_id: int, executions: list[Execution]) -> None:
        """The executions of one order of the crowd; some makers may be owners other than 0."""


class UpdateIds:
    """Numbers book changes. With an `Rng` the numbers jump, as where a counter is shared by many books."""

    def __init__(self, start: int, rng: Rng | None = None, jump_max: int = 40) -> None:
        self._last = start
        self._rng = rng
        self._jump_max = jump_max

    @property
    def last(self) -> int:
        """The newest id given to anybody."""
        return self._last

    def take(self, count: int) -> int:
        """Reserves `count` consecutive ids and answers the last of them."""
        jump = 0 if self._rng is None else self._rng.randrange(0, self._jump_max)
        self._last += jump + count
        return self._last


class VenueBook:
    """One book of a venue with its ids, its recent trades, and news that has not been collected yet."""

    def __init__(
        self,
        listing: SimInstrument,
        engine: Engine,
        ids: UpdateIds,
        first_trade_id: int,
        tops_kept: int = TOPS_KEPT,
    ) -> None:
        self.listing = listing
        self.engine = engine
        self.last_update_id = ids.last
        self._first_undrained_id = 0
        self.best: Best = engine.best()
        self.fills: deque[Fill] = deque(maxlen=UNREAD_MAX)
        self.tops: deque[Top] = deque(maxlen=UNREAD_MAX)
        self.recent_tops: deque[Top] = deque(maxlen=tops_kept)
        self.recent_fills: deque[Fill] = deque(maxlen=RECENT_MAX)
        self.bars = Bars()
        self.operations = 0
        self.last_time_ns = 0
        self.rules = ORDINARY
        self.watcher: Watcher | None = None  # is told nothing of the orders that it submits itself
        self._ids = ids
        self._changes = engine.changes()
        self._first_trade_id = self._next_trade_id = first_trade_id
        self._next_aggregate_id = first_trade_id // 2
        self._next_order_id = 1

    def submit(
        self,
        now_ns: int,
        owner: int,
        side: int,
        price_ticks: int,
        lots: int,
        kind: OrderKind,
        self_trade: int = 0,
        display_lots: int = 0,
    ) -> tuple[int, Submitted]:
        """Sends an order to the engine; the order id it was given, and the engine's answer."""
        if owner == 0 and self.rules is not ORDINARY:
            price_ticks, lots = self.rules.crowd_ticks(side, price_ticks), self.rules.crowd_lots(lots)
        order_id = self._next_order_id
        self._next_order_id += 1
        answer = self.engine.submit(order_id, owner, side, price_ticks, lots, kind, self_trade, display_lots)
        executions = answer[3]
        if executions:
            self._record(now_ns, side, executions)
        self._settle(now_ns)
        if owner == 0 and executions and self.watcher is not None:
            first_trade_id = self._next_trade_id - len(executions)
            self.watcher.met(self, now_ns, first_trade_id, executions)
        return order_id, answer

    def cancel(self, now_ns: int, order_id: int) -> int:
        """Cancels in the engine; lots that were left, or an `Outcome` below zero."""
        left = self.engine.cancel(order_id)
        if left > 0:
            self._settle(now_ns)
        return left

    def reduce(self, now_ns: int, order_id: int, by_lots: int) -> int:
        """Takes lots away in place; lots that are left, or an `Outcome` below zero."""
        left = self.engine.reduce(order_id, by_lots)
        if left > 0:
            self._settle(now_ns)
        return left

    def rule(self, now_ns: int, rules: BookRules) -> None:
        """Puts other rules in force. What the crowd has between the lines of a coarser grid goes."""
        self.rules = rules
        for order_id in self.engine.orders_of(0):
            found = self.engine.order(order_id)
            if found is not None and found[2] % rules.tick_factor:
                self.cancel(now_ns, order_id)

    def tick(self) -> Decimal:
        """The tick of orders."""
        return self.listing.instrument.price(self.rules.tick_factor)

    def lot(self) -> Decimal:
        """The lot of orders."""
        return self.listing.instrument.size_grid.decimal(self.rules.lot_factor)

    def smallest(self) -> Decimal:
        """The smallest order."""
        return max(self.listing.min_size, self.lot())

    @property
    def next_trade_id(self) -> int:
        """The id that the next execution gets."""
        return self._next_trade_id

    def drain(self) -> Changes | None:
        """The changes since the last drain; None when there are none."""
        if self._first_undrained_id == 0:
            return None
        _, bids, asks = self.engine.drain_changes()
        changes = Changes(self._first_undrained_id, self.last_update_id, bids, asks)
        self._first_undrained_id = 0
        return changes

    def trade_count(self) -> int:
        """Executions since the book opened."""
        return self._next_trade_id - self._first_trade_id

    def aggregates(self, fill: Fill) -> list[Aggregate]:
        """The fill grouped by price, as venues publish aggregate trades."""
        groups: list[Aggregate] = []
        trade_id, start = fill.first_trade_id, fill.first_trade_id
        price_ticks, lots = fill.executions[0][2], 0
        for _, _, price, traded in [*fill.executions, (0, 0, 0, 0)]:
            if price != price_ticks:
                aggregate_id = fill.first_aggregate_id + len(groups)
                groups.append(
                    Aggregate(aggregate_id, fill.time_ns, fill.side, price_ticks, lots, start, trade_id - 1)
                )
                price_ticks, lots, start = price, 0, trade_id
            lots += traded
            trade_id += 1
        return groups

    def _record(self, now_ns: int, side: int, executions: list[Execution]) -> None:
        fill = Fill(now_ns, side, self._next_trade_id, self._next_aggregate_id, executions)
        self._next_trade_id += len(executions)
        prices = [execution[2] for execution in executions]
        self._next_aggregate_id += 1 + sum(left != right for left, right in pairwise(prices))
        self.fills.append(fill)
        self.recent_fills.append(fill)
        self.bars.add(now_ns, side, executions)

    def _settle(self, now_ns: int) -> None:
        """Gives the changes of one operation their ids and notices a new top."""
        changes = self.engine.changes()
        if changes == self._changes:
            return
        self.last_update_id = self._ids.take(changes - self._changes)
        if self._first_undrained_id == 0:
            self._first_undrained_id = self.last_update_id - (changes - self._changes) + 1
        self._changes = changes
        self.operations += 1
        self.last_time_ns = now_ns
        best = self.engine.best()
        if best != self.best:
            assert best[0] == 0 or best[2] == 0 or best[0] < best[2], f"crossed: {best}"
            self.best = best
            top = Top(now_ns, self.last_update_id, best)
            self.tops.append(top)
            self.recent_tops.append(top)
