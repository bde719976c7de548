"""The other end of the bridge: ccxt in an interpreter of its own, one JSON text a line on stdin and stdout.

    <- the settings: exchange, config, urls, credentials     -> {"ready": {...}}
    <- {"id": 7, "method": "create_order", "params": {...}}  -> {"id": 7, "result": ...}, or "error": {...}
    <- {"id": 8, "method": "watch", "params": {...}}         -> {"push": "book", ...} from then on

It needs plain ccxt and nothing of Trimaran. Secrets come in by the first line, never by arguments or the
environment, and no error text that leaves has them. Numbers go both ways as text: ccxt has floats, whose
shortest text has the digits that the venue wrote as long as there were at most 15. An order's price and size
are refused here when ccxt would round them. Nothing is sent twice: ccxt's own retries are off.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import ccxt.pro

TEXT_MAX = 300
CLOSE_S = 1.0
RETRY_S = (0.5, 1.0, 2.0, 5.0, 15.0)
HAS = (
    "watchOrderBook", "watchTrades", "watchOrders", "watchMyTrades", "fetchTime", "fetchOrder",
    "fetchOpenOrders", "fetchMyTrades", "fetchBalance", "fetchPositions", "cancelOrder", "createOrder",
)  # fmt: skip
TICK_SIZE, DECIMAL_PLACES = 4, 2  # ccxt's modes of precision

Params = dict[str, Any]


class Bridge:
    """One exchange and what is asked of it."""

    def __init__(self, settings: Params) -> None:
        credentials = settings.get("credentials") or {}
        self._hidden = [text for text in credentials.values() if text]
        made = getattr(ccxt.pro, settings["exchange"])
        config = {
            "enableRateLimit": True,
            "maxRetriesOnFailure": 0,
            **settings.get("config", {}),
            **credentials,
        }
        self.exchange = made(config)
        if settings.get("sandbox"):
            self.exchange.set_sandbox_mode(True)
        for path, value in settings.get("urls", {}).items():
            _put(self.exchange.urls, path.split("."), value)
        self._decimal_ids = settings.get("decimal_ids", False)
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, lines: asyncio.StreamReader) -> None:
        """Answers until stdin ends."""
        try:
            await self.exchange.load_markets()
            has = [name for name in HAS if self.exchange.has.get(name) is True]
            say({"ready": {"version": ccxt.__version__, "has": has}})
            while line := await lines.readline():
                self._spawn(self._answer(json.loads(line)))
        except Exception as error:
            say({"failed": self._told(error)})
        finally:
            await self._close()

    async def _close(self) -> None:
        """Ends every watch first, so that none of them connects again."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.exchange.close(), CLOSE_S)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _answer(self, request: Params) -> None:
        try:
            result = await getattr(self, "on_" + request["method"])(**request["params"])
        except Exception as error:
            say({"id": request["id"], "error": self._told(error)})
        else:
            say({"id": request["id"], "result": result})

    def _told(self, error: Exception) -> Params:
        """Class names from the class itself to its root, and a text without secrets and queries."""
        text = str(error)
        for hidden in self._hidden:
            text = text.replace(hidden, "***")
        words = [word.partition("?")[0] if "://" in word else word for word in text.split()]
        classes = [each.__name__ for each in type(error).__mro__ if each.__module__.startswith("ccxt")]
        return {"classes": classes or [type(error).__name__], "text": " ".join(words)[:TEXT_MAX]}

    # --- questions --------------------------------------------------------------------------------

    async def on_markets(self, symbols: list[str]) -> list[Params]:
        """What the exchange says of some instruments; those that it does not have are left out."""
        return [
            self._market(self.exchange.markets[each]) for each in symbols if each in self.exchange.markets
        ]

    async def on_time(self) -> str:
        """Milliseconds: the venue's, or of this machine where the venue does not tell."""
        if self.exchange.has.get("fetchTime") is True:
            return str(await self.exchange.fetch_time())
        return str(time.time_ns() // 1_000_000)

    async def on_create_order(
        self, symbol: str, side: str, amount: str, price: str, client_id: str, flags: Params
    ) -> Params:
        """A limit order, once."""
        self._exact(symbol, "amount", amount, self.exchange.amount_to_precision(symbol, float(amount)))
        self._exact(symbol, "price", price, self.exchange.price_to_precision(symbol, float(price)))
        params = {**flags, "clientOrderId": int(client_id) if self._decimal_ids else client_id}
        made = await self.exchange.create_order(symbol, "limit", side, float(amount), float(price), params)
        return order_row(made)

    async def on_cancel_order(self, symbol: str, order_id: str, client_id: str) -> Params:
        """The end of an order, by whichever id is known."""
        return order_row(
            await self.exchange.cancel_order(order_id or None, symbol, self._by(order_id, client_id))
        )

    async def on_order(self, symbol: str, order_id: str, client_id: str) -> Params:
        """One order."""
        return order_row(
            await self.exchange.fetch_order(order_id or None, symbol, self._by(order_id, client_id))
        )

    async def on_open_orders(self, symbol: str) -> list[Params]:
        """Those of one instrument."""
        return [order_row(order) for order in await self.exchange.fetch_open_orders(symbol)]

    async def on_my_trades(self, symbol: str, since_ms: int, limit: int) -> list[Params]:
        """Trades of ours, oldest first."""
        found = await self.exchange.fetch_my_trades(symbol, since_ms or None, limit)
        return [trade_row(trade) for trade in sorted(found, key=lambda each: each["timestamp"] or 0)]

    async def on_balance(self) -> list[Params]:
        """Every asset of which there is any."""
        found = await self.exchange.fetch_balance()
        return [
            {"asset": asset, "total": text(amount), "free": text(found["free"].get(asset))}
            for asset, amount in found["total"].items()
            if amount
        ]

    async def on_positions(self, symbols: list[str]) -> list[Params]:
        """Open positions of some instruments."""
        return [
            position_row(each) for each in await self.exchange.fetch_positions(symbols) if each["contracts"]
        ]

    # --- streams ----------------------------------------------------------------------------------

    async def on_watch(self, what: str, symbol: str, depth: int = 0, every_ms: int = 0) -> bool:
        """Pushes of one kind for one instrument, until the end; asking twice is asking once."""
        key = f"{what}:{symbol}"
        if key not in self._watches:
            self._watches[key] = self._spawn(self._watch(what, symbol, depth, every_ms / 1_000))
        return True

    async def _watch(self, what: str, symbol: str, depth: int, every_s: float) -> None:
        exchange, failures = self.exchange, 0
        next_of: dict[str, Callable[[], Awaitable[Any]]] = {
            "book": lambda: exchange.watch_order_book(symbol),
            "trades": lambda: exchange.watch_trades(symbol),
            "orders": lambda: exchange.watch_orders(symbol),
            "fills": lambda: exchange.watch_my_trades(symbol),
        }
        while True:
            try:
                news = await next_of[what]()
            except Exception as error:
                say({"push": "down", "what": what, "symbol": symbol, "error": self._told(error)})
                await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                continue
            failures = 0
            if what == "book":
                await asyncio.sleep(every_s)
                book = exchange.orderbooks[symbol]
                sides = {side: [level(row) for row in book[side][:depth]] for side in ("bids", "asks")}
                say({"push": "book", "symbol": symbol, "ms": book["timestamp"] or 0, **sides})
            else:
                row = order_row if what == "orders" else trade_row
                say({"push": what, "symbol": symbol, "rows": [row(each) for each in news]})

    # --- helpers ----------------------------------------------------------------------------------

    def _by(self, order_id: str, client_id: str) -> Params:
        if order_id:
            return {}
        return {"clientOrderId": int(client_id) if self._decimal_ids else client_id}

    def _exact(self, symbol: str, name: str, wanted: str, sent: str) -> None:
        if Decimal(wanted) != Decimal(sent):
            raise ccxt.InvalidOrder(f"{symbol}: {name} {wanted} would go out as {sent}; nothing was sent")

    def _market(self, market: Params) -> Params:
        precision, limits = market["precision"], market["limits"]
        return {
            "symbol": market["symbol"], "base": market["base"], "quote": market["quote"],
            "settle": market.get("settle") or "", "spot": bool(market["spot"]), "swap": bool(market["swap"]),
            "linear": bool(market.get("linear")), "active": market.get("active") is not False,
            "tick": self._step(precision["price"]), "lot": self._step(precision["amount"]),
            "contract_size": text(market.get("contractSize") or 1),
            "amount_min": text((limits.get("amount") or {}).get("min")),
            "cost_min": text((limits.get("cost") or {}).get("min")),
            "maker": text(market.get("maker")), "taker": text(market.get("taker")),
        }  # fmt: skip

    def _step(self, precision: Any) -> str:
        """The smallest step as text; empty where the exchange counts significant digits instead."""
        if precision is None or self.exchange.precisionMode not in (TICK_SIZE, DECIMAL_PLACES):
            return ""
        if self.exchange.precisionMode == DECIMAL_PLACES:
            return format(Decimal(1).scaleb(-int(precision)), "f")
        return text(precision)


def order_row(order: Params) -> Params:
    """An order as ccxt unifies it; "" where ccxt or the venue does not say."""
    return {
        "id": order.get("id") or "", "client_id": str(order.get("clientOrderId") or ""),
        "symbol": order.get("symbol") or "", "status": order.get("status") or "",
        "side": order.get("side") or "", "type": order.get("type") or "",
        "tif": order.get("timeInForce") or "", "post_only": order.get("postOnly") is True,
        "reduce_only": order.get("reduceOnly") is True, "price": text(order.get("price")),
        "amount": text(order.get("amount")), "filled": text(order.get("filled")),
        "average": text(order.get("average")), "created_ms": order.get("timestamp") or 0,
        "ms": order.get("lastUpdateTimestamp") or order.get("lastTradeTimestamp") or 0,
    }  # fmt: skip


def trade_row(trade: Params) -> Params:
    """A trade, ours or a public one."""
    fee = trade.get("fee") or {}
    return {
        "id": str(trade.get("id") or ""), "order": str(trade.get("order") or ""),
        "symbol": trade.get("symbol") or "", "side": trade.get("side") or "",
        "price": text(trade.get("price")), "amount": text(trade.get("amount")),
        "role": trade.get("takerOrMaker") or "", "fee": text(fee.get("cost")),
        "fee_asset": fee.get("currency") or "", "ms": trade.get("timestamp") or 0,
    }  # fmt: skip


def position_row(position: Params) -> Params:
    """A position; its size is not negative, its side long or short."""
    return {
        "symbol": position["symbol"], "side": position.get("side") or "",
        "contracts": text(position["contracts"]), "entry": text(position.get("entryPrice")),
        "mark": text(position.get("markPrice")), "liquidation": text(position.get("liquidationPrice")),
        "unrealised": text(position.get("unrealizedPnl")), "leverage": text(position.get("leverage")),
        "mode": position.get("marginMode") or "", "ms": position.get("timestamp") or 0,
    }  # fmt: skip


def level(row: list[Any]) -> list[str]:
    """Price and size."""
    return [text(row[0]), text(row[1])]


def text(number: Any) -> str:
    """A number of ccxt as plain decimal text; "" for none."""
    if number is None:
        return ""
    return format(Decimal(repr(number) if isinstance(number, float) else str(number)), "f")


def say(message: Params) -> None:
    """One line; the parent reads it at once."""
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _put(urls: Params, path: list[str], value: Any) -> None:
    for key in path[:-1]:
        urls = urls.setdefault(key, {})
    urls[path[-1]] = value


async def main() -> None:
    """Reads stdin; the first line is the settings."""
    lines = asyncio.StreamReader(limit=2**22)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await Bridge(json.loads(await lines.readline())).run(lines)


if __name__ == "__main__":
    asyncio.run(main())
