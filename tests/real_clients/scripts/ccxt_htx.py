"""What ccxt can do on a simulated HTX, pointed at it by its addresses alone.

    python ccxt_htx.py '<the JSON line that the simulator prints>'

Prints one JSON line: what worked, and what did not with its reason. Runs with any python that has ccxt.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
import urllib.request
from typing import Any

import ccxt.pro as ccxt
from outcome import finish

SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"
SECONDS_MAX = 10.0


def client(line: dict[str, Any], kind: str) -> Any:
    """ccxt's HTX with its addresses replaced, and nothing else."""
    urls, account = line["venues"]["htx"], line["accounts"]["htx"]
    spot, swap = (urls[name]["rest"].partition("://")[2] for name in ("spot", "swap"))
    exchange = ccxt.htx(
        {
            "apiKey": account["key"],
            "secret": account["secret"],
            "hostname": spot,
            "enableRateLimit": False,
            "options": {"defaultType": kind},
        }
    )
    contracts = {"inverse": swap, "linear": swap}
    status = {"spot": spot, "future": contracts, "swap": contracts}
    exchange.urls["hostnames"] = {"contract": swap, "spot": spot, "status": status}
    for name, url in exchange.urls["api"].items():
        if isinstance(url, str):
            exchange.urls["api"][name] = url.replace("https://", "http://")
    spot_ws, swap_ws = urls["spot"]["ws"], urls["swap"]["ws"]
    linear = {
        "public": f"{swap_ws}/linear-swap-ws",
        "private": f"{swap_ws}/linear-swap-notification",
        "privateV5": f"{swap_ws}/ws/v5/notification",
    }
    exchange.urls["api"]["ws"]["api"] = {
        "spot": {"public": f"{spot_ws}/ws", "private": f"{spot_ws}/ws/v2", "feed": f"{spot_ws}/feed"},
        "swap": {"linear": linear, "inverse": linear},
        "future": {"linear": linear, "inverse": linear},
    }
    return exchange


class Trial:
    """Runs one thing after another and remembers what worked."""

    def __init__(self) -> None:
        self.worked: list[str] = []
        self.failed: dict[str, str] = {}

    async def run(self, name: str, work: Any) -> Any:
        """Awaits a coroutine; None when it failed."""
        try:
            result = await asyncio.wait_for(work, SECONDS_MAX)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.failed[name] = f"{type(error).__name__}: {error} ({where.name}:{where.lineno})"
            return None
        self.worked.append(name)
        return result

    async def part(self, name: str, work: Any) -> None:
        """Runs several things; notes what ends them early."""
        try:
            await work
        except Exception as error:
            self.failed[f"{name}.ended_early"] = f"{type(error).__name__}: {error}"

    def check(self, name: str, holds: bool, found: object = "") -> None:
        """Notes whether something holds."""
        if holds:
            self.worked.append(name)
        else:
            self.failed[name] = f"found {found}"


def admin(line: dict[str, Any], path: str, post: bool = False) -> Any:
    """Turns a handle of the simulator."""
    request = urllib.request.Request(line["admin"] + path, method="POST" if post else "GET")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def public(trial: Trial, exchange: Any, symbol: str, name: str) -> None:
    """Market data over REST and sockets."""
    bars = await trial.run(f"{name}.fetch_ohlcv", exchange.fetch_ohlcv(symbol, "1m"))
    trial.check(f"{name}.ohlcv_rows", bool(bars) and bars[-1][2] >= bars[-1][3], bars)
    ticker = await trial.run(f"{name}.fetch_ticker", exchange.fetch_ticker(symbol))
    trial.check(f"{name}.ticker_top", bool(ticker) and ticker["bid"] < ticker["ask"], ticker)
    await trial.run(f"{name}.fetch_tickers", exchange.fetch_tickers([symbol]))
    trades = await trial.run(f"{name}.fetch_trades", exchange.fetch_trades(symbol, limit=20))
    trial.check(f"{name}.trades_rows", bool(trades), trades)
    await trial.run(f"{name}.fetch_order_book", exchange.fetch_order_book(symbol))
    await trial.run(f"{name}.watch_order_book", exchange.watch_order_book(symbol))
    await trial.run(f"{name}.watch_trades", exchange.watch_trades(symbol))
    await trial.run(f"{name}.watch_ohlcv", exchange.watch_ohlcv(symbol, "1m"))
    await trial.run(f"{name}.watch_ticker", exchange.watch_ticker(symbol))


async def book_equals(trial: Trial, line: dict[str, Any], symbol: str, name: str) -> None:
    """The book that ccxt keeps is the simulator's, when the market stands still.

    ccxt does not let go of levels beyond the depth, which HTX spot does not maintain: an old book of it may
    hold levels that are long gone. So a young one is compared, of a client of its own, three times at most.
    """
    wrong = "none"
    for _ in range(3):
        exchange = client(line, name)
        try:
            await exchange.load_markets()
            for _ in range(10):
                await exchange.watch_order_book(symbol)
            wrong = await difference(exchange, line, symbol, name)
        finally:
            await exchange.close()
        if not wrong:
            break
    trial.check(f"{name}.book_equals", not wrong, wrong)


async def difference(exchange: Any, line: dict[str, Any], symbol: str, name: str) -> str:
    """What differs between the best levels of both books; nothing when they are equal."""
    market_id = exchange.market(symbol)["id"]
    admin(line, "/pause", post=True)
    await asyncio.sleep(0.5)
    kept = exchange.orderbooks[symbol]
    true = admin(line, f"/book?market=htx.{name}&symbol={market_id}")
    admin(line, "/resume", post=True)
    for side in ("bids", "asks"):
        rows = [[float(price), float(size)] for price, size in true[side]][:20]
        mine = [[price, size] for price, size in kept[side][:20]]
        if rows != mine:
            return f"{mine[:3]} instead of {rows[:3]}"
    return ""


async def orders(trial: Trial, exchange: Any, symbol: str, name: str, amount: float) -> None:
    """Placing, finding, cancelling, filling."""
    top = await exchange.fetch_ticker(symbol)
    low = round(top["bid"] * 0.97, 1)
    order = await trial.run(
        f"{name}.create_limit", exchange.create_order(symbol, "limit", "buy", amount, low)
    )
    if order is None:
        return
    found = await trial.run(f"{name}.fetch_order", exchange.fetch_order(order["id"], symbol))
    trial.check(
        f"{name}.order_open", bool(found) and found["status"] == "open" and found["price"] == low, found
    )
    opens = await trial.run(f"{name}.fetch_open_orders", exchange.fetch_open_orders(symbol))
    trial.check(f"{name}.open_listed", order["id"] in [each["id"] for each in opens or []], opens)
    await trial.run(f"{name}.cancel_order", exchange.cancel_order(order["id"], symbol))
    gone = await trial.run(f"{name}.fetch_canceled", exchange.fetch_order(order["id"], symbol))
    trial.check(f"{name}.order_canceled", bool(gone) and gone["status"] == "canceled", gone)
    post = {"postOnly": True}
    maker = await trial.run(
        f"{name}.create_post_only", exchange.create_order(symbol, "limit", "buy", amount, low, post)
    )
    other = await trial.run(
        f"{name}.create_second", exchange.create_order(symbol, "limit", "buy", amount, low)
    )
    ids = [each["id"] for each in (maker, other) if each]
    await trial.run(f"{name}.cancel_orders", exchange.cancel_orders(ids, symbol))
    await trial.run(f"{name}.create_third", exchange.create_order(symbol, "limit", "buy", amount, low))
    await trial.run(f"{name}.cancel_all_orders", exchange.cancel_all_orders(symbol))
    left = await exchange.fetch_open_orders(symbol)
    trial.check(f"{name}.none_open", left == [], left)


async def fills(trial: Trial, exchange: Any, symbol: str, name: str, amount: float) -> None:
    """What trades at once, what is told of it, and what waits."""
    top = await exchange.fetch_ticker(symbol)
    high = round(top["ask"] * 1.02, 1)
    ioc = await trial.run(
        f"{name}.create_ioc",
        exchange.create_order(symbol, "limit", "buy", amount, high, {"timeInForce": "IOC"}),
    )
    await trial.run(
        f"{name}.create_fok",
        exchange.create_order(
            symbol, "limit", "sell", amount, round(top["bid"] * 0.98, 1), {"timeInForce": "FOK"}
        ),
    )
    bought = await trial.run(
        f"{name}.create_market", exchange.create_order(symbol, "market", "buy", amount, top["ask"])
    )
    for label, each in (("ioc", ioc), ("market", bought)):
        if each is not None:
            closed = await exchange.fetch_order(each["id"], symbol)
            trial.check(f"{name}.{label}_closed", closed["status"] == "closed", closed)
    ended = await trial.run(f"{name}.fetch_closed_orders", exchange.fetch_closed_orders(symbol))
    trial.check(f"{name}.closed_listed", bool(ended) and all(e["status"] == "closed" for e in ended), ended)
    mine = await trial.run(f"{name}.fetch_my_trades", exchange.fetch_my_trades(symbol))
    trial.check(f"{name}.my_trades_fees", bool(mine) and all(t["fee"]["cost"] for t in mine), mine)


async def stops(trial: Trial, exchange: Any, symbol: str, name: str, amount: float) -> None:
    """An order that waits, and several at once."""
    top = await exchange.fetch_ticker(symbol)
    low = round(top["bid"] * 0.97, 1)
    above = round(top["ask"] * 1.05, 1)
    stop = await trial.run(
        f"{name}.create_stop",
        exchange.create_order(symbol, "limit", "buy", amount, above, {"triggerPrice": above}),
    )
    if stop is not None:
        waiting = {"trigger": True} if name == "swap" else {}
        listed = await trial.run(
            f"{name}.fetch_open_stops", exchange.fetch_open_orders(symbol, None, None, waiting)
        )
        trial.check(f"{name}.stop_listed", stop["id"] in [each["id"] for each in listed or []], listed)
        await trial.run(f"{name}.cancel_stop", exchange.cancel_order(stop["id"], symbol, waiting))
    await trial.run(
        f"{name}.create_orders",
        exchange.create_orders(
            [{"symbol": symbol, "type": "limit", "side": "buy", "amount": amount, "price": low}] * 2
        ),
    )
    await trial.run(f"{name}.cancel_rest", exchange.cancel_all_orders(symbol))


async def refusals(trial: Trial, exchange: Any, symbol: str, name: str, amount: float) -> None:
    """What the venue refuses comes as ccxt's own kinds of errors."""
    top = await exchange.fetch_ticker(symbol)
    cases = (
        (
            "no_funds",
            ccxt.InsufficientFunds,
            exchange.create_order(symbol, "limit", "buy", amount * 100_000_000, 1.2 * top["bid"] / 1.25),
        ),
        (
            "band",
            ccxt.InvalidOrder,
            exchange.create_order(symbol, "limit", "buy", amount, round(top["ask"] * 2, 1)),
        ),
        ("no_order", ccxt.OrderNotFound, exchange.fetch_order("123456789012345", symbol)),
    )
    for label, kind, work in cases:
        try:
            await work
            trial.check(f"{name}.refuses_{label}", False, "no error")
        except kind:
            trial.check(f"{name}.refuses_{label}", True)
        except Exception as error:
            trial.check(f"{name}.refuses_{label}", False, repr(error))


async def pushes(trial: Trial, exchange: Any, symbol: str, name: str, amount: float) -> None:
    """Private streams tell of an order that is filled at once."""
    watching = {
        "watch_orders": exchange.watch_orders(symbol),
        "watch_my_trades": exchange.watch_my_trades(symbol),
        "watch_balance": exchange.watch_balance(),
    }
    if name == "swap":
        watching["watch_positions"] = exchange.watch_positions([symbol])
    tasks = {
        label: asyncio.ensure_future(trial.run(f"{name}.{label}", work)) for label, work in watching.items()
    }
    await asyncio.sleep(1.0)
    top = await exchange.fetch_ticker(symbol)
    await exchange.create_order(symbol, "market", "buy", amount, top["ask"])
    seen = {label: await task for label, task in tasks.items()}
    trial.check(f"{name}.orders_seen", bool(seen["watch_orders"]), seen["watch_orders"])
    trades = seen["watch_my_trades"]
    trial.check(f"{name}.trades_seen", bool(trades) and trades[-1]["amount"] > 0, trades)


async def main(line: dict[str, Any]) -> dict[str, Any]:
    """Everything on both markets."""
    trial = Trial()
    for name, symbol, amount in (("spot", SPOT, 0.01), ("swap", SWAP, 10)):
        exchange = client(line, name)
        try:
            markets = await trial.run(f"{name}.load_markets", exchange.load_markets())
            if not markets:
                continue
            await trial.part(f"{name}.public", public(trial, exchange, symbol, name))
            await trial.part(f"{name}.book_equals", book_equals(trial, line, symbol, name))
            await trial.run(f"{name}.fetch_balance", exchange.fetch_balance())
            if name == "swap":
                await trial.run("swap.set_leverage", exchange.set_leverage(5, symbol))
                await trial.run("swap.fetch_funding_rate", exchange.fetch_funding_rate(symbol))
                await trial.run("swap.set_position_mode", exchange.set_position_mode(False, symbol))
            else:
                await trial.run("spot.fetch_trading_fee", exchange.fetch_trading_fee(symbol))
                await trial.run("spot.cancel_after", exchange.cancel_all_orders_after(0))
            for part in (orders, fills, stops):
                await trial.part(f"{name}.{part.__name__}", part(trial, exchange, symbol, name, amount))
            await trial.part(f"{name}.refusals", refusals(trial, exchange, symbol, name, amount))
            await trial.part(f"{name}.pushes", pushes(trial, exchange, symbol, name, amount))
            if name == "swap":
                held = await trial.run("swap.fetch_positions", exchange.fetch_positions([symbol]))
                trial.check("swap.position_long", bool(held) and held[0]["side"] == "long", held)
                await trial.run("swap.close_position", exchange.close_position(symbol))
        finally:
            await exchange.close()
    return finish(f"ccxt {ccxt.__version__} htx", trial.worked, trial.failed)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(json.loads(sys.argv[1]))))
