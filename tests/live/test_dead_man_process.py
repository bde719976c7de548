"""A desk that was halted for longer than its dead-man switch allows: its stops come back as it goes on."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.run_room import LIMITS, write_settings
from trimaran.domain.instrument import MarketName
from trimaran.venues.sim.exchange_port import DEMO_ACCOUNT_ID
from trimaran.venues.sim.server import Simulator
from trimaran.venues.sim.trading import SimOrder
from trimaran.venues.simulators import SimulatorOptions, simulating

USDM = MarketName("binance.usdm")
DEAD_MAN = "[dead_man]\nafter_s = 3\n"


def stops(simulator: Simulator) -> Sequence[SimOrder]:
    return simulator.exchanges["binance"].open_orders(DEMO_ACCOUNT_ID, USDM)


async def until(condition: Callable[[], object], lines: list[str], seconds: float = 25.0) -> float:
    """How long it took."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while not condition():
        assert loop.time() < began_s + seconds, lines[-20:]
        await asyncio.sleep(0.02)
    return loop.time() - began_s


async def test_stops_that_the_switch_took_while_we_were_halted_come_back(tmp_path: Path) -> None:
    lines: list[str] = []
    options = SimulatorOptions(venues=("binance",), symbols=("BTC",), seed=5)
    async with simulating(options) as simulator:
        path = write_settings(tmp_path, simulator.urls(), [USDM], ["BTC-USDT"], DEAD_MAN)
        (tmp_path / "limits.toml").write_text(LIMITS.replace("collar_bps_max = 100", "collar_bps_max = 2000"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.stop_process", str(path), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None

        async def read() -> None:
            assert process.stdout is not None
            while line := await process.stdout.readline():
                lines.append(line.decode().strip())

        reading = asyncio.create_task(read())
        try:
            exchange = simulator.exchanges["binance"]
            await until(lambda: len(stops(simulator)) == 1, lines)
            await until(lambda: exchange._dead_men, lines)
            (before,) = stops(simulator)
            process.send_signal(signal.SIGSTOP)
            await until(lambda: not stops(simulator), lines)
            process.send_signal(signal.SIGCONT)
            await until(lambda: len(stops(simulator)) == 1, lines, 5.0)
            (after,) = stops(simulator)
            assert after.client_id != before.client_id
            assert (after.trigger_ticks, after.lots, after.side) == (
                before.trigger_ticks,
                before.lots,
                before.side,
            )
            assert any("may have fired" in line for line in lines)
            await until(lambda: exchange._dead_men, lines)
        finally:
            process.kill()
            await process.wait()
            await reading
