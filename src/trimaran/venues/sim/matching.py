"""Price-time matching of one instrument: the Python twin of the native kernel, and its contract.

Why: simulated venues need books that trade by the exchange's rule (best price first, then first
come first served) and that can never be crossed. The engine knows no venue, clock, account or fee.
Prices are ticks, sizes are lots, owners and ids are integers; owner 0 is the anonymous crowd.

Theory: a side is a sorted list of `rank`s, worst first, where rank is the price for bids and minus
the price for asks, so that a larger rank is a better price on both sides. A level is a dict of
orders, which keeps them in the order of arrival. An iceberg shows a slice of its lots; when the slice is
gone the next one goes to the end of the queue. Hidden lots are no part of what a level shows.

`_matching.Matching` (C++) has the same interface, gives the same answers and the same
`state_hash`; one abstract suite holds both to it. This twin is the one to read, that one to run.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.venues.sim.codes import (
    CHANGES_MAX,
    LEVEL_LOTS_MAX,
    LEVELS_MAX,
    ORDER_ID_MAX,
    ORDERS_MAX,
    OrderKind,
    Outcome,
    SelfTrade,
)

Execution = tuple[int, int, int, int]  # maker order id, maker owner, price ticks, lots
LevelView = tuple[int, int]  # price ticks, lots
Submitted = tuple[int, int, int, list[Execution], list[Execution]]

_RESTS = (OrderKind.LIMIT, OrderKind.POST_ONLY)


class _Order:
    """A resting order; only `lots` and `hidden` change."""

    __slots__ = ("display", "hidden", "id", "lots", "owner", "price", "side")

    def __init__(self, order_id: int, owner: int, side: int, price: int, lots: int, display: int) -> None:
        self.id = order_id
        self.owner = owner
        self.side = side
        self.price = price
        self.lots = min(display, lots) if display else lots  # shown
        self.hidden = lots - self.lots
        self.display = display  # the slice of an iceberg; 0: it is none


class _Level:
    """The queue of one price."""

    __slots__ = ("hidden", "lots", "queue")

    def __init__(self) -> None:
        self.lots = 0  # shown
        self.hidden = 0
        self.queue: dict[int, _Order] = {}


class Matching:
    """One book of resting orders."""

    def __init__(self) -> None:
        self._ranks: tuple[list[int], list[int]] = ([], [])
        self._levels: tuple[dict[int, _Level], dict[int, _Level]] = ({}, {})
        self._touched: tuple[set[int], set[int]] = (set(), set())
        self._orders: dict[int, _Order] = {}
        self._changes = 0
        self._drained = 0

    def submit(
        self,
        order_id: int,
        owner: int,
        side: int,
        price_ticks: int,
        lots: int,
        kind: int,
        self_trade: int = 0,
        display_lots: int = 0,
    ) -> Submitted:
        """Trades and rests one order; with `display_lots` what rests is an iceberg.

        Answers an `Outcome`, lots filled, lots resting, executions in the order of trading, and the
        makers that self-trade prevention expired with the lots they had left. A MARKET order's price
        is not read. Refusals leave the book as it was.
        """
        refusal = self._refuse(order_id, owner, side, price_ticks, lots, kind, self_trade, display_lots)
        if refusal != 0:
            return refusal, 0, 0, [], []
        opposite = 1 - side
        limit = None if kind == OrderKind.MARKET else _rank(opposite, price_ticks)
        if kind == OrderKind.POST_ONLY and self._crosses(opposite, limit):
            return Outcome.WOULD_CROSS, 0, 0, [], []
        if kind == OrderKind.FOK and self._fillable(opposite, limit, lots, owner, self_trade) < lots:
            return Outcome.KILLED, 0, 0, [], []
        executions: list[Execution] = []
        expired: list[Execution] = []
        left, stopped = self._take(opposite, limit, lots, owner, self_trade, executions, expired)
        resting = 0
        if left == 0:
            outcome = Outcome.FILLED
        elif stopped:
            outcome = Outcome.SELF_TRADED
        elif kind not in _RESTS:
            outcome = Outcome.EXPIRED
        else:
            outcome = Outcome.RESTING
            resting = left
            self._rest(_Order(order_id, owner, side, price_ticks, left, display_lots))
        return outcome, lots - left, resting, executions, expired

    def cancel(self, order_id: int) -> int:
        """The lots that were left, or `Outcome.UNKNOWN_ID` or `CHANGES_FULL`."""
        order = self._orders.get(order_id)
        if order is None:
            return Outcome.UNKNOWN_ID
        if self._changes_full():
            return Outcome.CHANGES_FULL
        level = self._levels[order.side][order.price]
        level.lots -= order.lots
        level.hidden -= order.hidden
        self._unlink(level, order)
        if not level.queue:
            self._drop_level(order.side, order.price)
        self._note(order.side, order.price)
        return order.lots + order.hidden

    def reduce(self, order_id: int, by_lots: int) -> int:
        """The lots left after taking `by_lots` away, hidden ones first; the order keeps its place.

        Below zero: UNKNOWN_ID, CHANGES_FULL, or BAD_SIZE unless 0 < by_lots < lots left.
        """
        order = self._orders.get(order_id)
        if order is None:
            return Outcome.UNKNOWN_ID
        if not 0 < by_lots < order.lots + order.hidden:
            return Outcome.BAD_SIZE
        if self._changes_full():
            return Outcome.CHANGES_FULL
        level = self._levels[order.side][order.price]
        unseen = min(by_lots, order.hidden)
        order.hidden -= unseen
        level.hidden -= unseen
        if by_lots > unseen:
            order.lots -= by_lots - unseen
            level.lots -= by_lots - unseen
            self._note(order.side, order.price)
        return order.lots + order.hidden

    def best(self) -> tuple[int, int, int, int]:
        """Bid ticks, bid lots, ask ticks, ask lots; zeros for an empty side."""
        return (*self._top(0), *self._top(1))

    def depth(self, side: int, count: int) -> list[LevelView]:
        """At most `count` levels (ticks, lots), best first; nothing for an unknown side."""
        if side not in (0, 1) or count <= 0:
            return []
        levels = self._levels[side]
        prices = [abs(rank) for rank in reversed(self._ranks[side][-count:])]
        return [(price, levels[price].lots) for price in prices]

    def drain_changes(self) -> tuple[int, list[LevelView], list[LevelView]]:
        """Changes since the last drain; each changed level once with its lots of now (0: gone), best first.

        One change is one level whose lots became different in one operation.
        """
        count = self._changes - self._drained
        self._drained = self._changes
        return count, self._drain(0), self._drain(1)

    def order(self, order_id: int) -> tuple[int, int, int, int] | None:
        """Owner, side, price ticks, lots left; None when no such order rests."""
        order = self._orders.get(order_id)
        return None if order is None else (order.owner, order.side, order.price, order.lots + order.hidden)

    def shown(self, order_id: int) -> int:
        """Lots that an order shows of those it has; 0 when no such order rests."""
        order = self._orders.get(order_id)
        return 0 if order is None else order.lots

    def orders_of(self, owner: int) -> list[int]:
        """Ids of the owner's resting orders, ascending."""
        return sorted(order.id for order in self._orders.values() if order.owner == owner)

    def changes(self) -> int:
        """Level changes since the book was made."""
        return self._changes

    def order_count(self) -> int:
        """Resting orders."""
        return len(self._orders)

    def level_count(self, side: int) -> int:
        """Price levels of a side."""
        return len(self._ranks[side]) if side in (0, 1) else 0

    def state_hash(self) -> int:
        """64-bit hash of every resting order in order of priority, and of the change count.

        FNV-1a over 64-bit words, with a shift because words are wider than the octets it was made
        for (Fowler, Noll, Vo: http://www.isthe.com/chongo/tech/comp/fnv/).
        """
        state = 14695981039346656037
        words = [self._changes]
        for order in self._in_priority():
            words += (order.side, order.price, order.id, order.owner, order.lots)
            if order.display:
                words += (order.hidden, order.display)
        for word in words:
            state = ((state ^ word) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
            state ^= state >> 32
        return state

    def _refuse(
        self, order_id: int, owner: int, side: int, price: int, lots: int, kind: int, self_trade: int,
        display: int,
    ) -> int:  # fmt: skip
        if not 0 < order_id <= ORDER_ID_MAX:
            return Outcome.BAD_ID
        if owner < 0:
            return Outcome.BAD_OWNER
        if side not in (0, 1):
            return Outcome.BAD_SIDE
        if not OrderKind.LIMIT <= kind <= OrderKind.POST_ONLY:
            return Outcome.BAD_KIND
        if not SelfTrade.ALLOW <= self_trade <= SelfTrade.EXPIRE_BOTH:
            return Outcome.BAD_SELF_TRADE
        if not 0 < lots <= SIZE_LOTS_MAX:
            return Outcome.BAD_SIZE
        if kind != OrderKind.MARKET and not 0 < price <= PRICE_TICKS_MAX:
            return Outcome.BAD_PRICE
        if not 0 <= display <= lots or (display and kind not in _RESTS):
            return Outcome.BAD_DISPLAY
        if order_id in self._orders:
            return Outcome.DUPLICATE_ID
        if self._changes_full():
            return Outcome.CHANGES_FULL
        return self._refuse_rest(side, price, lots) if kind in _RESTS else 0

    def _refuse_rest(self, side: int, price: int, lots: int) -> int:
        if len(self._orders) >= ORDERS_MAX:
            return Outcome.ORDERS_FULL
        level = self._levels[side].get(price)
        if level is None:
            return Outcome.LEVEL_FULL if len(self._ranks[side]) >= LEVELS_MAX else 0
        return Outcome.LEVEL_FULL if level.lots + level.hidden > LEVEL_LOTS_MAX - lots else 0

    def _crosses(self, side: int, limit: int | None) -> bool:
        ranks = self._ranks[side]
        return bool(ranks) and (limit is None or ranks[-1] >= limit)

    def _fillable(self, side: int, limit: int | None, wanted: int, owner: int, self_trade: int) -> int:
        total = 0
        for rank in reversed(self._ranks[side]):
            if limit is not None and rank < limit:
                break
            for order in self._levels[side][abs(rank)].queue.values():
                own = self_trade != SelfTrade.ALLOW and owner != 0 and order.owner == owner
                if own and self_trade != SelfTrade.EXPIRE_MAKER:
                    return total
                total += 0 if own else order.lots
                if total >= wanted:
                    return total
            total += self._hidden_for(self._levels[side][abs(rank)], owner, self_trade)
            if total >= wanted:
                return total
        return total

    def _hidden_for(self, level: _Level, owner: int, self_trade: int) -> int:
        """The hidden lots of a level that are not the owner's own, where prevention takes those away."""
        if level.hidden == 0 or self_trade != SelfTrade.EXPIRE_MAKER or owner == 0:
            return level.hidden
        return sum(order.hidden for order in level.queue.values() if order.owner != owner)

    def _take(
        self,
        side: int,
        limit: int | None,
        lots: int,
        owner: int,
        self_trade: int,
        executions: list[Execution],
        expired: list[Execution],
    ) -> tuple[int, bool]:
        """Trades against `side` down to `limit`; lots left, and whether self-trade prevention ended it."""
        left = lots
        stopped = False
        while left > 0 and not stopped and self._crosses(side, limit):
            price = abs(self._ranks[side][-1])
            level = self._levels[side][price]
            before = level.lots
            while left > 0 and level.queue:
                maker = next(iter(level.queue.values()))
                if self_trade != SelfTrade.ALLOW and owner != 0 and maker.owner == owner:
                    stopped = self_trade != SelfTrade.EXPIRE_MAKER
                    if self_trade != SelfTrade.EXPIRE_TAKER:
                        expired.append((maker.id, maker.owner, maker.price, maker.lots + maker.hidden))
                        level.lots -= maker.lots
                        level.hidden -= maker.hidden
                        self._unlink(level, maker)
                    if stopped:
                        break
                    continue
                traded = min(left, maker.lots)
                executions.append((maker.id, maker.owner, price, traded))
                left -= traded
                level.lots -= traded
                maker.lots -= traded
                if maker.lots == 0 and maker.hidden:
                    self._refresh(level, maker)
                elif maker.lots == 0:
                    self._unlink(level, maker)
            if level.lots != before:
                self._note(side, price)
            if not level.queue:
                self._drop_level(side, price)
        return left, stopped

    def _refresh(self, level: _Level, order: _Order) -> None:
        """Shows the next slice of an iceberg, behind everybody else."""
        order.lots = min(order.display, order.hidden)
        order.hidden -= order.lots
        level.lots += order.lots
        level.hidden -= order.lots
        del level.queue[order.id]
        level.queue[order.id] = order

    def _rest(self, order: _Order) -> None:
        level = self._levels[order.side].get(order.price)
        if level is None:
            level = self._levels[order.side][order.price] = _Level()
            insort(self._ranks[order.side], _rank(order.side, order.price))
        level.queue[order.id] = order
        level.lots += order.lots
        level.hidden += order.hidden
        self._orders[order.id] = order
        self._note(order.side, order.price)

    def _unlink(self, level: _Level, order: _Order) -> None:
        del level.queue[order.id]
        del self._orders[order.id]

    def _drop_level(self, side: int, price: int) -> None:
        ranks = self._ranks[side]
        del ranks[bisect_left(ranks, _rank(side, price))]
        del self._levels[side][price]

    def _note(self, side: int, price: int) -> None:
        self._changes += 1
        self._touched[side].add(price)

    def _changes_full(self) -> bool:
        """Room for one order that touches a whole side must remain."""
        return any(len(touched) >= CHANGES_MAX - LEVELS_MAX for touched in self._touched)

    def _drain(self, side: int) -> list[LevelView]:
        levels = self._levels[side]
        prices = sorted(self._touched[side], reverse=side == 0)
        self._touched[side].clear()
        return [(price, levels[price].lots if price in levels else 0) for price in prices]

    def _top(self, side: int) -> LevelView:
        ranks = self._ranks[side]
        return (abs(ranks[-1]), self._levels[side][abs(ranks[-1])].lots) if ranks else (0, 0)

    def _in_priority(self) -> Iterator[_Order]:
        for side in (0, 1):
            for rank in reversed(self._ranks[side]):
                yield from self._levels[side][abs(rank)].queue.values()


def _rank(side: int, price: int) -> int:
    return price if side == 0 else -price
