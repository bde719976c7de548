"""A running simulator and a client of it, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from trimaran.venues.binance.simulator import BinanceSimulator, SimulatorOptions, simulating

SYMBOLS = ("BTCUSDT", "XRPUSDT")


class Client:
    """A simulator and an HTTP session; URLs by market."""

    def __init__(self, simulator: BinanceSimulator, http: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.http = http
        urls = simulator.urls()
        markets = urls["venues"]["binance"]
        self.rest: str = markets["spot"]["rest"]
        self.spot: str = markets["spot"]["ws"]
        self.public: str = markets["usdm"]["ws_public"]
        self.market: str = markets["usdm"]["ws_market"]
        self.bare = self.public.removesuffix("/public")
        self.admin: str = urls["admin"]

    async def get(self, path: str) -> tuple[int, Any, Any]:
        """Status, body and headers of a REST answer."""
        async with self.http.get(self.rest + path) as answer:
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
        """The next message."""
        return json.loads(await socket.receive_str(timeout=seconds))

    @staticmethod
    async def collect(socket: Any, seconds: float) -> list[Any]:
        """All messages of the next seconds, or until the connection ends."""
        messages: list[Any] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (message := await socket.receive()).type == aiohttp.WSMsgType.TEXT:
                    messages.append(json.loads(message.data))
        return messages


Simulated = Callable[..., AbstractAsyncContextManager[Client]]


@contextlib.asynccontextmanager
async def _simulated(**options: Any) -> AsyncIterator[Client]:
    options = {"symbols": SYMBOLS, "rate": 2.0, **options}
    async with simulating(SimulatorOptions(**options)) as simulator, aiohttp.ClientSession() as http:
        yield Client(simulator, http)


@pytest.fixture
def simulated() -> Simulated:
    """`async with simulated(**options) as client`."""
    return _simulated


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of a simulator with two symbols."""
    async with _simulated() as client:
        yield client
