"""REST of the simulated Binance: answers, errors, weights, the server's clock."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from trimaran.venues.binance.instruments import read_instruments
from trimaran.venues.binance.simulator.venue import BinanceRules
from trimaran.venues.binance.spec import SPOT, USDM
from trimaran.venues.wire.instrument_list import FeeTable
from trimaran.venues.wire.market_spec import Endpoints


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v3/depth?symbol=NOPE", 400, -1121),
        ("/api/v3/depth?symbol=btcusdt", 400, -1121),
        ("/api/v3/depth", 400, -1102),
        ("/api/v3/depth?symbol=BTCUSDT&limit=abc", 400, -1100),
        ("/api/v3/klines?symbol=BTCUSDT&interval=7m", 400, -1120),
        ("/api/v3/klines?symbol=BTCUSDT", 400, -1102),
        ('/api/v3/exchangeInfo?symbols=["BTCUSDT","NOPE"]', 400, -1121),
        ('/api/v3/exchangeInfo?symbols=["btcusdt"]', 400, -1121),
        ("/api/v3/exchangeInfo?symbol=NOPE", 400, -1121),
        ("/api/v3/exchangeInfo?symbols=BTCUSDT", 400, -1100),
        ("/api/v3/exchangeInfo?symbols=[1]", 400, -1100),
        ("/api/v3/exchangeInfo?symbols=[]", 400, -1105),
        ('/api/v3/exchangeInfo?symbols=["BTCUSDT","BTCUSDT"]', 400, -1151),
        ('/api/v3/exchangeInfo?symbol=BTCUSDT&symbols=["BTCUSDT"]', 400, -1128),
        ("/api/v3/exchangeInfo?showPermissionSets=maybe", 400, -1130),
        ("/fapi/v1/depth?symbol=NOPE", 400, -1121),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=7", 400, -4021),
    ],
)
async def test_rest_errors(client, path, status, code):
    found, body, _ = await client.get(path)
    assert (found, body["code"]) == (status, code)
    assert body["msg"]


async def test_rest_answers(client):
    await client.traded(20)
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


@pytest.mark.parametrize("symbols", [(), ("XRPUSDT",), ("XRPUSDT", "BTCUSDT")])
@pytest.mark.parametrize("spec", [SPOT, USDM], ids=["spot", "usdm"])
async def test_exchange_info_as_the_platform_asks_for_it(client, spec, symbols):
    url = spec.instruments_url(Endpoints(client.rest, client.spot, client.spot), symbols)
    async with client.http.get(url) as answer:
        text = await answer.read()
    info = json.loads(text)
    every = spec is USDM or not symbols
    assert [each["symbol"] for each in info["symbols"]] == list(
        client.simulator.options.symbols if every else symbols
    )
    if spec is SPOT:
        assert all(each["permissionSets"] == [] for each in info["symbols"])
        _, full, _ = await client.get("/api/v3/exchangeInfo?symbol=BTCUSDT&showPermissionSets=true")
        assert full["symbols"][0]["permissionSets"] == [["SPOT"]]
    assert read_instruments(text, spec, FeeTable(spec.default_fees), ["XRPUSDT"])


async def test_server_clock_has_its_own_offset(simulated):
    async with simulated(symbols=("LTCUSDT",), clock_offset_ms=90_000) as client:
        _, spot, _ = await client.get("/api/v3/time")
        async with client.ws(f"{client.public}/ws/ltcusdt@bookTicker") as socket:
            event = await client.receive(socket)
        assert 0 <= event["E"] - spot["serverTime"] < 10_000
        assert abs(event["E"] - event["T"]) < 5_000


async def test_weight_limit_refuses_then_bans(simulated):
    async with simulated(symbols=("LTCUSDT",), binance=BinanceRules(usdm_weight_limit=30)) as client:
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
