"""The private lines of HTX's USDT swaps: logins, topics, heartbeats, and every push as documented."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.support.htx_account import (
    CLIENT_ID,
    LOCAL_NS,
    STAMP,
    SWAP,
    SWAP_DIALECT,
    SWAP_SETUP,
    approved,
)
from trimaran.domain.account import Liquidity
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import BalanceReport, FillReport, MarginMode, OrderReport, PositionReport
from trimaran.venues.htx.spec import SWAP_PRIVATE
from trimaran.venues.htx.swap_private import HtxSwapLine
from trimaran.venues.wire.asks import PlaceOrder
from trimaran.venues.wire.fault import FaultKind
from trimaran.venues.wire.lines import (
    LinePing,
    LineReply,
    LineShutdown,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    SubscriptionRefused,
    SubscriptionTaken,
)

MS = 1_000_000
PRIVATE, ORDERS = (HtxSwapLine(line, SWAP_PRIVATE.live[line.base], SWAP_SETUP) for line in SWAP_PRIVATE.lines)
ORDER = {
    "op": "notify",
    "topic": "orders_cross.btc-usdt",
    "ts": 1650354508696,
    "uid": "123456789",
    "symbol": "BTC",
    "contract_code": "BTC-USDT",
    "volume": 2,
    "price": 41110.3,
    "order_price_type": "limit",
    "direction": "sell",
    "offset": "both",
    "status": 4,
    "lever_rate": 5,
    "order_id": 966002354015051800,
    "order_id_str": "966002354015051776",
    "client_order_id": int(CLIENT_ID),
    "order_source": "api",
    "order_type": 1,
    "created_at": 1650354508649,
    "trade_volume": 1,
    "trade_turnover": 41.1103,
    "fee": -0.005536,
    "trade_avg_price": 41110.3,
    "margin_frozen": 0,
    "profit": 0,
    "canceled_at": 0,
    "fee_asset": "USDT",
    "reduce_only": 1,
    "trade": [
        {
            "trade_fee": -5.536e-3,
            "fee_asset": "USDT",
            "trade_id": 86678766507,
            "id": "86678766507-966002354015051776-1",
            "trade_volume": 1,
            "trade_price": 41110.3,
            "trade_turnover": 41.1103,
            "created_at": 1650354508656,
            "role": "maker",
        }
    ],
}


def read(line: HtxSwapLine, frame: Any) -> Sequence[Any]:
    """As it comes: a gzip member."""
    raw = frame if isinstance(frame, bytes) else msgspec.json.encode(frame)
    messages = line.read(gzip.compress(raw), LOCAL_NS)
    assert list(messages) == list(line.read(raw, LOCAL_NS)), "text is read alike"
    return messages


@pytest.mark.parametrize("line", [PRIVATE, ORDERS])
def test_both_lines_log_in(line: HtxSwapLine) -> None:
    text = line.login(17, STAMP)
    assert text is not None
    login = msgspec.json.decode(text)
    assert (login["op"], login["type"], login["cid"]) == ("auth", "api", "17")
    if line is PRIVATE:
        assert login["Signature"] == "WLpG1n56qazU7hqanW5gj9hH5s/rXdgifOG828c6VuU="
    accepted = {"op": "auth", "type": "api", "ts": 1, "err-code": 0, "data": {"user-id": "12345678"}}
    assert read(line, accepted) == (LoggedIn(),)
    assert read(line, {**accepted, "err-code": 2005}) == (LoggedIn(),), "already"
    (refused,) = read(line, {"op": "auth", "type": "api", "ts": 1, "err-code": 2003, "err-msg": "failed"})
    assert isinstance(refused, LoginRefused)
    assert refused.fault.kind is FaultKind.KEY


def test_subscriptions_and_their_answers() -> None:
    topics = PRIVATE.subscriptions(30, STAMP)
    assert ORDERS.subscriptions(30, STAMP) == ()
    for nth, (topic, text) in enumerate(topics):
        assert msgspec.json.decode(text) == {"op": "sub", "cid": str(30 + nth), "topic": topic}
        for code in (0, 2014):
            taken = {"op": "sub", "cid": str(30 + nth), "topic": topic, "ts": 1, "err-code": code}
            assert read(PRIVATE, taken) == (SubscriptionTaken(topic),)
    assert [topic for topic, _ in topics] == ["orders_cross.*", "accounts_cross.*", "positions_cross.*"]
    refused = {"op": "sub", "cid": "30", "topic": "orders_cross.*", "err-code": 2007, "err-msg": "not opened"}
    (message,) = read(PRIVATE, refused)
    assert isinstance(message, SubscriptionRefused)
    assert (message.name, message.fault.kind) == ("orders_cross.*", FaultKind.ACCOUNT)


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (b'{"op":"ping","ts":"1492420473027"}', '{"op":"pong","ts":"1492420473027"}'),
        (b'{"op":"ping","ts":1492420473027}', '{"op":"pong","ts":1492420473027}'),
        (b'{"ping":18212558000}', '{"pong":18212558000}'),
    ],
)
def test_heartbeats_are_echoed_as_they_came(frame: bytes, reply: str) -> None:
    for line in (PRIVATE, ORDERS):
        assert read(line, frame) == (LinePing(reply),)


def test_an_order_with_its_new_fill() -> None:
    fill, order = read(PRIVATE, ORDER)
    assert fill == FillReport(
        fill_id="86678766507-966002354015051776-1",  # type: ignore[arg-type]
        instrument_key=SWAP.key,
        venue_order_id="966002354015051776",  # type: ignore[arg-type]
        client_order_id=CLIENT_ID,
        side=Side.SELL,
        price_ticks=411_103,
        lots=1,
        liquidity=Liquidity.MAKER,
        fee=Decimal("0.005536"),
        fee_asset="USDT",  # type: ignore[arg-type]
        venue_ns=1650354508656 * MS,
        local_ns=LOCAL_NS,
    )
    assert order == OrderReport(
        instrument_key=SWAP.key,
        venue_order_id="966002354015051776",  # type: ignore[arg-type]
        client_order_id=CLIENT_ID,
        client_text=str(int(CLIENT_ID)),
        state=OrderState.PARTIALLY_FILLED,
        side=Side.SELL,
        order_type=OrderType.LIMIT,
        tif=TimeInForce.GTC,
        price_ticks=411_103,
        lots=2,
        filled_lots=1,
        average_price=Decimal("41110.3"),
        reduce_only=True,
        created_ns=1650354508649 * MS,
        venue_ns=1650354508696 * MS,
        local_ns=LOCAL_NS,
    )


@pytest.mark.parametrize(
    ("name", "status", "state", "tif"),
    [
        ("limit", 3, OrderState.ACKED, TimeInForce.GTC),
        ("limit", 1, OrderState.ACKED, TimeInForce.GTC),
        ("limit", 11, OrderState.ACKED, TimeInForce.GTC),
        ("limit", 7, OrderState.CANCELED, TimeInForce.GTC),
        ("post_only", 7, OrderState.CANCELED, TimeInForce.POST_ONLY),
        ("limit", 5, OrderState.CANCELED, TimeInForce.GTC),
        ("ioc", 5, OrderState.EXPIRED, TimeInForce.IOC),
        ("fok", 7, OrderState.EXPIRED, TimeInForce.FOK),
        ("market", 5, OrderState.EXPIRED, TimeInForce.IOC),
        ("optimal_20_ioc", 5, OrderState.EXPIRED, TimeInForce.IOC),
        ("opponent", 6, OrderState.FILLED, None),
        ("lightning", 10, OrderState.EXPIRED, None),
    ],
)
def test_states_of_orders(name: str, status: int, state: OrderState, tif: TimeInForce | None) -> None:
    changes = {"order_price_type": name, "status": status, "trade": [], "trade_volume": 0}
    (order,) = read(PRIVATE, {**ORDER, **changes})
    assert (order.state, order.tif) == (state, tif)
    assert (order.order_type is OrderType.MARKET) == (name == "market")


def test_an_order_of_somebody_else() -> None:
    changes = {"client_order_id": None, "trade": None, "price": None, "trade_avg_price": None}
    (order,) = read(PRIVATE, {**ORDER, **changes})
    assert (order.client_order_id, order.client_text, order.price_ticks) == (None, "", 0)
    assert read(PRIVATE, {**ORDER, "contract_code": "ETH-USDT"}) == ()


def test_the_fee_of_a_rebate() -> None:
    trade = {**ORDER["trade"][0], "trade_fee": 9.12e-7}  # type: ignore[index]
    fill, _ = read(PRIVATE, {**ORDER, "trade": [trade]})
    assert fill.fee == Decimal("-9.12E-7")


@pytest.mark.parametrize(
    ("told", "realised"),
    [
        ({"real_profit": 1.5, "profit": 9}, "1.5"),
        ({"profit": -2.25}, "-2.25"),
        ({"real_profit": 0}, "0"),
        ({"real_profit": None}, None),
    ],
)
def test_what_closed_contracts_earned(told: dict[str, object], realised: str | None) -> None:
    trade = {**ORDER["trade"][0], **told}  # type: ignore[index]
    fill, _ = read(PRIVATE, {**ORDER, "trade": [trade]})
    assert fill.realised == (None if realised is None else Decimal(realised))


def test_balances() -> None:
    margin = {
        "margin_mode": "cross",
        "margin_account": "USDT",
        "margin_asset": "USDT",
        "margin_balance": 20.603401615553835,
        "margin_static": 20.475701615553835,
        "margin_position": 19.30352,
        "margin_frozen": 0,
        "risk_rate": None,
        "contract_detail": [],
    }
    frame = {"op": "notify", "topic": "accounts_cross", "ts": 1640756528985, "event": "snapshot"}
    (report,) = read(PRIVATE, {**frame, "data": [margin]})
    assert report == BalanceReport(
        market=SWAP.market,
        asset=SWAP.quote,
        total=Decimal("20.475701615553835"),
        free=Decimal("1.299881615553835"),
        venue_ns=1640756528985 * MS,
        local_ns=LOCAL_NS,
    )


def test_positions() -> None:
    position = {
        "contract_code": "BTC-USDT",
        "volume": 3,
        "cost_open": 48284.9,
        "profit_unreal": -0.0001,
        "lever_rate": 5,
        "direction": "sell",
        "liquidation_price": None,
        "position_mode": "single_side",
    }
    frame = {"op": "notify", "topic": "positions_cross.btc-usdt", "ts": 1639107468139, "event": "order.match"}
    (report,) = read(PRIVATE, {**frame, "data": [position]})
    assert report == PositionReport(
        instrument_key=SWAP.key,
        lots=-3,
        entry_price=Decimal("48284.9"),
        unrealised=Decimal("-0.0001"),
        leverage=Decimal(5),
        margin_mode=MarginMode.CROSS,
        venue_ns=1639107468139 * MS,
        local_ns=LOCAL_NS,
    )
    (closed,) = read(PRIVATE, {**frame, "data": [{**position, "volume": 0}]})
    assert (closed.lots, closed.entry_price) == (0, None)
    (hedge,) = read(PRIVATE, {**frame, "data": [position, {**position, "direction": "buy"}]})
    assert isinstance(hedge, LineUnknown)


def test_replies_of_the_order_line() -> None:
    frame = (
        b'{"status":"ok","cid":"40","data":{"order_id":770323133537685500,"client_order_id":57012021022,'
        b'"order_id_str":"770323133537685504"},"ts":1603700946949}'
    )
    (reply,) = read(ORDERS, frame)
    assert isinstance(reply, LineReply)
    placed = SWAP_DIALECT.read(PlaceOrder(approved(SWAP)), reply.reply, LOCAL_NS)
    assert (reply.request_id, placed.venue_order_id) == (40, "770323133537685504")
    error = {"op": "create_cross_order", "cid": "41", "ts": 1, "err-code": 2002, "err-msg": "required"}
    (refused,) = read(ORDERS, error)
    assert refused.request_id == 41


def test_what_the_server_says_last() -> None:
    assert read(PRIVATE, {"op": "close", "ts": 1}) == (LineShutdown(),)
    (message,) = read(PRIVATE, {"op": "error", "ts": 1})
    assert isinstance(message, LineUnknown)


@pytest.mark.parametrize(
    "changes",
    [
        {"volume": "1.5"},
        {"status": 77},
        {"price": 41110.35},
        {"order_id": None, "order_id_str": None},
        {"direction": ""},
        {"ts": "yesterday"},
        {"trade": [{}]},
        {"trade_volume": -1},
    ],
)
def test_impossible_orders_are_not_told(changes: dict[str, Any]) -> None:
    (message,) = read(PRIVATE, {**ORDER, **changes})
    assert isinstance(message, LineUnknown)


@pytest.mark.parametrize(
    "frame", [b"", b"{", b"7", b'{"op":"notify","topic":"news"}', b'{"op":"notify"}', b'{"cid":"x"}']
)
def test_what_is_not_understood(frame: bytes) -> None:
    for line in (PRIVATE, ORDERS):
        (message,) = line.read(frame, LOCAL_NS)
        assert isinstance(message, LineUnknown)
