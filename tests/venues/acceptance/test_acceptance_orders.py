"""The acceptance numbers of orders on every market: their lives, changes and questions, over real sockets.

The other end is the simulator of the venue, with a crowd that stands still (`tests/support/trading_room.py`).
What a market cannot do is read from its table and must be `Unsupported` before a byte leaves.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from tests.support.trading_desk import UNIT, Desk, desk_in
from tests.support.trading_room import room_of
from trimaran.domain.account import OrderAmended, OrderRejected
from trimaran.domain.instrument import ContractKind, Side
from trimaran.domain.orders import TERMINAL, OrderState, OrderType, SelfTrade, TimeInForce
from trimaran.domain.reports import ForeignOrder
from trimaran.venues.sim.trading import Tif
from trimaran.venues.wire.asks import (
    CancelAll,
    CancelledAll,
    FillHistory,
    OpenOrders,
    OrderHistory,
    OrderRef,
    QueryOrder,
)
from trimaran.venues.wire.capability import Capability, Supported, Unsupported
from trimaran.venues.wire.client_port import RequestFailed
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault

ENDED = (OrderState.CANCELED, OrderState.EXPIRED)
STOPS = {Capability.STOP: (OrderType.STOP_MARKET, OrderType.STOP_LIMIT),
         Capability.TAKE_PROFIT: (OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT)}  # fmt: skip


@pytest.fixture
async def desk(entry):
    """A client of the demo account that is up; at the end each fill has been told once, as it was."""
    async with room_of(entry) as room, desk_in(room) as made:
        yield made
        room.faults()
        await made.settled()


def able(desk: Desk, capability: Capability) -> bool:
    return isinstance(desk.room.entry.private.capabilities[capability], Supported)


async def is_unsupported(desk: Desk, order, capability: Capability) -> None:
    """The order is refused for the capability, and the venue has heard nothing of it."""
    gate = desk.room.exchange._gates[desk.room.market]
    desk.room.faults(lost_request=1.0)
    (rejected,) = await desk.place(order)
    assert isinstance(rejected, OrderRejected)
    assert rejected.code == capability.name
    assert gate.counts.lost_requests == 0
    assert desk.lives.state(order) is OrderState.REJECTED
    desk.room.faults()


async def test_10_limit_orders(desk):
    """10: a limit order rests, is filled in parts, is filled; another one takes at once."""
    resting = await desk.rest(3)
    desk.fill(resting, 1)
    await desk.in_state(resting, OrderState.PARTIALLY_FILLED)
    desk.fill(resting, 2)
    await desk.ended(resting)
    taking = desk.crossing(Side.SELL, 2, tif=TimeInForce.GTC)
    await desk.place(taking)
    await desk.ended(taking)
    assert {desk.lives.state(each) for each in (resting, taking)} == {OrderState.FILLED}
    assert {fill.liquidity.name for fill in desk.lives.fills} == {"MAKER", "TAKER"}


async def test_10_times_in_force(desk):
    """10: market, IOC with a remainder, FOK that is filled and one that is missed."""
    at_touch, size = desk.room.levels(Side.SELL)[0]
    units = int(size * desk.instrument.contract_size / UNIT) + 1
    market = desk.market_order(Side.SELL, 2)
    rest = desk.order(Side.BUY, at_touch, units, TimeInForce.IOC)
    missed = desk.order(Side.BUY, at_touch, 10, TimeInForce.FOK)
    filled = desk.crossing(Side.BUY, 1, tif=TimeInForce.FOK)
    await desk.place(market, rest)
    await desk.ended(market, rest)
    await desk.place(missed, filled)
    await desk.ended(filled, market)
    await desk.until(lambda: desk.lives.is_over(missed))
    assert desk.lives.state(market) is desk.lives.state(filled) is OrderState.FILLED
    assert desk.lives.state(rest) is OrderState.EXPIRED
    assert 0 < desk.lives.filled(rest) < rest.order.lots
    assert desk.lives.state(missed) in (*ENDED, OrderState.REJECTED)
    assert desk.lives.filled(missed) == 0


async def test_10_post_only(desk):
    """10: a post-only order rests; one that would take never does, whether it is refused or ended."""
    rests = desk.order(tif=TimeInForce.POST_ONLY)
    takes = desk.crossing(tif=TimeInForce.POST_ONLY)
    await desk.place(rests, takes)
    await desk.until(lambda: desk.lives.is_over(takes))
    assert desk.lives.state(takes) in (*ENDED, OrderState.REJECTED)
    await desk.in_state(rests, OrderState.ACKED)
    assert desk.told_fills() == desk.sim_fills() == {}


async def test_10_reduce_only(desk):
    """10: a reduce-only order makes a position smaller and never turns it; spot has none."""
    order = desk.market_order(Side.SELL, 3, reduce_only=True)
    if not able(desk, Capability.REDUCE_ONLY):
        assert desk.instrument.kind is ContractKind.SPOT
        await is_unsupported(desk, order, Capability.REDUCE_ONLY)
        return
    opening = desk.market_order(Side.BUY, 2)
    await desk.place(opening)
    await desk.ended(opening)
    await desk.place(order)
    await desk.until(lambda: desk.lives.is_over(order))
    closing = desk.market_order(Side.SELL, 2, reduce_only=True)
    await desk.place(closing)
    await desk.until(lambda: desk.lives.is_over(closing))
    (position,) = desk.room.exchange.positions(desk.account_id, desk.room.market)
    assert position.lots == 0


@pytest.mark.parametrize("capability", STOPS, ids=lambda capability: capability.name.lower())
async def test_10_triggers(desk, capability):
    """10: an order waits for its price, the price comes, and it trades under our id."""
    kinds = STOPS[capability]
    supported = able(desk, capability)
    market, limit = (stop_order(desk, kind) for kind in kinds)
    for order in (market, limit):
        desk.lives.send(order)
        await desk.client.place(order)
    usable = [order for order in (market, limit) if desk.lives.state(order) is not OrderState.REJECTED]
    for order in (market, limit):
        if order not in usable:
            (event,) = [each for each in desk.of(OrderRejected) if each.client_order_id == cid(order)]
            assert event.code == capability.name
    assert bool(usable) is supported
    if not usable:
        return
    for order in usable:
        await desk.in_state(order, OrderState.ACKED)
    trade_at_triggers(desk, capability)
    for order in usable:
        await desk.until(lambda order=order: desk.lives.filled(order) == order.order.lots)
    await desk.ended(*usable)
    assert {desk.lives.state(order) for order in usable} == {OrderState.FILLED}


def cid(order):
    return order.order.client_order_id


def stop_order(desk: Desk, kind: OrderType):
    """A sell that waits for the price to leave the touch by about half a per mille, either way."""
    far = Decimal("0.9995") if kind in STOPS[Capability.STOP] else Decimal("1.0005")
    grid = desk.instrument.price_grid
    trigger = grid.steps_floor(desk.room.best(Side.BUY) * far)
    worst = grid.decimal(trigger) * Decimal("0.99")
    tif = TimeInForce.GTC if kind.has_venue_price else TimeInForce.IOC
    return desk.order(Side.SELL, worst, 1, tif, order_type=kind, trigger_ticks=trigger)


def trade_at_triggers(desk: Desk, capability: Capability) -> None:
    """Somebody moves the price a per mille and trades there, so that last price and mark are beyond."""
    room = desk.room
    side = Side.SELL if capability is Capability.STOP else Side.BUY
    price = room.best(side.opposite) * (1 - Decimal("0.001") * -side.sign)
    price = room.sim_instrument.price_grid.decimal(room.sim_instrument.price_grid.steps_floor(price))
    depth = sum(lots for level, lots in room.levels(side.opposite) if (level - price) * side.sign <= 0)
    room.other(side, price, depth + desk.size(50), Tif.GTC)
    if side is Side.BUY:
        return
    room.other(Side.BUY, price, desk.size(10))


async def test_10_icebergs(desk):
    """10: an iceberg shows a part of its size and trades all of it."""
    order = desk.order(units=4, display_lots=desk.lots(1))
    if not able(desk, Capability.ICEBERG):
        await is_unsupported(desk, order, Capability.ICEBERG)
        return
    await desk.place(order)
    await desk.in_state(order, OrderState.ACKED)
    assert dict(desk.room.levels(Side.BUY))[desk.price(order)] == desk.size(1)
    desk.fill(order, 3)
    await desk.in_state(order, OrderState.PARTIALLY_FILLED)
    desk.fill(order, 1)
    await desk.ended(order)


@pytest.mark.parametrize("what", list(SelfTrade)[1:], ids=lambda what: what.name.lower())
async def test_10_self_trade(desk, what):
    """10: what meets an order of ours trades with no order of ours, and ends whom it was asked to end."""
    maker = desk.order(Side.SELL, desk.room.free_price(Side.SELL), 2)
    others = [lots for level, lots in desk.room.levels(Side.SELL) if level < desk.price(maker)]
    desk.room.other(Side.BUY, desk.price(maker), sum(others, Decimal(0)))
    taker = desk.order(Side.BUY, desk.price(maker), 1, TimeInForce.IOC, self_trade=what)
    await desk.place(maker)
    await desk.in_state(maker, OrderState.ACKED)
    await desk.place(taker)
    await desk.until(lambda: desk.lives.is_over(taker))
    assert desk.lives.filled(maker) == desk.lives.filled(taker) == 0
    if desk.lives.state(taker) is OrderState.REJECTED:
        (event,) = desk.of(OrderRejected)
        assert event.code == Capability.SELF_TRADE.name
        return
    ends_maker = what is not SelfTrade.CANCEL_TAKER
    await desk.until(lambda: desk.lives.is_over(maker) is ends_maker)
    assert desk.sim_order(maker).status.open is not ends_maker


async def test_10_over_rest(entry):
    """10: the same life without an order line."""
    async with room_of(entry) as room, desk_in(room, over_rest=True) as desk:
        await desk.story()
        await desk.settled()


async def test_10_refusals(desk):
    """10: what a venue refuses for good is rejected, typed, and never open."""
    far = desk.order(Side.BUY, desk.room.best(Side.BUY) * 2)
    huge = desk.order(units=10**6)
    await desk.place(far, huge)
    rejected = {event.client_order_id for event in desk.of(OrderRejected)}
    assert {cid(far), cid(huge)} == rejected
    assert all(event.code for event in desk.of(OrderRejected))
    assert not {order.client_order_id for order in desk.client.fold.open_orders()} & rejected


# --- changes ------------------------------------------------------------------------------------------


async def test_11_amend(desk):
    """11: size, price and both change where the market offers it; elsewhere nothing leaves."""
    order = await desk.rest(5)
    size, price = {"lots": desk.lots(4)}, {"price_ticks": order.order.price_ticks - 5}
    both = {"lots": desk.lots(2), "price_ticks": order.order.price_ticks + 1}
    needs = (
        (size, [Capability.AMEND_SIZE]),
        (price, [Capability.AMEND_PRICE]),
        (both, [Capability.AMEND_SIZE, Capability.AMEND_PRICE]),
    )
    for change, capabilities in needs:
        if all(able(desk, capability) for capability in capabilities):
            order = await desk.amend(order, **change)
            await desk.until(
                lambda order=order: terms_of(desk.of(OrderAmended)[-1:]) == terms_of([order.order])
            )
        else:
            await desk.amend(order, **change)
            (failed,) = desk.of(RequestFailed)
            assert (failed.fault.kind, failed.fault.effect) == (FaultKind.UNSUPPORTED, Effect.REFUSED)
            desk.heard.clear()
    record, grid = desk.sim_order(order), desk.room.sim_instrument
    assert grid.price(record.price_ticks) == desk.price(order)
    assert grid.size_grid.decimal(record.lots) == desk.instrument.size_grid.decimal(order.order.lots)


def terms_of(orders):
    return [(order.price_ticks, order.lots) for order in orders]


async def test_11_amend_of_an_order_that_trades(desk):
    """11: the size of an amendment counts what is filled; what has ended is amended no more."""
    if not able(desk, Capability.AMEND_SIZE):
        return
    order = await desk.rest(4)
    desk.fill(order, 1)
    await desk.in_state(order, OrderState.PARTIALLY_FILLED)
    order = await desk.amend(order, lots=desk.lots(3))
    await desk.until(lambda: desk.of(OrderAmended))
    desk.fill(order, 2)
    await desk.ended(order)
    await desk.amend(order, lots=desk.lots(2))
    failed = desk.of(RequestFailed)[-1]
    assert failed.fault.kind in (FaultKind.ORDER_ENDED, FaultKind.NO_SUCH_ORDER)
    assert desk.lives.state(order) is OrderState.FILLED


async def test_11_cancel(desk):
    """11: open, half filled, filled, cancelled, unknown: the end is told once, and never guessed."""
    filled = await desk.rest()
    desk.fill(filled, 1)
    half = await desk.rest(2)
    desk.fill(half, 1)
    await desk.in_state(half, OrderState.PARTIALLY_FILLED)
    await desk.ended(filled)
    resting, never = await desk.rest(), desk.order()
    for order in (resting, half):
        await desk.client.cancel(desk.ref(order))
        await desk.ended(order)
        assert desk.lives.state(order) is OrderState.CANCELED
    assert desk.of(RequestFailed) == []
    for order in (resting, filled, never):
        desk.heard.clear()
        await desk.client.cancel(desk.ref(order))
        kinds = {event.fault.kind for event in desk.of(RequestFailed)}
        assert kinds
        assert kinds <= {FaultKind.ORDER_ENDED, FaultKind.NO_SUCH_ORDER}
    assert len(desk.lives.ends) == 3
    assert desk.lives.state(filled) is OrderState.FILLED


async def test_11_cancel_that_meets_fills(desk):
    """11: orders are filled while their cancels are under way: what was filled is told, and how it ended."""
    first, second = await desk.rest(2), await desk.rest(2)
    desk.room.faults(answer_ms=10, answer_jitter_ms=20)
    cancels = [asyncio.create_task(desk.client.cancel(desk.ref(order))) for order in (first, second)]
    desk.fill(first, 2)
    await asyncio.sleep(0)
    desk.fill(second, 1)
    await asyncio.gather(*cancels)
    await desk.ended(first, second)
    assert desk.lives.state(first) is OrderState.FILLED
    assert desk.lives.state(second) is OrderState.CANCELED


async def test_11_cancel_all(desk):
    """11: everything that rests ends, by one request or by one for each."""
    orders = [await desk.rest() for _ in range(3)]
    symbol, ask = desk.room.symbol, desk.client.ask
    answer = await ask(CancelAll(symbol))
    if able(desk, Capability.CANCEL_ALL):
        assert isinstance(answer, CancelledAll)
        assert answer.count in (None, 3)
        assert answer.failed == ()
    else:
        assert isinstance(answer, Unsupported)
        assert len(desk.sim_open()) == 3
    more = [await desk.rest() for _ in range(2)]
    if able(desk, Capability.STOP):
        stops = [stop_order(desk, kind) for kind in STOPS[Capability.STOP]]
        await desk.place(*stops)
        more += [order for order in stops if desk.lives.state(order) is not OrderState.REJECTED]
    assert await desk.client.cancel_all(symbol) == ()
    await desk.ended(*orders, *more)
    assert {desk.lives.state(order) for order in (*orders, *more)} == {OrderState.CANCELED}
    assert desk.sim_open() == []


async def test_11_queries(desk):
    """11: an order in any state is found by our id and by the venue's, and is what the venue's books say."""
    filled, cancelled = await desk.rest(2), await desk.rest()
    await desk.client.cancel(desk.ref(cancelled))
    desk.fill(filled, 2)
    half = await desk.rest(2)
    desk.fill(half, 1)
    await desk.in_state(half, OrderState.PARTIALLY_FILLED)
    await desk.ended(filled, cancelled)
    for order in (filled, cancelled, half, await desk.rest()):
        by_ours = await desk.client.ask(QueryOrder(desk.ref(order)))
        by_theirs = QueryOrder(OrderRef(desk.room.symbol, None, by_ours.venue_order_id))
        for report in (by_ours, await desk.client.ask(by_theirs)):
            assert report.client_order_id == cid(order)
            assert report.state is desk.lives.state(order)
            assert (report.lots, report.filled_lots) == (order.order.lots, desk.lives.filled(order))
            assert report.price_ticks == order.order.price_ticks
    with pytest.raises(VenueFault) as caught:
        await desk.client.ask(QueryOrder(desk.ref(desk.order())))
    assert caught.value.fault.kind is FaultKind.NO_SUCH_ORDER


async def test_11_more_open_orders_than_a_page(desk):
    """11: a round hears of every open order, however many answers that takes."""
    room = desk.room
    room.faults(push_drop=1.0)
    orders = [room.other_hand(Side.BUY, desk.size(1)) for _ in range(120)]
    room.faults()
    await desk.client.reconcile(desk.recently_ns())
    assert len(desk.of(ForeignOrder)) == len(orders) == len(desk.sim_open())


async def test_11_lists(desk):
    """11: open orders, the history of orders and of fills, of the instrument and of one order."""
    ended = [desk.market_order(side) for side in (Side.BUY, Side.SELL)]
    for order in ended:
        await desk.place(order)
        await desk.ended(order)
    resting = {cid(await desk.rest()) for _ in range(2)}
    symbol, ask = desk.room.symbol, desk.client.ask
    for where in (symbol, None):
        rows = await ask(OpenOrders(where))
        if where is None and isinstance(rows, Unsupported):
            continue
        assert {each.client_order_id for each in rows} == resting
    history = [each for each in await ask(OrderHistory(symbol)) if each.state in TERMINAL]
    assert [each.client_order_id for each in history] == [cid(each) for each in ended]
    fills = await ask(FillHistory(symbol))
    assert {fill.fill_id for fill in fills} == {fill.fill_id for fill in desk.lives.fills}
    assert all(fill.fee is not None for fill in fills)
    ref = desk.ref(ended[0], venue_order_id=history[0].venue_order_id)
    of_one = await ask(FillHistory(symbol, ref=ref))
    mine = {fill.fill_id for fill in desk.lives.fills if fill.client_order_id == cid(ended[0])}
    assert {fill.fill_id for fill in of_one} == mine
