"""Where the slow work of the disk is done: one job at a time, beside the event loop.

`ThreadWorker` is the real one: a thread waits for the disk, and wakes the loop with `call_soon_threadsafe`
(an eventfd with a reader was measured beside it: no quicker, 66 us there and back against 63 us, on uvloop).
`DelayedWorker` does the same in the time of the running loop, without threads, for seeded simulations.
Neither repeats a job.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Protocol

Job = Callable[[], None]
Done = Callable[[Exception | None], None]  # in the event loop; what the job raised

_JOIN_S: Final = 30.0  # for a disk that hangs; then the thread is left behind


class Worker(Protocol):
    """Does jobs in the order in which they came, and tells the running event loop of each."""

    def submit(self, job: Job, done: Done, /) -> None:
        """Takes a job; `done` is called from the event loop that runs now."""

    def close(self) -> None:
        """Waits for the job under way and those behind it; their `done` may be left out."""


class ThreadWorker:
    """A thread of its own, started with the first job."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: SimpleQueue[tuple[Job, Done, asyncio.AbstractEventLoop] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, job: Job, done: Done, /) -> None:
        """Hands a job to the thread."""
        self._queue.put((job, done, asyncio.get_running_loop()))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(_JOIN_S)
            self._thread = None

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            job, done, loop = item
            error = _attempt(job)
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(done, error)


class DelayedWorker:
    """Each job takes `delay_s()` seconds of the loop's own time, and happens at the end of it."""

    def __init__(self, delay_s: Callable[[], float] = lambda: 0.0) -> None:
        self._delay_s = delay_s
        self._waiting: deque[tuple[Job, Done]] = deque()
        self._closed = False

    def submit(self, job: Job, done: Done, /) -> None:
        """Queues a job."""
        self._waiting.append((job, done))
        if len(self._waiting) == 1:
            self._begin()

    def close(self) -> None:
        """Does what waits now, without telling anybody."""
        self._closed = True
        while self._waiting:
            _attempt(self._waiting.popleft()[0])

    def _begin(self) -> None:
        asyncio.get_running_loop().call_later(self._delay_s(), self._finish)

    def _finish(self) -> None:
        if self._closed:
            return
        job, done = self._waiting[0]
        error = _attempt(job)
        self._waiting.popleft()
        if self._waiting:
            self._begin()
        done(error)


def _attempt(job: Job) -> Exception | None:
    try:
        job()
    except Exception as error:
        return error
    return None
