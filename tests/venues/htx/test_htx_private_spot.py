"""The private lines of HTX spot: logins, topics, heartbeats, and every push as documented."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.support.htx_account import (
    ACCOUNT_ID,
    BTC,
    CLIENT_ID,
    CLIENT_TEXT,
    LOCAL_NS,
    SPOT_DIALECT,
    SPOT_SETUP,
    STAMP,
    approved,
)
from trimaran.domain.account import Liquidity
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport
from trimaran.venues.htx.private import HtxSpotLine
from trimaran.venues.htx.spec import SPOT_PRIVATE
from trimaran.venues.wire.asks import PlaceOrder
from trimaran.venues.wire.fault import FaultKind
from trimaran.venues.wire.lines import (
    LineEnded,
    LinePing,
    LineReply,
    LineShutdown,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    Stale,
    SubscriptionRefused,
    SubscriptionTaken,
)

MS = 1_000_000
PRIVATE, ORDERS = (HtxSpotLine(line, SPOT_PRIVATE.live[line.base], SPOT_SETUP) for line in SPOT_PRIVATE.lines)


def read(line: HtxSpotLine, frame: Any) -> Sequence[Any]:
    raw = frame if isinstance(frame, bytes) else msgspec.json.encode(frame)
    return line.read(raw, LOCAL_NS)


def push(topic: str, **data: Any) -> Sequence[Any]:
    return read(PRIVATE, {"action": "push", "ch": topic, "data": data})


def order_event(**data: Any) -> OrderReport:
    common = {
        "symbol": "btcusdt",
        "orderId": 27163533,
        "clientOrderId": CLIENT_TEXT,
        "type": "buy-limit",
        "orderSource": "spot-api",
        "orderPrice": "77.000000000000000000",
        "orderSize": "2.000000000000000000",
    }
    (report,) = push("orders#btcusdt", **{**common, **data})
    assert isinstance(report, OrderReport)
    return report


@pytest.mark.parametrize(("line", "path"), [(PRIVATE, "/ws/v2"), (ORDERS, "/ws/trade")])
def test_both_lines_log_in(line: HtxSpotLine, path: str) -> None:
    text = line.login(1, STAMP)
    assert text is not None
    login = msgspec.json.decode(text)
    assert (login["action"], login["ch"]) == ("req", "auth")
    assert set(login["params"]) == {
        "authType", "accessKey", "signatureMethod", "signatureVersion", "timestamp", "signature"
    }  # fmt: skip
    other = ORDERS if line is PRIVATE else PRIVATE
    assert text != other.login(1, STAMP), f"the signature is of {path}"
    (accepted,) = read(line, {"action": "req", "code": 200, "ch": "auth", "data": {}})
    assert accepted == LoggedIn()
    (refused,) = read(line, {"action": "req", "code": 2002, "ch": "auth", "message": "auth.fail"})
    assert isinstance(refused, LoginRefused)
    assert (refused.fault.kind, refused.fault.code) == (FaultKind.KEY, "2002")


def test_subscriptions_and_their_answers() -> None:
    topics = PRIVATE.subscriptions(5, STAMP)
    assert [name for name, _ in topics] == ["orders#*", "trade.clearing#*#0", "accounts.update#2"]
    assert ORDERS.subscriptions(5, STAMP) == ()
    for name, text in topics:
        assert msgspec.json.decode(text) == {"action": "sub", "ch": name}
        taken = {"action": "sub", "code": 200, "ch": name, "data": {}}
        assert read(PRIVATE, taken) == (SubscriptionTaken(name),)
    refused = {"action": "sub", "code": 2001, "ch": "orders#*", "message": "invalid.symbol"}
    (message,) = read(PRIVATE, refused)
    assert isinstance(message, SubscriptionRefused)
    assert (message.name, message.fault.kind) == ("orders#*", FaultKind.NO_SUCH_INSTRUMENT)


def test_a_system_error_of_balances_replaces_the_line() -> None:
    frame = {"action": "sub", "code": 500, "ch": "accounts.update#2", "message": "系统异常:"}
    stale, ended = read(PRIVATE, frame)
    assert isinstance(stale, Stale)
    assert isinstance(ended, LineEnded)


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (b'{"action":"ping","data":{"ts":1575537778295}}', '{"action":"pong","data":{"ts":1575537778295}}'),
        (b'{"ping":18212558000}', '{"pong":18212558000}'),
    ],
)
def test_heartbeats_are_echoed(frame: bytes, reply: str) -> None:
    for line in (PRIVATE, ORDERS):
        assert read(line, frame) == (LinePing(reply),)


def test_an_order_is_created() -> None:
    assert order_event(
        eventType="creation", orderStatus="submitted", accountId=992701, orderCreateTime=1583853365586
    ) == OrderReport(
        instrument_key=BTC.key,
        venue_order_id="27163533",  # type: ignore[arg-type]
        client_order_id=CLIENT_ID,
        client_text=CLIENT_TEXT,
        state=OrderState.ACKED,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        tif=TimeInForce.GTC,
        price_ticks=7_700,
        lots=200_000_000,
        filled_lots=0,
        created_ns=1583853365586 * MS,
        venue_ns=1583853365586 * MS,
        local_ns=LOCAL_NS,
    )


def test_a_trade_of_an_order_is_no_fill() -> None:
    """The fill comes with its fee from the clearing; here only the order moves on."""
    report = order_event(
        eventType="trade",
        orderStatus="partial-filled",
        tradePrice="76.9",
        tradeVolume="0.5",
        tradeId=301,
        tradeTime=1583854188883,
        aggressor=True,
        remainAmt="1.25",
        execAmt="0.75",
    )
    assert (report.state, report.filled_lots) == (OrderState.PARTIALLY_FILLED, 75_000_000)
    assert report.venue_ns == 1583854188883 * MS
    report = order_event(
        eventType="trade", orderStatus="filled", tradeTime=1, remainAmt="0", execAmt="2", orderSize=""
    )
    assert (report.state, report.filled_lots, report.lots) == (OrderState.FILLED, 200_000_000, 200_000_000)


@pytest.mark.parametrize(
    ("kind", "status", "executed", "state"),
    [
        ("buy-limit", "canceled", "0", OrderState.CANCELED),
        ("sell-limit-maker", "partial-canceled", "0.5", OrderState.CANCELED),
        ("buy-ioc", "canceled", "0", OrderState.EXPIRED),
        ("sell-ioc", "partial-canceled", "0.5", OrderState.EXPIRED),
        ("buy-limit-fok", "canceled", "0", OrderState.EXPIRED),
        ("sell-market", "partial-canceled", "0.5", OrderState.EXPIRED),
    ],
)
def test_what_was_cancelled(kind: str, status: str, executed: str, state: OrderState) -> None:
    """What may not rest was ended by the venue; both words of HTX's are ends."""
    report = order_event(
        eventType="cancellation",
        type=kind,
        orderStatus=status,
        execAmt=executed,
        remainAmt="1.5",
        lastActTime=9,
    )
    assert (report.state, report.venue_ns) == (state, 9 * MS)
    assert report.filled_lots == (50_000_000 if executed == "0.5" else 0)


def test_an_order_by_value_has_no_size() -> None:
    report = order_event(
        eventType="trade",
        type="buy-market",
        orderStatus="partial-filled",
        orderPrice=None,
        orderSize=None,
        orderValue="100",
        execAmt="33.3",
        remainAmt="66.7",
        tradeTime=5,
    )
    assert (report.order_type, report.lots, report.filled_lots) == (OrderType.MARKET, 0, 0)
    assert (report.state, report.price_ticks) == (OrderState.PARTIALLY_FILLED, 0)


def test_conditional_orders_that_never_came_to_the_book() -> None:
    common = {"orderSide": "buy", "lastActTime": 1583853365586, "symbol": "btcusdt"}
    failed = {"orderStatus": "rejected", "eventType": "trigger", "errCode": 2002, "errMessage": "no money"}
    (report,) = push("orders#btcusdt", clientOrderId=CLIENT_TEXT, **common, **failed)
    assert (report.state, report.reason, report.client_order_id) == (
        OrderState.EXPIRED,
        "no money",
        CLIENT_ID,
    )
    deleted = {"orderStatus": "canceled", "eventType": "deletion"}
    (report,) = push("orders#btcusdt", clientOrderId=CLIENT_TEXT, **common, **deleted)
    assert report.state is OrderState.CANCELED
    assert push("orders#btcusdt", clientOrderId="abc123", **common, **failed) == ()
    more = {"orderId": 356505383000008, "type": "sell-stop-limit", "orderSize": "1", "orderPrice": "7"}
    (report,) = push("orders#btcusdt", clientOrderId=CLIENT_TEXT, symbol="btcusdt", **more, **deleted)
    assert (report.venue_order_id, report.side) == ("356505383000008", Side.SELL)


CLEARED = {
    "eventType": "trade",
    "symbol": "btcusdt",
    "orderId": 99998888,
    "tradePrice": "9999.99",
    "tradeVolume": "0.96",
    "orderSide": "buy",
    "aggressor": True,
    "tradeId": 919219323232,
    "tradeTime": 998787897878,
    "transactFee": "19.88",
    "feeDeduct": "0",
    "feeDeductType": "",
    "feeCurrency": "btc",
    "accountId": 9912791,
    "source": "spot-api",
    "orderPrice": "10000",
    "orderSize": "1",
    "clientOrderId": CLIENT_TEXT,
    "orderCreateTime": 998787897878,
    "orderStatus": "partial-filled",
}


def test_a_clearing_is_a_fill_with_its_fee() -> None:
    """HTX's own example has no `action`."""
    (fill,) = read(PRIVATE, {"ch": "trade.clearing#btcusdt#0", "data": CLEARED})
    assert fill == FillReport(
        fill_id="919219323232",  # type: ignore[arg-type]
        instrument_key=BTC.key,
        venue_order_id="99998888",  # type: ignore[arg-type]
        client_order_id=CLIENT_ID,
        side=Side.BUY,
        price_ticks=999_999,
        lots=96_000_000,
        liquidity=Liquidity.TAKER,
        fee=Decimal("19.88"),
        fee_asset="BTC",  # type: ignore[arg-type]
        venue_ns=998787897878 * MS,
        local_ns=LOCAL_NS,
    )


@pytest.mark.parametrize(
    ("changes", "fee", "asset", "liquidity"),
    [
        (
            {"transactFee": "-0.0009", "feeCurrency": "usdt", "aggressor": False},
            "-0.0009",
            "USDT",
            Liquidity.MAKER,
        ),
        ({"transactFee": "0", "feeDeduct": "0.5", "feeDeductType": "ht"}, "0.5", "HT", Liquidity.TAKER),
        (
            {"transactFee": "0", "feeDeduct": "0.5", "feeDeductType": "point"},
            "0.5",
            "HBPOINT",
            Liquidity.TAKER,
        ),
        ({"transactFee": "9.12E-7", "feeCurrency": None}, "9.12E-7", "BTC", Liquidity.TAKER),
        ({"transactFee": None, "feeCurrency": None, "orderSide": "sell"}, "0", "USDT", Liquidity.TAKER),
    ],
)
def test_fees_of_spot(changes: dict[str, Any], fee: str, asset: str, liquidity: Liquidity) -> None:
    """Positive is paid; what is paid in tokens or points is that, and nothing of the coin."""
    (fill,) = push("trade.clearing#btcusdt#0", **{**CLEARED, **changes})
    assert (fill.fee, fill.fee_asset, fill.liquidity) == (Decimal(fee), asset, liquidity)


def test_fills_finer_than_a_lot_are_cut_and_dust_is_a_lot() -> None:
    (fill,) = push("trade.clearing#btcusdt#0", **{**CLEARED, "tradeVolume": "0.042200701236437042"})
    assert fill.lots == 4_220_070
    (fill,) = push("trade.clearing#btcusdt#0", **{**CLEARED, "tradeVolume": "0.000000000000000001"})
    assert fill.lots == 1


@pytest.mark.parametrize(
    ("changes", "total", "free"),
    [
        ({"balance": "23.111", "available": "2028.699426619837209087"}, "23.111", "2028.699426619837209087"),
        ({"balance": "23.111", "changeType": None, "changeTime": None}, "23.111", None),
        ({"available": "0E-18", "balance": ""}, None, "0"),
    ],
)
def test_balances(changes: dict[str, Any], total: str | None, free: str | None) -> None:
    data = {
        "currency": "btc",
        "accountId": int(ACCOUNT_ID),
        "accountType": "trade",
        "changeTime": 1568601800000,
    }
    (report,) = push("accounts.update#2", **{**data, **changes})
    assert report == BalanceReport(
        market=BTC.market,
        asset=BTC.base,
        total=None if total is None else Decimal(total),
        free=None if free is None else Decimal(free),
        venue_ns=(0 if "changeTime" in changes else 1568601800000) * MS,
        local_ns=LOCAL_NS,
    )


def test_what_is_of_another_account_or_instrument_is_silent() -> None:
    other = {"currency": "btc", "accountId": 1, "balance": "1", "available": "1", "accountType": "trade"}
    assert push("accounts.update#2", **other) == ()
    assert push("accounts.update#2", **{**other, "accountId": int(ACCOUNT_ID), "accountType": "loan"}) == ()
    assert push("trade.clearing#ethusdt#0", **{**CLEARED, "symbol": "ethusdt"}) == ()
    assert push("trade.clearing#btcusdt#0", **{**CLEARED, "source": "super-margin-api"}) == ()
    assert push("trade.clearing#btcusdt#1", **{**CLEARED, "eventType": "cancellation"}) == ()


def test_replies_of_the_order_line() -> None:
    frame = b'{"status":"ok","data":"1314507823485263","cid":"41"}'
    (reply,) = read(ORDERS, frame)
    assert isinstance(reply, LineReply)
    assert (reply.request_id, reply.reply.body) == (41, frame)
    placed = SPOT_DIALECT.read(PlaceOrder(approved(BTC)), reply.reply, LOCAL_NS)
    assert placed.venue_order_id == "1314507823485263"
    (failed,) = read(
        ORDERS, {"status": "error", "err-code": "x", "err-msg": "", "cid": "42", "ch": "create-order"}
    )
    assert failed.request_id == 42


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"action":"push","ch":"orders#btcusdt","data":{}}',
        b'{"action":"push","ch":"orders#btcusdt"}',
        b'{"action":"push","ch":"news#1","data":{}}',
        b'{"status":"ok","cid":"not a number"}',
        b'{"code":404}',
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_not_understood(frame: bytes) -> None:
    for line in (PRIVATE, ORDERS):
        (message,) = line.read(frame, LOCAL_NS)
        assert isinstance(message, LineUnknown)
        assert len(message.head) <= 96


def test_a_time_out_is_announced() -> None:
    assert read(PRIVATE, {"action": "push-only", "code": 100, "message": "time out close"}) == (
        LineShutdown(),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"tradeVolume": "0"},
        {"tradeVolume": "NaN"},
        {"tradePrice": "0"},
        {"tradePrice": "1.001"},
        {"tradePrice": "1E+400"},
        {"transactFee": "1E-4000"},
        {"tradeId": None},
        {"tradeTime": -1},
        {"orderSide": "both"},
    ],
)
def test_impossible_fills_are_not_booked(changes: dict[str, Any]) -> None:
    (message,) = push("trade.clearing#btcusdt#0", **{**CLEARED, **changes})
    assert isinstance(message, LineUnknown)
