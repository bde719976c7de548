"""The child process of the bridge: started, spoken to line by line, and started again when it dies.

    send(request) -> line out -> line in -> reply                    (a `Sender`)
    listeners     <- pushes, and whether the child is up

A request that was written and not answered, because the child died or was too slow, may have done anything:
RestError with `may_have_left`. One that could not be written was not sent. Lines that are no messages are
counted and dropped. The child gets its secrets by the first line of stdin, and almost nothing of our
environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Final, Protocol

import msgspec

from trimaran.base.limits import FRAME_BYTES_MAX
from trimaran.domain.ports import Rng
from trimaran.venues.bridge.dialect import SCHEME
from trimaran.venues.bridge.messages import (
    BridgeSettings,
    Line,
    Ready,
    first_line,
    read_line,
    request_line,
)
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.message import Departs, HttpReply, HttpRequest
from trimaran.venues.wire.rest import RestError
from trimaran.venues.wire.tasks import Tasks

CHILD: Final = Path(__file__).with_name("child.py")
KEPT_ENVIRONMENT: Final = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")
CHUNK: Final = 256 * 1024
WORDS_KEPT: Final = 400  # of what the child says on stderr, for people
GRACE_S: Final = 0.5  # for a child whose stdout has ended, or that is not wanted any more
STEADY_S: Final = 60.0  # a child that was up for so long has no failures behind it


class ProcessOptions(msgspec.Struct, frozen=True):
    """How a child is treated; seconds."""

    ready_s_max: float = 60.0  # ccxt loads the exchange's markets first
    answer_s_max: float = 20.0  # where a request does not say
    stop_s_max: float = 3.0
    again: Backoff = Backoff(base_ns=SECOND, cap_ns=60 * SECOND)


class ProcessCounters(msgspec.Struct):
    """What came of children; only ever grows."""

    starts: int = 0
    deaths: int = 0
    lines: int = 0
    line_bytes: int = 0
    garbage: int = 0


class Listener(Protocol):
    """Who wants to know of a child. Called from the event loop; must not block."""

    def on_up(self) -> None:
        """A child is there and its markets are loaded: nothing is watched yet."""

    def on_push(self, line: Line) -> None:
        """Something that nobody asked for just now."""

    def on_down(self, reason: str) -> None:
        """The child is gone, and everything that it watched."""


class BridgeProcess:
    """`start`, then `send` and `listen`, then `close`. `python` is an interpreter that has ccxt."""

    def __init__(
        self,
        python: Path,
        settings: BridgeSettings,
        credentials: Credentials | None,
        rng: Rng,
        options: ProcessOptions | None = None,
        child: Path = CHILD,
    ) -> None:
        self.counters = ProcessCounters()
        self.ready: Ready | None = None
        self.last_words = ""
        self._command = (str(python), "-I", "-u", str(child))
        self._settings = settings
        self._credentials = credentials
        self._rng = rng
        self._options = options if options is not None else ProcessOptions()
        self._listeners: list[Listener] = []
        self._process: asyncio.subprocess.Process | None = None
        self._pending: dict[int, asyncio.Future[bytes]] = {}
        self._next_id = 1
        self._tasks = Tasks(self._failed)
        self._failure: BaseException | None = None
        self._ended = asyncio.Event()
        self._came_up = asyncio.Event()
        self._stopping = False
        self._life: asyncio.Task[None] | None = None

    def listen(self, listener: Listener) -> None:
        """Joins; told at once when a child is up already."""
        self._listeners.append(listener)
        if self.ready is not None:
            listener.on_up()

    def leave(self, listener: Listener) -> None:
        """Hears nothing more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    async def start(self) -> Ready:
        """Starts the first child; returns when it is up. Raises RestError when it does not come up."""
        self._life = self._tasks.spawn(self._run())
        try:
            async with asyncio.timeout(self._options.ready_s_max):
                await self._came_up.wait()
        except TimeoutError:
            await self.close()
            raise RestError(f"bridge: no child came up: {self.last_words}", may_have_left=False) from None
        if self._failure is not None:
            raise self._failure
        assert self.ready is not None
        return self.ready

    async def wait(self) -> None:
        """Returns when it has been closed; raises what made it fail."""
        await self._ended.wait()
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        """Ends the child. Closing twice is no error."""
        self._stopping = True
        if self._process is not None and self._life is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await asyncio.wait([self._life], timeout=self._options.stop_s_max)
        await self._tasks.end()
        self._ended.set()

    async def send(
        self, request: HttpRequest, total_s_max: float = 0.0, departs: Departs | None = None
    ) -> HttpReply:
        """The child's line. Raises RestError."""
        if departs is not None:
            departs()
        return HttpReply(200, await self.ask(request.url.removeprefix(SCHEME), request.body, total_s_max))

    def stop(self, url: str, stop_ns: int) -> None:
        """ccxt keeps the exchange's limits itself."""

    async def ask(self, method: str, params: bytes, total_s_max: float = 0.0) -> bytes:
        """The child's line that answers a request. Raises RestError."""
        process, what = self._process, f"bridge {self._settings.exchange} {method}"
        if self.ready is None or process is None or process.stdin is None or process.stdin.is_closing():
            raise RestError(f"{what}: not sent, no child is up", may_have_left=False)
        request_id, self._next_id = self._next_id, self._next_id + 1
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._pending[request_id] = answer
        process.stdin.write(request_line(request_id, method, params))
        try:
            async with asyncio.timeout(total_s_max or self._options.answer_s_max):
                return await answer
        except TimeoutError:
            raise RestError(f"{what}: expected an answer, found none in time") from None
        finally:
            self._pending.pop(request_id, None)

    async def _run(self) -> None:
        failures, clock = 0, asyncio.get_running_loop().time
        while True:
            began_s = clock()
            reason = await self._one_life()
            self._gone(reason)
            if self._stopping:
                return
            failures = 0 if clock() - began_s > STEADY_S else failures + 1
            await asyncio.sleep(self._options.again.delay_ns(failures, self._rng) / SECOND)

    async def _one_life(self) -> str:
        """One child from its start to its end; why it ended."""
        try:
            process = await self._started()
        except OSError as error:
            self.last_words = f"{type(error).__name__}: {error}"
            return self.last_words
        self._process = process
        words = asyncio.get_running_loop().create_task(self._read_words(process))
        impatience = asyncio.get_running_loop().call_later(self._options.ready_s_max, self._kill_unready)
        try:
            assert process.stdin is not None
            process.stdin.write(first_line(self._settings, self._secrets()))
            reason = await self._read_lines(process)
        finally:
            impatience.cancel()
            await self._buried(process)
            words.cancel()
            await asyncio.gather(words, return_exceptions=True)
        return f"{reason}, exit code {process.returncode} {self.last_words}".strip()

    async def _buried(self, process: asyncio.subprocess.Process) -> None:
        """Ends a child: by the end of its stdin, or by force when it does not take notice at once."""
        assert process.stdin is not None
        process.stdin.close()
        rest = asyncio.ensure_future(self._unread(process))
        try:
            await asyncio.wait_for(process.wait(), GRACE_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await rest

    @staticmethod
    async def _unread(process: asyncio.subprocess.Process) -> None:
        """Takes what nobody reads any more, so that the pipe ends."""
        assert process.stdout is not None
        while await process.stdout.read(CHUNK):
            pass

    async def _started(self) -> asyncio.subprocess.Process:
        self.counters.starts += 1
        pipe = asyncio.subprocess.PIPE
        kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        # A session of its own: an interrupt from the terminal is for us, and the child ends when we close it.
        return await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=kept, start_new_session=True
        )

    async def _read_lines(self, process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        held = b""
        while chunk := await process.stdout.read(CHUNK):
            *lines, held = (held + chunk).split(b"\n")
            if len(held) > FRAME_BYTES_MAX:
                return "a line without an end"
            for line in lines:
                self._hear(line)
        return "the child ended"

    async def _read_words(self, process: asyncio.subprocess.Process) -> None:
        """Keeps the end of what the child says on stderr, without secrets."""
        assert process.stderr is not None
        while chunk := await process.stderr.read(CHUNK):
            text = (self.last_words + chunk.decode(errors="replace")).strip()
            self.last_words = self._without_secrets(text)[-WORDS_KEPT:]

    def _hear(self, payload: bytes) -> None:
        self.counters.lines += 1
        self.counters.line_bytes += len(payload)
        line = read_line(payload)
        if line is None:
            self.counters.garbage += 1
        elif line.id:
            answer = self._pending.get(line.id)
            if answer is not None and not answer.done():
                answer.set_result(payload)
        elif line.ready is not None:
            self.ready = line.ready
            self._came_up.set()
            for listener in tuple(self._listeners):
                listener.on_up()
        elif line.failed is not None:
            self.last_words = self._without_secrets(f"{line.failed.classes[:1]} {line.failed.text}")
        else:
            for listener in tuple(self._listeners):
                listener.on_push(line)

    def _gone(self, reason: str) -> None:
        """Everybody who waits is told, and every listener."""
        self.counters.deaths += not self._stopping
        was_up, self.ready, self._process = self.ready is not None, None, None
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(RestError(f"bridge: {reason} before it answered"))
        if was_up:
            for listener in tuple(self._listeners):
                listener.on_down(reason)

    def _kill_unready(self) -> None:
        if self.ready is None and self._process is not None and self._process.returncode is None:
            self._process.kill()

    def _secrets(self) -> dict[str, str]:
        credentials = self._credentials
        if credentials is None:
            return {}
        secrets = {"apiKey": credentials.key, "secret": credentials.secret.reveal()}
        if credentials.passphrase is not None:
            secrets["password"] = credentials.passphrase.reveal()
        return secrets

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets().values():
            text = text.replace(secret, "***")
        return text

    def _failed(self, error: BaseException) -> None:
        """A bug of ours, or of a listener: kept for `wait`."""
        self._failure = self._failure or error
        self._came_up.set()
        self._ended.set()
