"""ccxt.pro on OKX spot. It does not look at the checksum, which OKX sends as 0 now; it checks the ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ccxt.pro
from ccxt_venue import CcxtSide
from measuring import Frame

SPOT = {
    "instType": "SPOT",
    "instId": "BTC-USDT",
    "baseCcy": "BTC",
    "quoteCcy": "USDT",
    "uly": "",
    "tickSz": "0.1",
    "lotSz": "0.00000001",
    "minSz": "0.00001",
    "state": "live",
    "lever": "",
    "ctVal": "",
    "settleCcy": "",
    "expTime": "",
    "listTime": "1548133413000",
}
HASHES = {"bbo-tbt": "bidask::"}  # of `watch_bids_asks`; the others are named by their channel


class OkxSide(CcxtSide):
    """OKX."""

    exchange_class = ccxt.pro.okx

    def market(self, exchange: Any) -> Mapping[str, Any]:
        """BTC against USDT."""
        return exchange.parse_market(SPOT)

    async def begun(self, early: Sequence[Frame], snapshot: bytes) -> Any:
        """The snapshot is a frame of `books`; the other channels start from nothing."""
        client = self.exchange.client("wss://ws.okx.com:8443/ws/v5/public")
        name = HASHES.get(self.channel, f"{self.channel}:") + self.symbol
        client.subscriptions[name] = True
        handle = client.handle_text_or_binary_message
        if self.channel == "books":
            for payload in (*(payload for payload, _ in early), self.payload(snapshot)):
                handle(payload)
        return handle
