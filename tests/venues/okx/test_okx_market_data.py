"""OKX's public REST data: what is asked for, in which order it is told, and whose volumes are whose."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.okx_desk import LOCAL_NS, STAMP, dialect, reply, target
from trimaran.domain.instrument import Side, Symbol
from trimaran.venues.okx.spec import SPOT, SWAP
from trimaran.venues.wire.asks import FundingNow, Interval, Klines, RecentTrades, ServerTime, Tickers
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.message import HttpRequest

SYMBOL, SWAP_SYMBOL = Symbol("BTC-USDT"), Symbol("BTC-USDT-SWAP")
MINUTE = 60_000_000_000
NOW_MS = STAMP.ms


@pytest.mark.parametrize(
    ("spec", "ask", "expected"),
    [
        (SPOT, ServerTime(), "public/time"),
        (SPOT, Klines(SYMBOL, Interval.MINUTE_1), "market/candles?instId=BTC-USDT&bar=1m&limit=100"),
        (SWAP, Klines(SWAP_SYMBOL, Interval.DAY_1, limit=1_000),
         "market/candles?instId=BTC-USDT-SWAP&bar=1Dutc&limit=300"),
        (SPOT, Klines(SYMBOL, Interval.MINUTE_5, STAMP.venue_ns - 50 * MINUTE, 10),
         f"market/candles?instId=BTC-USDT&bar=5m&limit=10&before={NOW_MS - 3_000_001}&after={NOW_MS}"),
        (SPOT, Klines(SYMBOL, Interval.HOUR_1, 1_600_000_000_000_000_000, 2),
         "market/history-candles?instId=BTC-USDT&bar=1H&limit=2&before=1599999999999&after=1600007200000"),
        (SPOT, RecentTrades(SYMBOL), "market/trades?instId=BTC-USDT&limit=100"),
        (SPOT, RecentTrades(SYMBOL, 10_000), "market/trades?instId=BTC-USDT&limit=500"),
        (SPOT, Tickers(), "market/tickers?instType=SPOT"),
        (SWAP, Tickers(SWAP_SYMBOL), "market/ticker?instId=BTC-USDT-SWAP"),
        (SWAP, FundingNow(SWAP_SYMBOL), "public/funding-rate?instId=BTC-USDT-SWAP"),
    ],
)  # fmt: skip
def test_questions_are_public(spec: Any, ask: Any, expected: str) -> None:
    request = dialect(spec).write(ask, STAMP)
    assert target(request) == ("GET", f"/api/v5/{expected}")
    assert isinstance(request, HttpRequest)
    assert request.headers == {}
    assert len(request.charges) == 1


@pytest.mark.parametrize("interval", list(Interval))
def test_bars_of_half_a_day_and_more_begin_in_utc(interval: Interval) -> None:
    _, text = target(dialect().write(Klines(SYMBOL, interval), STAMP))
    assert ("utc&" in text) == (interval.value in ("6h", "12h", "1d", "1w"))


def test_spot_has_no_funding() -> None:
    answer = dialect().write(FundingNow(SYMBOL), STAMP)
    assert isinstance(answer, Unsupported)
    assert answer.capability is Capability.FUNDING


def test_the_clock_of_the_venue() -> None:
    assert dialect().read(ServerTime(), reply({"ts": "1597026383085"}), LOCAL_NS) == 1_597_026_383_085_000_000


BARS = (
    ["1597026420000", "2", "4", "1.5", "3", "10", "20", "30", "0"],
    ["1597026360000", "1", "2", "0.5", "1.75", "100", "200", "300", "1"],
)


@pytest.mark.parametrize(("spec", "volumes"), [(SPOT, (100, 10)), (SWAP, (200, 20))])
def test_bars_are_told_oldest_first_with_volumes_in_base_asset(spec: Any, volumes: tuple[int, int]) -> None:
    symbol = SYMBOL if spec is SPOT else SWAP_SYMBOL
    first, last = dialect(spec).read(Klines(symbol, Interval.MINUTE_1), reply(*BARS), LOCAL_NS)
    assert (first.open_ns, last.open_ns) == (1_597_026_360_000_000_000, 1_597_026_420_000_000_000)
    assert (first.open, first.high, first.low, first.close) == tuple(map(Decimal, ("1", "2", "0.5", "1.75")))
    assert (first.base_volume, last.base_volume) == volumes
    assert (first.quote_volume, last.quote_volume) == (300, 30)
    assert (first.closed, last.closed) == (True, False)


def test_trades_are_told_oldest_first_in_lots() -> None:
    rows = [
        {"instId": "BTC-USDT", "side": side, "sz": size, "px": "29963.2", "tradeId": number, "ts": "5"}
        for number, side, size in (("242720720", "sell", "0.00001"), ("242720719", "buy", "1"))
    ]
    first, last = dialect().read(RecentTrades(SYMBOL), reply(*rows), LOCAL_NS)
    assert (first.trade_id, first.side, first.lots) == ("242720719", Side.BUY, 100_000_000)
    assert (last.trade_id, last.side, last.lots) == ("242720720", Side.SELL, 1_000)
    assert (last.price_ticks, last.venue_ns) == (299_632, 5_000_000)


TICKER = {
    "last": "9999.9", "askPx": "", "bidPx": "8888.8", "vol24h": "2222", "volCcy24h": "3333",
    "ts": "1597026383085",
}  # fmt: skip


def test_tickers_of_what_the_desk_knows() -> None:
    rows = [{**TICKER, "instId": name} for name in ("BTC-USDT", "XRP-USDT")]
    (spot,) = dialect().read(Tickers(), reply(*rows), LOCAL_NS)
    assert (spot.instrument_key, spot.last, spot.bid) == (
        "okx.spot:BTC-USDT",
        Decimal("9999.9"),
        Decimal("8888.8"),
    )
    assert (spot.ask, spot.base_volume, spot.quote_volume) == (None, 2222, 3333)
    (swap,) = dialect(SWAP).read(Tickers(), reply({**TICKER, "instId": "BTC-USDT-SWAP"}), LOCAL_NS)
    assert (swap.base_volume, swap.quote_volume) == (3333, None)


FUNDING = {
    "instId": "BTC-USDT-SWAP", "fundingRate": "-0.0000792386885340", "fundingTime": "1703088000000",
    "nextFundingTime": "1703116800000",
}  # fmt: skip


def test_funding_is_of_the_settlement_that_comes_first() -> None:
    funding = dialect(SWAP).read(FundingNow(SWAP_SYMBOL), reply(FUNDING), LOCAL_NS)
    assert (funding.rate, funding.next_ns) == (Decimal("-0.0000792386885340"), 1_703_088_000_000_000_000)
    assert (funding.mark_price, funding.index_price) == (None, None)


@pytest.mark.parametrize(
    ("spec", "ask", "row"),
    [
        (SPOT, Klines(SYMBOL, Interval.DAY_1), ["1597026420000", "2", "4", "1.5", "3", "10", "20", "30"]),
        (SPOT, Klines(SYMBOL, Interval.DAY_1), ["", "", "", "", "", "", "", "", ""]),
        (SPOT, Klines(SYMBOL, Interval.DAY_1), [1, "2", "4", "1.5", "3", "10", "20", "30", "0"]),
        (SPOT, Klines(SYMBOL, Interval.DAY_1), {"ts": "1"}),
        (SPOT, ServerTime(), {"ts": 5}),
        (SPOT, ServerTime(), {"ts": "99999999999999999"}),
        (SPOT, RecentTrades(SYMBOL), {"tradeId": "1", "px": "1.05", "sz": "1", "side": "buy", "ts": "1"}),
        (SPOT, Tickers(), {"instId": "BTC-USDT", "last": "Infinity"}),
        (SWAP, FundingNow(SWAP_SYMBOL), {**FUNDING, "instId": "ETH-USDT-SWAP"}),
        (SWAP, FundingNow(SWAP_SYMBOL), {**FUNDING, "fundingRate": ""}),
    ],
)
def test_what_is_not_documented_is_a_fault(spec: Any, ask: Any, row: object) -> None:
    with pytest.raises(VenueFault):
        dialect(spec).read(ask, reply(row), LOCAL_NS)
