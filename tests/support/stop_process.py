"""A desk whose only strategy holds a position and protects it with a stop, for tests of real processes.

python -m tests.support.stop_process run.toml
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from tests.support.run_room import run_desk_of
from trimaran.domain.facts import Purpose
from trimaran.domain.instrument import InstrumentKey, Side
from trimaran.domain.orders import OrderType, StrategyName, TimeInForce
from trimaran.live import run_desk
from trimaran.strategies.port import DeskView, LegDraft, Proposal, Skipped, Wish

KEY = InstrumentKey("binance.usdm:BTCUSDT")
LOTS = 50
STOP_AWAY = 20  # a fifth: never met in a test


class Protected:
    """Buys once, then places one stop, and never thinks of it again."""

    name = StrategyName("protected")

    def __init__(self) -> None:
        self._step = 0
        self._next_ns = 0

    def on_opportunity(self, opportunity: Any, desk: DeskView) -> Skipped:
        return Skipped(opportunity.pair, "it does not trade those")

    def on_group_closed(self, closed: Any, desk: DeskView) -> Wish | None:
        return None

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Wish]:
        bid, ask = desk.top_ticks(KEY)
        if self._step == 2 or not bid or not ask or desk.halted(KEY, self.name) or now_ns < self._next_ns:
            return ()
        self._step, self._next_ns = self._step + 1, now_ns + 500_000_000
        if self._step == 1:
            leg = LegDraft(KEY, Side.BUY, ask + ask // 500, LOTS)
        else:
            trigger = bid - bid // STOP_AWAY
            leg = LegDraft(
                KEY,
                Side.SELL,
                trigger - trigger // 500,
                LOTS,
                TimeInForce.GTC,
                OrderType.STOP_MARKET,
                trigger,
                reduce_only=True,
            )
        return (Proposal(self.name, Purpose.EXECUTE, (leg,), None),)

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        print(f"refused by {rule}", flush=True)
        self._step -= 1


def tell(line: str) -> None:
    print(line, flush=True)


async def main(path: Path) -> None:
    run_desk.strategies_of = lambda settings: [Protected()]  # type: ignore[assignment]
    desk = run_desk_of(path, [])
    desk._tell = tell
    desk.observed.notices._tell = tell
    await desk.start()
    print("up", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
