"""Our cost of a simulated order: the backtest's loop over depth frames, with orders and without."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import msgspec
from measuring import Reply, Side, settle
from trimaran_life import ASK, BID, START_NS, InTurns
from trimaran_markets import MARKETS

from trimaran.backtest.run import LIMITS
from trimaran.base.limits import FEE_E8_ONE
from trimaran.domain.account import Transfer, TransferId
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.events import FeedUp, Frame, SnapshotBody
from trimaran.domain.facts import GroupClosed
from trimaran.domain.instrument import Asset, MarketName
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.loop import Loop
from trimaran.native._hot import Hot
from trimaran.risk.limits import LimitsBook
from trimaran.strategies.port import DeskView, Wish
from trimaran.venues.sim.paper import PaperVenue

STEP_NS = 20_000_000
MONEY = Decimal(10**7)


class Trades(InTurns):
    """The next order as soon as the last one has ended; none where nothing is to be traded."""

    trades = False  # while money and books are not there

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> Wish:
        """In turns."""
        return super().on_group_closed(closed, desk)

    def on_tick(self, now_ns: int, desk: DeskView) -> tuple[Wish, ...]:
        """The first."""
        return tuple(super().on_tick(now_ns, desk)) if self.trades else ()


def simulated_order(side: Side, count: int, rounds: int) -> Reply:
    """Microseconds of an order, in each round."""
    took_s(min(count, 1_000), trades=True)  # warms up
    costs = []
    for _ in range(rounds):
        with_s, orders = took_s(count, trades=True)
        without_s, _ = took_s(count, trades=False)
        costs.append((with_s - without_s) / orders * 1e6)
    return {"costs": costs}


def took_s(count: int, trades: bool) -> tuple[float, int]:
    """Seconds of one run, and its orders. Raises RuntimeError when one was not filled."""
    instrument = MARKETS["binance.spot"].instrument("binance.spot", "BTC")
    often = msgspec.structs.replace(LIMITS, rate_orders_max=10**6, open_orders_max=1_000)
    market = MarketName(instrument.market)
    setup = DeskSetup(
        (MarketSetup(market, MARKETS[market].dialect, (instrument,)),),
        LimitsBook(default=often, exposure=Decimal(10**6)),
        FEE_E8_ONE,
        LIMITS.order_notional_max,
    )
    strategy = Trades(instrument)
    desk = Desk(setup, Hot(), [strategy], ClientIdCounter(0, 0, 1))
    balances = {(market, asset): MONEY for asset in (instrument.base, instrument.quote)}
    loop = Loop(desk, PaperVenue(desk.instruments, desk, 1_000, balances), lambda facts: None)
    loop.push(FeedUp(0, START_NS))
    book = {"lastUpdateId": 10, "bids": [[BID, "9"]], "asks": [[ASK, "9"]]}
    loop.push(SnapshotBody(0, json.dumps(book).encode(), START_NS))
    for asset in (instrument.base, instrument.quote):
        loop.push(opening(market, asset))
    frames = [Frame(0, depth(number), START_NS + (number + 1) * STEP_NS) for number in range(count)]
    strategy.trades = trades
    settle()
    began_s = time.perf_counter()
    for frame in frames:
        loop.push(frame)
    seconds = time.perf_counter() - began_s
    closed = desk.durable.groups_closed
    if trades and closed < count // 2:
        raise RuntimeError(f"expected an order for nearly each of {count} frames, found {closed}")
    return seconds, closed


def opening(market: MarketName, asset: Asset) -> Transfer:
    """Money to begin with."""
    return Transfer(TransferId(f"opening-{asset}"), market, asset, MONEY, START_NS, START_NS)


def depth(number: int) -> bytes:
    """The same prices with other sizes: what was taken is there again."""
    size = f"9.{number % 1000:03d}"
    at_ms = (START_NS + number * STEP_NS) // 1_000_000
    ids = {"e": "depthUpdate", "E": at_ms, "s": "BTCUSDT", "U": 11 + number, "u": 11 + number}
    body = ids | {"b": [[BID, size]], "a": [[ASK, size]]}
    return json.dumps({"stream": "btcusdt@depth@100ms", "data": body}).encode()
