"""One market's side of the accounts: finding instruments and orders, ids that clients see, order counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trimaran.domain.instrument import MarketName
from trimaran.venues.binance.simulator.endpoints import Call
from trimaran.venues.binance.simulator.limits import OrderCounts, order_rates
from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.binance.simulator.refusals import ApiError, bad, missing
from trimaran.venues.binance.simulator.streams import BookFeed
from trimaran.venues.binance.simulator.text import BookText
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.markets import BINANCE_SPOT
from trimaran.venues.sim.trading import SimOrder

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH: Final = 22
_STRIDE: Final = 1_442_695_040_888_963_407_636_413_622_384_679_313_1  # ids look random and do not repeat
BEFORE_ID: Final = "before_id"  # in `SimOrder.extra`: the client id before the last amendment
CANCEL_ID: Final = "cancel_id"  # the id of the request that cancels


class MarketAccounts:
    """Accounts of one market with the books they trade on."""

    def __init__(
        self, market: MarketName, exchange: Exchange, feeds: Mapping[str, BookFeed], enforced: bool
    ) -> None:
        """`feeds` are keyed by the lower case symbol; `enforced` says whether order counts are limited."""
        self.market = market
        self.spot = market == BINANCE_SPOT
        self.exchange = exchange
        self.feeds = feeds
        self._enforced = enforced
        self._counts: dict[int, OrderCounts] = {}
        self._ids_given = 0
        self._executions = 0

    def feed(self, params: Params) -> BookFeed:
        """The book that `symbol` names. Raises -1102 without one, -1121 for an unknown one."""
        return self.feed_of(params.need("symbol"))

    def feed_of(self, symbol: str) -> BookFeed:
        """The book of a symbol as the client wrote it. Raises -1121."""
        feed = self.feeds.get(symbol.lower())
        if feed is None or not feed.listed or not symbol.isupper():
            raise bad(-1121, "Invalid symbol.")
        return feed

    def listed(self) -> list[BookFeed]:
        """Every book that has not disappeared."""
        return [feed for feed in self.feeds.values() if feed.listed]

    def listed_text(self) -> BookText:
        """The writing of any book, for what is not about one."""
        return next(iter(self.feeds.values())).text

    def next_execution_id(self) -> int:
        """The number of an execution report."""
        self._executions += 1
        return self._executions

    def text_of(self, order: SimOrder) -> BookText:
        """How the numbers of an order are written."""
        return self.feeds[order.symbol.lower()].text

    def counts(self, account_id: int) -> OrderCounts:
        """The order counts of an account."""
        found = self._counts.get(account_id)
        if found is None:
            found = self._counts[account_id] = OrderCounts(order_rates(self.spot), self._enforced)
        return found

    def new_client_id(self) -> str:
        """An id for what the client gave none: 22 letters and digits."""
        self._ids_given += 1
        number, letters = self._ids_given * _STRIDE, []
        for _ in range(_ID_LENGTH):
            number, digit = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[digit])
        return "".join(letters)

    def by_ids(self, call: Call, feed: BookFeed, id_name: str, client_name: str) -> SimOrder | None:
        """The order that one of two parameters names; None when there is none, or none of that book.

        Raises -1102 when neither parameter is there.
        """
        params, exchange, account_id = call.params, self.exchange, call.account_id
        order_id, client_id = params.integer(id_name), params.text(client_name)
        if not order_id and not client_id:
            raise bad(
                -1102,
                f"Param '{client_name}' or '{id_name}' must be sent, but both were empty/null!",
            )
        if order_id:
            order = exchange.order_by_id(account_id, self.market, order_id)
            if order is not None and client_id and order.client_id != client_id:
                order = None
        else:
            order = exchange.order_by_client_id(account_id, self.market, client_id)
        symbol = feed.book.listing.instrument.symbol
        return order if order is not None and order.symbol == symbol else None

    def visible(self, call: Call, order: SimOrder | None) -> SimOrder:
        """An order as queries find it. Raises -2013."""
        if order is None or order.visible_from_ns > call.now_ns:
            raise bad(-2013, "Order does not exist.")
        return order


def unknown_order() -> ApiError:
    """What is to be cancelled or amended is not there, or not open."""
    return bad(-2011, "Unknown order sent.")


def one_of(*names: str) -> ApiError:
    """One of some parameters must be there."""
    return missing(names[0])
