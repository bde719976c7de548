"""The acceptance numbers of private lines on every market: what comes early, late, twice, never, or broken.

At the end of every test the client's story is that of the venue's own books: each fill once with its fee,
each order where it ended, balances and positions to the last digit.
"""

from __future__ import annotations

import asyncio

import pytest
from picows import WSMsgType

from tests.support.speakers import speaker_of
from tests.support.trading_desk import Desk, desk_in
from tests.support.trading_room import room_of
from trimaran.domain.account import OrderAmended, OrderLost, OrderRejected
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderState
from trimaran.venues.sim.compress import BOMB_MEMBER, GARBAGE_MEMBER
from trimaran.venues.sim.gate import Request
from trimaran.venues.wire.asks import ArmDeadMan, Armed, Disarmed, QueryOrder
from trimaran.venues.wire.capability import Capability, Supported, Unsupported
from trimaran.venues.wire.client_port import Reconciled, RequestFailed
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault
from trimaran.venues.wire.line_port import Gap, LineDown, LineSwitched
from trimaran.venues.wire.lines import LineSpec

OPEN = (OrderState.ACKED, OrderState.PARTIALLY_FILLED)
SECOND = 1_000_000_000
DISTURBED = {
    "pushes_before_answers": {"push_first": 1.0, "push_first_ms": 30},
    "answers_before_pushes": {"push_delay": 1.0, "push_delay_ms": 30},
    "late_at_random": {"push_delay": 0.5, "push_delay_ms": 40, "answer_jitter_ms": 40},
    "out_of_order": {"push_reorder": 0.5},
    "duplicated": {"push_duplicate": 1.0},
    "out_of_order_and_twice": {"push_reorder": 0.3, "push_duplicate": 0.3, "push_delay": 0.3},
}
GARBAGE = (
    b"", b"\x00\xff\xfe", b"<!DOCTYPE html><html></html>", b'{"cut', b"[]", b"null", b"17", b'"text"',
    b"[" * 100_000, b'{"e":[1],"op":{"a":1},"action":5,"event":[],"arg":7,"id":{},"status":"x","data":3}',
    b'{"stream":1,"data":{"e":5}}', b'{"x":"' + b"y" * 300_000 + b'"}', GARBAGE_MEMBER, BOMB_MEMBER,
)  # fmt: skip


@pytest.fixture
async def desk(entry):
    """A client of the demo account that is up; at the end its story must be the venue's own."""
    async with room_of(entry) as room, desk_in(room) as made:
        yield made
        room.faults()
        await made.settled()


def lines_of(desk: Desk) -> tuple[LineSpec, ...]:
    return desk.room.entry.private.spec.lines


async def flush(desk: Desk) -> None:
    """Pushes that were held back go out after the next one."""
    desk.room.faults()
    order = await desk.rest()
    await desk.client.cancel(desk.ref(order))
    await desk.ended(order)


# --- 12, 13: order and repetition ---------------------------------------------------------------------


@pytest.mark.parametrize("name", DISTURBED)
async def test_12_pushes_and_answers_in_any_order(desk, name):
    """12, 13: whatever overtakes what, and however often: one ack, each fill once, the right end."""
    desk.room.faults(**DISTURBED[name])
    resting = desk.order(units=3)
    await desk.place(resting)
    desk.fill(resting, 1)
    taking, remainder = desk.market_order(units=2), desk.crossing(units=2)
    await desk.place(taking)
    desk.fill(resting, 2)
    await desk.place(remainder)
    cancelled = desk.order(units=2)
    await desk.place(cancelled)
    desk.fill(cancelled, 1)
    await desk.client.cancel(desk.ref(cancelled))
    await flush(desk)
    await desk.ended(resting, taking, remainder, cancelled)
    assert desk.lives.state(resting) is desk.lives.state(taking) is OrderState.FILLED
    assert desk.lives.state(cancelled) is OrderState.CANCELED


async def test_13_history_repeats_what_was_told(desk):
    """13: rounds over REST and new connections tell everything again, and nothing is booked again."""
    await desk.story()
    told = len(desk.lives.fills)
    for _ in range(2):
        await desk.client.reconcile(desk.recently_ns())
        desk.room.simulator.end_connections(desk.room.market, private_only=True)
        await desk.until(lambda: desk.notices(Gap))
        await desk.up()
    await desk.client.reconcile(desk.recently_ns())
    assert len(desk.lives.fills) == told
    assert len(desk.lives.ends) == 4


async def test_13_pushes_that_never_come(desk):
    """13: a push is lost without a sign: what the venue's reports do not add up to is asked for."""
    order = await desk.rest(3)
    desk.room.faults(push_drop=1.0)
    desk.fill(order, 1)
    desk.room.faults()
    desk.fill(order, 1)
    await desk.in_state(order, OrderState.PARTIALLY_FILLED)
    desk.fill(order, 1)
    await desk.ended(order)


# --- 14: reconnect ------------------------------------------------------------------------------------


async def test_14_reconnect_with_open_orders(desk):
    """14: while all lines are down orders are filled, in parts and whole, and cancelled: all is heard."""
    whole, gone, part = await desk.rest(2), await desk.rest(), await desk.rest(2)
    desk.room.simulator.end_connections(desk.room.market, private_only=True)
    desk.room.exchange.cancel(desk.account_id, desk.sim_order(gone), desk.room.now_ns())
    desk.fill(whole, 2)
    desk.fill(part, 1)
    await desk.ended(whole, gone)
    await desk.in_state(part, OrderState.PARTIALLY_FILLED)
    assert desk.lives.state(whole) is OrderState.FILLED
    assert desk.lives.state(gone) is OrderState.CANCELED
    await desk.until(lambda: desk.notices(Gap))
    assert desk.notices(LineDown)
    assert {each.client_order_id for each in desk.client.fold.open_orders()} == {part.order.client_order_id}


async def test_14_maintenance(desk):
    """14: lines and REST are closed for a while: that is no order's end, and afterwards all is heard."""
    filled, kept = await desk.rest(2), await desk.rest()
    desk.room.simulator.maintain(desk.room.market, 0.4)
    desk.fill(filled, 1)
    await desk.until(lambda: len(desk.notices(LineDown)) == len(desk.client.feeds))
    never = desk.order()
    await desk.place(never)
    await desk.client.cancel(desk.ref(kept))
    assert desk.lives.state(kept) is OrderState.ACKED
    assert desk.lives.state(never) in (OrderState.UNKNOWN, OrderState.REJECTED)
    await desk.up()
    await desk.until(lambda: desk.of(Reconciled))
    await desk.in_state(filled, OrderState.PARTIALLY_FILLED)
    await desk.in_state(kept, OrderState.ACKED)
    assert desk.sim_orders(never) == []


async def test_14_planned_switch(desk):
    """14: after a notice the next line speaks before the last one goes; without one, it reconnects."""
    order = await desk.rest(20)
    desk.room.simulator.end_connections(desk.room.market, notice_s=0.8)
    for _ in range(20):
        desk.fill(order, 1)
        await asyncio.sleep(0.03)
    await desk.ended(order)
    await desk.until(lambda: len(desk.notices(LineSwitched, LineDown)) == len(desk.client.feeds))
    await desk.up()
    noticed = {news.line for news in desk.heard if isinstance(getattr(news, "notice", None), LineSwitched)}
    lost = {news.line for news in desk.heard if isinstance(getattr(news, "notice", None), LineDown)}
    entry, all_lines = desk.room.entry, set(desk.client.feeds)
    warned = speaker_of(entry.name, entry.dialect).has_notice
    assert (noticed, lost) == ((all_lines, set()) if warned else (set(), all_lines))


async def test_14_the_token_of_a_stream_expires(desk):
    """14: where a token opens the stream and expires, another one is got, and nothing is missing."""
    if not any(line.needs_token for line in lines_of(desk)):
        return
    order = await desk.rest(2)
    desk.room.simulator.venues[desk.room.entry.venue].expire_listen_keys()
    desk.fill(order, 1)
    await desk.until(lambda: desk.notices(Gap))
    await desk.up()
    desk.fill(order, 1)
    await desk.ended(order)


# --- 15: lost requests and answers --------------------------------------------------------------------

LOSSES = {"lost_request": False, "lost_answer": True, "error_before": False, "error_after": True}


@pytest.mark.parametrize("over_rest", [False, True], ids=["line", "rest"])
@pytest.mark.parametrize("loss", LOSSES)
async def test_15_an_order_whose_answer_is_lost(entry, loss, over_rest):
    """15: it is lost, not rejected; it is never sent again; its fate is found by asking."""
    async with room_of(entry) as room, desk_in(room, over_rest=over_rest) as desk:
        room.faults(**{loss: 1.0}, requests=(Request.ORDER,))
        order = desk.order()
        await desk.place(order)
        assert desk.of(OrderLost)
        assert desk.of(OrderRejected) == []
        assert desk.lives.state(order) in (OrderState.UNKNOWN, *OPEN)
        room.faults()
        arrived = LOSSES[loss]
        assert len(desk.sim_orders()) == int(arrived)
        if arrived:
            assert (await desk.client.ask(QueryOrder(desk.ref(order)))).state is OrderState.ACKED
            await desk.client.reconcile(desk.recently_ns())
            await desk.in_state(order, OrderState.ACKED)
            await desk.client.cancel(desk.ref(order))
            await desk.ended(order)
        else:
            with pytest.raises(VenueFault) as caught:
                await desk.client.ask(QueryOrder(desk.ref(order)))
            assert caught.value.fault.kind is FaultKind.NO_SUCH_ORDER
            await desk.client.reconcile(desk.recently_ns())
            assert desk.lives.state(order) is OrderState.UNKNOWN  # the resolver's to decide
        assert len(desk.sim_orders()) == int(arrived)
        await desk.settled()


@pytest.mark.parametrize("loss", LOSSES)
async def test_15_a_cancel_whose_answer_is_lost(desk, loss):
    """15: it proves nothing; the order is asked about, and what it is is told."""
    order = await desk.rest()
    desk.room.faults(**{loss: 1.0}, requests=(Request.CANCEL,))
    await desk.client.cancel(desk.ref(order))
    failed = desk.of(RequestFailed)
    assert [event.fault.effect for event in failed if event.what == "cancel"] == [Effect.UNKNOWN]
    if LOSSES[loss]:
        await desk.ended(order)
        assert desk.lives.state(order) is OrderState.CANCELED
    else:
        assert desk.lives.state(order) is OrderState.ACKED
    assert desk.of(OrderRejected) == []


@pytest.mark.parametrize("loss", LOSSES)
async def test_15_an_amendment_whose_answer_is_lost(desk, loss):
    """15: it proves nothing either; what the order is by now is asked for."""
    if not isinstance(desk.room.entry.private.capabilities[Capability.AMEND_SIZE], Supported):
        return
    order = await desk.rest(3)
    desk.room.faults(**{loss: 1.0}, requests=(Request.AMEND,))
    changed = await desk.amend(order, lots=desk.lots(2))
    failed = desk.of(RequestFailed)
    assert [event.fault.effect for event in failed if event.what == "amend"] == [Effect.UNKNOWN]
    told = [(event.price_ticks, event.lots) for event in desk.of(OrderAmended)]
    assert told == ([(order.order.price_ticks, changed.order.lots)] if LOSSES[loss] else [])
    desk.fill(order, 2 if LOSSES[loss] else 3)
    await desk.ended(order)
    assert desk.lives.state(order) is OrderState.FILLED


async def test_15_an_order_that_cannot_be_found_yet(desk):
    """15: accepted, and a query does not know it yet: that is no end, neither by itself nor in a round."""
    desk.room.faults(hidden_ms=250)
    order = desk.order()
    await desk.place(order)
    await desk.until(lambda: desk.lives.state(order) is OrderState.ACKED)
    with pytest.raises(VenueFault) as caught:
        await desk.client.ask(QueryOrder(desk.ref(order)))
    assert caught.value.fault.kind is FaultKind.NO_SUCH_ORDER
    await desk.client.reconcile(desk.recently_ns())
    assert desk.lives.state(order) is OrderState.ACKED
    assert [each.client_order_id for each in desk.client.fold.open_orders()] == [order.order.client_order_id]
    desk.room.pass_time(0.3)
    assert (await desk.client.ask(QueryOrder(desk.ref(order)))).state is OrderState.ACKED


# --- 19: the dead-man switch --------------------------------------------------------------------------


async def test_19_dead_man(desk):
    """19: armed, repeated, fired, disarmed; or Unsupported where the market has none."""
    switch = desk.room.entry.private.capabilities[Capability.DEAD_MAN]
    symbol, ask = desk.room.symbol, desk.client.ask
    armed = await ask(ArmDeadMan(20 * SECOND, symbol))
    if not isinstance(switch, Supported):
        assert isinstance(armed, Unsupported)
        assert armed.capability is Capability.DEAD_MAN
        return
    assert isinstance(armed, Armed)
    order = await desk.rest()
    desk.room.pass_time(12)
    assert isinstance(await ask(ArmDeadMan(20 * SECOND, symbol)), Armed)
    desk.room.pass_time(12)
    assert desk.sim_order(order).status.open
    desk.room.pass_time(12)
    await desk.ended(order)
    assert desk.lives.state(order) in (OrderState.CANCELED, OrderState.EXPIRED)
    await ask(ArmDeadMan(20 * SECOND, symbol))
    assert isinstance(await ask(ArmDeadMan(0, symbol)), Disarmed)
    order = await desk.rest()
    desk.room.pass_time(30)
    assert desk.sim_order(order).status.open
    assert desk.lives.state(order) is OrderState.ACKED


# --- 20: garbage --------------------------------------------------------------------------------------


async def test_20_garbage_on_private_lines(desk):
    """20: frames that make no sense raise nothing, are counted, and no order is what they seem to say."""
    order = await desk.rest(3)
    heard = {name: feed.session.counters.unknown for name, feed in desk.client.feeds.items()}
    for connection in desk.room.private_connections():
        for payload in GARBAGE:
            connection.deliver(WSMsgType.BINARY if payload[:2] == b"\x1f\x8b" else WSMsgType.TEXT, payload)
    await desk.until(
        lambda: all(feed.session.counters.unknown > heard[name] for name, feed in desk.client.feeds.items())
    )
    assert desk.lives.state(order) is OrderState.ACKED
    desk.fill(order, 2)
    await desk.in_state(order, OrderState.PARTIALLY_FILLED)
    await desk.up()
    await desk.client.cancel(desk.ref(order))
    await desk.ended(order)


async def test_20_pushes_that_are_cut(desk):
    """20: a report that cannot be read is a hole: what it said is asked for."""
    order = await desk.rest(3)
    cut = [(each, each.deliver) for each in desk.room.private_connections()]
    for connection, deliver in cut:
        connection.deliver = lambda kind, payload, fraction=1.0, to=deliver: to(kind, payload, 0.5)
    desk.fill(order, 3)
    await asyncio.sleep(0.1)
    for connection, deliver in cut:
        connection.deliver = deliver
    await desk.ended(order)
    assert desk.lives.state(order) is OrderState.FILLED


# --- 22: the whole story ------------------------------------------------------------------------------


async def test_22_everything_at_once(entry):
    """22: after losses, repetitions, delays and new lines, money and positions are those of the venue."""
    async with room_of(entry) as room, desk_in(room) as desk:
        room.faults(
            lost_answer=0.1, error_after=0.1, push_duplicate=0.2, push_delay=0.2, push_drop=0.1,
            push_reorder=0.1, answer_jitter_ms=10,
        )  # fmt: skip
        orders = []
        for number in range(12):
            side = Side.BUY if number % 2 else Side.SELL
            order = desk.order(side, units=2) if number % 3 else desk.market_order(side, 2)
            await desk.place(order)
            if desk.lives.state(order) is OrderState.REJECTED:
                continue  # with a definitive answer: it would have met an order of ours
            orders.append(order)
            if number % 3 == 1:
                desk.fill(order, 1)
            if number % 4 == 2:
                await desk.client.cancel(desk.ref(order))
            if number == 6:
                room.simulator.end_connections(room.market, private_only=True)
        room.faults()
        await desk.up()
        arrived = [order for order in orders if desk.sim_orders(order)]
        assert len(arrived) >= 8
        for order in arrived:
            if not desk.lives.is_over(order):
                await desk.client.cancel(desk.ref(order))
        await desk.client.reconcile(desk.recently_ns())
        await desk.ended(*arrived)
        assert {desk.lives.state(order) for order in orders if order not in arrived} <= {OrderState.UNKNOWN}
        await desk.settled()
