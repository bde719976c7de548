"""Every kind of execution report of simulated spot, and what money that moves by itself is told as."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

SPOT, USDM = "binance.spot", "binance.usdm"
ORDER = "/api/v3/order"


async def subscribe(trader: Any, socket: Any) -> None:
    answer = await trader.ask(socket, "userDataStream.subscribe.signature", **trader.signed_params())
    assert answer["status"] == 200


async def events(trader: Any, socket: Any, count: int) -> list[Any]:
    return [(await trader.receive(socket))["event"] for _ in range(count)]


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
        ("NONE", "FILLED", "FILLED"),
    ],
)
async def test_an_account_does_not_trade_with_itself(trader: Any, mode: str, maker: str, taker: str) -> None:
    """Two orders of one account meet in the middle of the spread, where nobody else is."""
    ask = trader.best(SPOT)[1]
    price = str(ask - Decimal("0.01"))
    if Decimal(price) <= trader.best(SPOT)[0]:
        trader.simulator.set_paused(False)
        book = trader.book(SPOT)
        await trader.until(lambda: book.best[2] - book.best[0] > 1)
        trader.simulator.set_paused(True)
        price = str(trader.best(SPOT)[1] - Decimal("0.01"))
    async with trader.ws(trader.spot_api) as socket:
        await subscribe(trader, socket)
        made = await trader.place(SPOT, side="SELL", price=price)
        took = await trader.place(SPOT, price=price, selfTradePreventionMode=mode)
        reports = await trader.collect(socket, 0.1)
    found = []
    for order in (made, took):
        _, body = await trader.signed("GET", ORDER, symbol="BTCUSDT", orderId=order["orderId"])
        found.append(body["status"])
    assert found == [maker, taker]
    kinds = [each["event"]["x"] for each in reports if each["event"]["e"] == "executionReport"]
    expected = {"EXPIRE_BOTH": 2, "NONE": 0}.get(mode, 1)
    assert kinds.count("TRADE_PREVENTION") == expected
    assert kinds.count("TRADE") == (2 if mode == "NONE" else 0)


async def test_what_is_left_expires_with_its_reason(trader: Any) -> None:
    async with trader.ws(trader.spot_api) as socket:
        await subscribe(trader, socket)
        await trader.place(SPOT, timeInForce="IOC")
        first, second = await events(trader, socket, 2)
    assert (first["x"], first["X"]) == ("NEW", "NEW")
    assert (second["x"], second["X"], second["eR"]) == ("EXPIRED", "EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED")


async def test_an_order_that_rests_is_filled_by_the_crowd(trading: Any) -> None:
    """The maker's fill comes over the stream alone, with its fee, and gives back to the order count."""
    async with trading(rate=6.0) as trader, trader.ws(trader.spot_api) as socket:
        await subscribe(trader, socket)
        order = await trader.place(SPOT, price=str(trader.best(SPOT)[0]), quantity="0.001")
        trader.simulator.set_paused(False)
        found = await trader.collect_until(
            socket, lambda got: any(each["event"].get("X") == "FILLED" for each in got), 20
        )
        fills = [each["event"] for each in found if each["event"].get("x") == "TRADE"]
        assert {(each["m"], each["i"], each["N"]) for each in fills} == {(True, order["orderId"], "BTC")}
        assert sum(Decimal(each["l"]) for each in fills) == Decimal("0.001")
        _, counts = await trader.signed("GET", "/api/v3/rateLimit/order")
        assert counts[1]["count"] == 0
        _, trades = await trader.signed("GET", "/api/v3/myTrades", symbol="BTCUSDT")
        assert [(row["id"], row["isMaker"]) for row in trades] == [(each["t"], True) for each in fills]


async def test_deposits_and_funding_are_told(trader: Any) -> None:
    async with trader.ws(trader.spot_api) as socket:
        await subscribe(trader, socket)
        await trader.post("/deposit?venue=binance&market=binance.spot&asset=BTC&amount=1.5")
        update, position = await events(trader, socket, 2)
        assert (update["e"], update["a"], update["d"]) == ("balanceUpdate", "BTC", "1.50000000")
        assert position["B"][0]["a"] == "BTC"
    _, body = await trader.raw("POST", "/fapi/v1/listenKey", trader.trading.key)
    async with trader.ws(f"{trader.private}/ws/{body['listenKey']}") as socket:
        await trader.place(USDM, type="MARKET", timeInForce=None)
        await trader.collect(socket, 0.1)
        await trader.post("/fund?venue=binance")
        update = await trader.receive(socket)
    assert (update["e"], update["a"]["m"], update["a"]["P"]) == ("ACCOUNT_UPDATE", "FUNDING_FEE", [])
    _, income = await trader.signed("GET", "/fapi/v1/income", incomeType="FUNDING_FEE")
    assert Decimal(income[0]["income"]) == Decimal(update["a"]["B"][0]["bc"])
