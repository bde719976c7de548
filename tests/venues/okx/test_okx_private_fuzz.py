"""The law of fuzzing for OKX's private side.

Garbage gives the documented fault, or an unknown frame, and what is written reads back as the same ticks and
lots.
"""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.decoding import edited, edits
from tests.support.okx_desk import (
    BTC,
    BTC_SWAP,
    CLIENT_ID,
    CLIENT_TEXT,
    LOCAL_NS,
    STAMP,
    approved,
    content,
    dialect,
    line,
)
from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ID_BITS, ClientOrderId, encode_client_id
from trimaran.domain.instrument import Side, Symbol
from trimaran.domain.orders import OrderType, TimeInForce
from trimaran.venues.okx.spec import SPOT, SWAP
from trimaran.venues.wire.asks import (
    AccountFees,
    AccountId,
    AmendOrder,
    ArmDeadMan,
    Balances,
    CancelOrder,
    FillHistory,
    FundingNow,
    Interval,
    Klines,
    OpenOrders,
    OrderHistory,
    OrderRef,
    PlaceOrder,
    Positions,
    QueryOrder,
    ReadKeyPermissions,
    RecentTrades,
    ServerTime,
    SetLeverage,
    Tickers,
)
from trimaran.venues.wire.fault import Effect, VenueFault
from trimaran.venues.wire.lines import LineUnknown
from trimaran.venues.wire.message import HttpReply

SYMBOL, SWAP_SYMBOL = Symbol("BTC-USDT"), Symbol("BTC-USDT-SWAP")
REF = OrderRef(SYMBOL, CLIENT_ID)
ORDER: dict[str, Any] = {
    "instId": "BTC-USDT", "instType": "SPOT", "ordId": "12", "clOrdId": CLIENT_TEXT, "side": "buy",
    "ordType": "limit", "px": "60400.5", "sz": "0.015", "accFillSz": "0.005", "avgPx": "60400.5",
    "state": "partially_filled", "reduceOnly": "false", "cTime": "1695190491421", "uTime": "1695190491999",
    "fillPx": "60400.5", "fillSz": "0.005", "tradeId": "7", "fillTime": "1", "fillFee": "-1",
    "fillFeeCcy": "BTC", "execType": "T", "cancelSource": "", "tgtCcy": "",
}  # fmt: skip
FILL = {**ORDER, "fee": "-1", "feeCcy": "BTC", "ts": "1"}
ALGO = {
    **ORDER, "algoId": "5", "algoClOrdId": CLIENT_TEXT, "state": "live", "slTriggerPx": "59000",
    "slOrdPx": "-1", "ordIdList": [], "failCode": "",
}  # fmt: skip
POSITION = {
    "instId": "BTC-USDT-SWAP", "pos": "-2.5", "posSide": "net", "avgPx": "9", "markPx": "9", "liqPx": "",
    "upl": "-1", "lever": "3", "mgnMode": "cross", "uTime": "1",
}  # fmt: skip
WALLET = {"uTime": "1", "details": [{"ccy": "BTC", "cashBal": "1", "availBal": "1", "uTime": "1"}]}
ACK = {"ordId": "1", "clOrdId": CLIENT_TEXT, "sCode": "0", "sMsg": ""}
SEEDS: list[tuple[Any, Any, Any]] = [
    (SPOT, PlaceOrder(approved()), ACK),
    (SPOT, AmendOrder(approved()), ACK),
    (SPOT, CancelOrder(REF), ACK),
    (SPOT, QueryOrder(REF), ORDER),
    (SPOT, OpenOrders(None), ORDER),
    (SPOT, OpenOrders(None, triggered=True), ALGO),
    (SPOT, OrderHistory(SYMBOL), ORDER),
    (SPOT, FillHistory(SYMBOL), FILL),
    (SPOT, Balances(), WALLET),
    (SWAP, Positions(), POSITION),
    (SPOT, AccountFees(SYMBOL), {"maker": "-0.0008", "taker": "-0.001", "feeGroup": []}),
    (SWAP, SetLeverage(SWAP_SYMBOL, 3), {"lever": "3"}),
    (SPOT, ArmDeadMan(10**10), {"triggerTime": "1587971460"}),
    (SPOT, ReadKeyPermissions(), {"perm": "read_only", "ip": "", "uid": "1"}),
    (SPOT, AccountId(), {"uid": "1"}),
    (SPOT, ServerTime(), {"ts": "1"}),
    (SPOT, Klines(SYMBOL, Interval.DAY_1), ["1", "2", "3", "4", "5", "6", "7", "8", "1"]),
    (SPOT, RecentTrades(SYMBOL), {"tradeId": "1", "px": "1", "sz": "1", "side": "buy", "ts": "1"}),
    (SPOT, Tickers(), {"instId": "BTC-USDT", "last": "1", "ts": "1"}),
    (SWAP, FundingNow(SWAP_SYMBOL), {"instId": "BTC-USDT-SWAP", "fundingRate": "1", "fundingTime": "1"}),
]
PUSHES = [
    (SPOT, {"arg": {"channel": "orders", "instType": "SPOT"}, "data": [ORDER]}),
    (SPOT, {"arg": {"channel": "account"}, "data": [WALLET], "eventType": "snapshot"}),
    (SWAP, {"arg": {"channel": "positions"}, "data": [POSITION]}),
    (SPOT, {"id": "1", "op": "order", "code": "0", "msg": "", "data": [ACK]}),
    (SPOT, {"event": "error", "id": "1", "code": "60012", "msg": "Invalid request: {}"}),
    (SPOT, {"event": "login", "code": "0", "msg": ""}),
]
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from([
        "", "0", "-0", "-1", "1e-7", "1e99", "1E+9999999", "NaN", "Infinity", "1_0", " 1", "0x1", "１",
        "9" * 50, "0." + "0" * 46 + "1", "canceled", "algo:1", "true", "\ud7ff",
    ]),
)  # fmt: skip


def changed(seed: Any, key: Any, value: Any) -> Any:
    """A row with one member changed."""
    if isinstance(seed, list):
        at = key % len(seed)
        return [*seed[:at], value, *seed[at + 1 :]]
    names = sorted(seed)
    return {**seed, names[key % len(names)]: value}


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 40), values)
def test_wrong_values_in_an_answer_give_an_answer_or_a_fault(seed: Any, key: int, value: Any) -> None:
    spec, ask, row = seed
    body = msgspec.json.encode({"code": "0", "msg": "", "data": [changed(row, key, value)]})
    with contextlib.suppress(VenueFault):
        dialect(spec).read(ask, HttpReply(200, body), LOCAL_NS)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(SEEDS), edits, st.sampled_from([200, 200, 401, 429, 500, 503]))
def test_broken_answers_give_an_answer_or_a_fault(seed: Any, changes: Any, status: int) -> None:
    spec, ask, row = seed
    body = edited(msgspec.json.encode({"code": "0", "msg": "", "data": [row]}), changes)
    try:
        dialect(spec).read(ask, HttpReply(status, body), LOCAL_NS)
    except VenueFault as error:
        fault = error.fault
        assert fault.text.isprintable()
        assert len(fault.text) <= 200
        if status >= 500 or not fault.code:
            assert fault.effect is Effect.UNKNOWN


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 400))
def test_an_answer_that_was_cut_off_is_a_fault_of_unknown_effect(seed: Any, length: int) -> None:
    spec, ask, row = seed
    whole = msgspec.json.encode({"code": "0", "msg": "", "data": [row]})
    if length < len(whole):
        with pytest.raises(VenueFault) as caught:
            dialect(spec).read(ask, HttpReply(200, whole[:length]), LOCAL_NS)
        assert caught.value.fault.effect is Effect.UNKNOWN


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(PUSHES), edits)
def test_broken_frames_never_raise(seed: Any, changes: Any) -> None:
    spec, frame = seed
    of = line(spec)
    of.subscriptions(1, STAMP)
    of.read(edited(msgspec.json.encode(frame), changes), LOCAL_NS)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(PUSHES[:3]), st.integers(0, 40), values)
def test_a_push_is_told_whole_or_not_at_all(seed: Any, key: int, value: Any) -> None:
    spec, frame = seed
    rows = [frame["data"][0], changed(frame["data"][0], key, value)]
    told = line(spec).read(msgspec.json.encode({**frame, "data": rows}), LOCAL_NS)
    unknown = [each for each in told if isinstance(each, LineUnknown)]
    assert not unknown or len(told) <= 2


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_bytes_of_any_kind_never_raise(payload: bytes) -> None:
    line().read(payload, LOCAL_NS)


ids = st.integers(1, 2**30 - 1).map(lambda number: ClientOrderId(number << 4 | 1 << 50))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([(SPOT, BTC), (SWAP, BTC_SWAP)]),
    ids,
    st.integers(1, 10**12),
    st.integers(1, 10**12),
    st.sampled_from(Side),
    st.sampled_from(TimeInForce),
)
def test_what_is_written_reads_back(
    market: Any, client_id: Any, ticks: int, steps: int, side: Any, tif: Any
) -> None:
    spec, of = market
    lots = steps * of.order_step
    order = approved(
        of,
        client_order_id=client_id,
        price_ticks=ticks,
        lots=lots,
        side=side,
        tif=tif,
        order_type=OrderType.LIMIT,
    )
    said = content(dialect(spec).write(PlaceOrder(order), STAMP))
    assert Decimal(said["px"]) == of.price(ticks)
    assert Decimal(said["sz"]) * of.contract_size == of.size(lots)
    assert "e" not in (said["px"] + said["sz"]).lower()
    row = {**said, "ordId": "5", "state": "live", "accFillSz": "0"}
    body = msgspec.json.encode({"code": "0", "data": [row]})
    ref = OrderRef(of.symbol, client_id, VenueOrderId("5"))
    report = dialect(spec).read(QueryOrder(ref), HttpReply(200, body), LOCAL_NS)
    assert (report.price_ticks, report.lots, report.side, report.tif) == (ticks, lots, side, tif)
    assert report.client_order_id == client_id
    assert client_id < 1 << ID_BITS
    assert report.client_text == encode_client_id(client_id)
