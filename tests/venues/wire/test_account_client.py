"""Orders through the account client on real sockets: once, definitive or lost."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.support.account_stage import (
    LINE,
    OURS,
    PLACED,
    REF,
    V1,
    approved,
    fill,
    order,
    refusal,
)
from tests.support.private_venue import DROP, HANG
from trimaran.domain.account import (
    AmendRefused,
    Fill,
    OrderAcked,
    OrderDone,
    OrderLost,
    OrderRejected,
)
from trimaran.domain.orders import (
    OrderState,
)
from trimaran.venues.wire.asks import (
    Balances,
    CancelTaken,
    Placed,
)
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.client_port import (
    RequestFailed,
)
from trimaran.venues.wire.fault import Effect, FaultKind
from trimaran.venues.wire.line_port import LineDown
from trimaran.venues.wire.lines import LineReply, LoginRefused
from trimaran.venues.wire.message import HttpReply


@pytest.mark.parametrize("way", ["PlaceOrder", "line PlaceOrder"])
async def test_an_order_by_either_way_is_sent_once_and_acked_once(stage, place, way):
    stage.venue.answers[way] = [PLACED]
    client = await stage.up(line=LINE if "line" in way else None)
    events = await place(client, approved())
    assert [type(event) for event in events] == [OrderAcked]
    if "line" in way:
        await stage.venue.say(order(OrderState.ACKED), fill(1), order(OrderState.CANCELED, 3, 4))
        await stage.until(lambda: stage.of(OrderDone))
    assert stage.venue.count("PlaceOrder") + stage.venue.count("line PlaceOrder") == 1
    assert stage.venue.count(way) == 1
    assert stage.of(OrderAcked) == events
    assert len(stage.of(Fill)) == ("line" in way)


async def test_the_answer_may_tell_of_fills(stage, place):
    stage.venue.answers["PlaceOrder"] = [
        Placed(OURS, V1, order(OrderState.FILLED, 10, 3), (fill(1), fill(2, 7)))
    ]
    client = await stage.up(line=None)
    kinds = [type(event) for event in await place(client, approved())]
    assert kinds == [OrderAcked, OrderDone, Fill, Fill]
    assert client.fold.open_orders() == []


async def test_a_push_may_overtake_the_answer(stage):
    client = await stage.up()
    stage.venue.answers["line PlaceOrder"] = [HANG]
    placing = asyncio.create_task(client.place(approved()))
    await stage.until(lambda: stage.venue.count("line PlaceOrder"))
    await stage.venue.say(order(OrderState.ACKED), fill(1))
    (lost,) = await placing
    assert isinstance(lost, OrderLost)
    stage.venue.answers["line PlaceOrder"] = [PLACED]
    assert [type(event) for event in await client.place(approved())] == [OrderAcked]
    assert [type(event) for event in stage.of(OrderAcked, Fill, OrderLost)] == [OrderAcked, Fill, OrderLost]


@pytest.mark.parametrize(
    "answer", [HANG, DROP, HttpReply(503, b"Service Unavailable")], ids=["late", "drop", "503"]
)
@pytest.mark.parametrize("way", ["PlaceOrder", "line PlaceOrder"])
async def test_an_answer_that_is_not_definitive_loses_the_order_for_good(stage, place, way, answer):
    if isinstance(answer, HttpReply) and "line" in way:
        answer = refusal(FaultKind.UNKNOWN, Effect.UNKNOWN)
    stage.venue.answers[way] = [answer]
    stage.venue.answers["PlaceOrder"] = stage.venue.answers["PlaceOrder"] or [PLACED]
    client = await stage.up(line=LINE if "line" in way else None)
    events = await place(client, approved())
    assert [type(event) for event in events] == [OrderLost]
    assert stage.of(OrderLost, OrderAcked, OrderRejected) == events
    await asyncio.sleep(0.05)
    assert [name for name, _, _ in stage.venue.asked if "PlaceOrder" in name] == [way]
    assert [each.client_order_id for each in client.fold.open_orders()] == [OURS]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (refusal(FaultKind.INSUFFICIENT_FUNDS), OrderRejected),
        (refusal(FaultKind.DUPLICATE_ID), OrderLost),
        (refusal(FaultKind.INTERNAL, Effect.UNKNOWN), OrderLost),
    ],
)
async def test_what_a_fault_proves(stage, place, fault, outcome):
    stage.venue.answers["line PlaceOrder"] = [fault]
    client = await stage.up()
    (event,) = await place(client, approved())
    assert type(event) is outcome
    assert bool(client.fold.open_orders()) == (outcome is OrderLost)


async def test_a_rejection_that_was_pushed_before_is_told_once(stage):
    client = await stage.up()
    stage.venue.answers["line PlaceOrder"] = [lambda _: HANG]
    placing = asyncio.create_task(client.place(approved()))
    await stage.until(lambda: stage.venue.count("line PlaceOrder"))
    request_id = int(stage.venue.texts[-1].split()[1])
    reply = HttpReply(200, b"%d" % stage.venue.put(refusal(FaultKind.INSUFFICIENT_FUNDS)))
    await stage.venue.say(order(OrderState.REJECTED), LineReply(request_id, reply))
    assert [type(event) for event in await placing] == [OrderRejected]
    assert len(stage.of(OrderRejected)) == 1


async def test_an_order_that_nobody_can_be_reached_for_was_not_placed(stage, place):
    client = await stage.up(line=None)
    stage.venue.bases["rest"] = "http://127.0.0.1:1"
    (event,) = await place(client, approved())
    assert isinstance(event, OrderRejected)


async def test_unsupported_orders_do_not_leave(stage, place):
    client = await stage.up(line=None, unsupported=("PlaceOrder", "CancelOrder", "AmendOrder", "Balances"))
    (event,) = await place(client, approved())
    assert isinstance(event, OrderRejected)
    (event,) = await client.cancel(REF)
    assert event.fault.kind is FaultKind.UNSUPPORTED
    failed, refused = await client.amend(approved())
    assert failed.fault.kind is FaultKind.UNSUPPORTED
    assert isinstance(refused, AmendRefused)
    assert isinstance(await client.ask(Balances()), Unsupported)


async def test_orders_go_over_rest_where_the_line_does_not_take_them(stage, place):
    stage.venue.answers["PlaceOrder"] = [PLACED]
    client = await stage.up(unsupported=("line PlaceOrder",))
    await place(client, approved())
    assert stage.venue.count("PlaceOrder") == 1


async def test_a_line_that_is_down_is_not_waited_for(stage, place):
    stage.venue.answers["PlaceOrder"] = [PLACED]
    client = await stage.up()
    stage.venue.login = LoginRefused(refusal(FaultKind.UNAVAILABLE))
    stage.venue.drop(stage.venue.lines[-1])
    await stage.until(lambda: stage.notices(LineDown))
    assert [type(event) for event in await place(client, approved())] == [OrderAcked]
    assert stage.venue.count("PlaceOrder") == 1


async def test_who_gives_up_waiting_has_lost_the_order(stage):
    stage.venue.answers["line PlaceOrder"] = [HANG]
    client = await stage.up()
    placing = asyncio.create_task(client.place(approved()))
    await stage.until(lambda: stage.venue.count("line PlaceOrder"))
    placing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await placing
    assert len(stage.of(OrderLost)) == 1


async def test_an_order_under_which_a_bug_shows_is_lost_and_the_bug_is_heard(stage, monkeypatch):
    client = await stage.up()

    async def bug(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(client.asker, "ask", bug)
    with pytest.raises(ZeroDivisionError):
        await client.place(approved())
    assert [event.client_order_id for event in stage.of(OrderLost)] == [OURS]


async def test_a_cancel_that_met_a_fill_ends_in_the_true_state(stage, place):
    stage.venue.answers["line PlaceOrder"] = [PLACED]
    stage.venue.answers["line CancelOrder"] = [refusal(FaultKind.ORDER_ENDED)]
    stage.venue.answers["QueryOrder"] = [order(OrderState.FILLED, 10, 5)]
    stage.venue.answers["FillHistory"] = [lambda ask: (fill(1, 10),) if ask.ref else ()]
    client = await stage.up()
    await place(client, approved())
    events = await client.cancel(REF)
    assert [type(event) for event in events] == [RequestFailed, OrderDone]
    await stage.until(lambda: stage.of(Fill))  # the order says that 10 were filled: the fold asks for them
    await asyncio.sleep(0.05)
    assert (len(stage.of(Fill)), stage.venue.count("QueryOrder")) == (1, 1)


async def test_a_cancel_without_an_answer_is_followed_by_a_question(stage):
    stage.venue.answers["line CancelOrder"] = [HANG]
    stage.venue.answers["QueryOrder"] = [order(OrderState.CANCELED, 0, 5)]
    client = await stage.up()
    kinds = [type(event) for event in await client.cancel(REF)]
    assert kinds == [RequestFailed, OrderAcked, OrderDone]


async def test_a_cancel_that_was_taken(stage):
    stage.venue.answers["line CancelOrder"] = [CancelTaken(), CancelTaken(order(OrderState.CANCELED, 0, 5))]
    client = await stage.up()
    assert await client.cancel(REF) == []
    assert [type(event) for event in await client.cancel(REF)] == [OrderAcked, OrderDone]


async def test_an_amendment_without_a_private_stream_is_looked_at(stage, place):
    stage.venue.answers["PlaceOrder"] = stage.venue.answers["AmendOrder"] = [PLACED]
    changed = msgspec.structs.replace(order(OrderState.ACKED, 0, 9), price_ticks=90)
    stage.venue.answers["QueryOrder"] = [changed]
    client = await stage.up(line=None)
    await place(client, approved())
    (event,) = await client.amend(approved(90))
    assert (event.price_ticks, event.lots) == (90, 10)
