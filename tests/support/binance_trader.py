"""A client of the simulated Binance with keys: signs with its own hands, over REST and over sockets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.simulated import Client
from trimaran.venues.sim.server import Simulator


class Signer:
    """One key. `secret` is that of HMAC; `seed` (hex) that of Ed25519."""

    def __init__(self, key: str, secret: str = "", seed: str = "") -> None:
        self.key = key
        self._secret = secret.encode()
        self._private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)) if seed else None

    def sign(self, payload: str) -> str:
        """The signature of a payload, as text that is not encoded for a URL."""
        if self._private is not None:
            return base64.b64encode(self._private.sign(payload.encode())).decode()
        return hmac.new(self._secret, payload.encode(), hashlib.sha256).hexdigest()


class Trader(Client):
    """REST and sockets of both markets with the keys of the demo account."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        super().__init__(simulator, http)
        urls = simulator.urls()
        account = urls["accounts"]["binance"]
        self.rest = urls["venues"]["binance"]["spot"]["rest"]
        self.spot_api = urls["venues"]["binance"]["spot"]["ws_api"]
        self.usdm_api = urls["venues"]["binance"]["usdm"]["ws_api"]
        self.private = urls["venues"]["binance"]["usdm"]["ws_private"]
        self.trading = Signer(account["key"], account["secret"])
        self.ed25519 = Signer(account["ed25519_key"], seed=account["ed25519_seed"])
        self.read_only = Signer(account["read_only_key"], account["read_only_secret"])
        self._ids = itertools.count(1)

    def best(self, market: str, symbol: str = "BTCUSDT") -> tuple[Decimal, Decimal]:
        """Best bid and offer of now."""
        book = self.book(market, symbol)
        price = book.listing.instrument.price
        return price(book.best[0]), price(book.best[2])

    def book(self, market: str, symbol: str = "BTCUSDT") -> Any:
        """A book of the simulator itself."""
        books = self.simulator.world.books.items()
        return next(book for key, book in books if key == (market, symbol))

    def far(self, market: str, factor: str = "0.97", symbol: str = "BTCUSDT") -> str:
        """A price on the grid at a distance from the best bid."""
        step = self.book(market, symbol).listing.instrument.price_grid.step
        return str((self.best(market, symbol)[0] * Decimal(factor) // step) * step)

    async def signed(
        self, verb: str, path: str, signer: Signer | None = None, **params: Any
    ) -> tuple[int, Any]:
        """A signed request of REST: status and body."""
        signer = signer or self.trading
        return await self.raw(verb, self.target(path, signer, **params), signer.key)

    def target(self, path: str, signer: Signer | None = None, **params: Any) -> str:
        """The target of a signed request."""
        params.setdefault("timestamp", int(time.time() * 1000))
        query = urlencode(params)
        signature = quote((signer or self.trading).sign(query), safe="")
        return f"{path}?{query}&signature={signature}"

    async def raw(self, verb: str, target: str, key: str = "", body: str = "") -> tuple[int, Any]:
        """A request as it stands: status and body."""
        status, text, _ = await self.answer(verb, target, key, body)
        return status, json.loads(text)

    async def answer(self, verb: str, target: str, key: str = "", body: str = "") -> tuple[int, str, Any]:
        """The same with the text and the headers."""
        headers = {"X-MBX-APIKEY": key} if key else {}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        url = aiohttp.client.URL(self.rest + target, encoded=True)
        async with self.http.request(verb, url, headers=headers, data=body or None) as answer:
            return answer.status, await answer.text(), answer.headers

    def signed_params(self, signer: Signer | None = None, **params: Any) -> dict[str, Any]:
        """Parameters of the WebSocket API with key, time and signature."""
        signer = signer or self.trading
        params = {"apiKey": signer.key, "timestamp": int(time.time() * 1000), **params}
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        return {**params, "signature": signer.sign(payload)}

    async def ask(self, socket: Any, method: str, **params: Any) -> Any:
        """A request over a socket and its response; what comes before it is left out."""
        number = next(self._ids)
        await socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self.receive(socket)
            if message.get("id") == number:
                return message

    async def place(self, market: str, **params: Any) -> Any:
        """A limit order over REST that must succeed."""
        prefix = "/api/v3/order" if market == "binance.spot" else "/fapi/v1/order"
        wanted = {
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
            "newOrderRespType": "RESULT", **params,
        }  # fmt: skip
        if wanted["type"] == "LIMIT" and "price" not in params:
            wanted["price"] = self.far(market)
        wanted = {name: value for name, value in wanted.items() if value is not None}
        status, order = await self.signed("POST", prefix, **wanted)
        assert status == 200, order
        return order
