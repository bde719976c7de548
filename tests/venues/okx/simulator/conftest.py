"""A running simulated OKX and a client of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from tests.support.simulated import Client, simulated
from trimaran.venues.okx.simulator.venue import OkxRules
from trimaran.venues.sim.server import Simulator

Simulated = Callable[..., AbstractAsyncContextManager["OkxClient"]]


class OkxClient(Client):
    """The public socket and REST."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        super().__init__(simulator, http)
        self.public = self.base("okx.spot", "ws") + "/ws/v5/public"

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and body of a REST answer."""
        status, body, _ = await self.fetch(f"{self.base('okx.spot', 'rest')}/api/v5/{path}")
        return status, body

    async def subscribe(self, socket: Any, *arguments: dict[str, str], request_id: str = "") -> None:
        """Sends one request."""
        named = {"id": request_id} if request_id else {}
        await socket.send_json({**named, "op": "subscribe", "args": list(arguments)})


@contextlib.asynccontextmanager
async def _simulated(connections_per_s: int = 0, **rules: Any) -> AsyncIterator[OkxClient]:
    options = {"okx": OkxRules(connections_per_s=connections_per_s, **rules), "venues": ("okx",)}
    async with simulated(**options) as client:
        yield OkxClient(client.simulator, client.http)


@pytest.fixture
def okx() -> Simulated:
    """`async with okx(**rules) as client`."""
    return _simulated


@pytest.fixture
async def client() -> AsyncIterator[OkxClient]:
    """A client of a simulator with two assets."""
    async with _simulated() as client:
        yield client
