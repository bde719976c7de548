"""A client of the simulated HTX with a key of its own: REST and sockets, signed by its own hand.

It shares no code with the simulator or with the adapter: it signs as the venue's pages say.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL

from tests.support.simulated import Client, inflated, simulated
from trimaran.venues.htx.simulator.venue import HtxRules
from trimaran.venues.sim.demo import demo_account
from trimaran.venues.sim.server import Simulator

V1 = "/linear-swap-api/v1/swap_cross_"
Mutate = Callable[[str], str]


def now_text(shift_s: int = 0) -> str:
    """The time as it is signed."""
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() + shift_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def sorted_text(values: dict[str, str]) -> str:
    """Parameters as they are signed."""
    return "&".join(f"{quote(name, safe='')}={quote(values[name], safe='')}" for name in sorted(values))


class Trader(Client):
    """The demo account of a running simulator."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        super().__init__(simulator, http)
        self.keys = demo_account("htx", simulator.options.seed)
        self.key, self.secret = self.keys.trading.key, self.keys.trading.secret
        self.account_id = 100_000 + self.keys.trading.account_id

    def host(self, market: str, kind: str = "rest") -> str:
        """Host and port."""
        return self.base(f"htx.{market}", kind).partition("://")[2]

    def signature(self, text: str) -> str:
        """HMAC, or Ed25519 without a secret."""
        if self.secret:
            digest = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()
        else:
            private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.keys.ed25519_seed))
            digest = private.sign(text.encode())
        return base64.b64encode(digest).decode()

    def signed_url(self, market: str, method: str, path: str, query: dict[str, str], shift_s: int = 0) -> str:
        """The URL of a request."""
        values = {
            "AccessKeyId": self.key,
            "SignatureMethod": "HmacSHA256" if self.secret else "Ed25519",
            "SignatureVersion": "2",
            "Timestamp": now_text(shift_s),
            **query,
        }
        text = sorted_text(values)
        signature = self.signature(f"{method}\n{self.host(market)}\n{path}\n{text}")
        return f"{self.base(f'htx.{market}', 'rest')}{path}?{text}&Signature={quote(signature, safe='')}"

    async def call(
        self,
        market: str,
        method: str,
        path: str,
        body: object = None,
        query: dict[str, str] | None = None,
        mutate: Mutate = lambda url: url,
        shift_s: int = 0,
    ) -> tuple[int, Any, Any]:
        """Status, body and headers of a signed request."""
        url = mutate(self.signed_url(market, method, path, query or {}, shift_s))
        async with self.http.request(method, URL(url, encoded=True), json=body) as answer:
            text = await answer.text()
            return answer.status, json.loads(text), answer.headers

    async def spot(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """Body of an answer of spot."""
        return (await self.call("spot", method, path, body, query))[1]

    async def swap(self, name: str, body: object = None) -> Any:
        """Body of an answer of the classic contract API."""
        path = name if name.startswith("/") else V1 + name
        return (await self.call("swap", "POST", path, body))[1]

    async def v5(self, method: str, name: str, body: object = None, **query: str) -> Any:
        """Body of an answer of the newer contract API."""
        return (await self.call("swap", method, f"/v5/{name}", body, query))[1]

    async def place(self, kind: str, amount: object, price: object = None, **more: object) -> Any:
        """Places on BTC/USDT; the whole answer."""
        body = {"account-id": self.account_id, "symbol": "btcusdt", "type": kind, "amount": amount, **more}
        return await self.spot(
            "POST", "/v1/order/orders/place", body if price is None else {**body, "price": price}
        )

    async def place_swap(
        self, kind: str, volume: object, side: str, price: object = None, **more: object
    ) -> Any:
        """Places on BTC-USDT; the whole answer."""
        body = {
            "contract_code": "BTC-USDT",
            "volume": volume,
            "direction": side,
            "order_price_type": kind,
            "lever_rate": 5,
            **more,
        }
        return await self.swap("order", body if price is None else {**body, "price": price})

    def price(self, market: str, symbol: str, share: float) -> str:
        """A price at a share of the best bid, on the tick."""
        book = self.simulator.world.books_of(f"htx.{market}")[symbol]  # type: ignore[arg-type]
        instrument = book.listing.instrument
        return str(instrument.price(int(book.best[0] * share)))

    def spot_login(self, path: str, shift_s: int = 0) -> dict[str, Any]:
        """A login of either socket of spot."""
        values = {
            "accessKey": self.key,
            "signatureMethod": "HmacSHA256" if self.secret else "Ed25519",
            "signatureVersion": "2.1",
            "timestamp": now_text(shift_s),
        }
        text = f"GET\n{self.host('spot', 'ws_private')}\n{path}\n{sorted_text(values)}"
        params = {"authType": "api", **values, "signature": self.signature(text)}
        return {"action": "req", "ch": "auth", "params": params}

    def swap_login(self, path: str, shift_s: int = 0) -> dict[str, Any]:
        """A login of a socket of swaps."""
        values = {
            "AccessKeyId": self.key,
            "SignatureMethod": "HmacSHA256" if self.secret else "Ed25519",
            "SignatureVersion": "2",
            "Timestamp": now_text(shift_s),
        }
        text = f"GET\n{self.host('swap', 'ws_private')}\n{path}\n{sorted_text(values)}"
        return {"op": "auth", "type": "api", "cid": "a", **values, "Signature": self.signature(text)}

    @contextlib.asynccontextmanager
    async def line(self, market: str, path: str, *topics: object) -> AsyncIterator[Line]:
        """A socket that has logged in and subscribed to topics (V5: to topics with their contract)."""
        async with self.ws(self.base(f"htx.{market}", "ws_private") + path) as socket:
            line = Line(socket)
            login = self.spot_login(path) if market == "spot" else self.swap_login(path)
            answer = await line.ask(login)
            assert answer.get("code", answer.get("err-code")) in (200, 0), answer
            for topic in topics:
                if market == "spot":
                    answer = await line.ask({"action": "sub", "ch": topic})
                    assert answer["code"] == 200, answer
                else:
                    extra = topic if isinstance(topic, dict) else {"topic": topic}
                    answer = await line.ask({"op": "sub", "cid": "1", **extra})
                    assert answer["err-code"] == 0, answer
            yield line


class Line:
    """A private socket."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.pushes: list[Any] = []

    async def receive(self) -> Any:
        """The next message that is no heartbeat."""
        while True:
            message = await self.socket.receive(timeout=10.0)
            assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
            text = message.data if message.type == aiohttp.WSMsgType.TEXT else inflated(message.data).decode()
            found = json.loads(text)
            if "ping" not in (found.get("action"), found.get("op")):
                return found
            await self.socket.send_str(text.replace("ping", "pong"))

    async def ask(self, request: object) -> Any:
        """Sends a request; the next message that is no push. Pushes are kept."""
        await self.socket.send_json(request)
        while True:
            message = await self.receive()
            if message.get("action") != "push" and message.get("op") != "notify":
                return message
            self.pushes.append(message)

    async def until(self, enough: Callable[[list[Any]], object], seconds: float = 10.0) -> list[Any]:
        """Pushes until there are enough; they are taken away."""
        async with asyncio.timeout(seconds):
            while not enough(self.pushes):
                message = await self.receive()
                self.pushes.append(message)
        taken, self.pushes = self.pushes, []
        return taken


@contextlib.asynccontextmanager
async def trading(**options: Any) -> AsyncIterator[Trader]:
    """A trader on a simulated HTX of two assets, with unique ids unless `rules` say otherwise."""
    rules = {"ids": "unique", **options.pop("rules", {})}
    options = {"venues": ("htx",), "htx": HtxRules(**rules), **options}
    async with simulated(**options) as client:
        yield Trader(client.simulator, client.http)
