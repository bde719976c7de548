"""Orders of USD-M: place, change, cancel, one by one or several at once, and ask for them.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api. Algo orders (conditional
ones) are a world of their own: see `usdm_algo`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, Final

import msgspec

from trimaran.venues.binance.simulator import published, usdm_text
from trimaran.venues.binance.simulator.endpoints import Call, Endpoint, Security, weighs, with_symbol
from trimaran.venues.binance.simulator.histories import fills_of, orders_of, read_page
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts, unknown_order
from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.binance.simulator.refusals import ApiError, bad, missing, refused
from trimaran.venues.binance.simulator.spot_text import SIDES
from trimaran.venues.binance.simulator.usdm_orders import price_of, read_order, size_of
from trimaran.venues.sim.trading import OrderTypeSim, Refusal, SimOrder, Status
from trimaran.venues.sim.unreadable import UNREADABLE

BATCH_MAX: Final = 5
CANCEL_BATCH_MAX: Final = 10
AMENDMENTS_MAX: Final = 10_000
DATED_KEPT: Final = 1_000  # good-till-date orders that are remembered before ended ones are let go
WEEK_MS: Final = 7 * 86_400_000
_DONE: Final = '{"code":200,"msg":"The operation of cancel all open order is done."}'


class UsdmTrading:
    """The trading requests of USD-M."""

    def __init__(self, accounts: MarketAccounts) -> None:
        self._accounts = accounts
        self._until: list[tuple[int, int, SimOrder]] = []  # good-till-date orders: end, id, order
        self._tidy_at = DATED_KEPT

    def expire(self, now_ms: int, now_ns: int) -> None:
        """Ends the orders whose time is over."""
        while self._until and self._until[0][0] <= now_ms:
            order = heapq.heappop(self._until)[2]
            if order.status.open:
                order.extra = {**order.extra, usdm_text.TIME_OVER: True}
                self._accounts.exchange.cancel(order.account_id, order, now_ns)

    def endpoints(self) -> list[Endpoint]:
        """Every request with its path, its names, its weight."""
        trade, read, path = Security.TRADE, Security.READ, "/fapi/v1/"
        return [
            Endpoint("POST", path + "order", self.place, weighs(0), trade, ("order.place",), True),
            Endpoint("POST", path + "order/test", self.test, weighs(0), trade, ("order.test",)),
            Endpoint("PUT", path + "order", self.modify, weighs(1), trade, ("order.modify",), True),
            Endpoint("DELETE", path + "order", self.cancel, weighs(1), trade, ("order.cancel",), True),
            Endpoint("DELETE", path + "allOpenOrders", self.cancel_all, weighs(1), trade, (), True),
            Endpoint("POST", path + "batchOrders", self.place_batch, weighs(5), trade, (), True),
            Endpoint("PUT", path + "batchOrders", self.modify_batch, weighs(5), trade, (), True),
            Endpoint("DELETE", path + "batchOrders", self.cancel_batch, weighs(1), trade, (), True),
            Endpoint("POST", path + "countdownCancelAll", self.countdown, weighs(10), trade),
            Endpoint("GET", path + "order", self.query, weighs(1), read, ("order.status",)),
            Endpoint("GET", path + "openOrder", self.query_open, weighs(1), read),
            Endpoint("GET", path + "openOrders", self.open, with_symbol(1, 40), read),
            Endpoint("GET", path + "allOrders", self.all, weighs(5), read),
            Endpoint("GET", path + "userTrades", self.trades, weighs(5), read),
        ]

    def place(self, call: Call) -> str:
        """A new order."""
        return self._placed(call, call.params)

    def test(self, call: Call) -> str:
        """Checks a new order and does nothing."""
        accounts = self._accounts
        new = read_order(call.params, accounts.feed(call.params), accounts.new_client_id, call.server_ms)
        published.check(accounts, call.account_id, new.spec)
        refusal = accounts.exchange.unfit(new.spec)
        if refusal is not None:
            raise refused(refusal, False)
        return "{}"

    def modify(self, call: Call) -> str:
        """Changes price and size; the place in the queue is lost."""
        return self._modified(call, call.params)

    def cancel(self, call: Call) -> str:
        """Cancels one order."""
        accounts = self._accounts
        feed = accounts.feed(call.params)
        order = accounts.by_ids(call, feed, "orderId", "origClientOrderId")
        return self._cancelled(call, order)

    def cancel_all(self, call: Call) -> str:
        """Cancels every open order of a symbol, algo orders not included."""
        accounts = self._accounts
        feed = accounts.feed(call.params)
        for order in plain_orders(accounts, call, feed.book.listing.instrument.symbol):
            accounts.exchange.cancel(call.account_id, order, call.now_ns)
        return _DONE

    def place_batch(self, call: Call) -> str:
        """At most five new orders; every one succeeds or fails by itself."""
        return self._batch(call, self._placed)

    def modify_batch(self, call: Call) -> str:
        """At most five changes."""
        return self._batch(call, self._modified)

    def cancel_batch(self, call: Call) -> str:
        """At most ten cancellations of one symbol."""
        accounts, params = self._accounts, call.params
        feed = accounts.feed(params)
        ids = _listed(params, "orderIdList", list[int]) or _listed(params, "orderidlist", list[int])
        names = _listed(params, "origClientOrderIdList", list[str])
        names = names or _listed(params, "origclientorderidlist", list[str])
        chosen = [{"orderId": str(each)} for each in ids] or [{"origClientOrderId": each} for each in names]
        if not chosen:
            raise missing("orderIdList")
        if len(chosen) > CANCEL_BATCH_MAX:
            raise bad(-4083, "Invalid batch place order: at most 10 orders.")

        def cancel(one: Params) -> str:
            sub = Call(one, call.key, call.server_ms, call.now_ns)
            return self._cancelled(call, accounts.by_ids(sub, feed, "orderId", "origClientOrderId"))

        return _each([Params(values) for values in chosen], cancel)

    def countdown(self, call: Call) -> str:
        """Arms, renews or disarms (0) the dead-man switch of a symbol."""
        accounts, params = self._accounts, call.params
        symbol = accounts.feed(params).book.listing.instrument.symbol
        params.need("countdownTime")
        wait_ms = params.integer("countdownTime")
        fires_ns = call.now_ns + wait_ms * 1_000_000 if wait_ms else 0
        accounts.exchange.arm_dead_man(call.account_id, accounts.market, symbol, fires_ns)
        return f'{{"symbol":"{symbol}","countdownTime":"{wait_ms}"}}'

    def query(self, call: Call) -> str:
        """One order."""
        accounts = self._accounts
        feed = accounts.feed(call.params)
        order = accounts.by_ids(call, feed, "orderId", "origClientOrderId")
        return usdm_text.queried(feed.text, accounts.visible(call, _plain(order)))

    def query_open(self, call: Call) -> str:
        """One open order."""
        accounts = self._accounts
        feed = accounts.feed(call.params)
        order = _plain(accounts.by_ids(call, feed, "orderId", "origClientOrderId"))
        found = order if order is not None and order.status.open else None
        return usdm_text.queried(feed.text, accounts.visible(call, found))

    def open(self, call: Call) -> str:
        """Open orders of a symbol, or of all."""
        accounts = self._accounts
        symbol = None
        if call.params.text("symbol"):
            symbol = accounts.feed(call.params).book.listing.instrument.symbol
        return self._texts(call, plain_orders(accounts, call, symbol))

    def all(self, call: Call) -> str:
        """Orders of a symbol, oldest first."""
        accounts, params = self._accounts, call.params
        feed, page = accounts.feed(params), read_page(params, time_range(params), "orderId")
        return self._texts(call, orders_of(accounts, call, feed, page, _plain))

    def trades(self, call: Call) -> str:
        """Fills of a symbol, oldest first."""
        accounts, params = self._accounts, call.params
        feed, page = accounts.feed(params), read_page(params, time_range(params), "fromId", "orderId")
        fills = fills_of(accounts, call, feed, page)
        return "[" + ",".join([usdm_text.trade(feed.text, fill) for fill in fills]) + "]"

    def _placed(self, call: Call, params: Params) -> str:
        accounts = self._accounts
        new = read_order(params, accounts.feed(params), accounts.new_client_id, call.server_ms)
        published.check(accounts, call.account_id, new.spec)
        counts = accounts.counts(call.account_id)
        counts.check(call.server_ms)
        placed = accounts.exchange.place(call.account_id, new.spec, call.now_ns)
        if isinstance(placed, Refusal):
            raise refused(placed, False, new.spec.type is OrderTypeSim.MARKET)
        counts.add(call.server_ms)
        until_ms = placed.extra.get(usdm_text.GOOD_TILL, 0)
        if until_ms:
            self._date(until_ms, placed)
        return usdm_text.placed(accounts.text_of(placed), placed, new.response == "ACK")

    def _date(self, until_ms: int, order: SimOrder) -> None:
        """Remembers when an order ends; ended ones are let go whenever their number has doubled."""
        heapq.heappush(self._until, (until_ms, order.order_id, order))
        if len(self._until) > self._tidy_at:
            self._until = [entry for entry in self._until if entry[2].status.open]
            heapq.heapify(self._until)
            self._tidy_at = max(DATED_KEPT, 2 * len(self._until))

    def _modified(self, call: Call, params: Params) -> str:
        accounts = self._accounts
        feed = accounts.feed(params)
        sub = Call(params, call.key, call.server_ms, call.now_ns)
        order = accounts.by_ids(sub, feed, "orderId", "origClientOrderId")
        side = params.need("side")
        size, price = size_of(params, feed), price_of(params, feed)
        if order is None or not order.status.open or order.status is Status.WAITING:
            raise bad(-2013, "Order does not exist.")
        if side != SIDES[order.side]:
            raise bad(-1117, "Invalid side.")
        if order.amend_count >= AMENDMENTS_MAX:
            raise bad(-5026, "Exceed maximum modify order limit.")
        answer = accounts.exchange.amend(call.account_id, order, price, size, call.now_ns)
        if isinstance(answer, Refusal):
            raise refused(answer, False)
        accounts.counts(call.account_id).add(call.server_ms)
        return usdm_text.placed(feed.text, answer)

    def _cancelled(self, call: Call, order: SimOrder | None) -> str:
        if _plain(order) is None or order is None or not order.status.open:
            raise unknown_order()
        answer = self._accounts.exchange.cancel(call.account_id, order, call.now_ns)
        if isinstance(answer, Refusal):
            raise refused(answer, False)
        return usdm_text.placed(self._accounts.text_of(answer), answer)

    def _batch(self, call: Call, work: Callable[[Call, Params], str]) -> str:
        rows = _listed(call.params, "batchOrders", list[dict[str, Any]])
        if not rows:
            raise missing("batchOrders")
        if len(rows) > BATCH_MAX:
            raise bad(-4082, "Invalid number of batch place orders.")
        requests = [Params({name: _as_text(value) for name, value in row.items()}) for row in rows]
        return _each(requests, lambda params: work(call, params))

    def _texts(self, call: Call, orders: list[SimOrder]) -> str:
        accounts = self._accounts
        texts = [
            usdm_text.queried(accounts.text_of(order), order)
            for order in orders
            if order.visible_from_ns <= call.now_ns
        ]
        return "[" + ",".join(texts) + "]"


def plain_orders(accounts: MarketAccounts, call: Call, symbol: Any) -> list[SimOrder]:
    """Open orders that are not waiting for a trigger."""
    found = accounts.exchange.open_orders(call.account_id, accounts.market, symbol)
    return [order for order in found if order.status is not Status.WAITING]


def time_range(params: Params) -> tuple[int, int]:
    """`startTime` and `endTime`, everything without them. Raises -4166 for more than a week."""
    start_ms, end_ms = params.integer("startTime"), params.integer("endTime")
    if start_ms and end_ms and not 0 <= end_ms - start_ms <= WEEK_MS:
        raise bad(-4166, "Search window is restricted to recent 7 days only.")
    return start_ms, end_ms or 10**20


def _plain(order: SimOrder | None) -> SimOrder | None:
    """The order, unless it is one that has never been triggered: those are algo orders."""
    if order is None or (usdm_text.ALGO in order.extra and not order.working_ns):
        return None
    return order


def _each(requests: list[Params], work: Callable[[Params], str]) -> str:
    """What became of each, in an array that may mix orders and errors."""
    texts = []
    for params in requests:
        try:
            texts.append(work(params))
        except ApiError as error:
            texts.append(ApiError(error.status, error.code, error.text).body())
    return "[" + ",".join(texts) + "]"


def _listed(params: Params, name: str, kind: Any) -> list[Any]:
    """A parameter that is a JSON array; none when it is absent. Raises -1130."""
    text = params.text(name)
    if not text:
        return []
    try:
        return list(msgspec.json.decode(text, type=kind))
    except UNREADABLE:
        raise bad(-1130, f"Data sent for parameter '{name}' is not valid.") from None


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
