"""Algo orders of USD-M: conditional orders that wait for a price, apart from all others.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/New-Algo-Order. An order
that has been triggered lives on as a plain order; its algo order stays for queries.
"""

from __future__ import annotations

from typing import Any, Final

from trimaran.venues.binance.simulator import published, usdm_text
from trimaran.venues.binance.simulator.endpoints import Call, Endpoint, Security, weighs, with_symbol
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts, one_of
from trimaran.venues.binance.simulator.refusals import ApiError, bad, refused
from trimaran.venues.binance.simulator.usdm_orders import read_algo
from trimaran.venues.binance.simulator.usdm_text import ALGO, ALGO_OFFSET
from trimaran.venues.binance.simulator.usdm_trading import time_range
from trimaran.venues.sim.trading import Refusal, SimOrder, Status

_DONE: Final = '{"code":200,"msg":"The operation of cancel all open order is done."}'


class UsdmAlgo:
    """The requests of algo orders."""

    def __init__(self, accounts: MarketAccounts) -> None:
        self._accounts = accounts

    def endpoints(self) -> list[Endpoint]:
        """Every request with its path, its names, its weight."""
        trade, read, path = Security.TRADE, Security.READ, "/fapi/v1/"
        return [
            Endpoint("POST", path + "algoOrder", self.place, weighs(0), trade, ("algoOrder.place",), True),
            Endpoint(
                "DELETE", path + "algoOrder", self.cancel, weighs(1), trade, ("algoOrder.cancel",), True
            ),
            Endpoint("DELETE", path + "algoOpenOrders", self.cancel_all, weighs(1), trade, (), True),
            Endpoint("GET", path + "algoOrder", self.query, weighs(1), read),
            Endpoint("GET", path + "openAlgoOrders", self.open, with_symbol(1, 40), read),
            Endpoint("GET", path + "allAlgoOrders", self.all, weighs(5), read),
        ]

    def place(self, call: Call) -> str:
        """A new algo order."""
        accounts = self._accounts
        new = read_algo(call.params, accounts.feed(call.params), accounts.new_client_id, call.server_ms)
        published.check(accounts, call.account_id, new.spec)
        counts = accounts.counts(call.account_id)
        counts.check(call.server_ms)
        placed = accounts.exchange.place(call.account_id, new.spec, call.now_ns)
        if isinstance(placed, Refusal):
            raise refused(placed, False)
        counts.add(call.server_ms)
        return usdm_text.algo(accounts.text_of(placed), placed)

    def cancel(self, call: Call) -> str:
        """Cancels one that still waits."""
        order = self._by_ids(call)
        if order is None or order.status is not Status.WAITING:
            raise _unknown()
        answer = self._accounts.exchange.cancel(call.account_id, order, call.now_ns)
        if isinstance(answer, Refusal):
            raise refused(answer, False)
        return (
            f'{{"algoId":{order.order_id + ALGO_OFFSET},"clientAlgoId":"{order.client_id}","code":"200",'
            f'"msg":"success"}}'
        )

    def cancel_all(self, call: Call) -> str:
        """Cancels all of a symbol that still wait."""
        accounts = self._accounts
        symbol = accounts.feed(call.params).book.listing.instrument.symbol
        for order in self._waiting(call, symbol):
            accounts.exchange.cancel(call.account_id, order, call.now_ns)
        return _DONE

    def query(self, call: Call) -> str:
        """One algo order."""
        accounts = self._accounts
        order = accounts.visible(call, self._by_ids(call))
        return usdm_text.algo(accounts.text_of(order), order, True)

    def open(self, call: Call) -> str:
        """Those that wait, of a symbol or of all."""
        accounts = self._accounts
        symbol = None
        if call.params.text("symbol"):
            symbol = accounts.feed(call.params).book.listing.instrument.symbol
        return self._texts(call, self._waiting(call, symbol))

    def all(self, call: Call) -> str:
        """All of a symbol, oldest first."""
        accounts, params = self._accounts, call.params
        feed = accounts.feed(params)
        symbol, exchange = feed.book.listing.instrument.symbol, accounts.exchange
        first_id, limit = params.integer("algoId"), params.limit(500, 1_000)
        start_ms, end_ms = time_range(params)
        orders = exchange.ended_orders(call.account_id, accounts.market, symbol)
        orders = orders + exchange.open_orders(call.account_id, accounts.market, symbol)
        found = [
            order
            for order in sorted(orders, key=lambda each: each.order_id)
            if ALGO in order.extra
            and order.order_id + ALGO_OFFSET >= first_id
            and start_ms <= feed.text.venue_ms(order.created_ns) <= end_ms
        ]
        return self._texts(call, found[-limit:])

    def _waiting(self, call: Call, symbol: Any) -> list[SimOrder]:
        accounts = self._accounts
        found = accounts.exchange.open_orders(call.account_id, accounts.market, symbol)
        return [order for order in found if order.status is Status.WAITING]

    def _by_ids(self, call: Call) -> SimOrder | None:
        accounts, params = self._accounts, call.params
        algo_id, client_id = params.integer("algoId"), params.text("clientAlgoId")
        if algo_id:
            found = accounts.exchange.order_by_id(call.account_id, accounts.market, algo_id - ALGO_OFFSET)
        elif client_id:
            found = accounts.exchange.order_by_client_id(call.account_id, accounts.market, client_id)
        else:
            raise one_of("algoId")
        return found if found is not None and ALGO in found.extra else None

    def _texts(self, call: Call, orders: list[SimOrder]) -> str:
        accounts = self._accounts
        return "[" + ",".join([usdm_text.algo(accounts.text_of(each), each, True) for each in orders]) + "]"


def _unknown() -> ApiError:
    return bad(-2011, "Unknown order sent.")
