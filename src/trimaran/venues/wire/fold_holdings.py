"""Balances and positions on their way out of the fold: the newest of each, and what is held no more. Pure.

Two reports of one thing are ordered by their `venue_ns`: an older one never replaces a newer one.
"""

from __future__ import annotations

from collections.abc import Set

from trimaran.domain.reports import BalanceReport, PositionReport
from trimaran.venues.wire.fold_port import FoldEvent, key_of, nothing_of


class HoldingDesk:
    """The balances and positions of one account's market."""

    def __init__(self) -> None:
        self._newest: dict[object, int] = {}  # venue's time
        self._held: dict[object, BalanceReport | PositionReport] = {}  # what is not nothing, as last told

    def add(self, report: BalanceReport | PositionReport) -> list[FoldEvent]:
        """The report, unless a newer one was told before."""
        key = key_of(report)
        newest_ns = self._newest.get(key, 0)
        if report.venue_ns < newest_ns and report.venue_ns:
            return []
        self._newest[key] = max(report.venue_ns, newest_ns)
        empty = not report.lots if isinstance(report, PositionReport) else report.total == 0
        if empty:
            self._held.pop(key, None)
        else:
            self._held[key] = report
        return [report]

    def listed(
        self, kind: type[BalanceReport | PositionReport], keys: Set[object], as_of_ns: int, wall_ns: int
    ) -> list[FoldEvent]:
        """A whole list has named `keys` (see `key_of`): of what it leaves out there is nothing any more.

        Venues leave out what is zero. The list knows what happened before `as_of_ns` of the venue's clock;
        what a push has told of later stands.
        """
        events: list[FoldEvent] = []
        for key, report in list(self._held.items()):
            if isinstance(report, kind) and key not in keys and report.venue_ns < as_of_ns:
                events += self.add(nothing_of(report, wall_ns))
        return events
