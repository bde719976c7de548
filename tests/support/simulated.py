"""A running simulator and a client of it, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from trimaran.venues.sim.server import Simulator
from trimaran.venues.simulators import SimulatorOptions, simulating


class Client:
    """A simulator and an HTTP session."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.http = http
        urls = simulator.urls()
        self.urls: dict[str, dict[str, dict[str, str]]] = urls["venues"]
        self.admin: str = urls["admin"]

    def base(self, market: str, kind: str) -> str:
        """A base URL of a market, as `okx.swap`."""
        venue, _, name = market.partition(".")
        return self.urls[venue][name][kind]

    async def fetch(self, url: str) -> tuple[int, Any, Any]:
        """Status, body and headers of a REST answer."""
        async with self.http.get(url) as answer:
            return answer.status, json.loads(await answer.text()), answer.headers

    async def look(self, path: str) -> Any:
        """An answer of the admin handles."""
        async with self.http.get(self.admin + path) as answer:
            return await answer.json()

    async def post(self, path: str, body: object = None) -> Any:
        """Turns an admin handle."""
        async with self.http.post(self.admin + path, json=body) as answer:
            return await answer.json()

    def ws(self, url: str, **options: Any) -> Any:
        """Opens a WebSocket."""
        return self.http.ws_connect(url, max_msg_size=0, **options)

    @staticmethod
    async def receive(socket: Any, seconds: float = 5.0) -> Any:
        """The next message, inflated when it is binary; text that is not JSON as it is."""
        return read(await socket.receive(timeout=seconds))

    @staticmethod
    async def collect(socket: Any, seconds: float) -> list[Any]:
        """All messages of the next seconds, or until the connection ends."""
        return [read(message) for message in await gather(socket, seconds)]


async def gather(socket: Any, seconds: float) -> list[aiohttp.WSMessage]:
    """All data frames of the next seconds as they came, or until the connection ends."""
    messages: list[aiohttp.WSMessage] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (message := await socket.receive()).type in DATA:
                messages.append(message)
    return messages


async def close_code(socket: Any, seconds: float = 3.0) -> int | None:
    """Reads to the end of a connection: the code of the close frame, None when there was none."""
    while (message := await socket.receive(timeout=seconds)).type in DATA:
        pass
    return int(message.data) if message.type == aiohttp.WSMsgType.CLOSE else None


DATA = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


def read(message: aiohttp.WSMessage) -> Any:
    """A data frame as JSON; `pong` as it is. Raises ValueError for garbage."""
    assert message.type in DATA, message
    if message.type == aiohttp.WSMsgType.BINARY:
        inflater = zlib.decompressobj(31)
        try:
            text = inflater.decompress(message.data, 2**22)
        except zlib.error as error:
            raise ValueError("not gzip") from error
        if not inflater.eof:
            raise ValueError("truncated, or a bomb")
        return json.loads(text)
    return message.data if message.data == "pong" else json.loads(message.data)


@contextlib.asynccontextmanager
async def simulated(**options: Any) -> AsyncIterator[Client]:
    """A client of a simulator of two symbols at twice the usual rate, unless told otherwise."""
    options = {"symbols": ("BTC", "XRP"), "rate": 2.0, **options}
    async with simulating(SimulatorOptions(**options)) as simulator, aiohttp.ClientSession() as http:
        yield Client(simulator, http)
