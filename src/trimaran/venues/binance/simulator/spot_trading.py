"""Orders of spot: place, test, cancel, amend, cancel and replace, and ask for them.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints. A query that finds
nothing is -2013, a cancellation -2011, whatever the reason.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from trimaran.venues.binance.simulator import published, spot_text
from trimaran.venues.binance.simulator.endpoints import Call, Endpoint, Security, weighs, with_symbol
from trimaran.venues.binance.simulator.histories import fills_of, orders_of, read_page
from trimaran.venues.binance.simulator.market_accounts import (
    BEFORE_ID,
    CANCEL_ID,
    MarketAccounts,
    unknown_order,
)
from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.binance.simulator.refusals import bad, missing, refused
from trimaran.venues.binance.simulator.spot_orders import NewOrder, read_order
from trimaran.venues.binance.simulator.spot_replace import cancel_replace
from trimaran.venues.sim.numerals import scaled
from trimaran.venues.sim.trading import OrderTypeSim, Refusal, SimOrder, Status

AMENDMENTS_MAX: Final = 10
_AT_MARKET: Final = (OrderTypeSim.MARKET, OrderTypeSim.STOP_MARKET, OrderTypeSim.TAKE_PROFIT_MARKET)


class SpotTrading:
    """The trading requests of spot."""

    def __init__(self, accounts: MarketAccounts) -> None:
        self._accounts = accounts

    def endpoints(self) -> list[Endpoint]:
        """Every request with its path, its names, its weight."""
        trade, read = Security.TRADE, Security.READ
        path = "/api/v3/"
        return [
            Endpoint("POST", path + "order", self.place, weighs(1), trade, ("order.place",), True),
            Endpoint("POST", path + "order/test", self.test, weighs(1), trade, ("order.test",)),
            Endpoint("DELETE", path + "order", self.cancel, weighs(1), trade, ("order.cancel",), True),
            Endpoint(
                "DELETE", path + "openOrders", self.cancel_all, weighs(1), trade, ("openOrders.cancelAll",),
                True,
            ),
            Endpoint(
                "POST", path + "order/cancelReplace", self.replace, weighs(1), trade,
                ("order.cancelReplace",), True,
            ),
            Endpoint(
                "PUT", path + "order/amend/keepPriority", self.amend, weighs(4), trade,
                ("order.amend.keepPriority",), True,
            ),
            Endpoint("GET", path + "order", self.query, weighs(4), read, ("order.status",)),
            Endpoint("GET", path + "openOrders", self.open, with_symbol(6, 80), read, ("openOrders.status",)),
            Endpoint("GET", path + "allOrders", self.all, weighs(20), read, ("allOrders",)),
            Endpoint("GET", path + "myTrades", self.trades, _trades_weight, read, ("myTrades",)),
        ]  # fmt: skip

    def place(self, call: Call) -> str:
        """A new order; the answer is ACK, RESULT or FULL."""
        new = self._read(call)
        call.params.done()
        return self._placed(call, new)

    def test(self, call: Call) -> str:
        """Checks a new order and does nothing."""
        rates = call.params.flag("computeCommissionRates")
        new = self._read(call)
        call.params.done()
        self._fit(new)
        if not rates:
            return "{}"
        fees = self._accounts.feed(call.params).book.listing.instrument.fees
        zero = {"maker": spot_text.ZERO, "taker": spot_text.ZERO}
        standard = {"maker": scaled(fees.maker_e8, 8), "taker": scaled(fees.taker_e8, 8)}
        discount = {"enabledForAccount": False, "enabledForSymbol": False, "discountAsset": "BNB"}
        return msgspec.json.encode(
            {
                "standardCommissionForOrder": standard,
                "specialCommissionForOrder": zero,
                "taxCommissionForOrder": zero,
                "discount": {**discount, "discount": spot_text.ZERO},
            }
        ).decode()

    def cancel(self, call: Call) -> str:
        """Cancels one order."""
        accounts, params = self._accounts, call.params
        feed = accounts.feed(params)
        order = accounts.by_ids(call, feed, "orderId", "origClientOrderId")
        cancel_id = params.client_id("newClientOrderId")
        restriction = params.text("cancelRestrictions")
        params.done()
        return spot_text.cancelled(feed.text, self._cancelled(call, order, cancel_id, restriction))

    def cancel_all(self, call: Call) -> str:
        """Cancels every open order of a symbol; -2011 where there is none."""
        accounts = self._accounts
        feed = accounts.feed(call.params)
        call.params.done()
        symbol = feed.book.listing.instrument.symbol
        cancel_id = accounts.new_client_id()
        for order in accounts.exchange.open_orders(call.account_id, accounts.market, symbol):
            order.extra = {**order.extra, CANCEL_ID: cancel_id}
        orders = accounts.exchange.cancel_all(call.account_id, accounts.market, symbol, call.now_ns)
        if not orders:
            raise unknown_order()
        return _array([spot_text.cancelled(feed.text, order) for order in orders])

    def replace(self, call: Call) -> str:
        """Cancels one order and places another one; see `spot_replace`."""
        params, accounts = call.params, self._accounts
        feed = accounts.feed(params)
        order = accounts.by_ids(call, feed, "cancelOrderId", "cancelOrigClientOrderId")
        cancel_id, restriction = params.client_id("cancelNewClientOrderId"), params.text("cancelRestrictions")
        mode = params.need("cancelReplaceMode")
        exceeded = params.text("orderRateLimitExceededMode") or "DO_NOTHING"
        new = self._read(call)
        params.done()
        self._fit(new)  # before the cancellation, as the venue's page says
        return cancel_replace(
            mode,
            exceeded,
            lambda: accounts.counts(call.account_id).check(call.server_ms),
            lambda: spot_text.cancelled(feed.text, self._cancelled(call, order, cancel_id, restriction)),
            lambda: self._placed(call, new),
            lambda: accounts.counts(call.account_id).add(call.server_ms),
        )

    def amend(self, call: Call) -> str:
        """Makes an order smaller without losing its place."""
        params, accounts = call.params, self._accounts
        feed = accounts.feed(params)
        order = accounts.by_ids(call, feed, "orderId", "origClientOrderId")
        size = params.decimal("newQty")
        if size is None:
            raise missing("newQty")
        client_id = params.client_id("newClientOrderId") or accounts.new_client_id()
        params.done()
        if order is None or not order.status.open:
            raise bad(-2013, "Order does not exist.")
        self._check_amendment(order, feed.book.listing.instrument.size_grid.decimal(order.lots), size)
        before, exchange = order.client_id, accounts.exchange
        taken = exchange.rename(order, client_id)
        if taken is not None:
            raise refused(taken, True)
        order.extra = {**order.extra, BEFORE_ID: before}
        answer = exchange.amend(call.account_id, order, None, size, call.now_ns)
        if isinstance(answer, Refusal):
            exchange.rename(order, before)
            raise refused(answer, True)
        return spot_text.amended(feed.text, order, before, accounts.next_execution_id())

    def query(self, call: Call) -> str:
        """One order."""
        accounts = self._accounts
        feed = accounts.feed(call.params)
        order = accounts.by_ids(call, feed, "orderId", "origClientOrderId")
        call.params.done()
        return spot_text.queried(feed.text, accounts.visible(call, order))

    def open(self, call: Call) -> str:
        """Open orders of a symbol, or of all."""
        accounts, params = self._accounts, call.params
        symbol = accounts.feed(params).book.listing.instrument.symbol if params.text("symbol") else None
        params.done()
        orders = accounts.exchange.open_orders(call.account_id, accounts.market, symbol)
        return self._texts(call, orders)

    def all(self, call: Call) -> str:
        """Orders of a symbol, oldest first."""
        accounts, params = self._accounts, call.params
        feed, page = accounts.feed(params), read_page(params, _range(params), "orderId")
        params.done()
        return self._texts(call, orders_of(accounts, call, feed, page, lambda order: True))

    def trades(self, call: Call) -> str:
        """Fills of a symbol, oldest first."""
        accounts, params = self._accounts, call.params
        feed, page = accounts.feed(params), read_page(params, _range(params), "fromId", "orderId")
        params.done()
        return _array([spot_text.trade(feed.text, fill) for fill in fills_of(accounts, call, feed, page)])

    def _read(self, call: Call) -> NewOrder:
        accounts = self._accounts
        new = read_order(call.params, accounts.feed(call.params), accounts.new_client_id)
        published.check(accounts, call.account_id, new.spec)
        return new

    def _fit(self, new: NewOrder) -> None:
        """Raises ApiError for an order that a filter refuses."""
        refusal = self._accounts.exchange.unfit(new.spec)
        if refusal is not None:
            raise refused(refusal, True, new.spec.type in _AT_MARKET)

    def _placed(self, call: Call, new: NewOrder) -> str:
        accounts, spec = self._accounts, new.spec
        counts = accounts.counts(call.account_id)
        counts.check(call.server_ms)
        counts.add(call.server_ms)  # before its fills give back
        placed = accounts.exchange.place(call.account_id, spec, call.now_ns)
        if isinstance(placed, Refusal):
            counts.add(call.server_ms, -1)
            raise refused(placed, True, spec.type in _AT_MARKET)
        text = accounts.text_of(placed)
        if new.response == "ACK":
            return spot_text.ack(text, placed, text.venue_ms(placed.created_ns))
        return spot_text.result(text, placed, new.response == "FULL")

    def _cancelled(self, call: Call, order: SimOrder | None, cancel_id: str, restriction: str) -> SimOrder:
        """Cancels. Raises ApiError."""
        if restriction not in ("", "ONLY_NEW", "ONLY_PARTIALLY_FILLED"):
            raise bad(-1130, "Data sent for parameter 'cancelRestrictions' is not valid.")
        if order is None or not order.status.open:
            raise unknown_order()
        partly = order.status is Status.PARTIALLY_FILLED
        if restriction and partly != (restriction == "ONLY_PARTIALLY_FILLED"):
            raise bad(-2011, "Order was not canceled due to cancel restrictions.")
        order.extra = {**order.extra, CANCEL_ID: cancel_id or self._accounts.new_client_id()}
        answer = self._accounts.exchange.cancel(call.account_id, order, call.now_ns)
        if isinstance(answer, Refusal):
            raise refused(answer, True)
        return answer

    def _check_amendment(self, order: SimOrder, before: Any, size: Any) -> None:
        if order.status is Status.WAITING or order.amend_count >= AMENDMENTS_MAX:
            raise bad(-1013, "Filter failure: MAX_NUM_ORDER_AMENDS")
        if size > before:
            raise bad(-2038, "Order amend (quantity increase) is not supported.")
        if size == before:
            raise bad(-2038, "The requested action would change no state; rejecting.")

    def _texts(self, call: Call, orders: list[SimOrder]) -> str:
        accounts = self._accounts
        return _array(
            [
                spot_text.queried(accounts.text_of(order), order)
                for order in orders
                if order.visible_from_ns <= call.now_ns
            ]
        )


def _range(params: Params) -> tuple[int, int]:
    """`startTime` and `endTime`, everything without them. Raises -1127 for more than a day."""
    start_ms, end_ms = params.integer("startTime"), params.integer("endTime")
    if start_ms and end_ms:
        if start_ms > end_ms:
            raise bad(-1130, "Data sent for parameter 'startTime' is not valid.")
        if end_ms - start_ms > 86_400_000:
            raise bad(-1127, "More than 24 hours between startTime and endTime.")
    return start_ms, end_ms or 10**20


def _trades_weight(params: Params) -> int:
    return 5 if "orderId" in params.values else 20


def _array(items: list[str]) -> str:
    return "[" + ",".join(items) + "]"
