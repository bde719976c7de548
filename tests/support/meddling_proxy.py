"""A proxy in this process, HTTP CONNECT and SOCKS 5 on one port, that counts and, when told to, meddles.

It dials from an address of its own, so that a server can tell who came through it. Connections are plain text
here, so it can answer a request in the server's place, and swallow what the server says.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

FROM = "127.0.0.2"
SOCKS_VERSION = 5


class MeddlingProxy:
    """`targets` has every host and port that was asked for. `answers` are sent instead of the server's."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.answers: list[bytes] = []  # whole HTTP answers, each for one request of those that `hits` names
        self.hits: tuple[bytes, ...] = ()  # bytes of a request that is to be hit
        self.meddled = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._ended = asyncio.Event()
        self._running = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        while self._running:
            self._ended.clear()
            await self._ended.wait()
        await self._server.wait_closed()

    def url(self, scheme: str) -> str:
        return f"{scheme}://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = {writer}
        self._running += 1
        self._writers |= mine
        try:
            host, port = await _greeting(reader, writer)
            self.targets.append(f"{host}:{port}")
            far_reader, far_writer = await asyncio.open_connection(host, port, local_addr=(FROM, 0))
            mine.add(far_writer)
            self._writers |= mine
            await self._tunnel(reader, writer, far_reader, far_writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in mine:
                each.close()
                with contextlib.suppress(OSError):
                    await each.wait_closed()
            self._writers -= mine
            self._running -= 1
            self._ended.set()

    async def _tunnel(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
    ) -> None:
        instead: bytes | None = None

        async def there() -> None:
            nonlocal instead
            while data := await reader.read(1 << 16):
                if self.answers and any(hit in data for hit in self.hits):
                    instead = self.answers.pop(0)
                    self.meddled += 1
                far_writer.write(data)

        async def back() -> None:
            while data := await far_reader.read(1 << 16):
                writer.write(data if instead is None else instead)
                if instead is not None:
                    return
                await writer.drain()

        ways = [asyncio.ensure_future(way()) for way in (there, back)]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """Host and port that the client asks for, in either protocol."""
    first = await reader.readexactly(1)
    if first[0] == SOCKS_VERSION:
        (methods,) = await reader.readexactly(1)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(str(part) for part in await reader.readexactly(4))
        port = int.from_bytes(await reader.readexactly(2), "big")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return host, port
    head = first + await reader.readuntil(b"\r\n\r\n")
    host, _, port_text = head.split(b" ")[1].decode().partition(":")
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return host, int(port_text)


@contextlib.asynccontextmanager
async def meddling() -> AsyncIterator[MeddlingProxy]:
    """A proxy for the time of a block."""
    proxy = MeddlingProxy()
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


def answer(body: bytes, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    """A whole HTTP answer; a `length` that is too large cuts it."""
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {size}\r\n{headers}\r\n"
    return head.encode() + body
