"""When an account is reconciled, and what is told of it: rounds of `reconciler.py` that follow each other.

    the start, Gap, a line that does not tell of open orders -> AccountUncertain -> round -> AccountSnapshot

A round that fails is tried again after a growing pause; what is wanted meanwhile is in the next one. A round
is complete only when everything in it was answered; and its snapshot is told only when nothing was missed
meanwhile and every line that tells of orders is up, or it would say more than we know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from trimaran.domain.events import AccountSnapshot, AccountUncertain
from trimaran.domain.ports import Rng
from trimaran.venues.wire.client_port import Reconciled, ReconcileFailed
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.reconciler import Reconciler
from trimaran.venues.wire.shared import Shared

SECOND: Final = 1_000_000_000


class Rounds:
    """The rounds of one account's market."""

    def __init__(self, shared: Shared, reconciler: Reconciler, rng: Rng, certain: Callable[[], bool]) -> None:
        """`certain`: whether the venue pushes changes of orders to us now, or never would."""
        self._reconciler = reconciler
        self._fold = shared.fold
        self._spec = shared.spec
        self._options = shared.options
        self._clock = shared.clock
        self._venue_clock = shared.asker.venue_clock
        self._rng = rng
        self._tell = shared.tell
        self._hears = shared.hears
        self._certain = certain
        self._wanted: tuple[int, str] | None = None  # since when to reconcile, and why
        self._want = asyncio.Event()
        self._sound_ns = 0  # venue's clock: what happened before has been asked for
        self._holes = 0  # times that a round was wanted
        self._met = False  # the first line has been up
        self._untold = False  # the last round has no snapshot, for not every line was up
        self._untold = False  # the last round has no snapshot, for not every line was up

    def first(self, up_ns: int) -> None:
        """A line that tells of the account is up, since `up_ns` of the venue's clock."""
        if not self._met:
            self._met = True
            self.soon(self._options.since_ns or up_ns - self._options.lookback_ns, "the start")
        elif self._untold:
            self.again("another line is up")

    def soon(self, since_ns: int, reason: str) -> None:
        """A round is wanted that reaches back so far."""
        wanted = self._wanted
        self._wanted = (since_ns, reason) if wanted is None else (min(since_ns, wanted[0]), reason)
        self._holes += 1
        self._want.set()

    def again(self, reason: str) -> None:
        """Another round, from where the last one was sound; nothing before the first one is there."""
        if self._sound_ns:
            self.soon(self._sound_ns, reason)

    def uncertain(self, reason: str) -> None:
        """Something may have been missed."""
        self._tell([AccountUncertain(self._spec.market, reason, self._clock.wall_ns())])

    async def reconcile(self, since_ns: int, reason: str) -> None:
        """One round now: orders, fills since then (venue's clock), balances, positions. Raises VenueFault."""
        holes = self._holes
        began = self._venue_clock.at(self._clock.monotonic_ns())
        found = await self._reconciler.everything(self._fold.open_orders, since_ns)
        self._sound_ns = began.venue_ns - began.error_ns - self._options.line.gap_margin_ns
        ended = self._venue_clock.at(self._clock.monotonic_ns())
        snapshot = AccountSnapshot(
            self._spec.market,
            found.open_orders,
            found.balances,
            found.positions,
            began.venue_ns,
            self._clock.wall_ns(),
            ended.venue_ns,
        )
        self._tell([Reconciled(since_ns, reason)])
        self._untold = not self._certain()
        if self._holes == holes and not self._untold:
            self._tell([snapshot])

    async def run(self) -> None:
        """Reconciles whenever it is wanted, for ever."""
        in_a_row = 0  # rounds that failed, or that were followed by another one at once
        while True:
            await self._want.wait()
            await asyncio.sleep(self._spec.visibility_lag_ns / SECOND)
            self._want.clear()  # what was wanted meanwhile is in this round
            assert self._wanted is not None
            (since_ns, reason), self._wanted = self._wanted, None
            try:
                await self.reconcile(since_ns, reason)
                least_ns = 0
            except VenueFault as error:
                self._tell([ReconcileFailed(reason, error.fault)])
                self.uncertain(f"a round failed: {error}")
                self.soon(since_ns, reason)
                least_ns = error.fault.retry_after_ns
            if not self._want.is_set():
                in_a_row = 0
                continue
            pause_ns = self._options.retry.delay_ns(in_a_row, self._rng)
            in_a_row += 1
            await asyncio.sleep(max(pause_ns, least_ns) / SECOND)

    async def poll_while_deaf(self) -> None:
        """Without a line that tells of them, open orders are looked at now and then."""
        while True:
            await asyncio.sleep(self._options.poll_s)
            if self._sound_ns and not self._hears() and self._fold.open_orders():
                self.soon(self._sound_ns, "no line tells of open orders")
