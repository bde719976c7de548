"""Whatever a client sends, the simulated OKX answers in its own words, and no order comes of nonsense."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from picows import WSMsgType

from trimaran.venues.okx.simulator.connection import ConnectionRules, OkxConnection
from trimaran.venues.okx.simulator.order_args import AlgoArgs, CancelAlgoArgs
from trimaran.venues.okx.simulator.refusals import OkxError
from trimaran.venues.okx.simulator.sockets import BUSINESS, PRIVATE, PUBLIC
from trimaran.venues.simulators import SimulatorOptions, simulator_of

NAMES = (
    "instId", "instIdCode", "tdMode", "side", "ordType", "sz", "px", "clOrdId", "ordId", "newSz", "newPx",
    "reqId", "tag", "reduceOnly", "tgtCcy", "stpMode", "channel", "instType", "apiKey", "sign",
    "cxlOnFail", "lever", "mgnMode", "posMode", "timeOut", "autoCxl", "triggerPx", "orderPx", "algoId",
    "state", "bar", "after", "before", "limit", "begin", "end", "ccy", "quoteCcy", "instFamily", "type",
)  # fmt: skip
WORDS = (
    "BTC-USDT", "BTC-USDT-SWAP", "cash", "cross", "isolated", "buy", "sell", "limit", "market", "post_only",
    "fok", "ioc", "0.01", "1", "60000", "-1", "1e5", "", "x", "orders", "account", "positions", "ANY", "SPOT",
    "SWAP", "books", "candle1m", "status", "instruments", "liquidation-orders", "trades-all", "orders-algo",
    "quote_ccy", "base_ccy", "true", "5.x", "1H", "trigger", '"',
    "\\", "}", "\u0000", "NaN",
)  # fmt: skip
GOOD = {
    "instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01", "px": "60000",
    "channel": "orders", "instType": "ANY", "clOrdId": "b1",
}  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(WORDS), st.none(), st.booleans(), st.integers(-10, 10**20), st.floats(),
    st.text(max_size=8), st.lists(st.sampled_from(WORDS), max_size=2),
)  # fmt: skip
CHANGES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
OBJECTS = st.one_of(
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8),
    CHANGES.map(lambda change: {**GOOD, **change}),
)
OPERATIONS = st.sampled_from((
    "order", "batch-orders", "cancel-order", "batch-cancel-orders", "amend-order", "batch-amend-orders",
    "mass-cancel", "subscribe", "unsubscribe", "login", "dance",
))  # fmt: skip
FRAMES = st.fixed_dictionaries(
    {"op": OPERATIONS, "args": st.one_of(st.lists(OBJECTS, max_size=3), VALUES)},
    optional={"id": st.sampled_from(("1", "a b", 7, None)), "expTime": VALUES},
)


class Deaf(OkxConnection):
    """A connection without a client, which keeps what it says."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.said: list[bytes] = []

    def send(self, payload: bytes, fraction: float) -> None:
        """Keeps a message."""
        self.said.append(payload)

    def _later(self, seconds: float, act: Any) -> None:
        act()


@pytest.fixture(scope="module")
def room() -> Any:
    """A simulator that does not run."""
    simulator = simulator_of(SimulatorOptions(venues=("okx",), symbols=("BTC",), limits=False))
    simulator.stage.paused_ns = 1
    return simulator


def connection(room: Any, socket: str) -> Deaf:
    """A connection that has logged in."""
    deaf = Deaf(room.stage, ConnectionRules(operations_per_hour=10**9), room.venues["okx"]._hall, socket)
    deaf._key = room.stage.exchange("okx").demo_key()
    return deaf


@settings(max_examples=400, deadline=None)
@given(FRAMES, st.sampled_from((PUBLIC, PRIVATE, BUSINESS)))
@example({"op": "subscribe", "args": [{"channel": "status", "instId": "NOPE"}]}, PUBLIC)
@example({"op": "subscribe", "args": [{"channel": "instruments", "instType": "SPOT", "instId": "X"}]}, PUBLIC)
@example(
    {"op": "subscribe", "args": [{"channel": "liquidation-orders", "instType": "SWAP", "instId": "X"}]},
    PUBLIC,
)
def test_frames(room, frame, socket):
    client = connection(room, socket)
    try:
        client.heard(WSMsgType.TEXT, json.dumps(frame).encode())
        assert client.said, frame
        for payload in client.said:
            msgspec.json.decode(payload)
    finally:
        client.on_ws_disconnected(None)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60))
@example(b'{"op":"\xff"}')
@example(b"[" * 50_000)
@example(b'{"op":"subscribe","args":' + b"[" * 50_000)
@example(b'{"op":"order","id":"1","args":[{"instId":' + b"[" * 50_000)
def test_bytes(room, payload):
    client = connection(room, PRIVATE)
    client.heard(WSMsgType.TEXT, payload)
    for said in client.said:
        if said != b"pong":
            assert msgspec.json.decode(said)["code"] == "60012"


QUERIES = st.dictionaries(
    st.sampled_from(NAMES), st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), max_size=8
)


@settings(max_examples=150, deadline=None)
@given(QUERIES, st.sampled_from(({}, GOOD, {**GOOD, "instId": "BTC-USDT-SWAP", "mgnMode": "cross"})), OBJECTS)
def test_endpoints(room, query, base, body):
    venue = room.venues["okx"]
    key, rest = room.stage.exchange("okx").demo_key(), venue._rest
    asked = {**base, **query}
    for _, _, answer in rest._public.table():
        told(lambda answer=answer: answer(asked))
    for _, _, answer in rest._questions():
        told(lambda answer=answer: answer(key, asked))
    for _, _, act in rest._acts():
        told(lambda act=act: act(key, {**base, **body}))
    args = msgspec.convert(asked, AlgoArgs)
    msgspec.json.decode(rest._desk.algos.place(key.account_id, args)[1])
    msgspec.json.decode(rest._desk.algos.cancel(key.account_id, msgspec.convert(asked, CancelAlgoArgs))[1])


def told(answer):
    """An answer is JSON, or a refusal in the venue's words."""
    try:
        text = answer()
    except OkxError:
        return
    msgspec.json.decode(f"[{text}]")
