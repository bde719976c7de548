"""ccxt's way of an order: what it costs to write and sign, and its way to a venue and back.

REST: `create_order_request`, then `sign`, which `create_order` and its request go through. WebSocket:
`create_order_ws` itself, up to the text that its client would send.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from array import array
from collections.abc import Callable
from typing import Any

from ccxt.async_support.base.ws.client import json_dumps
from ccxt_addresses import exchange_at, run, symbol_of
from measuring import Reply, Side, clock_cost_ns, percentiles_us, settle

SIZE = 0.01  # base asset
RESTS_AT = 0.98
SUBSCRIBED_S = 0.5  # after that the private streams are there
REST_PATHS: dict[str, tuple[str, list[str]]] = {
    "binance.spot": ("order", ["private"]),
    "binance.usdm": ("order", ["fapiPrivate"]),
    "okx.spot": ("trade/batch-orders", ["private"]),
    "okx.swap": ("trade/batch-orders", ["private"]),
    "htx.spot": ("v1/order/orders/place", ["spot", "private"]),
    "htx.swap": ("v5/trade/order", ["contract", "private"]),
}


def order_entry(side: Side, told: dict[str, Any], market: str, way: str, count: int) -> Reply:
    """Microseconds of each order, from `create_order`'s arguments to signed text or request."""
    return run(written(told, market, way, count))


async def written(told: dict[str, Any], market: str, way: str, count: int) -> Reply:
    """Loads the markets, then writes orders that differ in price, size and id."""
    exchange = exchange_at(told, market)
    try:
        symbol = symbol_of(market, "BTC")
        await exchange.load_markets()
        if market == "htx.spot":
            await exchange.load_accounts()
        amount, price = await first_order(exchange, symbol)
        tick, step = (float(exchange.market(symbol)["precision"][name]) for name in ("price", "amount"))
        calls = [
            (symbol, "limit", "buy", amount + number % 50 * step, price - number % 200 * tick)
            for number in range(count)
        ]
        write = line_writer(exchange) if way == "line" else rest_writer(exchange, market)
        settle()
        costs = array("q", bytes(8 * count))
        clock = time.perf_counter_ns
        for number, arguments in enumerate(calls):
            start = clock()
            text = write(*arguments)
            costs[number] = clock() - start
    finally:
        await exchange.close()
    size = len(text) if isinstance(text, str) else len(text["url"]) + len(text["body"] or "")
    return percentiles_us(costs, clock_cost_ns()) | {"bytes": size, "orders": count}


def rest_writer(exchange: Any, market: str) -> Callable[..., Any]:
    """A signed request."""
    path, api = REST_PATHS[market]
    sign = exchange.sign
    if market == "htx.spot":
        return lambda *order: sign(path, api, "POST", finished(exchange.create_spot_order_request(*order)))
    request = (
        exchange.create_contract_order_request if market == "htx.swap" else exchange.create_order_request
    )
    if market.startswith("okx."):
        return lambda *order: sign(path, api, "POST", [request(*order)])
    return lambda *order: sign(path, api, "POST", request(*order))


def line_writer(exchange: Any) -> Callable[..., str]:
    """The text that would be sent: the last step, the wait for the answer, is cut off."""

    async def sent(url: str, message_hash: str, message: Any, *_: object) -> str:
        return json_dumps(message)

    async def logged_in(*_: object) -> None:
        """As it is after the first order."""

    exchange.watch, exchange.authenticate = sent, logged_in
    return lambda *order: finished(exchange.create_order_ws(*order))


def finished(coroutine: Any) -> Any:
    """The value of a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("expected a coroutine that does not wait")


async def first_order(exchange: Any, symbol: str) -> tuple[float, float]:
    """Size, in contracts where there are any, and a price below the market."""
    ticker = await exchange.fetch_ticker(symbol)
    amount = SIZE / float(exchange.market(symbol)["contractSize"] or 1)
    price = float(exchange.price_to_precision(symbol, ticker["last"] * RESTS_AT))
    return float(exchange.amount_to_precision(symbol, amount)), price


def round_trip(side: Side, told: dict[str, Any], market: str, count: int) -> Reply:
    """Microseconds from `create_order_ws` to what it returns: with orders and balances watched, and without.

    Ours is told of every change of orders and balances, so this is ccxt in the same place; `_unwatched` is
    ccxt with nothing else to do.
    """
    unwatched = run(placed(told, market, count, watching=False))
    figures = run(placed(told, market, count, watching=True))
    return figures | {f"{rank}_unwatched": unwatched[rank] for rank in ("p50", "p99", "p99.9")}


async def placed(told: dict[str, Any], market: str, count: int, watching: bool) -> Reply:
    """An order and its cancel, which is not timed, and so on."""
    exchange = exchange_at(told, market)
    if market.startswith("okx."):
        # ccxt's own ids are the millisecond and a random number: two requests of one millisecond may get the
        # same one, and the second would wait for ever.
        exchange.request_id = map(str, itertools.count(1)).__next__
    streams: list[asyncio.Task[None]] = []
    try:
        symbol = symbol_of(market, "BTC")
        await exchange.load_markets()
        amount, price = await first_order(exchange, symbol)
        step = float(exchange.market(symbol)["precision"]["amount"])
        if watching:
            streams = [
                asyncio.ensure_future(for_ever(watch))
                for watch in (exchange.watch_orders, exchange.watch_balance)
            ]
            await asyncio.sleep(SUBSCRIBED_S)
        costs = array("q")
        settle()
        for number in range(count + count // 10):
            size = amount + number % 50 * step
            start = time.perf_counter_ns()
            order = await exchange.create_order_ws(symbol, "limit", "buy", size, price)
            if number >= count // 10:
                costs.append(time.perf_counter_ns() - start)
            await exchange.cancel_order_ws(order["id"], symbol)
        for stream in streams:
            if stream.done():
                stream.result()
    finally:
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        await exchange.close()
    return percentiles_us(costs, 0) | {"orders": len(costs)}


async def for_ever(watch: Callable[[], Any]) -> None:
    """What a stream tells, one after another."""
    while True:
        await watch()
