"""The bounds of a kill in virtual time: five hundred orders a second on the simulators' wire.

The last order leaves at most 100 ms after the commit, and all cancels are proved within 2 s: with the venues'
own visibility lags, network delays, and a loop that is kept busy now and then. Times are the loop's.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from simulation.connection import NetworkFaults
from simulation.loop import SimLoop
from simulation.stage import SimClock, run_story
from tests.support import trading_desk, trading_room
from tests.support.kill_storm import Storm, storm_at
from trimaran.domain.decision import KillState
from trimaran.domain.kill import ALL
from trimaran.live.disk_thread import Inline
from trimaran.live.kill_files import KillAnswer, KillRequest
from trimaran.venues.sim.server import running
from trimaran.venues.simulators import SimulatorOptions, simulator_of

MS, SECOND = 1_000_000, 1_000_000_000
BEFORE_S, AFTER_S = 0.6, 0.5
DELAYS = NetworkFaults(latency_s=0.005, jitter_s=0.02, split=0.1)
ON_THE_WAY_NS = 3 * 25 * MS  # from departure to the venue, a handshake included

Kick = Callable[[Storm], Any]


class Inside:
    """One story, and what came of it."""

    def __init__(self, seed: int, market: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rng = random.Random(f"{seed}:kill")
        self.loop = SimLoop(seed)
        self.seed, self.market, self.folder = seed, market, folder
        self.clock = SimClock(self.loop)
        monkeypatch.setattr(trading_desk, "SystemClock", lambda: self.clock)
        monkeypatch.setattr(
            trading_room, "simulating", lambda options: running(simulator_of(options, self.clock))
        )

    def _simulating(self, options: SimulatorOptions) -> Any:
        return running(simulator_of(options, self.clock))

    def run(self, story: Callable[[Storm], Coroutine[Any, Any, None]]) -> None:
        run_story(self.loop, self.seed, self._whole(story), [])

    async def _whole(self, story: Callable[[Storm], Coroutine[Any, Any, None]]) -> None:
        async with storm_at(self.market, self.folder, Inline(), clock=self.clock) as storm:
            client = storm.desk.client
            client._spec = msgspec.structs.replace(
                client._spec, visibility_lag_ns=storm.desk.room.entry.private.spec.visibility_lag_ns
            )
            storm.visibility_lag_ns = client.visibility_lag_ns
            self.loop.network.faults = DELAYS
            polls = asyncio.create_task(storm.switch.run())
            try:
                await story(storm)
            finally:
                polls.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await polls
                self.loop.network.faults = NetworkFaults()

    async def storm_for(self, storm: Storm, seconds: float) -> None:
        """Five hundred orders a second; now and then the loop is busy and they come all at once."""
        end_s = self.loop.time() + seconds
        number = len(storm.given)
        owed = 0.0
        while self.loop.time() < end_s:
            owed += 500 * 0.002
            if self.rng.random() < 0.02:
                pause_s = self.rng.uniform(0.01, 0.08)
                owed += 500 * pause_s
                await asyncio.sleep(pause_s)
            for _ in range(int(owed)):
                storm.one(number)
                number += 1
            owed -= int(owed)
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("market", ["binance.spot", "binance.usdm", "okx.swap", "htx.spot", "htx.swap"])
def test_a_request_file_in_the_storm_keeps_its_bounds(
    seed: int, market: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = Inside(seed, market, tmp_path, monkeypatch)

    async def story(storm: Storm) -> None:
        await inside.storm_for(storm, BEFORE_S + inside.rng.random() / 10)
        committed_ns = inside.clock.wall_ns()
        request = KillRequest(actor="anna", reason="in the storm", local_ns=committed_ns)
        storm.files.drop("kill", request)
        await inside.storm_for(storm, AFTER_S)
        answer: KillAnswer | None = None

        def there() -> bool:
            nonlocal answer
            answer = storm.files.read_answer("kill")
            return answer is not None and answer.done

        await storm.desk.until(there, 30.0)
        assert answer is not None
        assert answer.last_order_ns <= answer.committed_ns <= committed_ns + 100 * MS
        orders = storm.desk.sim_orders()
        assert len(orders) >= 200  # as many as the venue lets be open; the others it refuses
        assert max(each.created_ns for each in orders) - committed_ns <= 100 * MS + ON_THE_WAY_NS
        assert not storm.desk.sim_open()
        assert max(each.updated_ns for each in orders) - committed_ns <= 2 * SECOND
        for row in answer.cancels:
            assert 0 < row.proved_ns - committed_ns <= 2 * SECOND, (row, committed_ns)
        print(
            "FIG",
            inside.market,
            inside.seed,
            (max(each.created_ns for each in orders) - committed_ns) / 1e6,
            (max(each.updated_ns for each in orders) - committed_ns) / 1e6,
            [(r.proved_ns - committed_ns) / 1e6 for r in answer.cancels],
            len(orders),
        )

    inside.run(story)


@pytest.mark.parametrize("seed", range(2))
def test_a_signal_in_the_storm_lets_nothing_more_leave(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = Inside(seed, "binance.usdm", tmp_path, monkeypatch)

    async def story(storm: Storm) -> None:
        await inside.storm_for(storm, BEFORE_S)
        sent, given = storm.executor.sent, set(storm.given)
        storm.switch.sudden("SIGUSR1")
        await inside.storm_for(storm, AFTER_S)
        assert storm.executor.sent == sent
        assert storm.at_the_venue() <= given
        await storm.desk.until(lambda: not storm.desk.sim_open(), 5.0)
        assert storm.switch.image.state(ALL) is KillState.KILLED

    inside.run(story)
