"""Accounts inside a running simulator: its clock, its keys, its handles."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.simulated import simulated
from trimaran.base.errors import ConfigError
from trimaran.venues.sim.demo import demo_account
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.gate import Request, TradingFaults
from trimaran.venues.sim.markets import BINANCE_SPOT, BINANCE_USDM, HTX_SPOT, OKX_SPOT
from trimaran.venues.sim.trading import BUY, OrderSpec, OrderTypeSim, Permission, SimOrder, Status
from trimaran.venues.simulators import SimulatorOptions, simulator_of

CLOSED = (
    aiohttp.WSMsgType.CLOSE,
    aiohttp.WSMsgType.CLOSED,
    aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.ERROR,
)


def market_buy(symbol: str, size: str, market: Any = BINANCE_USDM) -> OrderSpec:
    return OrderSpec(market=market, symbol=symbol, side=BUY, type=OrderTypeSim.MARKET, size=Decimal(size))  # type: ignore[arg-type]


def test_keys_follow_from_the_seed_and_say_what_they_may() -> None:
    demo = demo_account("okx", 3)
    assert demo == demo_account("okx", 3)
    assert demo.keys != demo_account("okx", 4).keys != demo_account("binance", 4).keys
    assert [Permission.TRADE in key.permissions for key in demo.keys] == [True, True, False, True]
    assert [Permission.WITHDRAW in key.permissions for key in demo.keys] == [False, False, False, True]
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(demo.ed25519_seed))
    assert private.public_key().public_bytes_raw().hex() == demo.ed25519.public_key


def test_every_venue_has_a_funded_demo_account() -> None:
    simulator = simulator_of(SimulatorOptions(symbols=("BTC", "DOGE")))
    for venue, exchange in simulator.exchanges.items():
        key = exchange.demo_key()
        printed = demo_account(venue, 1).printed()
        assert (key.key, key.secret, key.passphrase) == (
            printed["key"], printed["secret"], printed["passphrase"]
        )  # fmt: skip
        amounts = {each.asset: each.total for each in exchange.balances(1, exchange.markets[0])}
        assert amounts == {"USDT": 1_000_000, "BTC": 1, "DOGE": 1_000_000}
        assert exchange.margin(1, exchange.markets[1]).available == 1_000_000


def test_client_ids_of_htx_can_be_set_free() -> None:
    with pytest.raises(ConfigError, match=r"htx\.ids"):
        simulator_of(SimulatorOptions(htx=SimulatorOptions().htx.__class__(ids="some")))
    free = simulator_of(SimulatorOptions(symbols=("BTC",), htx=SimulatorOptions().htx.__class__(ids="free")))
    assert free.exchanges["htx"].rules.client_ids.name == "FREE"
    assert free.exchanges["okx"].rules.client_ids.name == "UNIQUE_OPEN"


def test_the_same_seed_and_orders_give_the_same_fills() -> None:
    def run() -> list[object]:
        simulator = simulator_of(SimulatorOptions(symbols=("BTC",), venues=("binance",), seed=5))
        world, exchange = simulator.world, simulator.exchanges["binance"]
        start_ns = world.now_ns
        world.advance(start_ns + 50_000_000)
        bid = world.books[BINANCE_SPOT, "BTCUSDT"].best[0]  # type: ignore[index]
        price = world.books[BINANCE_SPOT, "BTCUSDT"].listing.instrument.price(bid)  # type: ignore[index]
        spec = OrderSpec(
            market=BINANCE_SPOT, symbol="BTCUSDT", side=BUY, type=OrderTypeSim.LIMIT,
            price=price, size=Decimal(1),
        )  # type: ignore[arg-type]  # fmt: skip
        order = exchange.place(1, spec, world.now_ns)
        assert isinstance(order, SimOrder)
        for _ in range(400):
            world.advance(world.now_ns + 50_000_000)
            exchange.turn(world.now_ns)
        assert order.status is Status.FILLED
        return [(fill.trade_id, fill.lots, fill.time_ns - start_ns) for fill in order.fills]

    fills = run()
    assert fills == run()
    assert fills


def test_trading_time_is_that_of_the_books_and_stands_while_paused() -> None:
    simulator = simulator_of(SimulatorOptions(symbols=("BTC",), venues=("binance",)))
    stage = simulator.stage
    before = simulator.world.now_ns
    now_ns = stage.trading_ns()
    assert now_ns >= before
    assert now_ns == simulator.world.now_ns
    assert all(book.last_time_ns <= now_ns for book in simulator.world.books.values())
    simulator.set_paused(True)
    assert stage.trading_ns() == stage.trading_ns() == simulator.world.now_ns
    simulator.set_paused(False)
    simulator.set_clock_offset(-2_000)
    assert abs(stage.server_ms() - stage.moment().venue_ms(stage.trading_ns())) < 1_000
    assert stage.exchange("binance") is simulator.exchanges["binance"]


def test_a_listener_may_ask_for_the_time_while_the_market_moves() -> None:
    simulator = simulator_of(SimulatorOptions(symbols=("BTC",), venues=("binance",)))
    exchange, times = simulator.exchanges["binance"], []
    order = exchange.place(1, market_buy("BTCUSDT", "0.1"), simulator.stage.trading_ns())
    assert isinstance(order, SimOrder)
    exchange.listen(lambda event: times.append((simulator.stage.trading_ns(), event.time_ns)))
    bid = exchange.book(BINANCE_USDM, order.symbol)
    assert bid is not None
    spec = OrderSpec(
        market=BINANCE_USDM, symbol=order.symbol, side=BUY, type=OrderTypeSim.LIMIT,
        price=bid.listing.instrument.price(bid.best[0]), size=Decimal(1),
    )  # fmt: skip
    exchange.place(1, spec, simulator.stage.trading_ns())
    for _ in range(200):
        simulator.stage.lost_ns -= 50_000_000
        simulator.turn()
    assert len(times) > 2
    assert all(asked == told for asked, told in times)


async def test_handles_show_and_change_accounts() -> None:
    async with simulated(symbols=("BTC",), venues=("binance", "okx")) as client:
        simulator = client.simulator
        printed = simulator.urls()["accounts"]
        assert printed["okx"]["account_id"] == 1
        assert len({*printed["okx"].values()}) == len(printed["okx"])
        exchange = simulator.exchanges["binance"]
        exchange.place(1, market_buy("BTCUSDT", "0.5"), simulator.stage.trading_ns())
        books = await client.look("/account?venue=binance")
        assert set(books) == {"binance.spot", "binance.usdm"}
        usdm = books["binance.usdm"]
        assert usdm["positions"][0]["size"] == "0.500"
        assert sum(Decimal(fill["size"]) for fill in usdm["fills"]) == Decimal("0.5")
        assert usdm["fills_total"] == len(usdm["fills"])
        (ended,) = await client.look("/orders?venue=binance&market=binance.usdm")
        assert (ended["status"], ended["side"], ended["price"]) == ("filled", "buy", None)
        balances = await client.post("/deposit?venue=okx&market=okx.spot&asset=USDT&amount=-999999.5")
        assert Decimal(next(each["free"] for each in balances if each["asset"] == "USDT")) == Decimal("0.5")
        assert await client.post("/fund?venue=binance") == {"funded": True}
        assert await client.post("/funding-period?venue=binance&seconds=1") == {"seconds": 1}
        status = await client.look("/status")
        assert status["orders"] == {"binance": 1, "okx": 0}
        for path in ("/account?venue=htx", "/account?account=9", "/orders?market=okx.spot"):
            assert "unknown" in (await client.look(path))["error"]
        for path in ("/deposit?amount=x", "/deposit?amount=1e-30", "/deposit?amount=NaN", "/funding-period"):
            assert "expected" in (await client.post(path))["error"]
        assert "expected" in (await client.look("/account?account=x"))["error"]


async def test_one_plan_switches_the_faults_of_both_sides() -> None:
    plan = {"drop": 0.5, "trading": {"lost_answer": 1.0, "requests": ["order", "query"]}}
    async with simulated(symbols=("BTC",), venues=("binance", "okx")) as client:
        stage = client.simulator.stage
        answer = await client.post("/faults?market=okx.spot", plan)
        assert answer["plan"]["trading"]["lost_answer"] == 1.0
        assert not stage.gate.judge(OKX_SPOT, Request.QUERY).answered
        assert stage.gate.judge(BINANCE_SPOT, Request.QUERY).answered
        assert (await client.look("/faults"))["trading_counts"]["lost_answers"] == 1
        assert "error" in await client.post("/faults", {"trading": {"lost_answer": 2}})
        assert "error" in await client.post("/faults", {"trading": {"nothing": 1}})
        await client.post("/faults", {})
        assert stage.gate.judge(OKX_SPOT, Request.QUERY).answered


async def test_the_clock_can_be_set_while_running() -> None:
    async with simulated(symbols=("BTC",), venues=("binance",)) as client:
        stage = client.simulator.stage
        assert await client.post("/clock?offset_ms=-5000") == {"offset_ms": -5000, "drift_ppm": 0}
        before_ms = stage.server_ms()
        await client.post("/clock?offset_ms=5000")
        assert stage.server_ms() - before_ms >= 10_000
        assert (await client.look("/status"))["clock_offset_ms"] == 5000
        assert "expected" in (await client.post("/clock?offset_ms=soon"))["error"]
        await client.post("/clock?drift_ppm=1000000")  # a second every second
        await client.until(lambda: stage.clock_offset_ms >= 20)
        await client.post("/clock?drift_ppm=-1000000")
        await client.until(lambda: stage.clock_offset_ms <= -20)


async def test_orders_end_with_their_instrument_and_funding_is_due_by_the_period() -> None:
    async with simulated(symbols=("BTC",), venues=("htx",), funding_period_s=1) as client:
        exchange = client.simulator.exchanges["htx"]
        spec = OrderSpec(
            market=HTX_SPOT, symbol="btcusdt", side=BUY, type=OrderTypeSim.LIMIT, price=Decimal(55_000),
            size=Decimal("0.01"),
        )  # type: ignore[arg-type]  # fmt: skip
        order = exchange.place(1, spec, client.simulator.stage.trading_ns())
        assert isinstance(order, SimOrder)
        await client.post("/delist?market=htx.spot&symbol=btcusdt")
        assert order.status is Status.CANCELED
        funded: list[object] = []
        exchange.listen(funded.append)
        swap = exchange.markets[1]
        exchange.place(1, market_buy("BTC-USDT", "100", swap), client.simulator.stage.trading_ns())
        count = len(funded)
        await client.until(lambda: len(funded) > count)
        await asyncio.sleep(0)


def test_plans_from_the_start() -> None:
    plan = FaultPlan(trading=TradingFaults(error_before=1.0))
    simulator = simulator_of(SimulatorOptions(symbols=("BTC",), venues=("okx",), faults=plan))
    simulator.set_faults(simulator.options.faults)
    assert simulator.stage.gate.judge(OKX_SPOT, Request.ORDER).status == 502
    with pytest.raises(ConfigError, match="half_open"):
        SimulatorOptions(faults=FaultPlan(trading=TradingFaults(private_half_open=True)))
    with pytest.raises(ConfigError, match="funding_period_s"):
        SimulatorOptions(funding_period_s=0)


async def test_private_connections_end_or_fall_silent_alone() -> None:
    async with simulated(symbols=("BTC",), venues=("binance",)) as client:
        public = f"{client.base('binance.spot', 'ws')}/ws/btcusdt@bookTicker"
        private = client.base("binance.spot", "ws_api")
        ping = {"id": "1", "method": "ping"}
        async with client.ws(public) as market, client.ws(private) as account:
            await account.send_json(ping)
            assert (await client.receive(account))["status"] == 200
            await client.post("/faults", {"trading": {"private_half_open": True}})
            assert (await client.receive(market))["s"] == "BTCUSDT"
            await account.send_json(ping)
            with pytest.raises(TimeoutError):
                await client.receive(account, 0.2)
            assert await client.post("/disconnect?private=1") == {"connections": 1}
            assert (await account.receive(timeout=5)).type in CLOSED
            assert (await client.receive(market))["s"] == "BTCUSDT"


async def test_a_request_that_waits_for_its_answer_does_not_hold_the_end_up() -> None:
    late = FaultPlan(trading=TradingFaults(answer_ms=3_600_000, requests=tuple(Request)))
    async with asyncio.timeout(20), aiohttp.ClientSession() as http:
        async with simulated(venues=("binance",), symbols=("BTC",), faults=late) as client:
            url = client.base("binance.spot", "rest") + "/api/v3/ping"
            asking = asyncio.create_task(http.get(url))
            await asyncio.sleep(0.2)
            assert not asking.done()
        with pytest.raises(aiohttp.ClientError):
            await asking
