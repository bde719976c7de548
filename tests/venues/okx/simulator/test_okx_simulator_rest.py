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
