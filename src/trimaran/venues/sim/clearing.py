"""Fills that are cleared late: the fault that money which an order has brought cannot be spent at once.

What a fill has brought, the asset that was bought or the margin that a smaller position no longer binds, is
in the wallet and locked until it is cleared, `TradingFaults.clearing_ms` later. On venues whose clearing is a
service of its own that is an everyday matter: an order right after a fill finds too little money
(https://www.htx.com/en-us/opend/newApiPages/?id=7ec4ee16-7773-11ed-9966-0242ac110003).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping

from trimaran.domain.instrument import Asset, MarketName
from trimaran.venues.sim.accounts import Account
from trimaran.venues.sim.gate import MarketGate
from trimaran.venues.sim.tradable import Tradable

NS_PER_MS = 1_000_000
Cleared = tuple[Account, Tradable, Asset]


class Clearing:
    """What is locked until it is cleared."""

    def __init__(self, gates: Mapping[MarketName, MarketGate]) -> None:
        self._gates = gates
        self._numbers = itertools.count()
        self._held: list[tuple[int, int, Cleared, int]] = []  # when it is due, and how many units

    def late(self, market: MarketName) -> bool:
        """Whether fills are cleared late."""
        return self._gates[market].plan.clearing_ms > 0

    def hold(self, account: Account, tradable: Tradable, asset: Asset, units: int, now_ns: int) -> None:
        """Locks what a fill has brought."""
        if units <= 0:
            return
        account.wallets[tradable.market].lock(asset, units)
        due_ns = now_ns + self._gates[tradable.market].plan.clearing_ms * NS_PER_MS
        heapq.heappush(self._held, (due_ns, next(self._numbers), (account, tradable, asset), units))

    def turn(self, now_ns: int) -> list[Cleared]:
        """Unlocks what is due; whose assets those were."""
        cleared = []
        while self._held and self._held[0][0] <= now_ns:
            _, _, (account, tradable, asset), units = heapq.heappop(self._held)
            account.wallets[tradable.market].lock(asset, -units)
            cleared.append((account, tradable, asset))
        return cleared
