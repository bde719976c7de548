"""Counts and recent things, gathered from the facts of every step: the memory behind status and result."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from trimaran.domain.account import Fill
from trimaran.domain.answer import BookStatus
from trimaran.domain.facts import (
    BookChanged,
    Fact,
    FillBooked,
    GroupClosed,
    OpportunityEnded,
    OrderRefused,
)

RECENT_SHOWN: Final = 8


class Tally:
    """Counts and recent things, gathered from facts."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
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
            elif isinstance(fact, OrderRefused):
                self.refused[fact.refused.rule] = self.refused.get(fact.refused.rule, 0) + 1
            elif isinstance(fact, GroupClosed):
                self.groups += 1
            elif isinstance(fact, BookChanged):
                self._on_book(fact)
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
