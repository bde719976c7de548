"""What losses are measured from goes on record: the equity at the start of the UTC day, and its peak.

A mark of a scope that limits losses is recorded when the day changes, when the peak has risen by a thousandth
of its tightest limit, and when anything else has changed and the last one is older than a minute. So who is
killed forgives its successor no loss, but for a thousandth of the limit; and where a day begins between two
processes, it begins with an equity of the last minute. After a restart an equity is not known until a tick
has its prices, and risk lets nothing grow there until then.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.domain.exact import ROUNDING, ZERO
from trimaran.domain.kill import KillScope
from trimaran.domain.records import EquityMarked
from trimaran.engine.desk import Desk
from trimaran.engine.turn import Turn
from trimaran.risk.image import EquityMark

SHARE: Final = Decimal("0.001")  # of a limit
LEAST: Final = Decimal("1e-18")  # no rise is smaller
MARK_NS: Final = 60_000_000_000


def tick(turn: Turn) -> None:
    """Records the marks that are due."""
    desk = turn.desk
    for scope, mark in desk.risk.equity_marks().items():
        if _is_due(desk, scope, mark):
            turn.record(EquityMarked(scope, mark.day, mark.day_start, mark.peak, mark.equity, desk.now_ns))


def _is_due(desk: Desk, scope: KillScope, mark: EquityMark) -> bool:
    known = desk.durable.equities.get(scope)
    if known is None or mark.day != known.day:
        return True
    if not 0 <= desk.now_ns - known.local_ns < MARK_NS:
        return (mark.peak, mark.equity) != (known.peak, known.equity)
    limits = desk.risk.book.scope(scope)
    highest = [each for each in (limits.daily_loss_max, limits.drawdown_max) if each is not None]
    return mark.peak - known.peak >= max(ROUNDING.multiply(min(highest, default=ZERO), SHARE), LEAST)
