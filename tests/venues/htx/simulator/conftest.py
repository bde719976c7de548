"""A running simulated HTX and a client of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from tests.support.htx_client import Trader, trading
from tests.support.simulated import Client, simulated
from trimaran.venues.htx.simulator.venue import HtxRules
from trimaran.venues.sim.server import Simulator

Simulated = Callable[..., AbstractAsyncContextManager["HtxClient"]]


class HtxClient(Client):
    """The three sockets and both REST hosts."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        super().__init__(simulator, http)
        self.spot = self.base("htx.spot", "ws") + "/ws"
        self.feed = self.base("htx.spot", "ws") + "/feed"
        self.swap = self.base("htx.swap", "ws") + "/linear-swap-ws"

    async def get(self, market: str, path: str) -> Any:
        """Body of a REST answer, which has status 200."""
        status, body, _ = await self.fetch(self.base(f"htx.{market}", "rest") + path)
        assert status == 200
        return body

    async def ask(self, socket: Any, request: object) -> Any:
        """Sends a request; the next message that is neither data nor a ping."""
        await socket.send_json(request)
        while True:
            message = await self.receive(socket)
            if "ch" not in message and "ping" not in message:
                return message


@contextlib.asynccontextmanager
async def _simulated(**rules: Any) -> AsyncIterator[HtxClient]:
    async with simulated(htx=HtxRules(**rules), venues=("htx",)) as client:
        yield HtxClient(client.simulator, client.http)


@pytest.fixture
def htx() -> Simulated:
    """`async with htx(**rules) as client`."""
    return _simulated


@pytest.fixture
async def client() -> AsyncIterator[HtxClient]:
    """A client of a simulator with two assets."""
    async with _simulated() as client:
        yield client


@pytest.fixture
async def trader() -> AsyncIterator[Trader]:
    """A trader on a simulator with two assets."""
    async with trading() as trader:
        yield trader
