"""The control socket of a desk: questions and commands of the user on this machine, and of nobody else.

A unix socket in the state folder, mode 0600; whoever connects must have the desk's own user id, as the kernel
says it (SO_PEERCRED), and that is also who is written down for a command. Clients are few, their lines short,
their time bounded; one that is slow, talks garbage or too much is hung up on. A question is answered from the
event loop in the pauses that the desk leaves; one at a time for each client, and no more of them a second
than a person or a screen needs, so nobody can hold up an order by asking.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final, cast

from trimaran.base.errors import ConfigError, TrimaranError
from trimaran.live.control_port import (
    ANSWER_BYTES_MAX,
    REQUEST_BYTES_MAX,
    Answer,
    Done,
    Failed,
    Request,
    decode_request,
    encode_line,
)

CLIENTS_MAX: Final = 16
ASKED_S_MAX: Final = 10.0  # for a question to arrive, and for an answer to be taken
ANSWERED_S_MAX: Final = 60.0  # for the desk to answer: a reconciliation takes some seconds
PAUSE_S: Final = 0.005  # between two questions, of all clients
MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
BACKLOG: Final = 8
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid (unix(7))

Handler = Callable[[Request, str], Awaitable[object]]  # (question, actor) -> plain values


class ControlServer:
    """`start`, then `stop`. `handle` raises TrimaranError for what cannot be done."""

    def __init__(self, path: Path, handle: Handler) -> None:
        self._path = path
        self._handle = handle
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None
        self._turn = asyncio.Lock()
        self.refused = 0  # connections and questions
        self.broken = 0  # questions that met a mistake of ours; the desk goes on

    async def start(self) -> None:
        """Listens. What a killed process left is replaced: the desk owns its folder. Raises ConfigError."""
        loop = asyncio.get_running_loop()
        try:
            self._path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            listening = _bound(self._path)
        except OSError as error:
            raise ConfigError(
                f"{self._path}: expected a socket to listen on, found: {error.strerror}"
            ) from None
        self._server = await loop.create_unix_server(lambda: _Client(self), sock=listening, backlog=BACKLOG)

    async def stop(self) -> None:
        """Hangs up on everybody, and removes the socket."""
        if self._server is None:
            return
        self._server.close()
        for client in list(self._clients):
            client.hang_up()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._server = None

    def admit(self, client: _Client) -> bool:
        """Whether there is room for one more."""
        if len(self._clients) >= CLIENTS_MAX:
            self.refused += 1
            return False
        self._clients.add(client)
        return True

    def forget(self, client: _Client) -> None:
        """It has gone."""
        self._clients.discard(client)

    async def answer(self, line: bytes, actor: str) -> Answer:
        """The answer to a line; what a bug in the desk raises is told, and harms nobody else."""
        async with self._turn:
            await asyncio.sleep(PAUSE_S)
        try:
            request = decode_request(line)
            async with asyncio.timeout(ANSWERED_S_MAX):
                return Done(await self._handle(request, actor))
        except TrimaranError as error:
            self.refused += 1
            return Failed(str(error))
        except TimeoutError:
            return Failed(
                f"expected the desk to be done within {ANSWERED_S_MAX:.0f} s, found it still at work"
            )
        except Exception as error:
            self.broken += 1
            return Failed(f"expected an answer, found a mistake in the desk: {type(error).__name__}: {error}")


class _Client(asyncio.Protocol):
    """One connection: reads a line, answers it, reads the next one."""

    def __init__(self, server: ControlServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._actor = ""
        self._received = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admits the user of this desk, and nobody else."""
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass of it
        user = _peer(transport.get_extra_info("socket"))
        if user != os.geteuid() or not self._server.admit(self):
            reason = "another user" if user != os.geteuid() else f"more than {CLIENTS_MAX} clients"
            transport.write(
                encode_line(Failed(f"expected a client of this user, one of few, found {reason}"))
            )
            transport.close()
            return
        self._actor = _name_of(user)
        self._wait(ASKED_S_MAX)

    def data_received(self, data: bytes) -> None:
        """Takes what has come, up to the bound."""
        if self._transport is None or self._transport.is_closing():
            return
        self._received += data
        if len(self._received) > REQUEST_BYTES_MAX:
            self._refuse(f"request: expected at most {REQUEST_BYTES_MAX} bytes, found more")
            return
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """What it asked for goes on; nobody hears the answer."""
        self._server.forget(self)
        if self._deadline is not None:
            self._deadline.cancel()

    def hang_up(self) -> None:
        """Ends the connection now."""
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> None:
        if self._task is not None or b"\n" not in self._received:
            return
        line, _, rest = bytes(self._received).partition(b"\n")
        self._received = bytearray(rest)
        assert self._transport is not None
        self._transport.pause_reading()
        self._wait(ANSWERED_S_MAX + ASKED_S_MAX)
        self._task = asyncio.get_running_loop().create_task(self._answer(line))

    async def _answer(self, line: bytes) -> None:
        answer = encode_line(await self._server.answer(line, self._actor))
        if len(answer) > ANSWER_BYTES_MAX:
            answer = encode_line(Failed(f"answer: expected at most {ANSWER_BYTES_MAX} bytes, found more"))
        self._task = None
        transport = self._transport
        assert transport is not None
        if transport.is_closing():
            return
        transport.write(answer)
        self._wait(ASKED_S_MAX)
        transport.resume_reading()
        self._next()

    def _refuse(self, error: str) -> None:
        assert self._transport is not None
        self._server.refused += 1
        self._transport.write(encode_line(Failed(error)))
        self._transport.close()

    def _wait(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        assert self._transport is not None
        self._transport.abort()


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name of a socket that is short enough for the kernel, whatever folder it lies in. Raises OSError."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _bound(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(path.lstat().st_mode):
                path.unlink()
        with reachable(path) as name:
            listening.bind(name)
        path.chmod(MODE)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _peer(connected: socket.socket) -> int:
    """The user id of the other end."""
    found = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(found)
    return int(user)


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
