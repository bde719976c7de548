"""The quick way of orders on real sockets: at once or not at all, and the outcomes of the patient one."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.account_stage import (
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
    AmendLost,
    AmendRefused,
    Fill,
    OrderAcked,
    OrderAmended,
    OrderDone,
    OrderLost,
    OrderRejected,
)
from trimaran.domain.orders import OrderState
from trimaran.venues.wire.asks import Balances, CancelTaken, Placed
from trimaran.venues.wire.client_port import RequestFailed
from trimaran.venues.wire.fault import Effect, FaultKind
from trimaran.venues.wire.line_port import LineDown
from trimaran.venues.wire.lines import LineReply, LoginRefused
from trimaran.venues.wire.message import HttpReply, Stamp
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.session_port import SendText

STAMP = Stamp(1)
CHANGED = msgspec.structs.replace(order(OrderState.ACKED, 0, 9), price_ticks=90)


async def test_an_order_is_on_its_way_when_the_call_returns_and_acked_by_its_reply(stage):
    stage.venue.answers["line PlaceOrder"] = [PLACED]
    client = await stage.up()
    assert client.send_now(approved())
    assert client.quick.under_way == 1
    assert [each.client_order_id for each in client.fold.open_orders()] == [OURS]
    await stage.until(lambda: stage.of(OrderAcked))
    assert (client.quick.under_way, stage.venue.count("line PlaceOrder")) == (0, 1)


async def test_what_cannot_be_at_once_has_not_begun(stage):
    assert not (await stage.up(line=None)).send_now(approved())  # no line
    stage.heard.clear()
    client = await stage.up(unsupported=("line PlaceOrder",))  # the line does not take it
    assert not client.send_now(approved())
    stage.venue.login = LoginRefused(refusal(FaultKind.UNAVAILABLE))
    stage.venue.drop(stage.venue.lines[-1])
    await stage.until(lambda: stage.notices(LineDown))
    assert not client.send_now(approved())  # the line is down
    assert client.fold.open_orders() == []
    assert stage.venue.count("line PlaceOrder") == 0


async def test_an_order_that_the_limits_have_no_room_for_is_not_sent_and_a_cancel_is(stage):
    stage.venue.answers["line CancelOrder"] = [CancelTaken()]
    client = await stage.up()
    question = stage.governor.cost_of(client.asker._dialect.write(Balances(), STAMP))
    while stage.governor.admit_now(question, now_of(client)) is not None:
        pass  # all but the reserved share is spent
    assert not client.send_now(approved())
    assert client.fold.open_orders() == []
    assert client.cancel_now(REF)


async def test_an_order_does_not_wait_in_our_own_buffers(stage):
    """The venue reads nothing: what is not in the system's hands yet could leave long after a kill."""
    stage.venue.answers["PlaceOrder"] = [PLACED]
    client = await stage.up()
    stage.venue.lines[-1]._req.transport.pause_reading()
    feed = client.feeds["private"]
    feed._runner.carry_out(SendText(feed.slot, "x" * 32_000_000))
    assert not client.send_now(approved())
    await client.place(approved())
    assert stage.venue.count("PlaceOrder") == 1


async def test_unanswered_orders_are_lost_at_their_deadline(stage):
    stage.venue.answers["line PlaceOrder"] = [HANG]
    client = await stage.up(order=Patience(0.2, 0.05))
    assert client.send_now(approved())
    await stage.until(lambda: stage.of(OrderLost))
    assert stage.of(OrderLost, OrderAcked)[0].client_order_id == OURS
    assert stage.governor.used("weight", now_of(client)) > 0  # it may have been counted


@pytest.mark.parametrize("end", ["drop", "stop"])
async def test_orders_under_way_are_lost_with_their_line_and_with_their_client(stage, end):
    stage.venue.answers["line PlaceOrder"] = [DROP if end == "drop" else HANG]
    client = await stage.up()
    assert client.send_now(approved())
    if end == "stop":
        await stage.until(lambda: stage.venue.count("line PlaceOrder"))
        await client.stop()
    await stage.until(lambda: stage.of(OrderLost))
    assert len(stage.of(OrderLost)) == 1


async def test_a_reply_that_comes_after_the_deadline_changes_nothing(stage):
    client = await stage.up(order=Patience(0.2, 0.03))
    stage.venue.answers["line PlaceOrder"] = [HANG]
    assert client.send_now(approved())
    await stage.until(lambda: stage.of(OrderLost))
    request_id = int(stage.venue.texts[-1].split()[1])
    await stage.venue.say(reply(stage, request_id, refusal()))
    await stage.until(lambda: client._order_line.late)
    assert stage.of(OrderRejected) == []


async def test_a_push_that_overtakes_the_reply_is_told_once(stage):
    client = await stage.up()
    stage.venue.answers["line PlaceOrder"] = [HANG]
    assert client.send_now(approved())
    await stage.until(lambda: stage.venue.count("line PlaceOrder"))
    request_id = int(stage.venue.texts[-1].split()[1])
    await stage.venue.say(order(OrderState.FILLED, 3, 4), fill(1), reply(stage, request_id, PLACED))
    await stage.until(lambda: not client.quick.under_way)
    kinds = [type(event) for event in stage.of(OrderAcked, OrderDone, Fill, OrderLost)]
    assert kinds == [OrderAcked, OrderDone, Fill]


async def test_a_bug_in_reading_an_answer_loses_the_order_and_is_heard(stage, monkeypatch):
    stage.venue.answers["line PlaceOrder"] = [PLACED]
    client = await stage.up()
    monkeypatch.setattr(client.asker, "answer_now", lambda *_: 1 // 0)
    assert client.send_now(approved())
    await stage.until(lambda: stage.of(OrderLost))
    with pytest.raises(ZeroDivisionError):
        await client.wait()


# Amendments: by either way


@pytest.fixture(params=["patient", "quick"])
def amend(request):
    """Amends by either way."""

    async def run(client, order):
        if request.param == "patient":
            await client.amend(order, V1)
        else:
            assert client.amend_now(order, V1)

    return run


@pytest.mark.parametrize(
    ("fault", "outcome", "asked"),
    [
        (refusal(FaultKind.FILTER), AmendRefused, 0),
        (refusal(FaultKind.ORDER_ENDED), AmendRefused, 1),
        (refusal(FaultKind.INTERNAL, Effect.UNKNOWN), AmendLost, 1),
        (refusal(FaultKind.NOTHING_TO_CHANGE), AmendLost, 1),
    ],
)
async def test_what_a_fault_of_an_amendment_proves(stage, amend, fault, outcome, asked):
    stage.venue.answers["line AmendOrder"] = [fault]
    stage.venue.answers["QueryOrder"] = [order(OrderState.ACKED, 0, 2)]
    client = await stage.up()
    await stage.venue.say(order(OrderState.ACKED))
    await stage.until(lambda: stage.of(OrderAcked))
    await amend(client, approved(90))
    await stage.until(lambda: stage.of(AmendRefused, AmendLost) and stage.venue.count("QueryOrder") == asked)
    assert [type(event) for event in stage.of(AmendRefused, AmendLost)] == [outcome]
    if fault.kind is FaultKind.NOTHING_TO_CHANGE:  # the terms are told, though they are no news
        await stage.until(lambda: stage.of(OrderAmended))


async def test_an_amendment_that_was_taken_is_told_by_its_report(stage, amend):
    stage.venue.answers["line AmendOrder"] = [Placed(OURS, V1, CHANGED)]
    client = await stage.up()
    await stage.venue.say(order(OrderState.ACKED))
    await stage.until(lambda: stage.of(OrderAcked))
    await amend(client, approved(90))
    await stage.until(lambda: stage.of(OrderAmended))
    assert [(event.price_ticks, event.lots) for event in stage.of(OrderAmended)] == [(90, 10)]


async def test_an_amendment_without_an_answer_is_lost(stage, amend):
    stage.venue.answers["line AmendOrder"] = [HANG]
    client = await stage.up(order=Patience(0.2, 0.05))
    await amend(client, approved(90))
    await stage.until(lambda: stage.of(AmendLost))


# Cancels


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (CancelTaken(order(OrderState.CANCELED, 0, 5)), [OrderAcked, OrderDone]),
        (refusal(FaultKind.ORDER_ENDED), [RequestFailed, OrderAcked, OrderDone]),
        (HANG, [RequestFailed, OrderAcked, OrderDone]),
        (refusal(FaultKind.PERMISSION), [RequestFailed]),
    ],
)
async def test_a_quick_cancel_ends_in_the_true_state(stage, answer, told):
    stage.venue.answers["line CancelOrder"] = [answer]
    stage.venue.answers["QueryOrder"] = [order(OrderState.CANCELED, 0, 6)]
    client = await stage.up(order=Patience(0.2, 0.05))
    assert client.cancel_now(REF)
    await stage.until(lambda: len(stage.of(RequestFailed, OrderAcked, OrderDone)) == len(told))
    assert [type(event) for event in stage.of(RequestFailed, OrderAcked, OrderDone)] == told


async def test_a_cancel_that_was_taken_without_a_report_waits_for_the_push(stage):
    stage.venue.answers["line CancelOrder"] = [CancelTaken()]
    client = await stage.up()
    assert client.cancel_now(REF)
    await stage.until(lambda: not client.quick.under_way)
    assert stage.venue.count("QueryOrder") == 0


def reply(stage, request_id, answer):
    """A reply over the line."""
    return LineReply(request_id, HttpReply(200, b"%d" % stage.venue.put(answer)))


def now_of(client):
    """The venue's time."""
    return client.venue_clock.at(client._clock.monotonic_ns())
