"""Our end of the benchmark of the engine core: whole lives of orders, without journal and venue."""

from __future__ import annotations

import json
import time
from array import array
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from measuring import Reply, Side, clock_cost_ns, percentiles_us, settle
from trimaran_markets import MARKETS

from trimaran.backtest.run import LIMITS
from trimaran.base.limits import FEE_E8_ONE
from trimaran.domain.account import (
    Fill,
    FillId,
    Liquidity,
    OrderAcked,
    OrderDone,
    Transfer,
    TransferId,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.commands import SendOrder
from trimaran.domain.events import FeedUp, SnapshotBody, Tick
from trimaran.domain.facts import GroupClosed, Purpose
from trimaran.domain.instrument import Asset, Instrument, MarketName
from trimaran.domain.instrument import Side as OrderSide
from trimaran.domain.opportunity import Opportunity
from trimaran.domain.orders import OrderRequest, OrderState, StrategyName
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.step import Output, step
from trimaran.native._hot import Hot
from trimaran.risk.limits import LimitsBook
from trimaran.strategies.port import DeskView, LegDraft, Proposal, Skipped, Wish

NAME = StrategyName("in_turns")
START_NS, STEP_NS = 1_700_000_000_000_000_000, 10_000
BID, ASK = "60000.00", "60000.10"
FEE = Decimal("0.06")
USDT = Asset("USDT")


class InTurns:
    """Wants the next order as soon as the group of the last one is closed."""

    name = NAME

    def __init__(self, instrument: Instrument) -> None:
        lots = 100 * instrument.order_step
        ticks = [instrument.price_grid.steps(Decimal(price)) for price in (ASK, BID)]
        self._wanted = [
            Proposal(NAME, Purpose.EXECUTE, (LegDraft(instrument.key, side, price, lots),), None)
            for side, price in zip(OrderSide, ticks, strict=True)
        ]
        self._number = 0

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Skipped:
        """Never one of these."""
        return Skipped(opportunity.pair, "not wanted")

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> Wish:
        """A purchase and a sale in turns."""
        self._number += 1
        return self._wanted[self._number % 2]

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Wish]:
        """The first order."""
        return () if self._number else (self._wanted[0],)

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """A refusal ends the benchmark."""
        raise RuntimeError(f"expected an order that passes, found one refused by {rule}")


def order_life(side: Side, count: int) -> Reply:
    """Lives a second, and the microseconds of each."""
    instrument = MARKETS["binance.spot"].instrument("binance.spot", "BTC")
    desk = desk_of(instrument)
    order = sent(step(desk, Tick(START_NS)))
    settle()
    costs = array("q", bytes(8 * count))
    clock = time.perf_counter_ns
    began_ns = clock()
    for number in range(count):
        start_ns = clock()
        order = live(desk, order, number, START_NS + number * STEP_NS)
        costs[number] = clock() - start_ns
    took_ns = clock() - began_ns
    closed = desk.durable.groups_closed
    if closed != count:
        raise RuntimeError(f"expected {count} closed groups, found {closed}")
    return percentiles_us(costs, clock_cost_ns()) | {"lives": count, "rate": count / took_ns * 1e9}


def live(desk: Desk, order: OrderRequest, number: int, now_ns: int) -> OrderRequest:
    """One order, from its ack to its end, and the decision for the next one."""
    number_text = str(number)
    step(desk, OrderAcked(order.client_order_id, VenueOrderId(number_text), now_ns, now_ns))
    fill = Fill(
        FillId(number_text),
        order.client_order_id,
        order.instrument_key,
        order.side,
        order.price_ticks,
        order.lots,
        Liquidity.TAKER,
        FEE,
        USDT,
        now_ns,
        now_ns,
    )
    following = sent(step(desk, fill))
    step(desk, OrderDone(order.client_order_id, OrderState.FILLED, "FILLED", now_ns, now_ns))
    return following


def sent(output: Output) -> OrderRequest:
    """The order that a step sends."""
    (command,) = output.commands
    assert isinstance(command, SendOrder)
    return command.approved.order


def desk_of(instrument: Instrument) -> Desk:
    """A desk with one live book and enough of everything."""
    often = msgspec.structs.replace(LIMITS, rate_orders_max=1_000_000, open_orders_max=1_000)
    limits = LimitsBook(default=often, exposure=Decimal(1_000))
    markets = (MarketSetup(instrument.market, MARKETS[instrument.market].dialect, (instrument,)),)
    setup = DeskSetup(markets, limits, FEE_E8_ONE, LIMITS.order_notional_max)
    desk = Desk(setup, Hot(), [InTurns(instrument)], ClientIdCounter(0, 0, 1))
    step(desk, FeedUp(0, START_NS))
    book = {"lastUpdateId": 10, "bids": [[BID, "9"]], "asks": [[ASK, "9"]]}
    step(desk, SnapshotBody(0, json.dumps(book).encode(), START_NS))
    for asset in (instrument.base, instrument.quote):
        market = MarketName(instrument.market)
        opening = Transfer(TransferId(f"opening-{asset}"), market, asset, Decimal(10**6), START_NS, START_NS)
        step(desk, opening)
    return desk
