"""What is judged of all markets of a story together: records, groups, what is owed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulation.dealer import PAIRS
from simulation.oracle import Oracle, id_of
from trimaran.domain.exact import ZERO
from trimaran.domain.orders import StrategyName
from trimaran.domain.records import JournalRecord
from trimaran.engine.desk import Desk
from trimaran.engine.recovery import recovered
from trimaran.venues.sim.trading import SimOrder


def judge_together(desk: Desk, records: Sequence[JournalRecord], oracles: Sequence[Oracle]) -> Iterator[str]:
    """`records` are all that there ever were, those that compaction has removed included."""
    durable = desk.durable
    if recovered(None, records).state_hash() != durable.state_hash():
        yield "RECOVERY: all records together make another state than the one that is there"
    if durable.groups.open:
        yield f"OWED: {list(durable.groups.open)} are not closed"
    owed = sum(durable.owed(PAIRS).values(), ZERO)
    left = sum((oracle.residual(desk, PAIRS) for oracle in oracles), ZERO)
    if owed != left:
        yield f"OWED: {owed} is owed here, {left} is left by the fills of the venues"


def orders_of(desk: Desk, oracles: Sequence[Oracle]) -> Iterator[tuple[SimOrder, StrategyName]]:
    """The orders at the venues that the desk knows, and whose they are."""
    for oracle in oracles:
        for order in oracle.accepted.values():
            client_order_id = id_of(order)
            entry = None if client_order_id is None else desk.durable.orders.get(client_order_id)
            if entry is not None:
                yield order, entry.order.strategy


def filled_of(desk: Desk, strategy: StrategyName) -> int:
    """How many orders of a strategy have filled."""
    entries = desk.durable.orders.values()
    return sum(entry.order.strategy == strategy and entry.filled_lots > 0 for entry in entries)
