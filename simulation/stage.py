"""Puts a simulation in the place of the machine: sockets without descriptors, clocks that follow the loop.

While a block of `on_stage` runs, `socket.socket` is the simulated one, picows makes its connections through
the loop (not through aiofastnet, which writes to descriptors), and aiohttp ages its pools by virtual time.
One simulation at a time owns the process. Nothing of the product is replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import socket
from collections.abc import Coroutine, Iterator
from typing import Any, Final, TypeVar

import aiohttp.connector
import picows.api

from simulation.connection import SimSocket
from simulation.loop import SimLoop
from simulation.process import Process

T = TypeVar("T")

START_NS: Final = 1_790_000_000_000_000_000  # wall time at which every story begins
ROUNDS: Final = 3

_libc: Final = ctypes.CDLL(None)


class SimClock:
    """A clock of one machine: the loop's time, and a wall clock that can be set wrong."""

    def __init__(self, loop: SimLoop, step_ns: int = 0) -> None:
        self._loop = loop
        self.step_ns = step_ns

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch, as this machine believes."""
        return START_NS + self._loop.monotonic_ns() + self.step_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never jumps."""
        return self._loop.monotonic_ns()


def _ignored(_: asyncio.AbstractEventLoop, __: dict[str, Any]) -> None:
    """The story is over: what its remains have to say is of no interest."""


@contextlib.contextmanager
def on_stage(loop: SimLoop, seed: int) -> Iterator[None]:
    """For the time of a block the process belongs to the simulation."""
    before = socket.socket, picows.api._HAS_AIOFASTNET
    pools: Any = aiohttp.connector
    pool_clock = pools.monotonic
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    _libc.srand(seed & 0x7FFFFFFF)  # picows masks what clients send with libc's numbers
    socket.socket = SimSocket  # type: ignore[misc]
    picows.api._HAS_AIOFASTNET = False
    pools.monotonic = loop.time
    try:
        yield
    finally:
        socket.socket, picows.api._HAS_AIOFASTNET = before  # type: ignore[misc]
        pools.monotonic = pool_clock
        logging.disable(level)


def run_story(loop: SimLoop, seed: int, story: Coroutine[Any, Any, T], processes: list[Process]) -> T:
    """Runs a story to its end, and frees everything that belonged to it. `processes` may grow meanwhile."""
    collecting = gc.isenabled()
    gc.disable()  # finalisers run where the story ends, not where the collector happens to
    try:
        with on_stage(loop, seed):
            try:
                return loop.run_until_complete(story)
            finally:
                loop.set_exception_handler(_ignored)
                loop.network.closed = True
                for process in processes:
                    process.kill()
                for _ in range(ROUNDS):  # what is closed may begin tasks in order to close others
                    for process in processes:
                        process.bury()
                loop.close()
    finally:
        if collecting:
            gc.enable()
