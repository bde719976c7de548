"""What leaves is compared with what was decided, and a breach kills in the same call."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.kill_room import ARB, USDM, HandClock, kill_room
from trimaran.domain.client_id import ClientIdParts, ClientOrderId, pack_client_id
from trimaran.domain.decision import Approved, KillState
from trimaran.domain.facts import OrderApproved, Purpose
from trimaran.domain.instrument import InstrumentKey, Side
from trimaran.domain.kill import ALL
from trimaran.domain.orders import GroupId, IntentId, OrderRequest, TimeInForce
from trimaran.domain.records import AmendOpened, Durability, GroupOpened, OrderReissued
from trimaran.live import knight as module
from trimaran.live.knight import Knight


def order(number: int) -> OrderRequest:
    return OrderRequest(
        IntentId(f"i{number}"), pack_client_id(ClientIdParts(0, 0, 1, number)), InstrumentKey("okx.spot:BTC"),
        Side.BUY, 100, 1, TimeInForce.GTC, ARB, None, reduce_only=False, created_ns=0,
    )  # fmt: skip


def opened(*orders: OrderRequest) -> GroupOpened:
    return GroupOpened(GroupId("g"), ARB, Purpose.OPEN, orders, Durability.FAST, 0)


class Line:
    """An executor with the last look, and what it wrote. `faulty` gives a departure to a wrong hand."""

    def __init__(self, knight: Knight, stops: Callable[[], bool]) -> None:
        self.knight = knight
        self.stops = stops
        self.written: list[ClientOrderId] = []

    def send(self, request: OrderRequest, times: int = 1) -> None:
        for _ in range(times):
            if self.stops():
                self.knight.on_dropped(request.client_order_id)
            elif self.knight.on_sent(request.client_order_id):
                self.written.append(request.client_order_id)


async def test_an_executor_that_sends_twice_is_stopped_before_the_second_one(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:

        def breach(text: str) -> None:
            room.switch.kill(ALL, KillState.KILLED, "knight check", text)

        knight = Knight(room.clock, breach)
        line = Line(knight, room.stops)
        for number in range(1, 101):
            knight.on_record(opened(order(number)))
            knight.on_fact(OrderApproved(Approved(order(number)), 0))
            line.send(order(number), times=2 if number == 50 else 1)
        assert line.written == [order(number).client_order_id for number in range(1, 51)]
        assert room.stops(USDM)
        (move,) = room.switch.image.switches
        assert move.actor == "knight check"
        assert "journaled 50, checked 50, sent 50" in move.reason
        assert knight.figures.breaches == 1


@pytest.mark.parametrize(
    ("journaled", "checked", "says"),
    [(True, False, "check by risk"), (False, True, "intent in the journal"), (False, False, "an intent")],
)
def test_what_went_around_journal_or_risk_does_not_leave(journaled: bool, checked: bool, says: str) -> None:
    breaches: list[str] = []
    knight = Knight(HandClock(), breaches.append)
    knight.on_intent(order(7).client_order_id)
    knight.on_checked(order(7).client_order_id)  # one that waits must not pay for another
    if journaled:
        knight.on_record(opened(order(1)))
    if checked:
        knight.on_fact(OrderApproved(Approved(order(1)), 0))
    assert not knight.on_sent(order(1).client_order_id)
    assert says in breaches[0]
    assert knight.figures.sent == 0


def test_reissues_and_amendments_are_departures_of_their_own() -> None:
    breaches: list[str] = []
    knight, request = Knight(HandClock(), breaches.append), order(1)
    records = [opened(request), AmendOpened(request, 0), OrderReissued(request, request.client_order_id, 0)]
    for record in records:
        knight.on_record(record)
        knight.on_checked(request.client_order_id)
        assert knight.on_sent(request.client_order_id)
    assert not knight.on_sent(request.client_order_id)
    assert len(breaches) == 1


@pytest.mark.parametrize("seed", range(20))
def test_out_never_exceeds_in_whatever_happens(seed: int) -> None:
    rng, breaches = random.Random(seed), list[str]()
    knight = Knight(HandClock(), breaches.append)
    journaled, checked, left = dict[int, int](), dict[int, int](), dict[int, int]()
    for _ in range(2_000):
        number = rng.randrange(1, 40)
        client_order_id = order(number).client_order_id
        match rng.randrange(3):
            case 0:
                knight.on_intent(client_order_id)
                journaled[number] = journaled.get(number, 0) + 1
            case 1:
                knight.on_checked(client_order_id)
                checked[number] = checked.get(number, 0) + 1
            case _:
                may = left.get(number, 0) < min(journaled.get(number, 0), checked.get(number, 0))
                assert knight.on_sent(client_order_id) is may
                left[number] = left.get(number, 0) + may
    figures = knight.figures
    assert figures.sent == sum(left.values()) <= min(figures.journaled, figures.checked)
    assert len(breaches) == figures.breaches


def test_an_order_that_is_written_more_often_than_it_was_sent_is_a_breach() -> None:
    breaches: list[str] = []
    knight = Knight(HandClock(), breaches.append)
    knight.on_intent(order(1).client_order_id)
    knight.on_checked(order(1).client_order_id)
    assert knight.on_sent(order(1).client_order_id)
    assert knight.on_wire(order(1).client_order_id)
    knight.on_undone(order(1).client_order_id)  # refused for its time: it has done nothing
    assert knight.on_wire(order(1).client_order_id)
    assert not breaches
    assert not knight.on_wire(order(1).client_order_id)
    assert not knight.on_wire(order(2).client_order_id)
    assert "written more often than it was sent" in breaches[0]
    assert "sent 1, written 1" in breaches[0]


def test_windows_are_seconds_and_ids_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 10)
    clock, breaches = HandClock(), list[str]()
    knight = Knight(clock, breaches.append)
    for number in range(1, 31):
        knight.on_intent(order(number).client_order_id)
        knight.on_checked(order(number).client_order_id)
    assert knight.on_sent(order(30).client_order_id)
    clock.pass_ms(1_001)
    knight.on_tick()
    assert (knight.figures.window_journaled, knight.figures.window_sent) == (30, 1)
    clock.pass_ms(1_001)
    knight.on_tick()
    assert knight.figures.window_sent == 0
    assert not breaches
    assert not knight.on_sent(order(1).client_order_id)  # forgotten: it may not leave
