"""A running simulated Binance and a client of it, over real sockets."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from tests.support.binance_trader import Trader
from tests.support.simulated import Client as AnyClient
from tests.support.simulated import simulated as any_simulated
from trimaran.venues.sim.server import Simulator

SYMBOLS = ("BTCUSDT", "XRPUSDT")


class Client(AnyClient):
    """URLs by market."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        super().__init__(simulator, http)
        self.rest = self.base("binance.spot", "rest")
        self.spot = self.base("binance.spot", "ws")
        self.public = self.base("binance.usdm", "ws_public")
        self.market = self.base("binance.usdm", "ws_market")
        self.bare = self.public.removesuffix("/public")

    async def get(self, path: str) -> tuple[int, Any, Any]:
        """Status, body and headers of a REST answer."""
        return await self.fetch(self.rest + path)


Simulated = Callable[..., AbstractAsyncContextManager[Client]]


@contextlib.asynccontextmanager
async def _simulated(**options: Any) -> AsyncIterator[Client]:
    options = {"venues": ("binance",), "symbols": SYMBOLS, **options}
    async with any_simulated(**options) as client:
        yield Client(client.simulator, client.http)


@pytest.fixture
def simulated() -> Simulated:
    """`async with simulated(**options) as client`."""
    return _simulated


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of a simulator with two symbols."""
    async with _simulated() as client:
        yield client


@contextlib.asynccontextmanager
async def _trading(**options: Any) -> AsyncIterator[Trader]:
    """A client with keys; the market has traded, and stands still unless `moving` is asked for."""
    moving = options.pop("moving", False)
    options = {"venues": ("binance",), "symbols": SYMBOLS, **options}
    async with any_simulated(**options) as client:
        trader = Trader(client.simulator, client.http)
        await trader.traded()
        trader.simulator.set_paused(not moving)
        yield trader


Trading = Callable[..., AbstractAsyncContextManager[Trader]]


@pytest.fixture
def trading() -> Trading:
    """`async with trading(**options) as trader`."""
    return _trading


@pytest.fixture
async def trader() -> AsyncIterator[Trader]:
    """A client with keys of a market that stands still."""
    async with _trading() as trader:
        yield trader
