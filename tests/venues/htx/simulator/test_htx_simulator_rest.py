"""REST of the simulated HTX: answers and errors of both hosts."""

from __future__ import annotations

from decimal import Decimal

import pytest


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/market/depth?symbol=nope&type=step0", "invalid symbol"),
        ("/market/depth?symbol=BTCUSDT&type=step0", "invalid symbol"),
        ("/market/depth?symbol=btcusdt", "invalid type"),
        ("/market/depth?symbol=btcusdt&type=step0&depth=7", "invalid depth"),
        ("/market/history/kline?symbol=btcusdt&period=7min", "invalid period"),
        ("/market/history/trade?symbol=btcusdt&size=0", "invalid size"),
        ("/v1/settings/common/market-symbols?symbols=nope", "invalid symbol"),
    ],
)
async def test_errors_of_spot(client, path, words):
    body = await client.get("spot", path)
    assert (body["status"], body["err-code"], body["err-msg"]) == ("error", "invalid-parameter", words)


async def test_errors_of_swaps(client):
    body = await client.get("swap", "/linear-swap-ex/market/depth?contract_code=NOPE&type=step0")
    assert (body["status"], body["err-code"]) == ("error", "invalid-parameter")
    for path in ("swap_contract_info", "swap_funding_rate"):
        body = await client.get("swap", f"/linear-swap-api/v1/{path}?contract_code=NOPE")
        assert (body["status"], body["err_code"]) == ("error", 1014)


async def test_answers_of_spot(client):
    await client.traded(10)
    (btc, xrp) = (await client.get("spot", "/v1/settings/common/market-symbols"))["data"]
    assert (btc["symbol"], btc["state"], btc["bc"], btc["qc"]) == ("btcusdt", "online", "btc", "usdt")
    assert (btc["pp"], btc["ap"], xrp["pp"], xrp["ap"]) == (2, 6, 5, 2)
    one = await client.get("spot", "/v1/settings/common/market-symbols?symbols=xrpusdt")
    assert [each["symbol"] for each in one["data"]] == ["xrpusdt"]
    depth = await client.get("spot", "/market/depth?symbol=btcusdt&type=step0&depth=10")
    assert depth["ch"] == "market.btcusdt.depth.step0"
    assert len(depth["tick"]["bids"]) == 10
    assert len((await client.get("spot", "/market/depth?symbol=btcusdt&type=step0"))["tick"]["asks"]) == 150
    merged = (await client.get("spot", "/market/detail/merged?symbol=btcusdt"))["tick"]
    assert merged["bid"][0] < merged["ask"][0]
    assert merged["low"] <= merged["close"] <= merged["high"]
    trade = (await client.get("spot", "/market/trade?symbol=btcusdt"))["tick"]["data"][0]
    assert "trade-id" in trade
    rows = (await client.get("spot", "/market/history/trade?symbol=btcusdt&size=5"))["data"]
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    (bar,) = (await client.get("spot", "/market/history/kline?symbol=btcusdt&period=1day"))["data"]
    assert bar["id"] % 86_400 == 16 * 3600  # midnight in Hong Kong
    assert bar["low"] * bar["amount"] <= bar["vol"] * 1.0001
    assert len((await client.get("spot", "/market/tickers"))["data"]) == 2
    assert (await client.get("spot", "/v2/market-status"))["data"]["marketStatus"] == 1
    assert (await client.get("spot", "/v1/common/timestamp"))["data"] > 1.7e12


async def test_answers_of_swaps(client):
    await client.traded()
    contracts = "/linear-swap-api/v1/swap_contract_info"
    path = client.base("htx.swap", "rest") + f"{contracts}?contract_code=BTC-USDT"
    async with client.http.get(path) as answer:
        text = await answer.text()
    assert '"contract_size":0.001000000000000000,"price_tick":0.100000000000000000' in text
    (xrp,) = (await client.get("swap", "/linear-swap-api/v1/swap_contract_info?contract_code=XRP-USDT"))[
        "data"
    ]
    assert (xrp["contract_size"], xrp["contract_status"], xrp["pair"]) == (10, 1, "XRP-USDT")
    depth = await client.get("swap", "/linear-swap-ex/market/depth?contract_code=BTC-USDT&type=step0")
    assert all(isinstance(size, int) for _, size in depth["tick"]["bids"])
    assert len((await client.get("swap", "/linear-swap-ex/market/bbo"))["ticks"]) == 2
    merged = (await client.get("swap", "/linear-swap-ex/market/detail/merged?contract_code=BTC-USDT"))["tick"]
    assert Decimal(str(merged["amount"])) == merged["vol"] * Decimal("0.001")
    assert (await client.get("swap", "/linear-swap-ex/market/trade?contract_code=BTC-USDT"))["tick"]["data"]
    bars = await client.get("swap", "/linear-swap-ex/market/history/kline?contract_code=BTC-USDT&period=1min")
    assert [bar["id"] for bar in bars["data"]] == sorted(bar["id"] for bar in bars["data"])
    funding = await client.get("swap", "/linear-swap-api/v1/swap_funding_rate?contract_code=BTC-USDT")
    assert abs(Decimal(funding["data"]["funding_rate"])) <= Decimal("0.0005")
    assert (await client.get("swap", "/api/v1/timestamp"))["ts"] > 1.7e12


async def test_maintenance(client):
    await client.post("/maintenance?seconds=5")
    body = await client.get("spot", "/market/tickers")
    assert (body["status"], body["err-code"]) == ("error", "system-maintenance")
    assert (await client.get("spot", "/v2/market-status"))["data"]["marketStatus"] == 2
    async with client.http.get(client.base("htx.swap", "rest") + "/api/v1/timestamp") as answer:
        assert answer.status == 503


async def test_above_the_limit_comes_429(htx):
    async with htx(spot_requests_per_s=3) as client:
        url = client.base("htx.spot", "rest") + "/v1/common/timestamp"
        seen = [await client.fetch(url) for _ in range(5)]
        assert [status for status, _, _ in seen] == [200, 200, 200, 429, 429]
        assert seen[-1][1]["err-code"] == "too-many-request"
        await client.get("swap", "/api/v1/timestamp")
