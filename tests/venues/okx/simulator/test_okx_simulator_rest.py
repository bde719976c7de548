"""REST of the simulated OKX: answers, errors, limits."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("market/books", 400, "50014"),
        ("market/books?instId=NOPE-USDT", 200, "51001"),
        ("market/books?instId=BTC-USDT&sz=x", 400, "51000"),
        ("market/candles?instId=BTC-USDT&bar=7m", 400, "51000"),
        ("public/instruments", 400, "50014"),
        ("public/instruments?instType=NOPE", 400, "51000"),
        ("public/instruments?instType=SPOT&instId=NOPE", 200, "51001"),
        ("public/funding-rate?instId=BTC-USDT", 400, "51000"),
        ("public/price-limit", 400, "50014"),
        ("market/index-tickers", 400, "50015"),
        ("market/index-tickers?instId=NOPE-USDT", 200, "51014"),
        ("market/mark-price-candles?instId=BTC-USDT", 400, "51000"),
        ("market/history-candles?instId=BTC-USDT&bar=1mutc", 400, "51000"),
        ("public/position-tiers", 400, "50014"),
    ],
)
async def test_errors(client, path, status, code):
    found, body = await client.get(path)
    assert (found, body["code"], body["data"]) == (status, code, [])
    assert body["msg"]


async def test_instruments(client):
    _, body = await client.get("public/instruments?instType=SWAP")
    swap = body["data"][0]
    assert (swap["instId"], swap["ctVal"], swap["ctMult"], swap["ctValCcy"]) == (
        "BTC-USDT-SWAP", "0.01", "1", "BTC",
    )  # fmt: skip
    assert (swap["tickSz"], swap["lotSz"], swap["settleCcy"], swap["state"]) == (
        "0.1",
        "0.01",
        "USDT",
        "live",
    )
    assert isinstance(swap["instIdCode"], int)
    _, body = await client.get("public/instruments?instType=SPOT&instId=BTC-USDT")
    (spot,) = body["data"]
    assert (spot["baseCcy"], spot["quoteCcy"], spot["ctVal"], spot["expTime"]) == ("BTC", "USDT", "", "")
    assert (spot["tickSz"], spot["lotSz"], spot["minSz"]) == ("0.1", "0.00000001", "0.00001")
    assert spot["instIdCode"] != swap["instIdCode"]
    assert (await client.get("public/instruments?instType=FUTURES"))[1]["data"] == []


async def test_answers(client):
    await client.traded()
    _, body = await client.get("market/books?instId=XRP-USDT&sz=400")
    (book,) = body["data"]
    assert 50 < len(book["bids"]) <= 400
    assert isinstance(book["seqId"], int)
    assert len((await client.get("market/books?instId=XRP-USDT"))[1]["data"][0]["asks"]) == 1
    assert len((await client.get("market/books-full?instId=BTC-USDT&sz=5000"))[1]["data"][0]["asks"]) > 100
    _, body = await client.get("market/trades?instId=BTC-USDT&limit=3")
    ids = [int(each["tradeId"]) for each in body["data"]]
    assert ids == sorted(ids, reverse=True)
    _, body = await client.get("market/candles?instId=BTC-USDT-SWAP")
    bar = body["data"][0]
    assert len(bar) == 9
    assert Decimal(bar[6]) == Decimal(bar[5]) * Decimal("0.01")
    after = (await client.get(f"market/candles?instId=BTC-USDT-SWAP&after={bar[0]}"))[1]["data"]
    assert all(int(each[0]) < int(bar[0]) for each in after)
    _, body = await client.get("market/candles?instId=BTC-USDT&bar=1D")
    assert int(body["data"][0][0]) // 3_600_000 % 24 == 16
    _, body = await client.get("market/tickers?instType=SPOT")
    assert [each["instId"] for each in body["data"]] == ["BTC-USDT", "XRP-USDT"]
    _, body = await client.get("market/ticker?instId=BTC-USDT-SWAP")
    assert Decimal(body["data"][0]["bidPx"]) < Decimal(body["data"][0]["askPx"])
    for path in (
        "public/mark-price?instType=SWAP",
        "public/funding-rate?instId=BTC-USDT-SWAP",
        "public/time",
    ):
        assert (await client.get(path))[1]["data"]
    assert (await client.get("system/status"))[1] == {"code": "0", "msg": "", "data": []}


async def test_more_answers(client):
    await client.traded()

    async def rows(path):
        found = (await client.get(path))[1]
        assert found["code"] == "0", found
        return found["data"]

    swap = "BTC-USDT-SWAP"
    assert {each["instId"] for each in await rows("public/funding-rate?instId=ANY")} == {
        swap,
        "XRP-USDT-SWAP",
    }
    past = await rows(f"public/funding-rate-history?instId={swap}")
    times = [int(each["fundingTime"]) for each in past]
    assert times == sorted(times, reverse=True)
    assert all(time % 28_800_000 == 0 for time in times)
    assert [each["fundingTime"] for each in past[1:]] == [
        each["fundingTime"]
        for each in await rows(f"public/funding-rate-history?instId={swap}&after={times[0]}")
    ]
    (limit,) = await rows(f"public/price-limit?instId={swap}")
    assert Decimal(limit["sellLmt"]) < Decimal(client.price("1", swap)) < Decimal(limit["buyLmt"])
    assert len(await rows("public/open-interest?instType=SWAP")) == 2
    assert len(await rows("public/open-interest?instType=SWAP&instFamily=XRP-USDT")) == 1
    (index,) = await rows("market/index-tickers?instId=BTC-USDT")
    assert abs(Decimal(index["idxPx"]) / Decimal(client.price("1")) - 1) < Decimal("0.01")
    assert len(await rows("market/index-tickers?quoteCcy=USDT")) == 2
    assert {len(each) for each in await rows(f"market/mark-price-candles?instId={swap}")} == {6}
    assert {len(each) for each in await rows("market/index-candles?instId=BTC-USDT")} == {6}
    assert {len(each) for each in await rows("market/history-candles?instId=BTC-USDT&bar=1Dutc")} == {9}
    assert [each["maxLever"] for each in await rows("public/position-tiers?instType=SWAP&tdMode=cross")] == [
        "125", "50", "20",
    ]  # fmt: skip
    newest = await rows("market/history-trades?instId=BTC-USDT&limit=5")
    older = await rows(f"market/history-trades?instId=BTC-USDT&after={newest[0]['tradeId']}")
    assert all(int(each["tradeId"]) < int(newest[0]["tradeId"]) for each in older)
    assert (await rows("public/mark-price?instId=BTC-USDT-SWAP"))[0]["instType"] == "SWAP"


async def test_above_the_limit_comes_429(client):
    answers = [await client.get("market/books-full?instId=XRP-USDT") for _ in range(12)]
    assert [status for status, _ in answers] == [200] * 10 + [429] * 2
    assert answers[-1][1]["code"] == "50011"
    assert (await client.get("public/time"))[0] == 200  # each path has a limit of its own
    await asyncio.sleep(2.1)
    assert (await client.get("market/books-full?instId=XRP-USDT"))[0] == 200


async def test_maintenance_and_web_pages(client):
    await client.post("/faults?market=okx.swap", {"html_answers": 1})
    base = client.base("okx.swap", "rest")
    async with client.http.get(f"{base}/api/v5/market/ticker?instId=BTC-USDT-SWAP") as answer:
        assert answer.content_type == "text/html"
    assert (await client.get("market/ticker?instId=BTC-USDT-SWAP"))[0] == 200
    await client.post("/maintenance?seconds=0.5")
    status, body = await client.get("public/time")
    assert (status, body["code"]) == (503, "50001")
    await asyncio.sleep(0.6)
    assert (await client.get("public/time"))[0] == 200
