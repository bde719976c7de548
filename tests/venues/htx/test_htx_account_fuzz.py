"""Whatever HTX says, reading it gives an answer or the documented error; what is written reads back."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.htx_account import (
    BTC,
    OURS,
    SPOT_DIALECT,
    SPOT_SETUP,
    STAMP,
    SWAP,
    SWAP_DIALECT,
    SWAP_OURS,
    SWAP_SETUP,
    THEIRS,
    answer,
    approved,
    body_of,
    written,
)
from trimaran.base.limits import PRICE_TICKS_MAX
from trimaran.domain.client_id import ClientOrderId, unpack_client_id
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderType, TimeInForce
from trimaran.domain.reports import OrderReport
from trimaran.venues.htx.private import HtxSpotLine
from trimaran.venues.htx.spec import SPOT_PRIVATE, SWAP_PRIVATE
from trimaran.venues.htx.swap_private import HtxSwapLine
from trimaran.venues.wire import asks
from trimaran.venues.wire.asks import Ask, Interval
from trimaran.venues.wire.dialect import MarketDialect
from trimaran.venues.wire.fault import Effect, VenueFault
from trimaran.venues.wire.lines import LineMessage
from trimaran.venues.wire.message import HttpReply

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LINES = (
    *(HtxSpotLine(line, SPOT_PRIVATE.live[line.base], SPOT_SETUP) for line in SPOT_PRIVATE.lines),
    *(HtxSwapLine(line, SWAP_PRIVATE.live[line.base], SWAP_SETUP) for line in SWAP_PRIVATE.lines),
)

SPOT_ROW = {
    "id": 357632718898331,
    "symbol": "btcusdt",
    "client-order-id": "23456",
    "amount": "5.000000",
    "price": "1.00",
    "created-at": 1630649406687,
    "type": "buy-limit",
    "field-amount": "0.0",
    "field-cash-amount": "0.0",
    "filled-amount": "0.0",
    "state": "submitted",
    "stop-price": "",
    "operator": None,
}
SPOT_MATCH = {
    "symbol": "btcusdt",
    "order-id": 1,
    "trade-id": 2,
    "price": "0.33",
    "filled-amount": "147.9",
    "filled-fees": "0",
    "filled-points": "",
    "fee-currency": "btc",
    "role": "taker",
    "created-at": 1629443051839,
    "type": "buy-limit",
}
SWAP_ROW = {
    "contract_code": "BTC-USDT",
    "volume": 1,
    "price": 13059.8,
    "order_price_type": "limit",
    "direction": "sell",
    "status": 3,
    "order_id_str": "770334322963152896",
    "client_order_id": None,
    "created_at": 1603703614712,
    "trade_volume": 0,
    "trade_avg_price": None,
}
SWAP_MATCH = {
    "id": "2902136-918800256249405440-1",
    "contract_code": "BTC-USDT",
    "direction": "buy",
    "trade_volume": 1,
    "trade_price": 48555.6,
    "trade_fee": -2.4,
    "create_date": 1639100651577,
    "role": "Taker",
    "order_id_str": "918800256249405440",
    "fee_asset": "USDT",
}
MARGIN = {"margin_asset": "USDT", "margin_balance": 1, "margin_static": 1, "margin_position": 0.5}
HOLDING = {"contract_code": "BTC-USDT", "volume": 1, "direction": "buy", "cost_open": 9e4, "lever_rate": 5}
BAR = {"id": 1629769200, "open": 1, "close": 1, "low": 1, "high": 1, "amount": 9.12e-7, "vol": 1.5}
DEAL = {
    "id": 1.36e26,
    "ts": 1629793656939,
    "trade-id": 7,
    "amount": 0.1,
    "price": 49656.4,
    "direction": "buy",
}
SWAP_DEAL = {**DEAL, "id": 131476787, "amount": 2}

READS: tuple[tuple[MarketDialect, Ask[Any], Mapping[str, Any]], ...] = (
    (SPOT_DIALECT, asks.PlaceOrder(approved(BTC)), {"status": "ok", "data": "356501383558845"}),
    (SPOT_DIALECT, asks.CancelOrder(OURS), {"status": "ok", "data": 10}),
    (SPOT_DIALECT, asks.CancelOrder(THEIRS), {"status": "ok", "data": {"success": ["1"], "failed": []}}),
    (SPOT_DIALECT, asks.CancelAll(None), {"status": "ok", "data": {"success-count": 2, "next-id": 5}}),
    (SPOT_DIALECT, asks.QueryOrder(OURS), {"status": "ok", "data": SPOT_ROW}),
    (SPOT_DIALECT, asks.OpenOrders(None), {"status": "ok", "data": [SPOT_ROW]}),
    (SPOT_DIALECT, asks.OrderHistory(BTC.symbol), {"status": "ok", "data": [SPOT_ROW]}),
    (SPOT_DIALECT, asks.FillHistory(BTC.symbol), {"status": "ok", "data": [SPOT_MATCH]}),
    (SPOT_DIALECT, asks.ArmDeadMan(10**10), {"code": 200, "data": {"triggerTime": 1}}),
    (SPOT_DIALECT, asks.AccountId(), {"status": "ok", "data": [{"id": 1, "type": "spot"}]}),
    (SPOT_DIALECT, asks.UserId(), {"code": 200, "data": 1}),
    (SPOT_DIALECT, asks.Balances(),
     {"status": "ok", "data": {"list": [{"currency": "btc", "type": "trade", "balance": "1E-18"}]}}),
    (SPOT_DIALECT, asks.AccountFees(BTC.symbol),
     {"code": 200, "data": [{"symbol": "btcusdt", "actualMakerRate": "-1E-4", "actualTakerRate": "0.002"}]}),
    (SPOT_DIALECT, asks.ServerTime(), {"status": "ok", "data": 1629715504949}),
    (SPOT_DIALECT, asks.Klines(BTC.symbol, Interval.MINUTE_1), {"status": "ok", "ts": 1, "data": [BAR]}),
    (SPOT_DIALECT, asks.RecentTrades(BTC.symbol), {"status": "ok", "data": [{"data": [DEAL]}]}),
    (SPOT_DIALECT, asks.Tickers(BTC.symbol),
     {"status": "ok", "ts": 1, "tick": {"close": 1, "bid": [1, 2], "ask": [], "vol": 9.12e-7}}),
    (SWAP_DIALECT, asks.PlaceOrder(approved(SWAP)), {"status": "ok", "data": {"order_id_str": "78401"}}),
    (SWAP_DIALECT, asks.CancelOrder(SWAP_OURS), {"status": "ok", "data": {"errors": [], "successes": "1"}}),
    (SWAP_DIALECT, asks.CancelAll(SWAP.symbol), {"status": "ok", "data": {"errors": [], "successes": "1"}}),
    (SWAP_DIALECT, asks.QueryOrder(SWAP_OURS),
     {"status": "ok", "data": [{**SWAP_ROW, "client_order_id": int(SWAP_OURS.client_order_id or 0)}]}),
    (SWAP_DIALECT, asks.OpenOrders(None), {"status": "ok", "data": {"orders": [SWAP_ROW], "total_page": 1}}),
    (SWAP_DIALECT, asks.OrderHistory(SWAP.symbol), {"code": 200, "data": [SWAP_ROW]}),
    (SWAP_DIALECT, asks.FillHistory(SWAP.symbol), {"code": 200, "data": [SWAP_MATCH]}),
    (SWAP_DIALECT, asks.Balances(), {"status": "ok", "ts": 1, "data": [MARGIN]}),
    (SWAP_DIALECT, asks.Positions(), {"status": "ok", "ts": 1, "data": [HOLDING]}),
    (SWAP_DIALECT, asks.SetLeverage(SWAP.symbol, 5),
     {"status": "ok", "data": {"contract_code": "BTC-USDT", "lever_rate": 5}}),
    (SWAP_DIALECT, asks.FundingNow(SWAP.symbol),
     {"status": "ok", "data": {"contract_code": "BTC-USDT", "funding_rate": "9.12E-7", "funding_time": "1"}}),
    (SWAP_DIALECT, asks.RecentTrades(SWAP.symbol), {"status": "ok", "data": [{"data": [SWAP_DEAL]}]}),
    (SWAP_DIALECT, asks.Tickers(SWAP.symbol), {"status": "ok", "tick": {"close": "1", "ask": [1, 2]}}),
    (SWAP_DIALECT, asks.Tickers(), {"status": "ok", "ticks": [{"contract_code": "BTC-USDT", "close": "1"}]}),
)  # fmt: skip

VALUES = st.sampled_from([
    None, True, -1, 0, 7, 2**63, 10**400, 0.5, -9.12e-7, 1e300, "", "x", "NaN", "Infinity", "-0", "1e999999",
    "1E-999999", "9" * 500, "\u0000", [], [[]], {}, {"a": 1}, [None], "btcusdt", "BTC-USDT",
])  # fmt: skip


def read_whole(dialect: MarketDialect, ask: Ask[Any], body: bytes, status: int = 200) -> None:
    try:
        dialect.read(ask, HttpReply(status, body), 1)
    except VenueFault as error:
        fault = error.fault
        assert fault.text.isprintable()
        assert len(fault.text) <= 200
        assert fault.code or fault.effect is Effect.UNKNOWN or fault.kind.name in ("NO_SUCH_ORDER", "ACCOUNT")


@pytest.mark.parametrize(("dialect", "ask", "body"), READS)
def test_the_examples_are_answers(dialect: MarketDialect, ask: Ask[Any], body: Mapping[str, Any]) -> None:
    answer(dialect, ask, body)


@pytest.mark.parametrize(("dialect", "ask", "body"), READS)
def test_any_truncation(dialect: MarketDialect, ask: Ask[Any], body: Mapping[str, Any]) -> None:
    raw = msgspec.json.encode(body)
    for length in range(len(raw)):
        with pytest.raises(VenueFault) as caught:
            dialect.read(ask, HttpReply(200, raw[:length]), 1)
        assert caught.value.fault.effect is Effect.UNKNOWN


@given(data=st.data())
@QUICK
def test_any_member_replaced(data: st.DataObject) -> None:
    dialect, ask, body = data.draw(st.sampled_from(READS))
    read_whole(dialect, ask, _broken(data, body), data.draw(st.sampled_from([200, 200, 200, 400, 403])))


@given(body=st.binary(max_size=64), status=st.integers(100, 599))
@QUICK
def test_garbage(body: bytes, status: int) -> None:
    for dialect, ask, _ in READS:
        read_whole(dialect, ask, body, status)


PUSHES: tuple[Mapping[str, Any], ...] = (
    {"action": "push", "ch": "orders#btcusdt", "data": {
        "eventType": "trade", "symbol": "btcusdt", "orderId": 1, "type": "buy-stop-limit", "orderPrice": "7",
        "orderSize": "2", "execAmt": "1", "remainAmt": "1", "tradeTime": 1, "orderStatus": "partial-filled",
        "stopPrice": "8", "operator": "gte"}},
    {"action": "push", "ch": "trade.clearing#btcusdt#0", "data": {
        "eventType": "trade", "symbol": "btcusdt", "orderId": 1, "tradePrice": "7", "tradeVolume": "1",
        "orderSide": "buy", "aggressor": True, "tradeId": 1, "tradeTime": 1, "transactFee": "1",
        "feeCurrency": "btc"}},
    {"action": "push", "ch": "accounts.update#2", "data": {
        "currency": "btc", "balance": "1", "available": "1", "accountType": "trade", "changeTime": 1}},
    {"action": "ping", "data": {"ts": 1}},
    {"action": "sub", "code": 200, "ch": "orders#*"},
    {"action": "req", "code": 200, "ch": "auth"},
    {"op": "notify", "topic": "orders_cross.btc-usdt", "ts": 1, **SWAP_ROW, "trade": [
        {"id": "1", "trade_volume": 1, "trade_price": 1, "trade_fee": -1, "created_at": 1, "role": "maker"}]},
    {"op": "notify", "topic": "accounts_cross", "ts": 1, "data": [MARGIN]},
    {"op": "notify", "topic": "positions_cross", "ts": 1, "data": [HOLDING]},
    {"op": "ping", "ts": "1"},
    {"op": "sub", "topic": "orders_cross.*", "err-code": 0},
    {"op": "auth", "err-code": 0},
    {"status": "ok", "cid": "1", "data": {}},
)  # fmt: skip


@given(data=st.data())
@QUICK
def test_any_member_of_a_push_replaced(data: st.DataObject) -> None:
    frame = _broken(data, data.draw(st.sampled_from(PUSHES)))
    packed = gzip.compress(frame)
    cut = data.draw(st.integers(0, len(packed)))
    for line in LINES:
        for payload in (frame, packed, packed[:cut]):
            for message in line.read(payload, 1):
                assert isinstance(message, LineMessage)


@given(payload=st.binary(max_size=200))
@QUICK
def test_garbage_on_a_line(payload: bytes) -> None:
    for line in LINES:
        for prefix in (b"", b"\x1f\x8b", b'{"op":"notify",', b'{"action":"push",'):
            assert all(isinstance(message, LineMessage) for message in line.read(prefix + payload, 1))


IDS = st.integers(16, 2**62 - 1).filter(lambda value: (value >> 4) & (2**30 - 1) > 0).map(ClientOrderId)


@given(
    ticks=st.integers(1, PRICE_TICKS_MAX),
    steps=st.integers(1, 10**10),
    side=st.sampled_from(Side),
    tif=st.sampled_from(TimeInForce),
    client_order_id=IDS,
)
@QUICK
def test_a_spot_order_reads_back(
    ticks: int, steps: int, side: Side, tif: TimeInForce, client_order_id: ClientOrderId
) -> None:
    unpack_client_id(client_order_id)
    changes = {"price_ticks": ticks, "lots": steps * BTC.order_step, "side": side, "tif": tif}
    sent = approved(BTC, **changes, client_order_id=client_order_id).order
    body = body_of(
        written(SPOT_DIALECT, asks.PlaceOrder(approved(BTC, **changes, client_order_id=client_order_id)))
    )
    row = {
        **SPOT_ROW,
        "client-order-id": body["client-order-id"],
        "amount": body["amount"],
        "price": body["price"],
        "type": body["type"],
    }
    report: OrderReport = answer(SPOT_DIALECT, asks.QueryOrder(OURS), {"status": "ok", "data": row})
    assert (report.price_ticks, report.lots, report.side, report.tif, report.client_order_id) == (
        sent.price_ticks,
        sent.lots,
        side,
        tif,
        client_order_id,
    )


@given(
    ticks=st.integers(1, PRICE_TICKS_MAX),
    lots=st.integers(1, 10**12),
    side=st.sampled_from(Side),
    tif=st.sampled_from(TimeInForce),
    client_order_id=IDS,
    order_type=st.sampled_from([OrderType.LIMIT, OrderType.MARKET]),
)
@QUICK
def test_a_swap_order_reads_back(
    ticks: int,
    lots: int,
    side: Side,
    tif: TimeInForce,
    client_order_id: ClientOrderId,
    order_type: OrderType,
) -> None:
    tif = TimeInForce.IOC if order_type is OrderType.MARKET else tif
    order = approved(SWAP, price_ticks=ticks, lots=lots, side=side, tif=tif, order_type=order_type)
    ask = asks.PlaceOrder(replace(order, order=replace(order.order, client_order_id=client_order_id)))
    body = body_of(written(SWAP_DIALECT, ask))
    row = {**SWAP_ROW, "price": None, **body}
    ref = replace(SWAP_OURS, client_order_id=client_order_id)
    report: OrderReport = answer(SWAP_DIALECT, asks.QueryOrder(ref), {"status": "ok", "data": [row], "ts": 1})
    assert (report.lots, report.side, report.tif, report.order_type) == (lots, side, tif, order_type)
    assert report.price_ticks == (ticks if order_type is OrderType.LIMIT else 0)
    assert report.client_order_id == client_order_id


def test_signed_requests_do_not_show_themselves() -> None:
    """Neither the key nor the signature stands in what a log would print."""
    request = written(SPOT_DIALECT, asks.Balances())
    assert "Signature" in request.url
    assert "Signature" not in repr(request)
    assert STAMP.ms not in (0, None)


def _broken(data: st.DataObject, body: Mapping[str, Any]) -> bytes:
    """A copy with one member, however deep, replaced or taken out."""
    copy: Any = msgspec.json.decode(msgspec.json.encode(body))
    node = copy
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        deeper = node[key]
        if isinstance(deeper, dict | list) and deeper and data.draw(st.booleans()):
            node = deeper
            continue
        if isinstance(node, dict) and data.draw(st.integers(0, 3)) == 0:
            del node[key]
        else:
            node[key] = data.draw(VALUES)
        return msgspec.json.encode(copy)
