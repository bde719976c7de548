"""What a desk that trades tells beside what every desk tells: readiness, orders, journal, differences."""

from __future__ import annotations

from typing import Any, Protocol

from trimaran.base.errors import VenueError
from trimaran.base.histogram import Histogram
from trimaran.domain.commands import Command, SendOrder
from trimaran.domain.facts import Discrepancy
from trimaran.domain.instrument import MarketName
from trimaran.domain.ports import Clock
from trimaran.engine.desk import Desk
from trimaran.live import report
from trimaran.live.executor import Executor
from trimaran.live.knight import Knight
from trimaran.live.run_accounts import RunAccounts
from trimaran.live.run_journal import RunJournal
from trimaran.live.tally import Tally


class Running(Protocol):
    """The parts of a desk that trades."""

    desk: Desk
    observed: report.Observed
    executor: Executor
    journal: RunJournal
    knight: Knight
    order_latency: Histogram


class Timed:
    """The executor, with the time from the event behind an order to its departure."""

    next_due_ns = None

    def __init__(self, executor: Executor, latency: Histogram, clock: Clock) -> None:
        self._carry_out = executor.carry_out
        self._record = latency.record
        self._wall_ns = clock.wall_ns

    def carry_out(self, command: Command, now_ns: int, /) -> None:
        """Takes one command."""
        self._carry_out(command, now_ns)
        if type(command) is SendOrder:
            self._record(self._wall_ns() - now_ns)

    def due(self, now_ns: int, /) -> tuple[()]:
        """Nothing is ever ready here."""
        return ()


def figures(run: Running) -> dict[str, Any]:
    """Of status and result."""
    tally, knight, durable = run.observed.tally, run.knight.figures, run.desk.durable
    return {
        "run": durable.counter.epoch,
        "ready": {name: state.missing for name, state in run.desk.readiness.all()},
        "order_counts": {
            "sent": run.executor.sent,
            "dropped": run.executor.dropped,
            "open": len(durable.working),
            **{name.lower(): count for name, count in tally.states.items()},
        },
        "order_latency_us": report.latency_row(run.order_latency),
        "journal": run.journal.figures(),
        "knight": {"journaled": knight.journaled, "checked": knight.checked, "sent": knight.sent},
        "kill": {scope.text: state.name for scope, state in durable.kill.states.items()},
        "difference_count": tally.difference_count,
    }


async def differences(
    desk: Desk, tally: Tally, accounts: RunAccounts, market: MarketName | None, reason: str
) -> tuple[Discrepancy, ...]:
    """A round on one market, or on all: every difference that it found, and those that stand.

    Raises VenueError where a venue could not be asked, ConfigError for an unknown market.
    """
    before = tally.difference_count
    troubles = await accounts.reconcile(market, reason)
    text = "; ".join(f"{name}: {trouble}" for name, trouble in troubles.items() if trouble)
    if text:
        raise VenueError(f"reconciliation: {text}")
    fresh = tally.difference_count - before
    found = list(tally.differences)
    new = found[len(found) - fresh :] if fresh else []
    wanted = [row for row in found if market in (None, row.market) and _stands(desk, row)]
    return tuple({_subject(row): row for row in (*wanted, *new)}.values())


def _subject(row: Discrepancy) -> tuple[str, str, str]:
    return row.market, row.kind, row.subject


def _stands(desk: Desk, row: Discrepancy) -> bool:
    """Whether the last comparison has found it, and nothing corrects it."""
    state = desk.readiness.markets.get(row.market)
    return state is not None and any(
        (kind.value, subject, ours, theirs) == (row.kind, row.subject, row.ours, row.theirs)
        for kind, subject, ours, theirs in state.reported
    )
