"""The live desk against the simulated exchange, over real sockets and in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from trimaran.base.errors import ConfigError, VenueError
from trimaran.live.config import DeskConfig, read_config
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.strategies.cross_market import CrossMarket, CrossMarketConfig
from trimaran.strategies.port import Strategy
from trimaran.venues.registry import MARKETS
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.server import Simulator
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.clock import SystemClock

SYMBOLS = ("BTCUSDT", "ETHUSDT")


def strategies() -> list[Strategy]:
    return [CrossMarket(CrossMarketConfig())]


def config_of(simulator: Simulator, symbols: tuple[str, ...] = SYMBOLS, **changes: object) -> DeskConfig:
    venues = simulator.urls()["venues"]
    markets = {f"{venue}.{kind}": bases for venue, kinds in venues.items() for kind, bases in kinds.items()}
    settings: dict[str, Any] = {"exposure_max": {"BTC": Decimal(1), "ETH": Decimal(20)}, **changes}
    return DeskConfig(
        markets=markets,
        symbols=symbols,
        inventory={"BTC": Decimal("0.5"), "ETH": Decimal(10)},
        **settings,
    )


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to pass"
        await asyncio.sleep(0.02)


def words(runner: DeskRunner) -> set[str]:
    return {row["book"] for row in runner.status()["books"]}


async def test_books_go_live_and_the_status_is_whole() -> None:
    async with simulating(SimulatorOptions(venues=("binance",), seed=2, symbols=SYMBOLS)) as simulator:
        runner = DeskRunner(config_of(simulator), SystemClock(), Hot, strategies)
        await runner.start()
        try:
            await until(lambda: words(runner) == {"live"})
            status = runner.status()
            assert set(status["markets"]) == {"binance.spot", "binance.usdm"}
            for row in status["books"]:
                assert Decimal(row["bids"][0][0]) < Decimal(row["asks"][0][0])
            result = runner.result()
            assert all(row["gaps"] == 0 for row in result["markets"].values())
            assert result["latency_us"]["p50"] > 0
            assert all(row["connection"]["messages"] > 0 for row in result["markets"].values())
            assert all(row["connection"]["snapshot_fetches"] >= 2 for row in result["markets"].values())
        finally:
            await runner.stop()
        assert words(runner) == {"down"}


def between_venues(status: dict[str, Any]) -> bool:
    """Whether an opportunity, open or over, was to buy at one venue and sell at another."""
    rows = [*status["open"], *status["recent"]]
    return any(row["buy"].partition(".")[0] != row["sell"].partition(".")[0] for row in rows)


async def test_three_venues_six_markets_and_what_is_worth_a_trade_between_them() -> None:
    async with simulating(SimulatorOptions(seed=9, symbols=SYMBOLS)) as simulator:
        runner = DeskRunner(config_of(simulator), SystemClock(), Hot, strategies)
        await runner.start()
        try:
            await until(lambda: words(runner) == {"live"})
            await until(lambda: between_venues(runner.status()), 60.0)
            await until(lambda: words(runner) == {"live"})
            best, result = runner.status()["best"], runner.result()
        finally:
            await runner.stop()
    assert list(result["markets"]) == list(MARKETS)
    for row in result["markets"].values():
        assert row["book"] == "live"
        assert (row["gaps"], row["crossings"], sum(row["errors"].values())) == (0, 0, 0)
        assert row["frames"] > 0
        assert row["connection"]["reconnects"] == row["connection"]["control_unknown"] == 0
    assert {row["base"] for row in best} == {"BTC", "ETH"}
    assert result["opportunities"]["seen"] > 0


async def test_a_dropped_frame_makes_the_book_stale_and_it_comes_back() -> None:
    async with simulating(SimulatorOptions(venues=("binance",), seed=3, symbols=SYMBOLS)) as simulator:
        runner = DeskRunner(config_of(simulator), SystemClock(), Hot, strategies)
        await runner.start()
        try:
            await until(lambda: words(runner) == {"live"})
            simulator.set_faults(FaultPlan(drop=0.2, truncate=0.05))
            await until(lambda: sum(row["gaps"] for row in runner.result()["markets"].values()) >= 3)
            simulator.set_faults(FaultPlan())
            await until(lambda: words(runner) == {"live"})
            result = runner.result()
            assert sum(row["resyncs"] for row in result["markets"].values()) > 0
            assert all(row["crossings"] == 0 for row in result["markets"].values())
        finally:
            await runner.stop()


async def test_a_lost_connection_takes_the_books_down_until_it_is_back() -> None:
    told: list[str] = []
    async with simulating(SimulatorOptions(venues=("binance",), seed=4, symbols=SYMBOLS)) as simulator:
        runner = DeskRunner(config_of(simulator), SystemClock(), Hot, strategies, told.append)
        await runner.start()
        try:
            await until(lambda: words(runner) == {"live"})
            simulator.end_connections("", None)
            await until(lambda: "down" in words(runner))
            await until(lambda: words(runner) == {"live"})
            status = runner.status()
        finally:
            await runner.stop()
    for name, row in status["markets"].items():
        assert row["connection"]["reconnects"] >= 1
        assert row["notices"]["connection_lost"] >= 1
        assert any(each.market == name and each.kind == "connection_lost" for each in status["notices"])
        assert any(name in line and "connection lost" in line for line in told)


async def test_a_venue_that_is_silent_leaves_no_book_live_and_marks_it() -> None:
    async with simulating(SimulatorOptions(venues=("binance",), seed=6, symbols=SYMBOLS)) as simulator:
        runner = DeskRunner(config_of(simulator, quote_age_ms=700), SystemClock(), Hot, strategies)
        await runner.start()
        try:
            await until(lambda: words(runner) == {"live"})
            before = runner.status()
            assert before["pnl"]["marks_live"] is True
            simulator.set_faults(FaultPlan(half_open=True))
            await until(lambda: words(runner) == {"stale"})
            status = runner.status()
            assert status["now_ns"] > runner.desk.now_ns
            assert all(row["age_ms"] > 700 and "bids" not in row for row in status["books"])
            assert {row["book"] for row in status["markets"].values()} == {"stale"}
            assert status["pnl"]["marks_live"] is False
            assert runner.result()["pnl_detail"]["marks_live"] is False
        finally:
            await runner.stop()


async def test_frames_that_woke_the_strategies_have_a_latency_of_their_own() -> None:
    async with simulating(SimulatorOptions(venues=("binance",), seed=5, symbols=SYMBOLS)) as simulator:
        runner = DeskRunner(config_of(simulator), SystemClock(), Hot, strategies)
        await runner.start()
        try:
            await until(lambda: runner.observed.decision_latency.count > 0, seconds=60.0)
            result = runner.result()
        finally:
            await runner.stop()
    assert result["decision_latency_us"]["p50"] > 0
    assert runner.observed.decision_latency.count < runner.observed.latency.count


async def test_what_the_timer_raises_is_raised_by_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async with simulating(SimulatorOptions(venues=("binance",), seed=7, symbols=SYMBOLS)) as simulator:
        runner = DeskRunner(config_of(simulator), SystemClock(), Hot, strategies)
        await runner.start()
        try:

            def broken(now_ns: int) -> int | None:
                raise AssertionError("a bug behind the timer")

            monkeypatch.setattr(runner.loop, "settle", broken)
            asyncio.get_running_loop().call_later(0.01, runner.settle)
            with pytest.raises(AssertionError, match="behind the timer"):
                await asyncio.wait_for(runner.wait(), 10)
        finally:
            await runner.stop()


async def test_a_venue_under_maintenance_is_asked_again() -> None:
    told: list[str] = []
    async with simulating(SimulatorOptions(venues=("binance",), seed=1, symbols=SYMBOLS)) as simulator:
        simulator.set_faults(FaultPlan(html_answers=2))
        runner = DeskRunner(config_of(simulator), SystemClock(), Hot, strategies, told.append)
        await runner.start()
        try:
            await until(lambda: words(runner) == {"live"})
        finally:
            await runner.stop()
    assert len(told) >= 2
    assert all("attempt" in line and "exchangeInfo" in line for line in told[:2])


async def test_patience_with_a_venue_ends() -> None:
    told: list[str] = []
    async with simulating(SimulatorOptions(venues=("binance",), seed=1, symbols=SYMBOLS)) as simulator:
        simulator.set_faults(FaultPlan(html_answers=1_000))
        config = config_of(simulator, start_patience_s=1.5)
        runner = DeskRunner(config, SystemClock(), Hot, strategies, told.append)
        with pytest.raises(VenueError, match="exchangeInfo"):
            await asyncio.wait_for(runner.start(), 20)
        await runner.stop()
    assert told


async def test_an_asset_without_an_exposure_limit_is_named() -> None:
    async with simulating(SimulatorOptions(venues=("binance",), seed=1, symbols=SYMBOLS)) as simulator:
        config = config_of(simulator, exposure_max={"BTC": Decimal(1)})
        runner = DeskRunner(config, SystemClock(), Hot, strategies)
        with pytest.raises(ConfigError, match=r"exposure_max.*ETH"):
            await runner.start()
        await runner.stop()


async def test_paper_account_and_ledger_agree() -> None:
    async with simulating(SimulatorOptions(venues=("binance",), seed=5, symbols=SYMBOLS)) as simulator:
        runner = DeskRunner(config_of(simulator), SystemClock(), Hot, strategies)
        await runner.start()
        try:
            await until(lambda: len(runner.observed.tally.fills) >= 2, seconds=60.0)
        finally:
            await runner.stop()
        runner.desk.durable.ledger.check()
        held = {holding: amount for holding, amount in runner.desk.durable.ledger.balances.items() if amount}
        assert held == runner.paper_balances()


@pytest.mark.parametrize("symbols", [("NOPEUSDT",), ("BTCUSDT", "NOPEUSDT")])
async def test_a_pair_that_no_market_has_is_named(symbols: tuple[str, ...]) -> None:
    async with simulating(SimulatorOptions(venues=("binance", "okx"), seed=1, symbols=SYMBOLS)) as simulator:
        runner = DeskRunner(config_of(simulator, symbols), SystemClock(), Hot, strategies)
        named = r"^symbols: expected pairs that one of binance\.spot, .* trades, found NOPE-USDT$"
        with pytest.raises(ConfigError, match=named):
            await runner.start()
        await runner.stop()


def across(simulator: Simulator, other: Simulator, told: list[str]) -> DeskRunner:
    """A desk for both pairs on the markets of two simulators."""
    config = config_of(simulator)
    markets = {**config.markets, **config_of(other).markets}
    return DeskRunner(structs.replace(config, markets=markets), SystemClock(), Hot, strategies, told.append)


@pytest.mark.parametrize(("whole", "part"), [("binance", "okx"), ("okx", "binance"), ("okx", "htx")])
async def test_a_pair_that_one_market_lacks_is_left_out_there(whole: str, part: str) -> None:
    told: list[str] = []
    async with (
        simulating(SimulatorOptions(venues=(whole,), seed=1, symbols=SYMBOLS)) as both,
        simulating(SimulatorOptions(venues=(part,), seed=1, symbols=("BTCUSDT",))) as one,
    ):
        runner = across(both, one, told)
        await runner.start()
        try:
            await until(lambda: words(runner) == {"live"})
            status = runner.status()
        finally:
            await runner.stop()
    bases = {(leg.instrument.market.split(".")[0], str(leg.instrument.base)) for leg in runner.desk.legs}
    assert bases == {(whole, "BTC"), (whole, "ETH"), (part, "BTC")}
    assert len([line for line in told if "ETH-USDT is not traded here: left out" in line]) == 2
    left_out = {name for name, row in status["markets"].items() if row["notices"].get("left_out")}
    assert {name.split(".")[0] for name in left_out} == {part}


async def test_a_market_that_has_none_of_the_pairs_is_named() -> None:
    async with (
        simulating(SimulatorOptions(venues=("binance",), seed=1, symbols=SYMBOLS)) as both,
        simulating(SimulatorOptions(venues=("okx",), seed=1, symbols=("SOLUSDT",))) as none,
    ):
        runner = across(both, none, [])
        with pytest.raises(ConfigError, match=r"^markets: .* BTC-USDT, ETH-USDT, found okx\.spot$"):
            await runner.start()
        await runner.stop()


async def test_no_venue_there() -> None:
    bases = {"rest": "http://127.0.0.1:9", "ws": "ws://127.0.0.1:9"}
    runner = DeskRunner(
        DeskConfig(markets={"binance.spot": bases}, symbols=("BTCUSDT",), start_patience_s=0),
        SystemClock(),
        Hot,
        strategies,
    )
    with pytest.raises(VenueError):
        await runner.start()
    await runner.stop()


async def test_each_market_is_asked_for_its_own_spelling() -> None:
    async with simulating(SimulatorOptions(seed=8, symbols=("BTC",))) as simulator:
        runner = DeskRunner(config_of(simulator, ("btc/usdt", "BTC-USDT")), SystemClock(), Hot, strategies)
        await runner.start()
        try:
            await until(lambda: words(runner) == {"live"})
            spelled = {row["market"]: row["symbol"] for row in runner.status()["books"]}
        finally:
            await runner.stop()
    assert spelled == {
        "binance.spot": "BTCUSDT",
        "binance.usdm": "BTCUSDT",
        "okx.spot": "BTC-USDT",
        "okx.swap": "BTC-USDT-SWAP",
        "htx.spot": "btcusdt",
        "htx.swap": "BTC-USDT",
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"{", "desk config"),
        (b'{"markets":{},"symbols":["BTCUSDT"]}', "markets"),
        (b'{"markets":{"kraken.spot":"live"},"symbols":["BTCUSDT"]}', "kraken.spot"),
        (b'{"markets":{"binance.spot":"live"},"symbols":[]}', "symbols"),
        (b'{"markets":{"binance.spot":"live"},"symbols":["BTC"]}', "symbols: expected pairs"),
        (b'{"markets":{"okx.swap":"live"},"symbols":["BTC-USDT-SWAP"]}', "symbols: expected pairs"),
        (b'{"markets":{"htx.spot":"live"},"symbols":["AUSD"],"paper_latency_ms":-1}', "paper_latency_ms"),
        (b'{"markets":{"htx.spot":"live"},"symbols":["AUSD"],"quote_balance":"NaN"}', "quote_balance"),
        (b'{"markets":{"htx.spot":"live"},"symbols":["AUSD"],"typo":1}', "typo"),
        (b'{"markets":{"htx.spot":"live"},"symbols":["AUSD"],"inventory":{"BTC":"-1"}}', "inventory.BTC"),
        (b'{"markets":{"htx.spot":"live"},"symbols":["AUSD"],"inventory":{"BTC":"NaN"}}', "inventory.BTC"),
        (b'{"markets":{"htx.spot":"live"},"symbols":["AUSD"],"exposure_max":{"X":"Inf"}}', "exposure_max.X"),
        (b'{"markets":{"htx.spot":"live"},"symbols":["AUSD"],"exposure_max":{"X":"0"}}', "exposure_max.X"),
        (b'{"markets":{"htx.spot":"live"},"symbols":["AUSD"],"start_patience_s":-1}', "start_patience_s"),
    ],
)
def test_wrong_settings_are_named(text: bytes, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        read_config(text)


def test_a_book_without_one_of_its_urls() -> None:
    config = DeskConfig(markets={"binance.usdm": {"rest": "http://127.0.0.1:9"}}, symbols=("BTCUSDT",))
    runner = DeskRunner(config, SystemClock(), Hot, strategies)
    with pytest.raises(ConfigError, match="ws_public"):
        asyncio.run(runner.start())
