"""An event loop whose time is virtual and whose order is seeded: the same seed runs the same way, anywhere.

Time stands still while callbacks run and jumps to the next timer when none is ready. A loop of asyncio
promises that its own callbacks run in the order in which they became ready, so those of one process do.
Nothing promises an order between processes: of those that are ready at the same time each gets its turn in an
order that the seed draws. There are no threads: what is given to an executor runs at once, and names are
resolved by the simulated network, which has the loop's sockets (`network.py`).
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from simulation.network import Network, Sockets
from simulation.process import Crashed, Process, process_of

T = TypeVar("T")

RESOLUTION_S: Final = 1e-9
ROUNDS_MAX: Final = 100_000  # without time passing: something calls itself for ever
NS_PER_S: Final = 1_000_000_000


class Deadlock(RuntimeError):
    """Nothing is ready, and nothing ever will be."""


class Livelock(RuntimeError):
    """Callbacks follow callbacks, and time does not pass."""


class OutOfTime(RuntimeError):
    """The story is longer than it may be."""


class SimLoop(Sockets, asyncio.BaseEventLoop):  # type: ignore[misc]
    """See the top of this module. `network` has what the loop's sockets are connected to."""

    _ready: deque[Any]  # handles, of asyncio's own base class, which types do not show
    _scheduled: list[Any]
    _timer_cancelled_count: int
    _stopping: bool

    def __init__(self, seed: int | str, network: Network | None = None, time_s_max: float = 1e6) -> None:
        super().__init__()
        self._clock_resolution = RESOLUTION_S
        self._now_s = 0.0
        self._time_s_max = time_s_max
        self._order = random.Random(f"{seed}:order")
        self._rounds = 0
        self.errors: list[dict[str, Any]] = []  # of callbacks and forgotten tasks of living processes
        self.digest = 0  # of all that happened, in its order
        self.callbacks = 0
        self.network = network if network is not None else Network(random.Random(f"{seed}:network"))
        self.network.loop = self
        self.set_exception_handler(self._failed)

    # --- time ---------------------------------------------------------------------------------------------

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now_s

    def monotonic_ns(self) -> int:
        """The same in nanoseconds."""
        return round(self._now_s * NS_PER_S)

    def note(self, *happened: int) -> None:
        """Adds something that happened to the digest."""
        self.digest = hash((self.digest, round(self._now_s * NS_PER_S), happened))

    # --- callbacks ----------------------------------------------------------------------------------------

    def create_task(
        self,
        coro: Any,
        *,
        name: object = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[Any]:
        """A task of the process in whose context it will run."""
        task: asyncio.Task[Any] = super().create_task(coro, name=name, context=context)
        process_of(context if context is not None else contextvars.copy_context()).tasks.add(task)
        return task

    def resume(self, process: Process) -> None:
        """Gives a paused process the callbacks that it missed, in their order."""
        process.paused = False
        self._ready.extendleft(reversed(process.held))
        process.held.clear()

    def pause(self, process: Process, seconds: float) -> None:
        """Stops a process for some time."""
        process.paused = True
        self.call_later(seconds, self._resume_alive, process, context=contextvars.Context())

    def _resume_alive(self, process: Process) -> None:
        if process.alive:
            self.resume(process)

    def _run_once(self) -> None:
        scheduled = self._scheduled
        while scheduled and scheduled[0]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(scheduled)._scheduled = False
        if not self._ready and not self._stopping:
            self._jump()
        end_s = self._now_s + RESOLUTION_S
        while scheduled and scheduled[0]._when < end_s:
            handle = heapq.heappop(scheduled)
            handle._scheduled = False
            self._ready.append(handle)
        self._rounds += 1
        if self._rounds > ROUNDS_MAX:
            raise Livelock(f"{ROUNDS_MAX} rounds at {self._now_s} s")
        self._run_ready()

    def _jump(self) -> None:
        if not self._scheduled:
            raise Deadlock(f"nothing will happen after {self._now_s} s")
        if self._scheduled[0]._when > self._now_s:
            self._now_s = self._scheduled[0]._when
            self._rounds = 0
            if self._now_s > self._time_s_max:
                raise OutOfTime(f"{self._time_s_max} s are over")

    def _run_ready(self) -> None:
        ready = self._ready
        if len(ready) == 1:
            handle = ready.popleft()
            if not handle._cancelled:
                self._run_handle(handle, process_of(handle._context))
            return
        turns: dict[Process, list[Any]] = {}
        while ready:
            handle = ready.popleft()
            if not handle._cancelled:
                turns.setdefault(process_of(handle._context), []).append(handle)
        order = list(turns.items())
        if len(order) > 1:
            self._order.shuffle(order)
        for process, handles in order:
            for handle in handles:
                if not handle._cancelled:
                    self._run_handle(handle, process)

    def _run_handle(self, handle: asyncio.Handle, process: Process) -> None:
        if not process.alive:
            return
        if process.paused:
            process.held.append(handle)
            return
        self.callbacks += 1
        handle._run()

    def _failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), Crashed):
            self.errors.append(context)

    # --- what asyncio does with threads and descriptors ---------------------------------------------------

    def _write_to_self(self) -> None:
        """Nobody waits in a selector."""

    def _process_events(self, event_list: Sequence[object]) -> None:
        """There are none."""

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Runs it at once: there are no threads."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future
