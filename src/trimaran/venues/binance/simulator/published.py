"""Filters that `exchangeInfo` publishes and the accounts know nothing of: the largest numbers, and counts.

https://developers.binance.com/docs/binance-spot-api-docs/filters
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.venues.binance.simulator.market_accounts import MarketAccounts
from trimaran.venues.binance.simulator.refusals import bad
from trimaran.venues.sim.instruments import SimInstrument
from trimaran.venues.sim.trading import OrderSpec, Status

LOTS_MAX: Final = 10**9
PRICE_FACTOR_MAX: Final = 20  # times the price at the start
NOTIONAL_MAX: Final = Decimal(9_000_000)  # of a limit order of spot
ICEBERG_PARTS_MAX: Final = 10
ALGO_ORDERS_MAX: Final = {True: 5, False: 10}  # market is spot -> orders that wait, of a symbol


def price_max(listing: SimInstrument) -> int:
    """The highest price in ticks."""
    return listing.start_ticks * PRICE_FACTOR_MAX


def check(accounts: MarketAccounts, account_id: int, spec: OrderSpec) -> None:
    """Raises ApiError for an order that goes beyond a published filter."""
    listing = accounts.feeds[spec.symbol.lower()].book.listing
    instrument, spot = listing.instrument, accounts.spot
    if spec.size is not None and spec.size > instrument.size_grid.step * LOTS_MAX:
        raise (
            bad(-1013, "Filter failure: LOT_SIZE")
            if spot
            else bad(-4005, "Quantity greater than max quantity.")
        )
    highest = instrument.price_grid.step * price_max(listing)
    if any(price is not None and price > highest for price in (spec.price, spec.trigger_price)):
        raise (
            bad(-1013, "Filter failure: PRICE_FILTER")
            if spot
            else bad(-4002, "Price greater than max price.")
        )
    if spot and spec.price is not None and spec.size is not None and spec.price * spec.size > NOTIONAL_MAX:
        raise bad(-1013, "Filter failure: NOTIONAL")
    shown, size = spec.display_size, spec.size
    if shown is not None and size is not None and (shown == 0 or size > shown * ICEBERG_PARTS_MAX):
        raise bad(-1013, "Filter failure: ICEBERG_PARTS")
    if spec.trigger_price is not None:
        _check_count(accounts, account_id, spec)


def _check_count(accounts: MarketAccounts, account_id: int, spec: OrderSpec) -> None:
    open_orders = accounts.exchange.open_orders(account_id, spec.market, spec.symbol)
    waiting = sum(order.status is Status.WAITING for order in open_orders)
    if waiting >= ALGO_ORDERS_MAX[accounts.spot]:
        raise (
            bad(-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
            if accounts.spot
            else bad(-4045, "Reach max stop order limit.")
        )
