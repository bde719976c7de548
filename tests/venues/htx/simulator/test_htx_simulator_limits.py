"""Limits, their headers, and the faults of the gate on the private side of the simulated HTX."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.support.htx_client import trading
from trimaran.venues.htx.simulator.calls import Limit
from trimaran.venues.htx.simulator.limits import Windows
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.gate import TradingFaults


def test_windows_slide():
    windows, limit = Windows(), Limit(2, 1)
    taken = [windows.take("a", limit, at_ms) for at_ms in (0, 600, 700, 1000, 1100)]
    assert [each.allowed for each in taken] == [True, True, False, True, False]
    assert [each.remaining for each in taken] == [1, 0, 0, 0, 0]
    assert [each.reset_ms for each in taken] == [1000, 400, 300, 600, 500]
    assert windows.take("b", limit, 1100).allowed


async def test_headers_count_down_and_too_many_are_429(trader):
    path = "/v1/account/accounts"
    seen = [await trader.call("spot", "GET", path) for _ in range(52)]
    left = [int(headers["X-HB-RateLimit-Requests-Remain"]) for _, _, headers in seen]
    assert left[:50] == list(range(49, -1, -1))
    assert [status for status, _, _ in seen[50:]] == [429, 429]
    assert seen[-1][1]["err-code"] == "too-many-request"
    assert 0 < int(seen[-1][2]["X-HB-RateLimit-Requests-Expire"]) <= 2000
    status, body, headers = await trader.call("swap", "POST", "/linear-swap-api/v1/swap_fee", {})
    assert (status, body["status"]) == (200, "ok")
    assert (headers["ratelimit-limit"], headers["ratelimit-interval"]) == ("72", "3000")
    assert headers["ratelimit-remaining"] == "71"


async def test_without_limits_nobody_counts():
    async with trading(limits=False) as trader:
        seen = [await trader.call("spot", "GET", "/v1/account/accounts") for _ in range(60)]
        assert {status for status, _, _ in seen} == {200}
        assert "X-HB-RateLimit-Requests-Remain" not in seen[0][2]


@pytest.mark.parametrize(
    ("plan", "status", "placed"),
    [
        ({"error_before": 1.0}, 502, 0),
        ({"error_after": 1.0}, 503, 1),
        ({"lost_request": 1.0}, None, 0),
        ({"lost_answer": 1.0}, None, 1),
    ],
)
async def test_answers_get_lost(plan, status, placed):
    async with trading() as trader:
        trader.simulator.set_faults(FaultPlan(trading=TradingFaults(**plan)))
        price = trader.price("spot", "btcusdt", 0.97)
        body = {
            "account-id": trader.account_id, "symbol": "btcusdt", "type": "buy-limit", "amount": "0.01",
            "price": price,
        }  # fmt: skip
        url = trader.signed_url("spot", "POST", "/v1/order/orders/place", {})
        try:
            async with trader.http.post(url, json=body) as answer:
                assert answer.status == status
        except aiohttp.ClientError:
            assert status is None
        assert len((await trader.spot("GET", "/v1/order/openOrders"))["data"]) == placed


async def test_too_many_by_fault_says_when_to_come_back(trader):
    trader.simulator.set_faults(FaultPlan(trading=TradingFaults(too_many=1.0)))
    status, body, headers = await trader.call("swap", "POST", "/linear-swap-api/v1/swap_cross_order", {})
    assert (status, body["err_code"], headers["Retry-After"]) == (429, 1032, "1")


async def test_sockets_lose_answers_and_pushes_too(trader):
    order = {
        "account-id": trader.account_id, "symbol": "btcusdt", "type": "buy-limit", "amount": "0.01",
        "price": trader.price("spot", "btcusdt", 0.97),
    }  # fmt: skip
    request = {"cid": "x", "ch": "create-order", "params": order}
    async with trader.line("spot", "/ws/trade") as line:
        trader.simulator.set_faults(FaultPlan(trading=TradingFaults(lost_answer=1.0)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.ask(request), 0.5)
        assert len((await trader.spot("GET", "/v1/order/openOrders"))["data"]) == 1
        trader.simulator.set_faults(FaultPlan(trading=TradingFaults(error_before=1.0)))
        assert (await line.ask(request))["err-code"] == "gateway-internal-error"
    async with trader.line("spot", "/ws/v2", "orders#*") as line:
        trader.simulator.set_faults(FaultPlan(trading=TradingFaults(push_duplicate=1.0)))
        await trader.place("buy-limit", "0.01", order["price"])
        one, two = await line.until(lambda seen: len(seen) == 2)
        assert one == two
