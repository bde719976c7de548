"""A running simulated OKX and a client of it, which signs with its own hands."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.support.simulated import Client, simulated
from trimaran.venues.okx.simulator.venue import OkxRules
from trimaran.venues.sim.server import Simulator

Simulated = Callable[..., AbstractAsyncContextManager["OkxClient"]]


def sign(secret: str, message: str) -> str:
    """The venue's signature."""
    return base64.b64encode(hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()).decode()


class OkxClient(Client):
    """The three sockets and REST."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        super().__init__(simulator, http)
        self.public = self.base("okx.spot", "ws") + "/ws/v5/public"
        self.private = self.base("okx.spot", "ws_private") + "/ws/v5/private"
        self.business = self.base("okx.spot", "ws_business") + "/ws/v5/business"
        self.account: dict[str, Any] = simulator.urls()["accounts"]["okx"]
        self.exchange = simulator.stage.exchange("okx")

    def headers(
        self, method: str, target: str, body: str = "", at: float | None = None, key: str = ""
    ) -> dict[str, str]:
        """Headers of a signed request; `key` is the prefix of another key of the account."""
        moment = datetime.fromtimestamp(time.time() if at is None else at, UTC)
        timestamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        prefix = f"{key}_" if key else ""
        return {
            "OK-ACCESS-KEY": self.account[f"{prefix}key"],
            "OK-ACCESS-SIGN": sign(self.account[f"{prefix}secret"], f"{timestamp}{method}{target}{body}"),
            "OK-ACCESS-TIMESTAMP": timestamp,
            "OK-ACCESS-PASSPHRASE": self.account["passphrase"],
            "Content-Type": "application/json",
            "x-simulated-trading": "1",
        }

    async def raw(self, method: str, target: str, body: str, headers: dict[str, str]) -> tuple[int, Any]:
        """Status and body of a request whose headers are given."""
        url = URL(self.base("okx.spot", "rest") + target, encoded=True)  # sent as it was signed
        async with self.http.request(method, url, data=body or None, headers=headers) as answer:
            return answer.status, json.loads(await answer.text())

    async def ask(self, path: str, key: str = "") -> Any:
        """The body of a signed GET."""
        target = f"/api/v5/{path}"
        return (await self.raw("GET", target, "", self.headers("GET", target, key=key)))[1]

    async def act(self, path: str, body: Any, key: str = "", **headers: str) -> Any:
        """The body of a signed POST."""
        target, text = f"/api/v5/{path}", json.dumps(body)
        signed = {**self.headers("POST", target, text, key=key), **headers}
        return (await self.raw("POST", target, text, signed))[1]

    async def place(self, **order: Any) -> dict[str, Any]:
        """Sends an order of BTC-USDT unless told otherwise; its row."""
        usual = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01"}
        swap = {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "sz": "1"} if order.pop("swap", False) else {}
        answer = await self.act("trade/order", {**usual, **swap, **order})
        row: dict[str, Any] = answer["data"][0]
        return row

    async def order(self, row: dict[str, Any], symbol: str = "BTC-USDT") -> dict[str, Any]:
        """An order as REST knows it."""
        found: dict[str, Any] = (await self.ask(f"trade/order?instId={symbol}&ordId={row['ordId']}"))["data"][
            0
        ]
        return found

    def price(self, factor: str = "1", symbol: str = "BTC-USDT") -> str:
        """A price so far from the middle of the book."""
        feed = self.simulator.feed_of("okx.swap" if symbol.endswith("SWAP") else "okx.spot", symbol)
        assert feed is not None
        return feed.price(int(Decimal(sum(feed.book.best[0::2])) / 2 * Decimal(factor)))

    def login(self, at: float | None = None, key: str = "", **changed: Any) -> dict[str, Any]:
        """A login request."""
        timestamp, prefix = str(int(time.time() if at is None else at)), f"{key}_" if key else ""
        message = f"{timestamp}GET/users/self/verify"
        argument = {
            "apiKey": self.account[f"{prefix}key"],
            "passphrase": self.account["passphrase"],
            "timestamp": timestamp,
            "sign": sign(self.account[f"{prefix}secret"], message),
            **changed,
        }
        return {"op": "login", "args": [argument]}

    @contextlib.asynccontextmanager
    async def logged_in(self, url: str = "", key: str = "") -> AsyncIterator[Any]:
        """A socket after its login; the private one unless told otherwise."""
        async with self.ws(url or self.private) as socket:
            await socket.send_json(self.login(key=key))
            answer = await self.receive(socket)
            assert (answer["event"], answer["code"]) == ("login", "0"), answer
            yield socket

    async def operate(self, socket: Any, operation: str, *arguments: Any, **more: Any) -> Any:
        """Sends an operation on orders and waits for its answer; what comes before it is kept in `pushed`."""
        await socket.send_json({"id": "7", "op": operation, "args": list(arguments), **more})
        self.pushed: list[Any] = []
        while True:
            message = await self.receive(socket)
            if message.get("id") == "7":
                return message
            self.pushed.append(message)

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
