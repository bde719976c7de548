"""Counts and recent things, gathered from the facts of every step: the memory behind status and result."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
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
        self._takes: dict[type, Callable[[Any], None]] = {
            FillBooked: self._on_fill,
            OrderStateChanged: self._on_state,
            OrderRefused: self._on_refused,
            GroupClosed: self._on_group,
            BookChanged: self._on_book,
            Discrepancy: self._on_difference,
            OpportunityEnded: self._on_episode,
        }

    def take(self, facts: Sequence[Fact]) -> None:
        """Takes the facts of one step."""
        for fact in facts:
            take = self._takes.get(type(fact))
            if take is not None:
                take(fact)

    def _on_fill(self, fact: FillBooked) -> None:
        self.fills.append(fact.fill)
        self.fill_count += 1

    def _on_state(self, fact: OrderStateChanged) -> None:
        name = fact.after.name
        self.states[name] = self.states.get(name, 0) + 1

    def _on_refused(self, fact: OrderRefused) -> None:
        rule = fact.refused.rule
        self.refused[rule] = self.refused.get(rule, 0) + 1

    def _on_group(self, fact: GroupClosed) -> None:
        self.groups += 1

    def _on_difference(self, fact: Discrepancy) -> None:
        self.differences.append(fact)
        self.difference_count += 1

    def _on_episode(self, fact: OpportunityEnded) -> None:
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
