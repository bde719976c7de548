"""One measurement of watching live books: a process of its own, measured from the moment when all are live.

Standard library only: each side's interpreter runs it. Processor time is that of the whole process, all its
threads together; memory is its resident set at the end.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from measuring import resident_bytes

LIVE_S_MAX = 90
LOOK_S = 0.1


class Watcher(Protocol):
    """Somebody who watches books."""

    def live(self) -> int:
        """How many books are live now."""
        ...

    def updates(self) -> int:
        """How many messages have changed a book so far."""
        ...


async def watched(watcher: Watcher, books: int, seconds: float) -> dict[str, Any]:
    """Waits until all books are live, then lets time pass.

    Raises:
        TimeoutError: they did not become live.
    """
    async with asyncio.timeout(LIVE_S_MAX):
        while watcher.live() < books:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(LOOK_S)
    gc.collect()
    before = watcher.updates()
    wall_ns, processor_ns = time.perf_counter_ns(), time.process_time_ns()
    await asyncio.sleep(seconds)
    wall_ns, processor_ns = time.perf_counter_ns() - wall_ns, time.process_time_ns() - processor_ns
    return {
        "cpu_percent": processor_ns / wall_ns * 100,
        "cpu_us": processor_ns / max(watcher.updates() - before, 1) / 1e3,
        "megabytes": resident_bytes() / 1e6,
        "updates_per_second": (watcher.updates() - before) * 1e9 / wall_ns,
        "live": watcher.live(),
    }


def answer(watch: Callable[..., dict[str, Any]]) -> None:
    """One request from standard input, and its answer; prints of libraries go to standard error."""
    replies = os.dup(1)
    os.dup2(2, 1)  # also what is printed past Python
    request = json.loads(sys.stdin.readline())
    figures = watch(**request)
    os.write(replies, json.dumps(figures).encode() + b"\n")
    sys.stdin.read()
    os._exit(0)  # whatever threads a library has left
