"""REST of the simulated Binance: answers, errors, weights, the server's clock."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v3/depth?symbol=NOPE", 400, -1121),
        ("/api/v3/depth?symbol=btcusdt", 400, -1121),
        ("/api/v3/depth", 400, -1102),
        ("/api/v3/depth?symbol=BTCUSDT&limit=abc", 400, -1100),
        ("/api/v3/klines?symbol=BTCUSDT&interval=7m", 400, -1120),
        ("/api/v3/klines?symbol=BTCUSDT", 400, -1102),
        ("/fapi/v1/depth?symbol=NOPE", 400, -1121),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=7", 400, -4021),
    ],
)
async def test_rest_errors(client, path, status, code):
    found, body, _ = await client.get(path)
    assert (found, body["code"]) == (status, code)
    assert body["msg"]


async def test_rest_answers(client):
    await asyncio.sleep(0.5)
    _, info, headers = await client.get("/api/v3/exchangeInfo")
    assert [each["symbol"] for each in info["symbols"]] == list(client.simulator.options.symbols)
    assert headers["X-MBX-USED-WEIGHT-1M"] == "20"
    filters = {each["filterType"]: each for each in info["symbols"][0]["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    _, info, _ = await client.get("/fapi/v1/exchangeInfo")
    assert info["symbols"][0]["filters"][0]["tickSize"] == "0.10"
    _, depth, headers = await client.get("/api/v3/depth?symbol=XRPUSDT&limit=5000")
    assert headers["X-MBX-USED-WEIGHT-1M"] == "270"
    assert 50 < len(depth["bids"]) <= 5000
    _, depth, _ = await client.get("/fapi/v1/depth?symbol=XRPUSDT&limit=20")
    assert len(depth["asks"]) == 20
    assert {"lastUpdateId", "E", "T"} < set(depth)
    _, trades, _ = await client.get("/api/v3/trades?symbol=BTCUSDT&limit=5")
    assert [each["id"] for each in trades] == list(range(trades[0]["id"], trades[0]["id"] + 5))
    assert Decimal(trades[0]["quoteQty"]) == Decimal(trades[0]["price"]) * Decimal(trades[0]["qty"])
    _, groups, _ = await client.get("/api/v3/aggTrades?symbol=BTCUSDT&limit=3")
    assert groups[1]["f"] == groups[0]["l"] + 1
    _, bars, _ = await client.get("/api/v3/klines?symbol=BTCUSDT&interval=1m")
    assert len(bars[-1]) == 12
    assert (await client.get("/fapi/v1/premiumIndex?symbol=BTCUSDT"))[1]["symbol"] == "BTCUSDT"
    assert len((await client.get("/api/v3/ticker/bookTicker"))[1]) == 2
    assert (await client.get("/api/v3/ping"))[1] == {}


async def test_server_clock_has_its_own_offset(simulated):
    async with simulated(symbols=("LTCUSDT",), clock_offset_ms=90_000) as client:
        _, spot, _ = await client.get("/api/v3/time")
        async with client.ws(f"{client.public}/ws/ltcusdt@bookTicker") as socket:
            event = await client.receive(socket)
        assert 0 <= event["E"] - spot["serverTime"] < 10_000
        assert abs(event["E"] - event["T"]) < 5_000


async def test_weight_limit_refuses_then_bans(simulated):
    async with simulated(symbols=("LTCUSDT",), usdm_weight_limit=30) as client:
        seen = []
        for _ in range(60):
            status, body, headers = await client.get("/fapi/v1/trades?symbol=LTCUSDT")
            seen.append(status)
            if status != 200:
                assert int(headers["Retry-After"]) > 0
                assert body["code"] == -1003
        assert seen[0] == 200
        assert seen[-1] == 418
        assert 429 in seen
        assert (await client.get("/api/v3/ping"))[0] == 200  # the other market has its own account
