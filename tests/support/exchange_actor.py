"""Operations of accounts and of the crowd on a simulated exchange, by name, as property tests draw them."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from tests.support.exchange_room import USDT, Room
from trimaran.domain.instrument import MarketName
from trimaran.venues.sim.codes import OrderKind, SelfTrade
from trimaran.venues.sim.gate import TradingFaults
from trimaran.venues.sim.trading import BUY, OrderTypeSim, Refusal, Tif


class Actor:
    """Does the operations of a list, and knows what money they should have left."""

    def __init__(
        self,
        venue: str,
        engine: Any,
        faults: TradingFaults | None = None,
        quote: int = 40_000,
        step: int = 10,
    ) -> None:
        """Prices are `step` apart."""
        self.room = Room(venue, engine, faults=faults, quote=Decimal(quote), inventory=Decimal("0.3"))
        self.step = step
        self.deposits: dict[tuple[int, MarketName], Decimal] = {}
        for market in self.room.markets:
            self.room.crowd(market, 0, self.price(market, -3), self.size(market, 20))
            self.room.crowd(market, 1, self.price(market, 3), self.size(market, 20))

    def price(self, market: MarketName, away: int) -> str:
        return str(60_000 + self.step * away)

    def size(self, market: MarketName, units: int) -> str:
        instrument = self.room.book(market).listing.instrument
        return str(Decimal(units) * Decimal("0.01") / instrument.contract_size)

    def crowd(self, market_index: int, side: int, away: int, units: int, kind: OrderKind) -> None:
        market = self.room.markets[market_index]
        self.room.crowd(market, side, self.price(market, away), self.size(market, units), kind)

    def place(
        self, account: int, market_index: int, side: int, tif: Tif, away: int, units: int,
        self_trade: SelfTrade, reduce_only: bool, display: int, name: int,
    ) -> None:  # fmt: skip
        market = self.room.markets[market_index]
        fields: dict[str, Any] = {
            "price": self.price(market, away),
            "size": self.size(market, units),
            "tif": tif,
            "self_trade": int(self_trade),
            "reduce_only": reduce_only and market_index == 1,
            "client_id": f"id{name}" if name else "",
        }
        if display and tif in (Tif.GTC, Tif.POST_ONLY):
            fields["display_size"] = self.size(market, display)
        self.room.exchange.place(account, self.room.spec(market, side, **fields), self.room.tick())

    def market(
        self, account: int, market_index: int, side: int, units: int, self_trade: SelfTrade,
        reduce_only: bool, by_value: bool,
    ) -> None:  # fmt: skip
        market = self.room.markets[market_index]
        fields: dict[str, Any] = {"self_trade": int(self_trade)}
        if by_value and market_index == 0:
            fields["quote_size"] = Decimal(units) * 601
        else:
            fields |= {"size": self.size(market, units), "reduce_only": reduce_only and market_index == 1}
        self.room.exchange.place(account, self.room.spec(market, side, **fields), self.room.tick())

    def stop(
        self, account: int, market_index: int, side: int, kind: OrderTypeSim, trigger: int, away: int,
        units: int, by_mark: bool,
    ) -> None:  # fmt: skip
        if kind in (OrderTypeSim.LIMIT, OrderTypeSim.MARKET):
            return
        market = self.room.markets[market_index]
        fields: dict[str, Any] = {
            "type": kind,
            "trigger_price": self.price(market, trigger),
            "trigger_by_mark": by_mark,
            "size": self.size(market, units),
        }
        if kind in (OrderTypeSim.STOP_LIMIT, OrderTypeSim.TAKE_PROFIT_LIMIT):
            fields["price"] = self.price(market, away)
        self.room.exchange.place(account, self.room.spec(market, side, **fields), self.room.tick())

    def cancel(self, account: int, market_index: int, index: int) -> None:
        orders = self.room.exchange.open_orders(account, self.room.markets[market_index])
        if orders:
            order = orders[index % len(orders)]
            assert self.room.exchange.cancel(account, order, self.room.tick()) is order
            assert isinstance(self.room.exchange.cancel(account, order, self.room.tick()), Refusal)

    def amend(self, account: int, market_index: int, index: int, away: int | None, units: int | None) -> None:
        market = self.room.markets[market_index]
        orders = self.room.exchange.open_orders(account, market)
        if orders:
            price = None if away is None else Decimal(self.price(market, away))
            size = None if units is None else Decimal(self.size(market, units))
            self.room.exchange.amend(account, orders[index % len(orders)], price, size, self.room.tick())

    def cancel_all(self, account: int, market_index: int) -> None:
        self.room.exchange.cancel_all(account, self.room.markets[market_index], None, self.room.tick())
        assert self.room.exchange.open_orders(account, self.room.markets[market_index]) == []

    def leverage(self, account: int, leverage: int) -> None:
        market = self.room.perpetual
        symbol = self.room.book(market).listing.instrument.symbol
        self.room.exchange.set_leverage(account, market, symbol, leverage, self.room.tick())

    def isolated(self, account: int, isolated: bool) -> None:
        market = self.room.perpetual
        symbol = self.room.book(market).listing.instrument.symbol
        self.room.exchange.set_isolated(account, market, symbol, isolated, self.room.tick())

    def dead_man(self, account: int, market_index: int, turns: int) -> None:
        fires_ns = self.room.now_ns + turns * 1_000_000 if turns else 0
        self.room.exchange.arm_dead_man(account, self.room.markets[market_index], None, fires_ns)

    def fund(self) -> None:
        self.room.exchange.fund(self.room.tick())

    def deposit(self, account: int, market_index: int, amount: int) -> None:
        market = self.room.markets[market_index]
        self.room.exchange.deposit(account, market, USDT, Decimal(amount), self.room.tick())

    def turn(self) -> None:
        self.room.turn()


def drawn(rng: random.Random) -> tuple[Any, ...]:
    """One operation by the dice, at prices near the touch more often than far from it."""
    account, market, side = rng.randrange(1, 3), rng.randrange(2), rng.randrange(2)
    away, units = round(rng.gauss(0, 2)), rng.randrange(1, 12)
    often = rng.random() < 0.3
    passive = -abs(away) - 1 if side == BUY else abs(away) + 1
    name = rng.choices(
        ("crowd", "place", "market", "stop", "cancel", "amend", "turn", "leverage", "fund", "dead_man"),
        (40, 25, 8, 6, 6, 8, 10, 1, 1, 1),
    )[0]
    arguments: dict[str, tuple[Any, ...]] = {
        "crowd": (market, side, *rng.choice(((passive, 3 * units), (away, units))), OrderKind.LIMIT),
        "place": (
            account, market, side, rng.choice(tuple(Tif)), away, units, rng.choice(tuple(SelfTrade)),
            often, rng.choice((0, 0, 1, 3)), rng.randrange(4),
        ),
        "market": (account, market, side, units, rng.choice(tuple(SelfTrade)), often, not often),
        "stop": (account, market, side, rng.choice(tuple(OrderTypeSim)), away, away, units, often),
        "cancel": (account, market, rng.randrange(6)),
        "amend": (account, market, rng.randrange(6), rng.choice((None, away)), rng.choice((None, units))),
        "leverage": (account, rng.choice((1, 20, 125))),
        "dead_man": (account, market, rng.randrange(4)),
    }  # fmt: skip
    return name, *arguments.get(name, ())
