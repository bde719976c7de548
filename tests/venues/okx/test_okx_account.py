"""OKX's account: balances, positions, fees, leverage, the dead-man switch, permissions of a key."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.okx_desk import LOCAL_NS, STAMP, content, dialect, reply, target
from trimaran.domain.instrument import Fees, Symbol
from trimaran.domain.reports import MarginMode
from trimaran.venues.okx.dialect import READERS, WRITERS
from trimaran.venues.okx.spec import SPOT, SWAP
from trimaran.venues.wire import asks as asks_module
from trimaran.venues.wire.asks import (
    AccountFees,
    AccountId,
    ArmDeadMan,
    Armed,
    Ask,
    Balances,
    CancelAll,
    Disarmed,
    KeyPermissions,
    Positions,
    ReadKeyPermissions,
    SetLeverage,
    SetMarginMode,
    StreamToken,
    TokenAction,
    UserId,
)
from trimaran.venues.wire.capability import Capability, Supported, Unsupported
from trimaran.venues.wire.fault import VenueFault

SYMBOL, SWAP_SYMBOL = Symbol("BTC-USDT"), Symbol("BTC-USDT-SWAP")
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("spec", "ask", "expected"),
    [
        (SPOT, Balances(), "account/balance"),
        (SWAP, Positions(), "account/positions?instType=SWAP"),
        (SWAP, Positions(SWAP_SYMBOL), "account/positions?instType=SWAP&instId=BTC-USDT-SWAP"),
        (SPOT, AccountFees(SYMBOL), "account/trade-fee?instType=SPOT&instId=BTC-USDT"),
        (SWAP, AccountFees(SWAP_SYMBOL), "account/trade-fee?instType=SWAP&instFamily=BTC-USDT"),
        (SPOT, ReadKeyPermissions(), "account/config"),
        (SWAP, AccountId(), "account/config"),
    ],
)
def test_questions(spec: Any, ask: Any, expected: str) -> None:
    assert target(dialect(spec).write(ask, STAMP)) == ("GET", f"/api/v5/{expected}")


@pytest.mark.parametrize(
    ("spec", "ask", "capability"),
    [
        (SPOT, Positions(), Capability.POSITIONS),
        (SPOT, SetLeverage(SYMBOL, 3), Capability.LEVERAGE),
        (SPOT, SetMarginMode(SYMBOL, MarginMode.CROSS), Capability.MARGIN_MODE),
        (SWAP, SetMarginMode(SWAP_SYMBOL, MarginMode.CROSS), Capability.MARGIN_MODE),
        (SPOT, StreamToken(TokenAction.START), Capability.PRIVATE_STREAM),
        (SPOT, ArmDeadMan(9 * SECOND), Capability.DEAD_MAN),
        (SPOT, ArmDeadMan(121 * SECOND), Capability.DEAD_MAN),
        (SPOT, ArmDeadMan(1), Capability.DEAD_MAN),
    ],
)
def test_what_there_is_not_has_a_reason(spec: Any, ask: Any, capability: Capability) -> None:
    answer = dialect(spec).write(ask, STAMP)
    assert isinstance(answer, Unsupported)
    assert (answer.capability, bool(answer.reason)) == (capability, True)


def test_both_markets_have_a_whole_table_of_capabilities() -> None:
    for spec in (SPOT, SWAP):
        rows = dialect(spec).capabilities
        assert set(rows) == set(Capability)
        assert isinstance(rows[Capability.HMAC], Supported)
        assert isinstance(rows[Capability.ED25519], Unsupported)
        assert isinstance(rows[Capability.TESTNET], Supported)
        assert dialect(spec).market == spec.market


def test_balances_are_texts_and_an_empty_one_is_not_zero() -> None:
    details = [
        {"ccy": "USDT", "cashBal": "4850.435693622894", "availBal": "4834.317093622894", "uTime": "5"},
        {"ccy": "BTC", "cashBal": "1", "availBal": "", "availEq": "0.5", "uTime": ""},
        {"ccy": "ETH", "cashBal": "", "availBal": "", "availEq": ""},
    ]
    answer = reply({"uTime": "1705474164160", "details": details})
    found = dialect(SWAP).read(Balances(), answer, LOCAL_NS)
    assert [(each.market, each.asset, each.total, each.free, each.venue_ns) for each in found] == [
        ("okx.swap", "USDT", Decimal("4850.435693622894"), Decimal("4834.317093622894"), 5_000_000),
        ("okx.swap", "BTC", Decimal(1), Decimal("0.5"), 1_705_474_164_160_000_000),
        ("okx.swap", "ETH", None, None, 1_705_474_164_160_000_000),
    ]


POSITION = {
    "instId": "BTC-USDT-SWAP", "instType": "SWAP", "pos": "-20.5", "posSide": "net", "avgPx": "94521.7",
    "markPx": "94484.4", "liqPx": "", "upl": "-7.46", "lever": "3", "mgnMode": "cross",
    "uTime": "1735371177364",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "lots"),
    [
        ({}, -20_500_000),
        ({"pos": "0.1"}, 100_000),
        ({"pos": "20", "posSide": "long"}, 20_000_000),
        ({"pos": "20", "posSide": "short"}, -20_000_000),
        ({"pos": "0"}, 0),
        ({"pos": ""}, 0),
    ],
)
def test_positions_are_signed_contracts(changes: dict[str, str], lots: int) -> None:
    (found,) = dialect(SWAP).read(Positions(), reply({**POSITION, **changes}), LOCAL_NS)
    assert found.lots == lots
    assert found.entry_price == (Decimal("94521.7") if lots else None)


def test_a_position_is_read_whole() -> None:
    other = {**POSITION, "instId": "BTC-USD-SWAP"}
    (found,) = dialect(SWAP).read(Positions(), reply(other, POSITION), LOCAL_NS)
    assert (found.instrument_key, found.mark_price) == ("okx.swap:BTC-USDT-SWAP", Decimal("94484.4"))
    assert (found.liquidation_price, found.unrealised) == (None, Decimal("-7.46"))
    assert (found.leverage, found.margin_mode) == (Decimal(3), MarginMode.CROSS)
    assert (found.venue_ns, found.local_ns) == (1_735_371_177_364_000_000, LOCAL_NS)
    (portfolio,) = dialect(SWAP).read(Positions(), reply({**POSITION, "lever": "0"}), LOCAL_NS)
    assert portfolio.leverage is None


@pytest.mark.parametrize(
    ("spec", "row", "fees"),
    [
        (SPOT, {"maker": "-0.0008", "taker": "-0.001", "makerU": "", "takerU": ""}, Fees(80_000, 100_000)),
        (SPOT, {"maker": "0.00005", "taker": "-0.00015"}, Fees(-5_000, 15_000)),
        (SWAP, {"maker": "-0.0001", "taker": "-0.0003", "makerU": "-0.0002", "takerU": "-0.0005"},
         Fees(20_000, 50_000)),
        (SWAP, {"maker": "-0.0002", "taker": "-0.0005"}, Fees(20_000, 50_000)),
        (SWAP, {"feeGroup": [{"groupId": "1", "maker": "-0.0002", "taker": "-0.0005"}]},
         Fees(20_000, 50_000)),
        (SPOT, {"maker": "0", "taker": "0"}, Fees(0, 0)),
    ],
)  # fmt: skip
def test_a_charge_is_negative_there_and_positive_here(spec: Any, row: Any, fees: Fees) -> None:
    symbol = SYMBOL if spec is SPOT else SWAP_SYMBOL
    assert dialect(spec).read(AccountFees(symbol), reply(row), LOCAL_NS) == fees


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"maker": "", "taker": "-0.001"}, "SCHEMA: maker"),
        ({"maker": "-0.0000000001", "taker": "-0.001"}, "OFF_GRID: maker"),
        ({"maker": "-0.5", "taker": "-0.001"}, "RANGE: fees"),
        ({"feeGroup": [{"maker": "1"}, {"maker": "2"}]}, "SCHEMA: maker"),
    ],
)
def test_rates_that_make_no_sense_are_refused(row: Any, text: str) -> None:
    with pytest.raises(VenueFault, match=text):
        dialect().read(AccountFees(SYMBOL), reply(row), LOCAL_NS)


def test_leverage_is_of_an_instrument_and_a_margin_mode() -> None:
    cross = dialect(SWAP).write(SetLeverage(SWAP_SYMBOL, 5), STAMP)
    assert target(cross) == ("POST", "/api/v5/account/set-leverage")
    assert content(cross) == {"instId": "BTC-USDT-SWAP", "lever": "5", "mgnMode": "cross"}
    ask = SetLeverage(SWAP_SYMBOL, 30, MarginMode.ISOLATED)
    assert content(dialect(SWAP).write(ask, STAMP))["mgnMode"] == "isolated"
    sides = [{"lever": "30", "posSide": side, "mgnMode": "isolated"} for side in ("long", "short")]
    assert dialect(SWAP).read(ask, reply(*sides), LOCAL_NS) == Decimal(30)
    with pytest.raises(VenueFault, match="expected one row"):
        dialect(SWAP).read(ask, reply(), LOCAL_NS)


@pytest.mark.parametrize(
    ("timeout_ns", "said"), [(0, "0"), (10 * SECOND, "10"), (59_999_999_999, "59"), (120 * SECOND, "120")]
)
def test_the_dead_man_switch_counts_in_seconds(timeout_ns: int, said: str) -> None:
    request = dialect().write(ArmDeadMan(timeout_ns), STAMP)
    assert target(request) == ("POST", "/api/v5/trade/cancel-all-after")
    assert content(request) == {"timeOut": said}


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ("1587971460", Armed(1_587_971_460_000_000_000)),  # the documented sample has seconds
        ("1587971460123", Armed(1_587_971_460_123_000_000)),
        ("0", Disarmed()),
        ("", Disarmed()),
    ],
)
def test_the_answer_of_the_switch(told: str, answer: object) -> None:
    row = {"triggerTime": told, "tag": "", "ts": "1587971400"}
    assert dialect().read(ArmDeadMan(10 * SECOND), reply(row), LOCAL_NS) == answer


@pytest.mark.parametrize(
    ("perm", "ip", "expected"),
    [
        ("read_only", "", KeyPermissions(True, False, False, (), "44")),
        ("read_only,trade", "1.2.3.4", KeyPermissions(True, True, False, ("1.2.3.4",), "44")),
        ("read_only,withdraw,trade", "1.2.3.4,5.6.7.8",
         KeyPermissions(True, True, True, ("1.2.3.4", "5.6.7.8"), "44")),
    ],
)  # fmt: skip
def test_permissions(perm: str, ip: str, expected: KeyPermissions) -> None:
    answer = reply({"uid": "44", "perm": perm, "ip": ip, "acctLv": "2", "posMode": "net_mode"})
    assert dialect().read(ReadKeyPermissions(), answer, LOCAL_NS) == expected
    assert dialect().read(AccountId(), answer, LOCAL_NS) == "44"
    assert dialect().read(UserId(), answer, LOCAL_NS) == "44"


def test_every_ask_is_worded_and_every_one_that_has_an_answer_is_read() -> None:
    asks = {each for each in vars(asks_module).values() if isinstance(each, type) and issubclass(each, Ask)}
    assert set(WRITERS) == asks - {Ask}
    assert set(READERS) == set(WRITERS) - {CancelAll, SetMarginMode, StreamToken}  # never a request


def test_permissions_that_are_not_said_are_an_error() -> None:
    with pytest.raises(VenueFault, match="SCHEMA: perm"):
        dialect().read(ReadKeyPermissions(), reply({"uid": "44", "ip": ""}), LOCAL_NS)
