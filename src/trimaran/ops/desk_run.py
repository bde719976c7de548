"""Runs a desk for the command line: until its time is over, somebody asks it to end, or something fails.

Whatever ends it, the result so far is written; a run of a week is not lost to its last minute.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.live.status_pipe import StatusPipe
from trimaran.ops.lifetime import ending_signals
from trimaran.ops.result_file import ResultFile

STDERR: Final = 2


class Runner(Protocol):
    """A desk that runs: on paper, or for real."""

    @property
    def status_s(self) -> float:
        """Between two statuses."""

    async def start(self) -> None:
        """Begins. Raises TrimaranError."""

    async def wait(self) -> None:
        """Returns when it has ended by itself; raises what made it fail."""

    async def finish(self) -> None:
        """What is to be done before the result, when it was asked to end."""

    async def stop(self) -> None:
        """Closes everything."""

    def status(self) -> dict[str, Any]:
        """The status now."""

    def result(self) -> dict[str, Any]:
        """The result so far."""


class DeskRun(msgspec.Struct, frozen=True):
    """How long a desk runs, and whom it tells."""

    seconds: float | None
    status: bool
    out: ResultFile | None


async def run_desk(runner: Runner, run: DeskRun) -> None:
    """Runs a desk, and writes its result. Raises what made it fail."""
    loop, signalled = asyncio.get_running_loop(), asyncio.Event()
    for number in ending_signals():
        loop.add_signal_handler(number, signalled.set)
    stopped = asyncio.ensure_future(signalled.wait())
    starting = asyncio.ensure_future(runner.start())
    tasks: list[asyncio.Future[Any]] = [stopped, starting]
    try:
        await asyncio.wait({stopped, starting}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            return  # asked to end before it had begun
        starting.result()
        spare_the_collector()
        ends = [asyncio.ensure_future(runner.wait())]
        if run.status:
            ends.append(asyncio.ensure_future(_print_status(runner)))
        tasks += ends
        await asyncio.wait({stopped, *ends}, timeout=run.seconds, return_when=asyncio.FIRST_COMPLETED)
        error = next((task.exception() for task in ends if task.done()), None)
        if error is None:
            await runner.finish()
        _conclude(runner, run, error)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await runner.stop()


def spare_the_collector() -> None:
    """What a start has made stays for good: a full collection need not look through it again and again.

    Without this one took tens of milliseconds, in the middle of trading.
    """
    gc.collect()
    gc.freeze()


def teller() -> Callable[[str], None]:
    """Says lines on standard error, without ever waiting for its reader."""
    if sys.stderr is None:
        return lambda line: None
    pipe = StatusPipe(STDERR)
    return lambda line: pipe.say(f"trimaran: {line}")


def _conclude(runner: Runner, run: DeskRun, error: BaseException | None) -> None:
    try:
        if run.out is not None:
            failure = None if error is None else f"{type(error).__name__}: {error}"
            run.out.write({**runner.result(), "failure": failure})
    finally:
        if error is not None:
            raise error


async def _print_status(runner: Runner) -> None:
    """Returns when nobody reads any more."""
    if sys.stdout is None:
        raise ConfigError("status: expected a standard output, found it closed")
    pipe = StatusPipe(sys.stdout.fileno())
    while not pipe.gone:
        await asyncio.sleep(runner.status_s)
        pipe.write(runner.status())
