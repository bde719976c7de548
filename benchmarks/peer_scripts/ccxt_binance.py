"""ccxt.pro on Binance, spot and USD-M."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ccxt.pro
from ccxt_venue import CcxtSide
from measuring import Frame

SPOT = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "baseAssetPrecision": 8,
    "quoteAsset": "USDT",
    "quotePrecision": 8,
    "quoteAssetPrecision": 8,
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": False,
    "permissions": [],
    "permissionSets": [["SPOT"]],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
    ],
}
USDM = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.1", "maxPrice": "1000000", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "9000", "stepSize": "0.001"},
    ],
}


class BinanceSide(CcxtSide):
    """Binance."""

    exchange_class = ccxt.pro.binance

    def options(self) -> dict[str, Any]:
        """Without margin pairs, which it would ask for."""
        return {"options": {"crossMarginPairsData": [], "isolatedMarginPairsData": []}}

    def market(self, exchange: Any) -> Mapping[str, Any]:
        """BTC against USDT."""
        return exchange.parse_market(USDM if self.kind == "usdm" else SPOT)

    async def begun(self, early: Sequence[Frame], snapshot: bytes) -> Any:
        """The REST call is answered from memory. Spot streams are told by the URL, so it must be theirs."""
        exchange, symbol = self.exchange, self.symbol
        usdm = self.kind == "usdm"
        url = (
            "wss://fstream.binance.com/public/ws" if usdm else exchange.urls["api"]["ws"]["spot"] + "/stream"
        )
        client = exchange.client(url)

        async def answered_from_memory(*_: object) -> Any:
            return self.parsed_snapshot(snapshot)

        exchange.fetch_rest_order_book_safe = answered_from_memory
        exchange.orderbooks = {symbol: exchange.order_book({}, 1000)}
        kind = "linear" if usdm else "spot"
        subscription = {"symbol": symbol, "type": kind, "limit": 1000, "params": {}}
        client.subscriptions["orderbook::" + symbol] = subscription
        for payload, _ in early:
            client.handle_text_or_binary_message(payload)
        await exchange.fetch_order_book_snapshot(client, {}, subscription)
        return client.handle_text_or_binary_message
