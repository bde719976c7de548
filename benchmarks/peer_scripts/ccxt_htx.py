"""ccxt.pro on HTX, spot and USDT swap. It inflates by itself; best bid and offer come as `watch_ticker`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import ccxt.pro
from aiohttp import WSMessage, WSMsgType
from ccxt.async_support.base.ws.functions import gunzip
from ccxt_venue import CcxtSide
from measuring import Frame

COMMON = {"base": "BTC", "quote": "USDT", "baseId": "btc", "quoteId": "usdt", "active": True}
SPOT = {"id": "btcusdt", "symbol": "BTC/USDT", "type": "spot", "spot": True, "contract": False, "swap": False}
SWAP = {"id": "BTC-USDT", "symbol": "BTC/USDT:USDT", "type": "swap", "spot": False, "contract": True}
SWAP |= {"swap": True, "linear": True, "inverse": False, "settle": "USDT", "contractSize": 0.001}
SPOT_PRECISION = {"amount": 0.000001, "price": 0.01}
SWAP_PRECISION = {"amount": 1.0, "price": 0.1}


class HtxSide(CcxtSide):
    """HTX."""

    exchange_class = ccxt.pro.htx
    entry = "Client.handle_message with its gunzip"

    def market(self, exchange: Any) -> Mapping[str, Any]:
        """BTC against USDT."""
        swap = self.kind == "swap"
        precision = SWAP_PRECISION if swap else SPOT_PRECISION
        market = COMMON | (SWAP if swap else SPOT) | {"precision": precision}
        return exchange.safe_market_structure(market)

    def payload(self, raw: bytes) -> WSMessage:
        """A binary message of aiohttp."""
        return WSMessage(WSMsgType.BINARY, raw, None)

    async def begun(self, early: Sequence[Frame], snapshot: bytes) -> Any:
        """Spot asks for the snapshot and gets it as an answer; the swap's is a frame."""
        exchange, symbol = self.exchange, self.symbol
        swap = self.kind == "swap"
        client = exchange.client(exchange.get_url_by_market_type(self.kind, True, False, True))
        topic = f"market.{exchange.markets[symbol]['id']}.{self.channel}"
        client.subscriptions[topic] = {"id": "1", "messageHash": topic, "symbol": symbol, "params": {}}
        if self.channel == "mbp.150":
            book = exchange.order_book({}, None)
            book["nonce"], book.cache = None, []
            exchange.orderbooks[symbol] = book
            for payload, _ in early:
                client.handle_message(payload)
            answer = json.loads(gunzip(snapshot))
            exchange.handle_order_book_snapshot(client, answer, client.subscriptions[topic])
        elif swap and self.channel.startswith("depth"):
            client.handle_message(self.payload(snapshot))
        return client.handle_message
