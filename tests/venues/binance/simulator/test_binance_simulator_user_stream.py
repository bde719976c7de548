"""User data of simulated USD-M: listen keys, what accounts are told and in which order, liquidations."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from trimaran.venues.binance.simulator.venue import BinanceRules
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.gate import TradingFaults

USDM = "binance.usdm"
KEY = "/fapi/v1/listenKey"
ORDER = "/fapi/v1/order"


async def listen_key(trader: Any) -> str:
    status, body = await trader.raw("POST", KEY, trader.trading.key)
    assert status == 200
    return str(body["listenKey"])


def names(messages: list[Any]) -> list[tuple[str, str]]:
    return [(each["e"], each.get("o", {}).get("x") or each.get("a", {}).get("m") or "") for each in messages]


async def test_listen_keys(trader: Any) -> None:
    """One an account; renewed, closed, and then unknown."""
    assert (await trader.raw("PUT", KEY, trader.trading.key))[1]["code"] == -1125
    key = await listen_key(trader)
    assert await listen_key(trader) == key
    assert await trader.raw("PUT", KEY, trader.trading.key) == (200, {"listenKey": key})
    assert await trader.raw("DELETE", KEY, trader.trading.key) == (200, {})
    assert (await trader.raw("PUT", KEY, trader.trading.key))[1]["code"] == -1125
    assert (await trader.raw("POST", KEY))[1]["code"] == -2014


@pytest.mark.parametrize("form", ["/ws?listenKey={}", "/ws/{}", "/stream?streams={}", "/stream?listenKey={}"])
async def test_orders_and_positions_are_told(trader: Any, form: str) -> None:
    key = await listen_key(trader)
    async with trader.ws(trader.private + form.format(key)) as socket:
        order = await trader.place(USDM, newClientOrderId="mine")
        moved = trader.far(USDM, "0.96")
        await trader.signed(
            "PUT", ORDER, symbol="BTCUSDT", orderId=order["orderId"], side="BUY", quantity="0.01", price=moved
        )
        await trader.signed("DELETE", ORDER, symbol="BTCUSDT", orderId=order["orderId"])
        await trader.place(USDM, type="MARKET", timeInForce=None)
        messages = [await trader.receive(socket) for _ in range(7)]
    if "stream" in form:
        assert {message["stream"] for message in messages} == {key}
        messages = [message["data"] for message in messages]
    assert names(messages) == [
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("ORDER_TRADE_UPDATE", "AMENDMENT"),
        ("ORDER_TRADE_UPDATE", "CANCELED"),
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("TRADE_LITE", ""),
        ("ORDER_TRADE_UPDATE", "TRADE"),
        ("ACCOUNT_UPDATE", "ORDER"),
    ]
    assert messages[1]["o"]["p"] == f"{Decimal(moved):.2f}"
    lite, trade, update = messages[4], messages[5]["o"], messages[6]["a"]
    assert lite["t"] == trade["t"] > 0
    assert (trade["X"], trade["N"], trade["m"]) == ("FILLED", "USDT", False)
    assert update["P"][0]["pa"] == "0.010"
    assert Decimal(update["B"][0]["wb"]) == 1_000_000 - Decimal(trade["n"])


async def test_only_events_that_were_asked_for(trader: Any) -> None:
    key = await listen_key(trader)
    async with trader.ws(f"{trader.private}/ws?listenKey={key}&events=ACCOUNT_UPDATE/TRADE_LITE") as socket:
        await trader.place(USDM, type="MARKET", timeInForce=None)
        assert names([await trader.receive(socket) for _ in range(2)]) == [
            ("TRADE_LITE", ""), ("ACCOUNT_UPDATE", "ORDER")
        ]  # fmt: skip


async def test_settings_and_algo_orders_are_told(trader: Any) -> None:
    key = await listen_key(trader)
    async with trader.ws(f"{trader.private}/ws/{key}") as socket:
        await trader.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=9)
        message = await trader.receive(socket)
        assert (message["e"], message["ac"]) == ("ACCOUNT_CONFIG_UPDATE", {"s": "BTCUSDT", "l": 9})
        await trader.signed("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
        assert (await trader.receive(socket))["a"]["m"] == "MARGIN_TYPE_CHANGE"
        await trader.signed(
            "POST", "/fapi/v1/algoOrder", algoType="CONDITIONAL", symbol="BTCUSDT", side="SELL",
            type="STOP_MARKET", quantity="0.01", triggerPrice=trader.far(USDM), clientAlgoId="stop",
        )  # fmt: skip
        await trader.signed("DELETE", "/fapi/v1/algoOrder", clientAlgoId="stop")
        messages = [await trader.receive(socket) for _ in range(2)]
        assert [(each["e"], each["o"]["X"]) for each in messages] == [
            ("ALGO_UPDATE", "NEW"), ("ALGO_UPDATE", "CANCELED")
        ]  # fmt: skip


async def test_a_triggered_algo_order_becomes_an_order(trading: Any) -> None:
    async with trading(rate=6.0) as trader:
        key = await listen_key(trader)
        async with trader.ws(f"{trader.private}/ws/{key}") as socket:
            _, algo = await trader.signed(
                "POST", "/fapi/v1/algoOrder", algoType="CONDITIONAL", symbol="BTCUSDT", side="BUY",
                type="STOP_MARKET", quantity="0.01", triggerPrice=str(trader.best(USDM)[1] + Decimal("0.5")),
            )  # fmt: skip
            trader.simulator.set_paused(False)
            messages = await trader.collect_until(
                socket, lambda found: any(each.get("o", {}).get("X") == "FINISHED" for each in found), 20
            )
        _, found = await trader.signed("GET", "/fapi/v1/algoOrder", algoId=algo["algoId"])
        _, child = await trader.signed("GET", ORDER, symbol="BTCUSDT", orderId=found["actualOrderId"])
    told = [each["o"]["X"] for each in messages if each["e"] == "ALGO_UPDATE"]
    assert told == ["NEW", "TRIGGERED", "FINISHED"]
    assert (found["algoStatus"], child["status"], child["origType"]) == ("FINISHED", "FILLED", "STOP_MARKET")


async def test_a_listen_key_expires_and_an_unknown_one_is_silent(trading: Any) -> None:
    async with trading(moving=True, **{"binance": BinanceRules(listen_key_ms=300)}) as trader:
        key = await listen_key(trader)
        async with (
            trader.ws(f"{trader.private}/ws/{key}") as socket,
            trader.ws(f"{trader.private}/ws/{'0' * 64}") as silent,
        ):
            message = await trader.receive(socket)
            assert (message["e"], message["listenKey"]) == ("listenKeyExpired", key)
            await trader.place(USDM)
            with pytest.raises(asyncio.TimeoutError):
                await trader.receive(silent, 0.2)
            with pytest.raises(asyncio.TimeoutError):
                await trader.receive(socket, 0.1)


async def test_pushes_can_be_lost_doubled_and_late(trading: Any) -> None:
    for plan, expected in (
        ({"push_drop": 1.0}, []),
        ({"push_duplicate": 1.0}, ["NEW", "NEW"]),
        ({"push_delay": 1.0, "push_delay_ms": 20}, ["NEW"]),
    ):
        async with trading(faults=FaultPlan(trading=TradingFaults(**plan))) as trader:
            key = await listen_key(trader)
            async with trader.ws(f"{trader.private}/ws/{key}") as socket:
                await trader.place(USDM)
                messages = await trader.collect(socket, 0.25)
            assert [message["o"]["x"] for message in messages] == expected


async def test_a_liquidation_is_told_to_its_account_and_to_all(trader: Any) -> None:
    """Hardly any margin is left under a large position: the venue closes it."""
    key, exchange = await listen_key(trader), trader.simulator.exchanges["binance"]
    market = trader.private.replace("/private", "/market")
    await trader.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    bought = await trader.place(USDM, type="MARKET", timeInForce=None, quantity="0.5")
    assert bought["status"] == "FILLED"
    async with (
        trader.ws(f"{trader.private}/ws/{key}") as socket,
        trader.ws(f"{market}/ws/btcusdt@forceOrder") as forced,
    ):
        free = exchange.margin(1, USDM).wallet
        exchange.deposit(1, USDM, "USDT", -free + Decimal(5), trader.simulator.stage.trading_ns())
        trader.simulator.set_paused(False)
        public = await trader.receive(forced)
        messages = await trader.collect_until(
            socket, lambda found: any(each.get("a", {}).get("P") for each in found[1:])
        )
    assert (public["e"], public["o"]["S"], public["o"]["f"]) == ("forceOrder", "SELL", "IOC")
    orders = [each["o"] for each in messages if each["e"] == "ORDER_TRADE_UPDATE"]
    assert orders[0]["c"].startswith("autoclose-")
    assert {each["x"] for each in orders} <= {"NEW", "TRADE", "CALCULATED"}
    assert messages[0]["a"]["m"] == "DEPOSIT"
    assert await trader.signed("GET", "/fapi/v3/positionRisk") == (200, [])
    _, every = await trader.signed("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")
    assert every[-1]["clientOrderId"].startswith("autoclose-")


async def test_an_account_is_warned_before_the_end(trader: Any) -> None:
    key, exchange = await listen_key(trader), trader.simulator.exchanges["binance"]
    await trader.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    await trader.place(USDM, type="MARKET", timeInForce=None, quantity="0.5")
    async with trader.ws(f"{trader.private}/ws/{key}") as socket:
        view = exchange.margin(1, USDM)
        wanted = view.maintenance_margin * Decimal("1.2")
        exchange.deposit(
            1,
            USDM,
            "USDT",
            (wanted - view.equity).quantize(Decimal("0.01")),
            trader.simulator.stage.trading_ns(),
        )
        messages = await trader.collect(socket, 0.4)
    warnings = [message for message in messages if message["e"] == "MARGIN_CALL"]
    assert [row["p"][0]["pa"] for row in warnings] == ["0.500"]
