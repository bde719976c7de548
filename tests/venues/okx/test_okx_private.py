"""OKX's private connection: what is sent, and what each frame is read as."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.support.okx_desk import CLIENT_ID, CLIENT_TEXT, LOCAL_NS, STAMP, approved, dialect, line
from trimaran.domain.account import VenueOrderId
from trimaran.domain.orders import OrderState
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport, PositionReport
from trimaran.venues.okx.private import OkxLine
from trimaran.venues.okx.spec import ALGO_LINE, PRIVATE_LINE, SPOT, SPOT_PRIVATE, SWAP, SWAP_PRIVATE
from trimaran.venues.wire.asks import Placed, PlaceOrder
from trimaran.venues.wire.fault import Effect, FaultKind
from trimaran.venues.wire.lines import (
    LineEnded,
    LinePong,
    LineReply,
    LineShutdown,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    Stale,
    SubscriptionRefused,
    SubscriptionTaken,
)

ORDER = {
    "instType": "SPOT", "instId": "BTC-USDT", "ordId": "312269865356374016", "clOrdId": CLIENT_TEXT,
    "side": "buy", "ordType": "limit", "px": "60400.5", "sz": "0.015", "accFillSz": "0", "avgPx": "0",
    "state": "live", "fillPx": "", "fillSz": "0", "tradeId": "", "fillTime": "", "fillFee": "0",
    "fillFeeCcy": "", "execType": "", "cancelSource": "", "reduceOnly": "false",
    "cTime": "1727597064972", "uTime": "1727597064972",
}  # fmt: skip
FILL = {
    "state": "partially_filled", "accFillSz": "0.005", "avgPx": "60400.5", "fillPx": "60400.5",
    "fillSz": "0.005", "tradeId": "797592319", "fillTime": "1727597074013", "fillFee": "-0.000005",
    "fillFeeCcy": "BTC", "execType": "T",
}  # fmt: skip


def said(of: OkxLine, frame: object) -> list[Any]:
    return list(of.read(msgspec.json.encode(frame), LOCAL_NS))


def push(channel: str, *rows: object, **more: object) -> dict[str, object]:
    return {"arg": {"channel": channel, "uid": "000000000000000000"}, "data": rows, **more}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (SPOT, {"orders": {"channel": "orders", "instType": "SPOT"}, "account": {"channel": "account"}}),
        (SWAP, {
            "orders": {"channel": "orders", "instType": "SWAP"},
            "account": {"channel": "account"},
            "positions": {"channel": "positions", "instType": "SWAP"},
        }),
    ],
)  # fmt: skip
def test_each_market_subscribes_to_its_own(spec: Any, expected: dict[str, object]) -> None:
    texts = line(spec).subscriptions(7, STAMP)
    assert [name for name, _ in texts] == list(expected)
    for at, (name, text) in enumerate(texts):
        assert msgspec.json.decode(text) == {"id": str(7 + at), "op": "subscribe", "args": [expected[name]]}


def test_a_fee_of_nothing_needs_no_currency() -> None:
    free = {**ORDER, **FILL, "fillFee": "0", "fillFeeCcy": ""}
    fill = said(line(SPOT), push("orders", free))[0]
    assert (fill.fee, fill.fee_asset) == (0, "USDT")


def test_what_waits_for_a_trigger_has_a_line_of_its_own() -> None:
    of = line(SWAP, ALGO_LINE)
    ((name, text),) = of.subscriptions(7, STAMP)
    argument = {"channel": "orders-algo", "instType": "SWAP"}
    assert (name, msgspec.json.decode(text)["args"]) == ("orders-algo", [argument])
    row = {
        "instId": "BTC-USDT-SWAP", "algoId": "5", "algoClOrdId": CLIENT_TEXT, "side": "sell", "sz": "1",
        "state": "live", "slTriggerPx": "59000", "slOrdPx": "-1", "ordType": "conditional",
    }  # fmt: skip
    (waiting,) = said(of, push("orders-algo", row))
    (triggered,) = said(of, push("orders-algo", {**row, "state": "effective", "ordId": "6"}))
    (failed,) = said(of, push("orders-algo", {**row, "state": "order_failed", "failCode": "51008"}))
    assert [
        (each.client_order_id, each.state, each.venue_order_id) for each in (waiting, triggered, failed)
    ] == [
        (CLIENT_ID, OrderState.ACKED, "algo:5"),
        (CLIENT_ID, OrderState.ACKED, "6"),
        (CLIENT_ID, OrderState.EXPIRED, "algo:5"),
    ]
    (unknown,) = said(of, push("orders", ORDER))
    assert isinstance(unknown, LineUnknown)


def test_the_first_line_takes_orders_too() -> None:
    for spec in (SPOT_PRIVATE, SWAP_PRIVATE):
        assert spec.lines == (PRIVATE_LINE, ALGO_LINE)
        assert PRIVATE_LINE.pushes
        assert PRIVATE_LINE.takes_orders
        assert spec.live["ws_private"] + PRIVATE_LINE.path == "wss://ws.okx.com:8443/ws/v5/private"
        assert spec.live[ALGO_LINE.base] + ALGO_LINE.path == "wss://ws.okx.com:8443/ws/v5/business"
        assert not ALGO_LINE.takes_orders
        assert spec.testnet is not None
        assert set(spec.testnet) == set(spec.live)
        assert spec.testnet["ws_private"] == "wss://wspap.okx.com:8443"
        names = [limit.name for limit in spec.limits]
        assert len(names) == len(set(names))
    assert (SPOT_PRIVATE.market, SWAP_PRIVATE.market) == (SPOT.market, SWAP.market)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ({"event": "login", "code": "0", "msg": "", "connId": "a"}, LoggedIn()),
        ({"event": "subscribe", "arg": {"channel": "orders", "instType": "SPOT"}, "connId": "a"},
         SubscriptionTaken("orders")),
        ({"event": "notice", "code": "64008", "msg": "The connection will soon be closed"}, LineShutdown()),
    ],
)  # fmt: skip
def test_control_frames(frame: object, expected: object) -> None:
    assert said(line(), frame) == [expected]


def test_pongs_and_counts_of_connections() -> None:
    assert list(line().read(b"pong", LOCAL_NS)) == [LinePong()]
    count = {"event": "channel-conn-count", "channel": "orders", "connCount": "2", "connId": "a"}
    assert said(line(), count) == []
    (refused,) = said(line(), {**count, "event": "channel-conn-count-error", "connCount": "30"})
    assert isinstance(refused, SubscriptionRefused)
    assert (refused.name, refused.fault.kind) == ("orders", FaultKind.RATE_LIMITED)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("60004", FaultKind.CLOCK), ("60005", FaultKind.KEY), ("60006", FaultKind.CLOCK),
        ("60007", FaultKind.SIGNATURE), ("60009", FaultKind.LOGIN), ("60024", FaultKind.KEY),
        ("60032", FaultKind.KEY), ("50101", FaultKind.KEY), ("50110", FaultKind.PERMISSION),
    ],
)  # fmt: skip
def test_a_refused_login(code: str, kind: FaultKind) -> None:
    (refused,) = said(line(), {"event": "error", "code": code, "msg": "Login failed.", "connId": "a"})
    assert isinstance(refused, LoginRefused)
    assert (refused.fault.kind, refused.fault.code) == (kind, code)


def test_errors_find_what_they_are_about() -> None:
    of = line(SWAP)
    of.subscriptions(7, STAMP)
    error = {
        "event": "error",
        "code": "60018",
        "msg": "Wrong URL or channel:positions,instType:X doesn't exist",
    }
    by_id, by_name = said(of, {**error, "id": "8", "msg": "no"}), said(of, error)
    assert [(each.name, each.fault.code) for each in by_id + by_name] == [
        ("account", "60018"), ("positions", "60018"),
    ]  # fmt: skip
    (reply,) = said(of, {"event": "error", "id": "99", "code": "60012", "msg": "Invalid request: {}"})
    assert isinstance(reply, LineReply)
    assert reply.request_id == 99
    (ended,) = said(of, {"event": "error", "code": "60011", "msg": "Please log in"})
    assert isinstance(ended, LineEnded)
    (other,) = said(of, {"event": "error", "code": "63999", "msg": "Internal system error"})
    assert isinstance(other, LineUnknown)


def test_the_answer_to_an_order_is_read_by_the_dialect() -> None:
    frame = {
        "id": "1512", "op": "order", "code": "0", "msg": "",
        "data": [{"clOrdId": CLIENT_TEXT, "ordId": "12345689", "sCode": "0", "sMsg": ""}],
    }  # fmt: skip
    (reply,) = said(line(), frame)
    assert isinstance(reply, LineReply)
    placed = dialect().read(PlaceOrder(approved()), reply.reply, LOCAL_NS)
    assert (reply.request_id, placed) == (1512, Placed(CLIENT_ID, VenueOrderId("12345689")))


def test_an_order_that_rests() -> None:
    (report,) = said(line(), push("orders", ORDER))
    assert isinstance(report, OrderReport)
    assert (report.state, report.client_order_id, report.lots) == (OrderState.ACKED, CLIENT_ID, 1_500_000)


def test_a_fill_is_told_before_the_order_that_it_changes() -> None:
    fill, report = said(line(), push("orders", {**ORDER, **FILL}))
    assert isinstance(fill, FillReport)
    assert isinstance(report, OrderReport)
    assert (fill.fill_id, fill.lots, fill.price_ticks) == ("797592319", 500_000, 604_005)
    assert (fill.fee, fill.fee_asset) == (Decimal("0.000005"), "BTC")
    assert (report.state, report.filled_lots) == (OrderState.PARTIALLY_FILLED, 500_000)


def test_an_order_that_came_of_a_trigger_is_known_by_our_id() -> None:
    fill, report = said(line(), push("orders", {**ORDER, **FILL, "clOrdId": "", "algoClOrdId": CLIENT_TEXT}))
    assert (fill.client_order_id, report.client_order_id) == (CLIENT_ID, CLIENT_ID)


def test_an_amended_order_is_told_as_it_is_now() -> None:
    amended = {**ORDER, "px": "60000", "sz": "0.02", "amendResult": "0", "reqId": "b1", "amendSource": "1"}
    (report,) = said(line(), push("orders", amended))
    assert (report.price_ticks, report.lots) == (600_000, 2_000_000)


def test_a_snapshot_of_the_account_may_come_in_pages() -> None:
    of = line(SWAP)
    for page, (asset, total) in enumerate([("USDT", "10"), ("BTC", "0.5")], start=1):
        detail = {"ccy": asset, "cashBal": total, "availBal": "", "availEq": "", "uTime": "1"}
        (report,) = said(
            of, push("account", {"uTime": "1", "details": [detail]}, eventType="snapshot", curPage=page)
        )
        assert isinstance(report, BalanceReport)
        assert (report.market, report.asset, report.total) == ("okx.swap", asset, Decimal(total))
    assert said(of, push("account", {"uTime": "1", "details": []})) == []


def test_a_closed_position_is_told() -> None:
    row = {"instId": "BTC-USDT-SWAP", "pos": "0", "posSide": "net", "avgPx": "", "uTime": "1"}
    (report,) = said(line(SWAP), push("positions", row))
    assert isinstance(report, PositionReport)
    assert (report.lots, report.entry_price) == (0, None)
    assert said(line(SWAP), push("positions")) == []


def test_instruments_that_the_desk_does_not_know_are_counted() -> None:
    (unknown,) = said(line(), push("orders", {**ORDER, "instId": "XRP-USDT"}))
    assert isinstance(unknown, LineUnknown)
    reports = said(line(), push("orders", {**ORDER, "instId": "XRP-USDT"}, ORDER))
    assert [type(each) for each in reports] == [OrderReport]


@pytest.mark.parametrize(
    "row",
    [{**ORDER, "px": "1.05"}, {**ORDER, "state": "odd"}, {**ORDER, "sz": 1}, {"instId": "BTC-USDT"}, 5, None],
)
def test_a_push_that_cannot_be_read_is_a_hole_and_nothing_of_it_is_told(row: object) -> None:
    unknown, stale = said(line(), push("orders", ORDER, row))
    assert isinstance(unknown, LineUnknown)
    assert isinstance(stale, Stale)
    assert stale.reason.startswith("orders: ")


@pytest.mark.parametrize(
    "payload",
    [b"", b"ping", b"{", b"[]", b"5", b'{"event":5}', b'{"event":"later"}', b'{"op":"order"}',
     b'{"op":"order","id":"x"}', b'{"arg":{"channel":"fills"},"data":[]}', b"\xff\xfe",
     b'{"event":"notice","code":"1"}', b'{"arg":{"channel":"positions"},"data":[{}]}'],
)  # fmt: skip
def test_anything_else_is_counted_and_ignored(payload: bytes) -> None:
    (unknown,) = line(SPOT).read(payload, LOCAL_NS)
    assert unknown in (LineUnknown(payload), LineUnknown(payload, unreadable=True))


def test_a_fault_of_the_line_shows_no_passphrase() -> None:
    echo = 'Invalid request: {"op":"login","args":[{"apiKey":"k","passphrase":"secret"}]}'
    (refused,) = said(line(), {"event": "error", "code": "60009", "msg": echo})
    assert isinstance(refused, LoginRefused)
    assert (refused.fault.text, refused.fault.effect) == ("Invalid request:", Effect.REFUSED)
