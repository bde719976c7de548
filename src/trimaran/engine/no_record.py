"""The record of a desk that has nothing to remember: paper, replay and backtest."""

from __future__ import annotations

from collections.abc import Callable

from trimaran.domain.records import Durability, JournalRecord


class NoRecord:
    """A `Record` that keeps nothing and commits at once."""

    takes_risk = True

    def append(self, record: JournalRecord) -> None:
        """Nothing is kept."""

    def commit(self, durability: Durability | None, then: Callable[[], None] | None = None) -> None:
        """What is not kept is as safe as it will ever be."""
        if then is not None:
            then()
