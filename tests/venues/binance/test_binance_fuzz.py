"""Garbage from Binance: a typed fault from `read`, `LineUnknown` from a line, and never another exception.

Documented answers and events are the seeds. They are cut, their bytes are changed, and every field in turn is
taken out or becomes something of another type. An answer to an order that cannot be read proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.binance_account import HMAC, NOW_NS, OURS_TEXT, approved, dialect, line, ref
from tests.support.binance_events import ALGO, EXECUTION, ORDER, TIME
from trimaran.domain.instrument import Symbol
from trimaran.domain.orders import OrderType
from trimaran.domain.reports import MarginMode
from trimaran.venues.wire import asks
from trimaran.venues.wire.fault import Effect, VenueFault
from trimaran.venues.wire.lines import LineUnknown
from trimaran.venues.wire.message import HttpReply

BTC = Symbol("BTCUSDT")

SPOT_ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": 7, "clientOrderId": OURS_TEXT, "transactTime": TIME, "price": "50000.00",
    "origQty": "0.01", "executedQty": "0.01", "cummulativeQuoteQty": "500", "status": "FILLED", "side": "BUY",
    "timeInForce": "GTC", "type": "LIMIT", "stopPrice": "0.0", "time": TIME, "updateTime": TIME,
    "fills": [{"price": "50000", "qty": "0.01", "commission": "0.1", "commissionAsset": "BNB", "tradeId": 3}],
}  # fmt: skip
USDM_ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": 7, "clientOrderId": OURS_TEXT, "price": "50000.0", "origQty": "0.01",
    "executedQty": "0", "avgPrice": "0.0", "cumQuote": "0", "status": "NEW", "side": "BUY",
    "timeInForce": "GTX", "type": "LIMIT", "origType": "LIMIT", "stopPrice": "0",
    "reduceOnly": False, "updateTime": TIME,
}  # fmt: skip
ALGO_ORDER: dict[str, Any] = {
    "algoId": 9, "clientAlgoId": OURS_TEXT, "symbol": "BTCUSDT", "side": "SELL", "orderType": "STOP_MARKET",
    "algoStatus": "NEW", "quantity": "0.010", "triggerPrice": "49000.0", "price": "0", "timeInForce": "GTC",
    "reduceOnly": True, "actualQty": "", "actualPrice": "0.0", "createTime": TIME, "updateTime": TIME,
}  # fmt: skip
SPOT_FILL: dict[str, Any] = {
    "symbol": "BTCUSDT", "id": 5, "orderId": 7, "price": "50000.00", "qty": "0.01", "commission": "0.1",
    "commissionAsset": "BNB", "time": TIME, "isBuyer": True, "isMaker": False,
}  # fmt: skip
USDM_FILL: dict[str, Any] = {
    "symbol": "BTCUSDT", "id": 5, "orderId": 7, "price": "50000.0", "qty": "0.01", "commission": "0.1",
    "commissionAsset": "USDT", "time": TIME, "side": "BUY", "maker": True,
}  # fmt: skip
KLINE = [TIME, "1", "2", "0.5", "1.5", "10", TIME + 59_999, "15", 3, "5", "7", "0"]

STOP = approved("usdm", order_type=OrderType.STOP_MARKET, trigger_ticks=490_000)
ANSWERS: list[tuple[str, asks.Ask[Any], Any]] = [
    ("spot", asks.PlaceOrder(approved()), SPOT_ORDER),
    ("spot", asks.AmendOrder(approved()), {"transactTime": TIME, "amendedOrder": SPOT_ORDER}),
    ("spot", asks.CancelOrder(ref()), SPOT_ORDER),
    ("spot", asks.CancelAll(BTC), [SPOT_ORDER]),
    ("spot", asks.QueryOrder(ref()), SPOT_ORDER),
    ("spot", asks.OpenOrders(None), [SPOT_ORDER]),
    ("spot", asks.OrderHistory(BTC), [SPOT_ORDER]),
    ("spot", asks.FillHistory(BTC), [SPOT_FILL]),
    (
        "spot",
        asks.Balances(),
        {"balances": [{"asset": "BTC", "free": "1", "locked": "2"}]},
    ),
    (
        "spot",
        asks.AccountFees(BTC),
        {"standardCommission": {"maker": "0.001", "taker": "0.001", "buyer": "0", "seller": "0"}},
    ),
    (
        "spot",
        asks.ReadKeyPermissions(),
        {"enableReading": True, "enableWithdrawals": False, "enableSpotAndMarginTrading": True},
    ),
    ("spot", asks.ServerTime(), {"serverTime": TIME}),
    ("spot", asks.Klines(BTC, asks.Interval.MINUTE_1), [KLINE]),
    (
        "spot",
        asks.RecentTrades(BTC),
        [{"id": 1, "price": "1", "qty": "1", "time": 9, "isBuyerMaker": True}],
    ),
    ("spot", asks.Tickers(), [{"symbol": "BTCUSDT", "lastPrice": "1", "bidPrice": "", "closeTime": TIME}]),
    ("usdm", asks.PlaceOrder(approved("usdm")), USDM_ORDER),
    ("usdm", asks.PlaceOrder(STOP), ALGO_ORDER),
    ("usdm", asks.AmendOrder(approved("usdm")), USDM_ORDER),
    ("usdm", asks.CancelOrder(ref(triggered=True)), ALGO_ORDER),
    ("usdm", asks.CancelAll(BTC), {"code": 200, "msg": "done"}),
    ("usdm", asks.QueryOrder(ref(triggered=True)), ALGO_ORDER),
    ("usdm", asks.OpenOrders(BTC, True), [ALGO_ORDER]),
    ("usdm", asks.FillHistory(BTC), [USDM_FILL]),
    ("usdm", asks.ArmDeadMan(1000, BTC), {"symbol": "BTCUSDT", "countdownTime": "1000"}),
    (
        "usdm",
        asks.Balances(),
        [{"asset": "USDT", "balance": "1", "availableBalance": "1", "updateTime": 9}],
    ),
    (
        "usdm",
        asks.Positions(),
        [
            {
                "symbol": "BTCUSDT",
                "positionAmt": "-0.1",
                "entryPrice": "1",
                "unRealizedProfit": "-1",
                "leverage": "5",
            }
        ],
    ),
    ("usdm", asks.AccountFees(BTC), {"makerCommissionRate": "0.0002", "takerCommissionRate": "0.0005"}),
    ("usdm", asks.SetLeverage(BTC, 5), {"leverage": 5, "symbol": "BTCUSDT"}),
    ("usdm", asks.SetMarginMode(BTC, MarginMode.CROSS), {"code": 200, "msg": "success"}),
    ("usdm", asks.ReadKeyPermissions(), {"canTrade": True}),
    ("usdm", asks.StreamToken(asks.TokenAction.START), {"listenKey": "abc"}),
    (
        "usdm",
        asks.FundingNow(BTC),
        {"symbol": "BTCUSDT", "lastFundingRate": "0.0001", "nextFundingTime": TIME, "markPrice": "1"},
    ),
]
FRAMES: list[tuple[str, Any]] = [
    ("spot", EXECUTION),
    ("spot", {"subscriptionId": 0, "event": EXECUTION | {"x": "TRADE", "l": "0.01", "L": "50000", "t": 4}}),
    ("spot", {"e": "outboundAccountPosition", "E": TIME, "u": TIME, "B": [{"a": "BTC", "f": "1", "l": "0"}]}),
    ("spot", {"id": 5, "status": 200, "result": SPOT_ORDER, "rateLimits": [
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 9, "count": 1}]}),
    ("spot", {"id": "L5", "status": 200, "result": {}}),
    ("spot", {"id": 5, "status": 429, "error": {"code": -1003, "msg": "no", "data": {"retryAfter": TIME}}}),
    ("spot", {"id": None, "status": 401, "error": {"code": -2015, "msg": "no"}}),
    ("usdm", {"e": "ORDER_TRADE_UPDATE", "E": TIME, "T": TIME, "o": ORDER}),
    ("usdm", {"e": "ALGO_UPDATE", "E": TIME, "T": TIME, "o": ALGO}),
    ("usdm", {"e": "ACCOUNT_UPDATE", "E": TIME, "T": TIME, "a": {
        "B": [{"a": "USDT", "wb": "1"}],
        "P": [{"s": "BTCUSDT", "pa": "1", "ep": "1", "up": "0", "mt": "cross", "ps": "BOTH"}]}}),
    ("usdm", {"e": "TRADE_LITE", "E": TIME, "T": TIME, "s": "BTCUSDT", "S": "BUY", "c": "x", "L": "50000",
              "l": "0.01", "t": 4, "i": 9}),
]  # fmt: skip
STRANGE: list[Any] = [
    None, True, -1, 0, 2**63, 10**40, 1.5, "", "NaN", "-Infinity", "1e999999", "-0.1", "0x10", "\u0660",
    "x" * 5000, [], [[]], {}, {"a": 1},
]  # fmt: skip
BODIES = [
    b"", b"null", b"[]", b"{}", b"0", b'"text"', b"[null]", b"[{}]", b"\xff\xfe", b"<html></html>",
    b"{" * 5000, b"[" * 100_000, b'{"symbol":' * 2000,
]  # fmt: skip


def read(market: str, ask: asks.Ask[Any], body: bytes) -> VenueFault | None:
    """The fault of an answer; None where it could be read. Anything else that is raised fails the test."""
    try:
        dialect(market).read(ask, HttpReply(200, body), NOW_NS)
    except VenueFault as fault:
        return fault
    return None


def variants(value: Any) -> Iterator[Any]:
    """`value` with every part in turn left out, or something strange instead."""
    yield from STRANGE
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: other for name, other in value.items() if name != key}
            yield from ({**value, key: changed} for changed in variants(inner))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield value[:at] + value[at + 1 :]
            yield from ([*value[:at], changed, *value[at + 1 :]] for changed in variants(inner))


@pytest.mark.parametrize(("market", "ask", "body"), ANSWERS)
def test_strange_answers_are_faults(market: str, ask: asks.Ask[Any], body: Any) -> None:
    assert read(market, ask, msgspec.json.encode(body)) is None
    for changed in variants(body):
        fault = read(market, ask, msgspec.json.encode(changed))
        assert fault is None or fault.fault.effect is Effect.UNKNOWN
    for raw in BODIES:
        fault = read(market, ask, raw)
        assert fault is None or fault.fault.effect is Effect.UNKNOWN


@pytest.mark.parametrize(("market", "ask", "body"), ANSWERS)
def test_cut_answers_are_faults(market: str, ask: asks.Ask[Any], body: Any) -> None:
    whole = msgspec.json.encode(body)
    for length in range(len(whole)):
        assert read(market, ask, whole[:length]) is not None


def test_an_answer_about_another_order_is_no_answer() -> None:
    other = OURS_TEXT[:-1] + "G"
    placed = msgspec.json.encode(SPOT_ORDER | {"clientOrderId": other})
    for ask in (asks.PlaceOrder(approved()), asks.QueryOrder(ref()), asks.CancelOrder(ref())):
        assert read("spot", ask, placed) is not None
    assert read("spot", asks.PlaceOrder(approved()), placed.replace(other.encode(), b"web_1")) is not None
    assert read("spot", asks.QueryOrder(ref(number="8")), msgspec.json.encode(SPOT_ORDER)) is not None
    assert read("usdm", asks.PlaceOrder(STOP), msgspec.json.encode(ALGO_ORDER | {"clientAlgoId": other}))


@pytest.mark.parametrize(("market", "frame"), FRAMES)
def test_strange_frames_never_raise(market: str, frame: Any) -> None:
    private = line(market, "private", HMAC)
    assert LineUnknown not in {type(message) for message in private.read(msgspec.json.encode(frame), NOW_NS)}
    for changed in variants(frame):
        private.read(msgspec.json.encode(changed), NOW_NS)
    for raw in BODIES:
        (unknown,) = private.read(raw, NOW_NS)
        assert isinstance(unknown, LineUnknown)
    whole = msgspec.json.encode(frame)
    for length in range(len(whole)):
        (unknown,) = private.read(whole[:length], NOW_NS)
        assert isinstance(unknown, LineUnknown)


@given(st.binary(max_size=300), st.sampled_from(ANSWERS))
def test_any_bytes_are_a_fault(body: bytes, answer: tuple[str, asks.Ask[Any], Any]) -> None:
    market, ask, _ = answer
    fault = read(market, ask, body)
    assert fault is None or fault.fault.effect is Effect.UNKNOWN
    for known in ("spot", "usdm"):
        line(known).read(body, NOW_NS)


@given(st.data())
def test_changed_bytes_never_raise_anything_else(data: st.DataObject) -> None:
    market, ask, body = data.draw(st.sampled_from(ANSWERS))
    _, frame = data.draw(st.sampled_from(FRAMES))
    for seed in (body, frame):
        raw = bytearray(msgspec.json.encode(seed))
        for at, byte in data.draw(
            st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=4)
        ):
            raw[at] = byte
        read(market, ask, bytes(raw))
        for known in ("spot", "usdm"):
            line(known).read(bytes(raw), NOW_NS)
