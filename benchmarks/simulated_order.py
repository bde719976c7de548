"""Row `simulated_order`: what an order costs in a backtest, beside NautilusTrader's backtest engine.

Both run over as many quotes of one instrument twice, with one IOC order a quote and without, and the
difference is the order's: decision, risk, simulated venue, fill, positions and money. Ours is the loop of
every backtest, with the engine core, risk and the paper venue.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, without_peer
from benchmarks.sides import OURS, SideProcess, Sides, interpreter, not_built, title

NAME = "simulated_order"
RIVAL = "nautilus"
UNIT = "us/order, median"


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row."""
    request = {"count": plan.simulated_orders, "rounds": plan.rounds}
    ours = sides.process(OURS).ask(task=NAME, **request)["costs"]
    parts = [
        f"ours: {min(ours):.1f} to {max(ours):.1f} us in {len(ours)} rounds",
        f"{plan.simulated_orders} quotes with an order each, less the same without orders; all filled",
        f"{sides.about(OURS).partition(':')[0]}: Loop, engine.step, risk, PaperVenue",
    ]
    if not interpreter(RIVAL).exists():
        return [without_peer(NAME, median(ours), UNIT, not_built(RIVAL), joined(*parts))]
    process = SideProcess(interpreter(RIVAL), "simulated_nautilus.py")
    try:
        told = process.ask(**request)
    finally:
        process.close()
    theirs = told["costs"]
    parts.insert(1, f"peer: {min(theirs):.1f} to {max(theirs):.1f} us")
    conditions = joined(*parts, told["about"])
    return [lower_is_better(NAME, median(ours), UNIT, title(RIVAL), median(theirs), conditions)]
