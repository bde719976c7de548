"""ccxt as it is behind the bridge, on simulated venues: books, orders, money, lost answers, a dead child."""

from __future__ import annotations

import asyncio
import random

import msgspec
import pytest

from tests.support.bridge_room import MARKETS, BookSink, bridged, needs_ccxt
from tests.support.market_stage import TICK_S
from trimaran.domain.account import Fill, OrderAcked, OrderDone, OrderLost, OrderRejected
from trimaran.domain.instrument import ContractKind, Side
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.venues.bridge.client import OPTIONS
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.gate import TradingFaults
from trimaran.venues.wire.asks import Balances, OpenOrders, OrderRef, Positions, QueryOrder
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.client_port import Reconciled, RequestFailed
from trimaran.venues.wire.fault import FaultKind, VenueFault

pytestmark = needs_ccxt
SECONDS_MAX = 30.0
QUICK = msgspec.structs.replace(OPTIONS, poll_s=0.5, tick_s=0.05)


async def until(condition, seconds=SECONDS_MAX):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
            await asyncio.sleep(TICK_S)


def truth_of(room, side, depth):
    """The simulator's own book."""
    exchange, kind = room.bridge.market.settings.exchange, room.instrument.kind
    perpetuals = {"okx": "swap", "binance": "usdm", "htx": "swap"}
    market = f"{exchange}.{'spot' if kind is ContractKind.SPOT else perpetuals[exchange]}"
    feed = next(feed for (name, _), feed in room.simulator.feeds.items() if name == market)
    listed = feed.book.listing.instrument
    return [(listed.price(ticks), listed.size(lots)) for ticks, lots in feed.book.engine.depth(side, depth)]


def crossing(sink, side):
    """A price that meets the other side of the book, some way through it."""
    bid, _, ask, _ = sink.hot.top(sink.book)[:4]
    return ask + ask // 500 if side is Side.BUY else bid - bid // 500


def resting(sink):
    """A price that no seller comes down to."""
    bid = sink.hot.top(sink.book)[0]
    return bid - bid // 25


class Account:
    """A started client and what it told."""

    def __init__(self, room):
        self.events = []
        instruments = {room.instrument.symbol: room.instrument}
        self.client = room.bridge.client(instruments, room.clock, random.Random(2), self.events.append, QUICK)

    async def __aenter__(self):
        await self.client.start()
        return self

    async def __aexit__(self, *error):
        await self.client.stop()

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


async def watched(room):
    sink = BookSink(room.instrument)
    feed = room.bridge.feed({room.instrument.symbol: room.instrument}, sink, room.clock)
    await feed.start()
    await until(lambda: sink.live)
    return sink, feed


@pytest.mark.parametrize(("exchange", "kind"), MARKETS)
async def test_a_book_is_the_venues_and_an_order_lives(exchange, kind):
    """Books equal to the simulator's, an order that rests, one that fills, money that has moved."""
    async with bridged(exchange, kind) as room:
        sink, feed = await watched(room)
        room.simulator.set_paused(True)
        await until(lambda: all(sink.side(side, 10) == truth_of(room, side, 10) for side in (0, 1)))
        room.simulator.set_paused(False)
        async with Account(room) as account:
            await _lives(room, sink, account)
        await feed.stop()
        assert not sink.live
        assert feed.session_counters.decode_errors == 0
        assert account.client.unreadable == room.bridge.process.counters.garbage == 0


async def _lives(room, sink, account):
    client, symbol = account.client, room.instrument.symbol
    lots = max(room.instrument.order_lots_min, room.instrument.size_grid.steps_floor(1) // 500)
    lots -= lots % room.instrument.order_step
    rest = room.approved(Side.BUY, resting(sink), max(lots, room.instrument.order_step))
    mine = rest.order.client_order_id
    await client.place(rest)
    assert [each.client_order_id for each in account.of(OrderAcked)] == [mine]
    ref = OrderRef(symbol, mine, account.of(OrderAcked)[0].venue_order_id)
    found = await client.ask(QueryOrder(ref))
    assert (found.state, found.lots, found.price_ticks) == (
        OrderState.ACKED,
        rest.order.lots,
        rest.order.price_ticks,
    )
    assert (await client.ask(QueryOrder(OrderRef(symbol, mine)))).venue_order_id == ref.venue_order_id
    assert [each.client_order_id for each in await client.ask(OpenOrders(symbol))] == [mine]
    await client.cancel(ref)
    await until(lambda: [each.state for each in account.of(OrderDone)] == [OrderState.CANCELED])
    never = room.approved(Side.BUY, 1, 1).order.client_order_id
    for unknown in (OrderRef(symbol, None, "123456789"), OrderRef(symbol, never)):
        with pytest.raises(VenueFault) as caught:
            await client.ask(QueryOrder(unknown))
        assert caught.value.fault.kind is FaultKind.NO_SUCH_ORDER

    before = {each.asset: each.total for each in await client.ask(Balances())}
    take = room.approved(Side.BUY, crossing(sink, Side.BUY), rest.order.lots, TimeInForce.IOC)
    await client.place(take)
    await until(lambda: sum(fill.lots for fill in account.of(Fill)) == take.order.lots)
    await until(lambda: len(account.of(OrderDone)) == 2)
    assert account.of(OrderDone)[-1].state is OrderState.FILLED
    assert all(fill.client_order_id == take.order.client_order_id for fill in account.of(Fill))
    assert all(fill.fee > 0 for fill in account.of(Fill)), account.events
    after = {each.asset: each.total for each in await client.ask(Balances())}
    assert after["USDT"] < before["USDT"]
    if room.instrument.kind is ContractKind.PERPETUAL:
        (position,) = await client.ask(Positions())
        assert position.lots == take.order.lots
    poor = room.approved(Side.BUY, resting(sink), rest.order.lots * 10**7)
    await client.place(poor)
    # ccxt knows the errors of Binance's perpetuals by the venue's own host; a bare error proves nothing.
    answer = OrderLost if room.bridge.market.name == "bridge.binance.swap" else OrderRejected
    assert [each.client_order_id for each in account.of(answer)] == [poor.order.client_order_id]
    assert account.of(OrderLost if answer is OrderRejected else OrderRejected) == []
    off = room.approved(Side.BUY, resting(sink), rest.order.lots, order_type=OrderType.MARKET)
    await client.place(off)
    assert account.of(OrderRejected)[-1].code == Capability.MARKET.name
    assert isinstance(await client.amend(rest), list)
    assert account.of(RequestFailed)[-1].fault.kind is FaultKind.UNSUPPORTED


async def test_lost_answers_and_a_dead_child():
    """An answer that never comes is OrderLost; so is one whose child dies. The next child finds the truth."""
    async with bridged("okx", "spot") as room:
        sink, feed = await watched(room)
        async with Account(room) as account:
            client, process = account.client, room.bridge.process
            await until(lambda: account.of(Reconciled))
            plan = TradingFaults(lost_answer=1.0)
            room.simulator.set_faults(FaultPlan(trading=plan))
            lost = room.approved(Side.BUY, resting(sink), 2_000)
            await client.place(lost)
            assert [each.client_order_id for each in account.of(OrderLost)] == [lost.order.client_order_id]
            assert account.of(OrderRejected) == []
            room.simulator.set_faults(FaultPlan())
            ref = OrderRef(room.instrument.symbol, lost.order.client_order_id)
            assert (await client.ask(QueryOrder(ref))).state is OrderState.ACKED

            placing = asyncio.create_task(client.place(room.approved(Side.BUY, resting(sink), 3_000)))
            await asyncio.sleep(0)
            process._process.kill()
            await placing
            assert len(account.of(OrderLost)) == 2
            await until(lambda: sink.downs)
            events = await client.place(room.approved(Side.BUY, resting(sink) or 500_000, 3_000))
            assert [type(each) for each in events] == [OrderRejected]  # proved: nothing was sent
            rounds = len(account.of(Reconciled))
            await until(lambda: process.ready is not None and sink.live)
            await until(lambda: len(account.of(Reconciled)) > rounds)
            assert process.counters.starts == 2
            assert lost.order.client_order_id in [
                each.client_order_id for each in await client.ask(OpenOrders(room.instrument.symbol))
            ]
        await feed.stop()
    assert isinstance(room.bridge.market.capabilities(())[Capability.POSITIONS], Unsupported)
