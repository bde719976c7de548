"""Work that may wait for a disk, done beside the event loop, one piece after the other.

The thread is a daemon: a disk that never answers keeps neither the loop nor the end of the process waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Protocol


class Aside(Protocol):
    """Runs work that may block, and waits for it without blocking the loop."""

    async def run(self, work: Callable[[], None], /) -> None:
        """Raises what the work raises."""


class Inline:
    """Does it at once: where the disk is a simulated one, or in a command that has nothing else to do."""

    async def run(self, work: Callable[[], None], /) -> None:
        """Runs it."""
        work()


class DiskThread:
    """One thread, started with the first piece of work. `close` lets it end after the last one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], None], /) -> None:
        """Waits for its turn and its end; who stops waiting does not stop the work."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(error: BaseException | None) -> None:
            if done.cancelled():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        def piece() -> None:
            failure: BaseException | None = None
            try:
                work()
            except Exception as error:
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, failure)

        self._queue.put(piece)
        await done

    def close(self) -> None:
        """No more work comes."""
        self._queue.put(None)

    def _serve(self) -> None:
        while (piece := self._queue.get()) is not None:
            piece()
