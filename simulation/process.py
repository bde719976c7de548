"""Processes of a simulation: whose code runs now, and whether it may still do anything.

A process is a variable of the context (`contextvars`) in which its callbacks and tasks run; whatever they
create inherits it. A process that was killed does nothing any more: its callbacks are never run, its tasks
stay where they are, and what its code does while a `Crashed` unwinds it has no effect on network or disk.
That is what SIGKILL does, and what cancelling tasks would not do: no `finally` says goodbye. A paused process
(SIGSTOP, a stalled host) gets its callbacks later, while the rest of the world goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

CLOSES_MAX: Final = 8  # of one coroutine: each `finally` that awaits takes one more


class Crashed(BaseException):
    """Ends the code of a process that was killed from within. Nobody's `except Exception` catches it."""


class Process:
    """One process. `alive`, `paused` and `held` are for the loop."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.paused = False
        self.held: list[asyncio.Handle] = []  # callbacks that became due while it was paused
        self.tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._graves: list[asyncio.Task[Any]] = []  # tasks of a dead process, so that none is finalised
        self._context = contextvars.copy_context()
        self._context.run(_current.set, self)

    def __repr__(self) -> str:
        return f"Process({self.name!r})"

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls a function as this process."""
        return self._context.copy().run(function, *arguments)

    def context(self) -> contextvars.Context:
        """For a callback that this process is to run."""
        return self._context.copy()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Runs a coroutine as a task of this process."""
        return asyncio.get_running_loop().create_task(work, context=self._context.copy())

    def kill(self) -> None:
        """From now on nothing of this process happens."""
        self.alive = False
        self.held.clear()
        self._keep()

    def bury(self) -> None:
        """Frees what a dead process left behind; when nothing of the world can be touched any more."""
        self._keep()
        for task in self._graves:
            coroutine = task.get_coro()
            for _ in range(CLOSES_MAX):
                with contextlib.suppress(BaseException):
                    self.call(coroutine.close)  # dead as it is
                    break
        self._graves.clear()

    def _keep(self) -> None:
        """Holds the tasks, so that none is finalised before its time."""
        self._graves = [task for task in self.tasks if not task.done()]
        for task in self._graves:
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own switch


_current: contextvars.ContextVar[Process] = contextvars.ContextVar("process")
WORLD: Final = Process("world")  # whoever sets a simulation up; never killed


def current() -> Process:
    """Whose code runs now."""
    return _current.get(WORLD)


def process_of(context: contextvars.Context) -> Process:
    """Whose context this is."""
    return context.get(_current, WORLD)


def check_alive() -> None:
    """Raises Crashed in a dead process: its code unwinds without an effect."""
    process = current()
    if not process.alive:
        raise Crashed(process.name)
