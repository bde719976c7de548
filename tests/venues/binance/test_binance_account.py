"""The account at Binance, and public questions: what is asked where, and what the answers amount to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from tests.support.binance_account import (
    HMAC,
    KEY,
    NOW_NS,
    OURS_TEXT,
    STAMP,
    dialect,
    error,
    instrument,
    ok,
    query_of,
    ref,
    setup,
)
from tests.support.instruments import PERPETUAL, SPOT
from trimaran.domain.instrument import Symbol
from trimaran.domain.reports import MarginMode
from trimaran.venues.binance.dialect import spot_dialect
from trimaran.venues.binance.spec import SPOT_PRIVATE, SPOT_TESTNET, USDM_PRIVATE
from trimaran.venues.wire.asks import (
    AccountFees,
    AccountId,
    Ask,
    Balances,
    CancelAll,
    CancelledAll,
    CancelOrder,
    CancelTaken,
    FundingNow,
    Interval,
    KeyPermissions,
    Klines,
    Positions,
    ReadKeyPermissions,
    RecentTrades,
    ServerTime,
    SetLeverage,
    SetMarginMode,
    StreamToken,
    Tickers,
    TokenAction,
)
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.fault import FaultKind, VenueFault
from trimaran.venues.wire.message import Charge, HttpRequest

BTC = Symbol("BTCUSDT")
TIMED = {"recvWindow", "timestamp", "signature"}
PRIVATE, KEYED, PUBLIC = "signed", "keyed", "public"

WRITTEN: list[tuple[str, Ask[Any], str, dict[str, str], str]] = [
    ("spot", Balances(), "GET /api/v3/account", {"omitZeroBalances": "true"}, PRIVATE),
    ("spot", AccountFees(BTC), "GET /api/v3/account/commission", {"symbol": "BTCUSDT"}, PRIVATE),
    ("spot", ReadKeyPermissions(), "GET /sapi/v1/account/apiRestrictions", {}, PRIVATE),
    ("spot", ServerTime(), "GET /api/v3/time", {}, PUBLIC),
    ("spot", RecentTrades(BTC, 5000), "GET /api/v3/trades", {"symbol": "BTCUSDT", "limit": "1000"}, PUBLIC),
    ("spot", Tickers(BTC), "GET /api/v3/ticker/24hr", {"symbol": "BTCUSDT"}, PUBLIC),
    ("spot", Tickers(), "GET /api/v3/ticker/24hr", {"symbols": '["BTCUSDT"]'}, PUBLIC),
    ("usdm", Balances(), "GET /fapi/v3/balance", {}, PRIVATE),
    ("usdm", Positions(), "GET /fapi/v3/positionRisk", {}, PRIVATE),
    ("usdm", Positions(BTC), "GET /fapi/v3/positionRisk", {"symbol": "BTCUSDT"}, PRIVATE),
    ("usdm", AccountFees(BTC), "GET /fapi/v1/commissionRate", {"symbol": "BTCUSDT"}, PRIVATE),
    ("usdm", SetLeverage(BTC, 7), "POST /fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": "7"}, PRIVATE),
    (
        "usdm", SetMarginMode(BTC, MarginMode.CROSS), "POST /fapi/v1/marginType",
        {"symbol": "BTCUSDT", "marginType": "CROSSED"}, PRIVATE,
    ),
    ("usdm", ReadKeyPermissions(), "GET /fapi/v2/account", {}, PRIVATE),
    ("usdm", StreamToken(TokenAction.START), "POST /fapi/v1/listenKey", {}, KEYED),
    ("usdm", StreamToken(TokenAction.KEEP, "x"), "PUT /fapi/v1/listenKey", {}, KEYED),
    ("usdm", StreamToken(TokenAction.END, "x"), "DELETE /fapi/v1/listenKey", {}, KEYED),
    ("usdm", ServerTime(), "GET /fapi/v1/time", {}, PUBLIC),
    ("usdm", Tickers(), "GET /fapi/v1/ticker/24hr", {}, PUBLIC),
    ("usdm", FundingNow(BTC), "GET /fapi/v1/premiumIndex", {"symbol": "BTCUSDT"}, PUBLIC),
    (
        "usdm", Klines(BTC, Interval.HOUR_4, 9_000_000, 9999), "GET /fapi/v1/klines",
        {"symbol": "BTCUSDT", "interval": "4h", "limit": "1500", "startTime": "9"}, PUBLIC,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("market", "ask", "route", "parameters", "access"), WRITTEN)
def test_what_is_asked_where(
    market: str, ask: Ask[Any], route: str, parameters: dict[str, str], access: str
) -> None:
    request = dialect(market).write(ask, STAMP)
    assert isinstance(request, HttpRequest)
    found = {name: unquote(value) for name, value in query_of(request).items()}
    assert f"{request.method} /{request.url.partition('?')[0].split('/', 3)[3]}" == route
    assert {name: value for name, value in found.items() if name not in TIMED} == parameters
    assert (set(found) >= TIMED) == (access == PRIVATE)
    assert request.headers == ({} if access == PUBLIC else {"X-MBX-APIKEY": KEY})
    assert request.charges
    known = {limit.name for spec in (SPOT_PRIVATE, USDM_PRIVATE) for limit in spec.limits}
    assert {charge.budget for charge in request.charges} <= known
    if access == PUBLIC:
        assert dialect(market, None).write(ask, STAMP) == request


MISSING: list[tuple[str, Ask[Any]]] = [
    ("spot", Positions()),
    ("spot", SetLeverage(BTC, 2)),
    ("spot", SetMarginMode(BTC, MarginMode.CROSS)),
    ("spot", StreamToken(TokenAction.START)),
    ("spot", FundingNow(BTC)),
    ("spot", AccountId()),
    ("usdm", AccountId()),
]


@pytest.mark.parametrize(("market", "ask"), MISSING)
def test_what_is_missing_says_why(market: str, ask: Ask[Any]) -> None:
    outcome = dialect(market).write(ask, STAMP)
    assert isinstance(outcome, Unsupported)
    assert outcome.reason


def test_weights_grow_with_what_is_asked() -> None:
    for limit, weight in ((1, 1), (99, 1), (100, 2), (499, 2), (500, 5), (1000, 5), (1001, 10)):
        request = dialect("usdm").write(Klines(BTC, Interval.MINUTE_1, limit=limit), STAMP)
        assert isinstance(request, HttpRequest)
        assert request.charges == (Charge("usdm_weight", weight),)
    for count, weight in ((1, 2), (20, 2), (21, 40), (101, 80)):
        known = {Symbol(f"S{at}"): instrument(SPOT, f"S{at}", "S", "USDT", -2, -2) for at in range(count)}
        request = dialect(instruments=known).write(Tickers(), STAMP)
        assert isinstance(request, HttpRequest)
        assert request.charges == (Charge("spot_weight", weight),)
        assert ("symbols=" in request.url) == (weight < 80)


def test_what_is_so_already_is_done() -> None:
    same = error(-4046, "No need to change margin type.")
    mode = SetMarginMode(BTC, MarginMode.ISOLATED)
    assert dialect("usdm").read(mode, same, NOW_NS) is MarginMode.ISOLATED
    assert dialect().read(CancelAll(BTC), error(-2011, "Unknown order sent."), NOW_NS) == CancelledAll(0)
    with pytest.raises(VenueFault) as caught:
        dialect("usdm").read(mode, error(-4048, "Margin type cannot be changed."), NOW_NS)
    assert caught.value.fault.kind is FaultKind.POSITION_LIMIT


def test_what_is_done_is_said_in_few_words() -> None:
    short = {"algoId": 9, "clientAlgoId": OURS_TEXT, "code": "200", "msg": "success"}
    assert dialect("usdm").read(CancelOrder(ref(triggered=True)), ok(short), NOW_NS) == CancelTaken()
    for code in (200, "200"):
        done = ok({"code": code, "msg": "The operation of cancel all open order is done."})
        assert dialect("usdm").read(CancelAll(BTC, True), done, NOW_NS) == CancelledAll(None)
    with pytest.raises(VenueFault):
        dialect("usdm").read(CancelAll(BTC), ok({"code": 400, "msg": "no"}), NOW_NS)


def test_what_a_key_may_do() -> None:
    ask = ReadKeyPermissions()
    wallet = {
        "enableReading": True,
        "enableWithdrawals": True,
        "enableSpotAndMarginTrading": True,
        "ipRestrict": True,
    }
    assert dialect().read(ask, ok(wallet), NOW_NS) == KeyPermissions(True, True, True)
    testnet = spot_dialect(replace(setup(), rest=SPOT_TESTNET.rest))
    request = testnet.write(ask, STAMP)
    assert isinstance(request, HttpRequest)
    assert request.url.startswith("https://testnet.binance.vision/api/v3/account?")
    account = {"canTrade": True, "canWithdraw": True, "uid": 354937868, "balances": []}
    assert testnet.read(ask, ok(account), NOW_NS) == KeyPermissions(True, True, None, account="354937868")
    assert dialect("usdm").read(ask, ok({"canTrade": False}), NOW_NS) == KeyPermissions(True, False, None)


def test_a_simulated_host_is_asked_like_the_live_one() -> None:
    local = spot_dialect(replace(setup(credentials=HMAC), rest="http://127.0.0.1:9000"))
    request = local.write(ReadKeyPermissions(), STAMP)
    assert isinstance(request, HttpRequest)
    assert request.url.startswith("http://127.0.0.1:9000/sapi/v1/account/apiRestrictions?")


def test_empty_assets_are_left_out() -> None:
    rows = [
        {"asset": "btc", "free": "0.0", "locked": "1.5"},
        {"asset": "ETH", "free": "0.000", "locked": "0"},
    ]
    (btc,) = dialect().read(Balances(), ok({"updateTime": 1, "balances": rows}), NOW_NS)
    assert (btc.asset, btc.total, btc.free) == ("BTC", Decimal("1.5"), Decimal(0))


def test_two_sides_of_a_position_are_one() -> None:
    row = {"symbol": "BTCUSDT", "entryPrice": "50000.0", "markPrice": "50001.0", "updateTime": 5}
    sides = [row | {"positionAmt": "0.005"}, row | {"positionAmt": "-0.002"}, row | {"positionAmt": "0.000"}]
    strange = row | {"symbol": "ETHUSDT", "positionAmt": "1"}
    (position,) = dialect("usdm").read(Positions(), ok([*sides, strange]), NOW_NS)
    assert (position.instrument_key, position.lots, position.entry_price) == (PERPETUAL.key, 3, None)


def test_a_bar_closes_with_its_last_millisecond() -> None:
    closes_ms = NOW_NS // 1_000_000
    row = [closes_ms - 59_999, "1", "2", "0.5", "1.5", "10", closes_ms, "15", 3, "5", "7", "0", "one more"]
    ask = Klines(BTC, Interval.MINUTE_1)
    for local_ns, closed in ((NOW_NS, False), (NOW_NS + 1, True)):
        (bar,) = dialect().read(ask, ok([row]), local_ns)
        assert bar.closed is closed
