"""The frames of OKX's documentation, to be taken apart by tests; and both decoders, to take them.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data and #public-data-websocket.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.decoding import Row, Twins
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Grid, Symbol
from trimaran.domain.market import BookGrid
from trimaran.venues.okx.parse import OkxDecoder

SPOT, SWAP = Symbol("BTC-USDT"), Symbol("BTC-USDT-SWAP")
GRIDS = {
    SPOT: BookGrid(SPOT, Grid(1, -2), Grid(1, -8)),
    SWAP: BookGrid(SWAP, Grid(5, -2), Grid(1, -2)),
}
TWINS = Twins(Dialect.OKX, OkxDecoder(), GRIDS)
Frame = dict[str, Any]
SNAPSHOT_ITEM = {
    "asks": [["8476.98", "415", "0", "13"], ["8477", "7", "0", "2"]],
    "bids": [["8476.97", "256", "0", "12"], ["8475.55", "101.5", "0", "1"]],
    "ts": "1597026383085",
    "checksum": 0,
    "prevSeqId": -1,
    "seqId": 123456,
}
UPDATE_ITEM = {
    "asks": [["8477", "0", "0", "0"]],
    "bids": [],
    "ts": "1597026383185",
    "checksum": 0,
    "prevSeqId": 123456,
    "seqId": 123457,
}
SHORT_ITEM = {
    "asks": [["63913.5", "34.95", "0", "9"], ["63913.6", "1", "0", "1"]],
    "bids": [["63913.4", "0.01", "0", "3"]],
    "instId": "BTC-USDT-SWAP",
    "ts": "1786540436090",
    "seqId": 333794734980,
}
TRADE_ITEM = {
    "instId": "BTC-USDT",
    "tradeId": "1040968613",
    "px": "64040.2",
    "sz": "0.00240857",
    "side": "buy",
    "ts": "1786538760218",
    "count": "2",
    "source": "0",
    "seqId": 79706765242,
}
TICKER_ITEM = {
    "instType": "SPOT",
    "instId": "BTC-USDT",
    "last": "64040.2",
    "lastSz": "0.1",
    "askPx": "64040.3",
    "open24h": "63000",
    "ts": "1786538760218",
}
MARK_ITEM = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": "64040.123", "ts": "1786538760218"}
FUNDING_ITEM = {
    "fundingRate": "0.0001515",
    "fundingTime": "1786550400000",
    "instId": "BTC-USDT-SWAP",
    "instType": "SWAP",
    "method": "current_period",
    "nextFundingRate": "",
    "nextFundingTime": "1786579200000",
    "ts": "1786538760218",
}


def push(channel: str, item: Mapping[str, Any], symbol: str = SPOT, **outer: object) -> dict[str, Any]:
    """A frame of one element."""
    return {"arg": {"channel": channel, "instId": symbol}, **outer, "data": [dict(item)]}


def update(**changes: object) -> dict[str, Any]:
    """The documented update with some members changed."""
    return push("books", {**UPDATE_ITEM, **changes}, action="update")


def without(fields: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The members but some."""
    return {key: value for key, value in fields.items() if key not in keys}


SNAPSHOT = push("books", SNAPSHOT_ITEM, action="snapshot")
UPDATE = update()
KEEP_ALIVE = update(asks=[], prevSeqId=123457)
RESET = update(prevSeqId=123457, seqId=3)
BOOKS5 = push("books5", SHORT_ITEM, SWAP)
BBO = push("bbo-tbt", {**SHORT_ITEM, "asks": SHORT_ITEM["asks"][:1]}, SWAP)
TRADE = push("trades", TRADE_ITEM)
TICKERS = push("tickers", TICKER_ITEM)
MARK = push("mark-price", MARK_ITEM, SWAP)
FUNDING = push("funding-rate", FUNDING_ITEM, SWAP)
SEEDS = [SNAPSHOT, UPDATE, KEEP_ALIVE, RESET, BOOKS5, BBO, TRADE, TICKERS, MARK, FUNDING]
CONTROL = [
    {"id": "1512", "event": "subscribe", "arg": {"channel": "books", "instId": "BTC-USDT"}, "connId": "a4d3"},
    {"event": "unsubscribe", "arg": {"channel": "books", "instId": "BTC-USDT"}, "connId": "a4d3ae55"},
    {"id": "1512", "event": "error", "code": "60012", "msg": "Invalid request", "connId": "a4d3ae55"},
    {"event": "notice", "code": "64008", "msg": "The connection will soon be closed", "connId": "a4d3ae55"},
    {"event": "channel-conn-count", "channel": "orders", "connCount": "2", "connId": "abcd1234"},
    {"id": "1512", "op": "order", "code": "60013", "msg": "Invalid args", "data": []},
]


def agree(*frames: object) -> Row:
    """What both decoders make of the last of some frames."""
    return TWINS.agree(*(f if isinstance(f, bytes) else json.dumps(f).encode() for f in frames))
