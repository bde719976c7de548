"""Questions about orders and fills to the simulated OKX: what stands in `data` of each GET of `trade/`.

Lists are newest first. `after` asks for what is older than an id and `before` for what is newer, `begin`
and `end` are milliseconds. https://www.okx.com/docs-v5/en/#order-book-trading-trade
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from trimaran.domain.instrument import MarketName
from trimaran.venues.okx.simulator.algo_entry import AlgoEntry
from trimaran.venues.okx.simulator.algo_text import AlgoTerms, algo_row
from trimaran.venues.okx.simulator.catalogue import KINDS, Catalogue, Listed
from trimaran.venues.okx.simulator.clocks import Clock
from trimaran.venues.okx.simulator.order_entry import OrderEntry
from trimaran.venues.okx.simulator.order_text import fill_row, order_row
from trimaran.venues.okx.simulator.public_data import Query, number, required
from trimaran.venues.okx.simulator.refusals import NO_ID, NO_ORDER, OkxError, unknown_instrument
from trimaran.venues.okx.simulator.spelling import (
    ALGO_BASE,
    BILL_BASE,
    ORDER_BASE,
    algo_state,
    number_of,
    state,
)
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP
from trimaran.venues.sim.trading import SimFill, SimOrder

PAGE: Final = 100
_MARKETS: Final = {"SPOT": (OKX_SPOT,), "SWAP": (OKX_SWAP,), "": (OKX_SPOT, OKX_SWAP)}
Item = TypeVar("Item", SimOrder, SimFill)


class OrderQueries:
    """The questions. Every one raises OkxError."""

    def __init__(
        self, catalogue: Catalogue, exchange: Exchange, clock: Clock, entry: OrderEntry, algos: AlgoEntry
    ) -> None:
        self._catalogue = catalogue
        self._exchange = exchange
        self._clock = clock
        self._entry = entry
        self._algos = algos

    def order(self, account_id: int, query: Query) -> str:
        """One order."""
        listed = self._named(query)
        number_text, client_id = query.get("ordId", ""), query.get("clOrdId", "")
        if not number_text and not client_id:
            raise OkxError(NO_ID.code, NO_ID.text)
        order = self._entry.find(account_id, listed, number_text, client_id)
        if order is None or not _placed(order):
            raise OkxError(NO_ORDER.code, NO_ORDER.text)
        return order_row(listed, order, self._clock.moment())

    def pending(self, account_id: int, query: Query) -> str:
        """Open orders."""
        return self._rows(query, self._orders(account_id, query, self._exchange.open_orders))

    def history(self, account_id: int, query: Query) -> str:
        """Ended orders; the type of instrument must be said."""
        required(query, "instType")
        return self._rows(query, self._orders(account_id, query, self._exchange.ended_orders))

    def fills(self, account_id: int, query: Query) -> str:
        """Fills."""
        found = [
            fill
            for market in self._markets(query)
            for fill in self._exchange.fills(account_id, market)
            if self._wanted(query, fill) and query.get("ordId", "") in ("", str(ORDER_BASE + fill.order_id))
        ]
        found.sort(key=lambda fill: fill.execution_id)
        chosen = self._page(query, found, lambda fill: fill.execution_id, BILL_BASE, _fill_ns)
        now = self._clock.moment()
        return ",".join(
            fill_row(
                self._catalogue.ever(fill.symbol),
                self._exchange.order_by_id(account_id, fill.market, fill.order_id),
                fill,
                now,
            )
            for fill in chosen
        )

    def fills_history(self, account_id: int, query: Query) -> str:
        """Fills of three months; the type of instrument must be said."""
        required(query, "instType")
        return self.fills(account_id, query)

    def algo(self, account_id: int, query: Query) -> str:
        """One algo order."""
        number_text, client_id = query.get("algoId", ""), query.get("algoClOrdId", "")
        if not number_text and not client_id:
            raise OkxError("50015", "Either parameter algoId or algoClOrdId is required", 400)
        for listed in self._catalogue.all:
            order = self._algos.find(account_id, listed, number_text, client_id)
            if order is not None:
                return algo_row(listed, order, self._clock.moment())
        raise OkxError(NO_ORDER.code, NO_ORDER.text)

    def algos_pending(self, account_id: int, query: Query) -> str:
        """Algo orders that wait."""
        return self._algo_rows(account_id, query, ("live",))

    def algos_history(self, account_id: int, query: Query) -> str:
        """Algo orders that are over, of one state or with one id."""
        wanted = query.get("state", "")
        if not wanted and not query.get("algoId", ""):
            raise OkxError("50015", "Either parameter state or algoId is required", 400)
        states = ("effective", "canceled", "order_failed")
        if wanted and wanted not in states:
            raise OkxError("51000", "Parameter state error", 400)
        return self._algo_rows(account_id, query, (wanted,) if wanted else states)

    def _algo_rows(self, account_id: int, query: Query, states: Sequence[str]) -> str:
        kinds = required(query, "ordType").split(",")
        found = [
            order
            for market in self._markets(query)
            for orders in (self._exchange.ended_orders, self._exchange.open_orders)
            for order in orders(account_id, market)
            if self._wanted(query, order) and _algo_of(order, kinds) and algo_state(order) in states
        ]
        wanted = number_of(query.get("algoId", ""), ALGO_BASE)
        if wanted:
            found = [order for order in found if order.order_id == wanted]
        found.sort(key=lambda order: order.order_id)
        chosen = self._page(query, found, lambda order: order.order_id, ALGO_BASE, _order_ns)
        now = self._clock.moment()
        return ",".join(algo_row(self._catalogue.ever(order.symbol), order, now) for order in chosen)

    def _orders(self, account_id: int, query: Query, of: Callable[..., list[SimOrder]]) -> list[SimOrder]:
        kinds, states = query.get("ordType", ""), query.get("state", "")
        found = [
            order
            for market in self._markets(query)
            for order in of(account_id, market)
            if _placed(order)
            and self._wanted(query, order)
            and (not kinds or order.extra.get("ordType", "") in kinds.split(","))
            and (not states or state(order) in states.split(","))
        ]
        found.sort(key=lambda order: order.order_id)
        return found

    def _rows(self, query: Query, orders: list[SimOrder]) -> str:
        now = self._clock.moment()
        chosen = self._page(query, orders, lambda order: order.order_id, ORDER_BASE, _order_ns)
        return ",".join(order_row(self._catalogue.ever(order.symbol), order, now) for order in chosen)

    def _page(
        self,
        query: Query,
        items: Iterable[Item],
        key: Callable[[Item], int],
        base: int,
        time_ns: Callable[[Item], int],
    ) -> list[Item]:
        """One page, newest first, of items that are sorted oldest first."""
        after, before = (number_of(query.get(name, ""), base) for name in ("after", "before"))
        begin_ms, end_ms = number(query, "begin", 0, 10**15), number(query, "end", 10**15, 10**15)
        now = self._clock.moment()
        chosen = [
            item
            for item in items
            if (not after or key(item) < after)
            and key(item) > before
            and begin_ms <= now.venue_ms(time_ns(item)) <= end_ms
        ]
        return chosen[::-1][: number(query, "limit", PAGE, PAGE)]

    def _named(self, query: Query) -> Listed:
        listed = self._catalogue.named(required(query, "instId"))
        if listed is None:
            raise unknown_instrument()
        return listed

    def _markets(self, query: Query) -> tuple[MarketName, ...]:
        kind = query.get("instType", "")
        if kind and kind not in KINDS:
            raise OkxError("51000", "Parameter instType error", 400)
        return tuple(_MARKETS.get(kind, ()))

    def _wanted(self, query: Query, item: SimOrder | SimFill) -> bool:
        name, family = query.get("instId", ""), query.get("instFamily", "") or query.get("uly", "")
        if name and item.symbol != name:
            return False
        return not family or self._catalogue.ever(item.symbol).family == family


def _placed(order: SimOrder) -> bool:
    """Whether it is an order, and not an algo order that has placed none."""
    return "algo" not in order.extra or "triggered_ns" in order.extra


def _algo_of(order: SimOrder, kinds: Sequence[str]) -> bool:
    terms: AlgoTerms | None = order.extra.get("algo")
    return terms is not None and terms.order_type in kinds


def _order_ns(order: SimOrder) -> int:
    return order.created_ns


def _fill_ns(fill: SimFill) -> int:
    return fill.time_ns
