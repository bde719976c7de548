"""Binance's private lines: what is said on them, and what is answered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.support.binance_account import (
    ED25519,
    HMAC,
    KEY,
    NOW_NS,
    OURS,
    OURS_TEXT,
    STAMP,
    approved,
    dialect,
    line,
    ref,
)
from tests.support.binance_events import EXECUTION, MS, TIME, reply, usdm
from trimaran.venues.binance.signing import signer_of, sorted_text
from trimaran.venues.binance.spec import SPOT_PRIVATE, USDM_PRIVATE
from trimaran.venues.wire.asks import CancelOrder, PlaceOrder
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault
from trimaran.venues.wire.lines import (
    LineEnded,
    LineReply,
    LineShutdown,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    SubscriptionRefused,
    SubscriptionTaken,
)


def test_an_ed25519_key_logs_in_and_subscribes() -> None:
    private = line(credentials=ED25519)
    request = msgspec.json.decode(str(private.login(7, STAMP)))
    assert (request["id"], request["method"]) == ("L7", "session.logon")
    signature = request["params"].pop("signature")
    assert request["params"] == {"apiKey": KEY, "timestamp": STAMP.ms}
    assert signature == signer_of(ED25519).sign(sorted_text(request["params"]).encode())
    ((name, text),) = private.subscriptions(8, STAMP)
    assert name == "userData"
    assert msgspec.json.decode(text) == {"id": "S8", "method": "userDataStream.subscribe", "params": {}}


def test_an_hmac_key_signs_the_subscription() -> None:
    private = line(credentials=HMAC)
    assert private.login(7, STAMP) is None
    ((_, text),) = private.subscriptions(8, STAMP)
    request = msgspec.json.decode(text)
    assert (request["id"], request["method"]) == ("S8", "userDataStream.subscribe.signature")
    signature = request["params"].pop("signature")
    assert request["params"] == {"apiKey": KEY, "timestamp": STAMP.ms}
    assert signature == signer_of(HMAC).sign(sorted_text(request["params"]).encode())


def test_usdm_streams_need_only_their_url() -> None:
    for credentials in (HMAC, ED25519):
        private, orders = line("usdm", "private", credentials), line("usdm", "orders", credentials)
        assert private.login(1, STAMP) is None
        assert private.subscriptions(1, STAMP) == orders.subscriptions(1, STAMP) == ()
        assert (orders.login(1, STAMP) is None) == (credentials is HMAC)


def test_lines_of_the_specs() -> None:
    assert [(one.name, one.pushes, one.takes_orders) for one in SPOT_PRIVATE.lines] == [
        ("private", True, True)
    ]
    assert [(one.name, one.pushes, one.takes_orders) for one in USDM_PRIVATE.lines] == [
        ("private", True, False),
        ("orders", False, True),
    ]
    for spec in (SPOT_PRIVATE, USDM_PRIVATE):
        assert spec.testnet is not None
        for one in spec.lines:
            assert one.base in spec.live
            assert one.base in spec.testnet
            assert one.needs_token == ("{token}" in one.path) == (one.token_keep_ns > 0)
        assert set(spec.live) == set(spec.testnet)
        assert all(not url.endswith("/") for url in (*spec.live.values(), *spec.testnet.values()))


# --- replies ------------------------------------------------------------------------------------------


REVOKED = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}


def test_login_and_subscription_are_answered() -> None:
    assert reply({"id": "L7", "status": 200, "result": {"apiKey": KEY}}) == (LoggedIn(),)
    assert reply({"id": "S8", "status": 200, "result": {"subscriptionId": 0}}) == (
        SubscriptionTaken("userData"),
    )
    (refused,) = reply({"id": "L7", "status": 401, "error": REVOKED})
    assert isinstance(refused, LoginRefused)
    assert refused.fault.kind is FaultKind.KEY
    (refused,) = reply({"id": "S8", "status": 400, "error": {"code": -2035, "msg": "active already"}})
    assert isinstance(refused, SubscriptionRefused)
    assert (refused.name, refused.fault.kind) == ("userData", FaultKind.LOGIN)


def test_an_order_reply_is_read_like_an_answer_over_rest() -> None:
    result = {
        "symbol": "BTCUSDT", "orderId": 77, "clientOrderId": OURS_TEXT, "transactTime": TIME,
        "price": "50000.00", "origQty": "0.01000", "executedQty": "0.01000", "cummulativeQuoteQty": "499.90",
        "status": "FILLED", "timeInForce": "GTC", "type": "LIMIT", "side": "BUY",
        "fills": [
            {"price": "49990.0", "qty": "0.01", "commission": "1E-5", "commissionAsset": "BTC", "tradeId": 5}
        ],
    }  # fmt: skip
    limits = [
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50, "count": 12},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000, "count": 4043},
        {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": 6000,
            "count": 321,
        },
    ]
    (answer,) = reply({"id": 5, "status": 200, "result": result, "rateLimits": limits})
    assert isinstance(answer, LineReply)
    assert answer.request_id == 5
    headers = {limit.used_header for limit in SPOT_PRIVATE.limits}
    assert set(answer.reply.headers) <= headers
    assert answer.reply.headers["x-mbx-order-count-10s"] == "12"
    assert answer.reply.headers["x-mbx-order-count-1d"] == "4043"
    assert answer.reply.headers["x-mbx-used-weight-1m"] == "321"
    placed = dialect().read(PlaceOrder(approved()), answer.reply, NOW_NS)
    assert (placed.client_order_id, placed.venue_order_id) == (OURS, "77")
    (fill,) = placed.fills
    assert (fill.price_ticks, fill.lots, fill.fee, fill.fee_asset) == (
        4_999_000,
        1000,
        Decimal("0.00001"),
        "BTC",
    )
    assert placed.report is not None
    assert placed.report.average_price == 49_990


def test_an_order_error_is_read_like_an_answer_over_rest() -> None:
    error = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    (answer,) = reply({"id": 6, "status": 400, "error": error})
    with pytest.raises(VenueFault) as caught:
        dialect().read(PlaceOrder(approved()), answer.reply, NOW_NS)
    assert caught.value.fault.kind is FaultKind.INSUFFICIENT_FUNDS
    (answer,) = reply(
        {"id": 7, "status": 504, "error": {"code": -1007, "msg": "Timeout waiting for response."}}
    )
    with pytest.raises(VenueFault) as caught:
        dialect().read(PlaceOrder(approved()), answer.reply, NOW_NS)
    assert caught.value.fault.effect is Effect.UNKNOWN


def test_an_order_to_stop_comes_with_its_end() -> None:
    data = {"serverTime": TIME, "retryAfter": TIME + 2500}
    error = {"code": -1003, "msg": "Too many requests.", "data": data}
    (answer,) = reply({"id": 6, "status": 429, "error": error})
    with pytest.raises(VenueFault) as caught:
        dialect().read(CancelOrder(ref()), answer.reply, NOW_NS)
    assert (caught.value.fault.kind, caught.value.fault.retry_after_ns) == (FaultKind.RATE_LIMITED, 2500 * MS)
    for strange in ({"data": "soon"}, {"data": {"retryAfter": "soon"}}, {"data": None}, {}):
        (answer,) = reply({"id": 6, "status": 429, "error": {"code": -1003, "msg": "Stop."} | strange})
        assert isinstance(answer, LineReply)


def test_what_ends_a_line() -> None:
    (ended,) = reply({"id": None, "status": 401, "error": REVOKED})
    assert isinstance(ended, LineEnded)
    assert ended.fault is not None
    assert ended.fault.kind is FaultKind.KEY
    (ended,) = reply({"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": TIME}})
    assert isinstance(ended, LineEnded)
    (ended,) = usdm("listenKeyExpired", listenKey="abc")
    assert isinstance(ended, LineEnded)
    for market in ("spot", "usdm"):
        assert reply({"e": "serverShutdown", "E": TIME}, market) == (LineShutdown(),)
        assert reply({"event": {"e": "serverShutdown", "E": TIME}}, market) == (LineShutdown(),)


def test_what_is_not_known_is_counted() -> None:
    frames: list[dict[str, Any]] = [
        {"id": None, "status": 400, "error": {"code": -1135, "msg": "Invalid JSON."}},
        {"id": "X", "status": 200, "result": {}},
        {"e": "somethingNew", "E": TIME},
        {"result": None, "id": 1},
        EXECUTION | {"X": "HALTED"},
        EXECUTION | {"p": "50000.001"},
        EXECUTION | {"S": "HOLD"},
        EXECUTION | {"i": "77"},
        EXECUTION | {"x": "TRADE", "l": "0.01", "L": "0", "t": 5},
    ]
    for frame in frames:
        (unknown,) = reply(frame)
        assert isinstance(unknown, LineUnknown)
        assert unknown.head == msgspec.json.encode(frame)[:120]
