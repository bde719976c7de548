"""ccxt against the simulated Binance, pointed at it by its addresses alone, with every check switched on.

    python ccxt_binance.py '<the JSON line of trimaran simulate>' [spot|usdm]

Prints one line of JSON: what worked, with a word about it, and what did not. Needs ccxt and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import traceback
import urllib.request

import ccxt
import ccxt.pro
from outcome import finish

SECONDS_MAX = 20


def describe(exchange, urls):
    """Every address of the venue is replaced by the simulator's; nothing else is changed."""
    spot, usdm = urls["venues"]["binance"]["spot"], urls["venues"]["binance"]["usdm"]
    api = exchange.urls["api"]
    for name, path in (
        ("public", "/api/v3"), ("private", "/api/v3"), ("v1", "/api/v1"), ("sapi", "/sapi/v1"),
        ("sapiV2", "/sapi/v2"), ("sapiV3", "/sapi/v3"), ("sapiV4", "/sapi/v4"),
    ):  # fmt: skip
        api[name] = spot["rest"] + path
    for name, path in (
        ("fapiPublic", "/fapi/v1"), ("fapiPublicV2", "/fapi/v2"), ("fapiPublicV3", "/fapi/v3"),
        ("fapiPrivate", "/fapi/v1"), ("fapiPrivateV2", "/fapi/v2"), ("fapiPrivateV3", "/fapi/v3"),
        ("dapiPublic", "/dapi/v1"), ("dapiPrivate", "/dapi/v1"),
    ):  # fmt: skip
        api[name] = usdm["rest"] + path
    if "ws" in api:  # ccxt knows spot by a host that begins with `stream`; a user of that name is as good
        api["ws"]["spot"] = spot["ws"].replace("ws://", "ws://stream@") + "/ws"
        api["ws"]["linear"] = usdm["ws_public"].removesuffix("/public") + "/ws"
        api["ws"]["ws-api"] = {"spot": spot["ws_api"], "linear": usdm["ws_api"]}


class Run:
    """Steps with their outcomes."""

    def __init__(self) -> None:
        self.worked = {}
        self.failed = {}

    async def step(self, name, work):
        if "-v" in sys.argv:
            print(name, file=sys.stderr, flush=True)
        try:
            found = work()
            if asyncio.iscoroutine(found):
                found = await asyncio.wait_for(found, SECONDS_MAX)
        except Exception as error:
            self.failed[name] = f"{type(error).__name__}: {str(error)[:300]}"
            if "-v" in sys.argv:
                traceback.print_exc()
            return None
        self.worked[name] = str(found)[:60]
        return found

    async def refused(self, name, work, kind):
        try:
            found = work()
        except kind as error:
            self.worked[name] = f"{type(error).__name__}: {str(error)[:60]}"
        except Exception as error:
            self.failed[name] = f"{type(error).__name__}: {str(error)[:300]}"
        else:
            self.failed[name] = f"expected {kind.__name__}, found {str(found)[:60]}"


def admin(urls, path, verb="GET"):
    """Turns a handle of the simulator, or looks at its own books."""
    with urllib.request.urlopen(urllib.request.Request(urls["admin"] + path, method=verb)) as answer:
        return json.load(answer)


async def public(run, exchange, symbol, spot):
    """Market data; the best bid and offer."""
    step = run.step
    await step("load_markets", lambda: len(exchange.load_markets()))
    if spot:
        await step("fetch_currencies", lambda: len(exchange.fetch_currencies()))
    await step("fetch_time", exchange.fetch_time)
    await step("fetch_status", exchange.fetch_status)
    await step("fetch_ohlcv", lambda: exchange.fetch_ohlcv(symbol, "1m")[0])
    await step("fetch_ticker", lambda: exchange.fetch_ticker(symbol)["last"] + 0)
    await step("fetch_tickers", lambda: sorted(exchange.fetch_tickers()))
    await step("fetch_bids_asks", lambda: sorted(exchange.fetch_bids_asks()))
    await step("fetch_last_prices", lambda: sorted(exchange.fetch_last_prices()))
    await step("fetch_trades", lambda: exchange.fetch_trades(symbol)[-1]["price"] + 0)
    book = await step("fetch_order_book", lambda: exchange.fetch_order_book(symbol))
    return (book["bids"][0][0], book["asks"][0][0]) if book else None


async def settings(run, exchange, symbol, spot):
    """The account and its settings."""
    step = run.step
    await step("fetch_balance", lambda: exchange.fetch_balance()["USDT"]["free"] + 0)
    if spot:
        await step("fetch_trading_fees", lambda: exchange.fetch_trading_fees()[symbol]["maker"] + 0)
        return
    await step("set_leverage", lambda: exchange.set_leverage(10, symbol))
    await step("set_margin_mode", lambda: exchange.set_margin_mode("isolated", symbol))
    await step("set_margin_mode back", lambda: exchange.set_margin_mode("cross", symbol))
    await step("fetch_funding_rate", lambda: exchange.fetch_funding_rate(symbol)["fundingRate"] + 0)
    await step("fetch_funding_rates", lambda: sorted(exchange.fetch_funding_rates()))
    await step("fetch_funding_history", lambda: exchange.fetch_funding_history(symbol))
    await step("fetch_funding_rate_history", lambda: exchange.fetch_funding_rate_history(symbol)[0])
    await step("fetch_leverage_tiers", lambda: exchange.fetch_leverage_tiers([symbol]))
    await step("fetch_leverages", exchange.fetch_leverages)
    await step("fetch_position_mode", lambda: exchange.fetch_position_mode(symbol))
    await step("fetch_trading_fee", lambda: exchange.fetch_trading_fee(symbol))
    await step("fetch_mark_price", lambda: exchange.fetch_mark_price(symbol)["markPrice"] + 0)


def equal(found, expected):
    """What was expected. Raises AssertionError."""
    assert found == expected, f"expected {expected}, found {found}"
    return found


async def resting(run, exchange, symbol, size, low):
    """An order that rests: found, changed, cancelled, gone."""
    step = run.step
    order = await step("create_order limit", lambda: exchange.create_order(symbol, "limit", "buy", size, low))
    if order is None:
        return
    number = order["id"]
    await step("fetch_order", lambda: equal(exchange.fetch_order(number, symbol)["status"], "open"))
    await step(
        "fetch_open_orders",
        lambda: equal([each["id"] for each in exchange.fetch_open_orders(symbol)], [number]),
    )
    edited = await step(
        "edit_order", lambda: exchange.edit_order(number, symbol, "limit", "buy", size * 2, low)
    )
    number = edited["id"] if edited else number
    await step("cancel_order", lambda: equal(exchange.cancel_order(number, symbol)["status"], "canceled"))
    await run.refused("cancel again", lambda: exchange.cancel_order(number, symbol), ccxt.OrderNotFound)


async def kinds(run, exchange, symbol, spot, size, prices):
    """Every kind of order; prices are low, best bid, best offer, high."""
    step, (low, bid, ask, high) = run.step, prices
    ioc = {"timeInForce": "IOC"}
    taking = exchange.price_to_precision(symbol, ask * 1.01)
    await step(
        "create_order market",
        lambda: equal(exchange.create_order(symbol, "market", "buy", size)["status"], "closed"),
    )
    await step(
        "create_order ioc",
        lambda: equal(exchange.create_order(symbol, "limit", "buy", size, taking, ioc)["status"], "closed"),
    )
    await step(
        "create_order post-only",
        lambda: exchange.create_order(symbol, "limit", "buy", size, low, {"postOnly": True})["status"],
    )
    await run.refused(
        "post-only that takes",
        lambda: exchange.create_order(symbol, "limit", "buy", size, high, {"postOnly": True}),
        ccxt.OrderImmediatelyFillable if spot else ccxt.InvalidOrder,
    )
    stopping = {"stopLossPrice": exchange.price_to_precision(symbol, bid * 0.98)}
    stop = await step(
        "create_order stop", lambda: exchange.create_order(symbol, "limit", "sell", size, low, stopping)
    )
    if stop is not None:
        trigger = {} if spot else {"trigger": True}
        await step("cancel_order stop", lambda: exchange.cancel_order(stop["id"], symbol, trigger)["status"])


async def rest(run, exchange, symbol, spot, size):
    """Everything over REST."""
    step, best = run.step, await public(run, exchange, symbol, spot)
    if best is None:
        return
    await settings(run, exchange, symbol, spot)
    low = exchange.price_to_precision(symbol, best[0] * 0.97)
    await resting(run, exchange, symbol, size, low)
    high = exchange.price_to_precision(symbol, best[1] * 1.03)
    await kinds(run, exchange, symbol, spot, size, (low, *best, high))
    await step("cancel_all_orders", lambda: exchange.cancel_all_orders(symbol))
    await step("fetch_orders", lambda: len(exchange.fetch_orders(symbol)))
    await step("fetch_my_trades", lambda: exchange.fetch_my_trades(symbol)[-1]["fee"])
    if spot:
        await step(
            "create_order market by value",
            lambda: exchange.create_market_buy_order_with_cost(symbol, 500)["filled"] + 0,
        )
        await run.refused(
            "insufficient funds",
            lambda: exchange.create_order(symbol, "limit", "buy", 50, low),
            ccxt.InsufficientFunds,
        )
        return
    await step("fetch_positions", lambda: exchange.fetch_positions([symbol])[0]["contracts"] + 0)
    await step("fetch_account_positions", lambda: exchange.fetch_account_positions([symbol])[0]["contracts"])
    row = {"symbol": symbol, "type": "limit", "side": "buy", "amount": size, "price": float(low)}
    await step("create_orders", lambda: [each["status"] for each in exchange.create_orders([row, dict(row)])])
    await step("fetch_open_orders all", lambda: equal(len(exchange.fetch_open_orders(symbol)), 2))
    await step("cancel_all_orders again", lambda: exchange.cancel_all_orders(symbol))
    await step("fetch_ledger", lambda: len(exchange.fetch_ledger("USDT")))


async def streams(run, exchange, urls, symbol, spot, size):
    """Everything over sockets, the user's own data included."""
    step = run.step
    await step("pro load_markets", exchange.load_markets)
    await step("watch_trades", lambda: exchange.watch_trades(symbol))
    await step("watch_ticker", lambda: exchange.watch_ticker(symbol))
    await step("watch_ohlcv", lambda: exchange.watch_ohlcv(symbol, "1m"))
    await step("watch_bids_asks", lambda: exchange.watch_bids_asks([symbol]))
    market = "binance.spot" if spot else "binance.usdm"
    await step("watch_order_book equals the simulator's", lambda: same_book(exchange, urls, symbol, market))
    orders = asyncio.create_task(exchange.watch_orders(symbol))
    trades = asyncio.create_task(exchange.watch_my_trades(symbol))
    balance = asyncio.create_task(exchange.watch_balance())
    watched = [orders, trades, balance]
    if not spot:
        positions = asyncio.create_task(exchange.watch_positions([symbol]))
        watched.append(positions)
    await asyncio.sleep(1.5)
    await step("pro create_order market", lambda: exchange.create_order(symbol, "market", "sell", size))
    await step("watch_orders", lambda: asyncio.wait_for(orders, 5))
    await step("watch_my_trades", lambda: asyncio.wait_for(trades, 5))
    await step("watch_balance", lambda: asyncio.wait_for(balance, 5))
    if not spot:
        await step("watch_positions", lambda: asyncio.wait_for(positions, 5))
    for task in watched:
        task.cancel()
    low = exchange.price_to_precision(symbol, exchange.orderbooks[symbol]["bids"][0][0] * 0.97)
    order = await step(
        "create_order_ws", lambda: exchange.create_order_ws(symbol, "limit", "buy", size, float(low))
    )
    if order:
        if spot:
            await step("fetch_order_ws", lambda: exchange.fetch_order_ws(order["id"], symbol))
            await step("fetch_open_orders_ws", lambda: exchange.fetch_open_orders_ws(symbol))
        edited = await step(
            "edit_order_ws",
            lambda: exchange.edit_order_ws(order["id"], symbol, "limit", "buy", size * 2, float(low)),
        )
        number = edited["id"] if edited else order["id"]
        await step("cancel_order_ws", lambda: exchange.cancel_order_ws(number, symbol))
    await step("fetch_balance_ws", exchange.fetch_balance_ws)
    if not spot:
        await step("fetch_positions_ws", lambda: exchange.fetch_positions_ws([symbol]))


async def same_book(exchange, urls, symbol, market):
    """The book that ccxt keeps, and the simulator's own, at the same id."""
    for _ in range(5):
        await exchange.watch_order_book(symbol)
    admin(urls, "/pause", "POST")
    try:
        truth = admin(urls, f"/book?market={market}&symbol=BTCUSDT")
        until = time.monotonic() + 5
        while exchange.orderbooks[symbol]["nonce"] < truth["update_id"] and time.monotonic() < until:
            await asyncio.wait_for(exchange.watch_order_book(symbol), 3)
        book = exchange.orderbooks[symbol]
        assert book["nonce"] == truth["update_id"], (book["nonce"], truth["update_id"])
        for side in ("bids", "asks"):
            told = [[float(price), float(amount)] for price, amount in truth[side]][:50]
            kept = [[level[0], level[1]] for level in book[side]][:50]
            assert kept == told, (side, kept[:3], told[:3])
    finally:
        admin(urls, "/resume", "POST")
    return truth["update_id"]


async def main():
    urls = json.loads(sys.argv[1])
    markets = sys.argv[2:3] if sys.argv[2:3] and sys.argv[2] != "-v" else ["spot", "usdm"]
    account = urls["accounts"]["binance"]
    keys = {"apiKey": account["key"], "secret": account["secret"]}
    worked, failed = [], {}
    for market in markets:
        spot, run = market == "spot", Run()
        symbol, size = ("BTC/USDT", 0.01) if spot else ("BTC/USDT:USDT", 0.01)
        exchange = (ccxt.binance if spot else ccxt.binanceusdm)(keys)
        describe(exchange, urls)
        await rest(run, exchange, symbol, spot, size)
        pro = (ccxt.pro.binance if spot else ccxt.pro.binanceusdm)(keys)
        describe(pro, urls)
        try:
            await streams(run, pro, urls, symbol, spot, size)
        finally:
            await pro.close()
        worked += [f"{market}.{name}" for name in run.worked]
        failed |= {f"{market}.{name}": why for name, why in run.failed.items()}
    return finish(f"ccxt {ccxt.__version__} binance", worked, failed)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
