"""HTX frames as documented and recorded, one of each kind, and the two markets that read them."""

from __future__ import annotations

import json
from typing import Any

from tests.support.decoding import Row, Twins
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Grid, Symbol
from trimaran.domain.market import BookGrid
from trimaran.venues.htx.parse import HtxSpotDecoder, HtxSwapDecoder

BTC, TRIO, SWAP, ODD = Symbol("btcusdt"), Symbol("trioeth"), Symbol("BTC-USDT"), Symbol("ODD-USDT")
SPOT = Twins(
    Dialect.HTX_SPOT,
    HtxSpotDecoder(),
    {BTC: BookGrid(BTC, Grid(1, -2), Grid(1, -6)), TRIO: BookGrid(TRIO, Grid(1, -10), Grid(1, -4))},
)
SWAPS = Twins(
    Dialect.HTX_SWAP,
    HtxSwapDecoder(),
    {SWAP: BookGrid(SWAP, Grid(1, -1), Grid(1, 0)), ODD: BookGrid(ODD, Grid(5, -3), Grid(1, 0))},
)
TS = 1573199608679
MS = 1_000_000
NOWHERE = (0, 0, 0, 0)


def push(topic: str, tick: object, **outer: object) -> dict[str, Any]:
    return {"ch": topic, "ts": TS, "tick": tick, **outer}


DELTA = push(
    "market.btcusdt.mbp.150",
    {"seqNum": 100020146795, "prevSeqNum": 100020146794, "asks": [[645.14, 26.75]], "bids": [[640, 0]]},
)
REPLY = {
    "id": "id2",
    "rep": "market.btcusdt.mbp.150",
    "status": "ok",
    "ts": TS,
    "data": {"seqNum": 100020142010, "bids": [[618.37, 71.594], [618.3, 0]], "asks": [[1618.3, 1.0e-6]]},
}
REFRESH = push(
    "market.btcusdt.mbp.refresh.20",
    {"seqNum": 7, "bids": [[618.37, 71.594], [618.3, 5]], "asks": [[619, 4]]},
)
STEPS = push(
    "market.btcusdt.depth.step0",
    {"bids": [[618.37, 71.594]], "asks": [[619.0, 4.5]], "version": 136998124622, "ts": TS - 4},
)
QUOTE = push(
    "market.btcusdt.bbo",
    {"seqId": 137005210233, "ask": 619.25, "askSize": 0.5, "bid": 619.24, "bidSize": 3.5e-4, "quoteTime": 9,
     "symbol": "btcusdt"},
)  # fmt: skip
TRADE = push(
    "market.btcusdt.trade.detail",
    {
        "id": 192582254688,
        "ts": TS,
        "data": [
            {"id": "1925822546881664607926422813", "ts": 5, "tradeId": 103627281663, "amount": 0.00556,
             "price": 63349.89, "direction": "sell", "isRpiTrade": False},
            {"id": "1925822546881664607926422814", "ts": 6, "tradeId": 103627281662, "amount": 0.1,
             "price": 63349.9, "direction": "buy", "isRpiTrade": True},
        ],
    },
)  # fmt: skip
SWAP_BOOK = push(
    "market.BTC-USDT.depth.size_150.high_freq",
    {"mrid": 1, "id": 2, "bids": [[13071.9, 38]], "asks": [[13081.9, 206.0]], "ts": TS - 1,
     "version": 1512467, "ch": "market.XX-USDT.depth.size_150.high_freq", "event": "snapshot"},
)  # fmt: skip
SWAP_DELTA = push(
    "market.BTC-USDT.depth.size_20.high_freq",
    {"bids": [[13071.9, 0]], "asks": [], "version": 1512468, "event": "update"},
)
SWAP_STEPS = push(
    "market.ODD-USDT.depth.step6", {"mrid": 1, "bids": [], "asks": [[2.505, 206]], "version": 12, "ts": TS}
)
SWAP_PAIR = push(
    "market.ODD-USDT.bbo",
    {"mrid": 1, "id": 12, "bid": [2.5, 38], "ask": [2.51, 6], "ts": TS, "version": 14, "ch": "market.X.bbo"},
)
SWAP_TRADE = push(
    "market.BTC-USDT.trade.detail",
    {"id": 1, "ts": TS, "data": [{"amount": 196, "quantity": 1.96, "trade_turnover": 4403.1204, "ts": 8,
                                  "id": 1000219512747480000, "price": 2246.4, "direction": "buy"}]},
)  # fmt: skip
SPOT_SEEDS = [DELTA, REPLY, REFRESH, STEPS, QUOTE, TRADE]
SWAP_SEEDS = [SWAP_BOOK, SWAP_DELTA, SWAP_STEPS, SWAP_PAIR, SWAP_TRADE]
CONTROLS: list[dict[str, object]] = [
    {"ping": 1786563068868},
    {"id": "1", "status": "ok", "subbed": "market.btcusdt.trade.detail", "ts": 1786563030969},
    {"id": "2", "status": "ok", "unsubbed": "market.btcusdt.trade.detail", "ts": 1786563030969},
    {"status": "error", "id": "3", "err-code": "bad-request", "err-msg": "invalid topic market.x", "ts": 1},
    {"op": "close", "ts": "1492420473027"},
    {**REPLY, "status": "error"},
    {**REPLY, "status": 5.5},
    {**REPLY, "err-code": "429"},
    {"rep": "market.btcusdt.kline.1min"},
    {**DELTA, "ping": 1},
    {"status": "ok"},
]


def text_of(frame: object) -> bytes:
    return json.dumps(frame).encode()


def spot(frame: object) -> Row:
    return SPOT.agree(text_of(frame))


def swap(frame: object) -> Row:
    return SWAPS.agree(text_of(frame))


def with_tick(frame: dict[str, Any], **members: object) -> dict[str, Any]:
    key = "data" if "rep" in frame else "tick"
    return {**frame, key: {**frame[key], **members}}


def without(frame: dict[str, Any], *names: str) -> dict[str, Any]:
    key = "data" if "rep" in frame else "tick"
    return {**frame, key: {name: value for name, value in frame[key].items() if name not in names}}
