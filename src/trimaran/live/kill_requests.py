"""Request files of the kill switch: looked for, carried out, answered, removed.

A request is removed once what it asks for is durable, so that it survives a process that dies in between; a
request that could not be removed is carried out once more by the next process: that is stricter, never less.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from msgspec.structs import replace

from trimaran.base.errors import TrimaranError
from trimaran.domain.decision import KillState
from trimaran.domain.kill import ALL, KillScope
from trimaran.domain.ports import Clock
from trimaran.live.disk_thread import Aside
from trimaran.live.kill_cancels import CancelJob
from trimaran.live.kill_files import Identity, KillAnswer, KillFiles, KillRequest
from trimaran.live.kill_image import KillImage
from trimaran.live.kill_keeper import KillKeeper
from trimaran.venues.wire.tasks import Tasks

BLIND_NS_MAX: Final = 1_000_000_000  # requests that cannot be looked for that long stop everything
ANSWER_S: Final = 0.02
KEEP_S: Final = 0.5
EVERYTHING: Final = "all that stands"


class Kill(Protocol):
    """What a kill has begun."""

    @property
    def answer(self) -> KillAnswer:
        """Its first part."""

    @property
    def serial(self) -> int:
        """Of the image that it made."""

    @property
    def job(self) -> CancelJob | None:
        """Its cancels."""


class Switch(Protocol):
    """Who carries out."""

    @property
    def image(self) -> KillImage:
        """What stands."""

    def code(self, scope: KillScope | None, to: KillState) -> str:
        """What lifts it."""

    def kill(self, scope: KillScope, state: KillState, actor: str, reason: str, request: str = "") -> Kill:
        """Makes a switch stricter."""

    async def reset(
        self, scope: KillScope | None, to: KillState, code: str, actor: str, reason: str, request: str = ""
    ) -> None:
        """Lifts switches. Raises TrimaranError or OSError."""


class RequestDesk:
    """Carries out what lies in the folder. `look` is called often, from the loop's thread."""

    def __init__(
        self,
        files: KillFiles,
        aside: Aside,
        keeper: KillKeeper,
        switch: Switch,
        tasks: Tasks,
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._files = files
        self._aside = aside
        self._keeper = keeper
        self._switch = switch
        self._tasks = tasks
        self._clock = clock
        self._tell = tell
        self._seen: set[str] = set()
        self._blind_since_ns = 0
        self._told_blind = False

    def look(self, now_ns: int) -> bool:
        """Carries out what is new. False: it could not look for so long that nothing may leave."""
        try:
            names = self._files.requests()
        except OSError as error:
            return self._cannot(now_ns, error)
        if self._blind_since_ns:
            self._blind_since_ns = 0
            if self._told_blind:
                self._told_blind = False
                self._tell("kill: request files can be looked for again")
        for name in names:
            if name not in self._seen:
                self._seen.add(name)
                self._carry_out(name)
        return True

    def _carry_out(self, name: str) -> None:
        request, identity = self._files.read_request(name)
        if request.action != "kill":
            work = self._reset if request.action == "reset" else self._tell_code
            self._tasks.spawn(work(name, request, identity))
            return
        scope = request.switch or ALL
        kill = self._switch.kill(scope, request.target, request.actor, request.reason, name)
        self._tasks.spawn(self._answer_for(kill))
        self._tasks.spawn(self._forget_kept(kill, identity))

    async def _reset(self, name: str, request: KillRequest, identity: Identity) -> None:
        scope, to, refused = request.switch, request.target, ""
        try:
            await self._switch.reset(scope, to, request.code, request.actor, request.reason, name)
        except (TrimaranError, OSError) as error:
            refused = str(error)
            self._tell(f"kill: a reset was refused: {error}")
        await self._say(replace(self._shown(name, request), refused=refused))
        await self._forget(name, identity)

    async def _tell_code(self, name: str, request: KillRequest, identity: Identity) -> None:
        code = self._switch.code(request.switch, request.target)
        await self._say(replace(self._shown(name, request), code=code))
        await self._forget(name, identity)

    def _shown(self, name: str, request: KillRequest) -> KillAnswer:
        """An answer that says what stands now."""
        image, scope = self._switch.image, request.switch
        return KillAnswer(
            request=name,
            scope=EVERYTHING if scope is None else scope.text,
            state=request.state,
            committed_ns=self._clock.wall_ns(),
            standing=image.switches,
            trouble=image.trouble,
            done=True,
        )

    async def _answer_for(self, kill: Kill) -> None:
        """Writes how far it is, whenever that changes, until the last account is done."""
        told: KillAnswer | None = None
        while told is None or not told.done:
            job, kept_ns = kill.job, told.kept_ns if told is not None else 0
            if not kept_ns and self._keeper.has(kill.serial):
                kept_ns = self._clock.wall_ns()
            rows = tuple(job.rows.values()) if job is not None else ()
            done = kept_ns > 0 and (job is None or job.over)
            answer = replace(kill.answer, kept_ns=kept_ns, cancels=rows, done=done)
            if answer != told:
                await self._say(answer)
                told = answer
            await asyncio.sleep(ANSWER_S)

    async def _say(self, answer: KillAnswer) -> None:
        await self._quietly(lambda: self._files.answer(answer))

    async def _forget_kept(self, kill: Kill, identity: Identity) -> None:
        while not await self._keeper.kept(kill.serial, KEEP_S):
            pass  # until then the request is what survives a restart
        await self._forget(kill.answer.request, identity)

    async def _forget(self, name: str, identity: Identity) -> None:
        removed = False

        def remove() -> None:
            nonlocal removed
            removed = self._files.remove_request(name, identity)

        if await self._quietly(remove):  # else it stays seen: it could not be removed
            self._seen.discard(name)
            if not removed:
                self._tell(f"kill: request {name} was written anew, and is carried out again")

    async def _quietly(self, work: Callable[[], None]) -> bool:
        """What only informs: without it the kill stands all the same."""
        try:
            await self._aside.run(work)
        except (TrimaranError, OSError) as error:
            self._tell(f"kill: {error}")
            return False
        return True

    def _cannot(self, now_ns: int, error: OSError) -> bool:
        """Makes the folder again if it is gone; when it cannot be looked at for long, nothing leaves."""
        if isinstance(error, FileNotFoundError):
            try:
                self._files.make()
            except OSError as second:
                error = second
        if not self._blind_since_ns:
            self._blind_since_ns = now_ns
        if now_ns - self._blind_since_ns <= BLIND_NS_MAX:
            return True
        if not self._told_blind:
            self._told_blind = True
            self._tell(f"kill: no order leaves: request files cannot be looked for: {error}")
        return False
