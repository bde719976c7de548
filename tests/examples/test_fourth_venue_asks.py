"""The fourth venue's public asks, from its simulator and from the documentation's own examples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from examples.fourth_venue.entry import SPOT
from trimaran.base.errors import ConfigError
from trimaran.venues.okx.spec import PRIVATE_LINE as OKX_LINE
from trimaran.venues.registry import with_markets
from trimaran.venues.wire.asker import Asker, Gate
from trimaran.venues.wire.asks import Balances, Interval, Klines, RecentTrades, ServerTime, Tickers
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.clock_offset import VenueClock
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault
from trimaran.venues.wire.governor import Governor
from trimaran.venues.wire.message import HttpReply
from trimaran.venues.wire.rest import RestClient, RestOptions

KLINES = b"""{"retCode":0,"retMsg":"OK","result":{"category":"spot","symbol":"BTCUSDT","list":[
["1670608800000","17071","17073","17027","17055.5","268611","15.74462667"],
["1670605200000","17071.5","17071.5","17061","17071","4177","0.24469757"]]},"time":1672025956592}"""


async def test_public_asks_over_the_simulator(entry, simulate):
    async with simulate(entry) as simulator, RestClient(SystemClock(), RestOptions()) as rest:
        bases = simulator.urls()["venues"]["bybit"]["spot"]
        opened = entry.open(bases)
        body = (await rest.get(opened.instruments_url(()))).body
        instruments = {each.symbol: each for each in opened.read_instruments(body, ("BTCUSDT", "XRPUSDT"))}
        setup = AccountSetup(bases["rest"], instruments)
        clock, gate = SystemClock(), Gate(Governor(entry.private.spec.limits))
        venue_clock = VenueClock(clock.monotonic_ns(), clock.wall_ns())
        asker = Asker(entry.private.make_dialect(setup), gate, rest, clock, venue_clock)
        assert abs(await asker.ask(ServerTime()) - clock.wall_ns()) < 60e9
        tickers = await asker.ask(Tickers())
        assert [row.instrument_key for row in tickers] == ["bybit.spot:BTCUSDT", "bybit.spot:XRPUSDT"]
        assert all(row.bid < row.ask for row in tickers)
        book = simulator.feed_of("bybit.spot", "BTCUSDT").book
        while book.trade_count() < 3:
            simulator.turn()
        trades = await asker.ask(RecentTrades("BTCUSDT", limit=3))
        assert [int(trade.trade_id) for trade in trades] == sorted(int(trade.trade_id) for trade in trades)
        assert all(trade.lots > 0 for trade in trades)
        with pytest.raises(VenueFault) as caught:
            await asker.ask(RecentTrades("NOBODY"))
        assert (caught.value.fault.kind, caught.value.fault.effect) == (FaultKind.PARAMETER, Effect.REFUSED)
        refused = await asker.ask(Balances())
        assert isinstance(refused, Unsupported)
        assert "does not trade" in refused.reason


def read(ask, body, status=200):
    return SPOT.private.make_dialect(AccountSetup("http://x", {})).read(ask, HttpReply(status, body), 1)


def test_klines_of_the_documentation():
    bars = read(Klines("BTCUSDT", Interval.HOUR_1), KLINES)
    assert [bar.open_ns for bar in bars] == [1_670_605_200_000_000_000, 1_670_608_800_000_000_000]
    assert [bar.closed for bar in bars] == [True, False]
    assert str(bars[1].quote_volume) == "15.74462667"


@pytest.mark.parametrize(
    ("body", "status", "effect"),
    [
        (b"<html>", 200, Effect.UNKNOWN),
        (b'{"retCode":99999,"retMsg":"what"}', 200, Effect.UNKNOWN),
        (b'{"retCode":10006,"retMsg":"Too many visits."}', 200, Effect.REFUSED),
        (b'{"retCode":0,"result":{"list":[["x","1","1","1","1","1","1"]]}}', 200, Effect.UNKNOWN),
        (b'{"retCode":0,"result":{"list":[]}}', 502, Effect.UNKNOWN),
    ],
)
def test_errors_prove_what_they_prove(body, status, effect):
    with pytest.raises(VenueFault) as caught:
        read(Klines("BTCUSDT", Interval.HOUR_1), body, status)
    assert caught.value.fault.effect is effect


def test_the_record():
    assert SPOT.slow_path
    assert set(SPOT.private.capabilities) == set(Capability)
    assert "bybit.spot" in with_markets(SPOT)
    with pytest.raises(ConfigError, match=r"found bybit\.spot twice"):
        with_markets(SPOT, SPOT)
    with pytest.raises(ConfigError, match="no private lines"):
        SPOT.private.make_line(OKX_LINE, "", AccountSetup("", {}))
    assert SPOT.private.bases("live") == {"rest": "https://api.bybit.com"}


def test_a_desk_on_it_beside_binance():
    done = subprocess.run(
        [sys.executable, "-m", "examples.fourth_venue", "2"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "binance.spot:BTCUSDT", "binance.spot:ETHUSDT", "bybit.spot:BTCUSDT", "bybit.spot:ETHUSDT",
    ]  # fmt: skip
    assert all(line.endswith("slow path") for line in lines[2:])
