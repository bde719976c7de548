"""Row `order_life`: whole lives of orders a second through the engine core: risk on, nothing encoded.

    proposal -> risk -> record (reservation, NEW, SENDING) -> ack -> fill -> end -> group closed

Every life is three calls of `engine.step`, with the events that a venue would send: the fill closes the
group, and its strategy answers with the next one. Records go to nobody, and nothing is sent. What the
journal, the sockets and the venue add is in the rows of round trips.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, median_of, percentiles_text, without_peer
from benchmarks.sides import OURS, Sides

NAME = "order_life"
UNIT = "orders/s"
NO_PEER = "no peer runs this without its simulated exchange"


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row."""
    process = sides.process(OURS)
    rounds = [process.ask(task=NAME, count=plan.lives) for _ in range(plan.rounds)]
    conditions = joined(
        f"{percentiles_text(rounds)} us a life",
        f"{rounds[0]['lives']} IOC orders of one spot instrument, buying and selling in turns, each filled "
        "at once with a fee",
        f"{len(rounds)} rounds, medians, gc on",
        f"{sides.about(OURS).partition(':')[0]}: engine.step",
    )
    return [without_peer(NAME, median_of(rounds, "rate"), UNIT, NO_PEER, conditions)]
