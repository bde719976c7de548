"""Handles for the accounts of the simulated venues: their own books, to compare with a client's.

    GET  /admin/account         balances, positions, margin, open orders, fills (query: venue, account, fills)
    GET  /admin/orders          ended orders, oldest first (query: venue, account, market)
    POST /admin/deposit         credits a wallet, or debits it below zero (query: venue, account, market,
                                asset, amount)
    POST /admin/revoke-key      a key is no more: requests are refused, its connections end (query: venue,
                                key)
    POST /admin/fund            charges funding now (query: venue)
    POST /admin/funding-period  another period (query: venue, seconds)

`account` is the demo account where it is left out, `fills` the last 1,000. Numbers are text: prices in quote
asset, sizes in the unit of the venue's orders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec
from aiohttp import web

from trimaran.domain.instrument import Asset, Instrument, MarketName
from trimaran.venues.sim.exchange import SimExchange
from trimaran.venues.sim.exchange_port import DEMO_ACCOUNT_ID
from trimaran.venues.sim.trading import SimFill, SimOrder

FILLS_SHOWN: Final = 1_000
NS_PER_S: Final = 1_000_000_000
SIDES: Final = ("buy", "sell")
AMOUNT_DIGITS_MAX: Final = 30


class AccountsAdmin:
    """The handlers."""

    def __init__(
        self,
        exchanges: Mapping[str, SimExchange],
        trading_ns: Callable[[], int],
        revoked: Callable[[str], None],
    ) -> None:
        """`revoked` is told of a key that is no more."""
        self._exchanges = exchanges
        self._revoked = revoked
        self._trading_ns = trading_ns

    def routes(self) -> list[web.RouteDef]:
        """Every path."""
        return [
            web.get("/admin/account", self._account),
            web.get("/admin/orders", self._orders),
            web.post("/admin/deposit", self._deposit),
            web.post("/admin/revoke-key", self._revoke),
            web.post("/admin/fund", self._fund),
            web.post("/admin/funding-period", self._funding_period),
        ]

    async def _account(self, request: web.Request) -> web.Response:
        exchange, account_id = self._exchange(request), self._account_id(request)
        shown = _whole(request, "fills", FILLS_SHOWN)
        return _json({market: _books(exchange, account_id, market, shown) for market in exchange.markets})

    async def _orders(self, request: web.Request) -> web.Response:
        exchange, account_id = self._exchange(request), self._account_id(request)
        market = self._market(exchange, request)
        return _json([order_row(exchange, order) for order in exchange.ended_orders(account_id, market)])

    async def _deposit(self, request: web.Request) -> web.Response:
        exchange, account_id = self._exchange(request), self._account_id(request)
        market, asset = self._market(exchange, request), request.query.get("asset", "USDT")
        text = request.query.get("amount", "")
        try:
            amount = Decimal(text if len(text) <= AMOUNT_DIGITS_MAX else "")
            exchange.deposit(account_id, market, Asset(asset), amount, self._trading_ns())
        except (InvalidOperation, ValueError):
            return _refused(f"amount: expected a number that the wallet can carry, found {text!r}")
        return _json(exchange.balances(account_id, market))

    async def _revoke(self, request: web.Request) -> web.Response:
        exchange, name = self._exchange(request), request.query.get("key", "")
        if exchange.key(name) is None:
            raise _missing("key")
        exchange.accounts.revoke(name)
        self._revoked(name)
        return _json({"revoked": True})

    async def _fund(self, request: web.Request) -> web.Response:
        exchange = self._exchange(request)
        exchange.fund(self._trading_ns())
        return _json({"funded": True})

    async def _funding_period(self, request: web.Request) -> web.Response:
        exchange, seconds = self._exchange(request), _whole(request, "seconds", 0)
        if seconds < 1:
            return _refused("seconds: expected 1 or more")
        exchange.funding.set_period(seconds * NS_PER_S, self._trading_ns())
        return _json({"seconds": seconds})

    def _exchange(self, request: web.Request) -> SimExchange:
        exchange = self._exchanges.get(request.query.get("venue", next(iter(self._exchanges))))
        if exchange is None:
            raise _missing("venue")
        return exchange

    def _account_id(self, request: web.Request) -> int:
        account_id = _whole(request, "account", DEMO_ACCOUNT_ID)
        if account_id not in self._exchange(request).accounts.by_id:
            raise _missing("account")
        return account_id

    def _market(self, exchange: SimExchange, request: web.Request) -> MarketName:
        market = MarketName(request.query.get("market", exchange.markets[0]))
        if market not in exchange.markets:
            raise _missing("market")
        return market


def order_row(exchange: SimExchange, order: SimOrder) -> dict[str, Any]:
    """An order as the handles show it."""
    instrument = exchange.instrument(order.market, order.symbol)
    return {
        "order_id": order.order_id,
        "client_id": order.client_id,
        "symbol": order.symbol,
        "side": SIDES[order.side],
        "type": order.type.value,
        "tif": order.tif.value,
        "status": order.status.value,
        "end_reason": order.end_reason.value,
        "price": _text(instrument.price(order.price_ticks)) if order.price_ticks else None,
        "trigger_price": _text(instrument.price(order.trigger_ticks)) if order.trigger_ticks else None,
        "size": _text(instrument.size_grid.decimal(order.lots)),
        "filled": _text(instrument.size_grid.decimal(order.filled_lots)),
        "fees": {asset: _text(fee) for asset, fee in order.fees.items()},
        "reduce_only": order.reduce_only,
        "created_ns": order.created_ns,
        "updated_ns": order.updated_ns,
    }


def fill_row(instrument: Instrument, fill: SimFill) -> dict[str, Any]:
    """A fill as the handles show it."""
    return {
        "trade_id": fill.trade_id,
        "execution_id": fill.execution_id,
        "order_id": fill.order_id,
        "symbol": fill.symbol,
        "side": SIDES[fill.side],
        "price": _text(instrument.price(fill.price_ticks)),
        "size": _text(instrument.size_grid.decimal(fill.lots)),
        "maker": fill.maker,
        "fee": _text(fill.fee),
        "fee_asset": fill.fee_asset,
        "realised": _text(fill.realised),
        "time_ns": fill.time_ns,
    }


def _books(exchange: SimExchange, account_id: int, market: MarketName, shown: int) -> dict[str, Any]:
    fills = exchange.fills(account_id, market)
    positions = [msgspec.structs.asdict(position) for position in exchange.positions(account_id, market)]
    for position in positions:
        lots = position.pop("lots")
        position["size"] = exchange.instrument(market, position["symbol"]).size_grid.decimal(lots)
    return {
        "balances": exchange.balances(account_id, market),
        "positions": positions,
        "margin": exchange.margin(account_id, market),
        "open_orders": [order_row(exchange, each) for each in exchange.open_orders(account_id, market)],
        "fills_total": len(fills),
        "fills": [
            fill_row(exchange.instrument(market, each.symbol), each)
            for each in fills[max(0, len(fills) - shown) :]
        ],
    }


def _text(value: Decimal) -> str:
    return f"{value:f}"


def _whole(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise web.HTTPBadRequest(
            text=msgspec.json.encode({"error": f"{name}: expected a whole number"}).decode(),
            content_type="application/json",
        )
    return int(text)


def _missing(name: str) -> web.HTTPNotFound:
    return web.HTTPNotFound(text=f'{{"error":"unknown {name}"}}', content_type="application/json")


def _refused(text: str) -> web.Response:
    return _json({"error": text}, 400)


def _json(answer: Any, status: int = 200) -> web.Response:
    body = msgspec.json.encode(answer).decode()
    return web.Response(status=status, text=body, content_type="application/json")
