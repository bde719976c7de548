"""Answers of HTX that need judgement: states, partial failures, not-founds, and what is no answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.htx_account import (
    BTC,
    KEY,
    OURS,
    SPOT_DIALECT,
    SWAP,
    SWAP_DIALECT,
    SWAP_OURS,
    THEIRS,
    answer,
    approved,
)
from trimaran.venues.wire import asks
from trimaran.venues.wire.asker import STOPPING
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0, FaultKind.NO_SUCH_ORDER),
        (-1, FaultKind.ORDER_ENDED),
        (5, FaultKind.ORDER_ENDED),
        (6, FaultKind.ORDER_ENDED),
        (7, FaultKind.ORDER_ENDED),
    ],
)
def test_cancel_by_client_id_answers_with_a_state(code: int, kind: FaultKind) -> None:
    with pytest.raises(VenueFault) as caught:
        answer(SPOT_DIALECT, asks.CancelOrder(OURS), {"status": "ok", "data": code})
    assert (caught.value.fault.kind, caught.value.fault.effect) == (kind, Effect.REFUSED)
    taken = asks.CancelTaken()
    assert answer(SPOT_DIALECT, asks.CancelOrder(THEIRS), {"status": "ok", "data": str(code)}) == taken
    for other in (10, "59378"):
        assert answer(SPOT_DIALECT, asks.CancelOrder(OURS), {"status": "ok", "data": other}) == taken


def test_cancel_over_the_line_answers_with_two_lists() -> None:
    failed = {
        "order-id": "1",
        "err-code": "order-orderstate-error",
        "err-msg": "Incorrect order state",
        "order-state": 7,
    }
    body = {"status": "ok", "data": {"success": [], "failed": [failed]}, "cid": "3"}
    with pytest.raises(VenueFault) as caught:
        answer(SPOT_DIALECT, asks.CancelOrder(OURS), body)
    assert caught.value.fault.kind is FaultKind.ORDER_ENDED
    body = {"status": "ok", "data": {"success": ["1180298630694875"], "failed": []}, "cid": "3"}
    assert answer(SPOT_DIALECT, asks.CancelOrder(OURS), body) == asks.CancelTaken()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"errors": [{"order_id": "1", "err_code": 1061, "err_msg": "x"}], "successes": ""},
         FaultKind.NO_SUCH_ORDER),
        ({"errors": [{"order_id": "1", "err_code": 1063, "err_msg": "x"}], "successes": ""},
         FaultKind.ORDER_ENDED),
        ({"errors": [{"order_id": "1", "err_code": 1071, "err_msg": "x"}], "successes": ""},
         FaultKind.ORDER_ENDED),
        ({"errors": [], "successes": ""}, FaultKind.UNKNOWN),
    ],
)  # fmt: skip
def test_a_swap_that_was_not_cancelled(data: dict[str, Any], kind: FaultKind) -> None:
    with pytest.raises(VenueFault) as caught:
        answer(SWAP_DIALECT, asks.CancelOrder(SWAP_OURS), {"status": "ok", "data": data, "ts": 1})
    assert caught.value.fault.kind is kind
    assert (caught.value.fault.effect is Effect.UNKNOWN) == (kind is FaultKind.UNKNOWN)


def test_cancel_all_tells_what_is_left() -> None:
    error = {"order_id": "2", "err_code": 1061, "err_msg": "x"}
    both = {"order_id": "1", "err_code": 1062, "err_msg": "x"}
    body = {"status": "ok", "data": {"errors": [error, both], "successes": "1,3"}}
    assert answer(SWAP_DIALECT, asks.CancelAll(SWAP.symbol), body) == asks.CancelledAll(2, ("2",))
    body = {"status": "ok", "data": {"success-count": 0, "failed-count": 3, "next-id": -1}}
    assert answer(SPOT_DIALECT, asks.CancelAll(None), body) == asks.CancelledAll(0, ("3 orders",))


def test_no_order_at_all_is_a_not_found() -> None:
    with pytest.raises(VenueFault) as caught:
        answer(SWAP_DIALECT, asks.QueryOrder(SWAP_OURS), {"status": "ok", "data": [], "ts": 1})
    assert caught.value.fault.kind is FaultKind.NO_SUCH_ORDER


def test_more_open_orders_than_one_answer_holds_are_no_answer() -> None:
    body = {"status": "ok", "data": {"orders": [], "total_page": 2}, "ts": 1}
    with pytest.raises(VenueFault) as caught:
        answer(SWAP_DIALECT, asks.OpenOrders(None), body)
    assert (caught.value.fault.kind, caught.value.fault.effect) == (
        FaultKind.TOO_MANY_ORDERS,  # for whoever asks to ask by instrument
        Effect.UNKNOWN,
    )


def test_a_ban_of_new_orders_does_not_stop_cancels() -> None:
    """They share a budget: a stop of it would leave the orders in the book that are to be cancelled."""
    body = {"status": "error", "err_code": 1084, "err_msg": "banned", "ts": 1}
    with pytest.raises(VenueFault) as caught:
        answer(SWAP_DIALECT, asks.PlaceOrder(approved(SWAP)), body)
    assert caught.value.fault.effect is Effect.REFUSED
    assert caught.value.fault.kind not in STOPPING
    assert caught.value.fault.retry_after_ns == 0


def test_all_fills_of_an_order_are_told_whatever_the_page() -> None:
    match = {
        "id": 1, "order-id": 59378, "symbol": "btcusdt", "type": "buy-limit", "price": "1", "role": "taker",
        "filled-amount": "1", "created-at": 1, "filled-fees": "0", "fee-currency": "btc",
    }  # fmt: skip
    body = {"status": "ok", "data": [{**match, "trade-id": at} for at in range(150)]}
    assert len(answer(SPOT_DIALECT, asks.FillHistory(BTC.symbol, limit=100, ref=THEIRS), body)) == 150
    newest = answer(SPOT_DIALECT, asks.FillHistory(BTC.symbol, since_ns=1, limit=100), body)
    assert [fill.fill_id for fill in newest] == [str(at) for at in range(50, 150)]


def test_both_sides_of_a_contract_are_hedge_mode() -> None:
    rows = [
        {"contract_code": "BTC-USDT", "volume": 1, "direction": side, "cost_open": 9.12e4}
        for side in ("buy", "sell")
    ]
    with pytest.raises(VenueFault, match="one-way mode"):
        answer(SWAP_DIALECT, asks.Positions(), {"status": "ok", "data": rows, "ts": 1})
    (short,) = answer(SWAP_DIALECT, asks.Positions(), {"status": "ok", "data": rows[1:], "ts": 1})
    assert short.lots == -1


def test_clocks_and_switches() -> None:
    assert answer(SPOT_DIALECT, asks.ServerTime(), {"status": "ok", "data": 1629715504949}) == (
        1629715504949 * 10**6
    )
    assert answer(SWAP_DIALECT, asks.ServerTime(), {"status": "ok", "ts": 1629715504949}) == (
        1629715504949 * 10**6
    )
    armed = {"code": 200, "message": "success", "data": {"currentTime": 1, "triggerTime": 1630491637230}}
    assert answer(SPOT_DIALECT, asks.ArmDeadMan(10**10), armed) == asks.Armed(1630491637230 * 10**6)
    off = {"code": 200, "data": {"currentTime": 1, "triggerTime": 0}}
    assert answer(SPOT_DIALECT, asks.ArmDeadMan(0), off) == asks.Disarmed()
    assert answer(SWAP_DIALECT, asks.ArmDeadMan(0), off) == asks.Disarmed()


def test_a_key_that_has_expired_may_nothing() -> None:
    key = {"accessKey": KEY.key, "permission": "readOnly,trade,withdraw", "status": "expired"}
    found = answer(SPOT_DIALECT, asks.ReadKeyPermissions(), {"code": 200, "data": [key]})
    assert found == asks.KeyPermissions(False, False, False, (), "63628520")
    key["status"] = "normal"
    found = answer(SPOT_DIALECT, asks.ReadKeyPermissions(), {"code": 200, "data": [key]})
    assert found == asks.KeyPermissions(True, True, True, (), "63628520")


def test_an_answer_of_the_order_line_without_a_status() -> None:
    body = {"op": "create_cross_order", "cid": "1", "err-code": 0, "data": {"order_id_str": "78401"}}
    assert answer(SWAP_DIALECT, asks.PlaceOrder(approved(SWAP)), body).venue_order_id == "78401"
