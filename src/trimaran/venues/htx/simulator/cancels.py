"""Cancels of the simulated HTX: accepted first, carried out then.

The venue answers that a cancel was accepted, and what becomes of the order comes later: it may be filled in
between. With a delay (`HtxRules.cancel_ms`) an order stays open so long, says that it is being cancelled, and
whoever cancels it again is told so; without one it is cancelled before the answer.
"""

from __future__ import annotations

import enum
from collections import deque

from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.trading import Refusal, SimOrder

_MARK = "canceling"


class Taken(enum.Enum):
    """What became of a cancel that was not refused."""

    ACCEPTED = "accepted"
    ALREADY = "accepted before"


class Cancels:
    """Those that were accepted and are not carried out yet."""

    def __init__(self, exchange: Exchange, delay_ns: int) -> None:
        self._exchange = exchange
        self._delay_ns = delay_ns
        self._waiting: deque[tuple[int, SimOrder]] = deque()

    def ask(self, account_id: int, order: SimOrder, now_ns: int) -> Taken | Refusal:
        """Accepts a cancel, or says why it is refused."""
        if self._delay_ns == 0 or not order.status.open or order.account_id != account_id:
            answer = self._exchange.cancel(account_id, order, now_ns)
            return answer if isinstance(answer, Refusal) else Taken.ACCEPTED
        if is_canceling(order):
            return Taken.ALREADY
        order.extra[_MARK] = True
        self._waiting.append((now_ns + self._delay_ns, order))
        return Taken.ACCEPTED

    def turn(self, now_ns: int) -> None:
        """Carries out what is due; an order that was filled meanwhile stays filled."""
        while self._waiting and self._waiting[0][0] <= now_ns:
            _, order = self._waiting.popleft()
            self._exchange.cancel(order.account_id, order, now_ns)


def is_canceling(order: SimOrder) -> bool:
    """Whether an open order waits to be cancelled."""
    return order.status.open and bool(order.extra.get(_MARK))
