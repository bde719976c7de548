"""Tasks that end together: none is forgotten, and an exception of any is a failure of their owner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine


class Tasks:
    """The tasks of one owner. `on_failure` is called with each exception that ends one."""

    def __init__(self, on_failure: Callable[[BaseException], None]) -> None:
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_idle(self) -> bool:
        """Whether no task is left."""
        return not self._tasks

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Runs `work` as a task, unless it is ended before."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def end(self) -> None:
        """Cancels what is left and waits until it has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._on_failure(error)


async def done(work: Callable[[], Awaitable[object]]) -> None:
    """Does something whose outcome is told otherwise. It is made here, so none is left that never began."""
    await work()
