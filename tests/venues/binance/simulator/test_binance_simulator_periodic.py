"""Streams that speak by the clock, and tickers: against the trades that they tell of."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from tests.support.simulated import VirtualFeed
from trimaran.venues.binance.simulator.stream_names import parse_stream


class Listener:
    """Keeps what a virtual feed sends, by stream."""

    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = defaultdict(list)

    def send_text(self, stream: str, payload: str, fraction: float) -> None:
        assert fraction == 1
        self.heard[stream].append(payload)


def listen(
    market: str, seconds: float, *names: str, step_ms: int = 5, rate: float = 4.0
) -> dict[str, list[Any]]:
    """What the streams of BTCUSDT say in so many seconds of virtual time."""
    virtual, listener = VirtualFeed(market, "BTCUSDT", seed=5, rate=rate), Listener()
    for name in names:
        stream = parse_stream(f"btcusdt@{name}", market == "binance.spot")
        assert stream is not None
        virtual.feed.channel(name, stream, virtual.now_ns).subscribers.append(listener)
    virtual.pass_time(seconds, step_ms=step_ms)
    return {name: [json.loads(text) for text in listener.heard[name]] for name in names}


@pytest.mark.parametrize("market", ["binance.spot", "binance.usdm"])
def test_bars_are_those_of_the_trades(market: str) -> None:
    heard = listen(market, 130.0, "kline_1m", "trade", step_ms=50, rate=1.0)
    trades = heard["trade"]
    closed = [frame["k"] for frame in heard["kline_1m"] if frame["k"]["x"]]
    assert len(closed) >= 2
    for bar in closed[1:]:  # the first began before anybody listened
        inside = [trade for trade in trades if bar["t"] <= trade["T"] <= bar["T"]]
        prices = [Decimal(trade["p"]) for trade in inside]
        assert (bar["n"], bar["f"], bar["L"]) == (len(inside), inside[0]["t"], inside[-1]["t"])
        assert [Decimal(bar[key]) for key in "ohlc"] == [prices[0], max(prices), min(prices), prices[-1]]
        assert Decimal(bar["v"]) == sum(Decimal(trade["q"]) for trade in inside)
        bought = sum(Decimal(trade["q"]) for trade in inside if not trade["m"])
        assert Decimal(bar["V"]) == bought
    starts = [frame["k"]["t"] for frame in heard["kline_1m"]]
    assert starts == sorted(starts)


@pytest.mark.parametrize("market", ["binance.spot", "binance.usdm"])
def test_tickers_of_the_day(market: str) -> None:
    names = ("miniTicker", "ticker", "trade") + (("avgPrice",) if market == "binance.spot" else ())
    heard = listen(market, 20.0, *names)
    assert 10 <= len(heard["miniTicker"]) <= 21
    last = heard["ticker"][-1]
    assert last["e"] == "24hrTicker"
    trade = next(each for each in reversed(heard["trade"]) if each["T"] <= last["E"])
    assert (last["c"], last["Q"], last["L"]) == (trade["p"], trade["q"], trade["t"])
    assert Decimal(last["l"]) <= Decimal(last["w"]) <= Decimal(last["h"])
    assert Decimal(last["p"]) == Decimal(last["c"]) - Decimal(last["o"])
    assert ("b" in last) is (market == "binance.spot")
    if market == "binance.spot":
        assert {frame["i"] for frame in heard["avgPrice"]} == {"5m"}


@pytest.mark.parametrize(
    ("name", "spot", "usdm"),
    [
        ("btcusdt@kline_1m", True, True),
        ("btcusdt@kline_1d", True, True),
        ("btcusdt@kline_7m", False, False),
        ("btcusdt@kline", False, False),
        ("btcusdt@ticker", True, True),
        ("btcusdt@ticker5", False, False),
        ("btcusdt@ticker@100ms", False, False),
        ("btcusdt@avgPrice", True, False),
        ("btcusdt@forceOrder", False, True),
        ("btcusdt@markPrice@1s", False, True),
        ("!miniTicker@arr", True, True),
        ("!ticker@arr", False, True),
        ("!bookTicker", False, True),
        ("!markPrice@arr@1s", False, True),
        ("!forceOrder@arr", False, True),
        ("!depth@arr", False, False),
    ],
)
def test_names_of_streams(name: str, spot: bool, usdm: bool) -> None:
    assert (parse_stream(name, True) is not None, parse_stream(name, False) is not None) == (spot, usdm)


async def test_streams_of_a_whole_market(client: Any) -> None:
    async with (
        client.ws(f"{client.spot}/ws/!miniTicker@arr") as spot,
        client.ws(f"{client.market}/ws/!markPrice@arr@1s") as marks,
        client.ws(f"{client.public}/ws/!bookTicker") as tops,
    ):
        assert {row["s"] for row in await client.receive(spot)} == {"BTCUSDT", "XRPUSDT"}
        assert {row["e"] for row in await client.receive(marks)} == {"markPriceUpdate"}
        assert (await client.receive(tops))["e"] == "bookTicker"


async def test_tickers_over_rest(client: Any) -> None:
    await client.traded(3)
    for prefix in ("/api/v3", "/fapi/v1"):
        _, day, _ = await client.get(f"{prefix}/ticker/24hr?symbol=BTCUSDT")
        assert Decimal(day["lowPrice"]) <= Decimal(day["lastPrice"]) <= Decimal(day["highPrice"])
        assert day["count"] == day["lastId"] - day["firstId"] + 1
        _, rows, _ = await client.get(f"{prefix}/ticker/price")
        assert {row["symbol"] for row in rows} == {"BTCUSDT", "XRPUSDT"}
    _, mean, _ = await client.get("/api/v3/avgPrice?symbol=BTCUSDT")
    assert mean["mins"] == 5
    _, bars, _ = await client.get("/fapi/v1/klines?symbol=BTCUSDT&interval=1m")
    assert len(bars[0]) == 12
    _, rates, _ = await client.get("/fapi/v1/fundingRate?symbol=BTCUSDT&limit=2")
    assert len(rates) == 2
    assert rates[0]["fundingTime"] < rates[1]["fundingTime"]
    _, coin, _ = await client.get("/dapi/v1/exchangeInfo")
    assert coin["symbols"] == []
