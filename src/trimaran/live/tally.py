"""Counts and recent things, gathered from the facts of every step: the memory behind status and result."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from trimaran.domain.account import Fill
from trimaran.domain.answer import BookStatus
from trimaran.domain.facts import (
    BookChanged,
    Discrepancy,
    Fact,
    FillBooked,
    GroupClosed,
    OpportunityEnded,
    OrderRefused,
    OrderStateChanged,
)

RECENT_SHOWN: Final = 8
FILLS_KEPT: Final = 20_000  # for the result: a run of weeks must not grow
DIFFERENCES_KEPT: Final = 1_000


class Tally:
    """Counts and recent things, gathered from facts."""

    def __init__(self) -> None:
        self.fills: deque[Fill] = deque(maxlen=FILLS_KEPT)
        self.fill_count = 0
        self.states: dict[str, int] = {}  # how often orders have come into each state
        self.differences: deque[Discrepancy] = deque(maxlen=DIFFERENCES_KEPT)
        self.difference_count = 0
        self.refused: dict[str, int] = {}
        self.resyncs: dict[str, int] = {}
        self.groups = 0
        self.recent: deque[dict[str, Any]] = deque(maxlen=RECENT_SHOWN)
        self._was_live: set[str] = set()

    def take(self, facts: Sequence[Fact]) -> None:
        """Takes the facts of one step."""
        for fact in facts:
            if isinstance(fact, FillBooked):
                self.fills.append(fact.fill)
                self.fill_count += 1
            elif isinstance(fact, OrderStateChanged):
                self.states[fact.after.name] = self.states.get(fact.after.name, 0) + 1
            elif isinstance(fact, OrderRefused):
                self.refused[fact.refused.rule] = self.refused.get(fact.refused.rule, 0) + 1
            elif isinstance(fact, GroupClosed):
                self.groups += 1
            elif isinstance(fact, BookChanged):
                self._on_book(fact)
            elif isinstance(fact, Discrepancy):
                self.differences.append(fact)
                self.difference_count += 1
            elif isinstance(fact, OpportunityEnded):
                self.recent.appendleft(_ended_row(fact))

    def _on_book(self, fact: BookChanged) -> None:
        """A resync is a book that is live again after it had been."""
        if fact.after is not BookStatus.LIVE:
            return
        market = fact.instrument_key.split(":")[0]
        if fact.instrument_key in self._was_live:
            self.resyncs[market] = self.resyncs.get(market, 0) + 1
        self._was_live.add(fact.instrument_key)


def _ended_row(fact: OpportunityEnded) -> dict[str, Any]:
    return {
        "buy": fact.pair.buy,
        "sell": fact.pair.sell,
        "best_edge_bps": fact.best_edge_e8 / 10_000,
        "best_net": str(round(fact.best_net, 2)),
        "lifetime_ms": fact.lifetime_ns / 1_000_000,
        "outcome": "taken" if fact.taken else fact.missed_because,
    }
