"""A simulated exchange without a server: books that only the test moves, accounts with little money."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from trimaran.domain.instrument import Asset, MarketName, Symbol
from trimaran.native._matching import Matching
from trimaran.venues.sim.book import Engine, UpdateIds, VenueBook
from trimaran.venues.sim.codes import OrderKind
from trimaran.venues.sim.demo import demo_account
from trimaran.venues.sim.exchange import SimExchange
from trimaran.venues.sim.gate import MarketGate, TradingFaults
from trimaran.venues.sim.instruments import instruments_of
from trimaran.venues.sim.markets import markets_of
from trimaran.venues.sim.trading import (
    BUY,
    SELL,
    ExchangeEvent,
    OrderSpec,
    OrderTypeSim,
    Refusal,
    SimOrder,
    Tif,
    VenueRules,
)
from trimaran.venues.sim.venue_rules import RULES

START_NS = 1_700_000_000_000_000_000
BTC, ETH, USDT = Asset("BTC"), Asset("ETH"), Asset("USDT")


class Room:
    """An exchange with its books, a clock that the test turns, and every event so far."""

    def __init__(
        self,
        venue: str = "binance",
        engine: Callable[[], Engine] = Matching,
        rules: VenueRules | None = None,
        faults: TradingFaults | None = None,
        bases: tuple[str, ...] = ("BTC",),
        quote: Decimal = Decimal(100_000),
        inventory: Decimal = Decimal(1),
    ) -> None:
        self.venue = venue
        self.rules = rules or RULES[venue]
        self.now_ns = START_NS
        self.books: dict[tuple[MarketName, Symbol], VenueBook] = {}
        for number, listing in enumerate(instruments_of(bases, markets_of((venue,)))):
            instrument = listing.instrument
            book = VenueBook(listing, engine(), UpdateIds(1), 1_000_000 * (number + 1))
            self.books[instrument.market, instrument.symbol] = book
        self.markets = tuple(dict.fromkeys(market for market, _ in self.books))
        self.gates = {market: MarketGate(random.Random(7), faults) for market in self.markets}
        wallets = self.markets[:1] if self.rules.one_wallet else self.markets
        amounts = {USDT: quote} | {Asset(base): inventory for base in bases}
        self.start = {market: dict(amounts) for market in wallets}
        keys = demo_account(venue, 1).keys
        self.exchange = SimExchange(self.books, self.rules, self.gates, keys, self.start)
        self.other = self.exchange.add_account(
            (), {market: dict(each) for market, each in self.start.items()}
        )
        self.events: list[ExchangeEvent] = []
        self.exchange.listen(self.events.append)

    @property
    def spot(self) -> MarketName:
        return self.markets[0]

    @property
    def perpetual(self) -> MarketName:
        return self.markets[1]

    def book(self, market: MarketName, base: str = "BTC") -> VenueBook:
        return next(
            book
            for (name, _), book in self.books.items()
            if name == market and book.listing.instrument.base == base
        )

    def crowd(
        self, market: MarketName, side: int, price: str | int, size: str, kind: OrderKind = OrderKind.LIMIT,
        base: str = "BTC",
    ) -> int:  # fmt: skip
        """An order of the crowd; its id."""
        book = self.book(market, base)
        instrument = book.listing.instrument
        ticks = instrument.price_grid.steps(Decimal(price)) if price else 0
        lots = instrument.size_grid.steps(Decimal(size))
        return book.submit(self.tick(), 0, side, ticks, lots, kind)[0]

    def quotes(self, market: MarketName, bid: str, ask: str, size: str = "10", base: str = "BTC") -> None:
        """The crowd's best bid and offer instead of everything that stands there."""
        book = self.book(market, base)
        for order_id in book.engine.orders_of(0):
            book.cancel(self.tick(), order_id)
        self.crowd(market, BUY, bid, size, base=base)
        self.crowd(market, SELL, ask, size, base=base)

    def spec(self, market: MarketName, side: int, base: str = "BTC", **fields: Any) -> OrderSpec:
        """An order; numbers may be text."""
        for name in ("price", "size", "quote_size", "trigger_price", "display_size"):
            if isinstance(fields.get(name), str):
                fields[name] = Decimal(fields[name])
        fields.setdefault("type", OrderTypeSim.LIMIT if "price" in fields else OrderTypeSim.MARKET)
        symbol = self.book(market, base).listing.instrument.symbol
        return OrderSpec(market=market, symbol=symbol, side=side, **fields)

    def place(self, market: MarketName, side: int, account: int = 1, **fields: Any) -> SimOrder:
        """An order that must be accepted."""
        order = self.exchange.place(account, self.spec(market, side, **fields), self.tick())
        assert isinstance(order, SimOrder), order
        return order

    def refused(self, market: MarketName, side: int, account: int = 1, **fields: Any) -> Refusal:
        """An order that must be refused; nothing may have happened."""
        before = len(self.events), self.book(market).engine.state_hash()
        refusal = self.exchange.place(account, self.spec(market, side, **fields), self.tick())
        assert isinstance(refusal, Refusal), refusal
        assert (len(self.events), self.book(market).engine.state_hash()) == before
        return refusal

    def tick(self, step_ns: int = 1_000) -> int:
        """A little later."""
        self.now_ns += step_ns
        return self.now_ns

    def turn(self, step_ns: int = 1_000_000) -> None:
        """A turn of the server."""
        self.exchange.turn(self.tick(step_ns))

    def total(self, market: MarketName, asset: Asset, account: int = 1) -> Decimal:
        """What a wallet holds."""
        return next(each.total for each in self.exchange.balances(account, market) if each.asset == asset)

    def free(self, market: MarketName, asset: Asset, account: int = 1) -> Decimal:
        """What of it is free."""
        return next(each.free for each in self.exchange.balances(account, market) if each.asset == asset)


IOC, FOK, POST_ONLY = Tif.IOC, Tif.FOK, Tif.POST_ONLY
