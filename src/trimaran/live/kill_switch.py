"""The kill switch of a running desk: what it stops, and in which order a kill takes effect.

    1 the flag in memory: from now on no order of the scope leaves, whatever waits on its way to the market
    2 cancels of the scope begin, on all its accounts side by side, and go on until they are proved
    3 the file: it stands after a restart
    4 `KillRequested` into the engine: risk refuses, and the journal has it

Nothing of 1 and 2 waits for a disk, a journal, a ledger or the engine. When the file cannot be written, that
is told, the kill stands in memory, the event goes in all the same, and writing is tried again. A reset goes
the other way: the file first, then the engine, and the flag last.

`stops` is the last look before the market: a lookup, and a look at the request files when the last one is
older than `FRESH_NS`. So a process that was halted or kept busy sends nothing before it has looked, and a
signal needs no turn of the loop. In one that runs, `run` looks every `POLL_S`.

Everything happens in the thread of the event loop.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.decision import KillState
from trimaran.domain.events import KillRequested
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import ALL, KillScope, scopes_of
from trimaran.domain.orders import StrategyName
from trimaran.domain.ports import Clock
from trimaran.live import kill_image
from trimaran.live.disk_thread import Aside, DiskThread
from trimaran.live.kill_cancels import CancelJob, KillCancels
from trimaran.live.kill_files import CancelRow, KillAnswer, KillFiles
from trimaran.live.kill_image import ITSELF, KillImage, Move
from trimaran.live.kill_keeper import KillKeeper
from trimaran.live.kill_requests import RequestDesk
from trimaran.venues.wire.tasks import Tasks

POLL_S: Final = 0.02
FRESH_NS: Final = 25_000_000
FILE_S_MAX: Final = 1.0  # the event waits so long for the file
EVERYWHERE: Final = "all"  # the market of a notice that is about all of them


class Kill(msgspec.Struct, frozen=True):
    """A kill that stands, and what it has begun."""

    answer: KillAnswer
    serial: int
    job: CancelJob | None


class _Gate:
    """What one strategy's orders on one market meet; `let_ns` is when the last one was let through."""

    __slots__ = ("let_ns", "state")

    def __init__(self, state: KillState) -> None:
        self.state = state
        self.let_ns = 0  # monotonic


class KillSwitch:
    """Made before anything can send; `attach` gives it the engine and the accounts, `run` is its task.

    `tell(market, text)` is for a person. `existed`: this desk has run before (`KillFiles.load`). Raises
    ConfigError or OSError where the folder cannot be had: a desk without a kill switch must not start.
    """

    def __init__(
        self,
        files: KillFiles,
        clock: Clock,
        tell: Callable[[str, str], None],
        *,
        existed: bool = False,
        aside: Aside | None = None,
        nonce: Callable[[], str] = lambda: os.urandom(16).hex(),
    ) -> None:
        self._clock = clock
        self._monotonic_ns = clock.monotonic_ns
        self._tell = tell
        self._nonce = nonce
        self._aside = aside if aside is not None else DiskThread("kill-file")
        files.own()
        self._files = files
        self._image = files.load(clock.wall_ns(), existed)
        if not self._image.serial:
            files.save(self._image)  # from now on a file that is missing is a loss
        self._gates: dict[tuple[MarketName, StrategyName], _Gate] = {}
        self._holds: dict[MarketName, str] = {}
        self._fresh_until_ns = 0  # 0: look before the next order
        self._sees = True  # the request files could be looked for
        self._sudden = ""  # a signal came: why
        self._engine: Callable[[KillRequested], None] | None = None
        self._cancels: KillCancels | None = None
        self._jobs: dict[KillScope, tuple[KillState, CancelJob]] = {}
        self._untold: list[KillRequested] = []  # kills that wait for their file, before the engine hears
        self._tasks = Tasks(self._failed)
        self._failure: BaseException | None = None
        self._keeper = KillKeeper(files, self._aside, lambda: self._image, self._say)
        self._keeper.wrote(self._image)
        self._desk = RequestDesk(files, self._aside, self._keeper, self, self._tasks, clock, self._say)
        if self._image.trouble:
            self._say(f"kill: everything is KILLED: {self._image.trouble}")

    @property
    def image(self) -> KillImage:
        """What stands now."""
        return self._image

    def attach(self, engine: Callable[[KillRequested], None], cancels: KillCancels) -> None:
        """The engine and the accounts are there. What stands is cancelled: it may have been open for long."""
        self._engine, self._cancels = engine, cancels
        for move in self._image.switches:
            self._begin_cancels(move.scope, move.after)

    def agree(self, journaled: Mapping[KillScope, KillState]) -> None:
        """After `attach`: the stricter of journal and file counts for both."""
        for move in self._image.switches:
            if move.after > journaled.get(move.scope, KillState.RUNNING):
                self._tell_engine(
                    KillRequested(move.scope, move.after, move.actor, move.reason, move.local_ns)
                )
        for scope, state in journaled.items():
            if state > self._image.state(scope):
                self.kill(scope, state, ITSELF, "the journal has it, the kill file has not")

    # --- the last point before the market -------------------------------------------------------------

    def stops(self, market: MarketName, strategy: StrategyName, reduce_only: bool) -> bool:
        """Whether an order may not leave. To be asked right before its bytes do."""
        now_ns = self._monotonic_ns()
        if now_ns >= self._fresh_until_ns:
            self.poll()
        gate = self._gates.get((market, strategy))
        if gate is None:
            gate = self._gates[market, strategy] = _Gate(self._state_over(market, strategy))
        state = gate.state
        if state is KillState.RUNNING or (reduce_only and state is KillState.REDUCE_ONLY):
            gate.let_ns = now_ns
            return False
        return True

    def hold(self, market: MarketName, reason: str) -> None:
        """Lets only reducing orders leave on a market, in memory, until `release`."""
        if market not in self._holds:
            self._tell(market, f"new risk is held: {reason}")
        self._holds[market] = reason
        self._regate()

    def release(self, market: MarketName) -> None:
        """Ends a hold."""
        if self._holds.pop(market, None) is not None:
            self._tell(market, "new risk is not held any more")
            self._regate()

    # --- kills ----------------------------------------------------------------------------------------

    def kill(self, scope: KillScope, state: KillState, actor: str, reason: str, request: str = "") -> Kill:
        """Makes a switch stricter, at once; cancels, file and event follow. To be called with a running loop.

        A switch that is as strict already is killed once more: what is open there is cancelled again.
        Raises ConfigError for RUNNING: that takes a reset.
        """
        before, now_ns = self._image.state(scope), self._clock.wall_ns()
        state = max(state, before)
        if state is KillState.RUNNING:
            raise ConfigError("state: expected REDUCE_ONLY or KILLED, found RUNNING; a reset lifts a switch")
        actor, reason = kill_image.cut(actor), kill_image.cut(reason)
        move = Move(scope, before, state, actor, reason, now_ns, request)
        self._image = image = kill_image.moved(self._image, move, self._nonce())
        self._regate()
        last_ns = self._last_order_ns(scope)
        job = self._begin_cancels(scope, state)
        self._keeper.soon(self._tasks)
        event = KillRequested(scope, state, actor, reason, now_ns)
        self._untold.append(event)
        self._tasks.spawn(self._tell_engine_kept(event, image.serial))
        self._say(f"kill: {scope.text} is {state.name}, by {actor}: {reason}")
        answer = KillAnswer(
            request=request,
            scope=scope.text,
            state=state.name,
            committed_ns=now_ns,
            last_order_ns=last_ns,
        )
        return Kill(answer, image.serial, job)

    async def kept(self, kill: Kill) -> bool:
        """Waits until a kill is durable; False when its file could not be written in time."""
        return await self._keeper.kept(kill.serial, FILE_S_MAX)

    def progress(self) -> Mapping[str, Sequence[CancelRow]]:
        """How far the cancels of each switch came since it was killed here."""
        return {scope.text: tuple(job.rows.values()) for scope, (_, job) in self._jobs.items()}

    def code(self, scope: KillScope | None, to: KillState) -> str:
        """The code that lifts exactly this now: one switch, or all that are stricter than `to`."""
        return kill_image.reset_code(self._image, scope, to, self._clock.wall_ns())

    async def reset(
        self, scope: KillScope | None, to: KillState, code: str, actor: str, reason: str, request: str = ""
    ) -> None:
        """Lifts switches: file, engine, flag. Raises ConfigError or OSError, and then nothing is lifted."""
        now_ns, stands = self._clock.wall_ns(), self._image
        kill_image.check_reset(stands, scope, to, code, now_ns)
        lifted = kill_image.lifted(stands, scope, to, actor, reason, now_ns, request, self._nonce())
        await self._keeper.write(lifted)
        if self._image is not stands:  # it wins, and is written after this
            self._keeper.again(self._tasks)
            raise ConfigError("confirm: expected what stood to stand still, found a kill meanwhile")
        for each in kill_image.to_lift(stands, scope, to):
            _, job = self._jobs.pop(each, (to, None))
            if job is not None:
                job.stop()
            for before in [event for event in self._untold if event.scope == each]:
                self._tell_untold(before)  # or the engine would hear of the kill after its end
            self._tell_engine(KillRequested(each, to, kill_image.cut(actor), kill_image.cut(reason), now_ns))
            self._say(f"kill: {each.text} is {to.name} again, by {kill_image.cut(actor)}")
        self._image = lifted
        self._keeper.wrote(lifted)
        self._regate()

    # --- handles --------------------------------------------------------------------------------------

    def sudden(self, reason: str) -> None:
        """Kills all, from a signal handler: between any two instructions, so it only leaves a mark."""
        self._sudden = reason
        self._fresh_until_ns = 0  # the next order looks, and does not leave

    def poll(self) -> None:
        """Looks at the mark of a signal and at the request files."""
        now_ns = self._monotonic_ns()
        self._fresh_until_ns = now_ns + FRESH_NS  # first: a signal that comes from here on undoes it
        if self._sudden:
            reason, self._sudden = self._sudden, ""
            self.kill(ALL, KillState.KILLED, "signal", reason)
        sees = self._desk.look(now_ns)
        if sees is not self._sees:
            self._sees = sees
            self._regate()

    async def run(self) -> None:
        """Looks for requests until it is cancelled. Raises what a bug in its tasks raised."""
        while True:
            self.poll()
            if self._failure is not None:
                raise self._failure
            await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        """Ends what is under way; what stands is written before, where the disk lets it."""
        await self._keeper.kept(self._image.serial, FILE_S_MAX)
        await self._tasks.end()
        if isinstance(self._aside, DiskThread):
            self._aside.close()
        self._files.disown()

    # --- how it takes effect --------------------------------------------------------------------------

    def _state_over(self, market: MarketName, strategy: StrategyName) -> KillState:
        if not self._sees:
            return KillState.KILLED
        held = KillState.REDUCE_ONLY if market in self._holds else KillState.RUNNING
        return max(self._image.over(market, strategy), held)

    def _regate(self) -> None:
        for (market, strategy), gate in self._gates.items():
            gate.state = self._state_over(market, strategy)

    def _last_order_ns(self, scope: KillScope) -> int:
        """When the last order of a scope left, by the wall clock; 0: none has."""
        below = (gate.let_ns for key, gate in self._gates.items() if scope in scopes_of(*key))
        last_ns = max(below, default=0)
        return self._clock.wall_ns() - (self._monotonic_ns() - last_ns) if last_ns else 0

    def _begin_cancels(self, scope: KillScope, state: KillState) -> CancelJob | None:
        if self._cancels is None:
            return None
        known_state, known = self._jobs.get(scope, (state, None))
        if known is not None:
            if known_state is state and not known.over:
                return known  # it goes on until all is proved, and nothing has left since it began
            known.stop()
        job = self._cancels.begin(scope, state, self._tasks)
        self._jobs[scope] = (state, job)
        return job

    async def _tell_engine_kept(self, event: KillRequested, serial: int) -> None:
        if not await self._keeper.kept(serial, FILE_S_MAX):
            self._say(f"kill: its file is not written after {FILE_S_MAX:g} s; the kill stands in memory")
        self._tell_untold(event)

    def _tell_untold(self, event: KillRequested) -> None:
        """Once, whoever comes first."""
        if event in self._untold:
            self._untold.remove(event)
            self._tell_engine(event)

    def _tell_engine(self, event: KillRequested) -> None:
        if self._engine is None:
            return
        try:
            self._engine(event)
        except Exception as error:  # its journal may be what is broken: the kill stands without it
            self._say(f"kill: the engine could not take it: {type(error).__name__}: {error}")

    def _say(self, text: str) -> None:
        self._tell(EVERYWHERE, text)

    def _failed(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error


def kill_on_signal(switch: KillSwitch, number: signal.Signals = signal.SIGUSR1) -> None:
    """From now on that signal kills all. To be called in the main thread, once the loop runs.

    A handler of the interpreter, not of the loop: it runs between two instructions of whatever is busy.
    """
    signal.signal(number, lambda *_: switch.sudden(number.name))
