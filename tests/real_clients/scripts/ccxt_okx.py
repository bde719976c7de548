"""ccxt, as it is, against the simulated OKX: what works, as one line of JSON.

    python ccxt_okx.py '<the line that the simulator prints>' [spot|swap]

Runs with any interpreter that has ccxt 4.5 and aiohttp; nothing but URLs and keys of the client is set.
Every step is named in the answer with "ok" or with what went wrong; the exit code is 1 when anything did.
"""

from __future__ import annotations

import asyncio
import copy
import json
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt
import ccxt.pro
from ccxt_okx_orders import STEPS, check, expect
from outcome import finish

STEP_S = 20.0
SYMBOLS = {"spot": "BTC/USDT", "swap": "BTC/USDT:USDT"}
Step = Callable[[], Awaitable[Any]]


class Session:
    """One client of one market, and what it has found out."""

    def __init__(self, told: dict[str, Any], kind: str) -> None:
        urls, account = told["venues"]["okx"][kind], told["accounts"]["okx"]
        self.kind = kind
        self.symbol = SYMBOLS[kind]
        self.admin: str = told["admin"]
        self.results: dict[str, str] = {}
        self.client = ccxt.pro.okx(
            {
                "apiKey": account["key"],
                "secret": account["secret"],
                "password": account["passphrase"],
                "options": {"defaultType": kind},
                "enableRateLimit": True,
            }
        )
        self.client.urls["api"]["rest"] = urls["rest"]
        self.client.urls["api"]["ws"] = urls["ws"] + "/ws/v5"
        self.amount = 0.01 if kind == "spot" else 1

    async def step(self, name: str, work: Step) -> Any:
        """Runs one step and remembers how it went."""
        try:
            found = await asyncio.wait_for(work(), STEP_S)
        except Exception as error:  # whatever a client can raise is an answer
            self.results[name] = f"{type(error).__name__}: {error}"[:300]
            return None
        self.results[name] = "ok"
        return found

    async def far(self, side: str) -> float:
        """A price that rests far from the touch."""
        ticker = await self.client.fetch_ticker(self.symbol)
        factor = 0.95 if side == "buy" else 1.05
        return float(self.client.price_to_precision(self.symbol, ticker["last"] * factor))


async def public(session: Session) -> None:
    """Market data over REST."""
    client, symbol = session.client, session.symbol

    async def markets() -> None:
        found = await client.load_markets()
        check(symbol in found, sorted(found)[:5])
        check(client.currencies["USDT"]["id"] == "USDT", client.currencies)
        check(found[symbol]["instIdCode"], found[symbol])

    async def ticker() -> None:
        found = await client.fetch_ticker(symbol)
        check(found["bid"] < found["ask"] and found["last"] > 0, found)

    async def book() -> None:
        found = await client.fetch_order_book(symbol, 50)
        check(found["bids"][0][0] < found["asks"][0][0], found["bids"][:1])

    for name, work in (
        ("load_markets", markets), ("fetch_time", client.fetch_time), ("fetch_status", client.fetch_status),
        ("fetch_ticker", ticker), ("fetch_tickers", client.fetch_tickers),
        ("fetch_ohlcv", lambda: client.fetch_ohlcv(symbol, "1m", limit=10)),
        ("fetch_trades", lambda: client.fetch_trades(symbol, limit=20)), ("fetch_order_book", book),
    ):  # fmt: skip
        await session.step(name, work)
    if session.kind == "swap":
        swap = (
            ("fetch_funding_rate", lambda: client.fetch_funding_rate(symbol)),
            ("fetch_funding_rates", client.fetch_funding_rates),
            ("fetch_funding_rate_history", lambda: client.fetch_funding_rate_history(symbol)),
            ("fetch_open_interest", lambda: client.fetch_open_interest(symbol)),
            ("fetch_mark_price", lambda: client.fetch_mark_price(symbol)),
            ("fetch_market_leverage_tiers", lambda: client.fetch_market_leverage_tiers(symbol)),
        )
        for name, step in swap:
            await session.step(name, step)


async def streams(session: Session) -> None:
    """Market data over WebSocket; the book is compared with the simulator's own."""
    client, symbol = session.client, session.symbol

    async def book() -> None:
        for _ in range(20):
            await client.watch_order_book(symbol)
        await asyncio.to_thread(_http, session.admin + "/pause", "POST")
        try:
            await asyncio.sleep(0.5)
            market = f"okx.{session.kind}"
            url = f"{session.admin}/book?market={market}&symbol={client.market(symbol)['id']}"
            truth = json.loads(await asyncio.to_thread(_http, url))
            mine = client.orderbooks[symbol]
            for side in ("bids", "asks"):
                theirs = [[float(price), float(size)] for price, size in truth[side][:400]]
                own = [[float(level[0]), float(level[1])] for level in mine[side][:400]]
                check(own == theirs, f"{side}: {len(own)} of {len(theirs)}: {own[:2]}, {theirs[:2]}")
        finally:
            await asyncio.to_thread(_http, session.admin + "/resume", "POST")

    for name, work in (
        ("watch_order_book", book), ("watch_ticker", lambda: client.watch_ticker(symbol)),
        ("watch_bids_asks", lambda: client.watch_bids_asks([symbol])),
        ("watch_trades", lambda: client.watch_trades(symbol)),
        ("watch_trades_all", lambda: client.watch_trades(symbol, params={"channel": "trades-all"})),
        ("watch_ohlcv", lambda: client.watch_ohlcv(symbol, "1m")),
        ("un_watch_order_book", lambda: client.un_watch_order_book(symbol)),
    ):  # fmt: skip
        await session.step(name, work)


async def orders(session: Session) -> None:
    """Orders over REST."""
    for name, work in STEPS:
        await session.step(name, lambda work=work: work(session))


async def account(session: Session) -> None:
    """Balances, positions, settings."""
    client, symbol, amount = session.client, session.symbol, session.amount

    async def balance() -> None:
        found = await client.fetch_balance()
        check(found["USDT"]["total"] > 0 and found["USDT"]["free"] <= found["USDT"]["total"], found["USDT"])

    async def flat() -> None:
        """The venue goes on to answer a position that is closed, when its instrument is named."""
        found = await client.fetch_positions([symbol])
        check(all(not each["contracts"] for each in found), found)
        check(await client.fetch_positions() == [], "it is still open")

    async def position() -> None:
        await client.create_order(symbol, "market", "buy", amount)
        found = await client.fetch_positions([symbol])
        check(found and found[0]["contracts"] == amount and found[0]["side"] == "long", found)
        await client.create_order(symbol, "market", "sell", amount, None, {"reduceOnly": True})
        await flat()
        again = client.create_order(symbol, "market", "sell", amount, None, {"reduceOnly": True})
        await expect(ccxt.ExchangeError, again)

    async def leverage() -> None:
        await client.set_leverage(5, symbol, {"mgnMode": "cross"})
        found = await client.fetch_leverage(symbol, {"mgnMode": "cross"})
        check(found["longLeverage"] == 5, found)

    async def close() -> None:
        await client.create_order(symbol, "market", "sell", amount)
        await client.close_position(symbol)
        await flat()

    steps: list[tuple[str, Step]] = [
        ("fetch_balance", balance), ("fetch_accounts", client.fetch_accounts),
        ("fetch_position_mode", client.fetch_position_mode), ("fetch_ledger", client.fetch_ledger),
        ("fetch_trading_fee", lambda: client.fetch_trading_fee(symbol)),
        ("cancel_all_orders_after", lambda: client.cancel_all_orders_after(60_000)),
        ("cancel_all_orders_after_off", lambda: client.cancel_all_orders_after(0)),
    ]  # fmt: skip
    if session.kind == "swap":
        steps += [("fetch_positions", position), ("set_leverage", leverage), ("close_position", close)]
    for name, work in steps:
        await session.step(name, work)


async def private_streams(session: Session) -> None:
    """Private channels, and orders over WebSocket."""
    client, symbol, amount = session.client, session.symbol, session.amount
    seen: dict[str, list[Any]] = {"orders": [], "trades": [], "balance": [], "positions": []}

    async def listen(name: str, watch: Step) -> None:
        while True:
            seen[name].append(copy.deepcopy(await watch()))  # the client changes its records in place

    watches: list[tuple[str, Step]] = [
        ("orders", lambda: client.watch_orders(symbol)), ("trades", lambda: client.watch_my_trades(symbol)),
        ("balance", client.watch_balance),
    ]  # fmt: skip
    if session.kind == "swap":
        watches.append(("positions", lambda: client.watch_positions([symbol])))
    tasks = [asyncio.create_task(listen(name, watch)) for name, watch in watches]
    await asyncio.sleep(1.5)

    async def socket_orders() -> None:
        made = await client.create_order_ws(symbol, "limit", "buy", amount, await session.far("buy"))
        await client.edit_order_ws(made["id"], symbol, "limit", "buy", amount, await session.far("buy") - 50)
        await client.cancel_order_ws(made["id"], symbol)
        check((await client.fetch_order(made["id"], symbol))["status"] == "canceled", "not canceled")
        await refused("51400", client.cancel_order_ws(made["id"], symbol))
        await refused("51008", client.create_order_ws(symbol, "limit", "buy", 1e6, await session.far("buy")))

    async def refused(code: str, work: Awaitable[Any]) -> None:
        """On sockets the client does not read the codes of single orders."""
        try:
            await work
        except ccxt.ExchangeError as error:
            check(code in str(error), error)
            return
        raise AssertionError(f"expected {code}")

    async def trade() -> None:
        for side in ("buy", "sell"):
            await client.create_order_ws(symbol, "market", side, amount)
        await asyncio.sleep(1.0)

    await session.step("orders_over_websocket", socket_orders)
    await session.step("market_over_websocket", trade)
    for name, _ in watches:

        async def arrived(name: str = name) -> None:
            check(seen[name], "nothing came")

        await session.step(f"watch_{'my_trades' if name == 'trades' else name}", arrived)

    async def states() -> None:
        found = {order["status"] for orders in seen["orders"] for order in orders}
        check({"open", "canceled", "closed"} <= found, found)

    await session.step("watch_orders_states", states)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def run(told: dict[str, Any], kind: str) -> dict[str, str]:
    """Every step of one market."""
    session = Session(told, kind)
    try:
        for part in (public, orders, account, streams, private_streams):
            await part(session)
    finally:
        await session.client.close()
    return session.results


def _http(url: str, method: str = "GET") -> str:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as answer:
        return str(answer.read().decode())


def main() -> int:
    """Prints what worked."""
    line = json.loads(sys.argv[1])
    kinds = sys.argv[2:] or list(SYMBOLS)
    results = {kind: asyncio.run(run(line, kind)) for kind in kinds}
    found = {f"{kind}.{name}": how for kind, each in results.items() for name, how in each.items()}
    failed = {name: how for name, how in found.items() if how != "ok"}
    return finish(f"ccxt {ccxt.__version__} okx", [name for name in found if name not in failed], failed)


if __name__ == "__main__":
    sys.exit(main())
