"""The simulated OKX writes what the venue writes: every field of what was recorded, of the same type."""

from __future__ import annotations

import ast
import contextlib
import json

import pytest

from tests.support.jkorf import rest_fixtures
from tests.support.recordings import recording

SWAP = "BTC-USDT-SWAP"
PATHS = {
    "trade/order": "", "trade/orders-pending": "", "trade/orders-history": "instType=SPOT",
    "trade/fills": "",
    "trade/fills-history": "instType=SPOT", "trade/orders-algo-pending": "ordType=trigger",
    "account/balance": "", "account/positions": "", "account/config": "", "account/bills": "",
    "account/leverage-info": f"instId={SWAP}&mgnMode=cross", "account/trade-fee": "instType=SPOT",
    "account/max-size": "instId=BTC-USDT&tdMode=cash",
    "account/max-avail-size": "instId=BTC-USDT&tdMode=cash",
    "account/account-position-risk": "", "asset/currencies": "", "public/instruments": "instType=SWAP",
    "public/funding-rate": f"instId={SWAP}", "public/funding-rate-history": f"instId={SWAP}",
    "public/price-limit": "instId=BTC-USDT", "public/open-interest": "instType=SWAP",
    "public/mark-price": "instType=SWAP", "public/position-tiers": "instType=SWAP&tdMode=cross",
    "market/ticker": "instId=BTC-USDT", "market/index-tickers": "instId=BTC-USDT",
    "market/trades": "instId=BTC-USDT", "market/history-trades": "instId=BTC-USDT",
    "market/books": "instId=BTC-USDT",
}  # fmt: skip
LOGS = {"orders": "okx_orders.log", "account": "okx_account.log", "positions": "okx_positions.log"}


def lacks(mine, recorded, where):
    """What is recorded and not written, or written as something else."""
    found = []
    for name, value in recorded.items():
        if name not in mine:
            found.append(f"{where}.{name} is missing")
        elif type(mine[name]) is not type(value):
            found.append(f"{where}.{name}: {mine[name]!r} for {value!r}")
        elif isinstance(value, list) and value and mine[name] and isinstance(value[0], dict):
            found += lacks(mine[name][0], value[0], f"{where}.{name}")
    return found


def pushes_of(name):
    """The recorded pushes; the last line of a log may be cut off."""
    found = []
    for line in recording(f"nexustrader/{name}").read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(SyntaxError):
            found.append(ast.literal_eval(line or "{}"))
    return [each for each in found if "data" in each]


@pytest.fixture
async def traded(okx):
    """A client whose account has a bit of everything."""
    async with okx(rate_limits=False) as client:
        await client.traded()
        await client.place(ordType="market", sz="500")
        await client.place(swap=True, ordType="market", sz="3")
        client.resting = await client.place(px=client.price("0.95"))
        trigger = {
            "instId": SWAP, "tdMode": "cross", "side": "buy", "ordType": "trigger", "sz": "1",
            "triggerPx": client.price("1.05", SWAP), "orderPx": "-1",
        }  # fmt: skip
        await client.act("trade/order-algo", trigger)
        yield client


async def test_answers_of_rest(traded):
    recorded = {
        fixture.path.partition("?")[0].lstrip("/"): json.loads(fixture.body)
        for fixture in rest_fixtures("okxnet").values()
        if fixture.method == "GET"
    }
    problems = []
    for path, query in PATHS.items():
        if path == "trade/order":
            query = f"instId=BTC-USDT&ordId={traded.resting['ordId']}"
        mine = await traded.ask(f"{path}?{query}" if query else path)
        theirs = recorded[f"api/v5/{path}"]
        assert mine["code"] == theirs["code"] == "0", path
        problems += lacks(mine["data"][0], theirs["data"][0], path)
    assert problems == []


async def test_pushes(traded):
    async with traded.logged_in() as socket:
        arguments = [{"channel": name, **({"instType": "ANY"} if name != "account" else {})} for name in LOGS]
        await traded.subscribe(socket, *arguments)
        await traded.place(swap=True, ordType="market", sz="2")
        messages = await traded.collect_until(
            socket, lambda heard: {*LOGS} <= {each["arg"]["channel"] for each in heard if each.get("data")}
        )
    problems = []
    for channel, name in LOGS.items():
        mine = next(each for each in messages if each.get("data") and each["arg"]["channel"] == channel)
        pushes = pushes_of(name)
        assert pushes
        for push in pushes:
            problems += lacks(mine["arg"], push["arg"], channel)
            problems += [each for row in push["data"] for each in lacks(mine["data"][0], row, channel)]
    assert sorted(set(problems)) == []
