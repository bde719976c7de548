"""Orders that wait for a price, and switches that wait for a time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.exchange_room import POST_ONLY, USDT, Room
from trimaran.venues.sim.codes import OrderKind
from trimaran.venues.sim.trading import (
    BUY,
    SELL,
    EndReason,
    Happening,
    OrderHappened,
    OrderTypeSim,
    Refusal,
    SimOrder,
    Status,
    Why,
)

STOP, STOP_LIMIT = OrderTypeSim.STOP_MARKET, OrderTypeSim.STOP_LIMIT
PROFIT, PROFIT_LIMIT = OrderTypeSim.TAKE_PROFIT_MARKET, OrderTypeSim.TAKE_PROFIT_LIMIT


@pytest.fixture
def room() -> Room:
    room = Room("binance")
    for market in room.markets:
        room.quotes(market, "60000", "60010")
        room.crowd(market, BUY, "60010", "0.01", OrderKind.IOC)  # the last trade
    return room


def told(room: Room, order: SimOrder) -> list[Happening]:
    return [event.what for event in room.events if isinstance(event, OrderHappened) and event.order is order]


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "before", "at"),
    [
        (BUY, STOP, "60100", "60099", "60100"),
        (SELL, STOP, "59900", "59901", "59900"),
        (BUY, PROFIT, "59900", "59901", "59900"),
        (SELL, PROFIT, "60100", "60099", "60100"),
    ],
)
@pytest.mark.parametrize("index", [0, 1])
def test_the_last_trade_triggers(
    room: Room, index: int, side: int, kind: OrderTypeSim, trigger: str, before: str, at: str
) -> None:
    market = room.markets[index]
    order = room.place(market, side, type=kind, trigger_price=trigger, size="0.1")
    for price in (before, at):
        assert (order.status, told(room, order)) == (Status.WAITING, [Happening.ACCEPTED])
        room.quotes(market, str(Decimal(price) - 1), price)
        room.crowd(market, BUY, price, "0.01", OrderKind.IOC)
        room.turn()
    assert order.status is Status.FILLED
    assert told(room, order) == [Happening.ACCEPTED, Happening.TRIGGERED, Happening.TRADE]
    assert room.exchange.open_orders(1, market) == []


def test_a_spike_between_two_turns_is_seen(room: Room) -> None:
    order = room.place(room.spot, BUY, type=STOP_LIMIT, trigger_price="60100", price="59000", size="0.1")
    room.quotes(room.spot, "60000", "60150", "1")
    room.crowd(room.spot, BUY, "60150", "0.5", OrderKind.IOC)
    room.quotes(room.spot, "60000", "60010", "1")
    room.crowd(room.spot, BUY, "60010", "0.5", OrderKind.IOC)
    room.turn()
    assert order.status is Status.NEW
    assert room.free(room.spot, USDT) == 100_000 - 5_900


def test_trades_before_the_order_do_not_count(room: Room) -> None:
    room.quotes(room.spot, "60000", "60150", "1")
    room.crowd(room.spot, BUY, "60150", "0.5", OrderKind.IOC)
    room.quotes(room.spot, "60000", "60010", "1")
    room.crowd(room.spot, BUY, "60010", "0.5", OrderKind.IOC)
    order = room.place(room.spot, BUY, type=STOP, trigger_price="60100", size="0.1")
    room.turn()
    assert order.status is Status.WAITING


def test_the_mark_price_triggers_where_the_order_says_so(room: Room) -> None:
    fields = {"type": STOP, "trigger_price": "60100", "size": "0.1"}
    by_last = room.place(room.perpetual, BUY, **fields)
    by_mark = room.place(room.perpetual, BUY, trigger_by_mark=True, **fields)
    room.quotes(room.perpetual, "60100", "60110")  # nothing was traded
    room.turn()
    assert (by_last.status, by_mark.status) == (Status.WAITING, Status.FILLED)


def test_what_would_trigger_at_once_is_refused(room: Room) -> None:
    for side, kind, trigger in ((BUY, STOP, "60010"), (SELL, STOP, "60010"), (SELL, PROFIT, "60000")):
        refusal = room.refused(room.spot, side, type=kind, trigger_price=trigger, size="0.1")
        assert refusal.why is Why.WOULD_TRIGGER


def test_money_is_asked_for_when_the_time_comes(room: Room) -> None:
    order = room.place(room.spot, BUY, type=STOP_LIMIT, trigger_price="60100", price="60200", size="5")
    assert room.free(room.spot, USDT) == 100_000
    room.quotes(room.spot, "60090", "60100")
    room.crowd(room.spot, BUY, "60100", "0.01", OrderKind.IOC)
    room.turn()
    assert (order.status, order.end_reason) == (Status.REJECTED, EndReason.TRIGGER_FAILED)
    assert told(room, order) == [Happening.ACCEPTED, Happening.TRIGGERED, Happening.REJECTED]


def test_waiting_orders_are_cancelled_and_changed(room: Room) -> None:
    order = room.place(room.spot, SELL, type=PROFIT_LIMIT, trigger_price="61000", price="61000", size="0.1")
    assert room.exchange.amend(1, order, Decimal(61_500), Decimal("0.2"), room.tick()) is order
    assert (order.price_ticks, order.lots, order.status) == (6_150_000, 20_000, Status.WAITING)
    assert room.exchange.cancel_all(1, room.spot, None, room.tick()) == [order]
    room.quotes(room.spot, "61990", "62000")
    room.crowd(room.spot, BUY, "62000", "0.01", OrderKind.IOC)
    room.turn()
    assert told(room, order) == [Happening.ACCEPTED, Happening.AMENDED, Happening.CANCELED]


def test_post_only_after_its_trigger_ends_instead_of_being_refused(room: Room) -> None:
    order = room.place(
        room.spot, BUY, type=STOP_LIMIT, trigger_price="60100", price="60200", size="0.1", tif=POST_ONLY
    )
    room.quotes(room.spot, "60090", "60100")
    room.crowd(room.spot, BUY, "60100", "0.01", OrderKind.IOC)
    room.turn()
    assert (order.status, order.end_reason) == (Status.EXPIRED, EndReason.POST_ONLY_WOULD_TAKE)


def test_dead_man_switch(room: Room) -> None:
    symbol = room.book(room.spot).listing.instrument.symbol
    spot = room.place(room.spot, BUY, price="59000", size="0.1")
    perpetual = room.place(room.perpetual, BUY, price="59000", size="0.1")
    room.exchange.arm_dead_man(1, room.spot, symbol, room.now_ns + 5_000_000)
    room.exchange.arm_dead_man(1, room.perpetual, None, room.now_ns + 5_000_000)
    room.turn(4_000_000)
    room.exchange.arm_dead_man(1, room.spot, symbol, room.now_ns + 5_000_000)  # put off
    room.turn(4_000_000)
    assert (spot.status, perpetual.status) == (Status.NEW, Status.CANCELED)
    assert perpetual.end_reason is EndReason.DEAD_MAN
    room.exchange.arm_dead_man(1, room.spot, symbol, 0)
    room.turn(60_000_000_000)
    assert spot.status is Status.NEW
    ended = room.exchange.cancel(1, perpetual, room.tick())
    assert isinstance(ended, Refusal)
