"""The bare comparison of the scan: all edges of all groups anew in NumPy after each change.

Floats in one unit, tops already decoded and in arrays: nothing is left but the arithmetic.
"""

from __future__ import annotations

import random
import time
from array import array
from collections.abc import Sequence

import numpy as np
from measuring import Feed, Frame, PlainReplay, Reply, Side, clock_cost_ns, percentiles_us, serve, settle

FEE = 0.001


class NumpySide(PlainReplay):
    """It takes no frames."""

    def __init__(self, channel: str) -> None:
        self.channel = channel

    def about(self) -> str:
        """Version and what is run."""
        return f"NumPy {np.__version__}: every edge of every group anew, in floats, without decoding"

    def payload(self, raw: bytes) -> bytes:
        """As it comes."""
        return raw

    def begin(self, early: Sequence[Frame], snapshot: Frame) -> Feed:
        """Raises NotImplementedError."""
        raise NotImplementedError

    def proof(self, last: Frame) -> list[float | None]:
        """Nothing to prove."""
        return []


def scan(side: Side, groups: int, members: int, changes: int) -> Reply:
    """Percentiles in us of one change of an offer and the rescan after it."""
    rng = random.Random(groups)
    bids = np.full((groups, members), 61_837.0)
    asks = bids + 0.1
    outside = np.where(np.eye(members, dtype=bool), -np.inf, 0.0)
    chosen = [(rng.randrange(groups), rng.randrange(members), 61_837 + rng.random()) for _ in range(changes)]
    costs = array("q", bytes(8 * changes))
    settle()
    clock = time.perf_counter_ns
    for index, (group, member, ask) in enumerate(chosen):
        start = clock()
        asks[group, member] = ask
        paid = asks[:, :, None] * (1 + FEE)  # group, bought, 1
        edges = (bids[:, None, :] * (1 - FEE) - paid) / asks[:, :, None] + outside  # group, bought, sold
        best = edges.max(axis=(1, 2))  # group
        costs[index] = clock() - start
    assert best.shape == (groups,)
    return percentiles_us(costs, clock_cost_ns()) | {"changes": changes}


if __name__ == "__main__":
    serve(NumpySide, {"scan": scan})
