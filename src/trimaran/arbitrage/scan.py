"""Which pairs of books of one asset can be traded against each other for a profit, net of taker fees.

The twin of `scan.hpp`. Prices and sizes of different books meet in the common units of their group: the
finest price and size exponents of its members. Everything is an integer.

    edge = (bid * (1 - fee_sell) - ask * (1 + fee_buy)) / ask        in 1e-8
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import lcm
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.limits import EDGE_E8_MAX, FEE_E8_ONE, PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.domain.instrument import Grid
from trimaran.domain.market import Level

NO_LEVEL: Level = (0, 0)


class Member(msgspec.Struct):
    """What the scan knows of one book."""

    book: int
    price_grid: Grid
    size_grid: Grid
    order_step: int
    taker_fee_e8: int
    price_factor: int = 1  # common price units per tick
    size_factor: int = 1  # common size units per lot
    bid: Level = NO_LEVEL
    ask: Level = NO_LEVEL


class Walk(msgspec.Struct, frozen=True):
    """A depth-walked size: common units, before fees; whole order steps in both books."""

    size: int
    cost: int
    proceeds: int
    worst_ask: int  # ticks
    worst_bid: int  # ticks


class Best(msgspec.Struct, frozen=True):
    """The pair of a group that gains most, walked; where none gains the one that lacks least, size 0."""

    buy: int  # books
    sell: int
    edge_e8: int
    walk: Walk


NOTHING: Final = Walk(0, 0, 0, 0, 0)


def ladder(levels: Sequence[Level], asks: bool, fresh: Level) -> list[Level]:
    """The levels a taker meets: the book, corrected by a newer best level (price 0: none)."""
    if fresh[0] == 0:
        return list(levels)
    sign = 1 if asks else -1
    return [fresh, *(level for level in levels if sign * level[0] > sign * fresh[0])]


class Group:
    """The books of one asset."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.price_exponent = 0
        self.size_exponent = 0
        self._active: set[tuple[int, int]] = set()

    def add(self, member: Member) -> None:
        """Adds a book. Raises ConfigError when the grids are more than 9 decimals apart."""
        members = [*self.members, member]
        price = min(each.price_grid.exponent for each in members)
        size = min(each.size_grid.exponent for each in members)
        spread = max(max(e.price_grid.exponent - price, e.size_grid.exponent - size) for e in members)
        if spread > 9:
            raise ConfigError("group: the grids of its books are more than 9 decimals apart")
        for each in members:
            each.price_factor = each.price_grid.units * 10 ** (each.price_grid.exponent - price)
            each.size_factor = each.size_grid.units * 10 ** (each.size_grid.exponent - size)
        self.members, self.price_exponent, self.size_exponent = members, price, size

    def update(self, index: int, bid: Level, ask: Level, threshold_e8: int) -> bool:
        """Looks at every pair of the member. True when one is above the threshold, or was until now."""
        self.members[index].bid, self.members[index].ask = bid, ask
        wake = False
        for other in range(len(self.members)):
            if other != index:
                wake |= self._set(index, other, threshold_e8)
                wake |= self._set(other, index, threshold_e8)
        return wake

    def active(self, buy: int, sell: int) -> bool:
        """True while the pair is above the threshold."""
        return (buy, sell) in self._active

    def edge(self, buy: int, sell: int) -> int | None:
        """Net edge at the top in 1e-8 of the ask; None while a side is unknown."""
        buyer, seller = self.members[buy], self.members[sell]
        ask = buyer.ask[0] * buyer.price_factor
        bid = seller.bid[0] * seller.price_factor
        if ask == 0 or bid == 0 or max(ask, bid) > PRICE_TICKS_MAX:
            return None
        return min(_net(bid, ask, seller, buyer) // ask, EDGE_E8_MAX)

    def walk(self, buy: int, sell: int, asks: Sequence[Level], bids: Sequence[Level], size_cap: int) -> Walk:
        """Walks both ladders while another unit still pays, up to `size_cap` common units."""
        buyer, seller = self.members[buy], self.members[sell]
        step = lcm(buyer.size_factor * buyer.order_step, seller.size_factor * seller.order_step)
        total = _paying_size(buyer, seller, asks, bids, size_cap)
        size = total - total % step
        cost, worst_ask = _value(asks, buyer, size)
        proceeds, worst_bid = _value(bids, seller, size)
        return Walk(size, cost, proceeds, worst_ask, worst_bid)

    def net(self, buy: int, sell: int, walked: Walk) -> int:
        """What a walked pair gains, after taker fees, in common price * common size."""
        received = walked.proceeds - _fee(walked.proceeds, self.members[sell].taker_fee_e8)
        return received - walked.cost - _fee(walked.cost, self.members[buy].taker_fee_e8)

    def best(self, fresh: Callable[[int], bool], walk_pair: Callable[[int, int], Walk]) -> Best | None:
        """Over all pairs of fresh members; of equals the first one. None when no pair has an edge."""
        found: Best | None = None
        found_net = 0
        for buy, buyer in enumerate(self.members):
            for sell, seller in enumerate(self.members):
                edge = self.edge(buy, sell) if buy != sell and fresh(buy) and fresh(sell) else None
                if edge is None:
                    continue
                walked = walk_pair(buy, sell) if edge >= 0 else NOTHING
                gained = self.net(buy, sell, walked)
                if found is not None and found.walk.size:
                    better = gained > found_net
                else:
                    better = gained > 0 or found is None or edge > found.edge_e8
                if better:
                    found = Best(buyer.book, seller.book, edge, walked if gained > 0 else NOTHING)
                    found_net = gained
        return found

    def _set(self, buy: int, sell: int, threshold_e8: int) -> bool:
        edge = self.edge(buy, sell)
        now = edge is not None and edge >= threshold_e8
        before = (buy, sell) in self._active
        (self._active.add if now else self._active.discard)((buy, sell))
        return now or before


def _fee(value: int, rate_e8: int) -> int:
    """A fee on a value, rounded down."""
    return value // FEE_E8_ONE * rate_e8 + value % FEE_E8_ONE * rate_e8 // FEE_E8_ONE


def _net(bid: int, ask: int, seller: Member, buyer: Member) -> int:
    return bid * (FEE_E8_ONE - seller.taker_fee_e8) - ask * (FEE_E8_ONE + buyer.taker_fee_e8)


def _paying_size(
    buyer: Member, seller: Member, asks: Sequence[Level], bids: Sequence[Level], size_cap: int
) -> int:
    total = ask_at = bid_at = ask_left = bid_left = 0
    while total < size_cap and ask_at < len(asks) and bid_at < len(bids):
        ask = asks[ask_at][0] * buyer.price_factor
        bid = bids[bid_at][0] * seller.price_factor
        if max(ask, bid) > PRICE_TICKS_MAX or _net(bid, ask, seller, buyer) <= 0:
            break
        ask_left = ask_left or _common_size(asks[ask_at], buyer)
        bid_left = bid_left or _common_size(bids[bid_at], seller)
        take = min(ask_left, bid_left, size_cap - total)
        total, ask_left, bid_left = total + take, ask_left - take, bid_left - take
        ask_at += ask_left == 0
        bid_at += bid_left == 0
    return total


def _common_size(level: Level, member: Member) -> int:
    return min(level[1] * member.size_factor, SIZE_LOTS_MAX)


def _value(levels: Sequence[Level], member: Member, size: int) -> tuple[int, int]:
    total = worst = 0
    for level in levels:
        if size <= 0:
            break
        take = min(size, _common_size(level, member))
        total += level[0] * member.price_factor * take
        worst = level[0]
        size -= take
    return total, worst
