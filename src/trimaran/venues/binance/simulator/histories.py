"""Histories of orders and fills, the same in both markets: by id, by time, so many at most.

From an id or a time on the oldest come first; with neither it is the newest that are left
(https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from trimaran.venues.binance.simulator.endpoints import Call
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts
from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.binance.simulator.streams import BookFeed
from trimaran.venues.sim.trading import SimFill, SimOrder

Entry = TypeVar("Entry", SimFill, SimOrder)
LIMIT_DEFAULT: Final = 500
LIMIT_MAX: Final = 1_000


class Page(msgspec.Struct, frozen=True):
    """What is asked for; zeros ask for nothing."""

    first_id: int
    order_id: int
    start_ms: int
    end_ms: int
    limit: int

    def cut(self, found: list[Entry]) -> list[Entry]:
        """So many of what was found."""
        return found[: self.limit] if self.first_id or self.start_ms else found[-self.limit :]


def read_page(params: Params, times: tuple[int, int], first: str, order: str = "") -> Page:
    """Reads a page; `first` and `order` name the parameters of ids. Raises ApiError."""
    order_id = params.integer(order) if order else 0
    return Page(params.integer(first), order_id, *times, params.limit(LIMIT_DEFAULT, LIMIT_MAX))


def orders_of(
    accounts: MarketAccounts, call: Call, feed: BookFeed, page: Page, wanted: Callable[[SimOrder], object]
) -> list[SimOrder]:
    """Orders of a book, oldest first, ended and open ones."""
    exchange, symbol = accounts.exchange, feed.book.listing.instrument.symbol
    orders = exchange.ended_orders(call.account_id, accounts.market, symbol)
    orders = orders + exchange.open_orders(call.account_id, accounts.market, symbol)
    return page.cut(
        [
            order
            for order in sorted(orders, key=lambda each: each.order_id)
            if wanted(order)
            and order.order_id >= page.first_id
            and page.start_ms <= feed.text.venue_ms(order.created_ns) <= page.end_ms
        ]
    )


def fills_of(accounts: MarketAccounts, call: Call, feed: BookFeed, page: Page) -> list[SimFill]:
    """Fills of a book, oldest first, perhaps those of one order."""
    symbol = feed.book.listing.instrument.symbol
    return page.cut(
        [
            fill
            for fill in accounts.exchange.fills(call.account_id, accounts.market, symbol)
            if fill.trade_id >= page.first_id
            and page.order_id in (0, fill.order_id)
            and page.start_ms <= feed.text.venue_ms(fill.time_ns) <= page.end_ms
        ]
    )
