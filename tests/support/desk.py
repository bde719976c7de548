"""A desk on the native core with a paper venue, and a short story that ends in two orders.

Spot asks 60,000 and the perpetual bids 60,200: 110 of 200 are left after both taker fees. The desk buys 0.166
coins and sells them, unless a rule of risk says no; what fills on one leg only is given back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from trimaran.domain.account import Transfer, TransferId
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.dialect import Dialect
from trimaran.domain.events import FeedUp, Frame, SnapshotBody
from trimaran.domain.facts import (
    Fact,
)
from trimaran.domain.instrument import (
    Asset,
    Symbol,
)
from trimaran.domain.kill import KillScope
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.loop import Loop
from trimaran.native._hot import Hot
from trimaran.risk.limits import LimitsBook, RiskLimits, ScopeLimits
from trimaran.strategies.cross_market import CrossMarket, CrossMarketConfig
from trimaran.venues.sim.paper import PaperVenue

ETHER = replace(SPOT, symbol=Symbol("ETHUSDT"), base=Asset("ETH"))
LIMITS = RiskLimits(
    order_notional_max=Decimal(10_000),
    quote_age_ns_max=10**9,
    collar_bps_max=50,
    leverage_max=5,
    open_orders_max=10,
    rate_orders_max=100,
    rate_window_ns=10**9,
)
USDT = SPOT.quote
OPENING = {(SPOT.market, USDT): Decimal(20_000), (PERPETUAL.market, USDT): Decimal(20_000)}
MARKETS = (
    MarketSetup(SPOT.market, Dialect.BINANCE_SPOT, (SPOT, ETHER)),
    MarketSetup(PERPETUAL.market, Dialect.BINANCE_USDM, (PERPETUAL,)),
)
SPOT_BOOK, ETHER_BOOK, PERPETUAL_BOOK = 0, 1, 2
LATENCY_NS = 1_000
Levels = list[tuple[str, str]]


def body(last_id: int, bids: Levels, asks: Levels) -> bytes:
    return json.dumps({"lastUpdateId": last_id, "bids": bids, "asks": asks}).encode()


def depth(last_id: int, bids: Levels, asks: Levels, previous: int | None = None, venue_ms: int = 1) -> bytes:
    ids = {"U": last_id, "u": last_id} | ({} if previous is None else {"pu": previous})
    return json.dumps(
        {"e": "depthUpdate", "E": venue_ms, "s": "BTCUSDT", **ids, "b": bids, "a": asks}
    ).encode()


QUIET = [
    *(
        Transfer(TransferId(f"opening-{n}"), market, asset, amount, 0, 1)
        for n, ((market, asset), amount) in enumerate(OPENING.items())
    ),
    FeedUp(0, 2),
    FeedUp(1, 2),
    SnapshotBody(SPOT_BOOK, body(10, [("59990.00", "3")], [("60000.00", "1"), ("60001.00", "1")]), 10),
    SnapshotBody(PERPETUAL_BOOK, body(10, [("59990.0", "1"), ("59900.0", "9")], [("60210.0", "1")]), 11),
]
OPENS = Frame(1, depth(12, [("60200.0", "1")], [], previous=10), 20)
GONE = Frame(1, depth(13, [("60200.0", "0")], [], previous=12), 21)


def book_of(
    exposure_base_max: Decimal = Decimal(2),
    scopes: Mapping[KillScope, ScopeLimits] | None = None,
    **limits: Any,
) -> LimitsBook:
    """The usual limits, but for these."""
    return LimitsBook(default=replace(LIMITS, **limits), exposure=exposure_base_max, scopes=scopes or {})


class Rig:
    """A desk on the native core with a paper venue; every fact is kept."""

    def __init__(self, strategies: Sequence[Any] | None = None, **limits: Any) -> None:
        wanted = [CrossMarket(CrossMarketConfig())] if strategies is None else strategies
        setup = DeskSetup(MARKETS, book_of(**limits), 0, Decimal(10_000))
        self.desk = Desk(setup, Hot(), wanted, ClientIdCounter(0, 0, 1))
        self.venue = PaperVenue(self.desk.instruments, self.desk, LATENCY_NS, OPENING)
        self.facts: list[Fact] = []
        self.loop = Loop(self.desk, self.venue, self.facts.extend)

    def play(self, *events: Any) -> list[Fact]:
        """Pushes events; the facts since."""
        before = len(self.facts)
        for event in events:
            self.loop.push(event)
        return self.facts[before:]

    def settle(self) -> list[Fact]:
        """Waits until the venue has nothing more; the facts since."""
        before = len(self.facts)
        while (due_ns := self.loop.next_due_ns) is not None:
            self.loop.settle(due_ns)
        return self.facts[before:]


def names(facts: Sequence[Fact]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def only(facts: Sequence[Fact], kind: type) -> list[Any]:
    return [fact for fact in facts if isinstance(fact, kind)]
