"""Orders of ccxt on the simulated OKX over REST; a part of `ccxt_okx.py`. Each step takes the session."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt


def check(condition: object, text: object) -> None:
    """Raises when something is not as it must be."""
    if not condition:
        raise AssertionError(str(text))


async def expect(kind: type[Exception], work: Awaitable[Any]) -> None:
    """Something must fail in that way."""
    try:
        await work
    except kind:
        return
    raise AssertionError(f"expected {kind.__name__}")


async def rest_and_edit(session: Any) -> None:
    """An order that rests: found, changed, cancelled once and not twice."""
    client, symbol, amount = session.client, session.symbol, session.amount
    made = await client.create_order(symbol, "limit", "buy", amount, await session.far("buy"))
    found = await client.fetch_order(made["id"], symbol)
    check(found["status"] == "open" and found["amount"] == amount, found)
    check([each["id"] for each in await client.fetch_open_orders(symbol)] == [made["id"]], "not one")
    price = await session.far("buy") - 100
    await client.edit_order(made["id"], symbol, "limit", "buy", amount, price)
    found = await client.fetch_order(made["id"], symbol)
    check(abs(found["price"] - price) < 1, found)
    await client.cancel_order(made["id"], symbol)
    check((await client.fetch_order(made["id"], symbol))["status"] == "canceled", "not canceled")
    await expect(ccxt.OrderNotFound, client.cancel_order(made["id"], symbol))


async def market(session: Any) -> None:
    """Market orders of both sides, and of spot one by value."""
    client, symbol, amount = session.client, session.symbol, session.amount
    for side in ("buy", "sell"):
        made = await client.create_order(symbol, "market", side, amount)
        found = await client.fetch_order(made["id"], symbol)
        check(found["status"] == "closed" and found["filled"] == amount and found["average"] > 0, found)
        check(found["fee"]["cost"] > 0, found["fee"])
    if session.kind == "spot":
        made = await client.create_market_buy_order_with_cost(symbol, 500)
        found = await client.fetch_order(made["id"], symbol)
        check(found["status"] == "closed" and found["filled"] > 0, found)


async def post_only(session: Any) -> None:
    """It would take: taken and cancelled."""
    client, symbol = session.client, session.symbol
    price = (await client.fetch_ticker(symbol))["ask"] * 1.01
    made = await client.create_order(symbol, "limit", "buy", session.amount, price, {"postOnly": True})
    found = await client.fetch_order(made["id"], symbol)
    check(found["status"] == "canceled" and found["info"]["cancelSource"] == "31", found["info"])


async def in_force(session: Any) -> None:
    """IOC and FOK that find nobody."""
    client, symbol = session.client, session.symbol
    for name, source in (("IOC", "14"), ("FOK", "13")):
        price = await session.far("buy")
        made = await client.create_order(symbol, "limit", "buy", session.amount, price, {"timeInForce": name})
        found = await client.fetch_order(made["id"], symbol)
        check(found["status"] == "canceled" and found["info"]["cancelSource"] == source, found["info"])


async def many(session: Any) -> None:
    """Three at once."""
    client, symbol = session.client, session.symbol
    price = await session.far("sell")
    order = {"symbol": symbol, "type": "limit", "side": "sell", "amount": session.amount}
    made = await client.create_orders([{**order, "price": price + 10 * each} for each in range(3)])
    check(len(await client.fetch_open_orders(symbol)) == 3, "not three")
    await client.cancel_orders([each["id"] for each in made], symbol)
    check(await client.fetch_open_orders(symbol) == [], "some are left")


async def named(session: Any) -> None:
    """An order by the client's id, which is taken once."""
    client, symbol = session.client, session.symbol
    price, params = await session.far("buy"), {"clientOrderId": f"mine{int(time.time() * 1000)}"}
    await client.create_order(symbol, "limit", "buy", session.amount, price, params)
    found = await client.fetch_order("", symbol, params)
    check(found["clientOrderId"] == params["clientOrderId"], found)
    again = client.create_order(symbol, "limit", "buy", session.amount, price, params)
    await expect(ccxt.InvalidOrder, again)
    await client.cancel_order("", symbol, params)


async def refusals(session: Any) -> None:
    """No money, and a price far outside of the band."""
    client, symbol, price = session.client, session.symbol, await session.far("buy")
    await expect(ccxt.InsufficientFunds, client.create_order(symbol, "limit", "buy", 1e6, price))
    await expect(ccxt.InvalidOrder, client.create_order(symbol, "limit", "buy", session.amount, price * 2))


async def trigger(session: Any) -> None:
    """A trigger order and a stop loss, which wait and are cancelled."""
    client, symbol, amount = session.client, session.symbol, session.amount
    last, waiting = (await client.fetch_ticker(symbol))["last"], {"trigger": True}
    price = client.price_to_precision(symbol, last * 1.04)
    made = await client.create_order(symbol, "market", "buy", amount, None, {"triggerPrice": price})
    found = await client.fetch_open_orders(symbol, params=waiting)
    check(made["id"] in [each["id"] for each in found], found)
    one = await client.fetch_order(made["id"], symbol, waiting)
    check(one["status"] == "open", one)
    await client.cancel_order(made["id"], symbol, waiting)
    check(await client.fetch_open_orders(symbol, params=waiting) == [], "it is left")
    stop = client.price_to_precision(symbol, last * 0.96)
    made = await client.create_order(symbol, "market", "sell", amount, None, {"stopLossPrice": stop})
    found = await client.fetch_open_orders(symbol, params={**waiting, "ordType": "conditional"})
    check(len(found) == 1, found)
    await client.cancel_orders([made["id"]], symbol, waiting)


async def lists(session: Any) -> None:
    """What is over."""
    client, symbol = session.client, session.symbol
    closed, trades = await client.fetch_closed_orders(symbol), await client.fetch_my_trades(symbol)
    check(len(closed) >= 2 and {each["status"] for each in closed} == {"closed"}, closed[:1])
    check(len(trades) >= 2 and all(each["fee"]["cost"] > 0 for each in trades), trades[:1])
    check(await client.fetch_canceled_orders(symbol), "no canceled ones")


STEPS: tuple[tuple[str, Callable[[Any], Awaitable[None]]], ...] = (
    ("orders_rest_and_edit", rest_and_edit),
    ("orders_market", market),
    ("orders_post_only", post_only),
    ("orders_ioc_and_fok", in_force),
    ("orders_many_at_once", many),
    ("orders_by_client_id", named),
    ("orders_refused", refusals),
    ("orders_with_triggers", trigger),
    ("orders_and_trades_lists", lists),
)
