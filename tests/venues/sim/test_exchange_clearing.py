"""The fault of late clearing: what a fill has brought is owned at once and spent later."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.exchange_room import BTC, USDT, Room
from trimaran.venues.sim.gate import TradingFaults
from trimaran.venues.sim.trading import BUY, SELL, BalanceCause, BalanceChanged, Why

LATE_NS = 200_000_000


@pytest.fixture
def room() -> Room:
    room = Room("htx", faults=TradingFaults(clearing_ms=200), inventory=Decimal(0))
    room.quotes(room.spot, "60000", "60010")
    room.quotes(room.perpetual, "60000", "60010", "1000")
    return room


def test_what_was_bought_cannot_be_sold_before_it_is_cleared(room: Room) -> None:
    room.place(room.spot, BUY, size="0.5")
    bought = room.total(room.spot, BTC)
    assert bought == Decimal("0.5") * Decimal("0.998")
    assert room.free(room.spot, BTC) == 0
    assert room.refused(room.spot, SELL, size="0.4").why is Why.NO_FUNDS
    room.turn(LATE_NS // 2)
    assert room.free(room.spot, BTC) == 0
    room.events.clear()
    room.turn(LATE_NS)
    (told,) = room.events
    assert isinstance(told, BalanceChanged)
    assert (told.cause, told.assets) == (BalanceCause.ORDER, (BTC,))
    assert room.free(room.spot, BTC) == bought
    room.place(room.spot, SELL, size="0.4")
    assert (
        room.free(room.spot, USDT) == 100_000 - Decimal("0.5") * 60_010
    )  # of the buy: what it sold comes later
    room.turn(2 * LATE_NS)
    assert room.free(room.spot, USDT) == room.total(room.spot, USDT)


def test_the_margin_of_a_position_that_was_closed_comes_back_later(room: Room) -> None:
    room.place(room.perpetual, BUY, size="100")
    bound = room.exchange.margin(1, room.perpetual).position_margin
    room.place(room.perpetual, SELL, size="100")
    margin = room.exchange.margin(1, room.perpetual)
    assert (margin.position_margin, margin.available) == (0, margin.wallet - bound)
    room.turn(2 * LATE_NS)
    assert room.exchange.margin(1, room.perpetual).available == margin.wallet
