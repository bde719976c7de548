"""A process that sends five hundred orders a second past a kill switch, for tests of real processes.

    python -m tests.support.kill_process FOLDER [uvloop]

Its output is what a venue would see and what a person is told, in their order: `order STAMP` with the time
before the last look, `told TEXT`, and `up` first.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from pathlib import Path

import uvloop

from tests.support.kill_room import ARB, MAKER, SPOT, USDM
from trimaran.domain.instrument import MarketName
from trimaran.live.kill_cancels import KillCancels
from trimaran.live.kill_files import KillFiles
from trimaran.live.kill_switch import KillSwitch, kill_on_signal
from trimaran.venues.wire.clock import SystemClock

PAUSE_S = 0.002


class Quiet:
    """An account with nothing open."""

    def __init__(self, market: MarketName) -> None:
        self.market = market

    @property
    def visibility_lag_ns(self) -> int:
        return 0

    def on_the_way(self) -> int:
        return 0

    async def end_all(self) -> int:
        return 0

    async def end(self, refs: object) -> None:
        return


def write(text: str) -> None:
    os.write(1, f"{text}\n".encode())


async def main(folder: Path) -> None:
    switch = KillSwitch(KillFiles(folder), SystemClock(), lambda market, text: write(f"told {text}"))
    cancels = KillCancels([Quiet(SPOT), Quiet(USDM)], lambda *_: [], SystemClock(), lambda *_: None)
    switch.attach(lambda event: write(f"told event {event.scope.text} {event.state.name}"), cancels)
    switch.agree({})
    kill_on_signal(switch)
    asyncio.get_running_loop().create_task(switch.run()).add_done_callback(lambda task: task.exception())
    write("up")
    for number in itertools.count():
        stamp = time.time_ns()
        if not switch.stops(SPOT if number % 2 else USDM, ARB if number % 3 else MAKER, False):
            write(f"order {stamp}")
        await asyncio.sleep(PAUSE_S)


if __name__ == "__main__":
    (uvloop.run if sys.argv[2:] == ["uvloop"] else asyncio.run)(main(Path(sys.argv[1])))
